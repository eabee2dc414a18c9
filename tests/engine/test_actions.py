"""Actions that fail, hang, return nonsense or die with their process. proves: A1, A4, P5"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest

from fsm_engine import ActionCall, Actions, Done, FlowError, HookError, Rejected, Retryable, Status
from fsm_engine.actions import MAX_RESULT_BYTES
from tests.support.engines import engine_of, everything, rows, said
from tests.support.flow_texts import write

FLOW = """
flow: f
steps:
  - {ask: a, type: text, prompt: a?}
  - {do: work, send: [a], save_as: done, retry: RETRY, time_limit: LIMIT, give_up: skip}
  - {ask: b, type: text, prompt: "b after {done}?"}
  - {end: Bye.}
"""
FAILED = "I am sorry, that did not work."
REFUSED = "I am sorry, that is not possible."
LATER = "I am sorry, I cannot do that at the moment. Please try again later."
UNSURE = "I am not sure whether that went through. A person will check it, so please do not try it twice."


def flow(retry: int = 0, limit: str = "20 s") -> str:
    return FLOW.replace("RETRY", str(retry)).replace("LIMIT", limit)


async def hang(call: ActionCall) -> None:
    await asyncio.sleep(60)


def hang_plainly(call: ActionCall) -> None:
    time.sleep(0.3)


def raise_(error: BaseException) -> Callable[[ActionCall], Any]:
    def action(call: ActionCall) -> Any:
        raise error

    return action


async def cancel_itself(call: ActionCall) -> None:
    raise asyncio.CancelledError


FAILURES: dict[str, tuple[Callable[[ActionCall], Any], str]] = {
    "raises": (raise_(RuntimeError("the user's secret")), "exception"),
    "raises StopIteration": (raise_(StopIteration()), "exception"),
    "raises KeyError": (raise_(KeyError("x")), "exception"),
    "raises Rejected": (raise_(Rejected("no")), "rejected"),
    "raises Retryable": (raise_(Retryable("later")), "retryable"),
    "raises TimeoutError": (raise_(TimeoutError()), "timeout"),
    "exits": (raise_(SystemExit(3)), "exception"),
    "cancels itself": (cancel_itself, "exception"),
    "hangs": (hang, "timeout"),
    "hangs in a thread": (hang_plainly, "timeout"),
    "returns an object": (lambda call: object(), "not-json"),
    "returns a set": (lambda call: {1}, "not-json"),
    "returns a huge number": (lambda call: 2**70, "not-json"),
    "returns half a character": (lambda call: "\ud800", "not-json"),
    "returns too much": (lambda call: "x" * (MAX_RESULT_BYTES + 1), "too-large"),
    "returns an endless list": (lambda call: _endless(), "not-json"),
}


def _endless() -> list[Any]:
    endless: list[Any] = []
    endless.append(endless)
    return endless


CLEAR = {"rejected": REFUSED, "retryable": LATER}
"""What is said of failures without an effect; after all others it is in doubt whether there was one."""


@pytest.mark.parametrize("name", FAILURES)
async def test_an_action_that_fails_gives_a_text_and_a_true_line_in_the_audit(tmp_path: Path, name: str) -> None:
    function, code = FAILURES[name]
    limit = "50 ms" if name.startswith("hangs") else "20 s"
    async with engine_of(tmp_path, flow(limit=limit)) as engine:
        engine.action("work")(function)
        await engine.start("chat", "f")
        reply = await engine.turn("chat", "x")
        after = await engine.turn("chat", "y")

    status = "failure" if code in CLEAR else "unknown"
    assert said(reply) == [CLEAR.get(code, UNSURE), "b after ?"]
    assert said(after) == ["Bye."]
    assert rows(tmp_path, "audit_log", "status, error_message, output_data") == [(status, code, None)]
    assert rows(tmp_path, "transactions", "status") == [("failed" if code in CLEAR else "pending",)]


async def test_an_action_that_is_not_registered_fails_and_names_the_nearest_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with engine_of(tmp_path, flow()) as engine:
        engine.action("works")(lambda call: 1)
        await engine.start("chat", "f")

        assert said(await engine.turn("chat", "x"))[0] == FAILED
    assert "action 'work' is not registered. Did you mean 'works'?" in caplog.text


async def test_nothing_a_user_typed_or_an_action_said_reaches_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with engine_of(tmp_path, flow()) as engine:
        engine.action("work")(raise_(RuntimeError("hidden words")))
        await engine.start("chat", "f")
        await engine.turn("chat", "private words")

    assert caplog.text != ""
    assert "hidden words" not in caplog.text
    assert "private words" not in caplog.text


@pytest.mark.parametrize("value", ["a\0b", {"done": "a\0b"}, ["\0"], "\u202eabc\u202c", "\x1b[31m"])
async def test_what_an_action_returns_is_stored_without_what_databases_refuse(tmp_path: Path, value: object) -> None:
    async with engine_of(tmp_path, flow()) as engine:
        engine.action("work")(lambda call: value)
        await engine.start("chat", "f")
        reply = await engine.turn("chat", "x")
        after = await engine.turn("chat", "y")

    assert "\0" not in reply.text
    assert said(after) == ["Bye."]
    assert rows(tmp_path, "audit_log", "status") == [("success",)]


@pytest.mark.parametrize("value", [None, True, 0, "", [], {}, 1.5, float("nan"), {"done": None}, "x" * 60_000])
async def test_an_action_may_return_any_json(tmp_path: Path, value: object) -> None:
    async with engine_of(tmp_path, flow()) as engine:
        engine.action("work")(lambda call: value)
        await engine.start("chat", "f")
        await engine.turn("chat", "x")

        assert (await engine.session("chat")).step == "b"
    assert rows(tmp_path, "audit_log", "status") == [("success",)]


async def test_retryable_is_tried_again_with_the_same_key(tmp_path: Path) -> None:
    calls: list[ActionCall] = []
    async with engine_of(tmp_path, flow(retry=1)) as engine:

        @engine.action("work")
        async def work(call: ActionCall) -> str:
            calls.append(call)
            if len(calls) == 1:
                raise Retryable("later")
            return "it"

        await engine.start("chat", "f")
        assert said(await engine.turn("chat", "x")) == ["b after it?"]

    assert [call.attempt for call in calls] == [1, 2]
    assert len({call.idempotency_key for call in calls}) == 1


@pytest.mark.parametrize(("idempotent", "tries"), [(True, 2), (False, 1)])
async def test_only_an_idempotent_action_is_tried_again_after_a_failure_of_unknown_effect(
    tmp_path: Path, idempotent: bool, tries: int
) -> None:
    calls: list[int] = []

    def work(call: ActionCall) -> None:
        calls.append(call.attempt)
        raise RuntimeError

    async with engine_of(tmp_path, flow(retry=1)) as engine:
        engine.action("work", idempotent=idempotent)(work)
        await engine.start("chat", "f")
        await engine.turn("chat", "x")

    assert len(calls) == tries


async def test_rejected_is_never_tried_again(tmp_path: Path) -> None:
    calls: list[int] = []

    def work(call: ActionCall) -> None:
        calls.append(call.attempt)
        raise Rejected("no")

    async with engine_of(tmp_path, flow(retry=3)) as engine:
        engine.action("work", idempotent=True)(work)
        await engine.start("chat", "f")
        await engine.turn("chat", "x")

    assert calls == [1]


async def test_an_action_that_changes_what_it_got_changes_nothing(tmp_path: Path) -> None:
    text = """
flow: f
steps:
  - {do: work, send: [people]}
  - repeat: people
    steps: [{ask: name, type: text, prompt: name?}]
  - {ask: b, type: text, prompt: "{people} b?"}
"""

    async with engine_of(tmp_path, text) as engine:

        @engine.action("work")
        async def work(call: ActionCall) -> None:
            call.slots["people"].clear()  # type: ignore[union-attr]
            call.session.slots["people"].clear()  # type: ignore[union-attr]

        reply = await engine.start("chat", "f", slots={"people": [{"name": "Ana"}]})

    assert said(reply) == ["Ana b?"]
    assert rows(tmp_path, "audit_log", "input_data") == [('{"people":[{"name":"Ana"}]}',)]


CHECKED = """
flow: f
steps:
  - ask: a
    type: text
    prompt: a?
    checks: [{call: fine, error: No.}]
  - {ask: b, type: text, prompt: b?}
"""


@pytest.mark.parametrize("function", [raise_(RuntimeError()), lambda call: object(), raise_(StopIteration())])
async def test_a_check_that_fails_asks_to_try_again(tmp_path: Path, function: Callable[[ActionCall], Any]) -> None:
    async with engine_of(tmp_path, CHECKED) as engine:
        engine.action("fine")(function)
        await engine.start("chat", "f")

        assert said(await engine.turn("chat", "x")) == [
            "I cannot check that at the moment. Please try again in a little while."
        ]
        engine.action("fine")(lambda call: call.slots["a"] == "x")
        assert said(await engine.turn("chat", "y")) == ["No."]
        assert said(await engine.turn("chat", "x")) == ["b?"]


async def test_a_second_delivery_does_not_ask_a_check_again(tmp_path: Path) -> None:
    calls: list[ActionCall] = []
    async with engine_of(tmp_path, CHECKED) as engine:
        engine.action("fine")(lambda call: calls.append(call) or True)
        await engine.start("chat", "f")
        for _ in range(3):
            await engine.turn("chat", "x", request_id="r")
    async with engine_of(tmp_path) as other:
        other.action("fine")(lambda call: calls.append(call) or True)
        assert (await other.turn("chat", "x", request_id="r")).duplicate

    assert len(calls) == 1


def test_an_action_must_be_a_function_of_one_argument() -> None:
    actions = Actions()
    with pytest.raises(HookError, match="action 'a': str is not a function"):
        actions.action("a")("x")  # type: ignore[type-var]
    with pytest.raises(HookError, match="action 'b': the function must take one argument"):
        actions.action("b")(lambda: None)  # type: ignore[arg-type]
    with pytest.raises(HookError, match="action 'c'"):
        actions.action("c")(lambda one, two: None)  # type: ignore[arg-type]


async def test_with_a_registry_every_action_must_be_there_when_the_engine_opens(tmp_path: Path) -> None:
    actions = Actions()
    actions.action("wrok")(lambda call: None)
    with pytest.raises(
        FlowError,
        match=r"1\.yaml:4:10: error unknown-action: no action called .work. is registered\. Did you mean .wrok",
    ):
        async with engine_of(tmp_path, flow(), actions=actions):
            pass

    assert not (tmp_path / "bot.db").exists()


PROGRAM = """
import asyncio, os, signal, sys
from fsm_engine import Engine

async def main():
    async with Engine.open("sqlite:///" + sys.argv[1] + "/bot.db", flows=sys.argv[1] + "/flows") as engine:
        @engine.action("work")
        async def work(call):
            with open(sys.argv[1] + "/calls", "a") as calls:
                calls.write(call.idempotency_key + "\\n")
            os.kill(os.getpid(), signal.SIGKILL)
        await engine.start("chat", "f")
        await engine.turn("chat", "x", request_id="r")

asyncio.run(main())
"""


def die_in_the_action(folder: Path) -> str:
    """Lets another process die inside the action; gives back the key that it was called with."""
    write(folder / "flows", flow())
    died = subprocess.run([sys.executable, "-c", PROGRAM, str(folder)], check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    return (folder / "calls").read_text().strip()


async def test_after_a_crash_an_idempotent_action_is_called_again_with_its_key_at_the_next_turn(tmp_path: Path) -> None:
    key = die_in_the_action(tmp_path)
    assert rows(tmp_path, "audit_log", "status, idempotency_key") == [("pending", key)]
    calls: list[ActionCall] = []
    async with engine_of(tmp_path) as engine:
        engine.action("work", idempotent=True)(lambda call: calls.append(call) or "it")
        reply = await engine.turn("chat", "y")

    assert [call.idempotency_key for call in calls] == [key]
    assert said(reply) == ["b after it?", "Bye."]
    assert rows(tmp_path, "audit_log", "status, idempotency_key") == [("success", key)]


async def test_after_a_crash_the_second_delivery_finishes_the_action(tmp_path: Path) -> None:
    key = die_in_the_action(tmp_path)
    calls: list[ActionCall] = []
    async with engine_of(tmp_path) as engine:
        engine.action("work", idempotent=True)(lambda call: calls.append(call) or "it")
        replies = [await engine.turn("chat", "x", request_id="r") for _ in range(2)]

    assert [call.idempotency_key for call in calls] == [key]
    assert [said(reply) for reply in replies] == [["b after it?"]] * 2


async def test_after_a_crash_recover_finishes_the_action(tmp_path: Path) -> None:
    key = die_in_the_action(tmp_path)
    calls: list[ActionCall] = []
    async with engine_of(tmp_path) as engine:
        engine.action("work", idempotent=True)(lambda call: calls.append(call) or "it")
        assert await engine.recover() == 1
        assert await engine.recover() == 0

        assert (await engine.session("chat")).step == "b"
    assert [call.idempotency_key for call in calls] == [key]
    assert rows(tmp_path, "audit_log", "status") == [("success",)]


@pytest.mark.parametrize("way", ["turn", "recover"])
async def test_after_a_crash_an_action_that_may_have_happened_is_not_called_again(tmp_path: Path, way: str) -> None:
    die_in_the_action(tmp_path)
    async with engine_of(tmp_path) as engine:
        engine.action("work")(raise_(AssertionError("called again")))
        if way == "recover":
            assert await engine.recover() == 1
            texts = [message.content for message in await engine.history("chat", 2)]
        else:
            texts = said(await engine.turn("chat", "y"))[:2]

    assert texts == [UNSURE, "b after ?"]
    assert rows(tmp_path, "audit_log", "status, error_message") == [("unknown", "unknown")]


async def test_what_an_unfinished_action_led_to_is_part_of_the_stored_reply(tmp_path: Path) -> None:
    die_in_the_action(tmp_path)
    async with engine_of(tmp_path) as engine:
        engine.action("work", idempotent=True)(lambda call: "it")
        first = await engine.turn("chat", "y", request_id="r2")
        again = await engine.turn("chat", "y", request_id="r2")

    assert said(first) == said(again) == ["b after it?", "Bye."]
    assert [one for (one,) in rows(tmp_path, "messages", "content")] == ["a?", "x", "b after it?", "y", "Bye."]


async def test_starting_a_flow_after_a_crash_finishes_the_action_first(tmp_path: Path) -> None:
    die_in_the_action(tmp_path)
    async with engine_of(tmp_path) as engine:
        engine.action("work")(raise_(AssertionError("called again")))
        reply = await engine.start("chat", "f")

    assert said(reply)[-1] == "a?"
    assert rows(tmp_path, "audit_log", "status") == [("unknown",)]


async def test_a_damaged_session_does_not_keep_others_from_being_recovered(tmp_path: Path) -> None:
    die_in_the_action(tmp_path)
    with closing(connect(tmp_path / "bot.db")) as connection:
        connection.execute("UPDATE audit_log SET id = id + 10")
        connection.commit()
    async with engine_of(tmp_path, database="bot.db") as engine:
        under_way: asyncio.Queue[None] = asyncio.Queue()

        @engine.action("work")
        async def work(call: ActionCall) -> None:
            await under_way.put(None)
            await asyncio.sleep(60)

        turns = asyncio.gather(*(_start_and_answer(engine, f"chat {number}") for number in range(2)))
        await under_way.get()
        await under_way.get()
        turns.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turns
    with closing(connect(tmp_path / "bot.db")) as connection:
        connection.execute("UPDATE sessions SET state_json = '{}' WHERE conversation = 1")
        connection.commit()
    async with engine_of(tmp_path) as engine:
        engine.action("work", idempotent=True)(lambda call: "it")

        assert await engine.recover() == 2
    assert sorted(one for (one,) in rows(tmp_path, "audit_log", "status")) == ["pending", "success", "success"]


async def _start_and_answer(engine: Any, conversation_id: str) -> None:
    await engine.start(conversation_id, "f")
    await engine.turn(conversation_id, "x")


async def test_an_action_without_trouble_leaves_nothing_to_recover(tmp_path: Path) -> None:
    async with engine_of(tmp_path, flow()) as engine:
        engine.action("work")(lambda call: "it")
        await engine.start("chat", "f")
        await engine.turn("chat", "x")
        before = everything(tmp_path)

        assert await engine.recover() == 0
    assert everything(tmp_path) == before


async def test_two_actions_in_a_row_answer_in_one_reply(tmp_path: Path) -> None:
    text = """
flow: f
steps:
  - {ask: a, type: text, prompt: a?}
  - {do: one, save_as: x}
  - {say: "{x} done."}
  - {do: two, save_as: y}
  - {end: "{y} done."}
"""
    async with engine_of(tmp_path, text) as engine:
        engine.action("one")(lambda call: "One")
        engine.action("two")(lambda call: "Two")
        await engine.start("chat", "f")
        first = await engine.turn("chat", "go", request_id="r")
        again = await engine.turn("chat", "go", request_id="r")

    assert said(first) == said(again) == ["One done.", "Two done."]
    assert first.session.status is Status.COMPLETED
    assert again.session == first.session


async def test_the_names_of_undo_and_query_must_be_registered_as_well_when_the_engine_opens(tmp_path: Path) -> None:
    actions = Actions()
    actions.action("work", undo="unwork", query="find")(lambda call: None)
    actions.action("unwokr")(lambda call: None)
    with pytest.raises(FlowError) as caught:
        async with engine_of(tmp_path, flow(), actions=actions):
            pass

    first, second = caught.value.problems
    assert "action 'work' names 'find' as its query, and no such action is registered." in first.message
    assert "'unwork' as its undo, and no such action is registered. Did you mean 'unwokr'?" in second.message


async def test_recovery_leaves_alone_the_actions_of_another_bot(tmp_path: Path) -> None:
    key = die_in_the_action(tmp_path)
    async with engine_of(tmp_path) as another_bot:
        another_bot.action("another")(lambda call: None)
        finished = await another_bot.recover()
        listed = [(one.key, one.next) for one in await another_bot.unfinished()]
    assert rows(tmp_path, "audit_log", "status") == [("pending",)]
    async with engine_of(tmp_path) as engine:
        engine.action("work", idempotent=True)(lambda call: "it")
        finished_by_its_own = await engine.recover()

    assert (finished, finished_by_its_own) == (0, 1)
    assert listed == [(key, "not ours")]


async def test_an_action_whose_session_was_started_over_is_settled_by_recovery(tmp_path: Path) -> None:
    die_in_the_action(tmp_path)
    with closing(connect(tmp_path / "bot.db")) as connection:
        connection.execute("UPDATE audit_log SET session = NULL")
        connection.commit()
    async with engine_of(tmp_path) as engine:
        engine.action("work", idempotent=True)(lambda call: "it")

        assert await engine.recover() == 1
        assert await engine.recover() == 0
    assert rows(tmp_path, "audit_log", "status") == [("unknown",)]


async def test_an_engine_may_recover_before_it_is_given_out(tmp_path: Path) -> None:
    key = die_in_the_action(tmp_path)
    calls: list[str] = []
    actions = Actions()
    actions.action("work", idempotent=True)(lambda call: calls.append(call.idempotency_key) or "it")
    async with engine_of(tmp_path, actions=actions, recover=True) as engine:
        unfinished = await engine.unfinished()

    assert (calls, unfinished) == ([key], [])


async def test_a_query_settles_an_action_whose_process_died(tmp_path: Path) -> None:
    for answer, said_first, status in ((Done("it"), "b after it?", "success"), (None, UNSURE, "unknown")):
        folder = tmp_path / status
        folder.mkdir()
        key = die_in_the_action(folder)
        asked: list[str] = []
        async with engine_of(folder) as engine:
            engine.action("work", query="find")(raise_(AssertionError("called again")))
            engine.action("find")(lambda call, answer=answer, asked=asked: asked.append(call.idempotency_key) or answer)
            reply = await engine.turn("chat", "y")

        assert said(reply)[0] == said_first
        assert set(asked) == {key}
        assert rows(folder, "audit_log", "status") == [(status,)]
