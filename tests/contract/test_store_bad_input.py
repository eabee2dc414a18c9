"""Arguments that cannot be meant are refused with what to do, and change nothing. proves: D5, M7, M8"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from fsm_engine.errors import InvalidArgument, NotFound, VersionConflict
from fsm_engine.storage import Store
from fsm_engine.storage.repositories.messages import MOST_CHARACTERS
from tests.storage.full_turn import full_turn
from tests.turns import at, turn

Call = Callable[[Store, int], Awaitable[object]]
LIMITED: dict[str, Call] = {
    "messages.last": lambda store, limit: store.messages.last("chat", limit=limit),
    "messages.page": lambda store, limit: store.messages.page("chat", limit=limit),
    "messages.archived": lambda store, limit: store.messages.archived("chat", limit=limit),
    "messages.search": lambda store, limit: store.messages.search("message", limit=limit),
    "messages.count_by_conversation": lambda store, limit: store.messages.count_by_conversation("ana", limit=limit),
    "users.page": lambda store, limit: store.users.page(limit=limit),
    "conversations.of_user": lambda store, limit: store.conversations.of_user("ana", limit=limit),
    "conversations.with_status": lambda store, limit: store.conversations.with_status("active", limit=limit),
    "sessions.of_user": lambda store, limit: store.sessions.of_user("ana", limit=limit),
    "sessions.of_conversation": lambda store, limit: store.sessions.of_conversation("chat", limit=limit),
    "sessions.with_status": lambda store, limit: store.sessions.with_status("active", limit=limit),
    "sessions.list_expired": lambda store, limit: store.sessions.list_expired(at(1), limit=limit),
    "sessions.clean_up": lambda store, limit: store.sessions.clean_up(at(1), limit=limit),
    "audit.of_user": lambda store, limit: store.audit.of_user("ana", limit=limit),
    "audit.with_status": lambda store, limit: store.audit.with_status("pending", limit=limit),
    "audit.latest": lambda store, limit: store.audit.latest(limit=limit),
    "idempotency.clean_up": lambda store, limit: store.idempotency.clean_up(at(1), limit=limit),
    "risk.since": lambda store, limit: store.risk.since(at(1), limit=limit),
    "risk.to_review": lambda store, limit: store.risk.to_review(limit=limit),
    "timers.due": lambda store, limit: store.timers.due(at(1), limit=limit),
    "deliveries.with_status": lambda store, limit: store.deliveries.with_status("pending", limit=limit),
    "analytics.of_type": lambda store, limit: store.analytics.of_type("visit", limit=limit),
}


@pytest.mark.parametrize("name", sorted(LIMITED))
async def test_a_limit_is_at_least_one_and_as_high_as_anybody_likes(store: Store, name: str) -> None:
    await store.commit(full_turn(1, user_id="ana"))

    for wrong in (-1, 0, 2.5, "3", None, 10**30):
        with pytest.raises(InvalidArgument, match=r"limit: .*Ask for at least 1"):
            await LIMITED[name](store, wrong)  # type: ignore[arg-type]
    await LIMITED[name](store, 1)
    await LIMITED[name](store, 10**9)


NAMED: dict[str, Callable[[Store], Awaitable[object]]] = {
    "conversations.of_user": lambda store: store.conversations.of_user("ana", status="archive"),
    "conversations.with_status": lambda store: store.conversations.with_status("archive"),
    "sessions.of_user": lambda store: store.sessions.of_user("ana", status="archive"),
    "sessions.with_status": lambda store: store.sessions.with_status("archive"),
    "audit.with_status": lambda store: store.audit.with_status("archive"),
    "deliveries.with_status": lambda store: store.deliveries.with_status("archive"),
    "messages.last": lambda store: store.messages.last("chat", role="archive"),  # type: ignore[arg-type]
    "messages.page": lambda store: store.messages.page("chat", role="archive"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", sorted(NAMED))
async def test_a_status_or_role_that_there_is_not_is_refused_and_finds_not_nothing(store: Store, name: str) -> None:
    with pytest.raises(InvalidArgument, match=r"'archive' is none\. Choose from "):
        await NAMED[name](store)


AGES = {"now": at(9), "sessions_before": at(1), "messages_before": at(1)}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"sessions_before": "yesterday"}, "sessions_before: 'yesterday' is no time"),
        ({"messages_before": "31.01.2026"}, "messages_before: '31.01.2026' is no time"),
        ({"messages_before": "2099"}, "messages_before: 2099 is later than now"),
        ({"sessions_before": "2099-01-01T00:00:00.000000Z"}, "later than now"),
        ({"hold_since": "2099"}, "hold_since: 2099 is later than now"),
        ({"now": "2001"}, "sessions_before: .* is later than now, 2001"),
    ],
)
async def test_a_purge_from_a_time_to_come_or_from_none_removes_nothing(
    store: Store, wrong: dict[str, str], told: str
) -> None:
    await store.commit(turn(1, now=at(1), expires_at=at(1)))

    with pytest.raises(InvalidArgument, match=told):
        await store.retention.purge(**{**AGES, **wrong})  # type: ignore[arg-type]
    assert await store.sessions.get("session of chat") is not None


async def test_an_archive_from_a_time_to_come_archives_nothing(store: Store) -> None:
    await store.commit(turn(1, now=at(1), expires_at=at(1)))

    for times in ({"idle_before": "2099"}, {"idle_before": at(1), "move_before": "soon"}):
        with pytest.raises(InvalidArgument):
            await store.retention.archive(now=at(9), **times)  # type: ignore[arg-type]
    assert [one.id for one in await store.conversations.with_status("active")] == ["chat"]


async def test_what_is_saved_is_checked_before_it_is_stored(store: Store) -> None:
    await store.commit(turn(1, "chat"))
    await store.commit(turn(1, "other"))

    with pytest.raises(NotFound, match="has no session 'session of other'"):
        await store.messages.save_user("chat", "x", now=at(2), session_id="session of other")
    with pytest.raises(InvalidArgument, match="100000 are allowed"):
        await store.messages.save_user("chat", "x" * (MOST_CHARACTERS + 1), now=at(2))
    with pytest.raises(InvalidArgument, match="now: 'today' is no time"):
        await store.messages.save_user("chat", "x", now="today")
    saved = await store.messages.save_user("chat", "x" * MOST_CHARACTERS, now=at(2), session_id="session of chat")
    assert saved.session_id == "session of chat"
    assert [one.number for one in await store.messages.page("chat")] == [1, 2, 3]


async def test_an_id_that_is_taken_or_empty_is_refused_by_name(store: Store) -> None:
    await store.conversations.create("chat", now=at(1))

    with pytest.raises(VersionConflict, match="conversation 'chat': there is one already"):
        await store.conversations.create("chat", now=at(1))
    with pytest.raises(InvalidArgument):
        await store.conversations.create("", now=at(1))
    with pytest.raises(InvalidArgument):
        await store.sessions.create("chat", session_id="", now=at(1))
    with pytest.raises(InvalidArgument):
        await store.analytics.record("", now=at(1))


async def test_a_blank_title_is_none(store: Store) -> None:
    await store.conversations.create("chat", now=at(1), title=" \n ")
    created = await store.conversations.get("chat")
    await store.conversations.rename("chat", "a title", now=at(2))
    await store.conversations.rename("chat", "", now=at(3))

    renamed = await store.conversations.get("chat")
    assert (created and created.title, renamed and renamed.title) == (None, None)


async def test_lists_of_conversations_and_sessions_go_on_page_by_page(store: Store) -> None:
    for number in range(5):
        await store.commit(turn(1, f"chat {number}", user_id="ana"))
    await store.conversations.archive("chat 0", now=at(2))

    newest = await store.conversations.of_user("ana", limit=2)
    older = await store.conversations.of_user("ana", before=newest[-1].key, limit=2)
    oldest = await store.conversations.of_user("ana", before=older[-1].key)
    assert [one.id for one in [*newest, *older, *oldest]] == [f"chat {number}" for number in (4, 3, 2, 1, 0)]
    active = await store.conversations.with_status("active", before=newest[-1].key)
    assert [one.id for one in active] == ["chat 2", "chat 1"]
    sessions = await store.sessions.of_user("ana", limit=3)
    assert [one.conversation_id for one in await store.sessions.of_user("ana", before=sessions[-1].key)] == [
        "chat 1",
        "chat 0",
    ]
    assert len(await store.sessions.with_status("active", before=sessions[-1].key)) == 2


async def test_counts_by_status_and_users_by_page(store: Store) -> None:
    for number in range(3):
        await store.commit(turn(1, f"chat {number}", user_id="ana"))
    await store.commit(turn(1, "other", user_id="ben"))
    await store.conversations.archive("chat 0", now=at(2))
    await store.sessions.expire("session of chat 1", now=at(2))

    assert await store.conversations.count_of_user("ana") == {"active": 2, "archived": 1}
    assert await store.sessions.count_of_user("ana") == {"active": 2, "expired": 1}
    assert await store.conversations.count_of_user("nobody") == {}
    assert [one.id for one in await store.users.page(limit=1)] == ["ana"]
    assert [one.id for one in await store.users.page(after="ana")] == ["ben"]
    assert (await store.users.get("ben")) == (await store.users.page(after="ana"))[0]
    assert await store.users.get("nobody") is None
