"""Reading and keeping rows, table by table: the same code over every store.

Where a look-up takes a ``user_id``, rows of other users are as missing as rows that do not exist; None asks for any
user's. To add a verb: name its statement in ``sql``, and let a method here say what it gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

from fsm_engine.errors import NotFound, SessionCorrupted
from fsm_engine.storage import sql
from fsm_engine.storage.database import Database, Row
from fsm_engine.storage.erasing import Erasing, Subject
from fsm_engine.storage.intake import Sql, json_rows, storable
from fsm_engine.storage.records import (
    DeletedUser,
    FlowVersion,
    StoredAnswer,
    StoredAudit,
    StoredClassification,
    StoredConversation,
    StoredDetection,
    StoredMessage,
    StoredSession,
    StoredTurn,
)
from fsm_engine.storage.seal import Seal

T = TypeVar("T")
LAST_NUMBER = 2**63 - 1


class Repository:
    """Rows of one kind, made into values by ``make``."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    async def _all(self, make: Callable[..., T], statement: str, *values: Sql) -> list[T]:
        return [make(*row) for row in await self._database.rows(statement, *values)]

    async def _first(self, make: Callable[..., T], statement: str, *values: Sql) -> T | None:
        rows = await self._database.rows(statement, *values)
        return make(*rows[0]) if rows else None


class Users(Repository):
    async def delete(
        self, user_id: str, *, now: str | None = None, record: str | None = None, compact: bool = True
    ) -> DeletedUser:
        """Erases the user and, with them, conversations, sessions, messages and all that hangs on those.

        The rest as in `Erasing.erase`, which it raises as; None: the present, and a key by chance.
        """
        erased = await Erasing(self._database, self._seal).erase(
            Subject(user_id),
            now=now or f"{datetime.now(UTC).isoformat(timespec='microseconds')[:26]}Z",
            record=record or uuid4().hex,
            compact=compact,
        )
        counts = erased.deleted
        return DeletedUser(counts["conversations"], counts["sessions"], counts["messages"], counts["user_responses"])


class Conversations(Repository):
    async def create(
        self, conversation_id: str, *, now: str, user_id: str | None = None, title: str | None = None
    ) -> StoredConversation:
        """A conversation without a session, at version 1. Raises `VersionConflict` when the id is taken."""
        for text in (conversation_id, user_id or "", title or ""):
            storable(text)
        await self._database.change(
            (sql.ADD_USER, (user_id, now)), (sql.ADD_CONVERSATION, (conversation_id, user_id, title, now))
        )
        created = await self.get(conversation_id)
        assert created is not None
        return created

    async def get(self, conversation_id: str, *, user_id: str | None = None) -> StoredConversation | None:
        return await self._first(StoredConversation, sql.CONVERSATION, conversation_id, user_id)

    async def of_user(self, user_id: str, *, status: str | None = None, limit: int = 50) -> list[StoredConversation]:
        """Newest first."""
        return await self._all(StoredConversation, sql.CONVERSATIONS_OF_USER, user_id, status, limit)

    async def with_status(self, status: str, *, limit: int = 50) -> list[StoredConversation]:
        """Newest first."""
        return await self._all(StoredConversation, sql.CONVERSATIONS_WITH_STATUS, status, limit)


class Messages(Repository):
    async def last(
        self, conversation_id: str, *, limit: int = 20, user_id: str | None = None, before: int | None = None
    ) -> list[StoredMessage]:
        """The last ``limit`` messages, oldest first; with ``before``, the last ones whose number is below it."""
        below = LAST_NUMBER if before is None else before
        return await self._all(StoredMessage, sql.LAST_MESSAGES, conversation_id, user_id, below, limit)

    async def count_by_role(self, conversation_id: str, *, user_id: str | None = None) -> dict[str, int]:
        """Roles that said nothing are left out."""
        return dict(await self._database.rows(sql.COUNT_BY_ROLE, conversation_id, user_id))


class Sessions(Repository):
    async def get(self, session_id: str, *, user_id: str | None = None) -> StoredSession | None:
        """Raises `SessionCorrupted` when the row is damaged."""
        rows = await self._database.rows(sql.SESSION, session_id, user_id)
        return sound_session(rows[0], self._seal) if rows else None

    async def of_user(self, user_id: str, *, status: str | None = None, limit: int = 50) -> list[StoredSession]:
        """Newest first."""
        return await self._listed(sql.SESSIONS_OF_USER, user_id, status, limit)

    async def with_status(self, status: str, *, limit: int = 50) -> list[StoredSession]:
        """Newest first."""
        return await self._listed(sql.SESSIONS_WITH_STATUS, status, limit)

    async def expired(self, now: str, *, limit: int = 50) -> list[StoredSession]:
        """Sessions still marked active whose time was up at ``now``, the longest overdue first."""
        return await self._listed(sql.SESSIONS_EXPIRED, now, limit)

    async def journal(self, session_id: str, *, user_id: str | None = None) -> list[StoredTurn]:
        """Every turn of the session, in order. Raises `SessionCorrupted` when a line is damaged."""
        rows = await self._database.rows(sql.JOURNAL, session_id, user_id)
        return [sound_turn(row, self._seal) for row in rows]

    async def _listed(self, statement: str, *values: Sql) -> list[StoredSession]:
        return [session_of(row, self._seal) for row in await self._database.rows(statement, *values)]


class Responses(Repository):
    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredAnswer]:
        """In the order in which they were first given."""
        return await self._all(StoredAnswer, sql.RESPONSES_OF_SESSION, session_id, user_id)


class Audit(Repository):
    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredAudit]:
        """The whole trail, oldest first."""
        return await self._all(StoredAudit, sql.AUDIT_OF_SESSION, session_id, user_id)

    async def of_user(self, user_id: str, *, limit: int = 50) -> list[StoredAudit]:
        """Newest first."""
        return await self._all(StoredAudit, sql.AUDIT_OF_USER, user_id, limit)

    async def with_status(self, status: str, *, limit: int = 1000, after: int = 0) -> list[StoredAudit]:
        """Oldest first, from the one after id ``after``: what is ``pending`` at start was cut off by a crash."""
        return await self._all(StoredAudit, sql.AUDIT_WITH_STATUS, status, limit, after)

    async def by_key(self, key: str, *, user_id: str | None = None) -> StoredAudit | None:
        return await self._first(StoredAudit, sql.AUDIT_BY_KEY, key, user_id)

    async def update(
        self, key: str, *, status: str, now: str, output_json: str | None = None, error: str | None = None
    ) -> None:
        """Records how an action went, outside a turn. Raises `NotFound` when no action has the key."""
        ((*found,),) = await self._database.change((sql.UPDATE_AUDIT, (key, status, output_json, error, now)))
        if not found:
            raise NotFound("audit: no action has this idempotency key. Write its row with the turn that asks for it.")


class Risk(Repository):
    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredDetection]:
        """Oldest first."""
        return await self._all(_detection, sql.RISK_OF_SESSION, session_id, user_id)

    async def since(self, detected_at: str, *, limit: int = 1000) -> list[StoredDetection]:
        """All sessions' detections from that time on, oldest first."""
        return await self._all(_detection, sql.RISK_SINCE, detected_at, limit)


class Intents(Repository):
    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredClassification]:
        """In the order of turns."""
        return await self._all(StoredClassification, sql.INTENTS_OF_SESSION, session_id, user_id)


class FlowVersions(Repository):
    async def put(self, versions: Sequence[FlowVersion]) -> None:
        """Keeps the sources that are not kept yet; a hash that is stored stays as it is."""
        rows = json_rows(versions)
        if rows is not None:
            await self._database.change((sql.ADD_FLOW_VERSIONS, (rows,)))

    async def get(self, source_hash: str) -> FlowVersion | None:
        return await self._first(FlowVersion, sql.FLOW_VERSION, source_hash)


def session_of(row: Row, seal: Seal) -> StoredSession:
    """The session of a row that ends with its hash; a damaged one is marked and shows no state."""
    *fields, state_hash = row
    session: StoredSession = StoredSession(*fields)
    if _is_text(session.state_json) and Seal.matches(
        state_hash, seal.of_state(session.id, session.turn, session.state_json)
    ):
        return session
    return replace(session, state_json="", is_damaged=True)


def sound_session(row: Row, seal: Seal) -> StoredSession:
    """The session of a row. Raises `SessionCorrupted` when it is damaged."""
    session = session_of(row, seal)
    if session.is_damaged:
        raise SessionCorrupted(
            f"session {session.id}: its stored state is damaged, or was written with another row key."
            " Replay its journal, restore a backup, or start a new session."
        )
    return session


def sound_turn(row: Row, seal: Seal) -> StoredTurn:
    """The journal line of a row that ends with its hash. Raises `SessionCorrupted` when it is damaged."""
    *fields, row_hash = row
    turn = StoredTurn(*fields)
    is_text = _is_text(turn.event_json) and _is_text(turn.reply_json)
    if is_text and Seal.matches(row_hash, seal.of_turn(turn.session_id, turn.number, turn.event_json, turn.reply_json)):
        return turn
    raise SessionCorrupted(
        f"session {turn.session_id}: line {turn.number} of its journal is damaged, or was written with another row key."
        " Restore a backup, or start a new session."
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _detection(*row: object) -> StoredDetection:
    values: list[object] = list(row)
    values[11] = bool(values[11])
    make: Callable[..., StoredDetection] = StoredDetection
    return make(*values)
