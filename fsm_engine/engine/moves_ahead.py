"""What newer flow files would make of the sessions that are under way; nothing is changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal

from fsm_engine.core.flows import Flows
from fsm_engine.core.migrating import Move, moves_of
from fsm_engine.core.moved_frame import MovedFrame
from fsm_engine.engine.flow_source import bring_back
from fsm_engine.errors import FlowError, SessionCorrupted
from fsm_engine.model.codec import decode
from fsm_engine.model.session import Frame, SessionState, Status
from fsm_engine.storage.records import StoredSession
from fsm_engine.storage.store import Store

PAGE: Final = 500
Becomes = Literal["newest", "moves", "stays"]


@dataclass(frozen=True, slots=True, order=True)
class Ahead:
    """What becomes of sessions that stand in one version of a flow, with the reason where they stay on it.

    ``to_version`` is the newest one, None where the files do not have the flow.
    """

    flow: str
    version: int
    becomes: Becomes
    to_version: int | None
    reason: str = ""


@dataclass(slots=True)
class MovesAhead:
    """How many open sessions there are, in all and of each kind; one that stands in several flows counts for each.

    ``asked_again`` are slots that sessions of a kind would be asked for again, ``read_again`` those whose answers
    their questions must take anew. ``damaged`` sessions cannot be read.
    """

    sessions: int = 0
    damaged: int = 0
    counts: dict[Ahead, int] = field(default_factory=dict)
    asked_again: dict[Ahead, set[str]] = field(default_factory=dict)
    read_again: dict[Ahead, set[str]] = field(default_factory=dict)

    def count(self, ahead: Ahead, move: Move) -> None:
        self.counts[ahead] = self.counts.get(ahead, 0) + 1
        if isinstance(move, MovedFrame):
            self.asked_again.setdefault(ahead, set()).update(move.ask_again)
            self.read_again.setdefault(ahead, set()).update(move.to_read)


async def moves_ahead(
    flows: Flows, store: Store, now: str, *, progress: Callable[[int, int | None], None] = lambda done, in_all: None
) -> MovesAhead:
    """What ``flows`` would make of every session whose time is not up at ``now`` (as times are stored)."""
    found = MovesAhead()
    async for session in _open_sessions(store, now):
        found.sessions += 1
        progress(found.sessions, None)
        if session.is_damaged:
            found.damaged += 1
            continue
        state = decode(SessionState, session.state_json)
        with suppress(FlowError, SessionCorrupted):  # such a frame stays, for the reason that its source is not there
            await bring_back(flows, state.frames, store)
        for frame, move in zip(state.frames, moves_of(flows, state), strict=True):
            found.count(_ahead(flows, frame, move), move)
    return found


async def _open_sessions(store: Store, now: str) -> AsyncIterator[StoredSession]:
    page = await store.sessions.with_status(Status.ACTIVE.value, limit=PAGE)
    while page:
        for session in page:
            if session.expires_at is None or session.expires_at > now:
                yield session
        page = await store.sessions.with_status(Status.ACTIVE.value, limit=PAGE, before=page[-1].key)


def _ahead(flows: Flows, frame: Frame, move: Move) -> Ahead:
    newest = flows.compiled.get(frame.flow)
    if newest is None:
        return Ahead(frame.flow, frame.version, "stays", None, "the files do not have this flow")
    version = newest.flow.version
    if isinstance(move, MovedFrame):
        return Ahead(frame.flow, frame.version, "moves", version)
    if isinstance(move, str):
        return Ahead(frame.flow, frame.version, "stays", version, move)
    if version < frame.version:
        return Ahead(frame.flow, frame.version, "stays", version, "the files are older than it")
    return Ahead(frame.flow, frame.version, "newest", version)
