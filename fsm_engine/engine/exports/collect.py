"""Everything that is stored of a conversation or a user, gathered through the repositories."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any, TypeVar

import orjson

from fsm_engine.errors import NotFound, no_conversation
from fsm_engine.storage.masking import masked
from fsm_engine.storage.records import StoredConversation, StoredMessage, StoredSession
from fsm_engine.storage.store import Store

T = TypeVar("T")
PAGE = 1000
_INSIDE = ("key", "state_json")


@dataclass(frozen=True, slots=True)
class Exported:
    """Plain dicts and lists. ``user_id`` None: a conversation was asked for, and not a user."""

    exported_at: str
    user_id: str | None
    conversations: Sequence[Mapping[str, Any]]

    def as_json(self) -> bytes:
        """Indented JSON; names that end in ``_json`` in the records hold values here."""
        return orjson.dumps(self, option=orjson.OPT_INDENT_2)


async def export_conversation(store: Store, conversation_id: str, *, now: str, user_id: str | None = None) -> Exported:
    """One conversation with its messages, archived ones too, and its sessions.

    Raises:
        NotFound: there is no such conversation, or it belongs to another user.
    """
    conversation = await store.conversations.get(conversation_id, user_id=user_id)
    if conversation is None:
        raise no_conversation(conversation_id)
    return Exported(now, None, [await _whole(store, conversation)])


async def export_user(store: Store, user_id: str, *, now: str) -> Exported:
    """All conversations of a user, those marked as deleted too.

    Raises:
        NotFound: nothing is stored of the user.
    """
    every = 2**31
    found = await store.conversations.of_user(user_id, limit=every)
    found += await store.conversations.of_user(user_id, status="deleted", limit=every)
    if not found:
        raise NotFound(f"there is no conversation of user '{user_id}'.")
    oldest_first = sorted(found, key=lambda conversation: conversation.key)
    return Exported(now, user_id, [await _whole(store, conversation) for conversation in oldest_first])


async def _whole(store: Store, conversation: StoredConversation) -> dict[str, Any]:
    archived = await _all_pages(
        lambda after: store.messages.archived(conversation.id, after=after, limit=PAGE), lambda one: one.number
    )
    messages = await _all_pages(
        lambda after: store.messages.page(conversation.id, after=after, limit=PAGE), lambda one: one.number
    )
    sessions = await _all_pages(
        lambda after: store.sessions.of_conversation(conversation.id, after=after, limit=PAGE), lambda one: one.key
    )
    return {
        **_plain(conversation),
        "messages": [_message(one) for one in sorted([*archived, *messages], key=lambda one: one.number)],
        "sessions": [await _session(store, one) for one in sessions],
    }


async def _all_pages(page: Callable[[int], Awaitable[list[T]]], place: Callable[[T], int]) -> list[T]:
    found: list[T] = []
    for _ in count():
        more = await page(place(found[-1]) if found else 0)
        found += more
        if len(more) < PAGE:
            break
    return found


def _message(message: StoredMessage) -> dict[str, Any]:
    plain = _plain(message)
    del plain["conversation_id"], plain["id"]
    return plain


async def _session(store: Store, session: StoredSession) -> dict[str, Any]:
    return {
        **_plain(session),
        "answers": [_plain(one) for one in await store.responses.of_session(session.id)],
        "summaries": [_plain(one) for one in await store.summaries.of_session(session.id)],
        "risk_detections": [_plain(one) for one in await store.risk.of_session(session.id)],
        "actions": [_plain(masked(one)) for one in await store.audit.of_session(session.id)],
        "reminders": [_plain(one) for one in await store.timers.of_session(session.id)],
        "deliveries": [_plain(one) for one in await store.deliveries.of_session(session.id)],
    }


def _plain(record: Any) -> dict[str, Any]:
    """A record without what only the store needs, with JSON texts as values."""
    plain = {}
    for name, value in asdict(record).items():
        if name.endswith("_json") and name not in _INSIDE:
            plain[name.removesuffix("_json")] = None if value is None else orjson.loads(value)
        elif name not in _INSIDE:
            plain[name] = value
    return plain
