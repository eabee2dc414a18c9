"""What is due later, and the flow files that sessions run on."""

from __future__ import annotations

from collections.abc import Sequence

from fsm_engine.storage import sql
from fsm_engine.storage.due import StoredTimer
from fsm_engine.storage.intake import json_rows
from fsm_engine.storage.records import FlowVersion
from fsm_engine.storage.repositories.base import Repository, at_most


class Timers(Repository):
    """Things due at a time. Turns set, move, cancel and fire them; they go with their session."""

    async def due(self, now: str, *, limit: int = 100) -> list[StoredTimer]:
        """Pending ones whose time has come, the longest overdue first."""
        return await self._all(StoredTimer, sql.TIMERS_DUE, now, at_most(limit))

    async def next_at(self) -> str | None:
        """When the next one is due, which may be past; None when none is pending."""
        rows = await self._database.rows(sql.NEXT_TIMER)
        return rows[0][0] if rows else None

    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredTimer]:
        """All that a session has set, by when they are due."""
        return await self._all(StoredTimer, sql.TIMERS_OF_SESSION, session_id, user_id)


class FlowVersions(Repository):
    async def put(self, versions: Sequence[FlowVersion]) -> None:
        """Keeps the sources that are not kept yet; a hash that is stored stays as it is."""
        rows = json_rows(versions)
        if rows is not None:
            await self._database.change((sql.ADD_FLOW_VERSIONS, (rows,)))

    async def get(self, source_hash: str) -> FlowVersion | None:
        return await self._first(FlowVersion, sql.FLOW_VERSION, source_hash)
