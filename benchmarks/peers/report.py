"""The trials as tables for people, as JSON, and as Markdown for the page."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.peers.conduct import LAST_MESSAGES
from benchmarks.peers.trial import AT_ONCE, Run, Trial, best_floor

SPEED = (
    "tool",
    *(f"{what}, {n} at once" for n in AT_ONCE for what in ("messages/s", "of the floor", "p99 ms", "engine ÷ tool")),
)
CONDUCT = (
    "tool",
    "storage of its connection",
    "write transactions per message",
    "two messages at once: lost",
    "two messages at once: error",
    "a message delivered twice",
    f"accounts opened by {LAST_MESSAGES} last messages, each delivered twice at once",
    "its question is taken out of the flow",
)
BUSY = " (busy disk)"
"""Marks a run for which there was no quiet moment; see `benchmarks.peers.trial`."""
Row = tuple[str, ...]


def speed_rows(trials: Sequence[Trial]) -> list[Row]:
    """One row per tool; the first trial is the engine's, which the last column of each load compares with."""
    best = best_floor(trials)
    return [(trial.peer.name, *_cells(trial, trials[0], best)) for trial in trials]


def _cells(trial: Trial, engine: Trial, best: float) -> list[str]:
    if trial.failure:
        return [trial.failure, *[""] * (len(SPEED) - 2)]
    cells = []
    for at_once in AT_ONCE:
        run, ours = trial.middle(at_once, best), engine.middle(at_once, best)
        cells += _speed_cells(run, ours, best) if run else ["", "", "", ""]
    return cells


def _speed_cells(run: Run, ours: Run | None, best: float) -> list[str]:
    """The comparison stands only where both were measured in quiet moments."""
    speed, is_quiet = run.speed, run.is_quiet(best)
    is_comparable = is_quiet and ours is not None and ours is not run and ours.is_quiet(best)
    times = f"{ours.ratio / run.ratio:.1f}" if ours and is_comparable else ""
    rate = f"{speed.messages_per_second:.0f}{'' if is_quiet else BUSY}"
    return [rate, f"{run.ratio:.2f}", f"{speed.p99_ms:.1f}", times]


def conduct_rows(trials: Sequence[Trial]) -> list[Row]:
    """One row per tool."""
    return [(trial.peer.name, *_conduct_cells(trial)) for trial in trials]


def _conduct_cells(trial: Trial) -> list[str]:
    found = trial.conduct
    if found is None:
        return [trial.failure, *[""] * (len(CONDUCT) - 2)]
    return [
        found.storage,
        f"{found.transactions_per_message:.1f}",
        f"{found.lost} of {found.sent}",
        f"{found.refused} of {found.sent}",
        found.duplicate,
        str(found.accounts_opened),
        found.question_removed,
    ]


def show(trials: Sequence[Trial]) -> None:
    """Both tables, and the versions."""
    console = Console(width=180)
    for title, columns, rows in (
        ("The account dialogue on other tools", SPEED, speed_rows(trials)),
        ("What they do", CONDUCT, conduct_rows(trials)),
    ):
        table = Table(*columns, title=title)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    console.print(_measured_with(trials))


def as_json(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """One object per tool; ``runs`` by conversations at once, the median run of each."""
    best = best_floor(trials)
    return [
        {
            "tool": trial.peer.name,
            "versions": trial.peer.versions if not trial.peer.missing else None,
            "failure": trial.failure or None,
            "stores": trial.peer.stores,
            "runs": {
                at_once: _figures(run, trial.quiet(at_once, best))
                for at_once in AT_ONCE
                if (run := trial.middle(at_once, best)) is not None
            },
            "conduct": asdict(trial.conduct) if trial.conduct else None,
        }
        for trial in trials
    ]


def _figures(run: Run, quiet: Sequence[Run]) -> dict[str, float]:
    return {**asdict(run.speed), "floor": run.floor, "ratio": run.ratio, "quiet_runs": len(quiet)}


def markdown(trials: Sequence[Trial]) -> str:
    """Both tables, with the machine and the versions that they come from."""
    speed = _markdown_table(SPEED, speed_rows(trials))
    return "\n\n".join([_measured_with(trials), speed, _markdown_table(CONDUCT, conduct_rows(trials))])


def _markdown_table(columns: Row, rows: Sequence[Row]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _measured_with(trials: Sequence[Trial]) -> str:
    known = dict.fromkeys(part for t in trials if not t.peer.missing for part in t.peer.versions.split(", "))
    machine = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores"
    best = best_floor(trials)
    used = [run.floor for trial in trials for at_once in AT_ONCE if (run := trial.middle(at_once, best))]
    floor = f" The floor around these runs was {min(used):.0f} to {max(used):.0f} messages/s." if used else ""
    return f"Measured with {machine}; {', '.join(known)}.{floor}"
