"""Actions that outlast their waiting time: the waiting text now, the result by itself later. Time here is virtual."""

# proves: A1, A4, A5, P3, P5

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from fsm_engine import Delivery, Engine, InvalidArgument
from fsm_engine.engine.action_runs import WAITING_S
from fsm_engine.engine.held import WAITING_PER_CONVERSATION
from fsm_engine.engine.journal import replay
from fsm_engine.engine.late_results import LAST_MOMENT_S, WAITING_TIME_S
from fsm_engine.engine.leases import LEASE_S
from fsm_engine.errors import DatabaseUnavailable, OperationFailed
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.codec import encode
from tests.engine.conftest import MakeBot
from tests.support.bots import BUY, Bot, texts
from tests.support.machines import Machine, on_a_machine

WAITING = "This is taking a moment. I will tell you as soon as it is done."
BUSY = "I am still working on it. One moment, please."
UNSURE = "I am not sure whether that went through. A person will check it, so please do not try it twice."
UNDONE = "What I had already done for you is taken back."
BOUGHT = "Bought Soup: number 7."

LONG_BUY = BUY.replace("time_limit: 20 s", "time_limit: 10 minutes")
BUY_AND_GO_ON = """
flow: buy
steps:
  - {ask: dish, type: text 1..60, prompt: Which dish?}
  - {do: shop.buy, send: [dish], save_as: number, time_limit: 10 minutes, undo: shop.give_back}
  - {ask: drink, type: text 1..60, prompt: "Number {number}. Which drink?"}
  - {end: "{dish} and {drink}."}
"""
BUY_AND_PACK = """
flow: buy
steps:
  - {ask: dish, type: text 1..60, prompt: Which dish?}
  - {do: shop.buy, send: [dish], save_as: number, time_limit: 10 minutes}
  - {say: "I have {dish}."}
  - {do: shop.pack, send: [dish], save_as: parcel, time_limit: 10 minutes}
  - {end: "Parcel {parcel}."}
"""


class User:
    """Who gets what nobody waits for: ``heard`` is each text, in order."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, delivery: Delivery) -> None:
        self.heard += [message.text for message in delivery.messages]

    async def hears(self, count: int) -> None:
        while len(self.heard) < count:  # noqa: ASYNC110 - time is virtual
            await asyncio.sleep(0.1)


def audit(bot: Bot) -> list[tuple[Any, ...]]:
    return bot.rows("SELECT status, owner, lease_until, fence FROM audit_log")


async def asked(engine: Engine, text: str = "Soup", request_id: str = "r2") -> list[str]:
    """What the engine says to the answer that asks for the action."""
    await engine.start("chat", "buy", request_id="r1")
    return texts(await engine.turn("chat", text, request_id=request_id))


def must_replay(bot: Bot) -> None:
    """The journal, advanced again, leads to the state that is stored."""

    async def check() -> None:
        async with bot.open() as engine:
            session_id = (await engine.session("chat")).id
            stored = await engine.store.sessions.get(session_id)
            *_, last = replay(load_flows(bot.flows), await engine.store.sessions.journal(session_id))
            assert stored is not None
            assert encode(last.state).decode() == stored.state_json

    asyncio.run(check())


@pytest.fixture(autouse=True)
def nothing_goes_wrong_unseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No task of the engine's own ends with an error that nobody looked at."""
    yield
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def test_an_action_that_takes_long_gives_its_waiting_text_and_later_its_result(make_bot: MakeBot) -> None:
    bot, user = make_bot(LONG_BUY), User()
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 30, idempotent=False, deliver=user))
        began = machine.loop.time()
        seen.append(await asked(one))
        assert machine.loop.time() - began == pytest.approx(WAITING_TIME_S, abs=1)
        assert user.heard == []
        await user.hears(1)
        assert machine.loop.time() - began == pytest.approx(30, abs=1)
        seen.append(await one.history("chat"))

    machine = on_a_machine(bot, story)

    assert (seen[0], user.heard, machine.callers) == ([WAITING], [BOUGHT], ["one"])
    assert [message.content for message in seen[1]][-2:] == ["Soup", BOUGHT]
    assert audit(bot) == [("success", None, None, 0)]
    assert bot.rows("SELECT number, caused_by FROM turns") == [(1, None), (2, None), (3, 2)]
    assert bot.rows("SELECT status FROM deliveries") == [("delivered",)]


def test_an_action_that_is_done_in_time_is_answered_at_once(make_bot: MakeBot) -> None:
    bot, user = make_bot(LONG_BUY), User()
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", WAITING_TIME_S - 1, deliver=user))
        seen.extend([await asked(one), await one.run_deliveries()])

    on_a_machine(bot, story)

    assert (seen, user.heard) == ([[BOUGHT], 0], [])
    assert bot.rows("SELECT count(*) FROM deliveries") == [(0,)]


@pytest.mark.parametrize(
    ("flow", "options", "after_s"),
    [
        (LONG_BUY, {}, None),
        (LONG_BUY, {"deliver": True, "waiting_s": None}, None),
        (LONG_BUY, {"notify": True}, None),
        (LONG_BUY.replace("10 minutes", "10 minutes, waiting: 2 s"), {}, None),
        (LONG_BUY, {"deliver": True, "waiting_s": 3.5}, 3.5),
        (LONG_BUY.replace("10 minutes", "10 minutes, waiting: 2 s"), {"deliver": True}, 2),
        (LONG_BUY.replace("10 minutes", "10 minutes, waiting: 2 s"), {"deliver": True, "waiting_s": None}, 2),
        (LONG_BUY.replace("10 minutes", "10 minutes, waiting: 1 hour"), {"deliver": True}, None),
    ],
)
def test_how_long_a_caller_waits_is_the_steps_choice_then_the_engines(
    make_bot: MakeBot, flow: str, options: dict[str, Any], after_s: float | None
) -> None:
    """Without anybody who takes late results, until the end."""
    bot, user = make_bot(flow), User()
    given = {**options, "deliver": user} if "deliver" in options else dict(options)
    given = {**given, "notify": {"somebody": user}} if "notify" in options else given
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 60, **given))
        began = machine.loop.time()
        seen.extend([await asked(one), machine.loop.time() - began])
        await user.hears(0 if after_s is None else 1)

    on_a_machine(bot, story)

    assert seen[0] == ([BOUGHT] if after_s is None else [WAITING])
    assert seen[1] == pytest.approx(60 if after_s is None else after_s, abs=1)


@pytest.mark.parametrize("waiting_s", [0, -1, float("nan")])
async def test_a_waiting_time_that_cannot_be_meant_is_refused(make_bot: MakeBot, waiting_s: float) -> None:
    with pytest.raises(InvalidArgument, match="waiting_s is"):
        async with make_bot(BUY).open(waiting_s=waiting_s):
            pass


def test_the_waiting_text_is_the_bots_in_the_users_language(make_bot: MakeBot) -> None:
    bot = make_bot(LONG_BUY)
    (bot.flows / "bot.yaml").write_text(
        "bot: shop\nlanguages: [en, es]\ntexts:\n  action_waiting: {en: Hold on., es: Espera.}\n"
    )
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 30, deliver=User()))
        for chat, locale in (("chat", "es"), ("other", "en")):
            await one.start(chat, "buy", locale=locale)
            seen.append(texts(await one.turn(chat, "Soup")))

    on_a_machine(bot, story)

    assert seen == [["Espera."], ["Hold on."]]


# Meanwhile


def test_messages_meanwhile_are_read_and_told_at_once_that_the_action_runs(make_bot: MakeBot) -> None:
    bot, user = make_bot(BUY_AND_GO_ON), User()
    seen: list[Any] = []
    assessed: list[str] = []

    def risk(text: str) -> None:
        assessed.append(text)

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        options = {"deliver": user, "risk_hooks": [risk], "others": {"shop.give_back": 0}}
        one = await stack.enter_async_context(machine.engine("one", 60, **options))
        await asked(one)
        began = machine.loop.time()
        seen.extend([texts(await one.turn("chat", word)) for word in ("hello?", "cancel")])
        assert machine.loop.time() - began < 1 < WAITING_S
        await user.hears(1)
        seen.append(texts(await one.turn("chat", "Tea")))

    machine = on_a_machine(bot, story)

    assert seen == [[BUSY], [BUSY], ["Soup and Tea."]]
    assert user.heard == ["Number 7. Which drink?"]
    assert assessed == ["Soup", "hello?", "cancel", "Tea"]
    assert machine.callers == ["one"]
    assert bot.rows("SELECT number, caused_by FROM turns") == [
        *[(number, None) for number in range(1, 5)],
        (5, 2),
        (6, None),
    ]


@pytest.mark.parametrize("where", ["one", "two"])
def test_a_second_delivery_meanwhile_is_told_what_the_user_was_not_and_holds_up_nobody(
    make_bot: MakeBot, where: str
) -> None:
    bot, user = make_bot(BUY_AND_GO_ON), User()
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        options = {"deliver": user, "idempotent": False, "others": {"shop.give_back": 0}}
        one = await stack.enter_async_context(machine.engine("one", 60, **options))
        two = await stack.enter_async_context(machine.engine("two", 60, **options))
        await asked(one)
        again = asyncio.create_task((one if where == "one" else two).turn("chat", "Soup", request_id="r2"))
        await asyncio.sleep(1)
        seen.append(texts(await one.turn("chat", "hello?")))
        assert not again.done()
        seen.append(await again)
        seen.append(await one.turn("chat", "Soup", request_id="r2"))
        await one.run_deliveries()

    machine = on_a_machine(bot, story)

    assert seen[0] == [BUSY]
    assert [*texts(seen[1]), *user.heard] == ["Number 7. Which drink?"]
    assert seen[2] == seen[1]
    assert seen[1].duplicate
    assert machine.callers == ["one"]


def test_a_program_that_starts_another_flow_meanwhile_waits_for_the_action(make_bot: MakeBot) -> None:
    bot, user = make_bot(LONG_BUY), User()
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 60, deliver=user))
        await asked(one)
        seen.append(texts(await one.start("chat", "buy")))

    on_a_machine(bot, story)

    assert (seen, user.heard) == ([["Which dish?"]], [BOUGHT])
    assert bot.rows("SELECT status FROM sessions ORDER BY key") == [("completed",), ("active",)]


def test_a_result_that_comes_during_another_turn_is_stored_after_it(make_bot: MakeBot) -> None:
    bot, user = make_bot(LONG_BUY), User()

    async def validate(text: str, context: Any) -> None:
        await asyncio.sleep(3 if text == "slow" else 0)

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 20, deliver=user))
        one.stage("validate", time_limit_s=10)(validate)
        await asked(one)
        await asyncio.sleep(8.5)
        began = machine.loop.time()
        assert texts(await one.turn("chat", "slow")) == [BUSY]
        assert machine.loop.time() - began == pytest.approx(3, abs=0.5)
        await user.hears(1)

    machine = on_a_machine(bot, story)

    assert (user.heard, machine.callers) == ([BOUGHT], ["one"])
    assert bot.rows("SELECT number, caused_by FROM turns") == [(1, None), (2, None), (3, None), (4, 2)]


def test_a_result_finds_its_place_when_as_many_messages_wait_as_may(make_bot: MakeBot) -> None:
    bot, user = make_bot(LONG_BUY), User()
    seen: list[Any] = []

    async def validate(text: str, context: Any) -> None:
        await asyncio.sleep(3 if text == "slow" else 0)

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 12, idempotent=False, deliver=user))
        one.stage("validate", time_limit_s=10)(validate)
        await asked(one)
        calls = [asyncio.create_task(one.turn("chat", "slow"))]
        await asyncio.sleep(0.5)
        calls += [asyncio.create_task(one.turn("chat", "hello?")) for _ in range(WAITING_PER_CONVERSATION)]
        seen.extend([texts(reply) for reply in await asyncio.gather(*calls)])
        await user.hears(1)

    machine = on_a_machine(bot, story)

    assert seen == [[BUSY]] * (WAITING_PER_CONVERSATION + 1)
    assert (machine.callers, user.heard) == (["one"], [BOUGHT])


def test_a_session_does_not_expire_while_its_action_runs(make_bot: MakeBot) -> None:
    bot, user = make_bot(BUY_AND_GO_ON.replace("flow: buy", "flow: buy\nexpires: 1 minute")), User()
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        options = {"deliver": user, "others": {"shop.give_back": 0}}
        one = await stack.enter_async_context(machine.engine("one", 300, **options))
        await asked(one)
        await asyncio.sleep(120)
        seen.append(texts(await one.turn("chat", "Tea")))

    on_a_machine(bot, story)

    assert (seen, user.heard) == ([["Soup and Tea."]], ["Number 7. Which drink?"])
    assert bot.rows("SELECT count(*) FROM sessions") == [(1,)]


def test_nobody_takes_over_an_action_that_waits_for_its_place(make_bot: MakeBot) -> None:
    """Its function has returned, another turn is under way, and recovery looks in two engines."""
    bot, user = make_bot(LONG_BUY), User()
    seen: list[Any] = []

    async def validate(text: str, context: Any) -> None:
        await asyncio.sleep(30)

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 12, deliver=user))
        two = await stack.enter_async_context(machine.engine("two", 0))
        one.stage("validate", time_limit_s=60)(validate)
        await one.start("chat", "buy")
        await one.turn("chat", "Soup")
        slow = asyncio.create_task(one.turn("chat", "slow"))
        await asyncio.sleep(15)
        seen.extend([[action.next for action in await engine.unfinished()] for engine in (one, two)])
        seen.extend([await two.recover(), texts(await slow)])
        await user.hears(1)

    machine = on_a_machine(bot, story)

    assert seen == [["running"], ["running"], 0, [BUSY]]
    assert (machine.callers, user.heard) == (["one"], [BOUGHT])


def test_whenever_the_caller_lets_go_the_result_is_told_once_and_in_one_way(make_bot: MakeBot) -> None:
    """The waiting time ends before, during and after the commits of two results."""
    bot = make_bot(BUY_AND_PACK)
    ways = set()

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        for number in range(60):
            user, chat = User(), f"chat {number}"
            options = {"deliver": user, "waiting_s": 1 + number * 0.0003, "others": {"shop.pack": 0.001}}
            async with machine.engine(f"engine {number}", 1, **options) as one:
                await one.start(chat, "buy")
                said = texts(await one.turn(chat, "Soup", request_id="r2"))
                is_late = said[-1] == WAITING
                again = texts(await one.turn(chat, "Soup", request_id="r2"))
                await one.run_deliveries()
            answered = said[:-1] if is_late else said
            assert again[: len(answered)] == answered
            assert sorted([*again, *user.heard]) == ["I have Soup.", "Parcel 8."]
            ways.add(tuple(said))

    on_a_machine(bot, story)

    assert ways == {(WAITING,), ("I have Soup.", WAITING), ("I have Soup.", "Parcel 8.")}


# Chains and undos


@pytest.mark.parametrize(
    ("buying_s", "packing_s", "said", "heard"),
    [
        (4, 4, ["I have Soup.", "Parcel 8."], []),
        (4, 40, ["I have Soup.", WAITING], ["Parcel 8."]),
        (40, 4, [WAITING], ["I have Soup.", "Parcel 8."]),
        (40, 40, [WAITING], ["I have Soup.", "Parcel 8."]),
    ],
)
def test_of_two_actions_in_a_row_each_is_told_once(
    make_bot: MakeBot, buying_s: float, packing_s: float, said: list[str], heard: list[str]
) -> None:
    bot, user = make_bot(BUY_AND_PACK), User()
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        options = {"deliver": user, "idempotent": False, "others": {"shop.pack": packing_s}}
        one = await stack.enter_async_context(machine.engine("one", buying_s, **options))
        seen.append(await asked(one))
        await user.hears(len(heard))
        seen.append(texts(await one.turn("chat", "Soup", request_id="r2")))

    machine = on_a_machine(bot, story)

    assert (seen[0], user.heard) == (said, heard)
    assert seen[1] == [one for one in said if one != WAITING]
    assert machine.callers == ["one"] * 2
    assert bot.rows("SELECT number, caused_by FROM turns") == [(1, None), (2, None), (3, 2), (4, 3)]
    must_replay(bot)


def test_what_is_taken_back_may_take_long_as_well(make_bot: MakeBot) -> None:
    bot, user = make_bot(BUY_AND_GO_ON), User()
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        options = {"deliver": user, "others": {"shop.give_back": 15}}
        one = await stack.enter_async_context(machine.engine("one", 0, **options))
        await asked(one)
        await one.turn("chat", "cancel")
        seen.append(texts(await one.turn("chat", "yes")))
        seen.append(texts(await one.turn("chat", "hello?")))
        await user.hears(1)

    on_a_machine(bot, story)

    assert seen[0][-1] == WAITING
    assert UNDONE in user.heard
    assert [status for status, *_ in audit(bot)] == ["rolled_back", "success"]
    must_replay(bot)


# Ends that are not those of the action


@pytest.mark.parametrize(("idempotent", "said", "status"), [(True, BOUGHT, "success"), (False, UNSURE, "unknown")])
def test_what_is_under_way_when_the_engine_closes_is_for_recovery(
    make_bot: MakeBot, idempotent: bool, said: str, status: str
) -> None:
    bot, user = make_bot(LONG_BUY), User()
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        async with machine.engine("one", 300, idempotent=idempotent, deliver=user) as one:
            await asked(one)
            began = machine.loop.time()
        seen.extend([machine.loop.time() - began, audit(bot), list(user.heard)])
        two = await stack.enter_async_context(machine.engine("two", 0, idempotent=idempotent, deliver=user))
        seen.append(await two.recover())
        await user.hears(1)
        seen.append(texts(await two.turn("chat", "Soup", request_id="r2")))

    machine = on_a_machine(bot, story)

    assert seen[0] == pytest.approx(LAST_MOMENT_S, abs=0.2)
    assert seen[1:4] == [[("pending", "one", None, 1)], [], 1]
    assert (user.heard[0], seen[4]) == (said, [])
    assert machine.callers == (["one", "two"] if idempotent else ["one"])
    assert len(set(machine.keys)) == 1
    assert audit(bot) == [(status, None, None, 0)]


def test_an_action_has_a_moment_to_end_when_the_engine_closes(make_bot: MakeBot) -> None:
    bot, user = make_bot(LONG_BUY), User()

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        async with machine.engine("one", WAITING_TIME_S + LAST_MOMENT_S / 2, deliver=user) as one:
            assert await asked(one) == [WAITING]

    on_a_machine(bot, story)

    assert user.heard == [BOUGHT]
    assert audit(bot) == [("success", None, None, 0)]


@pytest.mark.parametrize("deliver", [None, User()])
def test_a_caller_that_waits_when_the_engine_closes_is_told_of_the_database(
    make_bot: MakeBot, deliver: User | None
) -> None:
    """As without late results: it is neither cancelled nor does its action go on without it."""
    bot = make_bot(LONG_BUY)
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        async with machine.engine("one", 60, deliver=deliver) as one:
            await one.start("chat", "buy")
            turn = asyncio.create_task(one.turn("chat", "Soup"))
            await asyncio.sleep(1)
        began = machine.loop.time()
        seen.extend(await asyncio.gather(turn, return_exceptions=True))
        seen.append(machine.loop.time() - began)

    on_a_machine(bot, story)

    assert isinstance(seen[0], DatabaseUnavailable)
    assert seen[1] == pytest.approx(59, abs=1)


def test_a_caller_that_is_cancelled_before_the_waiting_text_cuts_the_action_off(make_bot: MakeBot) -> None:
    bot, user = make_bot(LONG_BUY), User()
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", WAITING_TIME_S - 2, deliver=user))
        await one.start("chat", "buy", request_id="r1")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(WAITING_TIME_S - 5):
                await one.turn("chat", "Soup", request_id="r2")
        await asyncio.sleep(60)
        seen.append(audit(bot)[0][0])
        seen.append(texts(await one.turn("chat", "Soup", request_id="r2")))

    machine = on_a_machine(bot, story)

    assert (seen, user.heard) == (["pending", [BOUGHT]], [])
    assert len(set(machine.keys)) == 1


def test_what_is_erased_meanwhile_stays_erased(make_bot: MakeBot, caplog: pytest.LogCaptureFixture) -> None:
    bot, user = make_bot(LONG_BUY), User()
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 30, deliver=user))
        await asked(one)
        began = machine.loop.time()
        await one.erase(conversation_id="chat", compact=False)
        seen.append(machine.loop.time() - began)
        await one.turn("chat", "hello again")
        before = [bot.rows(f"SELECT * FROM {table}") for table in ("messages", "turns", "sessions", "audit_log")]
        await asyncio.sleep(60)
        after = [bot.rows(f"SELECT * FROM {table}") for table in ("messages", "turns", "sessions", "audit_log")]
        seen.append(before == after)

    on_a_machine(bot, story)

    assert seen[0] < 1
    assert (seen[1], user.heard) == (True, [])
    assert bot.rows("SELECT status, input_data, output_data FROM audit_log WHERE action = 'shop.buy'") == [
        ("unknown", "{}", None)
    ]
    assert "is not stored" in caplog.text
    assert "Soup" not in caplog.text


def test_a_result_after_the_action_was_taken_over_is_not_stored(
    make_bot: MakeBot, caplog: pytest.LogCaptureFixture
) -> None:
    bot, user = make_bot(LONG_BUY), User()

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 40, idempotent=False, deliver=user))
        two = await stack.enter_async_context(machine.engine("two", 0, idempotent=False))

        async def is_cut_off(*_: Any, **__: Any) -> bool:
            return False

        one.store.audit.renew = is_cut_off  # type: ignore[method-assign]
        await asked(one)
        assert texts(await two.turn("chat", "hello?"))[0] == UNSURE
        await asyncio.sleep(60)

    machine = on_a_machine(bot, story)

    assert (machine.callers, user.heard) == (["one"], [])
    assert audit(bot) == [("unknown", None, None, 0)]
    assert "is not stored (version-conflict)" in caplog.text


@pytest.mark.parametrize(("down_s", "said", "calls"), [(10, None, 1), (300, UNSURE, 1)])
def test_a_result_that_cannot_be_stored_now_is_stored_later(
    make_bot: MakeBot, caplog: pytest.LogCaptureFixture, down_s: float, said: str | None, calls: int
) -> None:
    """One that cannot be stored for minutes is given up, and the next message settles the action."""
    bot, user = make_bot(BUY_AND_GO_ON), User()
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        options = {"idempotent": False, "deliver": user, "others": {"shop.give_back": 0}}
        one = await stack.enter_async_context(machine.engine("one", 12, **options))
        await asked(one)
        load = one.store.load

        async def fails(*_: Any, **__: Any) -> Any:
            raise OperationFailed("disk full")

        one.store.load = fails  # type: ignore[method-assign]
        await asyncio.sleep(down_s)
        one.store.load = load  # type: ignore[method-assign]
        seen.append(audit(bot)[0][0])
        if said is None:
            await user.hears(1)
        seen.append(texts(await one.turn("chat", "Tea")))

    machine = on_a_machine(bot, story)

    assert seen[0] == "pending"
    assert len(machine.keys) == calls
    if said is None:
        assert (user.heard, seen[1]) == (["Number 7. Which drink?"], ["Soup and Tea."])
    else:
        assert (user.heard, seen[1][0]) == ([], said)
    assert ("could not be stored (operation). The action stays pending" in caplog.text) == (said is not None)


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_process_that_dies_after_the_waiting_text_is_recovered_as_ever(make_bot: MakeBot, idempotent: bool) -> None:
    bot, user = make_bot(LONG_BUY), User()

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 60, idempotent=idempotent, deliver=User()))
        await asked(one)
        one.database.die()  # type: ignore[attr-defined]
        await asyncio.sleep(LEASE_S + 1)
        two = await stack.enter_async_context(machine.engine("two", 0, idempotent=idempotent, deliver=user))
        assert await two.recover() == 1
        await user.hears(1)

    machine = on_a_machine(bot, story)

    assert user.heard[0] == (BOUGHT if idempotent else UNSURE)
    assert machine.callers == (["one", "two"] if idempotent else ["one"])
    assert len(set(machine.keys)) == 1
