"""One simulated world: users, channels that deliver twice, processes that die, a disk that fails, files that change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from fsm_engine.actions import Actions
from fsm_engine.engine.engine import Engine
from fsm_engine.errors import FsmEngineError, NotFound, RequestMismatch, StartUpError
from fsm_engine.testing.clock import FIRST_MOMENT
from fsm_engine.testing.simulation.bank import Bank, Hooks
from fsm_engine.testing.simulation.bot_files import BotFiles
from fsm_engine.testing.simulation.database import Disk
from fsm_engine.testing.simulation.journal_checks import Complain
from fsm_engine.testing.simulation.loop import SimulatedLoop
from fsm_engine.testing.simulation.processes import Called, Patience, Process
from fsm_engine.testing.simulation.promises import MAY_FAIL, Delivery, Promises
from fsm_engine.testing.simulation.settings import Figures, Settings
from fsm_engine.testing.simulation.users import User

STRANGER: Final = "somebody else"
USUAL_FAULT_RATE: Final = 0.004


class World:
    """What exists. Everything random comes from ``random``; everything that happens is told to ``tell``."""

    def __init__(
        self,
        settings: Settings,
        random: Random,
        *,
        loop: SimulatedLoop,
        disk: Disk,
        files: BotFiles,
        bank: Bank,
        hooks: Hooks,
        promises: Promises,
        complain: Complain,
        tell: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self.random = random
        self.loop = loop
        self.disk = disk
        self.files = files
        self.bank = bank
        self.hooks = hooks
        self.promises = promises
        self.complain = complain
        self.tell = tell
        self.figures = Figures()
        self.processes: list[Process] = []
        self.is_calm = False
        self.is_over = False
        self.clock_is_off_by_s = 0.0
        self._made = 0
        self._channels: list[asyncio.Task[None]] = []

    def clock(self) -> datetime:
        return FIRST_MOMENT + timedelta(seconds=self.loop.time() + self.clock_is_off_by_s)

    def calm_down(self) -> None:
        """From here on nothing fails and nobody dies."""
        self.is_calm = self.bank.is_calm = self.hooks.is_calm = True
        self.disk.fault_rate = 0.0

    # Processes

    def actions(self, die: Callable[[], Awaitable[None]]) -> Actions:
        return self.bank.actions(die)

    def options(self) -> dict[str, Any]:
        """Every other process has hooks: with them every turn reads the database first, and that is another way."""
        if self._made % 2:
            return {}
        return {"risk_hooks": {"model": self.hooks.risk}, "intent_hooks": [self.hooks.intent]}

    async def open_process(self) -> Process | None:
        """A new engine that has recovered what dead ones left; None when the database could not be opened."""
        self._made += 1
        name = f"p{self._made}"
        process = Process(name, self.loop, self.disk)
        made = 0

        def new_id(now: datetime) -> str:
            nonlocal made
            made += 1
            return f"{name}-s{made}"

        self.tell(f"{name}: opens")
        self.processes.append(process)
        try:
            await process.open(
                self,
                clock=self.clock,
                new_id=new_id,
                flows=self.files.folder,
                wrap_store=self.settings.wrap_store,
            )
        except (StartUpError, ConnectionResetError, *MAY_FAIL) as error:
            self.tell(f"{name}: does not open, {type(error).__name__}")
            process.kill()
            self.processes.remove(process)
            return None
        await self._recover(process)
        return process

    async def _recover(self, process: Process) -> None:
        called = await process.call(process.engine.recover())
        self.tell(f"{process.name}: recover {called.ending} {called.value}")
        if called.error is not None and not isinstance(called.error, MAY_FAIL):
            self.complain("recovery works", where=process.name, expected="a count", found=repr(called.error))

    def kill(self, process: Process) -> None:
        if not process.is_dead:
            self.figures.kills += 1
            self.tell(f"{process.name}: killed")
            process.kill()

    async def keep_running(self) -> None:
        """One place for a process: whatever happens to it, another one is opened, until all is over."""
        while not self.is_over:
            process = await self.open_process()
            if process is not None:
                await process.gone
                self.processes.remove(process)
            await asyncio.sleep(self.random.random() * 3)

    async def run_timers(self) -> None:
        """Somebody looks at the clock now and then, through any process, also through several at once."""
        while not self.is_calm:
            await asyncio.sleep(self.random.random() * 60)
            calls = [self.look_at_the_clock(await self.some_process()) for _ in range(self.random.choice((1, 1, 2)))]
            await asyncio.gather(*calls)

    async def look_at_the_clock(self, process: Process) -> None:
        called = await process.call(process.engine.run_timers(), self._patience())
        self.tell(f"{process.name}: timers {called.ending} {called.value}")
        if called.ending == "reply":
            self.figures.timers += called.value
        elif called.error is not None and not isinstance(called.error, MAY_FAIL):
            self.complain("timers run", where=process.name, expected="a count", found=repr(called.error))

    async def some_process(self) -> Process:
        while True:
            ready = [process for process in self.processes if process.is_ready]
            if ready:
                return self.random.choice(ready)
            await asyncio.sleep(0.2)

    # Users and channels

    async def talk(self, user: User, scripts: Sequence[Sequence[str]]) -> None:
        """One user, until the world calms down; some do not wait for their answer."""
        for number, (text, flow, locale) in enumerate(user.says(scripts), start=1):
            await asyncio.sleep(user.pause_s())
            if self.is_calm:
                return
            self.figures.messages += 1
            delivery = Delivery(user.conversation_id, f"r{number}", user.user_id, text, flow, locale)
            self.tell(f"{user.name}: {delivery.request_id} {ascii(flow or text)[:60]}")
            channel = self.loop.create_task(self._bring(delivery))
            self._channels.append(channel)
            await asyncio.wait([channel], timeout=None if user.random.randrange(7) else user.random.random())

    async def all_delivered(self) -> None:
        for channel in self._channels:
            await channel

    async def _bring(self, delivery: Delivery) -> None:
        """A channel: delivers once to three times, late and at once, and again until it is told that all is well."""
        copies = self.random.choice((1, 1, 1, 2, 2, 3))
        late = (0.0, 0.0, 0.001, 0.02, 3.0, 400.0)
        for copy in [self.loop.create_task(self._deliver(delivery, self.random.choice(late))) for _ in range(copies)]:
            await copy
        while delivery.reply is None:
            await self._deliver(delivery, self.random.random() * 5)
        if self.random.randrange(12) == 0:
            await self._try_what_is_forbidden(delivery)

    async def _deliver(self, delivery: Delivery, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        process = await self.some_process()
        self.figures.deliveries += 1
        self.promises.begin(delivery)
        self.tell(f"{process.name}: {delivery.name} arrives")
        called = await process.call(_request(process.engine, delivery), self._patience())
        delivery.under_way -= 1
        self._note(process, delivery, called)
        if called.ending == "cancelled":
            delivery.given_up_in[process] = None
            if not delivery.under_way:
                await self._ask_for_outcome(delivery)

    def _note(self, process: Process, delivery: Delivery, called: Called) -> None:
        kind = f" {type(called.error).__name__}" if called.error is not None else ""
        self.tell(f"{process.name}: {delivery.name} {called.ending}{kind}")
        if called.ending == "reply":
            self.figures.acknowledged += 1
            self.figures.duplicates += called.value.duplicate
            self.promises.acknowledge(delivery, called.value)
        elif called.error is not None:
            self.figures.refused += 1
            self.promises.refuse(delivery, called.error)
        self.figures.cancelled += called.ending == "cancelled"

    async def _ask_for_outcome(self, delivery: Delivery) -> None:
        """Every process that gave it up, as none sees what another one still writes: the last answer counts."""
        begun = delivery.begun
        endings: list[Called] = []
        for process in list(delivery.given_up_in):
            asking = process.engine.outcome(delivery.conversation_id, delivery.request_id)
            endings.append(await process.call(asking))
        if delivery.begun == begun and endings[-1].ending == "reply" and all(one.error is None for one in endings):
            self.promises.deny(delivery, endings[-1].value)

    async def bring_to(self, process: Process, delivery: Delivery) -> None:
        """One delivery that must succeed, as nothing fails any more."""
        self.promises.begin(delivery)
        called = await process.call(_request(process.engine, delivery))
        delivery.under_way -= 1
        self._note(process, delivery, called)
        if called.ending != "reply":
            self.complain("a calm engine answers", where=delivery.name, expected="a reply", found=repr(called))

    def _patience(self) -> Patience:
        if self.is_calm:
            return Patience()
        kind = self.random.randrange(10)
        if kind < 2:
            return Patience(steps=self.random.randrange(1, 40))
        return Patience(seconds=self.random.choice((0.001, 0.1, 6.0))) if kind == 2 else Patience()

    async def _try_what_is_forbidden(self, delivery: Delivery) -> None:
        """A stranger in somebody's conversation, and a request id with another content."""
        ids = delivery.conversation_id, delivery.request_id
        owner = delivery.user_id
        other = f"{delivery.text} and more"
        await self._must_raise(
            RequestMismatch, delivery, lambda engine: engine.turn(ids[0], other, request_id=ids[1], user_id=owner)
        )
        if owner is not None:
            foreign = f"foreign {ids[1]}"
            await self._must_raise(
                NotFound, delivery, lambda engine: engine.turn(ids[0], "hello", request_id=foreign, user_id=STRANGER)
            )
            await self._must_raise(NotFound, delivery, lambda engine: engine.session(ids[0], user_id=STRANGER))

    async def _must_raise(
        self, kind: type[FsmEngineError], delivery: Delivery, call: Callable[[Engine], Coroutine[Any, Any, Any]]
    ) -> None:
        process = await self.some_process()
        called = await process.call(call(process.engine))
        self.tell(f"{process.name}: {delivery.name} forbidden, {called.ending} {type(called.error).__name__}")
        if called.ending == "reply" or not isinstance(called.error, (kind, *MAY_FAIL, type(None))):
            self.complain(
                "what is forbidden is refused",
                where=delivery.name,
                expected=kind.__name__,
                found=called.ending if called.error is None else repr(called.error),
            )


def _request(engine: Engine, delivery: Delivery) -> Coroutine[Any, Any, Any]:
    ids: dict[str, Any] = {
        "request_id": delivery.request_id,
        "user_id": delivery.user_id,
        "locale": delivery.locale,
    }
    if delivery.flow is not None:
        return engine.start(delivery.conversation_id, delivery.flow, **ids)
    return engine.turn(delivery.conversation_id, delivery.text, **ids)
