"""Actions that outlast their waiting time: the caller of `turn` goes, the action stays, its result is delivered.

Theory of operation
    Where somebody takes messages that nobody waits for (`Engine.deliver`), an action runs in a task of its own
    (`UnderWay`), and the turn that asked for it waits for the task. While it waits, it has its place in the
    conversation's order, and the action's end is committed under that place. When the waiting time is over it lets go:
    the place is the next message's, and from then on the task enters the order itself, for each commit and no longer.
    It lets go between two commits, never during one.

    As long as the end of an action is not about to be committed it is known here by its key, and its lease is renewed:
    so nobody in this engine takes it for one that was left behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Final

from fsm_engine.engine.held import Held
from fsm_engine.errors import Busy, FsmEngineError, InvalidArgument, NotFound, VersionConflict
from fsm_engine.model.turn import ActionRequest, Reply

log = logging.getLogger("fsm_engine.actions")

WAITING_TIME_S: Final = 10.0
"""How long the caller of `turn` waits for its actions, unless the engine or the step says otherwise."""
LAST_MOMENT_S: Final = 0.5
"""How long actions that nobody waits for may take to end when the engine is closed, and then to be cut off."""
STORED_AGAIN_AT_MOST: Final = 7
"""Tries to store a result that nobody waits for, after the one at which the database could not: two minutes."""
FULL_PAUSE_S: Final = 0.5
"""Before a result that found no place in the order, because too many messages wait, tries again."""

Alone = Callable[[str], AbstractAsyncContextManager[None]]
Ending = tuple[Held, Reply]


class UnderWay:
    """An action and those that its results ask for, while a task runs them. ``replies``: of those that have ended."""

    def __init__(self, conversation_id: str) -> None:
        self.conversation_id = conversation_id
        self.is_let_go = False
        self.replies: list[Reply] = []
        self._committing = asyncio.Lock()
        self._task: asyncio.Task[Ending]

    def start(self, work: Coroutine[None, None, Ending]) -> asyncio.Task[Ending]:
        """The task is the engine's own; the caller must wait for it with `outlasts`."""
        self._task = asyncio.create_task(work)
        return self._task

    async def outlasts(self, waiting_s: float, may_go_on: Callable[[], bool]) -> bool:
        """Whether the action goes on without its caller, who has waited for so long. False: it has ended.

        ``may_go_on`` is asked when the time is over; an action that may not is waited for.
        Cancelled while it waits, it cuts the action off first, and nothing of it goes on.
        """
        try:
            await asyncio.wait([self._task], timeout=waiting_s)
            async with self._committing:
                self.is_let_go = not self._task.done() and may_go_on()
            if not self.is_let_go:
                await asyncio.wait([self._task])
        except asyncio.CancelledError:
            await self._cut_off()
            raise
        return self.is_let_go

    def ending(self) -> Ending:
        """Where the conversation stands after all of it, and what was said; raises what went wrong."""
        return self._task.result()

    async def over(self) -> None:
        """Returns once the task has ended, however that was."""
        await asyncio.wait([self._task])

    @asynccontextmanager
    async def committing(self, alone: Alone) -> AsyncIterator[None]:
        """No other turn of the conversation is under way meanwhile."""
        async with AsyncExitStack() as place:
            await place.enter_async_context(self._committing)
            if self.is_let_go:
                await self._enter(place, alone)
            yield

    async def _enter(self, place: AsyncExitStack, alone: Alone) -> None:
        while True:
            try:
                return await place.enter_async_context(alone(self.conversation_id))
            except Busy:
                await asyncio.sleep(FULL_PAUSE_S)

    async def _cut_off(self) -> None:
        """Whoever cancels again meanwhile cancels the action again: it may have taken the first time for its own."""
        while not self._task.done():
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.exception()  # the caller is told of its own cancellation, and not of this


class RunsHere(Exception):
    """A request must wait for an action that this engine runs, and leave the conversation's order meanwhile."""

    def __init__(self, action: UnderWay) -> None:
        super().__init__(action.conversation_id)
        self.action = action


class LateResults:
    """The actions that this engine runs in tasks, by key. ``waiting_s`` None: callers wait, but for steps that differ.

    Raises:
        InvalidArgument: ``waiting_s`` is not above 0.
    """

    def __init__(self, waiting_s: float | None, can_deliver: Callable[[], bool]) -> None:
        if waiting_s is not None and not waiting_s > 0:
            raise InvalidArgument(f"open: waiting_s is {waiting_s}. Give more than 0 seconds, or None to always wait.")
        self._waiting_s = waiting_s
        self._can_deliver = can_deliver
        self._by_key: dict[str, UnderWay] = {}
        self._tasks: dict[asyncio.Task[Ending], UnderWay] = {}
        self._is_closed = False

    def waiting_s(self, request: ActionRequest) -> float | None:
        """How long the caller waits for this action and what follows; None: until the end."""
        if not self._can_deliver():
            return None
        return self._waiting_s if request.waiting_s is None else request.waiting_s

    def start(self, under_way: UnderWay, work: Coroutine[None, None, Ending]) -> None:
        task = under_way.start(work)
        self._tasks[task] = under_way
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Ending]) -> None:
        _tell(self._tasks.pop(task), task)

    def may_go_on(self) -> bool:
        """Whether actions may still go on without their callers."""
        return not self._is_closed

    def find(self, key: str) -> UnderWay | None:
        """The action of this key, if this engine runs it in a task."""
        return self._by_key.get(key)

    @contextmanager
    def known(self, key: str, under_way: UnderWay | None) -> Iterator[None]:
        """It can be found meanwhile."""
        if under_way is None:
            yield
            return
        self._by_key[key] = under_way
        try:
            yield
        finally:
            del self._by_key[key]

    async def close(self) -> None:
        """What nobody waits for has a moment to end; else it is cut off, stays pending, and is for recovery."""
        self._is_closed = True
        late = [task for task, under_way in self._tasks.items() if under_way.is_let_go]
        if not late:
            return
        await asyncio.wait(late, timeout=LAST_MOMENT_S)
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=LAST_MOMENT_S)


def _tell(under_way: UnderWay, ended: asyncio.Task[Ending]) -> None:
    """What went wrong after the caller had gone: nobody else is told."""
    if not under_way.is_let_go or ended.cancelled():
        return
    error = ended.exception()
    conversation_id = under_way.conversation_id
    if error is None:
        return
    if isinstance(error, (VersionConflict, NotFound)):
        log.warning(
            "conversation '%s': the late result of an action is not stored (%s): the action was settled meanwhile, or "
            "the conversation is gone",
            conversation_id,
            error.code,
        )
        return
    what = error.code if isinstance(error, FsmEngineError) else type(error).__name__
    log.error(
        "conversation '%s': the late result of an action could not be stored (%s). The action stays pending until the "
        "next message or `Engine.recover`.",
        conversation_id,
        what,
    )
