"""From a database's address to a store that is ready."""

from __future__ import annotations

import asyncio
import logging
import warnings
from dataclasses import replace
from itertools import count

from fsm_engine.errors import InvalidArgument, StartUpError, StartUpWarning
from fsm_engine.failpoints import arm_from_environment
from fsm_engine.storage.address import DEFAULT_DATABASE, sqlite_path
from fsm_engine.storage.retrying import WRITES, Backoff
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.settings import Settings
from fsm_engine.storage.sqlite_file import MEMORY, Durability, SqliteSettings, inspect, open_echoing_file, open_file
from fsm_engine.storage.store import Store
from fsm_engine.storage.surroundings import network_concern, sharing_concern, system_mounts

log = logging.getLogger("fsm_engine.storage")

__all__ = ["DEFAULT_DATABASE", "open_store", "sqlite_path"]

QUEUE_LIMIT = 10_000


async def open_store(
    database: str | Settings | None = None,
    *,
    durability: Durability = "full",
    row_key: bytes | None = None,
    busy_timeout_s: float | None = None,
    queue_limit: int = QUEUE_LIMIT,
    upgrade: bool = False,
    writes: Backoff = WRITES,
) -> Store:
    """The store at an address such as ``sqlite:///bot.db``, with its schema made if it is fresh. Close it when done.

    ``database`` may be settings instead; beside an address, and without one, those of the environment count.
    ``busy_timeout_s`` counts before their ``timeout_s``. ``durability`` ``normal`` may lose the last turns at a power
    cut, never half a turn. ``row_key`` (1 to 64 bytes) seals rows and counts before the settings' own; rows written
    under another key read as damaged. ``queue_limit``: calls that may wait. ``upgrade`` brings a file of an older
    schema to this one's first; see `migrating.migrate`. ``writes``: how writes are tried again.
    Warns (`StartUpWarning`) of a file on a network file system, and logs a warning where another process has the file
    open and this SQLite can damage it then.

    Raises:
        InvalidArgument: the address or a setting cannot be, or `FSM_ENGINE_FAILPOINT` names no failpoint.
        StartUpError: the place, rights, lock or schema version of the database are wrong.
    """
    settings = _settings(database, busy_timeout_s)
    if durability not in ("full", "normal"):
        raise InvalidArgument(f"durability: {durability!r} is not known. Choose 'full' or 'normal'.")
    if queue_limit < 1:
        raise InvalidArgument(f"queue_limit: {queue_limit} is not allowed. Give 1 or more.")
    arm_from_environment()
    seal = Seal(settings.seal_key if row_key is None else row_key)
    path = sqlite_path(settings.database)
    if upgrade:
        await _upgrade(path, settings.database)

    from fsm_engine.storage.sqlite import SqliteStore  # drivers are imported when a database needs them
    from fsm_engine.storage.sqlite_database import SqliteDatabase

    connections = _connections(settings, durability, writes)
    pauses = replace(writes.pauses, first_s=settings.init_retry_delay_ms / 1000, most_s=60)
    opening = replace(writes, retries=settings.init_retry_count, pauses=pauses)
    for retry in count():
        try:
            opened = await SqliteDatabase.open(path, connections, queue_limit=queue_limit, writes=writes)
        except StartUpError as error:
            await opening.before(retry, error)
        else:
            break
    store = SqliteStore(opened, seal)
    try:
        _warn_of_surroundings(path)
    except StartUpWarning:  # a program may have asked for warnings to be errors
        await store.close()
        raise
    return store


def _connections(settings: Settings, durability: Durability, writes: Backoff) -> SqliteSettings:
    """Each time to wait for a lock is shared by the tries of one call, so that all of them together take as long."""
    return SqliteSettings(
        durability,
        busy_timeout_s=settings.timeout_s / (writes.retries + 1),
        opening_timeout_s=settings.timeout_s / (settings.init_retry_count + 1),
        driver=open_echoing_file if settings.echo else open_file,
    )


def _warn_of_surroundings(path: str) -> None:
    if path == MEMORY:
        return
    if concern := network_concern(path, system_mounts()):
        warnings.warn(concern, StartUpWarning, stacklevel=3)
    if concern := sharing_concern(path):
        log.warning("%s", concern)


def _settings(database: str | Settings | None, busy_timeout_s: float | None) -> Settings:
    if not isinstance(database, Settings):
        return Settings.read(database=database, timeout_s=busy_timeout_s)
    return database if busy_timeout_s is None else replace(database, timeout_s=busy_timeout_s)


async def _upgrade(path: str, url: str) -> None:
    from fsm_engine.storage.migrating import migrate

    if path != MEMORY and await asyncio.to_thread(inspect, path) == "older":
        await asyncio.to_thread(migrate, url)
