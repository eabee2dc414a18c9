"""Opening a SQLite database: checks before it is touched, the schema when it is fresh, the settings of a connection.

All of this is plain blocking code: the store runs it in the connection's own thread, tools may call it as it is.
"""

from __future__ import annotations

import errno
import logging
import os
import shlex
import sqlite3
import stat
from collections.abc import Callable
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
        except UnicodeDecodeError:
            self.close()
            raise _damaged() from None


class _Connection(sqlite3.Connection):
    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        try:
            return self.cursor(_Cursor).execute(statement, values)
        except UnicodeDecodeError:
            raise _damaged() from None
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_SCHEMA:
                raise
        # Another connection has written the file anew, and SQLite has read its schema again only now.
        return self.cursor(_Cursor).execute(statement, values)


def _damaged() -> sqlite3.DatabaseError:
    """What SQLite complains of cannot be read itself: its message quotes a schema that is no UTF-8 any more."""
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT"
    return error


class _EchoingConnection(_Connection):
    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        text = " ".join(statement.split())
        log.info("%s", text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…")
        return super().execute(statement, values)


def open_file(path: str, busy_timeout_s: float, factory: type[sqlite3.Connection] = _Connection) -> sqlite3.Connection:
    """The driver that Python brings along."""
    return sqlite3.connect(
        path,
        timeout=busy_timeout_s,
        isolation_level=None,
        cached_statements=_STATEMENTS_KEPT,
        factory=factory,
        uri=True,
        check_same_thread=False,  # opened in one thread, used in another, never in two at once
    )


def open_echoing_file(path: str, busy_timeout_s: float) -> sqlite3.Connection:
    """The same, with every statement logged, without its values."""
    return open_file(path, busy_timeout_s, _EchoingConnection)


@dataclass(frozen=True, slots=True)
class SqliteSettings:
    """How connections behave.

    ``busy_timeout_s``: how long one statement waits for another program's write; ``opening_timeout_s``: how long
    opening does, None for the same. ``driver`` opens a file in autocommit mode, to be used by one thread after the
    other; tests give one whose files fail on purpose.
    """

    durability: Durability = "full"
    busy_timeout_s: float = 5.0
    opening_timeout_s: float | None = None
    driver: Callable[[str, float], sqlite3.Connection] = open_file

    def open(self, path: str) -> sqlite3.Connection:
        """A connection that nothing was said to yet."""
        return self.driver(path, self.busy_timeout_s if self.opening_timeout_s is None else self.opening_timeout_s)

    def script(self, synchronous: str) -> str:
        """The statements that set up a connection."""
        return _SETTINGS.format(synchronous=synchronous, busy_timeout_ms=round(self.busy_timeout_s * 1000))


def connect(path: str, settings: SqliteSettings) -> sqlite3.Connection:
    """A connection in autocommit mode to a database of this version; a fresh file is given its schema first.

    Raises `StartUpError`, and then leaves no file behind that was not there before.
    """
    check_library(sqlite3.sqlite_version_info)
    is_new = path != MEMORY and check_place(Path(path))
    try:
        connection = settings.open(path)
    except sqlite3.Error as error:
        raise start_up_error(path, error) from error
    try:
        _prepare(connection, path, settings)
    except BaseException as error:
        connection.close()
        if is_new and not is_lock(error.__cause__):
            remove_if_empty(Path(os.path.realpath(path)))  # behind a link, what is made is what it points to
        raise
    return connection


def inspect(path: str) -> Contents:
    """What is at ``path``, without changing or making anything. Raises `StartUpError` when it cannot be read."""
    if file_kind(Path(path)) is None:
        return "missing"
    try:
        with closing(connect_to_look(path)) as connection:
            return contents_of(connection)[0]
    except sqlite3.Error as error:
        raise start_up_error(path, error) from error


def connect_to_look(path: str) -> sqlite3.Connection:
    """A connection that can only read, unless a dead program left something that must be undone before reading."""
    connection = sqlite3.connect(read_only(path), uri=True)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as error:
        connection.close()
        if error.sqlite_errorcode not in _NEEDS_UNDOING:
            raise
        return sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=rw", uri=True)
    return connection


def check_library(version: tuple[int, ...]) -> None:
    """Raises `StartUpError` for a SQLite library that does not understand the schema."""
    if version < OLDEST_LIBRARY:
        have, need = (".".join(map(str, numbers)) for numbers in (version, OLDEST_LIBRARY))
        raise StartUpError(f"SQLite {have}: is too old, {need} is needed. Install a newer Python, or a newer SQLite.")


def connect_reader(path: str, settings: SqliteSettings) -> sqlite3.Connection:
    """A second connection to a database that `connect` has opened; it cannot write. Raises `StartUpError`.

    Nor can it move the log into the file, be it the last one to be closed: `query_only` alone would let it. Several
    connections doing that at once is what SQLite before 3.51.3 may damage a file by.
    """
    try:
        connection = settings.open(read_only(path))
        try:
            connection.executescript(settings.script("FULL") + "PRAGMA query_only = ON;")
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise start_up_error(path, error) from error
    return connection


def create_schema(connection: sqlite3.Connection, script: str) -> None:
    """Runs the schema's script, one transaction, unless another process has been quicker."""
    try:
        connection.executescript(script)
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if contents_of(connection)[0] != "current":
            raise


def read_only(path: str) -> str:
    """The address under which SQLite opens the file without the right to write."""
    return f"{Path(path).absolute().as_uri()}?mode=ro"


def check_place(path: Path) -> bool:
    """Whether there is no file yet. Raises `StartUpError` where none can be."""
    if file_kind(path) is not None:
        return False
    folder = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
    if not folder.is_dir():
        raise StartUpError(f"database {path}: there is no folder {folder}. Make it, or name another place.")
    return True


_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_UNREACHABLE = {
    errno.ELOOP: ("its symbolic links lead in a circle", "Mend the links, or name the file itself"),
    errno.ENOTDIR: ("a part of its path is a file, not a folder", "Name another place"),
    errno.ENAMETOOLONG: ("its name is too long", "Name it shorter"),
    errno.EACCES: ("its folder may not be looked into", "Give this program the right to read and enter the folder"),
}


def file_kind(path: Path) -> int | None:
    """The kind of an ordinary file, None where there is none. Raises `StartUpError` for what can be no database."""
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except FileNotFoundError:
        return None
    except OSError as error:
        wrong, advice = _UNREACHABLE.get(
            error.errno or 0, (error.strerror, "Look at the path, the disk and its rights")
        )
        raise StartUpError(f"database {path}: {wrong}. {advice}.") from error
    if kind == stat.S_IFDIR:
        raise StartUpError(f"database {path}: is a folder. Name a file in it, such as sqlite:///{path}/bot.db.")
    if kind != stat.S_IFREG:
        raise StartUpError(f"database {path}: is {_KINDS.get(kind, 'no file')}. Name an ordinary file, or a new one.")
    return kind


def _prepare(connection: sqlite3.Connection, path: str, settings: SqliteSettings) -> None:
    try:
        must_be_ours(connection, path)
        if contents_of(connection)[0] == "fresh":
            create_schema(connection, schema_script())
        use_write_ahead_log(connection, path)
        connection.executescript(settings.script(settings.durability.upper()))
        # Finds out now, not at the first turn, whether the file can be written.
        connection.executescript("BEGIN IMMEDIATE; ROLLBACK;")
    except sqlite3.Error as error:
        raise start_up_error(path, error) from error


def must_be_ours(connection: sqlite3.Connection, path: str) -> None:
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
        "SELECT user_version, application_id, (SELECT json_group_array(name) FROM sqlite_schema"
        " WHERE name <> 'sqlite_sequence')"  # which stays for ever once a table counts its keys
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
            " Give this program the right to write the file, those beside it (-wal, -shm) and their folder."
        )
    return StartUpError(f"database {path}: cannot be opened: {error} ({error.sqlite_errorname}).")


def remove_if_empty(path: Path) -> None:
    if path.exists() and path.stat().st_size == 0:
        path.unlink()
