"""Callers that are cancelled, too many, or too late. proves: P2, P6"""

from __future__ import annotations

import asyncio

import pytest

from fsm_engine.errors import Busy, DatabaseUnavailable
from fsm_engine.storage import Store, open_store
from fsm_engine.storage.turn_rows import TurnToCommit
from tests.turns import turn

STEPS = 12


async def is_stored_whole(store: Store, one: TurnToCommit) -> bool:
    """Whether the turn is there; fails when a part of it is."""
    loaded = await store.load(one.conversation_id, one.request_id)
    if loaded is None:
        assert await store.sessions.get(one.session_id) is None
        assert await store.messages.last(one.conversation_id) == []
        return False
    assert loaded.session is not None
    assert len(loaded.seen) == 1
    assert (loaded.conversation.version, loaded.session.turn, loaded.conversation.message_count) == (1, 1, 2)
    assert len(await store.messages.last(one.conversation_id)) == 2
    return True


@pytest.mark.parametrize("steps", range(STEPS))
async def test_a_caller_cancelled_at_any_step_leaves_a_whole_turn_or_none(store: Store, steps: int) -> None:
    turns = [turn(1, conversation=f"chat {number}") for number in range(9)]
    calls = [asyncio.create_task(store.commit(one)) for one in turns]
    for _ in range(steps):
        await asyncio.sleep(0)
    for call in calls[::3]:
        call.cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)

    await store.commit(turn(1, conversation="afterwards"))
    for one, result in zip(turns, results, strict=True):
        stored = await is_stored_whole(store, one)
        assert stored or isinstance(result, asyncio.CancelledError)
    assert [result for result in results if not isinstance(result, asyncio.CancelledError)] == [None] * results.count(
        None
    )


async def test_a_turn_that_was_not_taken_is_withdrawn_with_its_caller(store: Store) -> None:
    before = asyncio.create_task(store.commit(turn(1, conversation="before")))
    call = asyncio.create_task(store.commit(turn(1)))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call, before])

    await store.commit(turn(1, conversation="afterwards"))
    assert await store.load("chat", None) is None


@pytest.mark.parametrize("steps", range(6))
async def test_a_reader_cancelled_at_any_step_disturbs_nobody(store: Store, steps: int) -> None:
    await store.commit(turn(1))
    calls = [asyncio.create_task(store.load("chat", None)) for _ in range(6)]
    calls += [asyncio.create_task(store.messages.last("chat")) for _ in range(6)]  # type: ignore[arg-type]
    for _ in range(steps):
        await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)

    assert all(results[1::2])
    await store.commit(turn(2))


@pytest.mark.parametrize("steps", range(8))
async def test_a_change_of_several_steps_is_whole_or_undone_when_cancelled(store: Store, steps: int) -> None:
    await store.commit(turn(1, user_id="ahmed"))
    call = asyncio.create_task(store.users.delete("ahmed"))
    for _ in range(steps):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])

    await store.commit(turn(1, conversation="afterwards"))
    conversation = await store.conversations.get("chat")
    session = await store.sessions.get("session of chat")
    assert (conversation is None) == (session is None)


async def test_a_call_too_many_is_turned_away_and_the_others_are_done(url: str) -> None:
    store = await open_store(url, queue_limit=5)
    try:
        results = await asyncio.gather(
            *(store.commit(turn(1, conversation=f"chat {number}")) for number in range(8)), return_exceptions=True
        )

        running_and_waiting = 6
        assert results[:running_and_waiting] == [None] * running_and_waiting
        assert [type(result) for result in results[running_and_waiting:]] == [Busy, Busy]
        await store.commit(turn(1, conversation="chat 7"))
    finally:
        await store.close()


async def test_closing_does_first_what_was_asked_for(url: str) -> None:
    store = await open_store(url)
    calls = [asyncio.create_task(store.commit(turn(1, conversation=f"chat {number}"))) for number in range(50)]
    await asyncio.sleep(0)
    await store.close()

    assert await asyncio.gather(*calls) == [None] * 50


async def test_a_closed_store_says_so(url: str) -> None:
    store = await open_store(url)
    await store.close()
    await store.close()

    with pytest.raises(DatabaseUnavailable, match="closed"):
        await store.commit(turn(1))
    with pytest.raises(DatabaseUnavailable, match="closed"):
        await store.load("chat", None)
    with pytest.raises(DatabaseUnavailable, match="closed"):
        await store.messages.last("chat")
    with pytest.raises(DatabaseUnavailable, match="closed"):
        await store.users.delete("ahmed")
