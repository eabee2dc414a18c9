"""Many callers, few calls to the database: what piles up while its calls run goes into the next one.

Cancelling a caller never interrupts the database. A question that was not yet taken is withdrawn with its caller; one
that was taken is carried out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Generic, TypeAlias, TypeVar

from fsm_engine.errors import Busy, DatabaseUnavailable

Q = TypeVar("Q")
A = TypeVar("A")
Answer: TypeAlias = Callable[[Sequence[Q]], Awaitable[Sequence[A]]]


class Gatherer(Generic[Q, A]):
    """Hands the questions of all waiting callers to ``answer`` together, in order, at most ``at_most`` at once.

    ``lanes`` calls may be under way. With two, the database's thread finds the next one waiting when it ends one, and
    the callers just answered compute their next questions meanwhile, instead of all computing and then all waiting.
    ``answer`` answers all of them or raises and has then done nothing, and may be cancelled at any await. When it
    raises, the questions are asked again one by one, so that only the guilty one fails, unless ``fails_all`` says that
    the error has nothing to do with them.
    """

    def __init__(
        self,
        answer: Answer[Q, A],
        *,
        at_most: int,
        queue_limit: int,
        lanes: int = 1,
        fails_all: Callable[[Exception], bool] = lambda _: False,
    ) -> None:
        self._answer = answer
        self._at_most = at_most
        self._queue_limit = queue_limit
        self._lanes = lanes
        self._fails_all = fails_all
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._workers: set[asyncio.Task[None]] = set()  # kept because the event loop itself does not
        self._busy_lanes = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def ask(self, question: Q, *, goes_first: bool = False) -> A:
        """The answer to one question. Raises `Busy` when ``queue_limit`` callers wait already, unless it goes first."""
        if self._idle.is_set():
            return await self._ask_alone(question)
        if len(self._waiting) >= self._queue_limit and not goes_first:
            raise Busy(f"store: {self._queue_limit} calls wait already. Send this one again later.")
        reply: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        if goes_first:
            self._waiting.appendleft((question, reply))
        else:
            self._waiting.append((question, reply))
        if self._busy_lanes < self._lanes:
            self._busy_lanes += 1
            self._start_worker()
        return await reply

    async def drain(self) -> None:
        """Returns when nothing waits any more."""
        await self._idle.wait()

    async def _ask_alone(self, question: Q) -> A:
        """Nobody else is here, so no task is needed; cancelled, the caller lets the next ones in as well."""
        self._idle.clear()
        self._busy_lanes += 1
        try:
            (answer,) = await self._answer([question])
        finally:
            self._leave_lane()
        return answer

    def _start_worker(self) -> None:
        # A task per burst, not for ever: nothing is left pending when the program ends without closing the store.
        worker = asyncio.create_task(self._work())
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    def _leave_lane(self) -> None:
        if self._waiting:
            self._start_worker()
            return
        self._busy_lanes -= 1
        if self._busy_lanes == 0:
            self._idle.set()

    async def _work(self) -> None:
        try:
            while self._waiting:
                taken = self._take()
                if taken:
                    await self._serve(taken)
                if not self._waiting:
                    # Those just answered often come back at once, and should then go together.
                    await asyncio.sleep(0)
        finally:
            self._leave_lane()

    def _take(self) -> list[tuple[Q, asyncio.Future[A]]]:
        taken: list[tuple[Q, asyncio.Future[A]]] = []
        while self._waiting and len(taken) < self._at_most:
            question, reply = self._waiting.popleft()
            if not reply.done():  # done without an answer: its caller was cancelled
                taken.append((question, reply))
        return taken

    async def _serve(self, taken: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._answer([question for question, _ in taken])
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the callers, who would wait for ever
            if len(taken) > 1 and not self._fails_all(error):
                await self._serve_one_by_one(taken)
            else:
                _fail(taken, error)
        except BaseException:
            _fail(taken, DatabaseUnavailable("store: stopped while it worked. Ask for the outcome by request id."))
            raise
        else:
            for (_, reply), answer in zip(taken, answers, strict=True):
                if not reply.done():
                    reply.set_result(answer)

    async def _serve_one_by_one(self, taken: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        """A caller that was cancelled meanwhile may have been told that nothing came of it, and nothing may."""
        for one in taken:
            if not one[1].done():
                await self._serve([one])


def _fail(taken: Sequence[tuple[Q, asyncio.Future[A]]], error: Exception) -> None:
    for _, reply in taken:
        if not reply.done():
            # Each caller gets an exception of its own: raising adds to the traceback of the one raised.
            own = copy(error)
            own.__cause__ = error.__cause__
            reply.set_exception(own)
