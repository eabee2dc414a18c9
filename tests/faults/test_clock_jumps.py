"""T20: clocks that jump by hours and years, across changes of daylight saving time, and backwards."""

# proves: S3, S4, M3

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from fsm_engine import ActionCall, Actions, Engine
from fsm_engine.model.session import Status
from fsm_engine.model.turn import Reply
from tests.faults.figures import SEED, record, size
from tests.support.bots import BUY, Bot, texts

QUESTIONS = 40
LONG = "flow: long\nstart: {phrases: [begin]}\nsteps:\n" + "".join(
    f'  - {{ask: q{number}, type: text 1..60, prompt: "{number}?"}}\n' for number in range(QUESTIONS)
)
QUIET = "bot: b\nexpires: 30 minutes\n"
IDLE = timedelta(minutes=30)
JUMPS = (
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(seconds=1),
    timedelta(minutes=29, seconds=59.999999),
    IDLE,
    timedelta(hours=1),
    timedelta(hours=12),
    timedelta(days=1),
    timedelta(days=400),
    timedelta(days=30 * 365),
)


@dataclass(slots=True)
class Model:
    """What must become of the sessions of one conversation: each lives until its last word is half an hour old."""

    session_id: str = ""
    expires_at: datetime | None = None
    turns: int = 0
    ended: tuple[str, ...] = ()

    def goes_on(self, now: datetime) -> bool:
        return self.expires_at is not None and now < self.expires_at

    def take(self, reply: Reply, now: datetime) -> None:
        """Fails when the reply is of another session, or of another turn, than it must be."""
        session = reply.session
        assert session.status is Status.ACTIVE
        if self.goes_on(now):
            assert (session.id, session.turn) == (self.session_id, self.turns + 1)
        else:
            assert session.turn == 1
            assert session.id not in (*self.ended, self.session_id)
            self.ended = (*self.ended, self.session_id)
        self.session_id, self.turns, self.expires_at = session.id, session.turn, now + IDLE


@pytest.mark.parametrize("hold_at_most", [0, 10])
async def test_no_session_is_lost_or_comes_back_however_the_clock_jumps(tmp_path: Path, hold_at_most: int) -> None:
    random = Random(SEED + hold_at_most)
    runs, turns, ended, backwards = size(6, 300), 0, 0, 0
    for run in range(runs):
        folder = tmp_path / str(run)
        folder.mkdir()
        bot, model, said = Bot(folder, LONG, QUIET), Model(), []
        for opening in range(3):
            async with bot.open(hold_at_most=hold_at_most, durability="normal") as engine:
                for number in range(random.randrange(3, 12)):
                    jump = random.choice(JUMPS) * random.choice((1, 1, -1))
                    bot.clock.advance(jump.total_seconds())
                    backwards += jump < timedelta(0)
                    text = "begin" if not model.goes_on(bot.clock()) else f"answer {opening} {number}"
                    model.take(await engine.turn("chat", text), bot.clock())
                    said.append(text)
                history = await engine.history("chat", limit=1000)
        turns += len(said)
        ended += len(model.ended) - 1
        must_be_in_order(bot, said, [message.content for message in history if message.role == "user"])
    record(
        "T20",
        what="clocks jump",
        runs=runs,
        turns=turns,
        sessions_expired=ended,
        jumps_backwards=backwards,
        lost=0,
        revived=0,
    )
    assert min(ended, backwards) > runs


def must_be_in_order(bot: Bot, said: list[str], found: list[str]) -> None:
    """Order is by number, whatever the times say; at most one session is active, and that is the newest."""
    assert found == said
    numbers = [number for (number,) in bot.rows("SELECT number FROM messages ORDER BY number")]
    assert numbers == list(range(1, len(numbers) + 1))
    journal = bot.rows("SELECT session, number FROM turns ORDER BY rowid")
    assert journal == sorted(journal)
    statuses = [status for (status,) in bot.rows("SELECT status FROM sessions ORDER BY key")]
    assert statuses == ["expired"] * (len(statuses) - 1) + ["active"]


ZONES = {
    "New York springs forward": (ZoneInfo("America/New_York"), datetime(2026, 3, 8, 6, 45, tzinfo=UTC)),
    "New York falls back": (ZoneInfo("America/New_York"), datetime(2026, 11, 1, 5, 45, tzinfo=UTC)),
    "Lord Howe falls back by half an hour": (ZoneInfo("Australia/Lord_Howe"), datetime(2026, 4, 4, 14, 45, tzinfo=UTC)),
    "Samoa skips a day": (ZoneInfo("Pacific/Apia"), datetime(2011, 12, 30, 9, 45, tzinfo=UTC)),
}


def clock_on_the_wall(zone: ZoneInfo, bot: Bot) -> Callable[[], datetime]:
    """Tells the same moments as the bot's clock, in local time."""
    return lambda: bot.clock().astimezone(zone)


@pytest.mark.parametrize("change", ZONES)
@pytest.mark.parametrize(("minutes", "goes_on"), [(29, True), (31, False)])
async def test_half_an_hour_is_half_an_hour_when_clocks_change(
    tmp_path: Path, change: str, minutes: int, goes_on: bool
) -> None:
    zone, shortly_before = ZONES[change]
    bot = Bot(tmp_path, LONG, f"{QUIET}timezone: {zone.key}\n")
    bot.clock.advance((shortly_before - bot.clock()).total_seconds())
    clock = clock_on_the_wall(zone, bot)
    offset_before = clock().utcoffset()
    async with bot.open(clock=clock) as engine:
        first = await engine.start("chat", "long")
        bot.clock.advance(minutes * 60)
        reply = await engine.turn("chat", "yes")

    assert clock().utcoffset() != offset_before
    assert (reply.session.id == first.session.id) is goes_on
    assert texts(first) == ["0?"]
    assert (texts(reply) == ["1?"]) is goes_on


async def test_an_expired_session_does_not_come_back_when_the_clock_does(tmp_path: Path) -> None:
    bot = Bot(tmp_path, LONG, QUIET)
    async with bot.open() as engine:
        old = await engine.start("chat", "long")
        bot.clock.advance(3600)
        new = await engine.turn("chat", "begin")
        bot.clock.advance(-3600)
        after = await engine.turn("chat", "an answer")

    assert new.session.id != old.session.id
    assert after.session.id == new.session.id
    assert texts(after) == ["1?"]


@pytest.mark.parametrize("jump", [timedelta(days=-4000), timedelta(hours=-1), timedelta(hours=1), timedelta(days=9000)])
@pytest.mark.parametrize("recovers", [True, False])
async def test_an_action_that_a_jump_falls_into_is_finished_once(
    tmp_path: Path, jump: timedelta, recovers: bool
) -> None:
    bot = Bot(tmp_path, BUY, QUIET)
    keys: list[str] = []
    reached = asyncio.Event()

    async def never_ends(call: ActionCall) -> None:
        keys.append(call.idempotency_key)
        reached.set()
        await asyncio.Event().wait()

    async def buys(call: ActionCall) -> int:
        keys.append(call.idempotency_key)
        return 7

    async with bot.open(actions=registry(never_ends)) as engine:
        await engine.start("chat", "buy")
        turn = asyncio.create_task(engine.turn("chat", "Soup", request_id="r1"))
        await reached.wait()
        turn.cancel()
        await asyncio.wait([turn])
    bot.clock.advance(jump.total_seconds())
    async with bot.open(actions=registry(buys)) as engine:
        if recovers:
            assert await engine.recover() == 1
        await engine.turn("chat", "hello?", request_id="r2")
        again = await engine.turn("chat", "Soup", request_id="r1")

    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert bot.rows("SELECT status FROM audit_log") == [("success",)]
    assert texts(again) == ["Bought Soup: number 7."]


def registry(function: Callable[[ActionCall], object]) -> Actions:
    actions = Actions()
    actions.action("shop.buy", idempotent=True)(function)
    return actions


async def test_two_processes_whose_clocks_differ_by_months_take_turns(tmp_path: Path) -> None:
    bot = Bot(tmp_path, LONG, "bot: b\nexpires: 366 days\n")
    ahead = bot.open(clock=lambda: bot.clock() + timedelta(days=300))
    async with bot.open() as here, ahead as there:
        engines: tuple[Engine, ...] = (here, there)
        await here.start("chat", "long")
        replies = [await engines[number % 2].turn("chat", f"answer {number}") for number in range(10)]

    assert [reply.text for reply in replies] == [f"{number}?" for number in range(1, 11)]
    assert len({reply.session.id for reply in replies}) == 1
