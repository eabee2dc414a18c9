"""What was done is taken back: in reverse order, each by its own key, once, and on record."""

# proves: A3, P5

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fsm_engine import ActionCall, Actions, Rejected, Retryable
from fsm_engine.engine.journal import replay
from fsm_engine.failpoints import FailpointReached, armed
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.codec import encode
from fsm_engine.model.session import Status
from tests.engine.conftest import MakeBot
from tests.support.bots import Bot, texts

TRIP = """
flow: trip
start: {phrases: [plan a trip]}
steps:
  - {ask: city, type: text 1..60, prompt: Which city?}
  - {do: hotel.book, send: [city], save_as: room, undo: hotel.cancel}
  - {ask: seat, type: text 1..60, prompt: "Room {room}. Which seat?"}
  - {do: train.book, send: [seat, room], save_as: ticket, undo: train.cancel}
  - {ask: meal, type: text 1..60, prompt: "Ticket {ticket}. Which meal?"}
  - {do: meal.order, send: [meal]}
  - {end: Have a good trip.}
"""
SIDE = """
flow: taxi
title: taxi
start: {phrases: [call me a taxi]}
steps:
  - {ask: street, type: text 1..60, prompt: Which street?}
  - {do: taxi.call, send: [street], undo: taxi.dismiss}
  - {ask: tip, type: text 1..60, prompt: Which tip?}
  - {end: The taxi comes.}
"""
UNDONE = "What I had already done for you is taken back."
STUCK = (
    "I could not take back everything that I had already done for you. A person will look at it, so please do not try "
    "it twice."
)


class World:
    """A hotel, a train, a taxi and a kitchen; each call is written down, and ``stands`` is what has an effect."""

    def __init__(self, **ways: Any) -> None:
        self.calls: list[tuple[str, str]] = []
        self.seen: list[ActionCall] = []
        self.stands: dict[str, str] = {}
        self.ways = ways
        self.actions = Actions()
        for name in ("hotel.book", "train.book", "taxi.call"):
            self.actions.action(name, idempotent=True)(self._doing(name))
        for name in ("hotel.cancel", "train.cancel", "taxi.dismiss"):
            self.actions.action(name, idempotent=True)(self._undoing(name))
        self.actions.action("meal.order")(self._doing("meal.order"))

    def _doing(self, name: str) -> Any:
        async def do(call: ActionCall) -> str:
            self._note(name, call)
            self.stands[call.idempotency_key] = name
            return f"{name} {' '.join(map(str, call.slots.values()))}"

        return do

    def _undoing(self, name: str) -> Any:
        async def undo(call: ActionCall) -> None:
            self._note(name, call)
            assert call.undoes is not None
            self.stands.pop(call.undoes, None)

        return undo

    def _note(self, name: str, call: ActionCall) -> None:
        self.calls.append((name, call.idempotency_key))
        self.seen.append(call)
        way = self.ways.get(name.replace(".", "_"))
        if way is not None:
            raise way

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


async def talk(engine: Any, *messages: str) -> list[list[str]]:
    return [texts(await engine.turn("chat", message)) for message in messages]


async def plan(engine: Any, *messages: str) -> list[list[str]]:
    await engine.start("chat", "trip")
    return await talk(engine, *messages)


def statuses(bot: Bot) -> list[tuple[Any, ...]]:
    return bot.rows("SELECT action, status FROM audit_log ORDER BY id")


async def is_replayed(engine: Any, bot: Bot) -> bool:
    """Whether a replay, which can ask nobody, gives the stored state."""
    session = await engine.session("chat")
    journal = await engine.store.sessions.journal(session.id)
    stored = await engine.store.sessions.get(session.id)
    outcomes = list(replay(load_flows(bot.flows), journal))
    return encode(outcomes[-1].state).decode() == stored.state_json


async def test_a_cancelled_session_takes_back_what_was_done_in_reverse_order(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome", "window")
        said = (await talk(engine, "cancel", "yes"))[-1]
        reply = await engine.session("chat")
        assert await is_replayed(engine, bot)

    assert world.names == ["hotel.book", "train.book", "train.cancel", "hotel.cancel"]
    assert world.stands == {}
    assert said[-1] == UNDONE
    assert reply.status is Status.CANCELLED
    booked, ticket = world.calls[0][1], world.calls[1][1]
    assert [key for _, key in world.calls[2:]] == [f"{ticket}:undo", f"{booked}:undo"]
    assert bot.rows("SELECT action, status, undoes FROM audit_log ORDER BY id") == [
        ("hotel.book", "rolled_back", None),
        ("train.book", "rolled_back", None),
        ("train.cancel", "success", ticket),
        ("hotel.cancel", "success", booked),
    ]
    assert bot.rows("SELECT status FROM transactions") == [("rolled_back",)] * 2


async def test_an_undo_gets_what_was_sent_and_what_came_back(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome", "cancel", "yes")

    undo = world.seen[-1]
    assert dict(undo.slots) == {"city": "Rome"}
    assert undo.result == "hotel.book Rome"
    assert undo.undoes == world.seen[0].idempotency_key


async def test_the_undo_that_is_registered_with_the_action_counts_where_the_flow_names_none(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP.replace(", undo: hotel.cancel", "")), World()
    world.actions.action("hotel.book", undo="hotel.cancel")(world._doing("hotel.book"))
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome", "cancel", "yes")

    assert world.names == ["hotel.book", "hotel.cancel"]


async def test_what_nobody_can_take_back_is_left(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP.replace(", undo: hotel.cancel", "")), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome", "cancel", "yes")

    assert world.names == ["hotel.book"]
    assert statuses(bot) == [("hotel.book", "success")]


async def test_starting_anew_takes_everything_back_first(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome", "window")
        (_, said) = await talk(engine, "start over", "yes")
        after = await talk(engine, "Oslo")
        assert await is_replayed(engine, bot)

    assert world.names == ["hotel.book", "train.book", "train.cancel", "hotel.cancel", "hotel.book"]
    assert said[0] == UNDONE
    assert said[-1] == "Which city?"
    assert after == [["Room hotel.book Oslo. Which seat?"]]
    assert list(world.stands.values()) == ["hotel.book"]


async def test_a_corrected_answer_that_was_sent_takes_back_what_rests_on_it_and_does_it_anew(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome", "window")
        (said,) = await talk(engine, "actually my city is Oslo")
        assert await is_replayed(engine, bot)

    assert world.names == ["hotel.book", "train.book", "train.cancel", "hotel.cancel", "hotel.book", "train.book"]
    assert said[-1] == "Ticket train.book window hotel.book Oslo. Which meal?"
    assert UNDONE in said
    assert sorted(world.stands.values()) == ["hotel.book", "train.book"]
    assert len({key for _, key in world.calls}) == 6


async def test_a_corrected_answer_leaves_what_does_not_rest_on_it(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome", "window")
        (said,) = await talk(engine, "actually my seat is aisle")

    assert world.names == ["hotel.book", "train.book", "train.cancel", "train.book"]
    assert said[-1] == "Ticket train.book aisle hotel.book Rome. Which meal?"


async def test_back_over_an_action_takes_it_back(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome")
        (said, after) = await talk(engine, "back", "Oslo")

    assert said[-1] == "Which city?"
    assert after == ["Room hotel.book Oslo. Which seat?"]
    assert world.names == ["hotel.book", "hotel.cancel", "hotel.book"]
    assert list(world.stands.values()) == ["hotel.book"]


async def test_a_request_that_was_taken_back_is_made_anew_and_gets_no_old_result(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome", "cancel", "yes")
        await plan(engine, "Rome")

    assert world.names == ["hotel.book", "hotel.cancel", "hotel.book"]
    assert list(world.stands.values()) == ["hotel.book"]


async def test_a_later_action_that_fails_for_good_takes_back_the_earlier_ones(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP), World(meal_order=Rejected("no"))
    async with bot.open(actions=world.actions) as engine:
        said = (await plan(engine, "Rome", "window", "soup"))[-1]
        session = await engine.session("chat")

    assert world.names[-3:] == ["meal.order", "train.cancel", "hotel.cancel"]
    assert world.stands == {}
    assert said[0] == "I am sorry, that is not possible."
    assert said[-1] == UNDONE
    assert session.status is Status.HANDED_OFF


@pytest.mark.parametrize("error", [TimeoutError(), RuntimeError()])
async def test_a_later_action_that_is_in_doubt_leaves_everything_to_a_person(make_bot: MakeBot, error: Any) -> None:
    bot, world = make_bot(TRIP), World(meal_order=error)
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome", "window", "soup")

    assert world.names[-1] == "meal.order"
    assert statuses(bot) == [("hotel.book", "success"), ("train.book", "success"), ("meal.order", "unknown")]


async def test_a_later_action_that_may_fail_takes_nothing_back(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP.replace("send: [meal]", "send: [meal], give_up: skip")), World(meal_order=Rejected("no"))
    async with bot.open(actions=world.actions) as engine:
        said = (await plan(engine, "Rome", "window", "soup"))[-1]

    assert said[-1] == "Have a good trip."
    assert len(world.stands) == 2


async def test_an_undo_that_fails_is_tried_again_under_its_key_and_then_stuck(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP), World(train_cancel=Retryable("no"))
    async with bot.open(actions=world.actions, chance=lambda: 0.0) as engine:
        await plan(engine, "Rome", "window")
        said = (await talk(engine, "cancel", "yes"))[-1]
        listed = [(one.action, one.status, one.next) for one in await engine.unfinished()]
        assert await engine.recover() == 0

    assert world.names[2:] == ["train.cancel"] * 4
    assert len({key for _, key in world.calls[2:]}) == 1
    assert said[-1] == STUCK
    assert statuses(bot) == [("hotel.book", "success"), ("train.book", "success"), ("train.cancel", "stuck")]
    assert bot.rows("SELECT status FROM transactions ORDER BY id") == [("completed",), ("stuck",)]
    assert listed == [("train.cancel", "stuck", "person")]


async def test_after_a_stuck_undo_nothing_is_done_anew_and_a_person_takes_over(make_bot: MakeBot) -> None:
    for messages in (("start over", "yes"), ("actually my city is Oslo",), ("back",)):
        bot, world = make_bot(TRIP), World(hotel_cancel=Rejected("no"))
        async with bot.open(actions=world.actions) as engine:
            await plan(engine, "Rome")
            said = (await talk(engine, *messages))[-1]
            session = await engine.session("chat")

        assert world.names == ["hotel.book", "hotel.cancel"]
        assert said[-1] == STUCK
        assert session.status is Status.HANDED_OFF
        bot.database.unlink()


async def test_cancelling_an_interruption_takes_back_only_what_it_did(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP, SIDE), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome")
        said = (await talk(engine, "call me a taxi", "High Street", "cancel", "yes"))[-1]

    assert world.names == ["hotel.book", "taxi.call", "taxi.dismiss"]
    assert said[-1] == "Room hotel.book Rome. Which seat?"
    assert list(world.stands.values()) == ["hotel.book"]


async def test_what_an_interruption_did_stays_when_it_is_over(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP, SIDE), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome")
        await talk(engine, "call me a taxi", "High Street", "five", "cancel", "yes")

    assert world.names == ["hotel.book", "taxi.call", "hotel.cancel"]
    assert list(world.stands.values()) == ["taxi.call"]


async def test_what_a_flow_did_that_another_ran_is_taken_back_with_it(make_bot: MakeBot) -> None:
    outer = "flow: day\nsteps:\n  - {run: taxi}\n  - {ask: mood, type: text, prompt: Mood?}\n"
    bot, world = make_bot(outer, SIDE), World()
    async with bot.open(actions=world.actions) as engine:
        await engine.start("chat", "day")
        await talk(engine, "High Street", "five", "cancel", "yes")

    assert world.names == ["taxi.call", "taxi.dismiss"]


async def test_starting_another_flow_over_a_session_cancels_it_and_takes_back_what_it_did(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP, SIDE), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome")
        reply = await engine.start("chat", "taxi", request_id="r")
        again = await engine.start("chat", "taxi", request_id="r")

    assert texts(reply)[-2:] == [UNDONE, "Which street?"]
    assert texts(again) == texts(reply)
    assert world.names == ["hotel.book", "hotel.cancel"]
    assert bot.rows("SELECT status FROM sessions ORDER BY key") == [("cancelled",), ("active",)]


async def test_a_session_that_expires_keeps_what_it_did(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome")
        bot.clock.advance(7200)
        await engine.start("chat", "trip")

    assert world.names == ["hotel.book"]


@pytest.mark.parametrize("rollback", ["'{'", "'{}'", "NULL"])
async def test_an_undo_of_which_nothing_sound_is_known_is_stuck(make_bot: MakeBot, rollback: str) -> None:
    bot, world = make_bot(TRIP), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome")
        bot.change(f"UPDATE transactions SET rollback_data = {rollback}")
        said = (await talk(engine, "cancel", "yes"))[-1]

    assert world.names == ["hotel.book"]
    assert said[-1] == STUCK
    assert statuses(bot) == [("hotel.book", "success"), ("hotel.cancel", "stuck")]


UNDO_POINTS = [
    (name, hit)
    for hit in (1, 2)
    for name in (
        "turn.before-commit", "turn.after-commit", "action.before-call", "action.after-call", "action.before-result",
        "store.before-statement", "store.after-statement",
    )
]  # fmt: skip


@pytest.mark.parametrize(("failpoint", "hit"), UNDO_POINTS)
@pytest.mark.parametrize("way", ["redelivery", "next turn", "recover"])
async def test_an_undo_that_breaks_off_anywhere_goes_on_where_it_was(
    make_bot: MakeBot, failpoint: str, hit: int, way: str
) -> None:
    bot, world = make_bot(TRIP), World()
    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome", "window", "cancel")
        with armed(failpoint, hit=hit), pytest.raises(FailpointReached):
            await engine.turn("chat", "yes", request_id="r")
    async with bot.open(actions=world.actions) as engine:
        if way == "next turn":
            await engine.turn("chat", "yes")
        elif way == "recover":
            await engine.recover()
        reply = await engine.turn("chat", "yes", request_id="r")
        unfinished = await engine.unfinished()

    assert world.stands == {}
    assert unfinished == []
    cancelled = way == "next turn" and (failpoint, hit) in {("turn.before-commit", 1), ("store.before-statement", 1)}
    assert cancelled or (reply.session.status is Status.CANCELLED and texts(reply)[-1] == UNDONE)
    undone = [key for name, key in world.calls if name.endswith("cancel")]
    assert list(dict.fromkeys(undone)) == [f"{world.calls[1][1]}:undo", f"{world.calls[0][1]}:undo"]
    assert len(undone) <= 3
    assert bot.rows("SELECT DISTINCT status FROM transactions") == [("rolled_back",)]


async def test_a_cancelled_caller_leaves_an_undo_that_the_next_turn_finishes(make_bot: MakeBot) -> None:
    bot, world = make_bot(TRIP), World()
    reached = asyncio.Event()

    async def hangs(call: ActionCall) -> None:
        reached.set()
        await asyncio.Event().wait()

    async with bot.open(actions=world.actions) as engine:
        await plan(engine, "Rome", "cancel")
        good = world.actions.by_name["hotel.cancel"]
        world.actions.action("hotel.cancel", idempotent=True)(hangs)
        turn = asyncio.create_task(engine.turn("chat", "yes"))
        await reached.wait()
        turn.cancel()
        await asyncio.wait([turn])
        world.actions.by_name["hotel.cancel"] = good
        reply = await engine.turn("chat", "plan a trip")

    assert texts(reply) == [UNDONE, "Which city?"]
    assert world.stands == {}
