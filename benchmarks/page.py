"""The tables of docs/performance.md, written by the commands that measured them."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.table import Figure

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


def write(parts: Mapping[str, Sequence[Figure]]) -> None:
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
