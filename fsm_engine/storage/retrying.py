"""Trying again what a fault stopped that passes by itself: the pauses, and which faults those are.

A lock that another program held is one. A constraint, bad data, a full disk or damage stay what they are, and reads are
not repeated: whoever asked is told at once and can ask again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fsm_engine.errors import StorageError
from fsm_engine.model.pauses import BETWEEN_WRITES, Pauses
from fsm_engine.storage.sqlite_errors import is_lock


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often, and after which pauses. ``sleep`` and ``chance`` (0 to 1) are arguments: tests need not wait."""

    retries: int
    pauses: Pauses = BETWEEN_WRITES
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random

    def pause_s(self, retry: int) -> float:
        """The pause before a retry; the first is number 0."""
        return self.pauses.before(retry, self.chance())

    async def before(self, retry: int, error: StorageError) -> None:
        """Returns when it is time for this retry. Raises the error when it does not pass, or this would be one more."""
        if retry >= self.retries or not passes_by_itself(error):
            raise error
        await self.sleep(self.pause_s(retry))


WRITES = Backoff(retries=3)
"""For writes: with the time that each of them waits for the lock, the whole takes little longer than the timeout."""


def passes_by_itself(error: StorageError) -> bool:
    """Whether the same call may work later, and did nothing this time."""
    return is_lock(error.__cause__)
