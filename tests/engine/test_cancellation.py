"""A turn that is cancelled at any moment leaves the engine usable and has one answer. proves: P2, P6"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any

import pytest

from fsm_engine import ActionCall, Engine
from tests.support.engines import engine_of, rows, said

FLOW = """
flow: f
steps:
  - ask: a
    type: text
    prompt: a?
    checks: [{call: fine, error: No.}]
  - {do: work, send: [a], save_as: done, give_up: skip}
  - {ask: b, type: text, prompt: b?}
  - {ask: c, type: text, prompt: c?}
"""
STEPS_AT_MOST = 60


class Stepped:
    """Awaits a coroutine and cancels its task when it has given way for the n-th time."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], cancel_at: int) -> None:
        self.coroutine = coroutine
        self.cancel_at = cancel_at
        self.steps = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self.coroutine.__await__()
        to_send: Any = None
        while True:
            try:
                waiting_for = inner.send(to_send)
            except StopIteration as done:
                return done.value
            self.steps += 1
            if self.steps == self.cancel_at:
                task = asyncio.current_task()
                assert task is not None
                asyncio.get_running_loop().call_soon(task.cancel)
            try:
                to_send = yield waiting_for
            except BaseException as error:  # noqa: BLE001 - handed on to the coroutine, as `await` does
                try:
                    inner.throw(error)
                except StopIteration as done:
                    return done.value


async def turn_cancelled_at(step: int, engine: Engine, text: str, request_id: str) -> bool:
    """Whether the turn was cancelled before it was done."""
    stepped = Stepped(engine.turn("chat", text, request_id=request_id), step)

    async def run() -> Any:
        return await stepped

    task = asyncio.create_task(run())
    await asyncio.wait([task])
    if task.cancelled():
        return True
    task.result()
    return False


def register(engine: Engine, calls: list[str]) -> None:
    @engine.action("fine")
    async def fine(call: ActionCall) -> bool:
        await asyncio.sleep(0)
        return True

    @engine.action("work", idempotent=True)
    async def work(call: ActionCall) -> str:
        await asyncio.sleep(0)
        calls.append(call.idempotency_key)
        return "it"


@pytest.mark.parametrize("hold_at_most", [0, 10])
async def test_a_turn_cancelled_at_any_step_is_stored_whole_or_not_at_all(tmp_path: Path, hold_at_most: int) -> None:
    cancelled = 0
    for step in range(1, STEPS_AT_MOST):
        folder = tmp_path / str(step)
        async with engine_of(folder, FLOW, hold_at_most=hold_at_most) as engine:
            calls: list[str] = []
            register(engine, calls)
            await engine.start("chat", "f")
            was_cancelled = await turn_cancelled_at(step, engine, "x", "r1")
            outcome = await engine.outcome("chat", "r1")
            stored = [number for (number,) in sorted(rows(folder, "turns", "number"))]
            again = await engine.turn("chat", "x", request_id="r1")
            after = await engine.turn("chat", "y", request_id="r2")

        assert stored == list(range(1, len(stored) + 1))
        assert (outcome is not None) == (len(stored) > 1)
        assert said(again)[-1] == "b?"
        assert again.session.slots == {"a": "x", "done": "it"}
        assert said(after) == ["c?"]
        assert len(set(calls)) == 1
        assert len(rows(folder, "audit_log")) == 1
        cancelled += was_cancelled
        if not was_cancelled:
            break

    assert 3 < cancelled < STEPS_AT_MOST - 1


async def test_callers_that_are_cancelled_while_they_wait_do_not_hold_up_the_others(tmp_path: Path) -> None:
    async with engine_of(tmp_path, FLOW.replace("    checks: [{call: fine, error: No.}]\n", "")) as engine:
        register(engine, [])
        await engine.start("chat", "f")
        tasks = [asyncio.create_task(engine.turn("chat", "repeat", request_id=f"r{number}")) for number in range(30)]
        await asyncio.sleep(0)
        for task in tasks[1::2]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        stored = {one for (one,) in rows(tmp_path, "turns", "request_id")}

        for number, result in enumerate(results):
            outcome = await engine.outcome("chat", f"r{number}")
            assert (outcome is not None) == (f"r{number}" in stored)
            assert number % 2 == 1 or not isinstance(result, BaseException)
    assert len(rows(tmp_path, "turns")) >= 16


async def test_a_turn_with_a_deadline_leaves_the_conversation_free(tmp_path: Path) -> None:
    async with engine_of(tmp_path, FLOW) as engine:
        register(engine, [])

        @engine.action("work")
        async def work(call: ActionCall) -> None:
            await asyncio.sleep(60)

        await engine.start("chat", "f")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await engine.turn("chat", "x", request_id="r1")
        outcome = await engine.outcome("chat", "r1")
        reply = await engine.turn("chat", "y")

    assert outcome is not None
    assert outcome.session.slots == {"a": "x"}
    assert "I am not sure whether that went through" in said(reply)[0]
