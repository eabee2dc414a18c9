"""An event loop in which nothing waits: time jumps to the next timer, and a seed picks what runs next.

Theory of operation
    One step runs one callback. Every step takes `STEP_S` of virtual time; when nothing is ready, time jumps to the next
    timer. Of several ready callbacks a seeded generator picks one: asyncio keeps them in order, other loops do not, and
    an engine that needs it would be found out. The same seed gives the same order again.

    Tasks and callbacks belong to an `Owner`, a simulated process, through their context. Killing an owner is what a
    kill is: none of its callbacks runs again, its coroutines are taken apart where they stand, and whatever they still
    try on the way (`finally:` blocks) raises `OwnerIsDead` before it does anything.

Nothing here reads a clock, starts a thread or opens a socket. Functions for threads run at a later step instead.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import sys
from asyncio import _set_running_loop
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar
from itertools import count
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")
STEP_S = 10e-6
"""What one callback takes of virtual time: about what a short one takes on a real machine."""
SLOWEST_CALL_S = 0.2
"""A function for a thread is done after at most this long, but for one of every 50."""
_SLOW_CALLS = 50
_TASKS_BETWEEN_CLEANINGS = 256


class Owner:
    """Whom tasks belong to. ``context`` is what its tasks are started in."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.context = contextvars.copy_context()
        self.context.run(_OWNER.set, self)

    def let_go(self) -> None:
        """Called when it has been killed."""


_OWNER: ContextVar[Owner | None] = ContextVar("fsm_engine_simulated_owner", default=None)


class OwnerIsDead(BaseException):
    """Something tried to go on in a process that was killed; not an `Exception`, so that nothing there handles it."""


class Stuck(Exception):
    """Nothing is ready and no timer runs, and still somebody waits."""


class OutOfSteps(Exception):
    """The loop has run for as many steps as it was given."""


class _Job(asyncio.TimerHandle):
    __slots__ = ("owner",)

    def __init__(
        self, when: float, callback: Callable[..., object], args: tuple[Any, ...], loop: SimulatedLoop, context: Context
    ) -> None:
        super().__init__(when, callback, args, loop, context)
        self.owner = context.get(_OWNER)

    def run(self) -> None:
        self._run()


class SimulatedLoop(asyncio.BaseEventLoop):
    """``step`` counts callbacks that ran. ``stop_reason``, once set to an exception, ends the run with it."""

    _is_closed = False
    _runs = False

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random
        self._now = 0.0
        self._runnable: list[_Job] = []
        self._timers: list[tuple[float, int, _Job]] = []
        self._at_steps: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._tasks: dict[asyncio.Task[Any], Owner | None] = {}
        self._buried: list[asyncio.Task[Any]] = []
        self.step = 0
        self.stop_reason: BaseException | None = None
        self.errors: list[str] = []

    # What a program asks of its loop

    def time(self) -> float:
        return self._now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._runs

    def is_closed(self) -> bool:
        return self._is_closed

    def create_future(self) -> asyncio.Future[Any]:
        self._must_live()
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        context = context if context is not None else contextvars.copy_context()
        owner = context.get(_OWNER)
        if owner is not None and owner.is_dead:
            coro.close()
            raise OwnerIsDead
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks[task] = owner
        if len(self._tasks) % _TASKS_BETWEEN_CLEANINGS == 0:
            self._tasks = {task: owner for task, owner in self._tasks.items() if not task.done()}
        return task

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        job = _Job(self._now, callback, args, self, context if context is not None else contextvars.copy_context())
        self._runnable.append(job)
        return job

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_soon(callback, *args, context=context)

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        job = _Job(when, callback, args, self, context if context is not None else contextvars.copy_context())
        heapq.heappush(self._timers, (when, next(self._order), job))
        return job

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """The function runs at a step of its own, after some virtual time; cancelling its future does not stop it."""
        future = self.create_future()
        is_slow = self._random.randrange(_SLOW_CALLS) == 0
        self.call_later(self._random.random() * SLOWEST_CALL_S * (100 if is_slow else 1), _call, future, func, args)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Kept for the end of the run, when every error that nobody awaited is a violation."""
        task = context.get("task")
        if not self._is_closed and task not in self._buried:
            error = context.get("exception")
            self.errors.append(f"{context.get('message')} ({type(error).__name__}: {error})")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Asked by handles; cancelled ones are passed over when their turn comes."""

    # What a simulation asks of it

    def at_step(self, step: int, act: Callable[[], None]) -> None:
        """Has ``act`` called between two callbacks, once the step is reached; it must not fail."""
        heapq.heappush(self._at_steps, (step, next(self._order), act))

    def start(self, owner: Owner, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task that belongs to the owner."""
        return self.create_task(coroutine, context=owner.context.run(contextvars.copy_context))

    def tasks_of(self, owner: Owner | None) -> list[asyncio.Task[Any]]:
        """Those that are not done."""
        return [task for task, its_owner in self._tasks.items() if its_owner is owner and not task.done()]

    def kill(self, owner: Owner) -> None:
        """Ends everything that belongs to the owner, at once and without a word."""
        owner.is_dead = True
        for task in self.tasks_of(owner):
            self._buried.append(task)
            coroutine: Any = task.get_coro()
            with suppress(OwnerIsDead, Exception):
                owner.context.run(contextvars.copy_context).run(coroutine.close)
        owner.let_go()

    def run(self, coroutine: Coroutine[Any, Any, T], *, steps: int) -> T:
        """What the coroutine returns; nothing else runs after that.

        Raises:
            Stuck: nothing can go on.
            OutOfSteps: it took more than so many steps.
        """
        _set_running_loop(self)
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(finalizer=_drop)
        self._runs = True
        try:
            main = self.create_task(coroutine)
            while not main.done():
                if self.stop_reason is not None:
                    raise self.stop_reason
                if self.step >= steps:
                    raise OutOfSteps(f"{steps} steps were not enough")
                self._run_one()
            if self.stop_reason is not None:
                raise self.stop_reason
            return main.result()
        finally:
            self._bury_all()
            self._runs = False
            sys.set_asyncgen_hooks(*hooks)
            _set_running_loop(None)

    def close(self) -> None:
        self._is_closed = True
        self._runnable.clear()
        self._timers.clear()

    def _run_one(self) -> None:
        while self._at_steps and self._at_steps[0][0] <= self.step:
            heapq.heappop(self._at_steps)[2]()
        job = self._next_job()
        self.step += 1
        self._now += STEP_S
        if not job.cancelled() and not (job.owner is not None and job.owner.is_dead):
            job.run()

    def _next_job(self) -> _Job:
        while True:
            while self._timers and (not self._runnable or self._timers[0][0] <= self._now):
                when, _, job = heapq.heappop(self._timers)
                if not job.cancelled():
                    self._now = max(self._now, when)
                    self._runnable.append(job)
            if not self._runnable:
                raise Stuck("nothing is ready, no timer runs, and somebody waits")
            return self._runnable.pop(self._random.randrange(len(self._runnable)))

    def _bury_all(self) -> None:
        """Takes apart what is left, owners first, so that nothing of it runs when Python lets go of it."""
        owners = {owner: None for owner in self._tasks.values() if owner is not None and not owner.is_dead}
        for owner in owners:
            self.kill(owner)
        world = Owner("what is left")
        world.is_dead = True
        for task in self.tasks_of(None):
            self._buried.append(task)
            coroutine: Any = task.get_coro()
            with suppress(OwnerIsDead, Exception):
                world.context.run(coroutine.close)

    def _must_live(self) -> None:
        owner = _OWNER.get()
        if owner is not None and owner.is_dead:
            raise OwnerIsDead


def _drop(generator: AsyncGenerator[Any, Any]) -> None:
    """An async generator that a kill cut off in its midst is not finished by anybody."""


def _call(future: asyncio.Future[T], function: Callable[..., T], args: tuple[Any, ...]) -> None:
    try:
        value = function(*args)
    except BaseException as error:  # noqa: BLE001 - as a thread does, it belongs to the future
        if not future.cancelled():
            future.set_exception(error)
    else:
        if not future.cancelled():
            future.set_result(value)
