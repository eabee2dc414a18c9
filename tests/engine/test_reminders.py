"""Reminders through the engine: fired once, in order, over restarts and clock jumps, and delivered. proves: S3"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fsm_engine import Delivery, Status
from fsm_engine.engine.exports.collect import export_conversation
from fsm_engine.engine.journal import replay
from fsm_engine.failpoints import FailpointReached, armed
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.turn import Reply
from tests.engine.conftest import MakeBot
from tests.support.bots import BUY, Bot, texts

GOALS = """
flow: goals
steps:
  - {ask: goal, type: "text 1..60", prompt: What?}
  - {ask: due, type: date, prompt: When?}
  - {remind: due, say: "Today: {goal}."}
  - {ask: helper, type: "text 1..60", prompt: Who helps?}
  - {end: Good luck.}
"""
DAY_S = 86_400


@pytest.fixture
def bot(make_bot: MakeBot) -> Bot:
    return make_bot(GOALS, BUY)


async def set_goal(engine: Any, conversation_id: str = "chat", *, to_the_end: bool = True) -> None:
    await engine.start(conversation_id, "goals")
    for text in ("Run", "friday", *(["Ana"] if to_the_end else [])):
        await engine.turn(conversation_id, text)


def timers_of(bot: Bot) -> list[tuple[Any, ...]]:
    return bot.rows("SELECT status, due_at, fired_at FROM timers ORDER BY session, due_at")


def pushed(bot: Bot) -> list[tuple[Any, ...]]:
    return bot.rows("SELECT payload, status FROM deliveries ORDER BY key")


async def test_a_reminder_comes_when_its_day_has_come_though_the_session_is_completed(bot: Bot) -> None:
    got: list[Delivery] = []
    async with bot.open(deliver=got.append) as engine:
        await set_goal(engine)
        bot.clock.advance(2 * DAY_S - 1)
        assert await engine.run_timers() == 0
    async with bot.open(deliver=got.append) as engine:
        bot.clock.advance(1)
        assert await engine.run_timers() == 1
        assert await engine.run_timers() == 0
        await engine.run_deliveries()
        session = await engine.session("chat")
        said = await engine.history("chat")
        summaries = await engine.store.summaries.of_session(session.id)

    assert [(one.conversation_id, one.text, one.turn) for one in got] == [("chat", "Today: Run.", 5)]
    assert (session.status, session.turn) == (Status.COMPLETED, 5)
    assert [(one.role, one.content) for one in said[-1:]] == [("assistant", "Today: Run.")]
    assert [one.kind for one in summaries] == ["complete"]
    assert [row[0] for row in timers_of(bot)] == ["fired"]


async def test_completion_and_idle_time_stay_what_they_were(bot: Bot) -> None:
    async with bot.open() as engine:
        await set_goal(engine)
        await set_goal(engine, "open", to_the_end=False)
        before = bot.rows("SELECT expires_at, completed_at FROM sessions ORDER BY key")
        bot.clock.advance(3 * DAY_S)
        await engine.run_timers()
    assert bot.rows("SELECT expires_at, completed_at FROM sessions ORDER BY key") == before
    assert bot.rows("SELECT status FROM sessions ORDER BY key") == [("completed",), ("expired",)]
    assert [turn for (turn,) in bot.rows("SELECT turn FROM sessions ORDER BY key")] == [5, 4]


async def test_it_comes_in_the_conversation_that_has_gone_on_in_another_session(bot: Bot) -> None:
    async with bot.open() as engine:
        await set_goal(engine)
        first = (await engine.session("chat")).id
        bot.clock.advance(2 * DAY_S - 60)
        await engine.start("chat", "goals")
        await engine.turn("chat", "Swim")
        bot.clock.advance(60)
        assert await engine.run_timers() == 1
        reply = await engine.turn("chat", "saturday", request_id="r1")
        journal = await engine.store.sessions.journal(first)

    assert texts(reply) == ["Who helps?"]
    assert len(journal) == 5
    assert bot.rows("SELECT version FROM conversations") == [(4 + 3 + 1,)]


async def test_of_many_processes_that_run_timers_one_fires_each(bot: Bot) -> None:
    async with bot.open() as one, bot.open() as two, bot.open() as three:
        for number in range(20):
            await set_goal(one, f"chat {number}")
        bot.clock.advance(2 * DAY_S)
        fired = await asyncio.gather(*(engine.run_timers() for engine in (one, two, three, one)))

    assert sum(fired) == 20
    assert [row[0] for row in timers_of(bot)] == ["fired"] * 20
    assert len(pushed(bot)) == 20


@pytest.mark.parametrize("point", ["timer.before-commit", "timer.after-commit"])
async def test_a_crash_around_the_commit_fires_it_once(bot: Bot, point: str) -> None:
    async with bot.open() as engine:
        await set_goal(engine)
        bot.clock.advance(2 * DAY_S)
        with armed(point), pytest.raises(FailpointReached):
            await engine.run_timers()
    async with bot.open() as engine:
        assert await engine.run_timers() == (point == "timer.before-commit")
    assert len(pushed(bot)) == 1


async def test_a_user_s_message_and_a_reminder_at_once_are_two_turns(bot: Bot) -> None:
    async with bot.open() as engine:
        await set_goal(engine, to_the_end=False)
        bot.clock.advance(2 * DAY_S)
        bot.change("UPDATE sessions SET expires_at = NULL, state_hash = substr(state_hash, 1, 16)")
    async with bot.open() as engine:
        fired, reply = await asyncio.gather(engine.run_timers(), engine.turn("chat", "Ana"))

    assert (fired, texts(reply)) == (1, ["Good luck."])
    assert bot.rows("SELECT turn FROM sessions") == [(5,)]


async def test_another_date_moves_it_and_a_cancelled_session_has_none(bot: Bot) -> None:
    async with bot.open() as engine:
        await set_goal(engine, to_the_end=False)
        await engine.turn("chat", "actually the due is saturday")
        assert timers_of(bot) == [("pending", "2026-03-07T09:00:00.000000Z", None)]
        await engine.start("chat", "goals")
        assert [row[0] for row in timers_of(bot)] == ["cancelled"]
        bot.clock.advance(9 * DAY_S)
        assert await engine.run_timers() == 0


async def test_a_session_whose_time_is_up_still_reminds(bot: Bot) -> None:
    async with bot.open() as engine:
        await set_goal(engine, to_the_end=False)
        bot.clock.advance(DAY_S)
        await engine.store.sessions.clean_up("2026-03-05T09:00:00.000000Z")
        bot.clock.advance(DAY_S)
        assert await engine.run_timers() == 1
    assert bot.rows("SELECT status, turn FROM sessions") == [("expired", 4)]


async def test_a_session_that_goes_on_in_another_takes_its_reminder_along(make_bot: MakeBot) -> None:
    bot = make_bot(GOALS, "bot: b\ncoming_back: {say: Welcome back.}")
    async with bot.open() as engine:
        await set_goal(engine, to_the_end=False)
        bot.clock.advance(3600)
        await engine.turn("chat", "hi")
        await engine.turn("chat", "continue")
        await engine.turn("chat", "actually the due is saturday")
        assert [row[:2] for row in timers_of(bot)] == [
            ("cancelled", "2026-03-06T09:00:00.000000Z"),
            ("pending", "2026-03-07T09:00:00.000000Z"),
        ]
        bot.clock.advance(4 * DAY_S)
        assert await engine.run_timers() == 1


async def test_while_an_action_is_under_way_a_reminder_waits(make_bot: MakeBot) -> None:
    flow = BUY.replace("flow: buy\nsteps:", "flow: buy\nsteps:\n  - {remind: in 1 hour, say: Hungry?}")
    bot = make_bot(flow)
    async with bot.open() as engine:
        engine.action("shop.buy", idempotent=True)(lambda call: 7)
        await engine.start("chat", "buy")
        with armed("action.before-call"), pytest.raises(FailpointReached):
            await engine.turn("chat", "Soup", request_id="r1")
        bot.clock.advance(7200)
        assert await engine.run_timers() == 0
        assert await engine.recover() == 1
        assert await engine.run_timers() == 1
        again = await engine.turn("chat", "Soup", request_id="r1")
    assert "Bought Soup: number 7." in again.text


async def test_clock_jumps_fire_it_once_and_not_before_its_time(bot: Bot) -> None:
    async with bot.open() as engine:
        await set_goal(engine)
        bot.clock.advance(-10 * DAY_S)
        assert await engine.run_timers() == 0
        bot.clock.advance(800 * 365 * DAY_S)
        assert await engine.run_timers() == 1
        bot.clock.advance(-800 * 365 * DAY_S)
        assert await engine.run_timers() == 0
        bot.clock.advance(12 * DAY_S)
        assert await engine.run_timers() == 0


async def test_a_reminder_for_the_last_day_there_is_waits_for_it(bot: Bot) -> None:
    async with bot.open() as engine:
        await engine.start("chat", "goals", slots={"goal": "Run", "due": "9999-12-31"})
        assert [row[1] for row in timers_of(bot)] == ["9999-12-31T09:00:00.000000Z"]
        bot.clock.advance(7000 * 365 * DAY_S)
        assert await engine.run_timers() == 0


async def test_a_session_is_not_purged_before_it_has_reminded(bot: Bot) -> None:
    async with bot.open() as engine:
        await engine.start("chat", "goals")
        for text in ("Run", "2026-06-01", "Ana"):
            await engine.turn("chat", text)
        bot.clock.advance(60 * DAY_S)
        assert (await engine.purge()).sessions == 0
        bot.clock.advance(60 * DAY_S)
        assert await engine.run_timers() == 1
        bot.clock.advance(60 * DAY_S)
        purged = await engine.purge()
    assert (purged.sessions, purged.undelivered) == (1, 1)


async def test_the_journal_replays_a_reminder_byte_for_byte(bot: Bot) -> None:
    async with bot.open() as engine:
        await set_goal(engine)
        bot.clock.advance(2 * DAY_S)
        await engine.run_timers()
        session = await engine.session("chat")
        journal = await engine.store.sessions.journal(session.id)
    outcomes = list(replay(load_flows(bot.flows), journal))

    ((stored,),) = bot.rows("SELECT state_json FROM sessions")
    assert encode(outcomes[-1].state).decode() == stored
    for outcome, line in zip(outcomes, journal, strict=True):
        assert decode(Reply, line.reply_json).messages == outcome.messages


async def test_one_that_cannot_fire_holds_up_no_other(bot: Bot) -> None:
    async with bot.open() as engine:
        for number in range(3):
            await set_goal(engine, f"chat {number}")
    bot.change("UPDATE sessions SET state_json = replace(state_json, 'Run', 'Fun') WHERE key = 1")
    bot.clock.advance(2 * DAY_S)
    async with bot.open() as engine:
        assert await engine.run_timers() == 2
    assert sorted(row[0] for row in timers_of(bot)) == ["fired", "fired", "pending"]


async def test_erased_means_that_nobody_is_reminded(bot: Bot) -> None:
    async with bot.open() as engine:
        await set_goal(engine)
        erased = await engine.erase(conversation_id="chat")
        bot.clock.advance(2 * DAY_S)
        assert await engine.run_timers() == 0
    assert erased.deleted["timers"] == 1


async def test_an_export_tells_what_is_to_come_and_what_was_pushed(bot: Bot) -> None:
    async with bot.open() as engine:
        await set_goal(engine)
        await set_goal(engine, "other")
        bot.clock.advance(2 * DAY_S)
        await engine.run_timers()
        await engine.turn("chat", "hello")
        bot.change("UPDATE deliveries SET payload = 'no json' WHERE key = 2")
        exported = [await export_conversation(engine.store, chat, now="now") for chat in ("chat", "other")]

    (session, _next), (other,) = (one.conversations[0]["sessions"] for one in exported)
    assert [(one["step"], one["status"]) for one in session["reminders"]] == [("remind 1", "fired")]
    assert [one["payload"][0]["text"] for one in session["deliveries"]] == ["Today: Run."]
    assert [(one["is_damaged"], one["payload"]) for one in other["deliveries"]] == [(True, None)]
