"""Long work in batches that never keep others waiting for long."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from fsm_engine.storage.database import Database, Row, Step

HOLD_AT_MOST_S = 0.05
"""No batch may keep turns waiting for longer. Batches are made to take an eighth to a quarter, as some take longer."""


@dataclass(slots=True)
class Spent:
    """How long something took."""

    seconds: float = 0.0

    def fitting(self, rows: int, *, at_most: int = 100_000) -> int:
        """How many rows would have taken a quarter of what a batch may, at most twice as many as these."""
        fits = rows * (HOLD_AT_MOST_S / 4) / max(self.seconds, 1e-6)
        return max(1, min(int(fits), 2 * rows, at_most))


@contextmanager
def timed() -> Iterator[Spent]:
    """Measures what happens inside, with the time that it waited for its turn at the database."""
    spent = Spent()
    before = time.perf_counter()
    yield spent
    spent.seconds = time.perf_counter() - before


@dataclass(slots=True)
class Pace:
    """How many rows the next batch takes. ``longest_s``: the longest that one took.

    A batch that took long halves the next ones at once; quick ones make them grow slowly, as every now and then a
    commit writes the log back as well, and takes longer than its rows.
    """

    rows: int = 64
    longest_s: float = 0.0
    least: int = 16
    """Where even these take long, it is the disk, and fewer rows would only take more time."""
    unmoved_s: float = 0.0
    """How long the changes took whose writing is still in the log."""

    def took(self, spent: Spent, rows: int) -> None:
        """Tells how long a batch took that changed so many rows."""
        self.longest_s = max(self.longest_s, spent.seconds)
        if spent.seconds > HOLD_AT_MOST_S / 4:
            self.rows = max(self.least, self.rows // 2)
        elif spent.seconds < HOLD_AT_MOST_S / 8 and rows >= self.rows:
            self.rows += 1 + self.rows // 4

    async def change(self, database: Database, steps: Sequence[Step]) -> tuple[list[list[Row]], Spent]:
        """What `Database.change` returns, and how long it took.

        Where much was written to the log, it is moved into the file in a step of its own; turns that wait come in
        between.
        """
        with timed() as spent:
            returned = await database.change(*steps)
        self.unmoved_s += spent.seconds
        if self.unmoved_s > HOLD_AT_MOST_S / 8:
            with timed() as moving:
                await database.move_log()
            self.longest_s, self.unmoved_s = max(self.longest_s, moving.seconds), 0.0
        return returned, spent
