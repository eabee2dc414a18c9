# ruff: noqa: ASYNC240 - tests run one at a time, so blocking the loop blocks nobody
"""No transaction of indexing or purging grows with what the database holds: counted in steps of SQLite's machine and in
pages, not in time. ``python -m benchmarks.upkeep`` measures the time."""

# proves: M8, D8

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.store import fill
from fsm_engine.storage import pace, search_index
from fsm_engine.storage.pace import Pace
from fsm_engine.storage.search_index import Paces, SearchIndex
from fsm_engine.storage.sqlite_database import SqliteDatabase
from fsm_engine.storage.sqlite_file import SqliteSettings, open_file

FEW, MANY = 16, 64  # users, with a hundred messages each
A_PART = 300  # messages


@dataclass(slots=True)
class Most:
    """What the largest transaction took; ``pages`` is in bytes of the log."""

    steps: int = 0
    bytes: int = 0


def counting(most: Most, path: Path) -> Callable[[str, float], sqlite3.Connection]:
    """A driver that counts what each transaction of its connections takes."""
    log = Path(f"{path}-wal")

    class Counting(sqlite3.Connection):
        steps = 0
        before = 0

        def count(self) -> int:
            self.steps += 1
            return 0

        def execute(self, statement: str, values: Any = ()) -> Any:
            if statement.startswith(
                "PRAGMA wal_checkpoint"
            ):  # the log only grows here, so that its growth is what counts
                return super().execute("SELECT 0")
            if statement == "BEGIN IMMEDIATE" or not self.in_transaction:
                self.steps, self.before = 0, log.stat().st_size if log.exists() else 0
            is_of_schema = statement.lstrip().startswith(("CREATE", "DROP"))  # goes through all tables' names
            self.set_progress_handler(None if is_of_schema else self.count, 1)
            done = super().execute(statement, values)
            if statement == "COMMIT":
                most.steps = max(most.steps, self.steps)
                most.bytes = max(most.bytes, log.stat().st_size - self.before)
            return done

    return lambda at, busy_timeout_s: open_file(at, busy_timeout_s, Counting)


async def most_of(path: Path, work: Callable[[SearchIndex], Awaitable[object]]) -> Most:
    """What the largest transaction of some work takes, when each takes as few rows as it may."""
    most = Most()
    database = await SqliteDatabase.open(
        str(path), SqliteSettings("normal", driver=counting(most, path)), queue_limit=100
    )
    try:
        await database.change(("PRAGMA wal_autocheckpoint = 0", ()))
        most.steps = most.bytes = 0
        await work(SearchIndex(database))
    finally:
        await database.close()
    return most


def slowest() -> Paces:
    return Paces(Pace(rows=16), Pace(rows=1, least=1), Pace(rows=16))


async def index_and_purge(path: Path, users: int) -> tuple[Most, Most]:
    """Of indexing a whole database, and of purging three quarters of it."""
    fill(path, users)
    indexing = await most_of(path, lambda index: index.catch_up(slowest()))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM messages WHERE id % 4")
    return indexing, await most_of(path, lambda index: index.compact(slowest()))


@pytest.fixture
def rows_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many rows a batch takes depends on time; here it is always as few as may be."""
    monkeypatch.setattr(pace, "HOLD_AT_MOST_S", 1e-9)


@pytest.mark.usefixtures("rows_at_least")
async def test_a_step_takes_as_much_among_many_messages_as_among_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "PART", A_PART)
    few, many = await index_and_purge(tmp_path / "few.db", FEW), await index_and_purge(tmp_path / "many.db", MANY)

    for less, more in zip(few, many, strict=True):
        assert more.steps < 1.3 * less.steps
        assert more.bytes < 1.3 * less.bytes


@pytest.mark.usefixtures("rows_at_least")
async def test_an_index_of_one_part_would_be_noticed(tmp_path: Path) -> None:
    (few, _), (many, _) = (
        await index_and_purge(tmp_path / "few.db", FEW),
        await index_and_purge(tmp_path / "many.db", MANY),
    )

    assert many.steps > 2 * few.steps or many.bytes > 2 * few.bytes


@pytest.mark.usefixtures("rows_at_least")
async def test_long_work_moves_the_log_into_the_file_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    fill(path, FEW)
    database = await SqliteDatabase.open(str(path), SqliteSettings("normal"), queue_limit=100)
    try:
        await database.change(("PRAGMA wal_autocheckpoint = 0", ()))
        before = path.stat().st_size
        await SearchIndex(database).catch_up(slowest())
        log, grown = Path(f"{path}-wal").stat().st_size, path.stat().st_size - before
    finally:
        await database.close()

    assert log < grown / 2
