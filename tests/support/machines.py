"""Several engines on one database file, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Any

from fsm_engine import ActionCall, Actions, Engine
from fsm_engine.storage.open import open_store
from fsm_engine.testing.clock import FIRST_MOMENT
from fsm_engine.testing.simulation.database import Disk, open_simulated
from fsm_engine.testing.simulation.loop import SimulatedLoop
from tests.support.bots import Bot


class FastDisk(Disk):
    def delay(self) -> float:
        return 0.001


class Machine:
    """Engines on one file, each with an owner of its own, on one virtual clock.

    ``calls`` is who called the shop and when, ``keys`` with which keys it was asked to sell.
    """

    def __init__(self, bot: Bot, loop: SimulatedLoop) -> None:
        self.bot = bot
        self.loop = loop
        self.disk = FastDisk(bot.database, Random(1))
        self.calls: list[tuple[str, float]] = []
        self.keys: list[str] = []
        self.is_off_by = timedelta()

    def clock(self) -> Any:
        return FIRST_MOMENT + timedelta(seconds=self.loop.time()) + self.is_off_by

    @asynccontextmanager
    async def engine(
        self,
        name: str,
        takes_s: float | None,
        *,
        idempotent: bool = True,
        others: Mapping[str, float] = MappingProxyType({}),
        **options: Any,
    ) -> AsyncIterator[Engine]:
        """An engine whose shop takes so long; None: for ever. ``others``: further actions, and how long they take."""
        actions = Actions()

        @actions.action("shop.buy", idempotent=idempotent)
        async def buy(call: ActionCall) -> int:
            self.calls.append((name, self.loop.time()))
            self.keys.append(call.idempotency_key)
            if takes_s is None:
                await self.loop.create_future()
            await asyncio.sleep(takes_s or 0)
            return 7

        for other, seconds in others.items():
            actions.action(other, idempotent=idempotent)(partial(self._other, name, seconds))
        store, database = open_simulated(self.disk)
        options = {"flows": self.bot.flows, "actions": actions, "clock": self.clock, "owner": name, **options}
        async with Engine.open(store, **options) as engine:
            engine.database = database  # type: ignore[attr-defined]
            yield engine

    async def _other(self, name: str, seconds: float, call: ActionCall) -> int:
        self.calls.append((name, self.loop.time()))
        await asyncio.sleep(seconds)
        return 8

    @property
    def callers(self) -> list[str]:
        return [name for name, _ in self.calls]


def on_a_machine(bot: Bot, story: Callable[[Machine, AsyncExitStack], Coroutine[Any, Any, None]]) -> Machine:
    """Plays the story; engines that it enters are closed at its end."""
    loop = SimulatedLoop(Random(1))
    machine = Machine(bot, loop)

    async def make_file() -> None:
        await (await open_store(bot.address)).close()

    asyncio.run(make_file())

    async def play_in_virtual_time() -> None:
        async with AsyncExitStack() as stack:
            await story(machine, stack)

    try:
        loop.run(play_in_virtual_time(), steps=1_000_000)
    finally:
        loop.close()
    return machine
