"""One process of the scripted demonstration: ``python -m fsm_engine.cli.demo_process DATABASE first|second``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fsm_engine.cli.demo_actions import TAKEN, registry
from fsm_engine.cli.places import shipped_flows
from fsm_engine.cli.screen import PlainScreen, tidy_logs

if TYPE_CHECKING:
    from fsm_engine.engine.engine import Engine
    from fsm_engine.model.turn import Reply

CONVERSATION = "demo"
SCRIPT = (
    "I want to open an account",
    "My name is Ahmed Ali",
    TAKEN,
    "oh, then it is ahmed@example.com",
    "skip",
    "sometimes I want to hurt myself",
    "yes, I am safe",
    "savings please",
    "fifty dollars",
    "actually my email is ali@example.com",
    "yes",
)
KILLED_AFTER = 4
"""Turns of the first process."""


async def _play(path: Path, part: str) -> int:
    from fsm_engine.engine.engine import Engine

    async with Engine.open(f"sqlite:///{path}", flows=shipped_flows(), actions=registry) as engine:
        if part == "second":
            return await _go_on(engine, path)
        for number in range(1, KILLED_AFTER + 1):
            await _take(engine, number)
        os.kill(os.getpid(), signal.SIGKILL)
    return 1


async def _go_on(engine: Engine, path: Path) -> int:
    """Repeats the delivery whose reply may have been lost with the first process, then says the rest."""
    from fsm_engine.testing.database_files import table_digests

    screen = PlainScreen()
    session = await engine.session(CONVERSATION)
    screen.note(f"The session stands at '{session.step}' after turn {session.turn}, with {sorted(session.slots)}.")
    screen.note(f"Message {KILLED_AFTER} is delivered a second time, as channels do after a crash:")
    before = table_digests(path)
    reply = await _take(engine, KILLED_AFTER)
    is_unchanged = table_digests(path) == before
    screen.note(
        f"duplicate: {reply.duplicate}. The database is {'unchanged, row for row' if is_unchanged else 'CHANGED'}."
    )
    for number in range(KILLED_AFTER + 1, len(SCRIPT) + 1):
        await _take(engine, number)
    return 0 if is_unchanged and reply.duplicate else 1


async def _take(engine: Engine, number: int) -> Reply:
    text = SCRIPT[number - 1]
    screen = PlainScreen()
    screen.user(text)
    reply = await engine.turn(CONVERSATION, text, request_id=f"delivery-{number}")
    for message in reply.messages:
        screen.bot(message, message.options)
    return reply


def main(arguments: list[str]) -> int:
    """The exit code: 0 when the second process found all as it should be; the first one does not live to return."""
    path, part = arguments
    tidy_logs(PlainScreen())
    return asyncio.run(_play(Path(path), part))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
