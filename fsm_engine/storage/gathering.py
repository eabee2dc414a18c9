"""Many callers, one at a time at the database: what piles up while one call runs goes into the next.

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
        fails_all: Callable[[Exception], bool] = lambda _: False,
    ) -> None:
        self._answer = answer
        self._at_most = at_most
        self._queue_limit = queue_limit
        self._fails_all = fails_all
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._worker: asyncio.Task[None] | None = None  # kept because the event loop itself does not
        self._idle = asyncio.Event()
        self._idle.set()

    async def ask(self, question: Q) -> A:
        """The answer to one question. Raises `Busy` when ``queue_limit`` callers wait already."""
        if self._idle.is_set():
            return await self._ask_alone(question)
        if len(self._waiting) >= self._queue_limit:
            raise Busy(f"store: {self._queue_limit} calls wait already. Send this one again later.")
        reply: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, reply))
        return await reply

    async def drain(self) -> None:
        """Returns when nothing waits any more."""
        await self._idle.wait()

    async def _ask_alone(self, question: Q) -> A:
        """Nobody else is here, so no task is needed; cancelled, the caller lets the next ones in as well."""
        self._idle.clear()
        try:
            (answer,) = await self._answer([question])
        finally:
            self._go_on()
        return answer

    def _go_on(self) -> None:
        if self._waiting:
            # A task per burst, not for ever: nothing is left pending when the program ends without closing the store.
            self._worker = asyncio.create_task(self._work())
        else:
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
            self._go_on()

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
                for one in taken:
                    await self._serve([one])
            else:
                _fail(taken, error)
        except BaseException:
            _fail(taken, DatabaseUnavailable("store: stopped while it worked. Ask for the outcome by request id."))
            raise
        else:
            for (_, reply), answer in zip(taken, answers, strict=True):
                if not reply.done():
                    reply.set_result(answer)


def _fail(taken: Sequence[tuple[Q, asyncio.Future[A]]], error: Exception) -> None:
    for _, reply in taken:
        if not reply.done():
            # Each caller gets an exception of its own: raising adds to the traceback of the one raised.
            own = copy(error)
            own.__cause__ = error.__cause__
            reply.set_exception(own)
