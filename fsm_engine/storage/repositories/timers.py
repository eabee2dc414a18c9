"""What is due later, and the flow files that sessions run on."""

from __future__ import annotations

from collections.abc import Sequence

from fsm_engine.storage import sql
from fsm_engine.storage.intake import json_rows
from fsm_engine.storage.records import FlowVersion, StoredTimer
from fsm_engine.storage.repositories.base import Repository, found, must_be_there


class Timers(Repository):
    """Things due at a time. They go with their session."""

    async def add(
        self,
        session_id: str,
        *,
        flow: str,
        step: str,
        due_at: str,
        now: str,
        payload_json: str = "{}",
        user_id: str | None = None,
    ) -> StoredTimer:
        """Raises `NotFound` for a session that is missing or another user's."""
        rows = await self._change((sql.ADD_TIMER, (session_id, user_id, flow, step, due_at, payload_json, now)))
        must_be_there(rows, "session", session_id)
        return found(await self.get(rows[0][0]), "timer", rows[0][0])

    async def get(self, timer_id: int) -> StoredTimer | None:
        return await self._first(StoredTimer, sql.TIMER, timer_id)

    async def due(self, now: str, *, limit: int = 100) -> list[StoredTimer]:
        """Pending ones whose time has come, the longest overdue first."""
        return await self._all(StoredTimer, sql.TIMERS_DUE, now, limit)

    async def mark_fired(self, timer_id: int, *, now: str) -> bool:
        """Whether this call did it: True for one of several callers, False when it was fired or cancelled before."""
        return bool(await self._change((sql.FIRE_TIMER, (timer_id, now))))

    async def cancel(self, session_id: str, timer_id: int | None = None) -> int:
        """Cancels one pending timer of a session, or all of them; how many there were."""
        return len(await self._change((sql.CANCEL_TIMERS, (session_id, timer_id))))


class FlowVersions(Repository):
    async def put(self, versions: Sequence[FlowVersion]) -> None:
        """Keeps the sources that are not kept yet; a hash that is stored stays as it is."""
        rows = json_rows(versions)
        if rows is not None:
            await self._database.change((sql.ADD_FLOW_VERSIONS, (rows,)))

    async def get(self, source_hash: str) -> FlowVersion | None:
        return await self._first(FlowVersion, sql.FLOW_VERSION, source_hash)
