"""Revision 2, upwards: a conversation for each session of the old table, a message for each of its rows."""

# ruff: noqa: S608 - statements hold names of columns, quoted, and nothing else that is not written here
from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from fsm_engine.storage.migrations import chat_history
from fsm_engine.storage.migrations.chat_history import OldTable
from fsm_engine.storage.migrations.old_rows import (
    Row,
    Value,
    conversation_id_of,
    metadata_of,
    read_text,
    role_of,
    text_of,
    title_of,
)
from fsm_engine.storage.migrations.old_times import read_time
from fsm_engine.storage.migrations.work import Work
from fsm_engine.storage.schema import schema_statements

_NAMES = "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"
_ADD_CONVERSATION = "INSERT INTO conversations (id, version, created_at, updated_at) VALUES (?1, 1, ?2, ?2)"
_ADD_MESSAGE = """
INSERT INTO messages (conversation, number, role, content, metadata, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
"""
_SUM_UP = """
UPDATE conversations
SET title = ?2, message_count = ?3, last_message = ?3, updated_at = ?4, last_message_at = ?4
WHERE key = ?1
"""


@dataclass(slots=True)
class _Thread:
    """A conversation while its rows come in. ``time``: that of its last row, at first that of its first."""

    time: str
    id: str = ""
    key: int | None = None
    last: int = 0
    title: str | None = None


def upgrade(database: sqlite3.Connection, work: Work) -> None:
    """Makes the new schema beside the old table, moves the rows, and takes the old table away."""
    table = chat_history.describe(database, work)
    _check_names(database, work)
    chat_history.keep_form(database)
    for statement in schema_statements():
        database.execute(statement)
    _move(database, table, work)
    database.execute(f"DROP TABLE {chat_history.TABLE}")


def _check_names(database: sqlite3.Connection, work: Work) -> None:
    """Raises `StartUpError` when the file holds tables of its own under names that are needed."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
        for statement in schema_statements():
            empty.execute(statement)
        needed = {name for _, name in empty.execute(_NAMES)} | {"earlier_schema"}
    for kind, name in database.execute(_NAMES):
        if name in needed:
            raise work.refuse(f"has a {kind} '{name}' of its own, a name that is needed. Rename it, then try again.")


def _move(database: sqlite3.Connection, table: OldTable, work: Work) -> None:
    database.text_factory = read_text
    try:
        threads = _threads(database, table, work.now)
        taken: set[str] = set()
        for rowid, row in _rows(database, table):
            thread = threads[_sorted_by(row["session_id"])]
            if thread.key is None:
                thread.id = _new_id(row["session_id"], taken)
                thread.key = database.execute(_ADD_CONVERSATION, (thread.id, thread.time)).lastrowid
            _add(database, thread, row, rowid)
            work.moved_one(table.count)
    finally:
        database.text_factory = str
    database.executemany(_SUM_UP, ((one.key, one.title, one.last, one.time) for one in threads.values()))


def _threads(database: sqlite3.Connection, table: OldTable, now: str) -> dict[tuple[str, Value], _Thread]:
    """Every session with the first time that can be read of it: rows before have that time, and so has none ``now``."""
    found: dict[tuple[str, Value], str | None] = {}
    for session_id, ts in database.execute(f"SELECT session_id, ts FROM chat_history ORDER BY {_order(table)}"):
        known = found.setdefault(_sorted_by(session_id), None)
        if known is None:
            found[_sorted_by(session_id)] = read_time(ts)
    return {session: _Thread(time or now) for session, time in found.items()}


def _sorted_by(session_id: Value) -> tuple[str, Value]:
    """Tells 1, 1.0 and '1' apart, which columns without a type can hold at once."""
    return type(session_id).__name__, session_id


def _order(table: OldTable) -> str:
    """The order in which the rows came; a table without row numbers has that of its ids."""
    return table.rowid or "id"


def _rows(database: sqlite3.Connection, table: OldTable) -> Iterator[tuple[int | None, Row]]:
    names = ", ".join(map(chat_history.quoted, table.columns))
    for rowid, *values in database.execute(
        f"SELECT {table.rowid or 'NULL'}, {names} FROM chat_history ORDER BY {_order(table)}"
    ):
        yield rowid, dict(zip(table.columns, values, strict=True))


def _new_id(session_id: Value, taken: set[str]) -> str:
    """An id that no other session has been given."""
    plain = conversation_id_of(session_id)
    made, number = plain, 1
    while made in taken:
        number += 1
        made = f"{plain}~{number}"
    taken.add(made)
    return made


def _add(database: sqlite3.Connection, thread: _Thread, row: Row, rowid: int | None) -> None:
    content, role = text_of(row["message"]), role_of(row["role"])
    thread.time = read_time(row["ts"]) or thread.time
    thread.last += 1
    if role == "user" and thread.title is None:
        thread.title = title_of(content)
    metadata = metadata_of(row, content, thread.id, rowid)
    database.execute(_ADD_MESSAGE, (thread.key, thread.last, role, content, metadata, thread.time))
