"""`fsm-engine archive` and `fsm-engine purge`: what is old is put aside or removed, while bots run."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fsm_engine.cli.places import must_exist, runnable_flows
from fsm_engine.cli.screen import make_console, print_table
from fsm_engine.model.flow import Keep
from fsm_engine.model.times import utc_now, utc_text

if TYPE_CHECKING:
    from fsm_engine.storage import Store
    from fsm_engine.storage.reports import Archived, Purged
    from fsm_engine.storage.repositories import Progress

T = TypeVar("T")
_NAMES = {
    "conversations": "conversations archived",
    "messages": "messages",
    "sessions": "sessions",
    "archived_messages": "archived messages",
    "deleted_conversations": "deleted conversations",
    "empty_conversations": "empty conversations",
    "unreviewed": "risk detections that nobody reviewed",
    "held": "sessions that stay until their risks are reviewed",
    "undelivered": "messages and notices that nobody took",
}


def run_archive(
    database: str,
    *,
    idle_days: float | None,
    move_days: float | None,
    moves: bool,
    flows: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Archives and prints how much. Raises `Refused` when there is no such database."""
    idle = idle_days if idle_days is not None else _keep(flows).messages_days
    move = move_days if move_days is not None else idle

    async def work(store: Store, progress: Progress) -> Archived:
        now = utc_now()
        return await store.retention.archive(
            now=utc_text(now),
            idle_before=_before(now, idle),
            move_before=_before(now, move) if moves or move_days is not None else None,
            dry_run=dry_run,
            progress=progress,
        )

    _print("archive", asdict(_run(database, work)), dry_run=dry_run, as_json=as_json)


def run_purge(
    database: str,
    *,
    sessions_days: float | None,
    messages_days: float | None,
    flows: Path | None,
    dry_run: bool,
    compact: bool,
    as_json: bool,
) -> None:
    """Removes and prints how much. Raises `Refused` when there is no such database."""
    keep = _keep(flows)
    sessions = sessions_days if sessions_days is not None else keep.sessions_days
    messages = messages_days if messages_days is not None else keep.messages_days

    async def work(store: Store, progress: Progress) -> Purged:
        now = utc_now()
        return await store.retention.purge(
            now=utc_text(now),
            sessions_before=_before(now, sessions),
            messages_before=_before(now, messages),
            hold_since=_before(now, keep.unreviewed_days),
            dry_run=dry_run,
            compact=compact,
            progress=progress,
        )

    _print("purge", asdict(_run(database, work)), dry_run=dry_run, as_json=as_json)


def _keep(flows: Path | None) -> Keep:
    return Keep() if flows is None else runnable_flows(flows).bot.keep


def _before(now: datetime, days: float) -> str:
    return utc_text(now - timedelta(days=days))


def _run(database: str, work: Callable[[Store, Progress], Awaitable[T]]) -> T:
    must_exist(database)
    with _progress() as progress:
        return asyncio.run(_with_store(database, work, progress))


async def _with_store(database: str, work: Callable[[Store, Progress], Awaitable[T]], progress: Progress) -> T:
    from fsm_engine.storage import open_store

    store = await open_store(database)
    try:
        return await work(store, progress)
    finally:
        await store.close()


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on the terminal for each part; nothing where stderr is a file."""
    from rich.progress import Progress as Bars

    with Bars(console=make_console(to_stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        tasks = {}

        def show(part: str, done: int, last: int) -> None:
            if part not in tasks:
                tasks[part] = bars.add_task(part)
            bars.update(tasks[part], completed=done, total=last)

        yield show


def _print(what: str, counts: dict[str, float], *, dry_run: bool, as_json: bool) -> None:
    longest_s = counts.pop("longest_batch_s")
    log_in_use = counts.pop("log_in_use", False)
    if as_json:
        import orjson

        content = {"command": what, "dry_run": dry_run, **counts, "longest_batch_ms": round(longest_s * 1000, 1)}
        content |= {"log_in_use": log_in_use} if what == "purge" else {}
        print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
        return
    rows = [(_NAMES[name], count) for name, count in counts.items()]
    print_table(f"{what}, dry run" if dry_run else what, ("what", "rows"), rows)
    if dry_run:
        print("Nothing was changed. Run it again without --dry-run.")
    else:
        print(f"The longest batch took {longest_s * 1000:.0f} ms; others could write in between.")
    if log_in_use:
        print("Others read from the log all the time, so it still holds what was removed. Purge again later.")
