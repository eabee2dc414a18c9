"""What is to come, as it can be read back: timers, the outbox, and sessions in which nothing happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Idle(NamedTuple):
    """Which sessions stand idle: last active from ``since`` (there, behind the key ``after``) to ``until``."""

    since: str
    until: str
    now: str
    nudged_less_than: int
    after: int = -1


@dataclass(frozen=True, slots=True)
class IdleSession:
    id: str
    conversation_id: str
    key: int
    last_activity: str


@dataclass(frozen=True, slots=True)
class StoredTimer:
    """Something due later in a session: ``pending``, ``fired`` or ``cancelled``. Its name is unique in the session."""

    session_id: str
    conversation_id: str
    name: str
    flow: str
    step: str
    due_at: str
    status: str
    created_at: str
    fired_at: str | None


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """One entry of the outbox: ``pending``, ``delivered`` or ``given_up``. A damaged one shows no payload."""

    key: int
    id: str
    conversation_id: str
    session_id: str
    turn: int
    kind: str
    target: str | None
    payload_json: str
    status: str
    attempts: int
    next_attempt_at: str
    last_error: str | None
    created_at: str
    delivered_at: str | None
    is_damaged: bool = False
