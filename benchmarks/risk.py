"""How fast the shipped risk detector reads: ``python -m benchmarks.risk [--json]``.

An ordinary message of 60 characters and one of 300, without a finding: the time of one call, warm, p50 and p99. Then
what a call costs from 20 to 4,096 characters, ordinary and adversarial: time per character must not rise with length.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from typing import Final

from fsm_engine.understanding.risk_phrases import RiskDetector, build_detector

ORDINARY: Final = (
    "My goal is to read two books by the end of next month, okay?",
    "I would like to open an account for my younger sister today.",
    "We went to the museum with our class and saw old paintings.",
    "My aunt helps me with homework when my parents work late on.",
    "Could you send the letter to my new address in the old town?",
    "I play the guitar every evening and sometimes my dad listens",
)
GOALS_US: Final = {60: 40.0, 300: 150.0}
LENGTHS: Final = (20, 60, 300, 1024, 4096)
CALLS: Final = 400
TRIES: Final = 5

MAKERS: Final[Mapping[str, Callable[[int], str]]] = {
    "ordinary": lambda length: _cut(" ".join(islice(cycle(ORDINARY), length // 50 + 1)), length),
    "one word, again and again": lambda length: _cut("want to " * length, length),
    "beginnings of phrases": lambda length: _cut("i want i just really do not want to ever " * length, length),
    "letters set apart": lambda length: _cut("k i l l " * length, length),
    "one letter": lambda length: "a" * length,
    "signs for letters": lambda length: _cut("k1ll m3 !@#$ " * length, length),
    "masked": lambda length: _cut("s***e k*** " * length, length),
    "misspelt": lambda length: _cut("sucide kil mysef wnat " * length, length),
    "run together": lambda length: _cut("iwanttogohomenow" * length, length),
    "marks and emoji": lambda length: _cut("e\u0301\u200b💀 " * length, length),
    "brackets and quotes": lambda length: _cut("(\"'{[<" * length, length),
    "grave words": lambda length: _cut("i do not want to kill myself but i might " * length, length),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Speed:
    """Microseconds of one call; of the p50 and p99 over many, the best of some tries."""

    text: str
    length: int
    p50_us: float
    p99_us: float


def _cut(text: str, length: int) -> str:
    return text[:length]


def main() -> int:
    """0 when the goals are met and nothing costs more by character the longer it is, 1 otherwise."""
    detector = build_detector()
    speeds = [time_of(detector, name, length) for name in MAKERS for length in LENGTHS]
    met = goals_met(speeds)
    if "--json" in sys.argv:
        print(json.dumps({"speeds": [asdict(speed) for speed in speeds], "goals_met": met}, indent=2))
    else:
        show(speeds, met)
    return 0 if met else 1


def time_of(detector: RiskDetector, name: str, length: int) -> Speed:
    """How long texts of this kind and length take."""
    text = MAKERS[name](length)
    detector.listen(text)
    calls = CALLS if length <= 300 else max(5, CALLS * 300 // length // 4)
    tries = [_timed(detector, text, calls) for _ in range(TRIES)]
    p50, p99 = (min(each[index] for each in tries) for index in (0, 1))
    return Speed(name, length, p50, p99)


def _timed(detector: RiskDetector, text: str, calls: int) -> tuple[float, float]:
    spent = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        detector.listen(text)
        spent.append((time.perf_counter_ns() - start) / 1000)
    spent.sort()
    return spent[len(spent) // 2], spent[len(spent) * 99 // 100]


def goals_met(speeds: list[Speed]) -> bool:
    """Whether ordinary messages are read fast enough, and every kind in a time that grows no faster than its length."""
    by_place = {(speed.text, speed.length): speed.p50_us for speed in speeds}
    fast = all(by_place["ordinary", length] <= goal for length, goal in GOALS_US.items())
    return fast and all(growth(speeds, name) <= 2.0 for name in MAKERS)


def growth(speeds: list[Speed], name: str) -> float:
    """How many times as much a character costs at the greatest length as at a quarter of it; 1 is linear."""
    by_length = {speed.length: speed.p50_us / speed.length for speed in speeds if speed.text == name}
    return by_length[LENGTHS[-1]] / by_length[LENGTHS[-2]]


def show(speeds: list[Speed], met: bool) -> None:
    """Prints the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="One call of the detector, µs: p50 (p99)", title_justify="left")
    for column in ("text", *(f"{length} characters" for length in LENGTHS), "growth"):
        table.add_column(column)
    by_place = {(speed.text, speed.length): speed for speed in speeds}
    for name in MAKERS:
        cells = [by_place[name, length] for length in LENGTHS]
        table.add_row(name, *(f"{one.p50_us:.0f} ({one.p99_us:.0f})" for one in cells), f"{growth(speeds, name):.2f}")
    Console(width=120).print(table)
    goals = ", ".join(f"{length} characters in {goal:.0f} µs" for length, goal in GOALS_US.items())
    print(f"Goals (p50 of ordinary messages): {goals}; growth at most 2. {'Met' if met else 'Missed'}.")


if __name__ == "__main__":
    sys.exit(main())
