"""The real SQLite store on a real file, without threads: statements run inline, after seeded virtual delays.

A `Connection` has the methods of aiosqlite's that the store uses, and its behaviour: what it is asked is done in order,
also when whoever asked is gone; one statement at a time; the answer comes at a later step than the deed, so that a
kill may fall in between. A lock that another connection holds is waited for in virtual time, up to the busy timeout.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar, cast

import aiosqlite

from fsm_engine.storage.database import Row, Step
from fsm_engine.storage.retrying import Backoff
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.sqlite import SqliteStore
from fsm_engine.storage.sqlite_database import SqliteDatabase
from fsm_engine.storage.sqlite_errors import is_lock
from fsm_engine.storage.sqlite_file import SqliteSettings, connect, connect_reader

T = TypeVar("T")

BUSY_TIMEOUT_S = 5.0
QUEUE_LIMIT = 10_000
_RETRY_S = 0.05
_NO_WAITING: Final = SqliteSettings("normal", busy_timeout_s=0.0)
"""Nothing really waits, and a file that lives as long as a simulation needs no care for power cuts."""

FAULTS: Final = {
    "locked": (sqlite3.SQLITE_BUSY, "database is locked"),
    "full": (sqlite3.SQLITE_FULL, "database or disk is full"),
    "io": (sqlite3.SQLITE_IOERR, "disk I/O error"),
    "io after": (sqlite3.SQLITE_IOERR, "disk I/O error"),
}
"""What a disk does, by name. After ``io after`` the statement is done all the same: the answer alone is lost."""


class Disk:
    """Where the file is: how long statements take, and which of them fail. Shared by all processes.

    ``fault_rate``: which part of the statements fails, from 0 to 1. ``after_statement`` is called when one is done.
    """

    def __init__(self, path: Path, random: Random) -> None:
        self.path = path
        self.fault_rate = 0.0
        self.faults: dict[str, int] = dict.fromkeys(FAULTS, 0)
        self.after_statement: Callable[[], None] = lambda: None
        self.tell: Callable[[str], None] = lambda line: None
        self._random = random

    def delay(self) -> float:
        """Seconds; one of 200 statements meets a disk that is busy with something else."""
        if self._random.randrange(200) == 0:
            return self._random.random() * 8
        return 20e-6 + self._random.random() * 400e-6

    def fault(self) -> str | None:
        if self._random.random() >= self.fault_rate:
            return None
        name = self._random.choice(list(FAULTS))
        self.faults[name] += 1
        self.tell(f"disk: {name}")
        return name


class InjectedError(sqlite3.OperationalError):
    """What the disk's fault looks like to the store: as SQLite would raise it after all waiting."""


class _Rows(list[Any]):
    def fetchall(self) -> list[Any]:
        return self


class Connection:
    """One connection of one process, with the thread that aiosqlite would give it."""

    def __init__(self, raw: sqlite3.Connection, disk: Disk) -> None:
        self._raw = raw
        self._disk = disk
        self._loop = asyncio.get_running_loop()
        self._asked: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._waited_s = 0.0
        self._is_closed = False

    @property
    def in_transaction(self) -> bool:
        return not self._is_closed and self._raw.in_transaction

    @property
    def is_idle(self) -> bool:
        return not self._asked

    async def execute_fetchall(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        rows: list[Any] = await self._ask(lambda: self._execute(statement, values))
        return rows

    async def do(self, work: Callable[..., T], *values: Any) -> T:
        """Runs it where statements run, with this connection as its first argument."""
        done: T = await self._ask(lambda: work(self, *values))
        return done

    def execute(self, statement: str, values: Sequence[Any] = ()) -> _Rows:
        """As sqlite3 does it, for what runs where statements run."""
        return _Rows(self._execute(statement, values))

    async def rollback(self) -> None:
        await self._ask(self._rollback)

    async def close(self) -> None:
        await self._ask(self.die)

    def die(self) -> None:
        """Closes the file; a transaction that is open is rolled back, as whoever opens the file next would do."""
        self._is_closed = True
        self._raw.close()

    def _rollback(self) -> None:
        self._must_be_open()
        self._raw.rollback()

    async def _ask(self, act: Callable[[], Any]) -> Any:
        answer = self._loop.create_future()
        self._asked.append((act, answer))
        if len(self._asked) == 1:
            self._loop.call_later(self._disk.delay(), self._work)
        return await answer

    def _work(self) -> None:
        act, answer = self._asked[0]
        try:
            result = act()
        except Exception as error:  # noqa: BLE001 - as in aiosqlite's thread, it belongs to whoever asked
            if is_lock(error) and not isinstance(error, InjectedError) and self._waited_s < BUSY_TIMEOUT_S:
                self._waited_s += _RETRY_S
                self._loop.call_later(_RETRY_S, self._work)
                return
            self._loop.call_soon(_settle, answer, None, error)
        else:
            self._loop.call_soon(_settle, answer, result, None)
        self._waited_s = 0.0
        self._asked.popleft()
        if self._asked:
            self._loop.call_later(self._disk.delay(), self._work)

    def _execute(self, statement: str, values: Sequence[Any]) -> list[Any]:
        self._must_be_open()
        fault = self._disk.fault()
        if fault is not None and fault != "io after":
            raise _error(fault)
        rows = self._raw.execute(statement, values).fetchall()
        self._disk.after_statement()
        if fault is not None:
            raise _error(fault)
        return rows

    def _must_be_open(self) -> None:
        if self._is_closed:
            raise ValueError("no active connection")  # aiosqlite's words


def _settle(answer: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)


def _error(name: str) -> InjectedError:
    code, text = FAULTS[name]
    error = InjectedError(text)
    error.sqlite_errorcode = code
    error.sqlite_errorname = {5: "SQLITE_BUSY", 10: "SQLITE_IOERR", 13: "SQLITE_FULL"}[code]
    return error


_WRITES: Final = Backoff(retries=3, chance=lambda: 0.5)  # no chance but the seed's


class SimulatedDatabase(SqliteDatabase):
    """The database of one process; `die` is for the process that is killed."""

    def __init__(self, disk: Disk) -> None:
        writer = Connection(connect(str(disk.path), _NO_WAITING), disk)
        reader = Connection(connect_reader(str(disk.path), _NO_WAITING), disk)
        self.connections = (writer, reader)
        # Of aiosqlite's class, the store knows no more than the methods that a Connection has.
        both = cast(tuple[aiosqlite.Connection, aiosqlite.Connection], self.connections)
        super().__init__(f"database {disk.path.name}", *both, queue_limit=QUEUE_LIMIT, writes=_WRITES)

    async def _in_writer(self, work: Callable[..., T], *values: Any) -> T:
        return await self.connections[0].do(work, *values)

    async def _run_together(self, steps: Sequence[Step]) -> list[list[Row]]:
        """What the writer's thread does in one go, step by step: here each of them may be late or fail."""
        try:
            await self._writer.execute_fetchall("BEGIN IMMEDIATE")
            returned: list[list[Any]] = [list(await self._writer.execute_fetchall(*step)) for step in steps]
            await self._writer.execute_fetchall("COMMIT")
        except BaseException:
            await self._writer.rollback()
            raise
        return returned

    def die(self) -> None:
        """Lets go of the file, and warns nobody that it was not closed."""
        self._forgotten.detach()
        for connection in self.connections:
            connection.die()


def open_simulated(disk: Disk) -> tuple[SqliteStore, SimulatedDatabase]:
    """The store of one process. Raises `StartUpError` while somebody else holds the lock."""
    database = SimulatedDatabase(disk)
    return SqliteStore(database, Seal()), database
