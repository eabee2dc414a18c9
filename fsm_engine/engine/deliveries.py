"""Handing over what nobody waits for: at least once, in order, and never at the cost of a turn.

The outbox is in the database, written by the turns themselves. Each entry is claimed for a time, handed to the bot's
function, and marked when that has returned. Whatever goes wrong, a failing function, a process that dies, leaves it
pending, and it is tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from fsm_engine.actions import Rejected, call_function, must_take_one_argument
from fsm_engine.errors import StorageError
from fsm_engine.failpoints import failpoint
from fsm_engine.model.codec import decode
from fsm_engine.model.delivery import Delivery
from fsm_engine.model.pauses import BETWEEN_DELIVERIES
from fsm_engine.model.times import utc_text
from fsm_engine.model.turn import Message, Notice
from fsm_engine.storage.due import StoredDelivery
from fsm_engine.storage.repositories import Takers
from fsm_engine.storage.store import Store

log = logging.getLogger("fsm_engine.deliveries")

TIME_LIMIT_S: Final = 30.0
CLAIM_S: Final = 60.0
"""How long an entry belongs to the process that hands it over: longer than a function may take."""
GIVE_UP_AFTER: Final = timedelta(days=3)
NEVER_SO_LONG: Final = timedelta(hours=2)
"""An entry that has to wait for so long was written before a clock was set back, and is due."""
LOOK_EVERY_S: Final = 60.0
"""How often the outbox is looked at for what another process left behind."""
AT_ONCE: Final = 16
LAST_MOMENT_S: Final = 1.0
"""How long functions that are running may take to end when the engine is closed."""

DeliveryFunction = Callable[[Delivery], Any]


class Outbox:
    """Hands entries to the registered functions: those due on `run_due`, and all by a task in the background.

    ``clock`` tells when one is due. The task begins with the first registered function; `close` ends it. ``only``: the
    conversation that it serves; None: all of them.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime], only: str | None = None) -> None:
        self._store = store
        self._only = only
        self._clock = clock
        self._functions: dict[str | None, DeliveryFunction] = {}  # by who is notified; None: messages
        self._called = asyncio.Event()
        self._one_claims = asyncio.Lock()
        self._is_closing = False
        self._worker: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[bool]] = set()

    def register(self, target: str | None, function: DeliveryFunction) -> None:
        """What takes notices to ``target``, or, with None, messages; the last one registered counts.

        Raises:
            HookError: the function cannot be called with one argument.
        """
        what = "deliver" if target is None else f"notify '{target}'"
        must_take_one_argument(what, "the Delivery", function)
        self._functions[target] = function
        self.wake()

    @property
    def takes_messages(self) -> bool:
        """Whether messages that nobody waits for reach their user."""
        return None in self._functions

    def wake(self) -> None:
        """There is something new to hand over, or somebody new who takes it."""
        if not self._functions:
            return
        self._called.set()
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())

    async def run_due(self) -> int:
        """Hands over all that is due, and waits for what is being handed over; how many of them arrived."""
        arrived = 0
        while await self._start_due() or self._running:
            arrived += sum(await asyncio.gather(*self._running))
        return arrived

    async def close(self) -> None:
        """Ends the task. What is being handed over has a moment to end; else it stays pending."""
        self._is_closing = True
        self._called.set()
        if self._worker is not None:  # not cancelled: what it has claimed must begin
            await asyncio.wait([self._worker], timeout=LAST_MOMENT_S)
            self._worker.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=LAST_MOMENT_S)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*([self._worker] if self._worker else []), *self._running, return_exceptions=True)

    @property
    def _takers(self) -> Takers:
        return Takers(None in self._functions, [name for name in self._functions if name is not None], self._only)

    async def _work(self) -> None:
        """Each is handed over in a task of its own, so that one that hangs holds up nobody else."""
        while not self._is_closing:
            self._called.clear()
            pause = LOOK_EVERY_S
            try:
                await self._start_due()
                pause = await self._until_next()
            except StorageError as error:
                log.warning("the outbox cannot be read now (%s); it is tried again in %d s", error.code, pause)
            with suppress(TimeoutError):
                async with asyncio.timeout(0 if self._is_closing else pause):
                    await self._called.wait()

    async def _start_due(self) -> bool:
        """Whether anything was due that can be handed over now."""
        async with self._one_claims:
            claimed = await self._claim(AT_ONCE - len(self._running))
            for one in claimed:
                task = asyncio.create_task(self._hand_over(one))
                self._running.add(task)
                task.add_done_callback(self._ended)
        return bool(claimed)

    def _ended(self, task: asyncio.Task[bool]) -> None:
        self._running.discard(task)
        self._called.set()

    async def _claim(self, at_most: int) -> list[StoredDelivery]:
        now = self._clock()
        next_at = await self._store.deliveries.next_at(self._takers)
        if at_most < 1 or next_at is None:
            return []
        due = next_at if next_at > utc_text(now + NEVER_SO_LONG) else utc_text(now)
        if next_at > due:
            return []
        until = utc_text(now + timedelta(seconds=CLAIM_S))
        return await self._store.deliveries.claim(self._takers, now=due, until=until, limit=at_most)

    async def _until_next(self) -> float:
        """Seconds until something is due; at least one, as what is due now waits for another one to end."""
        next_at = await self._store.deliveries.next_at(self._takers)
        if next_at is None:
            return LOOK_EVERY_S
        left = (datetime.fromisoformat(next_at) - self._clock()).total_seconds()
        return min(max(left, 1.0), LOOK_EVERY_S)

    async def _hand_over(self, one: StoredDelivery) -> bool:
        """Whether it arrived. Never raises."""
        try:
            error = await self._call(one)
            now = self._clock()
            if error is None:
                return await self._store.deliveries.delivered(one, now=utc_text(now))
            again_at = again_after(one, error, now)
            await self._store.deliveries.failed(one, error=error, again_at=again_at)
        except StorageError as error:
            log.warning("how delivery %s ended cannot be stored (%s); it is tried again", one.id, error.code)
        return False

    async def _call(self, one: StoredDelivery) -> str | None:
        """A code for what went wrong, None when nothing did."""
        if one.is_damaged:
            log.error("delivery %s is damaged and is not handed over. Restore a backup.", one.id)
            return "damaged"
        try:
            failpoint("delivery.before-call")
            async with asyncio.timeout(TIME_LIMIT_S):
                await call_function(self._functions[one.target], delivery_from(one))
            failpoint("delivery.after-call")
        except TimeoutError:
            log.warning("delivery %s took longer than %s s, attempt %d", one.id, TIME_LIMIT_S, one.attempts)
            return "timeout"
        except Rejected:
            return "rejected"
        except Exception as error:  # noqa: BLE001 - whatever a registered function raises must not end the outbox
            log.warning("delivery %s failed with %s, attempt %d", one.id, type(error).__name__, one.attempts)
            return "exception"
        return None


def delivery_from(one: StoredDelivery) -> Delivery:
    """An entry of the outbox as bots get it."""
    made = Delivery(one.id, "messages", one.conversation_id, one.session_id, one.turn, one.attempts)
    if one.kind == "notify":
        return replace(made, kind="notify", notice=decode(Notice, one.payload_json))
    return replace(made, messages=decode(tuple[Message, ...], one.payload_json))


def again_after(one: StoredDelivery, error: str, now: datetime) -> str | None:
    """When to try again after an attempt that failed: after 2 s, then 4, 8 … up to an hour; None to give it up.

    Up to half of the wait is added, by id and attempt, so that what failed together does not come back together.
    """
    is_hopeless = error in ("rejected", "damaged")
    if is_hopeless or now - datetime.fromisoformat(one.created_at) >= GIVE_UP_AFTER:
        log.error("delivery %s is given up after %d attempts (%s)", one.id, one.attempts, error)
        return None
    (chance,) = blake2b(f"{one.id}:{one.attempts}".encode(), digest_size=1).digest()
    return utc_text(now + timedelta(seconds=BETWEEN_DELIVERIES.before(one.attempts - 1, chance / 255)))
