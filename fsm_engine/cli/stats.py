"""`fsm-engine stats`: how far people come."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from fsm_engine.cli.exits import Refused
from fsm_engine.cli.places import must_exist
from fsm_engine.cli.screen import print_table

if TYPE_CHECKING:
    from fsm_engine.storage.reports import StepFunnel, WeekOfSessions

_EVER = "0000"


def show_stats(database: str, *, flow: str | None, since: str | None, as_json: bool, plot: Path | None) -> None:
    """Prints the funnel, and draws it into ``plot``.

    Raises:
        Refused: there is no such database, the date is none, or the drawing cannot be made.
    """
    must_exist(database)
    steps, weeks = asyncio.run(_read(database, flow, _date(since)))
    # Whoever comes to a step came to those before it, so that the most reached ones stand first.
    steps.sort(key=lambda step: (step.flow, -step.reached, -step.answered, step.step))
    if plot is not None:
        from fsm_engine.cli.plot import draw_funnel

        draw_funnel(steps, weeks, plot)
    if as_json:
        import orjson

        content = {"funnel": [asdict(step) for step in steps], "weeks": [asdict(week) for week in weeks]}
        print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
        return
    _print(steps, weeks)


async def _read(database: str, flow: str | None, since: str) -> tuple[list[StepFunnel], list[WeekOfSessions]]:
    from fsm_engine.model.times import utc_now, utc_text
    from fsm_engine.storage import open_store

    store = await open_store(database)
    try:
        now = utc_text(utc_now())
        steps = await store.analytics.funnel(now=now, flow=flow, since=since)
        return steps, await store.analytics.weeks_of_sessions(now=now, flow=flow, since=since)
    finally:
        await store.close()


def _date(since: str | None) -> str:
    try:
        return _EVER if since is None else date.fromisoformat(since).isoformat()
    except ValueError as error:
        raise Refused(f"--since {since}: is no date. Write it like 2026-01-31.") from error


def _print(steps: Sequence[StepFunnel], weeks: Sequence[WeekOfSessions]) -> None:
    columns = ("flow", "step", "reached", "answered", "gave up", "attempts (median)")
    rows = [
        (one.flow, one.step, one.reached, _share(one.answered, one), _share(one.gave_up, one), one.median_attempts)
        for one in steps
    ]
    print_table("funnel", columns, rows)
    print_table(
        "weeks",
        ("week of", "sessions", "completed", "gave up"),
        [(one.week, one.began, one.completed, one.gave_up) for one in weeks],
    )


def _share(count: int, step: StepFunnel) -> str:
    return f"{count} ({100 * count / step.reached:.0f} %)"
