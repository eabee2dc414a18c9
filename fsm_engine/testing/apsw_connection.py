"""A connection of ``apsw`` that looks like one of ``sqlite3``, as far as the engine looks at it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import apsw

from fsm_engine.storage.sqlite_errors import PRIMARY

_CLASSES: Final[dict[int, type[sqlite3.Error]]] = {
    apsw.SQLITE_INTERNAL: sqlite3.InternalError,
    apsw.SQLITE_NOTFOUND: sqlite3.InternalError,
    apsw.SQLITE_CORRUPT: sqlite3.DatabaseError,
    apsw.SQLITE_NOTADB: sqlite3.DatabaseError,
    apsw.SQLITE_TOOBIG: sqlite3.DataError,
    apsw.SQLITE_CONSTRAINT: sqlite3.IntegrityError,
    apsw.SQLITE_MISMATCH: sqlite3.IntegrityError,
    apsw.SQLITE_MISUSE: sqlite3.InterfaceError,
}
"""As CPython's ``Modules/_sqlite/util.c`` has them; all other codes are an ``OperationalError``."""


class ApswCursor:
    """The rows of one statement, read already."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows


class ApswConnection:
    """In autocommit mode. ``keeps`` is what must live as long as the connection does."""

    def __init__(self, path: str, *, vfs: str, busy_timeout_s: float, keeps: object) -> None:
        self._keeps = keeps
        with _as_sqlite3():
            flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
            self._connection = apsw.Connection(path, flags=flags, vfs=vfs)
            self._connection.set_busy_timeout(int(busy_timeout_s * 1000))

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, statement: str, values: Sequence[Any] = ()) -> ApswCursor:
        with _as_sqlite3():
            return ApswCursor(self._connection.execute(statement, tuple(values)).fetchall())

    def executescript(self, script: str) -> ApswCursor:
        return self.execute(script)

    def rollback(self) -> None:
        """Undoes the open transaction, if there is one."""
        with _as_sqlite3():
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def interrupt(self) -> None:
        self._connection.interrupt()

    def close(self) -> None:
        with _as_sqlite3():
            self._connection.close()


@contextmanager
def _as_sqlite3() -> Iterator[None]:
    try:
        yield
    except apsw.ConnectionClosedError as error:
        raise sqlite3.ProgrammingError("Cannot operate on a closed database.") from error
    except UnicodeDecodeError as error:
        raise sqlite3.OperationalError("Could not decode to UTF-8") from error
    except apsw.Error as error:
        raise _translated(error) from error


def _translated(error: apsw.Error) -> sqlite3.Error:
    code: int = getattr(error, "extendedresult", apsw.SQLITE_ERROR)
    made = _CLASSES.get(code & PRIMARY, sqlite3.OperationalError)(str(error))
    made.sqlite_errorcode = code
    made.sqlite_errorname = str(apsw.mapping_extended_result_codes.get(code) or apsw.mapping_result_codes.get(code))
    return made
