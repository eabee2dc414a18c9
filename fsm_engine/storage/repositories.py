"""Reading and keeping rows, table by table: the same code over every store.

Where a look-up takes a ``user_id``, rows of other users are as missing as rows that do not exist; None asks for any
user's. To add a verb: name its statement in ``sql``, and let a method here say what it gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar, get_args

from fsm_engine.errors import NotFound, SessionCorrupted
from fsm_engine.storage import sql
from fsm_engine.storage.database import Database, Row
from fsm_engine.storage.intake import Sql, json_rows, storable
from fsm_engine.storage.records import (
    DeletedUser,
    FlowVersion,
    Role,
    StoredAnswer,
    StoredAudit,
    StoredClassification,
    StoredConversation,
    StoredDetection,
    StoredMessage,
    StoredSession,
    StoredTurn,
)
from fsm_engine.storage.row_seals import (
    audit_of,
    detection_of,
    of_owner,
    session_of,
    sound_answer,
    sound_audit,
    sound_classification,
    sound_detection,
    sound_message,
    sound_session,
    sound_turn,
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

    async def _sound(self, make: Callable[[Row, Seal], T], statement: str, *values: Sql) -> list[T]:
        return [make(row, self._seal) for row in await self._database.rows(statement, *values)]

    async def _first(self, make: Callable[..., T], statement: str, *values: Sql) -> T | None:
        rows = await self._database.rows(statement, *values)
        return make(*rows[0]) if rows else None


class Users(Repository):
    async def delete(self, user_id: str) -> DeletedUser:
        """Deletes the user and, with them, conversations, sessions, messages and all that hangs on those."""
        counts, _ = await self._database.change((sql.COUNT_OF_USER, (user_id,)), (sql.DELETE_USER, (user_id,)))
        return DeletedUser(*counts[0])


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
        return of_owner(user_id, await self._all(StoredConversation, sql.CONVERSATIONS_OF_USER, user_id, status, limit))

    async def with_status(self, status: str, *, limit: int = 50) -> list[StoredConversation]:
        """Newest first."""
        return await self._all(StoredConversation, sql.CONVERSATIONS_WITH_STATUS, status, limit)


class Messages(Repository):
    async def last(
        self, conversation_id: str, *, limit: int = 20, user_id: str | None = None, before: int | None = None
    ) -> list[StoredMessage]:
        """The last ``limit`` messages, oldest first; with ``before``, the last ones whose number is below it.

        Raises `SessionCorrupted` when one of them is damaged.
        """
        below = LAST_NUMBER if before is None else before
        said = await self._sound(sound_message, sql.LAST_MESSAGES, conversation_id, user_id, below, limit)
        for one, later in pairwise(said):
            if one.session_id == later.session_id and (one.turn or 0) > (later.turn or LAST_NUMBER):
                raise SessionCorrupted(f"conversation {conversation_id}: numbers of messages are damaged.")
        return said

    async def count_by_role(self, conversation_id: str, *, user_id: str | None = None) -> dict[str, int]:
        """Roles that said nothing are left out. Raises `SessionCorrupted` when messages are damaged or missing."""
        rows = await self._database.rows(sql.COUNT_BY_ROLE, conversation_id, user_id)
        counts: dict[str, int] = {role: count for role, count, _ in rows}
        if not counts.keys() <= set(get_args(Role)) or any(row[-1] != sum(counts.values()) for row in rows):
            raise SessionCorrupted(f"conversation {conversation_id}: messages are damaged. Restore a backup.")
        return counts


class Sessions(Repository):
    async def get(self, session_id: str, *, user_id: str | None = None) -> StoredSession | None:
        """Raises `SessionCorrupted` when the row is damaged."""
        rows = await self._database.rows(sql.SESSION, session_id, user_id)
        return sound_session(rows[0], self._seal) if rows else None

    async def of_user(self, user_id: str, *, status: str | None = None, limit: int = 50) -> list[StoredSession]:
        """Newest first."""
        return of_owner(user_id, await self._sound(session_of, sql.SESSIONS_OF_USER, user_id, status, limit))

    async def with_status(self, status: str, *, limit: int = 50) -> list[StoredSession]:
        """Newest first."""
        return await self._sound(session_of, sql.SESSIONS_WITH_STATUS, status, limit)

    async def expired(self, now: str, *, limit: int = 50) -> list[StoredSession]:
        """Sessions still marked active whose time was up at ``now``, the longest overdue first."""
        return await self._sound(session_of, sql.SESSIONS_EXPIRED, now, limit)

    async def journal(self, session_id: str, *, user_id: str | None = None) -> list[StoredTurn]:
        """Every turn of the session, in order. Raises `SessionCorrupted` when a line is damaged."""
        rows = await self._database.rows(sql.JOURNAL, session_id, user_id)
        journal = [sound_turn(row[1:], self._seal) for row in rows]
        if [line.number for line in journal] != list(range(1, len(rows) + 1)) or (rows and rows[0][0] != len(rows)):
            raise SessionCorrupted(f"session {session_id}: lines of its journal are missing. Restore a backup.")
        return journal


class Responses(Repository):
    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredAnswer]:
        """In the order in which they were first given."""
        return await self._sound(sound_answer, sql.RESPONSES_OF_SESSION, session_id, user_id)


class Audit(Repository):
    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredAudit]:
        """The whole trail, oldest first. Raises `SessionCorrupted` when a row is damaged, as do all of one session."""
        return await self._sound(sound_audit, sql.AUDIT_OF_SESSION, session_id, user_id)

    async def of_user(self, user_id: str, *, limit: int = 50) -> list[StoredAudit]:
        """Newest first; a damaged row is marked."""
        return of_owner(user_id, await self._sound(audit_of, sql.AUDIT_OF_USER, user_id, limit))

    async def with_status(self, status: str, *, limit: int = 1000, after: int = 0) -> list[StoredAudit]:
        """Oldest first, from the one after id ``after``: what is ``pending`` at start was cut off by a crash.

        A damaged row is marked.
        """
        return await self._sound(audit_of, sql.AUDIT_WITH_STATUS, status, limit, after)

    async def by_key(self, key: str, *, user_id: str | None = None) -> StoredAudit | None:
        found = await self._sound(sound_audit, sql.AUDIT_BY_KEY, key, user_id)
        return found[0] if found else None

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
        return await self._sound(sound_detection, sql.RISK_OF_SESSION, session_id, user_id)

    async def since(self, detected_at: str, *, limit: int = 1000) -> list[StoredDetection]:
        """All sessions' detections from that time on, oldest first; a damaged row is marked."""
        return await self._sound(detection_of, sql.RISK_SINCE, detected_at, limit)


class Intents(Repository):
    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredClassification]:
        """In the order of turns."""
        return await self._sound(sound_classification, sql.INTENTS_OF_SESSION, session_id, user_id)


class FlowVersions(Repository):
    async def put(self, versions: Sequence[FlowVersion]) -> None:
        """Keeps the sources that are not kept yet; a hash that is stored stays as it is."""
        rows = json_rows(versions)
        if rows is not None:
            await self._database.change((sql.ADD_FLOW_VERSIONS, (rows,)))

    async def get(self, source_hash: str) -> FlowVersion | None:
        return await self._first(FlowVersion, sql.FLOW_VERSION, source_hash)
