"""Programs with 64 conversations that end in every way in which programs end.

Each prints a line per acknowledged turn (its request id), and ``leaving <time>`` when it begins to end by itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from fsm_engine import Actions, Engine, SyncEngine
from fsm_engine.errors import FsmEngineError
from tests.faults.plants import plant_from_environment

CONVERSATIONS = 64
ACKNOWLEDGED_BEFORE = 200
"""Turns after which a program that ends by itself does so."""
FLOWS = (
    """
    flow: order
    start: {phrases: [I want to order]}
    steps:
      - {ask: dish, type: text 1..60, prompt: Which dish?}
      - {ask: note, type: text, prompt: "Any wish for your {dish}?"}
      - {end: "{dish}: {note}."}
    """,
    """
    flow: wait
    steps:
      - {ask: what, type: text, prompt: What for?}
      - {do: wait.long, send: [what], save_as: never, time_limit: 300 s}
      - {end: Done.}
    """,
)
_kept: list[Any] = []
"""What a program forgets to close."""


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


class Acknowledged:
    """Says what was acknowledged, and when there has been enough of it."""

    def __init__(self) -> None:
        self.enough = threading.Event()
        self._count = 0

    def add(self, request_id: str) -> None:
        say(request_id)
        self._count += 1
        if self._count >= ACKNOWLEDGED_BEFORE:
            self.enough.set()


def actions() -> Actions:
    registered = Actions()

    @registered.action("wait.long")
    async def wait_long(call: Any) -> None:
        await asyncio.sleep(3600)

    return registered


def options(folder: Path) -> dict[str, Any]:
    return {"flows": folder / "flows", "actions": actions()}


async def talk(engine: Engine, name: str, acknowledged: Acknowledged) -> None:
    for number in range(100_000):
        await engine.turn(name, "I want to order", request_id=f"{name}-{number}")
        acknowledged.add(f"{name}-{number}")


async def talk_until(folder: Path, leave: Callable[[], None]) -> None:
    """Leaves while all conversations go on."""
    acknowledged = Acknowledged()
    async with Engine.open(f"sqlite:///{folder}/bot.db", **options(folder)) as engine:
        _kept.extend(asyncio.create_task(talk(engine, f"chat {n}", acknowledged)) for n in range(CONVERSATIONS))
        await asyncio.to_thread(acknowledged.enough.wait)
        say(f"leaving {time.monotonic()}")
        leave()
        await asyncio.gather(*_kept)


def raise_error() -> NoReturn:
    raise RuntimeError("on purpose")


def forget(folder: Path) -> None:
    async def main() -> None:
        acknowledged = Acknowledged()
        manager = Engine.open(f"sqlite:///{folder}/bot.db", **options(folder))
        engine = await manager.__aenter__()
        _kept.append(manager)
        _kept.extend(asyncio.create_task(talk(engine, f"chat {n}", acknowledged)) for n in range(CONVERSATIONS))
        await asyncio.to_thread(acknowledged.enough.wait)
        say(f"leaving {time.monotonic()}")

    asyncio.run(main())


def end_on_request(folder: Path) -> None:
    """SIGTERM cancels the main task, as asyncio has it for SIGINT: what servers and containers send."""

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        with suppress(asyncio.CancelledError):
            await talk_until(folder, lambda: None)

    asyncio.run(main())


def end_threads_on_request(folder: Path) -> None:
    """SIGTERM ends the program as `sys.exit` does, which a program without an event loop can bear."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    with Engine.open_sync(f"sqlite:///{folder}/bot.db", **options(folder)) as engine:
        talk_in_threads(engine, Acknowledged())
        threading.Event().wait()


def stay(folder: Path) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a program in the background is told to ignore it
    asyncio.run(talk_until(folder, lambda: None))


def talk_in_threads(engine: SyncEngine, acknowledged: Acknowledged) -> list[threading.Thread]:
    """Threads that talk until they are refused, and then say by which error."""

    def talk_in_one(name: str) -> None:
        try:
            for number in range(100_000):
                engine.turn(name, "I want to order", request_id=f"{name}-{number}")
                acknowledged.add(f"{name}-{number}")
        except FsmEngineError as error:
            say(f"refused {error.code}")

    def wait_in_action(name: str) -> None:
        try:
            engine.start(name, "wait", request_id=f"{name}-0")
            engine.turn(name, "a while", request_id=f"{name}-1")
        except FsmEngineError as error:
            say(f"refused {error.code}")

    names = [f"chat {n}" for n in range(CONVERSATIONS)]
    threads = [threading.Thread(target=talk_in_one, args=(name,), daemon=True) for name in names[:-8]]
    threads += [threading.Thread(target=wait_in_action, args=(name,), daemon=True) for name in names[-8:]]
    for thread in threads:
        thread.start()
    return threads


def leave_threads(folder: Path) -> None:
    acknowledged = Acknowledged()
    with Engine.open_sync(f"sqlite:///{folder}/bot.db", **options(folder)) as engine:
        threads = talk_in_threads(engine, acknowledged)
        acknowledged.enough.wait()
        say(f"leaving {time.monotonic()}")
    for thread in threads:
        thread.join()
    try:
        engine.turn("chat", "too late")
    except FsmEngineError as error:
        say(f"refused {error.code}")


def forget_threads(folder: Path) -> None:
    acknowledged = Acknowledged()
    manager = Engine.open_sync(f"sqlite:///{folder}/bot.db", **options(folder))
    _kept.append(manager)
    talk_in_threads(manager.__enter__(), acknowledged)
    acknowledged.enough.wait()
    say(f"leaving {time.monotonic()}")


def stay_in_threads(folder: Path) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Engine.open_sync(f"sqlite:///{folder}/bot.db", **options(folder)) as engine:
        talk_in_threads(engine, Acknowledged())
        threading.Event().wait()


def fork_async(folder: Path) -> None:
    """A child of a busy program tries to go on with its engine, and ends like any program."""

    async def main() -> None:
        acknowledged = Acknowledged()
        async with Engine.open(f"sqlite:///{folder}/bot.db", **options(folder)) as engine:
            tasks = [asyncio.create_task(talk(engine, f"chat {n}", acknowledged)) for n in range(CONVERSATIONS)]
            await asyncio.to_thread(acknowledged.enough.wait)
            children = [_fork(lambda: asyncio.run(_say_refusals(engine))) for _ in range(4)]
            _wait_for(children)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await engine.turn("the parent", "I want to order", request_id="the parent-0")
            say("the parent-0")

    asyncio.run(main())


async def _say_refusals(engine: Engine) -> None:
    for call in (engine.turn("chat 1", "hello"), engine.turn("new", "hello"), engine.outcome("chat 1", "chat 1-0")):
        try:
            await call
        except FsmEngineError as error:
            say(f"refused {error.code}")
    await engine.store.close()


def fork_sync(folder: Path) -> None:
    with Engine.open_sync(f"sqlite:///{folder}/bot.db", **options(folder)) as engine:
        acknowledged = Acknowledged()
        talk_in_threads(engine, acknowledged)
        acknowledged.enough.wait()
        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                for call in (engine.turn, engine.history):
                    try:
                        call("chat 1", "hello")  # type: ignore[operator]
                    except FsmEngineError as error:
                        say(f"refused {error.code}")
                return  # leaves the engine's context in the child
            children.append(child)
        _wait_for(children)
        engine.turn("the parent", "I want to order", request_id="the parent-0")
        say("the parent-0")


def _fork(work: Callable[[], None]) -> int:
    """The child ends as those of `multiprocessing` do: the event loop of the parent, which it shares, is left alone."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return child


def _wait_for(children: list[int]) -> None:
    for child in children:
        _, status = os.waitpid(child, 0)
        say(f"child {os.waitstatus_to_exitcode(status)}")


PROGRAMS: dict[str, Callable[[Path], None]] = {
    "raise": lambda folder: asyncio.run(talk_until(folder, raise_error)),
    "sys.exit": lambda folder: asyncio.run(talk_until(folder, lambda: sys.exit(3))),
    "os._exit": lambda folder: asyncio.run(talk_until(folder, lambda: os._exit(4))),
    "forget": forget,
    "end on request": end_on_request,
    "end threads on request": end_threads_on_request,
    "stay": stay,
    "leave threads": leave_threads,
    "forget threads": forget_threads,
    "stay in threads": stay_in_threads,
    "fork async": fork_async,
    "fork sync": fork_sync,
}

if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    plant_from_environment()
    PROGRAMS[sys.argv[1]](Path(sys.argv[2]))
