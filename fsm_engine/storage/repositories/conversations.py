"""Users and their conversations."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args
from uuid import uuid4

from fsm_engine.errors import InvalidArgument, VersionConflict
from fsm_engine.model.times import utc_now, utc_text
from fsm_engine.storage import sql
from fsm_engine.storage.erasing import Erasing, Subject
from fsm_engine.storage.records import DeletedUser, StoredConversation, StoredUser
from fsm_engine.storage.repositories.base import ANY_KEY, Repository, at_most, found, moment, must_be_there, one_of
from fsm_engine.storage.row_seals import of_owner

MAX_TITLE = 200
ConversationStatus: TypeAlias = Literal["active", "archived", "closed", "deleted"]


class Users(Repository):
    """Whoever a bot named a user by. A user comes with their first turn."""

    async def get(self, user_id: str) -> StoredUser | None:
        return await self._first(StoredUser, sql.USER, user_id)

    async def page(self, *, after: str = "", limit: int = 50) -> list[StoredUser]:
        """The first ``limit`` users whose id comes behind ``after``, by id."""
        return await self._all(StoredUser, sql.PAGE_OF_USERS, after, at_most(limit))

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
        if not conversation_id:
            raise InvalidArgument("conversation: its id is empty. Give it one.")
        values = (conversation_id, user_id, _title(title), moment("now", now))
        try:
            await self._change((sql.ADD_USER, (user_id, now)), (sql.ADD_CONVERSATION, values))
        except VersionConflict as error:
            raise VersionConflict(
                f"conversation '{conversation_id}': there is one already. Give another id, or go on with that one."
            ) from error
        return found(await self.get(conversation_id), "conversation", conversation_id)

    async def get(self, conversation_id: str, *, user_id: str | None = None) -> StoredConversation | None:
        return await self._first(StoredConversation, sql.CONVERSATION, conversation_id, user_id)

    async def of_user(
        self, user_id: str, *, status: str | None = None, before: int = ANY_KEY, limit: int = 50
    ) -> list[StoredConversation]:
        """Newest first, from the one before key ``before``; without a status, all but deleted ones."""
        values = (user_id, _status(status), at_most(limit), before)
        return of_owner(user_id, await self._all(StoredConversation, sql.CONVERSATIONS_OF_USER, *values))

    async def with_status(self, status: str, *, before: int = ANY_KEY, limit: int = 50) -> list[StoredConversation]:
        """Newest first, from the one before key ``before``."""
        values = (_status(status), at_most(limit), before)
        return await self._all(StoredConversation, sql.CONVERSATIONS_WITH_STATUS, *values)

    async def count_of_user(self, user_id: str) -> dict[str, int]:
        """How many there are of each status; statuses that none has are left out."""
        return dict(await self._database.rows(sql.COUNT_CONVERSATIONS_OF_USER, user_id))

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
        status: ConversationStatus,
        now: str,
        user_id: str | None,
    ) -> None:
        values = (conversation_id, user_id, status, now)
        must_be_there(await self._change((sql.SET_CONVERSATION_STATUS, values)), "conversation", conversation_id)


def _title(title: str | None) -> str | None:
    """The title, None where it is blank."""
    if title is not None and len(title) > MAX_TITLE:
        raise InvalidArgument(f"title: has {len(title)} characters; {MAX_TITLE} are allowed.")
    return title if title and not title.isspace() else None


def _status(status: str | None) -> str | None:
    return one_of(get_args(ConversationStatus), "status", status)
