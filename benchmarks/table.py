"""Figures beside their goals, printed for people or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. ``least`` and ``most`` are goals, inclusive; None: no goal on that side."""

    what: str
    value: float
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool:
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    @property
    def goal(self) -> str:
        bounds = [f"≥ {self.least:g}" if self.least is not None else "", f"≤ {self.most:g}" if self.most else ""]
        return " ".join(bound for bound in bounds if bound)


def show(title: str, figures: Sequence[Figure]) -> None:
    """Prints the table, or with ``--json`` among the arguments a list of objects."""
    if "--json" in sys.argv:
        print(json.dumps([asdict(figure) for figure in figures], indent=1))
        return
    table = Table(title=title)
    for column in ("what", "measured", "goal", "met", "note"):
        table.add_column(column)
    for figure in figures:
        met = "" if not figure.goal else "yes" if figure.is_met else "NO"
        table.add_row(figure.what, f"{figure.value:.2f}", figure.goal, met, figure.note)
    Console(width=150).print(table)
