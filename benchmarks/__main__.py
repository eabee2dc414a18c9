"""All figures of docs/performance.md, in one run; ``--write`` puts them there.

python -m benchmarks [--json] [--write]
"""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import engine, resume, stages, start_up
from benchmarks.table import Figure, show

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


def main() -> int:
    """0 when every goal is met, 1 otherwise."""
    of_stages = stages.figures()  # first, as loading 1,000 flows leaves the collector of garbage much to look through
    parts = {
        "figures": [*engine.figures(), *resume.figures(), *start_up.figures()],
        "stages": of_stages,
    }
    for title, figures in parts.items():
        show(title, figures)
    if "--write" in sys.argv:
        write(parts)
    return 0 if all(figure.is_met for figures in parts.values() for figure in figures) else 1


def write(parts: dict[str, list[Figure]]) -> None:
    """Replaces the tables on the page."""
    for name, figures in parts.items():
        replace_block(name, markdown(figures))


def replace_block(name: str, text: str, page: Path = PAGE) -> None:
    """Puts the text between the page's two markers of this name.

    Raises:
        SystemExit: the page has no such markers; it stays as it is.
    """
    before, start, rest = page.read_text(encoding="utf-8").partition(f"<!-- {name} -->")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    if not start or not end:
        raise SystemExit(f"{page}: there is no place for '{name}'. Add <!-- {name} --> and <!-- end of {name} -->.")
    page.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")


def markdown(figures: Sequence[Figure]) -> str:
    """The figures as a table, with the machine that they come from."""
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores"
    rows = [
        f"| {figure.what} | {figure.value:.2f} | {figure.goal} | "
        f"{'' if not figure.goal else 'yes' if figure.is_met else '**no**'} | {figure.note} |"
        for figure in figures
    ]
    return "\n".join(
        [f"Measured with {python}.", "", "| what | measured | goal | met | note |", "|---|---|---|---|---|", *rows]
    )


if __name__ == "__main__":
    sys.exit(main())
