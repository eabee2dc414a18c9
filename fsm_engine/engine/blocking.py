"""The engine for programs without an event loop: a thin portal to the same async engine, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from fsm_engine.model.slot import Json
from fsm_engine.model.turn import Reply, SessionView
from fsm_engine.storage.records import StoredMessage
from fsm_engine.storage.reports import Archived, Purged

if TYPE_CHECKING:
    from fsm_engine.actions import ActionFunction
    from fsm_engine.engine.engine import Engine
    from fsm_engine.storage.store import Store

T = TypeVar("T")


class Portal:
    """An event loop in a thread. Calls from any thread are run there, one coroutine each."""

    def __enter__(self) -> Portal:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fsm_engine", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result, or its exception; an interrupted caller cancels it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

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
            self._loop.call_soon_threadsafe(leave.set)
            if not entered.cancelled():
                holder.result()


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

    def action(
        self, name: str, *, undo: str | None = None, idempotent: bool = False
    ) -> Callable[[ActionFunction], ActionFunction]:
        """See `Engine.action`."""
        return self._engine.action(name, undo=undo, idempotent=idempotent)

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

    def outcome(self, conversation_id: str, request_id: str) -> Reply | None:
        """See `Engine.outcome`."""
        return self._portal.call(self._engine.outcome(conversation_id, request_id))

    def reload_flows(self) -> None:
        """See `Engine.reload_flows`."""
        self._portal.call(self._engine.reload_flows())

    def recover(self) -> int:
        """See `Engine.recover`."""
        return self._portal.call(self._engine.recover())

    def archive(self, **options: Any) -> Archived:
        """See `Engine.archive`."""
        return self._portal.call(self._engine.archive(**options))

    def purge(self, **options: Any) -> Purged:
        """See `Engine.purge`."""
        return self._portal.call(self._engine.purge(**options))
