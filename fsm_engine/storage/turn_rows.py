"""The rows of one turn, as a store is given them: written together or not at all.

As in `records`, times are UTC text and names that end in ``_json`` hold JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from fsm_engine.model.values import turn_value
from fsm_engine.storage.records import Role


@turn_value
class MessageRow:
    """One thing said, by the user or by the bot."""

    role: Role
    content: str
    metadata_json: str


@turn_value
class AnswerRow:
    """The answer to one step of one flow. ``response_json`` None takes the stored answer away.

    ``row_hash`` is the store's own.
    """

    flow: str
    step: str
    slot: str
    response_json: str | None
    raw: str
    attempts: int
    row_hash: str | None = None


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """What one detector found in the user's message of this turn.

    ``start`` and ``end`` are where the phrase stands in the message, in characters, the end not included; both None
    when that is not told. ``read_as`` None: the words are those that were typed.
    """

    level: str
    category: str
    phrase: str
    detector: str
    detector_version: str
    user_message: str
    resources_shown: bool
    start: int | None = None
    end: int | None = None
    read_as: str | None = None


@turn_value
class ClassificationRow:
    """What the user's message was taken to want; ``intent`` None when nothing fitted."""

    user_message: str
    intent: str | None
    confidence: float
    method: str
    step: str | None


@turn_value
class AuditRow:
    """An action of this turn. A ``key`` that is stored already gets the new status, output and error only.

    While it is pending: ``owner`` runs it, until ``lease_until`` nobody else may, and ``fence`` counts who has run it;
    its end is refused under another fence. ``private`` is a JSON array of slots, ``undoes`` the key of what it takes
    back. At its end: ``repeats`` is the key of the action whose result was given again; ``effect`` is the status of its
    transaction, with ``rollback_json``; its output is kept under ``cache_key`` until ``cache_until``; ``undone_as`` is
    what becomes of the transaction that it takes back.
    """

    key: str
    intent: str | None
    action: str
    status: str
    input_json: str
    output_json: str | None = None
    error: str | None = None
    private: str | None = None
    undoes: str | None = None
    owner: str | None = None
    lease_until: str | None = None
    fence: int | None = None
    repeats: str | None = None
    effect: str | None = None
    rollback_json: str | None = None
    cache_key: str | None = None
    cache_until: str | None = None
    undone_as: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """What must reach somebody who does not wait for it; ``id`` is new to the database. ``target``: who is notified."""

    id: str
    kind: str
    payload_json: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class TimerRow:
    """What becomes of a timer: ``pending`` (set, or moved to another time), ``fired`` or ``cancelled``.

    ``session_id`` None: the turn's own session.
    """

    name: str
    flow: str
    step: str
    due_at: str
    status: str
    session_id: str | None = None


class TurnToCommit(NamedTuple):
    """All rows of one turn. Made for every turn, and a named tuple takes a third of the time of a dataclass to make.

    ``base_version`` is the version of the conversation that the turn was computed from, 0 when there is none yet;
    ``title`` counts only then. ``turn`` 1 opens the session. The keys are those that `load` gave; a store may look the
    ids up instead. ``closes_session`` names an earlier session of the conversation and the status that it ends with.
    ``after_session``, given with ``turn`` 1, is the one that the conversation had last: where it is not there, the turn
    was computed from a conversation that is gone, and is refused like one from another version.
    ``drop_messages`` deletes the messages of the session, this turn's too, once all else is written.
    ``looks_up``: under which key the action that the turn asks for may have a kept result; the store answers with it.
    """

    conversation_id: str
    base_version: int
    session_id: str
    turn: int
    state_json: str
    status: str
    now: str
    event_json: str
    reply_json: str
    flow_hash: str
    conversation_key: int | None = None
    session_key: int | None = None
    user_id: str | None = None
    title: str | None = None
    flow: str | None = None
    step: str | None = None
    intent: str | None = None
    expires_at: str | None = None
    completed_at: str | None = None
    request_id: str | None = None
    fingerprint: str | None = None
    caused_by: int | None = None
    messages: tuple[MessageRow, ...] = ()
    answers: tuple[AnswerRow, ...] = ()
    detections: tuple[DetectionRow, ...] = ()
    classification: ClassificationRow | None = None
    audit: tuple[AuditRow, ...] = ()
    deliveries: tuple[DeliveryRow, ...] = ()
    timers: tuple[TimerRow, ...] = ()
    closes_session: tuple[str, str] | None = None
    drop_messages: bool = False
    after_session: str | None = None
    looks_up: str | None = None
