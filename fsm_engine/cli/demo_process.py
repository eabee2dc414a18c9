"""One process of the scripted demonstration: ``python -m fsm_engine.cli.demo_process DATABASE first|second|third``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from fsm_engine.cli.demo_actions import TAKEN, DemoBank
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
"""Turns of the first process. The second one dies in the last turn: its account is open, and nothing says so yet."""


def bank_beside(database: Path) -> Path:
    """The bank's ledger, which is no part of the bot's database."""
    return database.with_name("scripted-bank.db")


async def _play(path: Path, part: str) -> int:
    from fsm_engine.engine.engine import Engine

    with closing(DemoBank(bank_beside(path))) as bank:
        async with Engine.open(f"sqlite:///{path}", flows=shipped_flows(), actions=bank.actions()) as engine:
            return await _PARTS[part](engine, path)


async def _begin(engine: Engine, path: Path) -> int:
    for number in range(1, KILLED_AFTER + 1):
        await _take(engine, number)
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


async def _go_on(engine: Engine, path: Path) -> int:
    """Repeats the delivery whose reply may have been lost with the first process, then says the rest; dies in it."""
    from fsm_engine.failpoints import armed

    screen = PlainScreen()
    session = await engine.session(CONVERSATION)
    screen.note(f"The session stands at '{session.step}' after turn {session.turn}, with {sorted(session.slots)}.")
    screen.note(f"Message {KILLED_AFTER} is delivered a second time, as channels do after a crash:")
    if not await _is_repeated(engine, KILLED_AFTER, path):
        return 1
    for number in range(KILLED_AFTER + 1, len(SCRIPT)):
        await _take(engine, number)
    with armed("action.after-call", how="kill"):
        await _take(engine, len(SCRIPT))
    return 1


async def _finish(engine: Engine, path: Path) -> int:
    """The last message is delivered until it has its reply, and once more."""
    screen = PlainScreen()
    for action in await engine.unfinished():
        screen.note(f"The audit says of {action.action}: {action.status}. What to do about it: {action.next}.")
    screen.note(f"Message {len(SCRIPT)} is delivered again, as nobody answered it:")
    await _take(engine, len(SCRIPT))
    screen.note("And once more, by a channel that did not hear the reply:")
    return 0 if await _is_repeated(engine, len(SCRIPT), path, bank_beside(path)) else 1


async def _is_repeated(engine: Engine, number: int, *files: Path) -> bool:
    """Whether a delivery that was answered before gets its answer and changes nothing in any of the files."""
    from fsm_engine.testing.database_files import table_digests

    before = [table_digests(file) for file in files]
    reply = await _take(engine, number)
    is_unchanged = [table_digests(file) for file in files] == before
    which = "The database is" if len(files) == 1 else "Database and bank are"
    state = "unchanged, row for row" if is_unchanged else "CHANGED"
    PlainScreen().note(f"duplicate: {reply.duplicate}. {which} {state}.")
    return is_unchanged and reply.duplicate


_PARTS: Mapping[str, Callable[[Engine, Path], Awaitable[int]]] = {
    "first": _begin,
    "second": _go_on,
    "third": _finish,
}


async def _take(engine: Engine, number: int) -> Reply:
    text = SCRIPT[number - 1]
    screen = PlainScreen()
    screen.user(text)
    reply = await engine.turn(CONVERSATION, text, request_id=f"delivery-{number}")
    for message in reply.messages:
        screen.bot(message, message.options)
    return reply


def main(arguments: list[str]) -> int:
    """The exit code: 0 when the last process found all as it should be; those before do not live to return."""
    path, part = arguments
    tidy_logs(PlainScreen())
    return asyncio.run(_play(Path(path), part))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
