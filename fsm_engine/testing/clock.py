"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

FIRST_MOMENT = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
"""Where every transcript begins: Wednesday 4 March 2026, 09:00 UTC. "Friday" is in two days, "tomorrow" a Thursday."""


class VirtualClock:
    """Called, it tells the time; only `advance` moves it.

    >>> clock = VirtualClock()
    >>> clock.advance(600)
    >>> f"{clock():%A %H:%M}"
    'Wednesday 09:10'
    """

    def __init__(self, start: datetime = FIRST_MOMENT) -> None:
        self._now = start

    def __call__(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Moves the clock; negative seconds move it back."""
        self._now += timedelta(seconds=seconds)
