"""Who may run a pending action: a lease with a fence, kept in its audit row.

The turn that asks for an action writes the lease with it. While the action runs, its engine renews the lease. Another
engine that meets it waits, and takes over only when the lease has run out; each take-over raises the fence, and a
result is stored only under the fence that stands (`turn_actions_write` of the schema looks in the same transaction).

Clocks of machines that share a database must agree to within a few seconds. One that is set back: a lease that was not
renewed for as long as one lasts, by this process's own steady clock, has run out whatever it says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from fsm_engine.engine.owners import is_gone
from fsm_engine.errors import FsmEngineError
from fsm_engine.failpoints import failpoint
from fsm_engine.model.pauses import BETWEEN_LOOKS
from fsm_engine.model.times import utc_text
from fsm_engine.storage.records import Lease
from fsm_engine.storage.store import Store

log = logging.getLogger("fsm_engine.actions")

LEASE_S = 10.0
RENEW_EVERY_S = 3.0
NEVER_SO_LONG_S = 1800.0
"""A lease that runs on for so long was written before a clock was set back."""

STILL_RUNS = -1
HAS_ENDED = -2


def lease_end(now: datetime) -> str:
    """Until when a lease lasts that begins or is renewed now."""
    return utc_text(now + timedelta(seconds=LEASE_S))


class Leases:
    """The leases that one engine holds, and those of others that it waits for."""

    def __init__(self, store: Store, owner: str, clock: Callable[[], datetime]) -> None:
        self.owner = owner
        self._store = store
        self._clock = clock
        self._running: set[str] = set()
        self._renewals: set[asyncio.Task[None]] = set()
        self._has_left_some = False

    @asynccontextmanager
    async def kept(self, key: str, fence: int) -> AsyncIterator[None]:
        """The lease is renewed while the block runs. No task is made for an action that ends before the first time."""
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle | None = None

        def renew() -> None:
            nonlocal timer
            task = loop.create_task(self._renew(key, fence))
            self._renewals.add(task)
            task.add_done_callback(self._renewals.discard)
            timer = loop.call_later(RENEW_EVERY_S, renew)

        self._running.add(key)
        self._has_left_some = True
        timer = loop.call_later(RENEW_EVERY_S, renew)
        try:
            yield
        finally:
            timer.cancel()
            self._running.discard(key)

    async def _renew(self, key: str, fence: int) -> None:
        try:
            failpoint("action.before-renewal")
            is_ours = await self._store.audit.renew(key, fence=fence, until=lease_end(self._clock()))
        except FsmEngineError as error:
            log.warning("action with key %s: its lease was not renewed (%s)", key, error.code)
            return
        if not is_ours and key in self._running:
            log.error("action with key %s was taken over by another process while it ran here", key)

    async def take_over(self, key: str, patience_s: float | None) -> int:
        """The fence under which this engine may now settle the action; it waits for who runs it, None: without an end.

        ``STILL_RUNS``: its holder is alive and patience is over. ``HAS_ENDED``: its end is stored. 0: nobody holds it,
        and no fence guards it, because its row is gone or was settled by hand.
        """
        loop = asyncio.get_running_loop()
        began, seen_since, last = loop.time(), loop.time(), None
        look = 0
        while True:
            lease = await self._store.audit.lease(key)
            if lease is None or lease.status != "pending":
                return 0 if lease is None else HAS_ENDED
            if lease != last:
                seen_since, last = loop.time(), lease
            if self._has_run_out(key, lease) or loop.time() - seen_since > LEASE_S:
                fence = await self._take(key, lease)
                if fence is not None:
                    return fence
            elif patience_s is not None and loop.time() - began >= patience_s:
                return STILL_RUNS
            await asyncio.sleep(BETWEEN_LOOKS.before(look))
            look += 1

    async def is_free(self, key: str) -> bool:
        """Whether nobody runs this pending action any more."""
        lease = await self._store.audit.lease(key)
        return lease is not None and lease.status == "pending" and self._has_run_out(key, lease)

    async def holds(self, key: str, fence: int) -> bool:
        """Whether a result under this fence would still be taken."""
        lease = await self._store.audit.lease(key)
        return lease is not None and lease.status == "pending" and lease.fence == fence

    async def release_all(self) -> None:
        """When the engine closes: what it leaves behind, cut off in the middle, others may take over at once."""
        if not self._has_left_some:
            return
        try:
            await self._store.audit.release(self.owner)
        except FsmEngineError as error:  # they run out by themselves
            log.warning("engine: its leases could not be given up (%s)", error.code)

    async def _take(self, key: str, lease: Lease) -> int | None:
        failpoint("action.before-take-over")
        until = lease_end(self._clock())
        fence = await self._store.audit.take_over(key, fence=lease.fence, owner=self.owner, until=until)
        if fence is not None:
            self._has_left_some = True
            failpoint("action.after-take-over")
        return fence

    def _has_run_out(self, key: str, lease: Lease) -> bool:
        if lease.owner is None or lease.until is None:
            return True
        if lease.owner == self.owner:
            return key not in self._running
        now = self._clock()
        far = utc_text(now + timedelta(seconds=NEVER_SO_LONG_S))
        return lease.until <= utc_text(now) or lease.until > far or is_gone(lease.owner)
