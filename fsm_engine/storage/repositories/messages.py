"""What was said."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, get_args

import orjson

from fsm_engine.errors import InvalidArgument, NotFound, SessionCorrupted
from fsm_engine.storage import sql
from fsm_engine.storage.database import Database
from fsm_engine.storage.records import FoundMessage, Role, StoredMessage
from fsm_engine.storage.repositories.base import ANY_KEY, Repository, at_most, moment, must_be_there, one_of
from fsm_engine.storage.row_seals import sound_message
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.search import Search

MOST_CHARACTERS = 100_000
"""In one message that is saved past a turn; what a turn may hold is the bot file's to say."""


class Messages(Repository):
    """Messages, numbered from 1 within their conversation.

    The engine writes those of its turns. The ``save_`` methods are for what is said past it: by a person who has taken
    over, or in a history that comes from elsewhere. No flow sees such a message, and **the risk stage does not read
    it**: what a user says to the bot belongs into `Engine.turn`. They raise `NotFound` for a conversation that is
    missing or another user's.
    """

    def __init__(self, database: Database, seal: Seal, search: Search) -> None:
        super().__init__(database, seal)
        self._search = search

    async def last(
        self,
        conversation_id: str,
        *,
        limit: int = 20,
        user_id: str | None = None,
        before: int | None = None,
        role: Role | None = None,
        source: str | None = None,
    ) -> list[StoredMessage]:
        """The last ``limit`` messages, oldest first; with ``before``, the last ones whose number is below it.

        ``source`` keeps those whose metadata has this ``source``. Raises `SessionCorrupted` when one is damaged.
        """
        below = ANY_KEY if before is None else before
        values = (conversation_id, user_id, below, at_most(limit), _role(role), source)
        return _in_order(conversation_id, await self._sound(sound_message, sql.LAST_MESSAGES, *values))

    async def page(
        self,
        conversation_id: str,
        *,
        after: int = 0,
        limit: int = 20,
        user_id: str | None = None,
        role: Role | None = None,
        source: str | None = None,
    ) -> list[StoredMessage]:
        """The first ``limit`` messages whose number is above ``after``, oldest first."""
        values = (conversation_id, user_id, after, at_most(limit), _role(role), source)
        return _in_order(conversation_id, await self._sound(sound_message, sql.PAGE_OF_MESSAGES, *values))

    async def archived(
        self, conversation_id: str, *, after: int = 0, limit: int = 20, user_id: str | None = None
    ) -> list[StoredMessage]:
        """The same of messages that were moved to the archive."""
        return await self._sound(sound_message, sql.ARCHIVED_MESSAGES, conversation_id, user_id, after, at_most(limit))

    async def count_by_role(self, conversation_id: str, *, user_id: str | None = None) -> dict[str, int]:
        """Roles that said nothing are left out. Raises `SessionCorrupted` when messages are damaged or missing."""
        rows = await self._database.rows(sql.COUNT_BY_ROLE, conversation_id, user_id)
        counts: dict[str, int] = {role: count for role, count, _ in rows}
        if not counts.keys() <= set(get_args(Role)) or any(row[-1] != sum(counts.values()) for row in rows):
            raise SessionCorrupted(f"conversation {conversation_id}: messages are damaged. Restore a backup.")
        return counts

    async def count_by_conversation(self, user_id: str, *, limit: int = 50) -> dict[str, int]:
        """How many messages each conversation of the user holds, newest conversation first."""
        return dict(await self._database.rows(sql.COUNT_BY_CONVERSATION, user_id, at_most(limit)))

    async def search(
        self,
        query: str,
        *,
        user_id: str | None = None,
        conversation_id: str | None = None,
        limit: int = 20,
        marks: tuple[str, str] = ("**", "**"),
    ) -> list[FoundMessage]:
        """Messages that hold all words of the query, the best first: see `Search.find`. Archived ones are not searched.

        ``marks`` stand around the words found in each snippet. Where the snippet becomes HTML, pass characters that no
        message holds, escape, and replace them.
        """
        return await self._search.find(
            query, user_id=user_id, conversation_id=conversation_id, limit=at_most(limit), marks=marks
        )

    async def compact_index(self) -> None:
        """Takes the words of deleted messages out of the search index's pages for good: see `SearchIndex.compact`."""
        await self._search.index.compact()

    async def save_user(self, conversation_id: str, content: str, *, now: str, **options: Any) -> StoredMessage:
        """Adds something the user said elsewhere. Options as `save_system` takes them."""
        return await self._save("user", conversation_id, content, now, **options)

    async def save_assistant(self, conversation_id: str, content: str, *, now: str, **options: Any) -> StoredMessage:
        """Adds something that was said to the user. Options as `save_system` takes them."""
        return await self._save("assistant", conversation_id, content, now, **options)

    async def save_system(self, conversation_id: str, content: str, *, now: str, **options: Any) -> StoredMessage:
        """Adds a note. Options: ``user_id``, ``session_id``, ``request_id`` and ``metadata`` (a mapping)."""
        return await self._save("system", conversation_id, content, now, **options)

    async def _save(
        self,
        role: Role,
        conversation_id: str,
        content: str,
        now: str,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        request_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> StoredMessage:
        if len(content) > MOST_CHARACTERS:
            raise InvalidArgument(f"message: has {len(content)} characters; {MOST_CHARACTERS} are allowed.")
        try:
            kept = orjson.dumps(dict(metadata or {})).decode()
        except (TypeError, ValueError) as error:
            raise InvalidArgument(f"message: its metadata is no JSON ({error}). Pass plain dicts and lists.") from error
        rows = await self._change(
            (sql.GIVE_MESSAGE_NUMBER, (conversation_id, user_id, moment("now", now), session_id)),
            (sql.ADD_MESSAGE, (conversation_id, session_id, role, content, kept, request_id, now)),
        )
        if not rows and session_id is not None:
            raise NotFound(f"conversation '{conversation_id}': there is none, or it has no session '{session_id}'.")
        must_be_there(rows, "conversation", conversation_id)
        ((number,),) = rows
        (saved,) = await self.page(conversation_id, after=number - 1, limit=1)
        return saved


def _role(role: str | None) -> str | None:
    return one_of(get_args(Role), "role", role)


def _in_order(conversation_id: str, said: list[StoredMessage]) -> list[StoredMessage]:
    """The messages. Raises `SessionCorrupted` where numbers contradict turns, which no hash covers."""
    for one, later in pairwise(said):
        if one.session_id == later.session_id and (one.turn or 0) > (later.turn or ANY_KEY):
            raise SessionCorrupted(f"conversation {conversation_id}: numbers of messages are damaged.")
    return said
