"""A SQLite database behind aiosqlite: one connection that writes, one that reads, a thread each."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import warnings
import weakref
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import chain, count
from threading import Thread
from typing import Any, TypeAlias, TypeVar

import aiosqlite
import orjson

from fsm_engine.errors import DatabaseUnavailable, OperationFailed, forked
from fsm_engine.failpoints import failpoint
from fsm_engine.storage import sql
from fsm_engine.storage.database import Row, Step
from fsm_engine.storage.gathering import Gatherer
from fsm_engine.storage.intake import Sql
from fsm_engine.storage.retrying import WRITES, Backoff
from fsm_engine.storage.sqlite_errors import engine_errors, is_lock
from fsm_engine.storage.sqlite_file import MEMORY, SqliteSettings, connect, connect_reader
from fsm_engine.storage.surroundings import OpenFiles

T = TypeVar("T")
_Turn: TypeAlias = tuple[tuple[Sql, ...], tuple[str, str] | None]
"""The row of a turn, and the key under which it looks up a kept result, with the time."""

TURNS_AT_MOST = 24
"""In one transaction. More would save next to nothing of the disk's time, and leave no one to compute meanwhile."""
LOADS_AT_MOST = 256
_MOVE_LOG = "PRAGMA wal_checkpoint(PASSIVE)"
_FULL_TEXT_INDEXES = """
SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%fts5%'
  AND name NOT LIKE 'messages!_index!_%' ESCAPE '!'
"""


class SqliteDatabase:
    """Belongs to the event loop that opened it. A database in memory has one connection for both.

    What is cancelled is one statement or one transaction, which its connection's thread then finishes alone: the thread
    takes what it is sent in order. ``_abandoned`` counts turns whose callers were cancelled, ``_settled`` how many of
    them are known to have ended, and ``_tried_again`` are those of which nothing is with the thread between two tries.
    """

    def __init__(
        self,
        place: str,
        writer: aiosqlite.Connection,
        reader: aiosqlite.Connection,
        *,
        queue_limit: int,
        writes: Backoff,
        files: OpenFiles | None = None,
    ) -> None:
        self._place = place
        self._files = files or OpenFiles()
        self._writer = writer
        self._reader = reader
        self._writes = writes
        self._one_transaction = asyncio.Lock()
        self._tried_again: set[asyncio.Future[None]] = set()
        self._abandoned = 0
        self._settled = 0
        self._closing: asyncio.Task[None] | None = None
        self._process = os.getpid()
        self._is_open = True
        _end_in_children(weakref.WeakMethod(self._end))
        fails_all = _is_lock_error
        self._turns = Gatherer(
            self._insert, at_most=TURNS_AT_MOST, queue_limit=queue_limit, lanes=2, fails_all=fails_all
        )
        self._changes = Gatherer(self._run_steps, at_most=1, queue_limit=queue_limit)
        self._loads = Gatherer(self._load, at_most=LOADS_AT_MOST, queue_limit=queue_limit, fails_all=fails_all)
        self._forgotten = weakref.finalize(self, _warn_of_forgotten, place, self._process)

    @classmethod
    async def open(
        cls, path: str, settings: SqliteSettings, *, queue_limit: int, writes: Backoff = WRITES
    ) -> SqliteDatabase:
        """Raises `StartUpError`; cancelling leaves no connection open."""
        opening = asyncio.create_task(_open_connections(path, settings))
        try:
            writer, reader = await asyncio.shield(opening)
        except asyncio.CancelledError:
            if not opening.cancelled():
                await asyncio.wait([opening])
                if opening.exception() is None:
                    await _close_all(*opening.result())
            raise
        files = OpenFiles() if path == MEMORY else OpenFiles.of(path)
        return cls(f"database {path}", writer, reader, queue_limit=queue_limit, writes=writes, files=files)

    async def rows(self, statement: str, *values: Sql) -> list[Row]:
        self._check_open()
        with engine_errors(self._place):
            return _tuples(await self._reader.execute_fetchall(statement, values))

    async def change(self, *steps: Step) -> list[list[Row]]:
        self._check_open()
        return await self._changes.ask(steps)

    async def move_log(self) -> None:
        await self.change((_MOVE_LOG, ()))

    async def rewrite(self) -> None:
        """`secure_delete` overwrites a deleted cell, but not the copies that splitting a page has left in its gaps.

        About 10 s a gigabyte, which is then once more on the disk. Full-text indexes of others drop what they only
        marked; ours is rid of it before, see `SearchIndex.compact`.
        """
        self._check_open()
        with engine_errors(self._place):
            async with self._one_transaction:
                for (name,) in await self._writer.execute_fetchall(_FULL_TEXT_INDEXES):
                    quoted = name.replace('"', '""')
                    statement = f"""INSERT INTO "{quoted}" ("{quoted}") VALUES ('optimize')"""  # noqa: S608 - quoted
                    await self._writer.execute_fetchall(statement)
                try:
                    await self._writer.execute_fetchall("PRAGMA temp_store = DEFAULT")  # not all of it in memory
                    await self._writer.execute_fetchall("VACUUM")
                finally:
                    await self._writer.execute_fetchall("PRAGMA temp_store = MEMORY")

    async def empty_log(self) -> bool:
        """Moves the log into the file and empties it, unless another connection reads from it at this moment."""
        self._check_open()
        with engine_errors(self._place):
            async with self._one_transaction:
                ((patience,),) = await self._writer.execute_fetchall("PRAGMA busy_timeout")
                try:
                    await self._writer.execute_fetchall("PRAGMA busy_timeout = 0")
                    await self._writer.execute_fetchall(_MOVE_LOG)  # most of it without the lock
                    ((is_busy, *_),) = await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    await self._writer.execute_fetchall(f"PRAGMA busy_timeout = {patience}")
        return not is_busy

    async def insert_turn(
        self, row: tuple[Sql, ...], *, goes_first: bool, looks_up: tuple[str, str] | None = None
    ) -> Row | None:
        """Returns when the turn is committed; cancelled, the turn is withdrawn or commits, as it may be.

        ``looks_up`` is a key and the time: what comes back is the row of the result that is kept under it, if any.
        """
        self._check_open()
        try:
            return await self._turns.ask((row, looks_up), goes_first=goes_first)
        except asyncio.CancelledError:
            self._abandoned += 1
            raise

    async def settle(self) -> None:
        self._check_open()
        self._check_in_place()
        await self._end_abandoned()

    async def load(self, conversation_id: str, request_id: str | None) -> Row | None:
        """The row of `sql.LOAD` without its place, None for an unknown conversation.

        It waits for turns whose callers were cancelled, so that what it finds of them is how they ended.
        """
        self._check_open()
        if self._abandoned > self._settled:
            await self._end_abandoned()
        return await self._loads.ask((conversation_id, request_id))

    async def close(self) -> None:
        """What was asked for before is still done; a second call waits for the first.

        In a process that was forked off there is nothing to close: the threads and locks are those of the other one.
        """
        if self._process != os.getpid():
            return
        self._end()
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        for gatherer in (self._turns, self._changes, self._loads):
            await gatherer.drain()
        failpoint("store.before-close")
        await _close_all(self._writer, self._reader)
        failpoint("store.after-close")
        self._forgotten.detach()

    def _check_open(self) -> None:
        if not self._is_open:
            raise self._refusal()

    def _check_in_place(self) -> None:
        if (astray := self._files.astray) is not None:
            raise OperationFailed(
                f"{self._place}: {astray} was moved, deleted or replaced while it was open. Put back what was there, "
                "with the files beside it, or stop all programs that use it and start them again."
            )

    def _refusal(self) -> DatabaseUnavailable:
        if self._process != os.getpid():
            return forked(self._place)
        return DatabaseUnavailable(f"{self._place}: the store is closed. Open it again.")

    def _end(self) -> None:
        self._is_open = False

    async def _insert(self, turns: Sequence[_Turn]) -> list[Row | None]:
        """One statement, so one transaction: it takes the write lock before it reads anything."""
        values = tuple(chain.from_iterable([row for row, _ in turns]))
        looked_up = [one for _, one in turns if one is not None]
        if looked_up:
            values = (*values, orjson.dumps(looked_up).decode())
        insert = partial(self._insert_once, sql.intake(len(turns), looks_up=bool(looked_up)), values)
        returned = await self._until_done(insert)
        if not looked_up:
            return [None] * len(turns)
        found = {kept[0]: tuple(kept) for kept in orjson.loads(returned[0][0])}
        return [None if one is None else found.get(one[0]) for _, one in turns]

    async def _until_done(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does it, and again where another program held the lock; who asks how it ended is to know that it goes on."""
        try:
            return await work()
        except DatabaseUnavailable as locked:
            error = locked
        ended = asyncio.get_running_loop().create_future()
        self._tried_again.add(ended)
        try:
            for retry in count():  # ends by raising, at the latest
                await self._writes.before(retry, error)
                try:
                    return await work()
                except DatabaseUnavailable as locked:
                    error = locked
            raise error
        finally:
            self._tried_again.discard(ended)
            ended.set_result(None)

    async def _end_abandoned(self) -> None:
        """Returns when all turns have ended whose callers were cancelled before.

        In this order: a first try that is under way may be followed by others, which begin only after it.
        """
        abandoned = self._abandoned
        with engine_errors(self._place):
            async with self._one_transaction:
                await self._writer.execute_fetchall("SELECT 1")  # queues behind whatever is still under way
        if self._tried_again:
            await asyncio.wait(set(self._tried_again))
        self._settled = max(self._settled, abandoned)

    async def _insert_once(self, statement: str, values: tuple[Sql, ...]) -> list[Row]:
        failpoint("store.before-statement")
        with engine_errors(self._place):
            if self._one_transaction.locked():  # else the thread takes it after whatever was sent before, and alone
                async with self._one_transaction:
                    returned = await self._in_writer(self._write, statement, values)
            else:
                returned = await self._in_writer(self._write, statement, values)
        failpoint("store.after-statement")
        return returned

    def _write(self, connection: sqlite3.Connection, statement: str, values: tuple[Sql, ...]) -> list[Row]:
        """The looks at the disk are here because each lets go of Python's lock: in the event loop's thread they took a
        tenth of a turn.
        """
        self._check_in_place()
        returned = connection.execute(statement, values).fetchall()
        self._check_in_place()
        return returned

    async def _in_writer(self, work: Callable[..., T], *values: Any) -> T:
        """Runs it in the writer's thread, in one trip, with the connection as its first argument."""
        writer: Any = self._writer  # aiosqlite has no public way to do several things in one trip
        done: T = await writer._execute(work, writer._conn, *values)  # noqa: SLF001
        return done

    async def _run_steps(self, changes: Sequence[Sequence[Step]]) -> list[list[list[Row]]]:
        (steps,) = changes
        self._check_in_place()
        return [await self._until_done(partial(self._run_once, steps))]

    async def _run_once(self, steps: Sequence[Step]) -> list[list[Row]]:
        with engine_errors(self._place):
            async with self._one_transaction:
                return await (self._run_one(steps[0]) if len(steps) == 1 else self._run_together(steps))

    async def _run_one(self, step: Step) -> list[list[Row]]:
        return [_tuples(await self._writer.execute_fetchall(*step))]

    async def _run_together(self, steps: Sequence[Step]) -> list[list[Row]]:
        """In one go of the writer's thread: with a trip for each step, a busy machine held the lock for 40 ms more."""
        return await self._in_writer(_together, steps)

    async def _load(self, asked: Sequence[tuple[str, str | None]]) -> list[Row | None]:
        failpoint("store.before-load")
        with engine_errors(self._place):
            rows = await self._reader.execute_fetchall(sql.LOAD, (orjson.dumps(asked).decode(),))
        failpoint("store.after-load")
        found = {row[0]: row[1:] for row in rows}
        return [found.get(place) for place in range(len(asked))]


def _together(connection: sqlite3.Connection, steps: Sequence[Step]) -> list[list[Row]]:
    try:
        connection.execute("BEGIN IMMEDIATE")
        returned = [connection.execute(*step).fetchall() for step in steps]
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()  # may undo nothing
        raise
    return returned


def _end_in_children(end: weakref.WeakMethod[Callable[[], None]]) -> None:
    """Calls it in processes that are forked off: asking for the process's number with every call is a system call."""

    def end_if_there() -> None:
        if (still_there := end()) is not None:
            still_there()

    if hasattr(os, "register_at_fork"):  # Windows cannot fork
        os.register_at_fork(after_in_child=end_if_there)


async def _open_connections(path: str, settings: SqliteSettings) -> tuple[aiosqlite.Connection, aiosqlite.Connection]:
    writer = await _in_daemon_thread(partial(connect, path, settings))
    if path == MEMORY:
        return writer, writer
    try:
        return writer, await _in_daemon_thread(partial(connect_reader, path, settings))
    except BaseException:
        await writer.close()
        raise


async def _in_daemon_thread(open_file: Callable[[], sqlite3.Connection]) -> aiosqlite.Connection:
    """A connection whose thread does not keep a program alive that forgot to close it.

    aiosqlite makes an ordinary thread, and a thread is a daemon when the one that made it was. The file is opened
    before: when that fails inside aiosqlite, its thread still has to answer an event loop that may be gone by then.
    """
    made: Future[aiosqlite.Connection] = Future()

    def make() -> None:
        try:
            opened = open_file()
        except BaseException as error:  # noqa: BLE001 - it goes to the caller
            made.set_exception(error)
        else:
            made.set_result(aiosqlite.Connection(lambda: opened, iter_chunk_size=64))

    Thread(target=make, daemon=True).start()
    connection = await asyncio.wrap_future(made)
    return await connection


async def _close_all(writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
    # The writer goes last: the last connection to a file checkpoints its log, which a reader cannot.
    if reader is not writer:
        await reader.close()
    await writer.close()


def _tuples(rows: Iterable[Any]) -> list[Row]:
    """What the driver calls rows are tuples, as no row factory is set."""
    return list(rows)


def _is_lock_error(error: Exception) -> bool:
    return is_lock(error.__cause__)


def _warn_of_forgotten(place: str, process: int) -> None:
    if process != os.getpid():
        return  # a process that was forked off has nothing to close
    warnings.warn(f"{place}: was never closed. Call close(), or use 'async with'.", ResourceWarning, stacklevel=2)
