"""What the processes of the fault tests do. Each is a coroutine whose arguments are such as JSON can carry."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fsm_engine import Busy, Engine
from fsm_engine.failpoints import VARIABLE, counted
from fsm_engine.testing.clock import VirtualClock
from tests.faults import moves, payments, trips
from tests.faults.plants import plant_from_environment
from tests.faults.shortages import SHORTAGES
from tests.faults.talking import DIALOGUE, bank_of, identity, opened


def warm_up() -> None:
    """Holds a dialogue twice, so that what every process would do first is done before any is born; no thread stays."""
    with TemporaryDirectory() as folder:
        for _ in range(2):
            asyncio.run(converse(folder, "silent", True))
    for patience in payments.PATIENCE.values():
        payments.flows(patience)
    trips.flows()
    moves.flows(2)
    assert threading.active_count() == 1
    gc.freeze()


def say(answer: Any) -> None:
    """Writes one line at once; a killed process leaves its last one whole, or without an end."""
    os.write(1, json.dumps(answer).encode() + b"\n")


async def converse(folder: str, failpoint: str, knows_keys: bool) -> None:
    """Recovers, then holds the dialogue from its beginning; each run uses the same request ids, times and session ids.

    ``failpoint`` is armed in the environment; ``count`` tells how often each one is reached instead, and ``silent``
    does and says nothing.
    """
    place = Path(folder)
    bank = bank_of(place, knows_keys=knows_keys)
    session_id = ""
    with ExitStack() as stack:
        if failpoint == "count":
            hits = stack.enter_context(counted())
        elif failpoint not in ("", "silent"):
            os.environ[VARIABLE] = failpoint
        async with opened(place, bank, clock=VirtualClock(), new_id=lambda _: session_id) as engine:
            await engine.recover()
            for number, text in enumerate(DIALOGUE):
                session_id = f"session of r{number}"
                reply = await engine.turn("chat", text, request_id=f"r{number}")
                if failpoint != "silent":
                    say([f"r{number}", identity(reply)])
        if failpoint == "count":
            say(hits)


async def take_trip(folder: str, failpoint: str) -> None:
    """As `converse`, a dialogue in which two actions are done and taken back again."""
    with ExitStack() as stack:
        if failpoint == "count":
            hits = stack.enter_context(counted())
        elif failpoint:
            os.environ[VARIABLE] = failpoint
        async with trips.opened(Path(folder), new_id=lambda _: "trip") as engine:
            await engine.recover()
            for number, text in enumerate(trips.CANCELLED):
                reply = await engine.turn("chat", text, request_id=f"r{number}")
                say([f"r{number}", identity(reply)])
        if failpoint == "count":
            say(hits)


async def move(folder: str, failpoint: str) -> None:
    """As `converse`, a dialogue in which the first message moves its session to newer flows."""
    with ExitStack() as stack:
        if failpoint == "count":
            hits = stack.enter_context(counted())
        elif failpoint:
            os.environ[VARIABLE] = failpoint
        async with moves.opened(Path(folder)) as engine:
            for number, text in enumerate(moves.AFTERWARDS):
                reply = await engine.turn("chat", text, request_id=f"later{number}")
                say([f"later{number}", identity(reply)])
        if failpoint == "count":
            say(hits)


async def live(folder: str, told_case: dict[str, Any], told_life: dict[str, Any]) -> None:
    """One life of a process in a case of `payments`: says for each message its id, its reply and how much was said."""
    place, case, life = Path(folder), payments.case_of(told_case), payments.life_of(told_life)
    wait = partial(payments.wait_for_order, say)
    line, steps = payments.line_of(place, case, life, wait)
    texts = payments.DIALOGUES[case.dialogue]
    with payments.lived(life, wait) as hits:
        async with payments.opened(place, case, line, life) as engine:
            if life.recovers:
                await engine.recover()
            for again in ("", "again ")[: 1 + life.redelivers]:
                for number in life.says if life.says is not None else range(len(texts)):
                    reply = await engine.turn("chat", texts[number], request_id=f"r{number}")
                    say([f"{again}r{number}", identity(reply), len(reply.messages)])
    if hits is not None:
        say([dict(hits), steps["work"]])


async def work(folder: str, knows_keys: bool = True) -> None:
    """Takes orders until there are no more: each is a list of calls, which one coroutine makes one after the other.

    A call names ``client``, ``conversation`` and ``request_id``, and a ``text``, or a ``flow`` to start; one without
    a request id looks at the journal.
    """
    place = Path(folder)
    bank = bank_of(place, knows_keys=knows_keys)
    async with opened(place, bank) as engine, asyncio.TaskGroup() as tasks:
        say("ready")
        async for line in _orders():
            tasks.create_task(_carry_out(engine, json.loads(line)))


async def _orders() -> AsyncIterator[bytes]:
    reader = asyncio.StreamReader(limit=2**20)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        async for line in reader:
            yield line
    finally:
        transport.close()


async def _carry_out(engine: Engine, calls: list[dict[str, str]]) -> None:
    for call in calls:
        started = time.monotonic_ns()
        try:
            seen = await _seen(engine, **call)
        except Busy:
            seen = {"outcome": "refused"}
        say({**call, **seen, "started": started, "ended": time.monotonic_ns()})


async def _seen(
    engine: Engine, *, client: str, conversation: str, request_id: str = "", text: str = "", flow: str = ""
) -> dict[str, Any]:
    if not request_id:
        session = await engine.session(conversation)
        journal = await engine.store.sessions.journal(session.id)
        return {"outcome": "acknowledged", "log": [turn.request_id for turn in journal]}
    if flow:
        reply = await engine.start(conversation, flow, request_id=request_id)
    else:
        reply = await engine.turn(conversation, text, request_id=request_id)
    return {
        "outcome": "acknowledged",
        "version": reply.session.turn,
        "reply": identity(reply),
        "is_repeat": reply.duplicate,
    }


async def run_short(shortage: str, *arguments: str) -> None:
    """One of `tests.faults.shortages`; says what it counted."""
    say(await SHORTAGES[shortage](*arguments))


PROGRAMS: Mapping[str, Callable[..., Coroutine[Any, Any, None]]] = {
    "converse": converse,
    "trip": take_trip,
    "move": move,
    "live": live,
    "work": work,
    "run short": run_short,
}

plant_from_environment()
