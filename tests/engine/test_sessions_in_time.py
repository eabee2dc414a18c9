"""Sessions end, come back, and outlive the flow files they began with; no clock is waited for."""

# proves: S3

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest

from fsm_engine import Delivery, Engine
from fsm_engine.errors import DatabaseUnavailable, FlowError, InvalidArgument
from fsm_engine.model.session import Status
from fsm_engine.storage import open_store
from tests.engine.conftest import MakeBot
from tests.support.bots import ORDER, slots, texts

OFFERS = """
bot: b
expires: 30 minutes
coming_back: {say: Welcome back to {flow}., offer: [continue, restart]}
"""
OFFERS = OFFERS.replace("Welcome back to {flow}.", '"Welcome back to {flow}."')
OFFER = ["Welcome back to ordering.", "Shall we go on where we stopped, or start again?"]
QUIET = "bot: b\nexpires: 30 minutes\n"
HALF_AN_HOUR = 1800


async def test_a_session_lives_until_its_idle_time_is_up(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, OFFERS)
    async with bot.open() as engine:
        first = await engine.start("chat", "order")
        bot.clock.advance(HALF_AN_HOUR - 1)
        reply = await engine.turn("chat", "Soup")
        bot.clock.advance(HALF_AN_HOUR - 1)  # counted from the last message, not from the first
        last = await engine.turn("chat", "hot")

    assert texts(reply) == ["Any wish for your Soup?"]
    assert last.session.id == first.session.id
    assert last.session.status is Status.COMPLETED


@pytest.mark.parametrize("is_held", [True, False])
async def test_who_comes_back_later_is_offered_to_go_on(make_bot: MakeBot, is_held: bool) -> None:
    bot = make_bot(ORDER, OFFERS)
    async with bot.open(hold_at_most=100 if is_held else 0) as engine:
        await engine.start("chat", "order")
        old = await engine.turn("chat", "Soup")
        bot.clock.advance(HALF_AN_HOUR)
        offered = await engine.turn("chat", "hello again")
        went_on = await engine.turn("chat", "go on")
        done = await engine.turn("chat", "hot")
        ended = await engine.store.sessions.get(old.session.id)

    assert texts(offered)[: len(OFFER)] == OFFER
    assert offered.expects is not None
    assert offered.expects.options == ("Go on", "Start again")
    assert offered.session.id != old.session.id
    assert texts(went_on) == ["Any wish for your Soup?"]
    assert texts(done) == ["Soup: hot."]
    assert ended is not None
    assert ended.status == "expired"


async def test_who_comes_back_may_start_again(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, OFFERS)
    async with bot.open() as engine:
        await engine.start("chat", "order")
        await engine.turn("chat", "Soup")
        bot.clock.advance(HALF_AN_HOUR)
        await engine.turn("chat", "hello again")
        reply = await engine.turn("chat", "start again")

    assert texts(reply)[-1] == "Which dish?"
    assert slots(reply) == {}


async def test_other_words_at_the_offer_answer_the_open_question(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, OFFERS)
    async with bot.open() as engine:
        await engine.start("chat", "order")
        await engine.turn("chat", "Soup")
        bot.clock.advance(HALF_AN_HOUR)
        await engine.turn("chat", "hello again")
        reply = await engine.turn("chat", "with extra bread please")

    assert texts(reply) == ["Soup: with extra bread please."]


async def test_the_offer_outlives_a_restart_of_the_program(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, OFFERS)
    async with bot.open() as engine:
        await engine.start("chat", "order")
        await engine.turn("chat", "Soup")
    bot.clock.advance(HALF_AN_HOUR)
    async with bot.open() as engine:
        offered = await engine.turn("chat", "hello again")
    async with bot.open() as engine:
        reply = await engine.turn("chat", "go on")

    assert texts(offered)[: len(OFFER)] == OFFER
    assert texts(reply) == ["Any wish for your Soup?"]


async def test_without_an_offer_an_expired_session_is_followed_by_a_new_one(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, QUIET)
    async with bot.open() as engine:
        old = await engine.start("chat", "order")
        bot.clock.advance(HALF_AN_HOUR)
        reply = await engine.turn("chat", "I want to order")

    assert texts(reply) == ["Which dish?"]
    assert reply.session.id != old.session.id
    assert bot.rows("SELECT status, turn FROM sessions ORDER BY key") == [("expired", 1), ("active", 1)]


async def test_starting_a_flow_after_expiry_asks_nothing_about_the_old_one(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, OFFERS)
    async with bot.open() as engine:
        await engine.start("chat", "order", slots={"dish": "Soup"})
        bot.clock.advance(HALF_AN_HOUR)
        reply = await engine.start("chat", "order")

    assert texts(reply) == ["Which dish?"]
    assert bot.rows("SELECT status FROM sessions ORDER BY key") == [("expired",), ("active",)]


@pytest.mark.parametrize(("ending", "status"), [("hot", "completed"), ("human", "handed_off")])
async def test_what_is_said_after_a_session_ended_opens_another_one(
    make_bot: MakeBot, ending: str, status: str
) -> None:
    bot = make_bot(ORDER, OFFERS)
    async with bot.open() as engine:
        await engine.start("chat", "order", slots={"dish": "Soup"})
        over = await engine.turn("chat", ending)
        reply = await engine.turn("chat", "I want to order")

    assert over.session.status == status
    assert (reply.session.turn, texts(reply)) == (1, ["Which dish?"])
    assert bot.rows("SELECT id FROM sessions ORDER BY key") == [(over.session.id,), (reply.session.id,)]
    assert bot.rows("SELECT count(*) FROM conversations") == [(1,)]


async def test_a_flow_may_have_an_idle_time_of_its_own(make_bot: MakeBot) -> None:
    slow = ORDER.replace("flow: order", "flow: slow\nexpires: 2 days").replace("I want to order", "take it slow")
    bot = make_bot(ORDER, slow, QUIET)
    async with bot.open() as engine:
        await engine.start("quick chat", "order")
        await engine.start("slow chat", "slow")
        bot.clock.advance(86_400)
        quick = await engine.turn("quick chat", "Soup")
        slow_reply = await engine.turn("slow chat", "Soup")

    assert quick.session.flow is None
    assert texts(slow_reply) == ["Any wish for your Soup?"]


@pytest.mark.parametrize("back_s", [1.0, 3600.0, 400 * 86_400.0, 60 * 365 * 86_400.0])
@pytest.mark.parametrize("is_held", [True, False])
async def test_a_clock_that_jumps_back_loses_nothing(make_bot: MakeBot, back_s: float, is_held: bool) -> None:
    bot = make_bot(ORDER, OFFERS)
    async with bot.open(hold_at_most=100 if is_held else 0) as engine:
        await engine.start("chat", "order")
        bot.clock.advance(-back_s)
        await engine.turn("chat", "Soup")
        bot.clock.advance(-back_s / 1000)
        done = await engine.turn("chat", "hot")
        again = await engine.turn("chat", "I want to order")
        said = [message.content for message in await engine.history("chat")]

    assert done.session.status is Status.COMPLETED
    assert texts(again) == ["Which dish?"]
    assert said == [
        "Which dish?", "Soup", "Any wish for your Soup?", "hot", "Soup: hot.", "I want to order", "Which dish?"
    ]  # fmt: skip


async def test_new_wording_reaches_sessions_that_are_under_way(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, QUIET)
    async with bot.open() as engine:
        await engine.start("chat", "order")
        bot.write(ORDER.replace("Any wish for", "What about"), QUIET)
        await engine.reload_flows()
        reply = await engine.turn("chat", "Soup")

    assert texts(reply) == ["What about your Soup?"]


NEWER = ORDER.replace("version: 1", "version: 2").replace("Any wish for", "How many of").replace("note", "number")


@pytest.mark.parametrize("restarts", [True, False])
async def test_a_session_stays_on_the_version_it_began_with(make_bot: MakeBot, restarts: bool) -> None:
    bot = make_bot(ORDER, QUIET)
    async with bot.open() as engine:
        await engine.start("old", "order")
        bot.write(NEWER, QUIET)
        await engine.reload_flows()
        if not restarts:
            asked = await engine.turn("old", "Soup")
            done = await engine.turn("old", "hot")
            new = await engine.start("new", "order", slots={"dish": "Soup"})
    if restarts:
        async with bot.open() as engine:
            asked = await engine.turn("old", "Soup")
            done = await engine.turn("old", "hot")
            new = await engine.start("new", "order", slots={"dish": "Soup"})

    assert texts(asked) == ["Any wish for your Soup?"]
    assert texts(done) == ["Soup: hot."]
    assert texts(new) == ["How many of your Soup?"]
    assert bot.rows("SELECT name, version FROM flow_versions ORDER BY version") == [("order", 1), ("order", 2)]


BAD_FILES = {
    "a step that is unknown": ORDER.replace("{end:", "{ennd:"),
    "no YAML": "flow: [",
    "two flows of one name": ORDER + "---\n",
    "an unknown slot in a text": ORDER.replace("{note}", "{noote}"),
    "a hook that nobody registered": "risk: r\ndetectors: [{hook: model}]\nlevels: {low: {record: true}}\n",
}


@pytest.mark.parametrize("bad", BAD_FILES)
async def test_bad_files_change_nothing_when_they_are_reloaded(make_bot: MakeBot, bad: str) -> None:
    bot = make_bot(ORDER, QUIET)
    async with bot.open() as engine:
        await engine.start("chat", "order")
        bot.write(ORDER.replace("Any wish for", "Never this"), QUIET, BAD_FILES[bad])
        with pytest.raises(FlowError) as raised:
            await engine.reload_flows()
        reply = await engine.turn("chat", "Soup")

    assert raised.value.problems
    assert texts(reply) == ["Any wish for your Soup?"]


async def test_flows_whose_sources_could_not_be_stored_are_not_used(make_bot: MakeBot) -> None:
    """A session on such a version could not go on in any other process."""
    bot = make_bot(ORDER, QUIET)
    store = await open_store(bot.address, busy_timeout_s=0)
    async with Engine.open(store, flows=bot.flows, clock=bot.clock) as engine:
        bot.write(NEWER, QUIET)
        with closing(sqlite3.connect(bot.database, isolation_level=None)) as other_program:
            other_program.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseUnavailable):
                await engine.reload_flows()
        before = await engine.start("before", "order", slots={"dish": "Soup"})
        await engine.reload_flows()
        after = await engine.start("after", "order", slots={"dish": "Soup"})

    assert texts(before) == ["Any wish for your Soup?"]
    assert texts(after) == ["How many of your Soup?"]


async def test_running_timers_marks_sessions_whose_time_is_up_and_they_can_still_go_on(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, "bot: b\ncoming_back: {say: Welcome back.}")
    async with bot.open() as engine:
        await engine.start("chat", "order")
        await engine.turn("chat", "Soup")
        await engine.start("other", "order")
        bot.clock.advance(1800)
        await engine.start("third", "order")
        assert await engine.run_timers() == 0
    async with bot.open() as engine:
        assert [one.status for one in await engine.store.sessions.with_status("expired")] == ["expired"] * 2
        assert await engine.store.sessions.list_expired("9999") != []
        offered = await engine.turn("chat", "hi")
        assert texts(offered)[0] == "Welcome back."
        assert texts(await engine.turn("chat", "continue"))[-1] == "Any wish for your Soup?"
    assert sorted(bot.rows("SELECT status, count(*) FROM sessions GROUP BY status")) == [("active", 2), ("expired", 2)]


async def test_the_engine_looks_at_the_clock_by_itself_when_asked_to(make_bot: MakeBot) -> None:
    bot = make_bot("flow: f\nsteps:\n  - {remind: in 1 hour, say: Now.}\n  - {ask: a, type: text, prompt: a?}")
    told: asyncio.Queue[str] = asyncio.Queue()
    async with bot.open() as engine:
        await engine.start("chat", "f")
    bot.clock.advance(3600)

    async def deliver(delivery: Delivery) -> None:
        await told.put(delivery.text)

    async with bot.open(deliver=deliver, run_timers_every_s=60):
        assert await told.get() == "Now."
    for wrong in (0, -1.0, 0.05, float("nan")):
        with pytest.raises(InvalidArgument, match="run_timers_every_s"):
            async with bot.open(run_timers_every_s=wrong):
                raise AssertionError
