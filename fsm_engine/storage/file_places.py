"""Putting a whole new file in a database's place, beside programs that may be using what is there."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fsm_engine.errors import StartUpError
from fsm_engine.storage.sqlite_errors import DAMAGED, is_lock, primary_code

if sys.platform != "win32":  # which has no such locks, and lets nobody replace a file that is open
    import fcntl

# SQLite's own lock bytes, which every connection to a database holds one of (see "lockingv3" in its documentation).
_LOCK_BYTES_AT, _LOCK_BYTES = 0x40000000, 512
_HEADER_BYTES = 100


def side_files(path: Path) -> tuple[Path, ...]:
    """The files that SQLite keeps beside a database."""
    return tuple(path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal"))


def remove_side_files(path: Path) -> None:
    """Removes what stands beside a database that is gone, or that has been closed by everybody."""
    for file in side_files(path):
        file.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Held:
    """A database that nobody else can use as long as it is held. ``handle`` is an open file of it."""

    path: Path
    handle: int
    is_readable: bool


@dataclass(frozen=True, slots=True)
class Partial:
    """A file that grows beside its place. ``handle`` claims it for this process."""

    path: Path
    target: Path
    handle: int

    def place_if_free(self) -> None:
        """Gives the file its name. Raises `StartUpError` when there is one of that name by now."""
        os.fsync(self.handle)
        try:
            os.link(self.path, self.target)
        except FileExistsError as error:
            raise StartUpError(f"{self.target}: is there by now, and is not overwritten. Name another file.") from error
        except OSError:  # a file system without links
            if self.target.exists():
                raise
            self.path.rename(self.target)
        _sync_folder(self.target.parent)

    def place_instead(self, held: Held) -> None:
        """Gives the file the name of a database that is held; whoever still waits for that one finds it closed."""
        shutil.copymode(self.target, self.path)
        with suppress(PermissionError):
            known = os.fstat(held.handle)
            os.chown(self.path, known.st_uid, known.st_gid)
        os.fsync(self.handle)
        if not held.is_readable:
            # Its log cannot be merged into it. A log must never stand beside a database that it does not belong to,
            # and beside a missing one it is ignored.
            self.target.unlink()
        remove_side_files(self.target)
        self.path.replace(self.target)
        _sync_folder(self.target.parent)
        # A program that opened the old file just now waits for its lock: it must not go on in a file without a name.
        os.pwrite(held.handle, b"replaced by a restored backup".ljust(_HEADER_BYTES, b"\0"), 0)


@contextmanager
def partial_of(target: Path) -> Iterator[Partial]:
    """An empty file that is gone when the block ends, unless it was placed."""
    _clear_leftovers(target)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent)
    try:
        _claim(handle)
        yield Partial(Path(name), target, handle)
    finally:
        Path(name).unlink(missing_ok=True)
        os.close(handle)


def _claim(handle: int) -> bool:
    """Whether the file is this process's: the claim ends with the process, however that ends."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _clear_leftovers(target: Path) -> None:
    """Removes what killed programs left of copies to this place."""
    for file in target.parent.iterdir():
        if file.name.startswith(f".{target.name}.") and file.name.endswith(".partial"):
            with suppress(OSError):
                handle = os.open(file, os.O_RDWR)
                if _claim(handle):
                    file.unlink(missing_ok=True)
                os.close(handle)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def held_alone(path: Path, *, is_there: bool) -> Iterator[Held]:
    """Keeps everybody else out of a database; its log is merged into it first. A missing one needs no holding.

    Raises `StartUpError` when somebody has it open.
    """
    if not is_there:
        yield Held(path, -1, is_readable=False)
        return
    handle = os.open(path, os.O_RDWR)
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            try:
                _take(connection, path)
            except sqlite3.DatabaseError as error:
                if is_lock(error):
                    raise _in_use(path) from error
                if primary_code(error) not in DAMAGED:
                    raise
            else:
                yield Held(path, handle, is_readable=True)
                return
        _take_raw(handle, path)
        yield Held(path, handle, is_readable=False)
    finally:
        os.close(handle)


def _take(connection: sqlite3.Connection, path: Path) -> None:
    """Leaving the write-ahead log works for the only connection, merges the log and deletes it; then all is locked."""
    connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    connection.execute("BEGIN EXCLUSIVE")
    if connection.execute("PRAGMA journal_mode").fetchone() != ("delete",):
        raise _in_use(path)


def _take_raw(handle: int, path: Path) -> None:
    """The same for a file that SQLite cannot read any more: its lock bytes are all there is to go by."""
    if sys.platform != "win32":
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCK_BYTES, _LOCK_BYTES_AT)
        except OSError as error:
            raise _in_use(path) from error


def _in_use(path: Path) -> StartUpError:
    return StartUpError(f"database {path}: is open in another program. Stop that program, then try again.")
