"""From a database's address to a store that is ready."""

from __future__ import annotations

import logging
import warnings

from fsm_engine.errors import InvalidArgument, StartUpError, StartUpWarning
from fsm_engine.failpoints import arm_from_environment
from fsm_engine.storage.seal import DEFAULT_ROW_KEY, Seal
from fsm_engine.storage.sqlite_file import MEMORY, Durability, SqliteSettings
from fsm_engine.storage.store import Store
from fsm_engine.storage.surroundings import network_concern, sharing_concern, system_mounts

log = logging.getLogger("fsm_engine.storage")

DEFAULT_DATABASE = "sqlite:///fsm_engine.db"
"""Where conversations are kept when nobody says where."""

QUEUE_LIMIT = 10_000
_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")
_EXAMPLES = "Write sqlite:///bot.db, sqlite:////var/lib/bot.db (a full path has four slashes) or sqlite:///:memory:"


async def open_store(
    url: str,
    *,
    durability: Durability = "full",
    row_key: bytes = DEFAULT_ROW_KEY,
    busy_timeout_s: float = 5.0,
    queue_limit: int = QUEUE_LIMIT,
) -> Store:
    """The store at ``url``, with its schema made if it is fresh. Close it when done.

    ``durability`` ``normal`` may lose the last turns at a power cut, never half a turn. ``row_key`` (1 to 64 bytes)
    seals state and journal; rows written under another key read as damaged. ``queue_limit``: calls that may wait.
    Warns (`StartUpWarning`) of a file on a network file system, and logs a warning where another process has the file
    open and this SQLite can damage it then.

    Raises:
        InvalidArgument: the address or a setting cannot be, or `FSM_ENGINE_FAILPOINT` names no failpoint.
        StartUpError: the place, rights, lock or schema version of the database are wrong.
    """
    if durability not in ("full", "normal"):
        raise InvalidArgument(f"durability: {durability!r} is not known. Choose 'full' or 'normal'.")
    if busy_timeout_s < 0 or queue_limit < 1:
        raise InvalidArgument("busy_timeout_s must be 0 or more, and queue_limit 1 or more.")
    arm_from_environment()
    seal = Seal(row_key)
    path = sqlite_path(url)

    from fsm_engine.storage.sqlite import SqliteStore  # drivers are imported when a database needs them
    from fsm_engine.storage.sqlite_database import SqliteDatabase

    settings = SqliteSettings(durability, busy_timeout_s)
    store = SqliteStore(await SqliteDatabase.open(path, settings, queue_limit=queue_limit), seal)
    try:
        _warn_of_surroundings(path)
    except StartUpWarning:  # a program may have asked for warnings to be errors
        await store.close()
        raise
    return store


def _warn_of_surroundings(path: str) -> None:
    if path == MEMORY:
        return
    if concern := network_concern(path, system_mounts()):
        warnings.warn(concern, StartUpWarning, stacklevel=3)
    if concern := sharing_concern(path):
        log.warning("%s", concern)


def sqlite_path(url: str) -> str:
    """The file that a ``sqlite:///`` address names, or ``:memory:``. Raises `InvalidArgument` for any other address."""
    if url.startswith(_POSTGRES):
        raise StartUpError("database: this version has no PostgreSQL store yet. Use sqlite:///bot.db for now.")
    path = url.removeprefix(_SQLITE)
    if path == url or not path:
        raise InvalidArgument(f"database: {_without_password(url)!r} is no address of a database. {_EXAMPLES}.")
    if "?" in path or "#" in path or "\0" in path or path.startswith("file:"):
        raise InvalidArgument(f"database: a SQLite address is a plain path, and {url!r} holds more. {_EXAMPLES}.")
    return path


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at else url
