"""The engine for programs without an event loop: a thin portal to the same async engine, in a thread of its own."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from fsm_engine.errors import DatabaseUnavailable, UsageError, forked
from fsm_engine.model.slot import Json
from fsm_engine.model.turn import Reply, SessionView
from fsm_engine.storage.erasing import Erased
from fsm_engine.storage.records import StoredMessage
from fsm_engine.storage.reports import Archived, Purged

if TYPE_CHECKING:
    from fsm_engine.actions import ActionFunction, ActionOptions
    from fsm_engine.engine.deliveries import DeliveryFunction
    from fsm_engine.engine.engine import Engine
    from fsm_engine.engine.recovery import Unfinished
    from fsm_engine.engine.stages import StageFunction
    from fsm_engine.storage.store import Store

T = TypeVar("T")
D = TypeVar("D", bound="DeliveryFunction")


LAST_MOMENT_S = 1.0
"""How long calls that were still under way may take to notice that the engine is closed."""


class Portal:
    """An event loop in a thread. Calls from any thread are run there, one coroutine each.

    Closing it, or the end of the program, ends the calls that other threads still wait for with `DatabaseUnavailable`.
    In a process that was forked off later there is no such thread, so every call is refused there.
    """

    def __enter__(self) -> Portal:
        self._process = os.getpid()
        self._gate = threading.Lock()  # held while a call is handed over, so that none is handed to a loop that ends
        self._is_open = True
        self._calls: set[Future[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fsm_engine", daemon=True)
        self._thread.start()
        atexit.register(self._close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        atexit.unregister(self._close)
        self._close()

    @property
    def works(self) -> bool:
        """Whether calls are taken: not after it was closed, nor in a process that was forked off."""
        return self._process == os.getpid() and self._is_open

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result, or its exception; an interrupted caller cancels it."""
        future = self._hand_over(coroutine)
        try:
            return future.result()
        except CancelledError:
            if self._is_open:
                raise
            raise DatabaseUnavailable(
                "engine: was closed while this call waited. Open it again, and ask for the outcome by request id."
            ) from None
        except BaseException:
            future.cancel()
            raise
        finally:
            self._calls.discard(future)

    def _hand_over(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        if self._process != os.getpid():  # asked first: the lock may have been held when this process was forked off
            coroutine.close()
            raise forked("engine")
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise UsageError(
                "engine: was called by an async function that it runs itself, and would wait for it for ever. Write it "
                "with 'def': then it runs in a thread of its own."
            )
        with self._gate:
            if self._is_open:
                future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
                self._calls.add(future)
                return future
        coroutine.close()
        raise DatabaseUnavailable("engine: is closed. Open it again.")

    def _close(self) -> None:
        if not self.works:
            return
        with self._gate:
            self._is_open = False
        for call in tuple(self._calls):
            call.cancel()
        asyncio.run_coroutine_threadsafe(_end_all_tasks(), self._loop)
        self._thread.join()
        self._loop.close()

    @contextmanager
    def wrap(self, context: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """An async context manager as a plain one; entered and left in one task, as some of them require."""
        entered: asyncio.Future[T]
        leave: asyncio.Event
        entered, leave = self.call(_make_signals())
        holder = asyncio.run_coroutine_threadsafe(_hold(context, entered, leave), self._loop)
        try:
            yield self.call(_result_of(entered))
        finally:
            if self.works:
                self._loop.call_soon_threadsafe(leave.set)
                if not entered.cancelled():
                    holder.result()


async def _end_all_tasks() -> None:
    """Cancels what still runs in this loop, then stops it."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=LAST_MOMENT_S)
    asyncio.get_running_loop().stop()


async def _make_signals() -> tuple[asyncio.Future[Any], asyncio.Event]:
    return asyncio.get_running_loop().create_future(), asyncio.Event()


async def _hold(context: AbstractAsyncContextManager[T], entered: asyncio.Future[T], leave: asyncio.Event) -> None:
    try:
        async with context as value:
            entered.set_result(value)
            await leave.wait()
    except BaseException as error:
        if entered.done():
            raise
        entered.set_exception(error)


async def _result_of(future: asyncio.Future[T]) -> T:
    return await future


async def _called(function: Callable[[D], D], argument: D) -> D:
    """Called in the engine's event loop, as it may start a task there."""
    return function(argument)


class SyncEngine:
    """`Engine` with calls that block until they are done. Safe to call from several threads."""

    def __init__(self, engine: Engine, portal: Portal) -> None:
        self._engine = engine
        self._portal = portal

    @property
    def store(self) -> Store:
        """The async repositories; run their coroutines with `call`."""
        return self._engine.store

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs any coroutine of the engine or its store and returns its result."""
        return self._portal.call(coroutine)

    def action(self, name: str, **options: Unpack[ActionOptions]) -> Callable[[ActionFunction], ActionFunction]:
        """See `Engine.action`."""
        return self._engine.action(name, **options)

    def stage(self, name: str, *, time_limit_s: float = 2.0) -> Callable[[StageFunction], StageFunction]:
        """See `Engine.stage`."""
        return self._engine.stage(name, time_limit_s=time_limit_s)

    def deliver(self, function: D) -> D:
        """See `Engine.deliver`."""
        return self._portal.call(_called(self._engine.deliver, function))

    def notify(self, name: str) -> Callable[[D], D]:
        """See `Engine.notify`."""
        return lambda function: self._portal.call(_called(self._engine.notify(name), function))

    def run_deliveries(self) -> int:
        """See `Engine.run_deliveries`."""
        return self._portal.call(self._engine.run_deliveries())

    def run_timers(self) -> int:
        """See `Engine.run_timers`."""
        return self._portal.call(self._engine.run_timers())

    def next_timer(self) -> datetime | None:
        """See `Engine.next_timer`."""
        return self._portal.call(self._engine.next_timer())

    def turn(self, conversation_id: str, text: str, **options: Any) -> Reply:
        """See `Engine.turn`."""
        return self._portal.call(self._engine.turn(conversation_id, text, **options))

    def start(
        self, conversation_id: str, flow: str, *, slots: Mapping[str, Json] | None = None, **options: Any
    ) -> Reply:
        """See `Engine.start`."""
        return self._portal.call(self._engine.start(conversation_id, flow, slots=slots, **options))

    def session(self, conversation_id: str, *, user_id: str | None = None) -> SessionView:
        """See `Engine.session`."""
        return self._portal.call(self._engine.session(conversation_id, user_id=user_id))

    def history(self, conversation_id: str, limit: int = 20, *, user_id: str | None = None) -> list[StoredMessage]:
        """See `Engine.history`."""
        return self._portal.call(self._engine.history(conversation_id, limit, user_id=user_id))

    def outcome(self, conversation_id: str, request_id: str, *, user_id: str | None = None) -> Reply | None:
        """See `Engine.outcome`."""
        return self._portal.call(self._engine.outcome(conversation_id, request_id, user_id=user_id))

    def erase(self, *, user_id: str | None = None, conversation_id: str | None = None, compact: bool = True) -> Erased:
        """See `Engine.erase`."""
        erasing = self._engine.erase(user_id=user_id, conversation_id=conversation_id, compact=compact)
        return self._portal.call(erasing)

    def reload_flows(self) -> None:
        """See `Engine.reload_flows`."""
        self._portal.call(self._engine.reload_flows())

    def recover(self) -> int:
        """See `Engine.recover`."""
        return self._portal.call(self._engine.recover())

    def unfinished(self) -> list[Unfinished]:
        """See `Engine.unfinished`."""
        return self._portal.call(self._engine.unfinished())

    def archive(self, **options: Any) -> Archived:
        """See `Engine.archive`."""
        return self._portal.call(self._engine.archive(**options))

    def purge(self, **options: Any) -> Purged:
        """See `Engine.purge`."""
        return self._portal.call(self._engine.purge(**options))
