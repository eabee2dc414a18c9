"""The engine keeps its promises on uvloop, which bots run for speed, as on the standard loop. proves: P3, P4, P6"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from fsm_engine import Engine
from tests.engine.test_cancellation import FLOW, register, turn_cancelled_at
from tests.support.engines import engine_of, rows, said

Talk = Callable[[Engine], Awaitable[None]]


async def deliver_twice_at_once(engine: Engine) -> None:
    await engine.start("chat", "f")
    first, second = await asyncio.gather(*[engine.turn("chat", "x", request_id="r1") for _ in range(2)])

    assert first.messages == second.messages
    assert sorted([first.duplicate, second.duplicate]) == [False, True]


async def speak_in_many_conversations(engine: Engine) -> None:
    chats = [f"chat {number}" for number in range(100)]
    await asyncio.gather(*[engine.start(chat, "f") for chat in chats])
    replies = await asyncio.gather(*[engine.turn(chat, chat) for chat in chats])

    assert [reply.session.slots["a"] for reply in replies] == chats
    assert {said(reply)[-1] for reply in replies} == {"b?"}


async def cancel_at_each_step(engine: Engine) -> None:
    for step in range(1, 60):
        chat = f"chat {step}"
        await engine.start("chat", "f")
        if not await turn_cancelled_at(step, engine, chat, f"r{step}"):
            break
        outcome = await engine.outcome("chat", f"r{step}")
        again = await engine.turn("chat", chat, request_id=f"r{step}")
        assert again.session.slots["a"] == chat
        stored = outcome.messages if outcome else ()  # what the action led to may have come later
        assert again.messages[: len(stored)] == stored
    assert 3 < step < 59


@pytest.mark.parametrize("talk", [deliver_twice_at_once, speak_in_many_conversations, cancel_at_each_step])
def test_a_talk_on_uvloop_ends_as_anywhere(tmp_path: Path, talk: Talk) -> None:
    async def run() -> None:
        async with engine_of(tmp_path, FLOW) as engine:
            register(engine, [])
            await talk(engine)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())

    assert len(rows(tmp_path, "turns")) > 0
