"""What dead processes left behind: finished where that is safe, and listed where a person has to look."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fsm_engine.actions import Actions
from fsm_engine.engine.leases import Leases
from fsm_engine.errors import FlowError, NotFound, SessionCorrupted, VersionConflict
from fsm_engine.failpoints import failpoint
from fsm_engine.model.times import utc_text
from fsm_engine.storage.records import StoredAudit, StoredSession
from fsm_engine.storage.store import Store

log = logging.getLogger("fsm_engine.actions")

Next = Literal["call again", "ask first", "mark unknown", "running", "not ours", "person"]
"""What is to be done about an unfinished action. The first three are done by `recover`, the last by a person."""

UNFINISHED = ("pending", "unknown", "stuck")
RECOVERABLE = frozenset({"call again", "ask first", "mark unknown"})


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An action that is ``pending``, ``unknown`` (in doubt) or ``stuck`` (an undo that failed)."""

    key: str
    action: str
    status: str
    user_id: str | None
    session_id: str | None
    created_at: str
    next: Next


class Recovery:
    """Looks for unfinished actions in the audit. ``finish`` settles the one that a conversation waits for."""

    def __init__(
        self,
        store: Store,
        actions: Actions,
        leases: Leases,
        finish: Callable[[str], Awaitable[bool]],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._actions = actions
        self._leases = leases
        self._finish = finish
        self._clock = clock

    async def recover(self) -> int:
        """See `Engine.recover`."""
        finished = 0
        async for row in self._with_status("pending"):
            if self._actions.get(row.action) is not None and await self._leases.is_free(row.key):
                finished += await self._recover(row)
        return finished

    async def unfinished(self) -> list[Unfinished]:
        """See `Engine.unfinished`."""
        rows = [row for status in UNFINISHED async for row in self._with_status(status)]
        return [
            Unfinished(
                row.key, row.action, row.status, row.user_id, row.session_id, row.created_at, await self._next(row)
            )
            for row in sorted(rows, key=lambda row: row.id)
        ]

    async def _next(self, row: StoredAudit) -> Next:
        registered = self._actions.get(row.action)
        if row.status != "pending":
            return "person"
        if not await self._leases.is_free(row.key):
            return "running"
        if registered is None:
            return "not ours"
        if registered.query is not None:
            return "ask first"
        return "call again" if registered.is_idempotent else "mark unknown"

    async def _with_status(self, status: str) -> AsyncIterator[StoredAudit]:
        seen = 0
        while rows := await self._store.audit.with_status(status, after=seen):
            seen = rows[-1].id
            for row in rows:
                yield row

    async def _recover(self, row: StoredAudit) -> bool:
        try:
            session = await self._store.sessions.get(row.session_id) if row.session_id else None
            failpoint("recover.before-action")
            is_finished = await self._finish_in(session, row)
            failpoint("recover.after-action")
            return is_finished
        except VersionConflict:
            return False  # another process took a turn there, and a turn finishes what is left before anything else
        except (SessionCorrupted, FlowError, NotFound) as error:
            log.error("the action with key %s cannot be finished: %s", row.key, error)
            return False

    async def _finish_in(self, session: StoredSession | None, row: StoredAudit) -> bool:
        if session is not None and await self._finish(session.conversation_id):
            return True
        if not await self._leases.is_free(row.key):
            return False
        # No session waits for it any more: nobody will ever report its end.
        log.error("action '%s' (key %s) may or may not have run: a person must look", row.action, row.key)
        await self._store.audit.update(row.key, status="unknown", now=utc_text(self._clock()), error="unknown")
        return True
