"""Long work in batches that never hold the writer for long."""

from __future__ import annotations

from dataclasses import dataclass

HOLD_AT_MOST_S = 0.05
"""No batch may keep turns waiting for longer than this; batches are made to take half of it."""


@dataclass(slots=True)
class Pace:
    """How many rows the next batch takes: as many as fitted into the time before, at most twice as many as last time.

    ``longest_s`` is the longest that a batch took, with the time that it waited for its turn to write.
    """

    rows: int = 64
    at_most: int = 20_000
    longest_s: float = 0.0

    def took(self, seconds: float, rows: int | None = None) -> None:
        """Tells how long a batch took, and how many rows it found when that was not as many as it might take."""
        self.longest_s = max(self.longest_s, seconds)
        done = self.rows if rows is None else rows
        fits = done * (HOLD_AT_MOST_S / 2) / max(seconds, 1e-6)
        self.rows = max(1, min(int(fits), 2 * self.rows, self.at_most))
