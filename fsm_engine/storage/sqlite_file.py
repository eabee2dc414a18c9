"""Opening a SQLite database: checks before it is touched, the schema when it is fresh, the settings of a connection.

All of this is plain blocking code: the store runs it in the connection's own thread, tools may call it as it is.
"""

from __future__ import annotations

import logging
import shlex
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fsm_engine.errors import StartUpError
from fsm_engine.storage.schema import APPLICATION_ID, SCHEMA_VERSION, schema_script
from fsm_engine.storage.sqlite_errors import DAMAGED, is_lock, primary_code

log = logging.getLogger("fsm_engine.storage")

MEMORY = ":memory:"
OLDEST_TABLE = "chat_history"  # all that version 1 had
OLDEST_LIBRARY = (3, 38, 0)  # JSON functions built in, STRICT tables, RETURNING
Durability = Literal["full", "normal"]
Contents = Literal["missing", "fresh", "current", "older", "newer", "foreign"]

# 64 MiB: the log is cut back to this after a checkpoint. 16 MiB of pages are kept in memory.
_SETTINGS = """
PRAGMA synchronous = {synchronous};
PRAGMA foreign_keys = ON;
PRAGMA secure_delete = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16384;
PRAGMA journal_size_limit = 67108864;
PRAGMA busy_timeout = {busy_timeout_ms};
"""
_NEEDS_UNDOING = (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY)
_LONGEST_ECHO = 300
_STATEMENTS_KEPT = 100  # one per batch size, and the rest


@dataclass(frozen=True, slots=True)
class SqliteSettings:
    """How connections behave.

    ``busy_timeout_s``: how long one statement waits for another program's write; ``opening_timeout_s``: how long
    opening does, None for the same. ``echo`` logs statements without their values.
    """

    durability: Durability = "full"
    busy_timeout_s: float = 5.0
    opening_timeout_s: float | None = None
    echo: bool = False

    def script(self, synchronous: str) -> str:
        """The statements that set up a connection."""
        return _SETTINGS.format(synchronous=synchronous, busy_timeout_ms=round(self.busy_timeout_s * 1000))


class _Cursor(sqlite3.Cursor):
    """Lets go of its statement when a row cannot be read (text that is no UTF-8).

    The statement would stay open for as long as somebody keeps the exception, and every later read of the connection
    would see the database as it was then.
    """

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.Error:
            self.close()
            raise


class _Connection(sqlite3.Connection):
    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        return self.cursor(_Cursor).execute(statement, values)


class _EchoingConnection(_Connection):
    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        text = " ".join(statement.split())
        log.info("%s", text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…")
        return super().execute(statement, values)


def connect(path: str, settings: SqliteSettings) -> sqlite3.Connection:
    """A connection in autocommit mode to a database of this version; a fresh file is given its schema first.

    Raises `StartUpError`, and then leaves no file behind that was not there before.
    """
    check_library(sqlite3.sqlite_version_info)
    is_new = path != MEMORY and check_place(Path(path))
    try:
        connection = _connect(path, settings)
    except sqlite3.Error as error:
        raise start_up_error(path, error) from error
    try:
        _prepare(connection, path, settings)
    except BaseException as error:
        connection.close()
        if is_new and not is_lock(error.__cause__):
            remove_if_empty(Path(path))
        raise
    return connection


def inspect(path: str) -> Contents:
    """What is at ``path``, without changing or making anything. Raises `StartUpError` when it cannot be read."""
    if not Path(path).exists():
        return "missing"
    try:
        with closing(connect_to_look(path)) as connection:
            return contents_of(connection)[0]
    except sqlite3.Error as error:
        raise start_up_error(path, error) from error


def connect_to_look(path: str) -> sqlite3.Connection:
    """A connection that can only read, unless a dead program left something that must be undone before reading."""
    uri = Path(path).absolute().as_uri()
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as error:
        connection.close()
        if error.sqlite_errorcode not in _NEEDS_UNDOING:
            raise
        return sqlite3.connect(f"{uri}?mode=rw", uri=True)
    return connection


def check_library(version: tuple[int, ...]) -> None:
    """Raises `StartUpError` for a SQLite library that does not understand the schema."""
    if version < OLDEST_LIBRARY:
        have, need = (".".join(map(str, numbers)) for numbers in (version, OLDEST_LIBRARY))
        raise StartUpError(f"SQLite {have}: is too old, {need} is needed. Install a newer Python, or a newer SQLite.")


def connect_reader(path: str, settings: SqliteSettings) -> sqlite3.Connection:
    """A second connection to a database that `connect` has opened; it cannot write."""
    connection = _connect(path, settings)
    connection.executescript(settings.script("FULL") + "PRAGMA query_only = ON;")
    return connection


def _connect(path: str, settings: SqliteSettings) -> sqlite3.Connection:
    return sqlite3.connect(
        path,
        timeout=settings.busy_timeout_s if settings.opening_timeout_s is None else settings.opening_timeout_s,
        isolation_level=None,
        cached_statements=_STATEMENTS_KEPT,
        factory=_EchoingConnection if settings.echo else _Connection,
        check_same_thread=False,  # opened in one thread, used in another, never in two at once
    )


def create_schema(connection: sqlite3.Connection, script: str) -> None:
    """Runs the schema's script, one transaction, unless another process has been quicker."""
    try:
        connection.executescript(script)
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if contents_of(connection)[0] != "current":
            raise


def check_place(path: Path) -> bool:
    """Whether there is no file yet. Raises `StartUpError` where none can be."""
    if path.is_dir():
        raise StartUpError(f"database {path}: is a folder. Name a file in it, such as sqlite:///{path}/bot.db.")
    if path.exists():
        return False
    if not path.parent.is_dir():
        raise StartUpError(f"database {path}: there is no folder {path.parent}. Make it, or name another place.")
    return True


def _prepare(connection: sqlite3.Connection, path: str, settings: SqliteSettings) -> None:
    try:
        _check_contents(connection, path)
        if contents_of(connection)[0] == "fresh":
            create_schema(connection, schema_script())
        use_write_ahead_log(connection, path)
        connection.executescript(settings.script(settings.durability.upper()))
        # Finds out now, not at the first turn, whether the file can be written.
        connection.executescript("BEGIN IMMEDIATE; ROLLBACK;")
    except sqlite3.Error as error:
        raise start_up_error(path, error) from error


def _check_contents(connection: sqlite3.Connection, path: str) -> None:
    """Raises `StartUpError` unless the database is fresh, or has become current in the meantime."""
    contents, version = contents_of(connection)
    check_upgradable(contents, version, path)
    if contents == "older":
        command = shlex.join(["fsm-engine", "migrate", f"sqlite:///{path}"])
        raise StartUpError(f"database {path}: has an older schema. Make a backup, then run: {command}")


def check_upgradable(contents: Contents, version: int, path: str) -> None:
    """Raises `StartUpError` for a database that no version of this program up to this one has made."""
    if contents == "newer":
        raise StartUpError(
            f"database {path}: has schema version {version}, and this program knows {SCHEMA_VERSION}."
            " Install the fsm_engine that wrote it, or a newer one."
        )
    if contents == "foreign":
        raise StartUpError(f"database {path}: belongs to another program. Name a file of its own for the bot.")


def contents_of(connection: sqlite3.Connection) -> tuple[Contents, int]:
    """What the database holds, and its version number; read in one statement, so that it is one moment's truth."""
    version, application, tables = connection.execute(
        "SELECT user_version, application_id, (SELECT json_group_array(name) FROM sqlite_schema)"
        " FROM pragma_user_version, pragma_application_id"
    ).fetchone()
    if application == APPLICATION_ID and version >= SCHEMA_VERSION:
        return ("current" if version == SCHEMA_VERSION else "newer"), version
    if application == APPLICATION_ID or f'"{OLDEST_TABLE}"' in tables:
        return "older", version
    return ("fresh" if (version, application, tables) == (0, 0, "[]") else "foreign"), version


def use_write_ahead_log(connection: sqlite3.Connection, path: str) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode not in ("wal", "memory"):
        raise StartUpError(f"database {path}: its disk cannot hold a write-ahead log. Put it on a local disk.")


def start_up_error(path: str, error: sqlite3.Error) -> StartUpError:
    code = primary_code(error)
    if is_lock(error):
        return StartUpError(f"database {path}: is locked by another program. Stop that program, or wait for it.")
    if code == sqlite3.SQLITE_NOTADB:
        return StartUpError(f"database {path}: is not a SQLite database. Name another file.")
    if code in DAMAGED:
        return StartUpError(f"database {path}: is damaged. Restore it from a backup.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StartUpError(
            f"database {path}: cannot be written ({error.sqlite_errorname})."
            " Give this program the right to write the file and its folder."
        )
    return StartUpError(f"database {path}: cannot be opened: {error} ({error.sqlite_errorname}).")


def remove_if_empty(path: Path) -> None:
    if path.exists() and path.stat().st_size == 0:
        path.unlink()
