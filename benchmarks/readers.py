"""How well and how fast the readers read: ``python -m benchmarks.readers``.

With ``--write`` the table of accuracy in ``docs/flow-language.md`` is brought up to date instead; a test compares them.

Accuracy is counted over the tables in ``tests/understanding/cases``; rows that are known to be read wrongly count as
wrong. Latency is that of one warm `read` call: each row is read ``ROUNDS`` times; p50 and p99 are taken over all calls
of a kind. The first call of a kind also pays for its libraries; it is timed in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fsm_engine.understanding import readers
from tests.understanding.reading_cases import Case, all_cases, first_cases, last_cases, later_cases

ROUNDS = 20
PAGE = Path(__file__).parents[1] / "docs" / "flow-language.md"
BEGIN = "<!-- accuracy: written by python -m benchmarks.readers --write -->"
END = "<!-- accuracy ends -->"
LANGUAGES = ("en", "es")
_FIRST_CALL = """
import sys, time
from tests.understanding.reading_cases import first_cases
from fsm_engine.understanding import readers
case = next(case for case in first_cases() if case.kind == sys.argv[1])
start = time.perf_counter()
readers.read(case.text, case.slot_type, case.context)
print((time.perf_counter() - start) * 1000)
"""


def main() -> None:
    """Prints the tables, or writes the one of the documentation."""
    if "--write" in sys.argv[1:]:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_accuracy(page), encoding="utf-8")
        return
    console = Console(width=110)
    console.print(accuracy_table("Accuracy on the rows beside which the readers were written", list(first_cases())))
    console.print(accuracy_table("Accuracy on the rows written later (196 of 220 at first sight)", list(later_cases())))
    console.print(accuracy_table("Accuracy on the rows written last (400 of 417 at first sight)", list(last_cases())))
    console.print(latency_table(list(first_cases())))


def with_accuracy(page: str) -> str:
    """The page with the table of accuracy between its marks made anew. Raises `ValueError` where a mark is missing."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{PAGE.name}: the lines '{BEGIN}' and '{END}' are missing. Put them back.")
    return f"{before}{BEGIN}\n{_accuracy_lines()}\n{END}{after}"


def _accuracy_lines() -> str:
    cases = list(all_cases())
    kinds = [[case for case in cases if case.kind == kind] for kind in readers.KINDS]
    lines = ["| type | English | Spanish | all answers, in other languages too |", "|---|---|---|---|"]
    lines += [_line(f"`{of_kind[0].kind}`", of_kind) for of_kind in kinds]
    return "\n".join([*lines, _line("all", cases)])


def _line(name: str, cases: Sequence[Case]) -> str:
    shares = [_right_of(_in_language(cases, language)) for language in LANGUAGES]
    return f"| {name} | {' | '.join(f'{right} of {count}' for right, count in [*shares, _right_of(cases)])} |"


def _right_of(cases: Sequence[Case]) -> tuple[int, int]:
    right = sum(case.agrees_with(readers.read(case.text, case.slot_type, case.context)) for case in cases)
    return right, len(cases)


def accuracy_table(title: str, cases: Sequence[Case]) -> Table:
    table = Table(title=title)
    table.add_column("kind")
    for language in (*LANGUAGES, "all"):
        table.add_column(f"{language}: right / rows", justify="right")
    for kind in [kind for kind in readers.KINDS if any(case.kind == kind for case in cases)]:
        of_kind = [case for case in cases if case.kind == kind]
        table.add_row(kind, *(_share(_in_language(of_kind, language)) for language in LANGUAGES), _share(of_kind))
    table.add_row("all", *(_share(_in_language(cases, language)) for language in LANGUAGES), _share(cases))
    return table


def _in_language(cases: Iterable[Case], language: str) -> list[Case]:
    return [case for case in cases if case.context.language == language]


def _share(cases: Sequence[Case]) -> str:
    if not cases:
        return "-"
    right, _ = _right_of(cases)
    return f"{right} / {len(cases)}  {right / len(cases):7.1%}"


def latency_table(cases: Sequence[Case]) -> Table:
    table = Table(title="Latency of one call (µs, warm) and of the first call in a process (ms)")
    for column in ("kind", "plain p50", "p50", "p99", "slowest row", "first call ms"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    for kind in readers.KINDS:
        of_kind = [case for case in cases if case.kind == kind]
        times = sorted(took for case in of_kind for took in _times(case))
        slowest = max(_median(_times(case)) for case in of_kind)
        plain = _median(_times(of_kind[0]))
        row = (plain, _median(times), times[int(len(times) * 0.99)], slowest)
        table.add_row(kind, *(f"{value:.1f}" for value in row), f"{_first_call_ms(kind):.0f}")
    return table


def _times(case: Case) -> list[float]:
    readers.read(case.text, case.slot_type, case.context)
    times: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        readers.read(case.text, case.slot_type, case.context)
        times.append((time.perf_counter() - start) * 1e6)
    return times


def _median(times: Iterable[float]) -> float:
    ordered = sorted(times)
    return ordered[len(ordered) // 2]


def _first_call_ms(kind: str) -> float:
    run = subprocess.run([sys.executable, "-c", _FIRST_CALL, kind], capture_output=True, text=True, check=True)
    return float(run.stdout)


if __name__ == "__main__":
    main()
