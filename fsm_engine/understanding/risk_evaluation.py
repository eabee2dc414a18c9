"""How well a detector does on labelled messages: recall, false alarms and severity, on a part that nobody tuned on.

Rows are split by a hash of their text, so that a row stays in its part for ever and every part holds every kind. The
lexicon is tuned on the development part alone; the held-out third tells what to expect of messages nobody thought of.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from fsm_engine.model.flow import LEVELS
from fsm_engine.model.turn import RiskFinding

SEED: Final = "risk-1"
HELD_OUT_EVERY: Final = 3
"""One row in so many is held out."""

DETECTED: Final = frozenset({"medium", "high"})
"""Levels that are answered with help; low is recorded only."""

Part = Literal["development", "held_out"]

LEAST_FOUND: Final[Mapping[str, float]] = {"explicit": 0.97, "disguised": 0.97, "implicit": 0.85, "slang": 0.85}
"""Goals: shares of messages of a kind that are found at least, held out."""

MOST_FALSE: Final[Mapping[str, float]] = {"benign": 0.01, "idiom": 0.05}
"""Goals: shares of harmless messages of a kind that raise an alarm at most, held out."""


class Detects(Protocol):
    def detect(self, text: str, *, language: str = "en", earlier: Sequence[str] = ()) -> Sequence[RiskFinding]: ...


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """A message and what should be found in it. ``level`` and ``category`` are ``"none"`` when nothing should be."""

    text: str
    kind: str
    category: str
    level: str
    language: str = "en"
    earlier: tuple[str, ...] = ()

    @property
    def is_at_risk(self) -> bool:
        return self.level in DETECTED


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def value(self) -> float:
        """0..1; 1 of nothing, so that an empty group misses no target."""
        return self.count / self.of if self.of else 1.0


@dataclass(frozen=True, slots=True)
class PartReport:
    """One part of the rows. Recall counts rows at risk that were detected, false alarms the others that were, too.

    ``named`` is the share of detected rows at risk whose category was among the findings. ``levels`` counts rows by
    (expected level, highest found level), ``"none"`` included.
    """

    recall_by_kind: Mapping[str, Share]
    recall_by_category: Mapping[str, Share]
    recall_by_language: Mapping[str, Share]
    false_alarms_by_kind: Mapping[str, Share]
    named: Share
    levels: Mapping[tuple[str, str], int]
    missed: tuple[EvaluationRow, ...]
    false_alarms: tuple[EvaluationRow, ...]

    def false_alarms_per_1000(self, kind: str) -> float:
        """Detections per 1,000 rows of that kind that hold no risk."""
        return 1000 * (self.false_alarms_by_kind[kind].value if kind in self.false_alarms_by_kind else 0.0)


@dataclass(frozen=True, slots=True)
class Report:
    development: PartReport
    held_out: PartReport


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached, and what was. ``says`` is the goal in words."""

    name: str
    says: str
    share: Share
    is_met: bool


def goals(part: PartReport) -> list[Goal]:
    """The goals for the kinds that the part has rows of."""
    found = [
        Goal(kind, f"at least {100 * least:g} %", share, share.value >= least)
        for kind, least in LEAST_FOUND.items()
        if (share := part.recall_by_kind.get(kind)) is not None
    ]
    wrong = [
        Goal(f"false alarms {kind}", f"at most {100 * most:g} %", share, share.value <= most)
        for kind, most in MOST_FALSE.items()
        if (share := part.false_alarms_by_kind.get(kind)) is not None
    ]
    return found + wrong


def part_of(text: str, seed: str = SEED) -> Part:
    """Where a message belongs; upper and lower case make no difference."""
    digest = hashlib.sha256(f"{seed}\n{text.casefold().strip()}".encode()).digest()
    return "held_out" if int.from_bytes(digest[:4], "big") % HELD_OUT_EVERY == 0 else "development"


def evaluate(rows: Iterable[EvaluationRow], detector: Detects) -> Report:
    """What the detector finds in the rows, part by part."""
    parts: dict[Part, list[tuple[EvaluationRow, Sequence[RiskFinding]]]] = {"development": [], "held_out": []}
    for row in rows:
        found = detector.detect(row.text, language=row.language, earlier=row.earlier)
        parts[part_of(row.text)].append((row, found))
    return Report(development=_report(parts["development"]), held_out=_report(parts["held_out"]))


def _report(results: Sequence[tuple[EvaluationRow, Sequence[RiskFinding]]]) -> PartReport:
    at_risk = [(row, _highest(found)) for row, found in results if row.is_at_risk]
    others = [(row, _highest(found)) for row, found in results if not row.is_at_risk]
    named = [row.category in {finding.category for finding in found} for row, found in results if row.is_at_risk]
    return PartReport(
        recall_by_kind=_shares((row.kind, level) for row, level in at_risk),
        recall_by_category=_shares((row.category, level) for row, level in at_risk),
        recall_by_language=_shares((row.language, level) for row, level in at_risk),
        false_alarms_by_kind=_shares((row.kind, level) for row, level in others),
        named=Share(sum(named), len(named)),
        levels=Counter((row.level, level) for row, level in (*at_risk, *others)),
        missed=tuple(row for row, level in at_risk if level not in DETECTED),
        false_alarms=tuple(row for row, level in others if level in DETECTED),
    )


def _highest(found: Sequence[RiskFinding]) -> str:
    return max((finding.level for finding in found), key=LEVELS.index, default="none")


def _shares(results: Iterable[tuple[str, str]]) -> dict[str, Share]:
    totals: Counter[str] = Counter()
    detected: Counter[str] = Counter()
    for name, level in results:
        totals[name] += 1
        detected[name] += level in DETECTED
    return {name: Share(detected[name], total) for name, total in sorted(totals.items())}
