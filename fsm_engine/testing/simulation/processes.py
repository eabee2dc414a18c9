"""Engines on one file, each in a simulated process: opened, called, closed in good order, or killed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Literal, Protocol

from fsm_engine.actions import Actions
from fsm_engine.engine.engine import Engine
from fsm_engine.engine.opening import NewId
from fsm_engine.engine.turns import Clock
from fsm_engine.storage.store import Store
from fsm_engine.testing.simulation.database import Disk, SimulatedDatabase, open_simulated
from fsm_engine.testing.simulation.loop import Owner, SimulatedLoop

Ending = Literal["reply", "error", "cancelled", "lost"]
WrapStore = Callable[[Store], Store]
HOLD_AT_MOST: Final = 3
"""So few conversations are held in memory that some are dropped and read again."""


class Bot(Protocol):
    """What a process runs besides the engine."""

    def actions(self, die: Callable[[], Awaitable[None]]) -> Actions: ...

    def options(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Called:
    """How a call ended: ``value`` with a reply, ``error`` with an error. Lost: the process was killed."""

    ending: Ending
    value: Any = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """When a caller gives up: after so many steps of the loop, or so many seconds; never where both are None."""

    steps: int | None = None
    seconds: float | None = None


class Process(Owner):
    """One engine. ``engine`` is there once `open` has returned; ``gone`` is done when the process has ended."""

    engine: Engine

    def __init__(self, name: str, loop: SimulatedLoop, disk: Disk) -> None:
        super().__init__(name)
        self._loop = loop
        self._disk = disk
        self.gone: asyncio.Future[None] = loop.create_future()
        self._leave = asyncio.Event()
        self._holder: asyncio.Task[None] | None = None
        self._database: SimulatedDatabase | None = None
        self._calls: dict[asyncio.Future[Called], None] = {}

    async def open(self, bot: Bot, *, clock: Clock, new_id: NewId, flows: Any, wrap_store: WrapStore) -> None:
        """Raises what `Engine.open` raises, and `ConnectionResetError` when the process is killed meanwhile."""
        opened: asyncio.Future[Called] = self._loop.create_future()
        self._calls[opened] = None
        options = {"clock": clock, "new_id": new_id, "flows": flows, "hold_at_most": HOLD_AT_MOST, **bot.options()}
        options |= {"owner": self.name, "chance": Random(self.name).random}  # noqa: S311 - repeatable, not secret

        async def die() -> None:
            self._loop.at_step(self._loop.step + 1, self.kill)
            await self._loop.create_future()

        options["actions"] = bot.actions(die)
        self._holder = self._loop.start(self, self._hold(opened, options, wrap_store))
        called = await opened
        if called.error is not None:
            raise called.error
        if called.ending == "lost":
            raise ConnectionResetError

    async def _hold(self, opened: asyncio.Future[Called], options: dict[str, Any], wrap_store: WrapStore) -> None:
        try:
            store, self._database = open_simulated(self._disk)
            async with Engine.open(wrap_store(store), **options) as engine:
                self.engine = engine
                self._answer(opened, Called("reply"))
                await self._leave.wait()
        except Exception as error:  # noqa: BLE001 - it goes to whoever opens
            self._answer(opened, Called("error", error=error))
        finally:
            self._end()

    @property
    def is_ready(self) -> bool:
        return not self.gone.done() and not self._leave.is_set() and hasattr(self, "engine")

    async def call(self, coroutine: Coroutine[Any, Any, Any], patience: Patience = Patience()) -> Called:
        """How the call ended in this process; the caller itself is outside, and outlives it."""
        if self.is_dead:
            coroutine.close()
            return Called("lost")
        answer: asyncio.Future[Called] = self._loop.create_future()
        self._calls[answer] = None
        task = self._loop.start(self, coroutine)
        task.add_done_callback(lambda done: self._answer(answer, _ending(done)))
        if patience.steps is not None:
            self._loop.at_step(self._loop.step + patience.steps, lambda: self._cancel(task))
        if patience.seconds is not None:
            self._loop.call_later(patience.seconds, self._cancel, task)
        return await answer

    async def close(self) -> None:
        """Leaves the engine's context; calls that are under way end as they may."""
        self._leave.set()
        if self._holder is not None:
            await self.call(_wait_for(self._holder))

    def kill(self) -> None:
        """At once, and without a word to anybody."""
        if not self.is_dead:
            self._loop.kill(self)

    def let_go(self) -> None:
        """What a kill takes away: the file, and the hopes of all callers."""
        if self._database is not None:
            self._database.die()
        for answer in self._calls:
            if not answer.done():
                answer.set_result(Called("lost"))
        self._calls.clear()
        self._end()

    def held(self) -> list[str]:
        """What an idle process should not hold: tasks, statements, transactions."""
        found = [f"task {task.get_coro()!r}" for task in self._loop.tasks_of(self) if task is not self._holder]
        for number, connection in enumerate(self._database.connections if self._database else ()):
            if connection.in_transaction or not connection.is_idle:
                found.append(f"connection {number}")
        return found

    def _end(self) -> None:
        if not self.gone.done():
            self.gone.set_result(None)

    def _cancel(self, task: asyncio.Task[Any]) -> None:
        if not self.is_dead:
            task.cancel()

    def _answer(self, answer: asyncio.Future[Called], called: Called) -> None:
        self._calls.pop(answer, None)
        if not answer.done():
            answer.set_result(called)


async def _wait_for(task: asyncio.Task[None]) -> None:
    await asyncio.wait([task])


def _ending(task: asyncio.Task[Any]) -> Called:
    if task.cancelled():
        return Called("cancelled")
    error = task.exception()
    if error is not None:
        return Called("error", error=error)
    return Called("reply", task.result())
