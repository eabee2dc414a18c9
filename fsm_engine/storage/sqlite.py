"""The store on SQLite."""

from __future__ import annotations

from fsm_engine.errors import SessionCorrupted
from fsm_engine.storage import sql
from fsm_engine.storage.erasing import Erasing
from fsm_engine.storage.intake import intake_row, storable
from fsm_engine.storage.records import LoadedConversation, StoredConversation, StoredResult, StoredTurn
from fsm_engine.storage.repositories import (
    Analytics,
    Audit,
    Conversations,
    Deliveries,
    FlowVersions,
    Idempotency,
    Intents,
    Messages,
    Responses,
    Retention,
    Risk,
    Sessions,
    Summaries,
    Timers,
    Transactions,
    Users,
)
from fsm_engine.storage.row_seals import sound_session, sound_turn
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.search import Search
from fsm_engine.storage.sqlite_database import SqliteDatabase
from fsm_engine.storage.turn_rows import TurnToCommit

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
        search = Search(database, seal)
        self.messages = Messages(database, seal, search)
        self.sessions = Sessions(database, seal)
        self.responses = Responses(database, seal)
        self.audit = Audit(database, seal)
        self.transactions = Transactions(database, seal)
        self.idempotency = Idempotency(database, seal)
        self.risk = Risk(database, seal)
        self.intents = Intents(database, seal)
        self.summaries = Summaries(database, seal)
        self.timers = Timers(database, seal)
        self.deliveries = Deliveries(database, seal)
        self.analytics = Analytics(database, seal)
        self.retention = Retention(database, seal, search)
        self.flow_versions = FlowVersions(database, seal)
        self.erasing = Erasing(database, seal)

    async def load(self, conversation_id: str, request_id: str | None) -> LoadedConversation | None:
        row = await self._database.load(storable(conversation_id), storable(request_id) if request_id else None)
        if row is None:
            return None
        conversation = StoredConversation(*row[:_CONVERSATION_FIELDS])
        latest, (is_seen, last_line) = row[_CONVERSATION_FIELDS:-2], row[-2:]
        session = sound_session(latest, self._seal) if latest[0] is not None else None
        if not isinstance(conversation.version, int):
            raise SessionCorrupted(f"conversation {conversation_id}: its row is damaged. Restore a backup.")
        if session is not None and session.user_id not in (None, conversation.user_id):
            raise SessionCorrupted(f"session {session.id}: whose it is is damaged. Restore a backup.")
        if session is not None and session.turn != (last_line or 0):
            raise SessionCorrupted(
                f"session {session.id}: stands at turn {session.turn}, and its journal ends at {last_line}."
                " The database is damaged, or lies beside a log that is not its own. Restore a backup."
            )
        return LoadedConversation(
            conversation, session, await self._seen(conversation_id, request_id) if is_seen else ()
        )

    async def _seen(self, conversation_id: str, request_id: str | None) -> tuple[StoredTurn, ...]:
        """Asked for apart: deliveries that come twice are rare, and journal lines never change."""
        rows = await self._database.rows(sql.SEEN, conversation_id, request_id)
        turns = tuple(sound_turn(row[1:], self._seal) for row in rows if row[2] is not None)
        # An index that is damaged leads to another conversation's line, or to another request's, or to a row of NULLs.
        numbers = {turn.number for turn in turns}
        causes = {turn.caused_by for turn in turns[1:]}
        is_whole = causes | {row[0] for row in rows} <= {None, *numbers} and None not in causes
        are_of_it = {row[-2] for row in rows} == {conversation_id}
        if not (is_whole and are_of_it and turns[0].request_id == request_id):
            raise SessionCorrupted(f"request {request_id}: what is stored of it is damaged. Restore a backup.")
        return turns

    async def commit(self, turn: TurnToCommit) -> StoredResult | None:
        kept = await self._database.insert_turn(
            intake_row(turn, self._seal),
            # A turn that reports an action ends a call that has waited for one commit already.
            goes_first=turn.caused_by is not None,
            looks_up=None if turn.looks_up is None else (turn.looks_up, turn.now),
        )
        return None if kept is None else StoredResult(*kept)

    async def settle(self) -> None:
        await self._database.settle()

    async def close(self) -> None:
        await self._database.close()
