"""Users and their conversations."""

from __future__ import annotations

from typing import Literal
from uuid import uuid4

from fsm_engine.errors import InvalidArgument
from fsm_engine.model.times import utc_now, utc_text
from fsm_engine.storage import sql
from fsm_engine.storage.erasing import Erasing, Subject
from fsm_engine.storage.records import DeletedUser, StoredConversation
from fsm_engine.storage.repositories.base import Repository, found, must_be_there
from fsm_engine.storage.row_seals import of_owner

MAX_TITLE = 200


class Users(Repository):
    async def delete(
        self, user_id: str, *, now: str | None = None, record: str | None = None, compact: bool = True
    ) -> DeletedUser:
        """Erases the user and, with them, conversations, sessions, messages and all that hangs on those.

        The rest as in `Erasing.erase`, which it raises as; None: the present, and a key by chance.
        """
        erased = await Erasing(self._database, self._seal).erase(
            Subject(user_id),
            now=now or utc_text(utc_now()),
            record=record or uuid4().hex,
            compact=compact,
        )
        counts = erased.deleted
        return DeletedUser(counts["conversations"], counts["sessions"], counts["messages"], counts["user_responses"])


class Conversations(Repository):
    """Threads. A turn in one that is archived, closed or deleted opens it again, with all that was said in it.

    The changes raise `NotFound` for a conversation that is missing or another user's.
    """

    async def create(
        self, conversation_id: str, *, now: str, user_id: str | None = None, title: str | None = None
    ) -> StoredConversation:
        """A conversation without a session, at version 1. Raises `VersionConflict` when the id is taken."""
        await self._change(
            (sql.ADD_USER, (user_id, now)), (sql.ADD_CONVERSATION, (conversation_id, user_id, _title(title), now))
        )
        return found(await self.get(conversation_id), "conversation", conversation_id)

    async def get(self, conversation_id: str, *, user_id: str | None = None) -> StoredConversation | None:
        return await self._first(StoredConversation, sql.CONVERSATION, conversation_id, user_id)

    async def of_user(self, user_id: str, *, status: str | None = None, limit: int = 50) -> list[StoredConversation]:
        """Newest first; without a status, all but deleted ones."""
        return of_owner(user_id, await self._all(StoredConversation, sql.CONVERSATIONS_OF_USER, user_id, status, limit))

    async def with_status(self, status: str, *, limit: int = 50) -> list[StoredConversation]:
        """Newest first."""
        return await self._all(StoredConversation, sql.CONVERSATIONS_WITH_STATUS, status, limit)

    async def rename(self, conversation_id: str, title: str | None, *, now: str, user_id: str | None = None) -> None:
        """Gives it a title of at most 200 characters, or none."""
        values = (conversation_id, user_id, _title(title), now)
        must_be_there(await self._change((sql.RENAME_CONVERSATION, values)), "conversation", conversation_id)

    async def archive(self, conversation_id: str, *, now: str, user_id: str | None = None) -> None:
        """Puts it aside; nothing is lost."""
        await self._set_status(conversation_id, "archived", now, user_id)

    async def unarchive(self, conversation_id: str, *, now: str, user_id: str | None = None) -> None:
        """Makes it active again, also when it was closed or deleted."""
        await self._set_status(conversation_id, "active", now, user_id)

    async def close(self, conversation_id: str, *, now: str, user_id: str | None = None) -> None:
        """Marks it as finished."""
        await self._set_status(conversation_id, "closed", now, user_id)

    async def delete(self, conversation_id: str, *, now: str, user_id: str | None = None) -> None:
        """Marks it as deleted: lists leave it out, and a purge removes it later. `Users.delete` removes at once."""
        await self._set_status(conversation_id, "deleted", now, user_id)

    async def _set_status(
        self,
        conversation_id: str,
        status: Literal["active", "archived", "closed", "deleted"],
        now: str,
        user_id: str | None,
    ) -> None:
        values = (conversation_id, user_id, status, now)
        must_be_there(await self._change((sql.SET_CONVERSATION_STATUS, values)), "conversation", conversation_id)


def _title(title: str | None) -> str | None:
    if title is not None and len(title) > MAX_TITLE:
        raise InvalidArgument(f"title: has {len(title)} characters; {MAX_TITLE} are allowed.")
    return title
