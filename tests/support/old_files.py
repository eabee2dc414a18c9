"""Files of the one-table schema, as bots wrote them before the engine, and all that stands in one, byte for byte."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

PLAIN = """\
CREATE TABLE chat_history (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT, role TEXT, message TEXT, ts TEXT)"""
TYPELESS = "CREATE TABLE chat_history (id, session_id, role, message, ts)"

Old = Sequence[Any]
"""One row: id, session_id, role, message, ts."""

ODD_VALUES: tuple[Any, ...] = (
    None,
    "",
    0,
    -(2**63),
    2**63 - 1,
    1.5,
    float("inf"),
    b"",
    b"\x00\xff\xfe",
    "nul \0 inside",
    '{"json": "{}"}\'--',
    "\U0001f600 \N{ARABIC LETTER ALEF} e\N{COMBINING ACUTE ACCENT}",
)
"""What a column without a type can hold; text that is no UTF-8 needs SQL: see `write_odd_bytes`."""


def make_old(path: Path, rows: Iterable[Old], definition: str = PLAIN, *more: str) -> None:
    """Writes an old file; ``more`` are statements that run after the rows are in."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(definition)
        connection.executemany("INSERT INTO chat_history (id, session_id, role, message, ts) VALUES (?,?,?,?,?)", rows)
        for statement in more:
            connection.execute(statement)


def talk(session: str, count: int, *, first_id: int = 1) -> list[tuple[int, str, str, str, str]]:
    """An ordinary old conversation: user and bot by turns, a minute apart."""
    return [
        (
            first_id + number,
            session,
            "bot" if number % 2 else "user",
            f"{session} says {number}",
            f"2024-05-06 {7 + number // 60:02d}:{number % 60:02d}:00",
        )
        for number in range(count)
    ]


def contents(path: Path, table: str = "chat_history") -> list[Any]:
    """Definitions, rows with their types and numbers, sequences and marks of the file; equal means byte-equal."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        names = connection.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchall()
        quoted = ['"' + name.decode().replace('"', '""') + '"' for (name,) in names]
        typed = ", ".join(f"typeof({name}), {name}" for name in quoted)
        has_rowid = connection.execute(f"SELECT wr FROM pragma_table_list('{table}')").fetchone() == (0,)
        found: list[Any] = connection.execute(
            f"SELECT {'_rowid_' if has_rowid else 'NULL'}, {typed} FROM {table}"
        ).fetchall()
        found += connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema"
            " WHERE name NOT LIKE 'alembic%' AND name <> 'sqlite_sequence'"
            " AND name NOT LIKE 'sqlite_autoindex_alembic%' ORDER BY type, name"
        ).fetchall()
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").fetchone():
            found += connection.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name").fetchall()
        found += [connection.execute(f"PRAGMA {name}").fetchone() for name in ("user_version", "application_id")]
        return found


def write_odd_bytes(path: Path) -> None:
    """Adds rows whose text is no UTF-8, in every column that can hold it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for column in ("session_id", "role", "message", "ts"):
            connection.execute(f"INSERT INTO chat_history ({column}) VALUES (CAST(x'ff00fe' AS TEXT))")
