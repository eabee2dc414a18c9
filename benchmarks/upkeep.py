"""How long care of a large database keeps turns waiting: indexing for search, and purges of some and of nearly all.

What counts is how long a transaction holds the writer, with the moving of the log into the file that follows some of
them; beside it, the time of the processor that it took. After each job a bare loop of sqlite3 changes rows in a file of
its own, some pages a transaction: where that takes as long, it is the disk, or other programs. With ``--runs``, each
figure is that of the run in which it was least.

    python -m benchmarks.upkeep [--messages 500000] [--runs 1] [--json]
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.store import CONVERSATIONS, TURNS, fill
from benchmarks.table import Figure, show
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.sqlite import SqliteStore
from fsm_engine.storage.sqlite_database import SqliteDatabase
from fsm_engine.storage.sqlite_file import SqliteSettings, open_file

GOAL_MS = 50.0
_WRITES = ("WITH", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "COMMIT", "PRAGMA wal_checkpoint")
_ROWS, _CHANGED, _TIMES = 20_000, 100, 200


@dataclass(slots=True)
class Holds:
    """Milliseconds for which each transaction held the writer, and of the processor's time."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def figures(self, what: str, note: str) -> list[Figure]:
        over = sum(one > GOAL_MS for one in self.wall)
        tail = f"{over} of {len(self.wall):,} above {GOAL_MS:.0f}; {note}"
        return [
            Figure(f"{what}: ms of the longest hold", max(self.wall), most=GOAL_MS, note=tail),
            Figure(f"{what}: of that, ms of the processor at most", max(self.cpu)),
        ]


class _Fetched:
    """Rows that were all fetched when the statement ran."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchall(self) -> list[Any]:
        return self._rows


def watched(holds: Holds) -> Callable[[str, float], sqlite3.Connection]:
    """A driver that notes how long each transaction of its connections takes."""

    class Watched(sqlite3.Connection):
        began: tuple[float, float] | None = None

        def execute(self, statement: str, values: Any = ()) -> Any:
            if statement == "BEGIN IMMEDIATE":
                done = super().execute(statement, values)
                self.began = (time.perf_counter(), time.thread_time())
                return done
            if not statement.lstrip().startswith(_WRITES):
                return super().execute(statement, values)
            wall, cpu = self.began or (time.perf_counter(), time.thread_time())
            rows = super().execute(statement, values).fetchall()
            if not self.in_transaction:
                holds.wall.append((time.perf_counter() - wall) * 1e3)
                holds.cpu.append((time.thread_time() - cpu) * 1e3)
                self.began = None
            return _Fetched(rows)

    return lambda path, busy_timeout_s: open_file(path, busy_timeout_s, Watched)


async def watch(path: Path, work: Callable[[SqliteStore], Awaitable[object]]) -> tuple[Holds, float]:
    """What some work holds the writer for, and how many seconds it takes."""
    holds = Holds()
    database = await SqliteDatabase.open(str(path), SqliteSettings(driver=watched(holds)), queue_limit=100)
    store = SqliteStore(database, Seal())
    try:
        holds.wall.clear()
        holds.cpu.clear()
        before = time.perf_counter()
        await work(store)
        return holds, time.perf_counter() - before
    finally:
        await store.close()


def bare(path: Path) -> Holds:
    """What transactions hold a writer for that change a hundred rows of a page each, and nothing else."""
    holds, random = Holds(), Random(1)
    with closing(watched(holds)(str(path), 5.0)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE pages (id INTEGER PRIMARY KEY, content BLOB)")
        connection.execute(
            f"WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {_ROWS})"
            " INSERT INTO pages SELECT value, randomblob(3900) FROM n"
        )
        holds.wall.clear()
        for _ in range(_TIMES):
            rows = ",".join(str(random.randrange(_ROWS)) for _ in range(_CHANGED))
            connection.execute(f"UPDATE pages SET content = randomblob(3900) WHERE id IN ({rows})")
    path.unlink()
    return holds


async def index(store: SqliteStore) -> None:
    await store.messages.search("nothing like it")


async def purge_half(store: SqliteStore) -> None:
    await store.retention.purge(now="2027", sessions_before="2026", messages_before="2026")


async def purge_nearly_all(store: SqliteStore) -> None:
    await store.retention.purge(now="2028", sessions_before="2027", messages_before="2027")


def keep_some(path: Path) -> None:
    """Lets one conversation in a thousand be of a later time than all others."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER messages_are_append_only")
        connection.execute("UPDATE messages SET created_at = '2028' WHERE conversation % 1000 = 0")
        connection.execute("UPDATE sessions SET last_activity = '2028' WHERE conversation % 1000 = 0")
        connection.execute("UPDATE conversations SET last_message_at = '2028' WHERE key % 1000 = 0")


def figures(messages: int, runs: int) -> list[Figure]:
    """Each job on its own copy of one generated database."""
    jobs = {"indexing all of it": index, "purging half": purge_half, "purging all but a thousandth": purge_nearly_all}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = folder / "large.db"
        fill(path, max(1, messages // (CONVERSATIONS * TURNS * 2)))
        keep_some(path)
        found = [run(folder, path, jobs) for _ in range(runs)]
    return [min(one, key=lambda figure: figure.value) for one in zip(*found, strict=True)]


def run(folder: Path, path: Path, jobs: Mapping[str, Callable[[SqliteStore], Awaitable[object]]]) -> list[Figure]:
    """One after the other: the first job's file is the one that the others get copies of."""
    found: list[Figure] = []
    indexed, copy = folder / "indexed.db", folder / "copy.db"
    _copied(path, indexed)
    for what, job in jobs.items():
        if job is not index:
            _copied(indexed, copy)
        holds, seconds = asyncio.run(watch(indexed if job is index else copy, job))
        found += holds.figures(what, f"{seconds:.0f} s in all")
        loop = bare(folder / "bare.db")
        over = sum(one > GOAL_MS for one in loop.wall)
        note = f"{over} of {len(loop.wall)} above {GOAL_MS:.0f}"
        found.append(Figure(f"{what}: ms of the longest of a bare loop's after it", max(loop.wall), note=note))
    return found


def _copied(source: Path, target: Path) -> None:
    """Down to the disk: else the first checkpoint of the copy would wait until all of it is there."""
    shutil.copyfile(source, target)
    with target.open("rb") as copied:
        os.fsync(copied.fileno())


def _asked(option: str, otherwise: int) -> int:
    return int(sys.argv[sys.argv.index(option) + 1]) if option in sys.argv else otherwise


def main() -> None:
    messages, runs = _asked("--messages", 500_000), _asked("--runs", 1)
    show(f"Care of {messages:,} messages, best of {runs}", figures(messages, runs))


if __name__ == "__main__":
    main()
