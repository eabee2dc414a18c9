"""What people found who looked at risk detections, and which detections they look for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["true_alarm", "false_alarm"]
"""What a person found who looked at a detection: that it was right to raise it, or that it was not."""

VERDICTS: tuple[Verdict, ...] = ("true_alarm", "false_alarm")


@dataclass(frozen=True, slots=True)
class RiskSearch:
    """Which detections: those of every level, category, verdict and time where nothing else is said.

    ``since`` and ``until`` are UTC text, the first inclusive; ``reviewed`` None means either.
    """

    level: str | None = None
    category: str | None = None
    detector: str | None = None
    verdict: Verdict | None = None
    reviewed: bool | None = None
    since: str | None = None
    until: str | None = None
