"""From a database's address to a store that is ready."""

from __future__ import annotations

from fsm_engine.errors import InvalidArgument
from fsm_engine.storage.address import DEFAULT_DATABASE, sqlite_path
from fsm_engine.storage.seal import DEFAULT_ROW_KEY, Seal
from fsm_engine.storage.sqlite_file import Durability, SqliteSettings
from fsm_engine.storage.store import Store

__all__ = ["DEFAULT_DATABASE", "open_store", "sqlite_path"]

QUEUE_LIMIT = 10_000


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

    Raises:
        InvalidArgument: the address or a setting cannot be.
        StartUpError: the place, rights, lock or schema version of the database are wrong.
    """
    if durability not in ("full", "normal"):
        raise InvalidArgument(f"durability: {durability!r} is not known. Choose 'full' or 'normal'.")
    if busy_timeout_s < 0 or queue_limit < 1:
        raise InvalidArgument("busy_timeout_s must be 0 or more, and queue_limit 1 or more.")
    seal = Seal(row_key)
    path = sqlite_path(url)

    from fsm_engine.storage.sqlite import SqliteStore  # drivers are imported when a database needs them
    from fsm_engine.storage.sqlite_database import SqliteDatabase

    settings = SqliteSettings(durability, busy_timeout_s)
    return SqliteStore(await SqliteDatabase.open(path, settings, queue_limit=queue_limit), seal)
