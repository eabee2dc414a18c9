"""All fault tests in their long form, with their figures in a table; ``--write`` puts these into docs/reliability.md.

python -m tests.faults [--short] [--seed N] [--write] [-- further arguments of pytest]

Ends with pytest's exit code: 0 when every test has passed. Nothing is written after a failure. A run of some tests
(``--write -- -k effects``) leaves the rows of all others as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- fault figures -->", "<!-- end of fault figures -->"

Line = Mapping[str, Any]
"""What one call of `figures.record` wrote: ``test``, ``seed``, mostly ``what``, and any number of figures."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Pytest's exit code."""
    asked = _parser().parse_args(arguments)
    with TemporaryDirectory() as folder:
        place = Path(folder) / "figures.jsonl"
        code = run(place, seed=asked.seed, is_long=not asked.short, more=asked.more)
        lines = read(place)
    show(lines)
    if asked.write and code == 0:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), lines, is_long=not asked.short), encoding="utf-8")
    elif asked.write:
        sys.stderr.write(f"{PAGE.name} is as it was: only the figures of a run without failures are written.\n")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description="Runs the fault tests and shows what they counted.",
        epilog="Example: python -m tests.faults --short --seed 7 -- -k killed",
    )
    parser.add_argument("--short", action="store_true", help="the form that runs with all other tests")
    parser.add_argument("--seed", type=int, default=1, help="which moments and which order (1)")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/reliability.md")
    parser.add_argument("more", nargs="*", metavar="-- ARGUMENT", help="handed on to pytest")
    return parser


def run(place: Path, *, seed: int, is_long: bool, more: Sequence[str]) -> int:
    """Runs the tests; their figures are then in the file."""
    form = "long" if is_long else "short"
    environment = {**os.environ, "FAULTS": form, "FAULT_SEED": str(seed), "FAULT_FIGURES": str(place)}
    markers = ["-m", ""] if is_long else []
    command = [sys.executable, "-m", "pytest", "tests/faults", "-v", *markers, *more]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def read(place: Path) -> list[Line]:
    """The figures, test by test: T1, T2 … T10; several of one test in the order in which they were recorded."""
    if not place.exists():
        return []
    lines: list[Line] = [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
    return folded(sorted(lines, key=lambda line: _number(line["test"])))


def folded(lines: Sequence[Line]) -> list[Line]:
    """What was recorded more than once is one: counts are added up; of what begins with ``longest``, the most."""
    by_name: dict[tuple[Any, Any], dict[str, Any]] = {}
    for line in lines:
        key = line["test"], line.get("what", "")
        if key not in by_name:
            by_name[key] = dict(line)
            continue
        found = by_name[key]
        for name, value in line.items():
            if name.startswith("longest"):
                found[name] = max(found.get(name, value), value)
            elif name != "seed" and isinstance(value, int):
                found[name] = found.get(name, 0) + value
    return list(by_name.values())


def _number(test: str) -> tuple[int, str]:
    digits = re.search(r"\d+", test)
    return (int(digits[0]) if digits else 0, test)


def rows(lines: Sequence[Line]) -> list[tuple[str, str, str, str]]:
    """For each line: the test, what was done, what was counted, the seed."""
    return [(str(line["test"]), str(line.get("what", "")), _counted(line), str(line["seed"])) for line in lines]


def _counted(line: Line) -> str:
    figures = ((name, value) for name, value in line.items() if name not in ("test", "what", "seed"))
    return ", ".join(f"{name.replace('_', ' ')} {_figure(value)}" for name, value in figures)


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


HEADINGS = ("test", "what was done", "counted", "seed")


def show(lines: Sequence[Line]) -> None:
    """The table on the terminal."""
    table = Table(title="Fault tests")
    for heading in HEADINGS:
        table.add_column(heading)
    for row in rows(lines):
        table.add_row(*row)
    Console().print(table)


def written(page: str, lines: Sequence[Line], *, is_long: bool) -> str:
    """The page with these figures between its two markers, in the place of all that there are of the same tests.

    Raises:
        ValueError: the page has no such place.
    """
    before, begin, rest = page.partition(BEGIN)
    between, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name}: there is no {BEGIN} with an {END} behind it. Put them where the table goes.")
    form = "long" if is_long else "short"
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores"
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows(lines)]
    kept = _rows_of_others(between, {row[0] for row in cells})
    written_now = [(row[0], f"| {' | '.join(row)} |") for row in cells]
    all_rows = sorted([*kept, *written_now], key=lambda row: _number(row[0]))
    table = [f"| {' | '.join(HEADINGS)} |", "|---|---|---|---|", *(text for _, text in all_rows)]
    return "\n".join([f"{before}{BEGIN}", f"The {form} form, with {python}.", "", *table, f"{END}{after}"])


def _rows_of_others(table: str, tests: Collection[str]) -> list[tuple[str, str]]:
    """The rows of a table that are not of these tests, each with the test that it is of."""
    found = [(row[1], row[0]) for row in re.finditer(r"^\| (\w+\d+) \|.*$", table, re.MULTILINE)]
    return [(test, text) for test, text in found if test not in tests]


if __name__ == "__main__":
    sys.exit(main())
