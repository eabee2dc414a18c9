"""What is handed over while nobody waits for it: at least once, in order, and never at the cost of a turn.

proves: P1, P2, R1
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fsm_engine import Delivery, Engine, HookError, Rejected
from fsm_engine.engine import deliveries
from fsm_engine.engine.deliveries import CLAIM_S, again_after
from fsm_engine.failpoints import FailpointReached, armed
from fsm_engine.model.pauses import Pauses
from fsm_engine.model.times import utc_text
from fsm_engine.storage.due import StoredDelivery
from fsm_engine.storage.inspection import inspect_database
from fsm_engine.storage.repositories import Takers
from fsm_engine.testing.clock import VirtualClock
from tests.engine.conftest import MakeBot
from tests.support.bots import BUY, ORDER, Bot

RISK = """
risk: policy
detectors: [{phrases: crisis}]
levels:
  high: {say: I am glad you told me., notify: safeguarding, afterwards: carry on}
"""
BOT = "bot: b\nrisk: policy"
GRAVE = "I am going to kill myself tonight"


@pytest.fixture
def bot(make_bot: MakeBot) -> Bot:
    return make_bot(ORDER, RISK, BOT)


class Nurse:
    """Who is told; ``answer`` is called with each delivery before it counts as taken."""

    def __init__(self, answer: Callable[[Delivery], Any] = lambda delivery: None) -> None:
        self.told: list[Delivery] = []
        self.answer = answer
        self.was_called = asyncio.Event()

    async def __call__(self, delivery: Delivery) -> None:
        self.was_called.set()
        answer = self.answer(delivery)
        if asyncio.iscoroutine(answer):
            await answer
        self.told.append(delivery)


def status_of(bot: Bot) -> list[tuple[Any, ...]]:
    return bot.rows("SELECT status, attempts, last_error FROM deliveries ORDER BY key")


async def until(is_so: Callable[[], bool]) -> None:
    """Waits for what the file is to show; the suite's own limit ends a wait for what never comes."""
    while not is_so():  # noqa: ASYNC110 - another process would have to wait in the same way
        await asyncio.sleep(0.01)


async def settled(bot: Bot, *statuses: str) -> None:
    await until(lambda: tuple(row[0] for row in status_of(bot)) == statuses)


async def attempted(bot: Bot, times: int) -> None:
    await until(lambda: [row[1:] for row in status_of(bot)] == [(times, "exception")])


def after(bot: Bot, seconds: float) -> datetime:
    return bot.clock() + timedelta(seconds=seconds)


async def tell_of_risk(engine: Engine, conversation_id: str = "chat") -> None:
    await engine.start(conversation_id, "order")
    await engine.turn(conversation_id, GRAVE)


async def test_somebody_is_told_of_a_risk_as_soon_as_its_turn_is_committed(bot: Bot) -> None:
    nurse = Nurse()
    async with bot.open() as engine:
        engine.notify("safeguarding")(nurse)
        await tell_of_risk(engine)
        await settled(bot, "delivered")
        session = await engine.session("chat")

    (told,) = nurse.told
    assert told.notice is not None
    assert (told.kind, told.notice.target, told.notice.level) == ("notify", "safeguarding", "high")
    assert (told.conversation_id, told.session_id, told.turn, told.attempt) == ("chat", session.id, 2, 1)
    assert "kill" not in repr(told)


async def test_what_nobody_takes_waits_for_somebody_and_the_doctor_says_so(bot: Bot) -> None:
    async with bot.open() as engine:
        engine.deliver(Nurse())
        await tell_of_risk(engine)
        assert await engine.run_deliveries() == 0
    assert status_of(bot) == [("pending", 0, None)]
    inspected = inspect_database(str(bot.database), now="2026-03-04T09:11:00.000000Z")
    assert [one.code for one in inspected.findings if one.severity == "warning"] == ["risk-notices-open"]

    nurse = Nurse()
    async with bot.open(notify={"safeguarding": nurse}):
        await settled(bot, "delivered")
    assert len(nurse.told) == 1


def failing(*, until_attempt: int) -> Callable[[Delivery], None]:
    def fail(delivery: Delivery) -> None:
        if delivery.attempt < until_attempt:
            raise RuntimeError("the line is down")

    return fail


async def test_a_function_that_fails_is_called_again_later_with_the_same_id(bot: Bot) -> None:
    nurse = Nurse(failing(until_attempt=3))
    async with bot.open(notify={"safeguarding": nurse}) as engine:
        await tell_of_risk(engine)
        await attempted(bot, 1)
        bot.clock.advance(1.9)
        assert await engine.run_deliveries() == 0
        bot.clock.advance(1.2)
        assert await engine.run_deliveries() == 0
        assert status_of(bot) == [("pending", 2, "exception")]
        bot.clock.advance(6.1)
        assert await engine.run_deliveries() == 1
    assert status_of(bot) == [("delivered", 3, None)]
    assert [one.attempt for one in nurse.told] == [3]


async def test_the_engine_tries_again_by_itself(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "BETWEEN_DELIVERIES", Pauses(-1.0, 1.0))
    nurse = Nurse(failing(until_attempt=2))
    async with bot.open(notify={"safeguarding": nurse}) as engine:
        await tell_of_risk(engine)
        await settled(bot, "delivered")
    assert [one.attempt for one in nurse.told] == [2]


async def test_one_that_hangs_is_cut_off_and_holds_up_nobody_else(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deliveries, "TIME_LIMIT_S", 0.2)
    nurse = Nurse(lambda delivery: asyncio.sleep(60) if delivery.conversation_id == "stuck" else None)
    async with bot.open(notify={"safeguarding": nurse}) as engine:
        await tell_of_risk(engine, "stuck")
        await nurse.was_called.wait()
        await tell_of_risk(engine, "other")
        await settled(bot, "pending", "delivered")
        assert [one.conversation_id for one in nurse.told] == ["other"]
        await until(lambda: status_of(bot)[0][2] is not None)
    assert status_of(bot)[0] == ("pending", 1, "timeout")
    assert "took longer" in caplog.text
    assert "kill" not in caplog.text


async def test_one_that_is_rejected_is_given_up_and_the_doctor_says_so(bot: Bot) -> None:
    def reject(delivery: Delivery) -> None:
        raise Rejected("there is no such chat any more")

    async with bot.open(notify={"safeguarding": reject}) as engine:
        await tell_of_risk(engine)
        await settled(bot, "given_up")
    inspected = inspect_database(str(bot.database), now="2026-03-04T09:00:00.000000Z")
    assert [one.code for one in inspected.findings if one.severity == "warning"] == ["deliveries-given-up"]


async def test_after_three_days_of_failures_it_is_given_up(bot: Bot) -> None:
    async with bot.open(notify={"safeguarding": Nurse(failing(until_attempt=99))}) as engine:
        await tell_of_risk(engine)
        await attempted(bot, 1)
        bot.clock.advance(3 * 86_400 - 1)
        await engine.run_deliveries()
        assert status_of(bot) == [("pending", 2, "exception")]
        bot.clock.advance(3601)
        await engine.run_deliveries()
    assert status_of(bot) == [("given_up", 3, "exception")]


def test_waits_grow_to_an_hour_and_differ() -> None:
    stored = StoredDelivery(
        1, "d", "chat", "s", 1, "messages", None, "[]", "pending", 0, "", None, "2026-03-04T09:00:00.000000Z", None
    )
    now = VirtualClock()()
    waits = {}
    for id_ in ("one", "two"):
        again = [
            again_after(replace(stored, id=id_, attempts=number), "exception", now) for number in (1, 2, 3, 12, 99)
        ]
        waits[id_] = [(datetime.fromisoformat(one) - now).total_seconds() for one in again if one is not None]

    for found, least in zip(waits["one"], (2, 4, 8, 3600, 3600), strict=True):
        assert least <= found <= least * 1.5
    assert waits["one"] != waits["two"]


async def test_of_two_processes_one_hands_it_over(bot: Bot) -> None:
    nurse, other = Nurse(), Nurse()
    async with bot.open() as engine:
        for number in range(40):
            await tell_of_risk(engine, f"chat {number}")
    async with bot.open(notify={"safeguarding": nurse}), bot.open(notify={"safeguarding": other}):
        await settled(bot, *["delivered"] * 40)
    told = [one.id for one in (*nurse.told, *other.told)]
    assert len(told) == len(set(told)) == 40


async def test_what_a_process_that_died_had_taken_is_handed_over_when_its_claim_has_run_out(bot: Bot) -> None:
    async with bot.open() as engine:
        await tell_of_risk(engine)
        takers = Takers(names=["safeguarding"])
        await engine.store.deliveries.claim(takers, now=utc_text(bot.clock()), until=utc_text(after(bot, CLAIM_S)))
    nurse = Nurse()
    bot.clock.advance(CLAIM_S - 1)
    async with bot.open(notify={"safeguarding": nurse}) as engine:
        assert await engine.run_deliveries() == 0
        bot.clock.advance(1)
        assert await engine.run_deliveries() == 1
    assert [one.attempt for one in nurse.told] == [2]


@pytest.mark.parametrize("is_claimed", [False, True])
async def test_a_clock_that_was_set_back_holds_nothing_up(bot: Bot, is_claimed: bool) -> None:
    """What was written a year ahead of the clock is not due in a year, but now."""
    a_year = timedelta(days=365).total_seconds()
    bot.clock.advance(a_year)
    async with bot.open() as engine:
        await tell_of_risk(engine)
        if is_claimed:
            takers = Takers(names=["safeguarding"])
            await engine.store.deliveries.claim(takers, now=utc_text(bot.clock()), until=utc_text(after(bot, CLAIM_S)))
    bot.clock.advance(-a_year)
    nurse = Nurse()
    async with bot.open() as engine:
        await tell_of_risk(engine, "after that")
        engine.notify("safeguarding")(nurse)
        await settled(bot, "delivered", "delivered")
    assert sorted(one.conversation_id for one in nurse.told) == ["after that", "chat"]


@pytest.mark.parametrize("point", ["delivery.before-call", "delivery.after-call"])
async def test_an_error_around_the_call_leaves_it_pending(bot: Bot, point: str) -> None:
    nurse = Nurse()
    async with bot.open() as engine:
        await tell_of_risk(engine)
        with armed(point, how="raise"):
            engine.notify("safeguarding")(nurse)
            await attempted(bot, 1)
        bot.clock.advance(10)
        await engine.run_deliveries()
    assert status_of(bot) == [("delivered", 2, None)]
    assert len({one.id for one in nurse.told}) == 1


async def test_what_is_damaged_is_not_handed_over(bot: Bot) -> None:
    async with bot.open() as engine:
        await tell_of_risk(engine)
    bot.change("UPDATE deliveries SET payload = replace(payload, 'high', 'low')")
    nurse = Nurse()
    async with bot.open(notify={"safeguarding": nurse}):
        await settled(bot, "given_up")
    assert nurse.told == []


async def test_closing_the_engine_lets_what_runs_end_and_waits_for_nothing_else(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "LAST_MOMENT_S", 0.1)
    stuck, quick = Nurse(lambda delivery: asyncio.sleep(60)), Nurse(lambda delivery: asyncio.sleep(0.01))
    for nurse in (quick, stuck):
        async with bot.open(notify={"safeguarding": nurse}) as engine:
            await tell_of_risk(engine)
            await nurse.was_called.wait()
    assert [row[0] for row in status_of(bot)] == ["delivered", "pending"]


async def test_messages_of_an_action_that_a_dead_process_left_behind_are_delivered(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)
    async with bot.open() as engine:
        engine.action("shop.buy", idempotent=True)(lambda call: 7)
        await engine.start("chat", "buy")
        with armed("action.before-call", how="raise"), pytest.raises(FailpointReached):
            await engine.turn("chat", "Soup")
    user = Nurse()
    async with bot.open(deliver=user) as engine:
        engine.action("shop.buy", idempotent=True)(lambda call: 7)
        assert await engine.recover() == 1
        await settled(bot, "delivered")
        said = await engine.history("chat")

    (pushed,) = user.told
    assert (pushed.kind, pushed.text, pushed.notice) == ("messages", "Bought Soup: number 7.", None)
    assert said[-1].content == pushed.text


async def test_a_second_delivery_of_the_message_tells_nobody_again(bot: Bot) -> None:
    async with bot.open() as engine:
        await engine.turn("chat", GRAVE, request_id="r1")
        await engine.turn("chat", GRAVE, request_id="r1")
    assert len(status_of(bot)) == 1


def test_programs_without_an_event_loop_register_functions_too(bot: Bot) -> None:
    told: list[Delivery] = []
    with Engine.open_sync(bot.address, flows=bot.flows) as engine:
        engine.start("chat", "order")
        engine.turn("chat", GRAVE)
        engine.deliver(told.append)
        engine.notify("safeguarding")(told.append)
        engine.run_deliveries()
        while not told:
            pass
    assert [one.kind for one in told] == ["notify"]


async def test_a_function_that_cannot_be_called_so_is_refused(bot: Bot) -> None:
    async with bot.open() as engine:
        with pytest.raises(HookError, match="notify 'safeguarding': the function must take one argument"):
            engine.notify("safeguarding")(lambda: None)
