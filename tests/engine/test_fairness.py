"""One conversation that floods delays nobody else's message, and cannot fill the queue for others."""

# proves: P4

from __future__ import annotations

import asyncio

import pytest

from fsm_engine import Busy, Engine
from fsm_engine.engine.held import WAITING_AT_MOST, WAITING_PER_CONVERSATION, ConversationOrder
from fsm_engine.storage.sqlite import SqliteStore
from tests.engine.conftest import MakeBot
from tests.support.bots import ORDER

FLOOD = 1_000


async def batches_of(engine: Engine) -> list[str]:
    """A list that grows by one with every batch of turns that is written.

    SQLite tells of each statement of a trigger too, and names it by the statement that set the trigger off.
    """
    batches: list[str] = []

    def note(statement: str) -> None:
        if statement.startswith("INSERT INTO turn_intake") and statement not in batches[-1:]:
            batches.append(statement)

    assert isinstance(engine.store, SqliteStore)
    await engine.store._database._writer.set_trace_callback(note)
    return batches


async def test_a_single_message_beside_a_flood_waits_for_a_couple_of_batches_at_most(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        for number in range(20):  # known to the engine, so that what is counted is waiting to be written
            await engine.turn(f"other {number}", "I want to order")
        batches = await batches_of(engine)
        flood = [asyncio.create_task(engine.turn("flood", f"soup {n}", request_id=f"r{n}")) for n in range(FLOOD)]
        await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
        waits = []
        for number in range(20):
            before = len(batches)
            await engine.turn(f"other {number}", "Soup")
            waits.append(len(batches) - before)  # the one under way, its own, one that began before this was resumed
        still_waiting = sum(not call.done() for call in flood)
        await asyncio.gather(*flood)

    assert max(waits) <= 3
    assert still_waiting > FLOOD / 2, "the flood was over before: the test proves nothing"
    assert bot.rows("SELECT version FROM conversations WHERE id = 'flood'") == [(FLOOD,)]


async def test_a_flood_takes_one_place_of_each_batch(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        batches = await batches_of(engine)
        calls = [engine.turn("flood", f"soup {n}") for n in range(60)]
        calls += [engine.turn(f"chat {n}", "I want to order") for n in range(60)]
        await asyncio.gather(*calls)

    assert {batch.count("('flood',") for batch in batches if "('flood'," in batch} == {1}
    assert (
        sum(batch.count("('chat ") for batch in batches[:10]) == 60
    )  # of some sixty batches: nobody waits for the flood to end
    assert 60 <= len(batches) <= 64


async def test_messages_of_a_flood_are_answered_in_the_order_in_which_they_came(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        await asyncio.gather(*(engine.turn("flood", f"soup {n}") for n in range(100)))

    said = bot.rows("SELECT content FROM messages WHERE role = 'user' ORDER BY number")
    assert said == [(f"soup {n}",) for n in range(100)]


async def test_what_is_too_much_for_one_conversation_is_turned_away_and_others_are_served(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        flood = [asyncio.create_task(engine.turn("flood", f"soup {n}")) for n in range(WAITING_PER_CONVERSATION + 50)]
        other = asyncio.create_task(engine.turn("other", "I want to order"))
        results = await asyncio.gather(*flood, return_exceptions=True)
        assert (await other).messages

    running_and_waiting = WAITING_PER_CONVERSATION + 1
    assert not any(isinstance(result, BaseException) for result in results[:running_and_waiting])
    assert {type(result) for result in results[running_and_waiting:]} == {Busy}
    assert bot.rows("SELECT version FROM conversations WHERE id = 'flood'") == [(running_and_waiting,)]
    assert WAITING_PER_CONVERSATION * 10 <= WAITING_AT_MOST


async def waiting(order: ConversationOrder, conversation: str, count: int) -> list[asyncio.Task[None]]:
    """Calls that wait behind the first one, which runs."""
    await order.enter(conversation)
    calls = [asyncio.create_task(order.enter(conversation)) for _ in range(count)]
    await asyncio.sleep(0)
    return calls


async def test_what_waits_in_all_is_bounded_and_a_conversation_of_its_own_still_gets_in() -> None:
    order = ConversationOrder(per_conversation=3, in_all=4)
    calls = await waiting(order, "a", 3) + await waiting(order, "b", 1)

    with pytest.raises(Busy, match="4 messages in all wait already"):
        await order.enter("b")
    await order.enter("c")
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    for conversation in ("a", "b", "c"):
        order.leave(conversation)
    await order.enter("a")


async def test_callers_that_gave_up_leave_room_for_others() -> None:
    order = ConversationOrder(per_conversation=3, in_all=3)
    for _ in range(5):
        calls = await waiting(order, "a", 3)
        with pytest.raises(Busy, match="3 messages of it wait already"):
            await order.enter("a")
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        order.leave("a")

    assert order._waiting == {}
    assert order._in_all == 0
