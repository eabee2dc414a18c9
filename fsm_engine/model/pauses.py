"""How long to wait before something is tried again: one formula, and the settings of all who use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_DOUBLINGS: Final = 60
"""More would be past any limit, and in the end past what a float can hold."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Pauses that double from ``first_s`` up to ``most_s``, each times a number between ``low`` and ``high``.

    Which number is left to chance, so that what failed together does not come back together.
    """

    first_s: float
    most_s: float
    low: float = 1.0
    high: float = 1.0

    def before(self, retry: int, chance: float = 0.0) -> float:
        """Seconds before a retry, of which the first is number 0; ``chance`` 0 stands for ``low``, 1 for ``high``."""
        whole = min(self.most_s, self.first_s * 2.0 ** min(retry, MOST_DOUBLINGS))
        return whole * (self.low + (self.high - self.low) * chance)


BETWEEN_WRITES: Final = Pauses(0.025, 1.0, low=1.0, high=0.5)
"""Tries of a write that met another program's lock."""
BETWEEN_CALLS: Final = Pauses(0.2, 10.0, low=0.0, high=1.0)
"""Tries of an action: chance over the whole length spreads callers of a system that was down best."""
BETWEEN_DELIVERIES: Final = Pauses(2.0, 3600.0, low=1.0, high=1.5)
"""Tries of handing over what nobody waits for."""
BETWEEN_STORINGS: Final = Pauses(1.0, 64.0)
"""Tries of storing how an action ended that nobody waits for."""
BETWEEN_LOOKS: Final = Pauses(0.02, 0.5)
"""Looks at an action that another process runs."""
