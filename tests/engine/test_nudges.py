"""Nudges: a question that stays open is brought to mind, and nothing is stored for one that is to come. proves: S3"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fsm_engine import Delivery
from fsm_engine.engine.journal import replay
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.codec import encode
from tests.engine.conftest import MakeBot
from tests.support.bots import BUY, ORDER, Bot, texts
from tests.support.flow_texts import problems_of

BOT = "bot: b\nexpires: 1 hour\nnudge: {after: 10 minutes, say: Are you still there?}"
RISK = "risk: policy\ndetectors: [{phrases: crisis}]\nlevels:\n"
MINUTE = 60.0


def said_by_itself(bot: Bot) -> list[str]:
    return [text for (text,) in bot.rows("SELECT payload ->> '$[0].text' FROM deliveries ORDER BY key")]


async def test_an_open_question_is_brought_to_mind_once(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOT)
    got: list[Delivery] = []
    async with bot.open(deliver=got.append) as engine:
        await engine.start("chat", "order")
        bot.clock.advance(10 * MINUTE - 1)
        assert await engine.run_timers() == 0
        bot.clock.advance(1)
        assert [await engine.run_timers() for _ in range(2)] == [1, 0]
        bot.clock.advance(20 * MINUTE)
        assert await engine.run_timers() == 0
        await engine.run_deliveries()
        assert texts(await engine.turn("chat", "Soup")) == ["Any wish for your Soup?"]
        bot.clock.advance(10 * MINUTE)
        assert await engine.run_timers() == 1
    assert got[0].text == "Are you still there?"
    assert said_by_itself(bot) == ["Are you still there?"] * 2


async def test_idle_time_goes_on_after_a_nudge(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOT)
    async with bot.open() as engine:
        before = (await engine.start("chat", "order")).session
        bot.clock.advance(59 * MINUTE)
        assert await engine.run_timers() == 1
        bot.clock.advance(1 * MINUTE)
        after = (await engine.turn("chat", "Soup")).session
    assert after.id != before.id


async def test_a_flow_says_when_and_how_often_or_never(make_bot: MakeBot) -> None:
    order = ORDER.replace(
        "steps:", "nudge: {after: 1 minute, say: \"Well, {dish or 'which dish'}?\", at_most: 2}\nsteps:"
    )
    never = BUY.replace("steps:", "nudge: {after: 1 minute, say: Never., at_most: 0}\nsteps:")
    bot = make_bot(order, never, BOT)
    async with bot.open() as engine:
        await engine.start("one", "order")
        await engine.turn("one", "Soup")
        await engine.start("two", "buy")
        fired = []
        for _ in range(4):
            bot.clock.advance(MINUTE)
            fired.append(await engine.run_timers())
        bot.clock.advance(20 * MINUTE)
        fired.append(await engine.run_timers())
    assert fired == [1, 1, 0, 0, 0]
    assert said_by_itself(bot) == ["Well, Soup?"] * 2


async def test_nobody_is_nudged_where_nothing_is_asked(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOT)
    async with bot.open() as engine:
        await engine.start("over", "order")
        await engine.turn("over", "Soup")
        await engine.turn("over", "none")
        await engine.start("cancelling", "order")
        await engine.turn("cancelling", "Soup")
        await engine.turn("cancelling", "cancel")
        await engine.turn("nothing begun", "hello there")
        await engine.start("expired", "order")
        bot.clock.advance(61 * MINUTE)
        assert await engine.run_timers() == 0


async def test_nobody_is_nudged_to_say_whether_they_are_safe(make_bot: MakeBot) -> None:
    risk = (
        "risk: policy\ndetectors: [{phrases: crisis}]\nlevels:\n  high: {say: Hold on., afterwards: pause until safe}"
    )
    bot = make_bot(ORDER, BOT, risk)
    async with bot.open() as engine:
        await engine.start("chat", "order")
        await engine.turn("chat", "I am going to kill myself tonight")
        bot.clock.advance(30 * MINUTE)
        assert await engine.run_timers() == 0


@pytest.mark.parametrize(("quiet", "fired"), [("9:00 to 10:00", 0), ("22:00 to 9:30", 0), ("22:00 to 9:05", 1)])
async def test_quiet_hours_are_kept(make_bot: MakeBot, quiet: str, fired: int) -> None:
    bot = make_bot(ORDER, BOT.replace("there?}", f'there?, quiet: "{quiet}"}}'))
    async with bot.open() as engine:
        await engine.start("chat", "order")
        bot.clock.advance(10 * MINUTE)
        assert await engine.run_timers() == fired


async def test_of_many_processes_one_nudges_and_a_user_who_writes_is_not_disturbed(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOT)
    async with bot.open() as one, bot.open() as two:
        for number in range(150):
            await one.start(f"chat {number}", "order")
        bot.clock.advance(10 * MINUTE)
        await one.turn("chat 7", "Soup")
        fired = await asyncio.gather(one.run_timers(), two.run_timers(), one.run_timers())
    assert sum(fired) == 149
    assert len(said_by_itself(bot)) == 149


async def test_without_a_nudge_in_any_file_no_session_is_looked_at(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        asked: list[Any] = []
        sessions = engine.store.sessions
        idle = sessions.idle
        sessions.idle = lambda *args, **options: asked.append(args) or idle(*args, **options)  # type: ignore[method-assign]
        await engine.start("chat", "order")
        bot.clock.advance(10 * MINUTE)
        assert await engine.run_timers() == 0
        assert await engine.next_timer() is None
    assert asked == []


async def test_when_there_is_next_something_to_do(make_bot: MakeBot) -> None:
    flow = "flow: f\nsteps:\n  - {remind: in 2 hours, say: Now.}\n  - {ask: a, type: text, prompt: a?}"
    bot = make_bot(flow, BOT)
    async with bot.open() as engine:
        start = bot.clock()
        await engine.start("chat", "f")
        moments = []
        while (due := await engine.next_timer()) is not None:
            moments.append((due - start).total_seconds() / MINUTE)
            bot.clock.advance((due - bot.clock()).total_seconds())
            assert await engine.run_timers() == 1
    assert moments == [10.0, 120.0]


async def test_a_damaged_session_holds_up_no_other(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOT)
    async with bot.open() as engine:
        for number in range(3):
            await engine.start(f"chat {number}", "order")
    bot.change("UPDATE sessions SET state_json = 'no json' WHERE key = 1")
    bot.change("UPDATE sessions SET state_json = replace(state_json, 'order', 'odrer') WHERE key = 2")
    bot.clock.advance(10 * MINUTE)
    async with bot.open() as engine:
        assert await engine.run_timers() == 1


async def test_the_journal_replays_a_nudge_byte_for_byte(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOT)
    async with bot.open() as engine:
        reply = await engine.start("chat", "order")
        bot.clock.advance(10 * MINUTE)
        await engine.run_timers()
        await engine.turn("chat", "Soup")
        journal = await engine.store.sessions.journal(reply.session.id)
    ((stored,),) = bot.rows("SELECT state_json FROM sessions")
    assert encode(list(replay(load_flows(bot.flows), journal))[-1].state).decode() == stored


def test_what_is_wrong_with_a_nudge_is_told(make_bot: MakeBot, tmp_path: Any) -> None:
    bot = "bot: b\nnudge:\n  after: soon\n  say: 'Well, {name}?'\n  at_most: 99\n  quiet: at night"
    found = problems_of(tmp_path / "x", bot)
    assert [one.partition(": ")[2].partition(":")[0] for one in found] == [
        "error bad-duration",
        "error bad-number",
        "error bad-value",
    ]
    flow = "flow: f\nnudge: {after: 1 minute, say: 'Well, {nmae}?'}\nsteps:\n  - {ask: name, type: text, prompt: Who?}"
    assert problems_of(tmp_path / "y", flow) == [
        "1.yaml:2:31: error unknown-slot: 'nmae' is not a slot that this flow can see. Did you mean 'name'?"
    ]
