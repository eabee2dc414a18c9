"""What SQLite's complaints mean to the caller, by error code; texts of SQLite name tables and columns, never values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from fsm_engine.errors import (
    DatabaseUnavailable,
    DuplicateRequest,
    FsmEngineError,
    IntegrityViolated,
    InvalidArgument,
    OperationFailed,
    VersionConflict,
)

PRIMARY = 0xFF
LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_ADVICE = {
    sqlite3.SQLITE_FULL: ("the disk is full", "Free some space; nothing needs a restart"),
    sqlite3.SQLITE_READONLY: ("it is read-only", "Give this program the right to write the file and its folder"),
    sqlite3.SQLITE_IOERR: ("reading or writing failed", "Look at the disk and the system's log"),
    sqlite3.SQLITE_CANTOPEN: ("a file could not be opened", "Look at the folder's rights and the open-file limit"),
    sqlite3.SQLITE_NOMEM: ("there is not enough memory", "Give this program more memory"),
    sqlite3.SQLITE_CORRUPT: ("stored data is damaged", "Restore it from a backup"),
    sqlite3.SQLITE_NOTADB: ("the file is not a database any more", "Restore it from a backup"),
}


def primary_code(error: BaseException) -> int:
    """SQLite's result code without its details; 0 when the error is not SQLite's."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & PRIMARY


def is_lock(error: BaseException | None) -> bool:
    """Whether another connection held the database for longer than the busy timeout."""
    return error is not None and primary_code(error) in LOCKED


@contextmanager
def engine_errors(place: str) -> Iterator[None]:
    """Turns what the driver raises into the errors of the engine; ``place`` names the database."""
    try:
        yield
    except (sqlite3.Error, ValueError, OverflowError) as error:
        # The driver's own error quotes a text that it cannot decode, so that one is not passed on.
        raise _typed(error, place) from (None if is_undecodable(error) else error)


def is_undecodable(error: Exception) -> bool:
    """Whether a stored text was no UTF-8; Python's driver finds that, and SQLite has no code for it."""
    return type(error) is sqlite3.OperationalError and not primary_code(error)


def _typed(error: Exception, place: str) -> FsmEngineError:
    code = primary_code(error)
    if code in LOCKED:
        return DatabaseUnavailable(f"{place}: another program holds the lock. Send the turn again.")
    if code == sqlite3.SQLITE_CONSTRAINT:
        return _refused(str(error), place)
    if isinstance(error, OverflowError | UnicodeEncodeError) or code == sqlite3.SQLITE_TOOBIG:
        return InvalidArgument(
            f"{place}: a value is too large or no valid text ({type(error).__name__})."
            " Pass a smaller one, of valid Unicode."
        )
    if isinstance(error, ValueError) or _is_closed(error):  # aiosqlite says ValueError
        return DatabaseUnavailable(f"{place}: the store is closed. Open it again.")
    if is_undecodable(error):
        code = sqlite3.SQLITE_CORRUPT
    wrong, advice = _ADVICE.get(code, (str(error), "Report this, with the version of SQLite"))
    return OperationFailed(f"{place}: {wrong} ({_name(error)}). {advice}.")


def _refused(text: str, place: str) -> FsmEngineError:
    """A constraint, or one of the schema's own RAISE statements."""
    if text in ("version conflict", "UNIQUE constraint failed: conversations.id"):
        return VersionConflict(f"{place}: the conversation has gone on since it was loaded. Compute the turn anew.")
    if text == "UNIQUE constraint failed: turns.conversation, turns.request_id":
        return DuplicateRequest(f"{place}: the request id is stored already. Load the conversation for its reply.")
    return IntegrityViolated(
        f"{place}: a row was refused: {text}. Sending it again cannot help: mend the value, or report this."
    )


def _is_closed(error: Exception) -> bool:
    return isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error)


def _name(error: Exception) -> str:
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
