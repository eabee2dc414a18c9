"""The old table itself: how it is made, what form it has in a given file, and how that form is kept for a way back."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from fsm_engine.storage.migrations.work import Work

TABLE = "chat_history"
COLUMNS = ("id", "session_id", "role", "message", "ts")
DEFINITION = """\
CREATE TABLE chat_history (
  id         INTEGER PRIMARY KEY,
  session_id TEXT NOT NULL,
  role       TEXT NOT NULL CHECK (role IN ('user', 'bot')),
  message    TEXT NOT NULL,
  ts         TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
)"""

# Where the form of a table is kept that was not made by DEFINITION. It holds no row of the table.
KEPT_FORM = """
CREATE TABLE earlier_schema (
  kind  TEXT NOT NULL,
  name  TEXT NOT NULL,
  value ANY
) STRICT
"""
_KEEP = "INSERT INTO earlier_schema (kind, name, value) VALUES (?1, ?2, ?3)"
_KEPT = "SELECT kind, name, value FROM earlier_schema ORDER BY rowid"
_HAS_KEPT = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'earlier_schema')"
_OBJECTS = (
    "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = 'chat_history' AND sql IS NOT NULL ORDER BY rowid"
)
_COUNT = "SELECT count(*) FROM chat_history"
_HAS_SEQUENCES = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence')"
_SEQUENCE = "SELECT seq FROM sqlite_sequence WHERE name = 'chat_history'"
_SET_SEQUENCE = "UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'chat_history'"
_ADD_SEQUENCE = """
INSERT INTO sqlite_sequence (name, seq)
SELECT 'chat_history', ?1 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'chat_history')
"""
_PRAGMAS = ("user_version", "application_id")


@dataclass(frozen=True, slots=True)
class OldTable:
    """The old table in one file. ``rowid``: the name under which its rows' numbers can be had, None without."""

    columns: tuple[str, ...]
    rowid: str | None
    count: int


def create(database: sqlite3.Connection) -> None:
    """The table in its plain form."""
    database.execute(DEFINITION)


def drop(database: sqlite3.Connection, work: Work) -> None:
    """Takes the table away."""
    work.lose(f"rows of {TABLE}", describe(database, work).count)
    database.execute(f"DROP TABLE {TABLE}")


def describe(database: sqlite3.Connection, work: Work) -> OldTable:
    """The table that is there. Raises `StartUpError` when it is not the one that is meant."""
    columns = tuple(name for (name,) in database.execute("SELECT name FROM pragma_table_info('chat_history')"))
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise work.refuse(
            f"{TABLE} has no column '{missing[0]}', its columns are {', '.join(columns)}."
            f" Give it the columns {', '.join(COLUMNS)}, then try again."
        )
    kind, has_no_rowid = database.execute(
        "SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND name = 'chat_history'"
    ).fetchone()
    if kind != "table":
        raise work.refuse(f"{TABLE} is a {kind}, not a table. Make it a table with the same columns, then try again.")
    free = [name for name in ("rowid", "_rowid_", "oid") if name not in {column.lower() for column in columns}]
    (count,) = database.execute(_COUNT).fetchone()
    return OldTable(columns, None if has_no_rowid or not free else free[0], count)


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def keep_form(database: sqlite3.Connection) -> None:
    """Notes what a way back needs beside the rows; nothing where the table has its plain form."""
    form = [(kind, name, definition) for kind, name, definition in database.execute(_OBJECTS)]
    for name in _PRAGMAS:
        (value,) = database.execute(f"PRAGMA {name}").fetchone()
        if value:
            form.append(("pragma", name, value))
    form += [("sequence", TABLE, seq) for (seq,) in _sequence(database)]
    if form == [("table", TABLE, DEFINITION)]:
        return
    database.execute(KEPT_FORM)
    database.executemany(_KEEP, form)


def _sequence(database: sqlite3.Connection) -> list[tuple[int]]:
    (is_there,) = database.execute(_HAS_SEQUENCES).fetchone()
    return database.execute(_SEQUENCE).fetchall() if is_there else []


def kept_form(database: sqlite3.Connection) -> list[tuple[str, str, str | int]]:
    """What `keep_form` noted, the table first."""
    (is_there,) = database.execute(_HAS_KEPT).fetchone()
    return database.execute(_KEPT).fetchall() if is_there else [("table", TABLE, DEFINITION)]


def restore_form(database: sqlite3.Connection, form: list[tuple[str, str, str | int]]) -> None:
    """Puts back what belongs to the table, once its rows are in it."""
    for kind, _, value in form:
        if kind in ("index", "trigger"):
            database.execute(str(value))
        elif kind == "sequence":
            database.execute(_SET_SEQUENCE, (value,))
            database.execute(_ADD_SEQUENCE, (value,))
    values = dict.fromkeys(_PRAGMAS, 0) | {name: int(value) for kind, name, value in form if kind == "pragma"}
    for name, number in values.items():
        database.execute(f"PRAGMA {name} = {number}")
    database.execute("DROP TABLE IF EXISTS earlier_schema")
