"""Erasing: after it no table, and no byte of the database's files, holds what a person said or is called.

What stays is an audit row that an erasure happened, and of each action of theirs that it happened, under a key made of
the old one and the row key: whoever holds the old key can recognise it, nobody can get back to the person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from fsm_engine.errors import DatabaseUnavailable, InvalidArgument
from fsm_engine.storage import sql_erasing as sql
from fsm_engine.storage.database import Database
from fsm_engine.storage.intake import Sql, storable
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.search_index import SearchIndex
from fsm_engine.storage.sqlite_errors import is_lock

TRIES = 200
PAUSE_S = 0.05
"""How often, and how long apart, the log is tried to be emptied while others read from it: 10 s in all."""
LOG_IN_USE = "log-in-use"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose traces: of a user with all their conversations, or of one conversation. Exactly one is given."""

    user_id: str | None = None
    conversation_id: str | None = None

    def __post_init__(self) -> None:
        given = [one for one in (self.user_id, self.conversation_id) if one is not None]
        if len(given) != 1:
            raise InvalidArgument("erase: name a user or a conversation, and not both.")
        storable(given[0])

    @property
    def values(self) -> tuple[Sql, Sql]:
        return self.user_id, self.conversation_id


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: rows deleted and rows stripped of everything personal, by table; ids of the conversations."""

    deleted: Mapping[str, int]
    stripped: Mapping[str, int]
    conversations: tuple[str, ...]


class Erasing:
    """Erases, and tells before what would be erased."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    async def counts(self, subject: Subject) -> Erased:
        """What `erase` would do."""
        (counts,) = await self._database.rows(sql.COUNTS, *subject.values)
        ids = await self._database.rows(sql.IDS_OF_CONVERSATIONS, *subject.values)
        return _erased(counts, ids)

    async def texts(self, subject: Subject) -> set[str]:
        """Every text that the person's rows hold, also inside JSON: what must be nowhere afterwards."""
        found: set[str] = {value for value in subject.values if isinstance(value, str)}
        for statement, plain in sql.TEXTS:
            for row in await self._database.rows(statement, *subject.values):
                found.update(value for value in row[:plain] if isinstance(value, str))
                for value in row[plain:]:
                    found.update(_strings(value))
        return found

    async def erase(self, subject: Subject, *, now: str, record: str, compact: bool = True) -> Erased:
        """Erases in one transaction, then writes the file anew and empties the log. A second call is no error.

        ``record`` is the key of the audit row that tells of it: new to the database, and not made from the person's id.
        Turns wait while the file is written anew. To erase many, let only the last one ``compact``: until then pieces
        of what was deleted may stand in the gaps of pages.

        Raises:
            DatabaseUnavailable: with code ``log-in-use`` when the rows are deleted but other connections read from the
                log for so long that it could not be emptied; call again.
        """
        keys = await self._database.rows(sql.KEYS_OF_AUDIT, *subject.values)
        pseudonyms = orjson.dumps({str(id_): self._seal.pseudonym(key) for id_, key in keys}).decode()
        whose = subject.values
        ids, counts, *_ = await self._database.change(
            (sql.IDS_OF_CONVERSATIONS, whose),
            (sql.COUNTS, whose),
            (sql.DELETE_CACHE, whose),
            (sql.STRIP_TRANSACTIONS, whose),
            (sql.STRIP_AUDIT, (*whose, pseudonyms)),
            (sql.DELETE_CONVERSATIONS, whose),
            (sql.DELETE_SESSIONS, (subject.user_id,)),
            (sql.DELETE_USER, (subject.user_id,)),
            (sql.ADD_RECORD, (f"erase:{record}", "{}", now)),
        )
        if not await clear_files(self._database, compact=compact):
            raise DatabaseUnavailable(
                "erase: the rows are deleted, but another connection reads from the log, which still holds them, or"
                " writes all the time. End what takes so long, then erase again.",
                code=LOG_IN_USE,
            )
        return _erased(counts[0], ids)


async def clear_files(database: Database, *, compact: bool) -> bool:
    """Takes what rows no longer say out of the log and, with ``compact``, out of the search index and the whole file.

    False when others read from the log, or wrote, for so long that it could not be emptied.
    """
    if compact:
        await SearchIndex(database).compact()
    for _ in range(TRIES):
        try:
            if compact:
                await database.rewrite()
                compact = False
            if await database.empty_log():
                return True
        except DatabaseUnavailable as error:  # another program writes; a store that was closed says so
            if not is_lock(error.__cause__):
                raise
        await asyncio.sleep(PAUSE_S)
    return False


def _erased(counts: tuple[int, ...], ids: list[tuple[str, ...]]) -> Erased:
    by_table = dict(zip(sql.WHOSE, counts, strict=True))
    return Erased(
        deleted={table: count for table, count in by_table.items() if table not in sql.KEPT},
        stripped={table: by_table[table] for table in sql.KEPT},
        conversations=tuple(id_ for (id_,) in ids),
    )


def _strings(json: object) -> Iterator[str]:
    """The texts inside a JSON column; of one that is damaged, its text."""
    if not isinstance(json, str | bytes):
        return
    try:
        value = orjson.loads(json)
    except orjson.JSONDecodeError:
        yield json if isinstance(json, str) else json.decode(errors="replace")
        return
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str):
            yield one
        elif isinstance(one, int | float) and not isinstance(one, bool):
            yield str(one)
