"""Actions that fail, hang, lie or kill the program; programs that die anywhere."""

# proves: C5, A4

from __future__ import annotations

import asyncio
import functools
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from fsm_engine import ActionCall, Actions, HookError, Rejected, Retryable
from fsm_engine.actions import MAX_RESULT_BYTES
from fsm_engine.model.session import Status
from fsm_engine.testing.database_files import table_digests
from tests.engine.conftest import MakeBot
from tests.support.bots import BUY, Bot, slots, texts
from tests.support.dying import buy_and_die, keys_in, shop, talk_and_die

REFUSED = "I am sorry, that is not possible."
LATER = "I am sorry, I cannot do that at the moment. Please try again later."
HANDED_OFF = "I am sorry, I cannot work this out. I am passing you on to a person who can help."
UNSURE = "I am not sure whether that went through. A person will check it, so please do not try it twice."
QUICK = BUY.replace("time_limit: 20 s", "time_limit: 50 ms")


def actions_of(name: str, function: Callable[[ActionCall], Any], *, idempotent: bool = False) -> Actions:
    actions = Actions()
    actions.action(name, idempotent=idempotent)(function)
    return actions


def raises(call: ActionCall) -> None:
    raise RuntimeError("the shop is on fire")


async def raises_later(call: ActionCall) -> None:
    await asyncio.sleep(0)
    raise RuntimeError("the shop is on fire")


async def hangs(call: ActionCall) -> None:
    await asyncio.Event().wait()


def takes_too_long(call: ActionCall) -> None:
    time.sleep(0.2)


async def gives_itself_up(call: ActionCall) -> None:
    raise asyncio.CancelledError


def rejects(call: ActionCall) -> None:
    raise Rejected("no")


def is_busy(call: ActionCall) -> None:
    raise Retryable("not now")


class OutOfTime(BaseException):
    """As the time-outs of some libraries are, so that nobody catches them by mistake."""


def is_out_of_time(call: ActionCall) -> None:
    raise OutOfTime


async def is_out_of_time_later(call: ActionCall) -> None:
    raise BaseExceptionGroup("several", [OutOfTime()])


FAILING: dict[str, tuple[Callable[[ActionCall], Any], str]] = {
    "raises": (raises, "exception"),
    "raises later": (raises_later, "exception"),
    "hangs": (hangs, "timeout"),
    "blocks": (takes_too_long, "timeout"),
    "cancels itself": (gives_itself_up, "exception"),
    "is out of time": (is_out_of_time, "exception"),
    "is out of time later": (is_out_of_time_later, "exception"),
    "rejects": (rejects, "rejected"),
    "is busy": (is_busy, "retryable"),
    "returns itself": (lambda call: raises, "not-json"),
    "returns a set": (lambda call: {1, 2}, "not-json"),
    "returns a lone surrogate": (lambda call: "\ud800", "not-json"),
    "returns a huge number": (lambda call: 2**70, "not-json"),
    "returns lists in lists": (lambda call: functools.reduce(lambda inner, _: [inner], range(252), 1), "too-deep"),
    "returns too much": (lambda call: "x" * MAX_RESULT_BYTES, "too-large"),
}


@pytest.mark.parametrize("failing", FAILING)
async def test_an_action_that_fails_gives_a_text_and_a_line_in_the_audit(make_bot: MakeBot, failing: str) -> None:
    function, code = FAILING[failing]
    bot = make_bot(QUICK)
    async with bot.open(actions=actions_of("shop.buy", function)) as engine:
        await engine.start("chat", "buy")
        reply = await engine.turn("chat", "Soup", request_id="r1")
        (audit,) = await engine.store.audit.of_session(reply.session.id)
        again = await engine.turn("chat", "Soup", request_id="r1")

    said, status = {"rejected": (REFUSED, "failure"), "retryable": (LATER, "failure")}.get(code, (UNSURE, "unknown"))
    assert texts(reply) == [said, HANDED_OFF]
    assert reply.session.status is Status.HANDED_OFF
    assert (audit.action, audit.status, audit.error, audit.output_json) == ("shop.buy", status, code, None)
    assert texts(again) == texts(reply)


GIVE_UPS = {
    "skip": ([REFUSED, "Never mind, we leave that one out.", "Any wish?"], "active"),
    "cancel": (
        [
            REFUSED,
            "I am sorry, I cannot go on without that, so I have to stop here. You can try again any time.",
        ],
        "cancelled",
    ),
    "goto wish": ([REFUSED, "Any wish?"], "active"),
}


@pytest.mark.parametrize("way", GIVE_UPS)
async def test_after_a_failed_action_the_flow_gives_up_as_it_says(make_bot: MakeBot, way: str) -> None:
    said, status = GIVE_UPS[way]
    flow = f"""
    flow: buy
    steps:
      - {{do: shop.buy, give_up: {way}}}
      - {{say: never reached, when: 1 > 2}}
      - {{ask: wish, type: text, prompt: Any wish?}}
    """
    bot = make_bot(flow)
    async with bot.open(actions=actions_of("shop.buy", rejects)) as engine:
        reply = await engine.start("chat", "buy")

    assert [text for text in texts(reply) if text != "Never mind, we leave that one out."] == [
        text for text in said if text != "Never mind, we leave that one out."
    ]
    assert reply.session.status == status


async def test_an_action_that_may_be_tried_again_is_tried_with_the_same_key(make_bot: MakeBot) -> None:
    calls: list[tuple[str, int]] = []

    async def second_time_lucky(call: ActionCall) -> dict[str, Any]:
        calls.append((call.idempotency_key, call.attempt))
        if call.attempt == 1:
            raise Retryable("not now")
        return {"number": 7, "rest": [1.5, None]}

    bot = make_bot(BUY.replace("time_limit: 20 s", "retry: 1"))
    async with bot.open(actions=actions_of("shop.buy", second_time_lucky)) as engine:
        await engine.start("chat", "buy")
        reply = await engine.turn("chat", "Soup")
        (audit,) = await engine.store.audit.of_session(reply.session.id)

    assert texts(reply) == ["Bought Soup: number 7."]
    assert [attempt for _, attempt in calls] == [1, 2]
    assert {key for key, _ in calls} == {audit.key}
    assert (audit.status, audit.output_json) == ("success", '{"number":7,"rest":[1.5,null]}')


@pytest.mark.parametrize(("idempotent", "tries"), [(True, 2), (False, 1)])
async def test_only_an_idempotent_action_is_called_again_when_its_end_is_unknown(
    make_bot: MakeBot, idempotent: bool, tries: int
) -> None:
    calls: list[str] = []

    async def never_ends(call: ActionCall) -> None:
        calls.append(call.idempotency_key)
        await asyncio.Event().wait()

    bot = make_bot(BUY.replace("time_limit: 20 s", "time_limit: 50 ms, retry: 1"))
    async with bot.open(actions=actions_of("shop.buy", never_ends, idempotent=idempotent)) as engine:
        await engine.start("chat", "buy")
        reply = await engine.turn("chat", "Soup")

    assert len(calls) == tries
    assert len(set(calls)) == 1
    assert texts(reply)[0] == UNSURE


async def test_the_intent_to_act_is_in_the_database_before_the_action_runs(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)
    seen: list[tuple[Any, ...]] = []

    def looks(call: ActionCall) -> int:
        seen.extend(bot.rows("SELECT idempotency_key, status, input_data FROM audit_log"))
        assert seen[0][0] == call.idempotency_key
        return 7

    async with bot.open(actions=actions_of("shop.buy", looks)) as engine:
        await engine.start("chat", "buy")
        reply = await engine.turn("chat", "Soup")

    assert texts(reply) == ["Bought Soup: number 7."]
    assert [row[1:] for row in seen] == [("pending", '{"dish":"Soup"}')]


async def test_what_an_action_returns_is_said_literally_and_stored_without_harm(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)
    async with bot.open(actions=actions_of("shop.buy", lambda call: "a\0b {dish} {{7*7}}")) as engine:
        await engine.start("chat", "buy")
        reply = await engine.turn("chat", "Soup")
        last = (await engine.history("chat"))[-1]

    assert texts(reply) == ["Bought Soup: number ab {dish} {{7*7}}."]
    assert last.content == reply.text


CHECKED = """
flow: f
steps:
  - ask: code
    type: text
    prompt: Code?
    checks: [{call: codes.is_known, error: I do not know that code.}]
  - {end: "Thanks."}
"""


@pytest.mark.parametrize("failing", [name for name in FAILING if name != "blocks"])
async def test_a_check_that_fails_takes_no_answer_and_costs_no_turn(
    make_bot: MakeBot, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fsm_engine.actions.running.CHECK_TIME_LIMIT_S", 0.05)
    bot = make_bot(CHECKED)
    async with bot.open(actions=actions_of("codes.is_known", FAILING[failing][0])) as engine:
        await engine.start("chat", "f")
        reply = await engine.turn("chat", "A1")

    assert texts(reply)[0] == "I cannot check that at the moment. Please try again in a little while."
    assert reply.session.step == "code"
    assert slots(reply) == {}


@pytest.mark.parametrize(("answer", "said"), [(True, "Thanks."), (False, "I do not know that code.")])
async def test_a_check_decides_and_a_second_delivery_does_not_ask_it_again(
    make_bot: MakeBot, answer: bool, said: str
) -> None:
    asked: list[str] = []

    def is_known(call: ActionCall) -> bool:
        asked.append(str(call.slots["code"]))
        return answer

    bot = make_bot(CHECKED)
    async with bot.open(actions=actions_of("codes.is_known", is_known)) as engine:
        await engine.start("chat", "f")
        reply = await engine.turn("chat", "A1", request_id="r1")
        again = await engine.turn("chat", "A1", request_id="r1")

    assert texts(reply)[0] == said
    assert texts(again) == texts(reply)
    assert asked == ["A1"]


async def test_new_flow_files_in_the_middle_of_an_action_do_not_stop_it(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def waits(call: ActionCall) -> int:
        reached.set()
        await go_on.wait()
        return 7

    async with bot.open(actions=actions_of("shop.buy", waits)) as engine:
        await engine.start("chat", "buy")
        turn = asyncio.create_task(engine.turn("chat", "Soup"))
        await reached.wait()
        bot.write(BUY.replace("flow: buy", "flow: buy\nversion: 2").replace("Bought", "Purchased"))
        await engine.reload_flows()
        go_on.set()
        reply = await turn

    assert texts(reply) == ["Bought Soup: number 7."]


def test_a_function_that_cannot_be_an_action_is_refused_when_it_is_registered() -> None:
    with pytest.raises(HookError, match=re.escape("action 'a': the function must take one argument")):
        Actions().action("a")(lambda: None)  # type: ignore[arg-type, misc]
    with pytest.raises(HookError, match="action 'a': int is not a function"):
        Actions().action("a")(7)  # type: ignore[type-var]


# The program is killed inside an action


def killed_while_buying(make_bot: MakeBot, *, idempotent: bool) -> tuple[Bot, Actions]:
    bot = make_bot(BUY)
    buy_and_die(bot.flows.parent, idempotent=idempotent)
    ledger = bot.flows.parent / "ledger"
    assert len(keys_in(ledger)) == 1
    assert bot.rows("SELECT status FROM audit_log") == [("pending",)]
    return bot, shop(ledger, idempotent=idempotent, dies=False)


async def come_back(bot: Bot, actions: Actions, way: str) -> list[str]:
    """What the user reads after the program died, if the bot goes on in this way."""
    async with bot.open(actions=actions, clock=None) as engine:
        if way == "next turn":
            return texts(await engine.turn("chat", "hello?", request_id="r3"))
        if way == "second delivery":
            return texts(await engine.turn("chat", "Soup", request_id="r2"))
        assert await engine.recover() == 1
        assert await engine.recover() == 0
        return texts(await engine.turn("chat", "Soup", request_id="r2"))


WAYS = ["next turn", "second delivery", "recover"]


@pytest.mark.parametrize("way", WAYS)
async def test_an_idempotent_action_is_finished_with_the_key_it_had(make_bot: MakeBot, way: str) -> None:
    bot, actions = killed_while_buying(make_bot, idempotent=True)
    said = await come_back(bot, actions, way)

    keys = keys_in(bot.flows.parent / "ledger")
    assert len(keys) == 2
    assert bot.rows("SELECT idempotency_key, status, output_data FROM audit_log") == [(keys[0], "success", "7")]
    assert keys[0] == keys[1]
    assert "Bought Soup: number 7." in said


@pytest.mark.parametrize("way", WAYS)
async def test_another_action_is_not_called_again_and_the_user_is_told(make_bot: MakeBot, way: str) -> None:
    bot, actions = killed_while_buying(make_bot, idempotent=False)
    said = await come_back(bot, actions, way)

    assert len(keys_in(bot.flows.parent / "ledger")) == 1
    assert bot.rows("SELECT status, error_message FROM audit_log") == [("unknown", "unknown")]
    assert UNSURE in said


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_said_after_a_crash_is_the_same_for_every_later_delivery(make_bot: MakeBot, way: str) -> None:
    bot, actions = killed_while_buying(make_bot, idempotent=True)
    said = await come_back(bot, actions, way)
    before = table_digests(bot.database)
    delivery = ("hello?", "r3") if way == "next turn" else ("Soup", "r2")
    async with bot.open(actions=actions, clock=None) as engine:
        again = await engine.turn("chat", delivery[0], request_id=delivery[1])

    assert texts(again) == said
    assert table_digests(bot.database) == before
    assert len(bot.rows("SELECT 1 FROM messages WHERE content = 'Bought Soup: number 7.'")) == 1


async def test_recovery_goes_on_past_a_session_that_is_damaged(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)
    ledger = bot.flows.parent / "ledger"
    started = asyncio.Event()

    async def never_ends(call: ActionCall) -> None:
        started.set()
        await asyncio.Event().wait()

    async with bot.open(actions=actions_of("shop.buy", never_ends)) as engine:
        for chat in ("damaged", "sound"):
            await engine.start(chat, "buy")
            started.clear()
            turn = asyncio.create_task(engine.turn(chat, "Soup"))
            await started.wait()
            turn.cancel()
            await asyncio.wait([turn])
    bot.change("UPDATE sessions SET state_json = '{}' WHERE key = 1")
    async with bot.open(actions=shop(ledger, idempotent=True, dies=False)) as engine:
        finished = await engine.recover()

    assert finished == 1
    assert bot.rows("SELECT status FROM audit_log ORDER BY id") == [("pending",), ("success",)]


async def test_recovery_goes_on_past_a_session_in_which_another_process_was_quicker(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def never_ends(call: ActionCall) -> None:
        reached.set()
        await asyncio.Event().wait()

    async def is_slow_in_one_chat(call: ActionCall) -> int:
        if call.session.conversation_id == "quick":
            reached.set()
            await go_on.wait()
        return 7

    async with bot.open(actions=actions_of("shop.buy", never_ends)) as engine:
        for chat in ("quick", "other"):
            await engine.start(chat, "buy")
            reached.clear()
            turn = asyncio.create_task(engine.turn(chat, "Soup"))
            await reached.wait()
            turn.cancel()
            await asyncio.wait([turn])
    reached.clear()
    slow, quick = (actions_of("shop.buy", one, idempotent=True) for one in (is_slow_in_one_chat, lambda call: 7))
    async with bot.open(actions=slow) as engine, bot.open(actions=quick) as another:
        recovery = asyncio.create_task(engine.recover())
        await reached.wait()
        reply = await another.turn("quick", "hello?")
        go_on.set()
        finished = await recovery

    assert texts(reply)[0] == "Bought Soup: number 7."
    assert finished == 1
    assert bot.rows("SELECT status FROM audit_log ORDER BY id") == [("success",), ("success",)]


async def test_a_program_killed_after_any_reply_goes_on_at_it(make_bot: MakeBot) -> None:
    questions = "".join(f'  - {{ask: q{n}, type: text, prompt: "{n}?"}}\n' for n in range(10))
    bot = make_bot(f"flow: f\nstart: {{phrases: [ask me things]}}\nsteps:\n{questions}")
    words = ["ask me things", *(f"answer number {number}" for number in range(9))]
    for number, text in enumerate(words):
        said = talk_and_die(bot.flows.parent, f"r{number}", text)

        assert said == f"{number}?\n"
        assert bot.rows("SELECT turn, fsm_state FROM sessions") == [(number + 1, f"q{number}")]
        assert bot.rows("SELECT count(*) FROM messages") == [(2 * number + 2,)]
        assert bot.rows("SELECT count(*) FROM user_responses") == [(number,)]
    async with bot.open(clock=None) as engine:
        reply = await engine.turn("chat", words[-1], request_id="r9")
    assert (reply.duplicate, reply.text) == (True, "9?")
    assert slots(reply) == {f"q{number}": f"answer number {number}" for number in range(9)}
