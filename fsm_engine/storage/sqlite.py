"""The store on SQLite."""

from __future__ import annotations

from fsm_engine.storage import sql
from fsm_engine.storage.intake import intake_row, storable
from fsm_engine.storage.records import LoadedConversation, StoredConversation, StoredTurn, TurnToCommit
from fsm_engine.storage.repositories import (
    Audit,
    Conversations,
    FlowVersions,
    Intents,
    Messages,
    Responses,
    Risk,
    Sessions,
    Users,
    sound_session,
    sound_turn,
)
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.sqlite_database import SqliteDatabase

_CONVERSATION_FIELDS = 9


class SqliteStore:
    """A `Store` in a file, or in memory; see there for what it promises.

    A lone turn is one statement and so one hop to the writing thread; turns that arrive while it runs go into the next
    statement together.
    """

    def __init__(self, database: SqliteDatabase, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self.users = Users(database, seal)
        self.conversations = Conversations(database, seal)
        self.messages = Messages(database, seal)
        self.sessions = Sessions(database, seal)
        self.responses = Responses(database, seal)
        self.audit = Audit(database, seal)
        self.risk = Risk(database, seal)
        self.intents = Intents(database, seal)
        self.flow_versions = FlowVersions(database, seal)

    async def load(self, conversation_id: str, request_id: str | None) -> LoadedConversation | None:
        row = await self._database.load(storable(conversation_id), storable(request_id) if request_id else None)
        if row is None:
            return None
        conversation = StoredConversation(*row[:_CONVERSATION_FIELDS])
        session, is_seen = row[_CONVERSATION_FIELDS:-1], row[-1]
        return LoadedConversation(
            conversation,
            sound_session(session, self._seal) if session[0] is not None else None,
            await self._seen(conversation_id, request_id) if is_seen else (),
        )

    async def _seen(self, conversation_id: str, request_id: str | None) -> tuple[StoredTurn, ...]:
        """Asked for apart: deliveries that come twice are rare, and journal lines never change."""
        rows = await self._database.rows(sql.SEEN, conversation_id, request_id)
        return tuple(sound_turn(row, self._seal) for row in rows)

    async def commit(self, turn: TurnToCommit) -> None:
        # A turn that reports an action ends a call that has waited for one commit already.
        await self._database.insert_turn(intake_row(turn, self._seal), goes_first=turn.caused_by is not None)

    async def settle(self) -> None:
        await self._database.settle()

    async def close(self) -> None:
        await self._database.close()
