"""Bringing a database from one version of its schema to another, all of the way or not at all.

The revisions are Alembic's (the extra ``migrate``); a run of them is one transaction that has the write lock from its
start. A program that dies on the way leaves the database as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fsm_engine.errors import InvalidArgument, StartUpError, WouldLose
from fsm_engine.model.times import utc_text
from fsm_engine.storage.address import sqlite_path
from fsm_engine.storage.migrations.work import Loss, Progress, Work, database_of
from fsm_engine.storage.schema import SCHEMA_VERSION
from fsm_engine.storage.sqlite_file import (
    MEMORY,
    check_place,
    check_upgradable,
    connect_to_look,
    contents_of,
    remove_if_empty,
    start_up_error,
    use_write_ahead_log,
)

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import Connection, Engine

HEAD, BASE = "head", "base"
Direction = Literal["either", "up", "down"]
_LOCK_TIMEOUT_S = 5.0
_STAMP = "SELECT version_num FROM alembic_version"
_HAS_STAMP = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version')"


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of the schema. ``number`` is what ``--to`` takes."""

    number: str
    title: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a run did. Revisions are None for a database that holds nothing; ``rows`` is how many messages moved."""

    before: str | None
    after: str | None
    rows: int
    losses: tuple[Loss, ...]


def migrate(
    database: str,
    to: str = HEAD,
    *,
    direction: Direction = "either",
    accept_loss: bool = False,
    progress: Progress = lambda done, total: None,
    now: datetime | None = None,
) -> Migrated:
    """Upgrades or downgrades the database at an address such as ``sqlite:///bot.db`` to a revision, and says how.

    ``to``: a revision's number, ``head`` for the newest, ``base`` for an empty database. Blocks until it is done; at
    any moment before, the database is what it was. A file that is missing is made. ``direction`` ``up`` or ``down``
    refuses to go the other way. Rows of the old schema without a readable time get ``now``.

    Raises:
        WouldLose: the older schema cannot hold everything, and ``accept_loss`` is not set; nothing was changed.
        StartUpError: the database cannot be used: place, rights, lock, version, or Alembic is not installed.
        InvalidArgument: there is no such revision, or the address is none.
    """
    path = _file_of(database)
    scripts = _scripts()
    target = _resolved(scripts, to)
    is_new = check_place(Path(path))
    work = Work(f"database {path}", utc_text(now or datetime.now(UTC)), progress)
    try:
        with _start_up_errors(path), _opened(path) as engine, engine.connect() as connection:
            before = _run(connection, path, scripts, target, work, direction=direction, accept_loss=accept_loss)
            if target == str(SCHEMA_VERSION):
                _prepare_for_the_engine(connection, path)
    finally:
        if is_new:
            remove_if_empty(Path(path))
    return Migrated(before, target, work.rows, tuple(work.losses))


def current(database: str) -> str | None:
    """The revision of a database, None when it holds nothing. Changes nothing; raises `StartUpError`."""
    path = _file_of(database)
    if not Path(path).exists():
        raise StartUpError(f"database {path}: there is no such file. Check the address.")
    with _start_up_errors(path), closing(connect_to_look(path)) as connection:
        return _revision_of(connection, path)


def history(database: str | None = None) -> list[Revision]:
    """All revisions, oldest first; with a database, the one that it has is marked."""
    here = current(database) if database is not None else None
    revisions = reversed(list(_scripts().walk_revisions()))
    return [Revision(one.revision, one.doc.splitlines()[0], one.revision == here) for one in revisions]


def _file_of(database: str) -> str:
    path = sqlite_path(database)
    if path == MEMORY:
        raise InvalidArgument(
            f"database {database}: is gone when the program ends. Name a file, such as sqlite:///bot.db."
        )
    return path


def _scripts() -> ScriptDirectory:
    try:
        from alembic.script import ScriptDirectory
    except ImportError as error:
        raise StartUpError("migrate: needs Alembic. Install it: pip install 'fsm_engine[migrate]'") from error
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "fsm_engine.storage:migrations")
    return config


def _resolved(scripts: ScriptDirectory, to: str) -> str | None:
    """The number of a revision, None for an empty database."""
    known = [one.revision for one in scripts.walk_revisions()]
    if to == BASE:
        return None
    if to != HEAD and to not in known:
        names = ", ".join([BASE, *reversed(known), HEAD])
        raise InvalidArgument(f"migrate: there is no revision '{to}'. Choose one of {names}.")
    return known[0] if to == HEAD else to


@contextmanager
def _opened(path: str) -> Iterator[Engine]:
    """SQLAlchemy over a connection that begins transactions only when told to, and then with the write lock.

    Left to itself, the driver begins before some statements and not before others, and a migration that died would
    leave half of its work.
    """
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    engine = create_engine("sqlite://", creator=partial(_connect, path), poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        yield engine
    finally:
        engine.dispose()


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_LOCK_TIMEOUT_S, isolation_level=None)
    # What is dropped is overwritten: what users said must not stay in pages that nobody uses.
    connection.executescript("PRAGMA secure_delete = ON; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;")
    return connection


@contextmanager
def _start_up_errors(path: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise start_up_error(path, error) from error
    except Exception as error:
        driver = getattr(error, "orig", None)  # SQLAlchemy wraps what its own calls raise
        if not isinstance(driver, sqlite3.Error):
            raise
        raise start_up_error(path, driver) from driver


def _run(
    connection: Connection,
    path: str,
    scripts: ScriptDirectory,
    target: str | None,
    work: Work,
    *,
    direction: Direction,
    accept_loss: bool,
) -> str | None:
    """The revision before; one transaction from the look at the version to the last statement."""
    with connection.begin():
        before = _revision_of(database_of(connection), path)
        is_up = _place(scripts, target) >= _place(scripts, before)
        if direction not in ("either", "up" if is_up else "down") and target != before:
            other = "upgrade" if is_up else "downgrade"
            raise InvalidArgument(
                f"database {path}: is at {before or BASE}, so going to {target or BASE} is no {direction}grade."
                f" Use: fsm-engine migrate {other}"
            )
        _run_revisions(connection, before, target, work, is_up=is_up)
        if work.losses and not accept_loss:
            raise WouldLose(f"database {path}: revision {target or BASE} cannot hold everything.", work.losses)
    return before


def _run_revisions(connection: Connection, before: str | None, target: str | None, work: Work, *, is_up: bool) -> None:
    from alembic import command

    config = _config()
    config.attributes |= {"connection": connection, "work": work}
    command.stamp(config, before or BASE, purge=True)
    if is_up:
        command.upgrade(config, target or BASE)
    else:
        command.downgrade(config, target or BASE)
    if target is None:
        database_of(connection).execute("DROP TABLE IF EXISTS alembic_version")


def _place(scripts: ScriptDirectory, revision: str | None) -> int:
    """How far a revision is from an empty database."""
    return 0 if revision is None else len(list(scripts.iterate_revisions(revision, BASE)))


def _revision_of(database: sqlite3.Connection, path: str) -> str | None:
    """What the database is by its own account, held against what Alembic noted, where it did.

    A file that was made by ``schema_v2.sql`` has no note of Alembic's and needs none: a run of `migrate` adds it.
    """
    contents, version = contents_of(database)
    check_upgradable(contents, version, path)
    revision = {"fresh": None, "older": "1", "current": str(SCHEMA_VERSION)}[contents]
    (is_stamped,) = database.execute(_HAS_STAMP).fetchone()
    noted = [number for (number,) in database.execute(_STAMP)] if is_stamped else []
    if noted and noted != [revision]:
        raise StartUpError(
            f"database {path}: is at revision {revision}, and its table alembic_version says {', '.join(noted)}."
            " Restore it from a backup, or empty that table when you know that it is wrong."
        )
    return revision


def _prepare_for_the_engine(connection: Connection, path: str) -> None:
    with suppress(sqlite3.OperationalError):  # somebody has the file open: the engine sets it when it opens
        use_write_ahead_log(database_of(connection), path)
