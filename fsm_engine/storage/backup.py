"""Copies of a SQLite database: made while it is in use, checked, and put in their place in one step.

A copy grows under another name beside its place, ``.bot-copy.db.….partial``, and gets its own name when it is whole
and on the disk. A program that is killed leaves at most the partial one, which the next copy to that place clears away.

All of this is plain blocking code: a bot runs it in a thread.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from fsm_engine.errors import InvalidArgument, OperationFailed, StartUpError
from fsm_engine.storage.address import sqlite_path
from fsm_engine.storage.backup_check import Checked, check_copy
from fsm_engine.storage.file_places import Partial, held_alone, partial_of, remove_side_files, side_files
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.settings import seal_of
from fsm_engine.storage.sqlite_errors import engine_errors
from fsm_engine.storage.sqlite_file import MEMORY, check_place, inspect

PAGES_PER_STEP = 256
_LOCK_TIMEOUT_S = 5.0
_WRONG = {
    "missing": "there is no such file. Check the address",
    "fresh": "holds nothing. Check the address",
    "foreign": "belongs to another program. Check the address",
    "newer": "was written by a newer fsm_engine. Use that one",
}
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that stands in its place. ``size`` in bytes; for the rest see `Checked`."""

    path: str
    size: int
    rows_compared: int
    seals_checked: int
    seals_broken: int


def backup(
    database: str,
    target: str | Path,
    *,
    row_key: bytes | None = None,
    progress: Progress = lambda done, total: None,
    random: Random | None = None,
) -> Copied:
    """Writes a copy of the database at an address such as ``sqlite:///bot.db`` to the file ``target``.

    The copy is the database of one moment after the call: it has every turn acknowledged before. Bots go on meanwhile,
    in any process; their log is not cut back until the copy is made. ``random`` picks the rows that are compared;
    ``row_key`` is that of the database, if not the one of the environment.

    Raises:
        StartUpError: the database is missing, foreign or unreadable, or there is a file at ``target``.
        OperationFailed: reading or writing failed, or the copy is not sound; no file is left at ``target``.
    """
    source, place = Path(_file_of(database)), _plain(target)
    _must_hold_something(source)
    _must_be_free(place)
    with _typed_errors(f"backup {place}"), partial_of(place) as partial:
        checked = _copy(source, partial, seal_of(row_key), progress, random or Random())  # noqa: S311 - a sample
        partial.place_if_free()
    return _copied(place, checked)


def restore(
    backup: str | Path,
    database: str,
    *,
    force: bool = False,
    row_key: bytes | None = None,
    progress: Progress = lambda done, total: None,
    random: Random | None = None,
) -> Copied:
    """Puts a copy of the file ``backup`` in the place of the database at an address such as ``sqlite:///bot.db``.

    ``force`` replaces a database that is there, when nobody has it open; until the copy is whole and checked, that one
    stays as it is. A bot that is being started at that moment may fail once, and then starts on the restored file.

    Raises:
        StartUpError: the backup is missing, foreign or of a newer version; the database is there and ``force`` is not
            set, or somebody has it open.
        OperationFailed: reading or writing failed, or the backup is not sound; the database is what it was.
    """
    source, place = _plain(backup), Path(_file_of(database))
    _must_hold_something(source)
    is_there = _check_target(source, place, force=force)
    with _typed_errors(f"restore {place}"), held_alone(place, is_there=is_there) as held, partial_of(place) as partial:
        checked = _copy(source, partial, seal_of(row_key), progress, random or Random())  # noqa: S311 - a sample
        if is_there:
            partial.place_instead(held)
        else:
            remove_side_files(place)
            partial.place_if_free()
    return _copied(place, checked)


def _copied(place: Path, checked: Checked) -> Copied:
    return Copied(str(place), place.stat().st_size, checked.rows_compared, checked.seals_checked, checked.seals_broken)


def _file_of(database: str) -> str:
    path = sqlite_path(database)
    if path == MEMORY:
        raise InvalidArgument(f"database {database}: has no file. Name one, such as sqlite:///bot.db.")
    return path


def _plain(place: str | Path) -> Path:
    """A file may be named by its path or by an address."""
    text = str(place)
    return Path(_file_of(text) if "://" in text else text)


def _must_hold_something(path: Path) -> None:
    wrong = _WRONG.get(inspect(str(path)))
    if wrong is not None:
        raise StartUpError(f"database {path}: {wrong}.")


def _must_be_free(place: Path) -> None:
    check_place(place)
    for file in (place, *side_files(place)):
        if os.path.lexists(file):
            raise StartUpError(f"{file}: is there already, and is not overwritten. Name another file, or delete it.")


def _check_target(source: Path, place: Path, *, force: bool) -> bool:
    """Whether there is a database that is replaced."""
    is_there = not check_place(place)
    if is_there and place.samefile(source):
        raise InvalidArgument(f"restore {place}: is the backup itself. Name the database that it is a copy of.")
    for file in (place, *side_files(place)):
        if file.exists() and not force:
            raise StartUpError(
                f"{file}: is there already. Stop the bot, make a backup, then say --force (force=True) to replace it."
            )
    return is_there


@contextmanager
def _typed_errors(place: str) -> Iterator[None]:
    try:
        with engine_errors(place):
            yield
    except OSError as error:
        what = (error.strerror or type(error).__name__).lower()
        raise OperationFailed(f"{place}: {what}. Check the disk, and the rights of the folder.") from error


def _copy(source: Path, partial: Partial, seal: Seal, progress: Progress, random: Random) -> Checked:
    """Fills the partial file and checks it against its source, which stands still for this connection alone."""
    with closing(_reading(source)) as reading:
        # The transaction holds one moment of the database: without it, every commit of others would begin it all anew.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        with closing(sqlite3.connect(partial.path, isolation_level=None)) as writing:
            writing.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")  # the file is synced whole
            reading.backup(writing, pages=PAGES_PER_STEP, progress=lambda _, left, total: progress(total - left, total))
        with closing(sqlite3.connect(f"{partial.path.absolute().as_uri()}?immutable=1", uri=True)) as copy:
            return check_copy(reading, copy, seal, random, place=str(partial.target))


def _reading(path: Path) -> sqlite3.Connection:
    """It writes nothing; only a connection that may write clears its log's files away when it is the last."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=_LOCK_TIMEOUT_S, isolation_level=None)
