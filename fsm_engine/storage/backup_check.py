"""Whether a copy of a database is sound: its structure, rows picked at random, and their seals."""

# ruff: noqa: S608 - statements hold names of tables, quoted, and nothing else that is not written here
from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from fsm_engine.errors import OperationFailed, SessionCorrupted
from fsm_engine.storage import sql_rows as rows
from fsm_engine.storage.row_seals import sound_session, sound_turn
from fsm_engine.storage.seal import Seal

PLACES = 32
ROWS_AT_A_PLACE = 8

_TABLES = """
SELECT name, wr FROM pragma_table_list
WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name
"""
_MARKS = "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id"
_STATES = f"""
SELECT {rows.SESSION} FROM sessions AS s CROSS JOIN conversations AS c ON c.key = s.conversation
WHERE s.key >= ?1 ORDER BY s.key LIMIT ?2
"""
_TURNS = f"""
SELECT {rows.TURN}
FROM (SELECT * FROM turns WHERE rowid >= ?1 ORDER BY rowid LIMIT ?2) AS t
CROSS JOIN sessions AS s ON s.key = t.session CROSS JOIN conversations AS c ON c.key = s.conversation
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """``rows_compared`` were the same in source and copy. A broken seal: a damaged row, or another row key."""

    rows_compared: int
    seals_checked: int
    seals_broken: int


def check_copy(
    source: sqlite3.Connection, copy: sqlite3.Connection, seal: Seal, random: Random, *, place: str
) -> Checked:
    """Raises `OperationFailed` for a copy that cannot be relied on.

    A broken seal was broken in the source, so it is counted and no reason to have no backup at all.
    """
    (sound,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if sound != "ok":
        raise OperationFailed(
            f"{place}: what was copied is damaged, so no copy was kept. Restore an earlier backup, or stop the bot and"
            " look at the database with: PRAGMA integrity_check"
        )
    tables = copy.execute(_TABLES).fetchall()
    source.text_factory = copy.text_factory = bytes
    compared = sum(_compare(source, copy, name, bool(has_no_rowid), random, place) for name, has_no_rowid in tables)
    copy.text_factory = str
    if source.execute(_MARKS).fetchone() != copy.execute(_MARKS).fetchone():
        raise _differs("its version marks", place)
    good, broken = _seals(copy, seal, random) if "turns" in {name for name, _ in tables} else (0, 0)
    return Checked(compared, good + broken, broken)


def _differs(what: str, place: str) -> OperationFailed:
    return OperationFailed(f"{place}: {what} differs from the database. Look at the disk, then try again.")


def _compare(
    source: sqlite3.Connection, copy: sqlite3.Connection, table: str, has_no_rowid: bool, random: Random, place: str
) -> int:
    name = '"' + table.replace('"', '""') + '"'
    if has_no_rowid:
        statement, picks = f"SELECT * FROM {name} LIMIT ?1 * ?2", [(PLACES, ROWS_AT_A_PLACE)]
    else:
        statement = f"SELECT * FROM {name} WHERE _rowid_ >= ?1 ORDER BY _rowid_ LIMIT ?2"
        picks = _picks(source, name, random)
    compared = 0
    for pick in picks:
        rows = source.execute(statement, pick).fetchall()
        if rows != copy.execute(statement, pick).fetchall():
            raise _differs(f"a row of {table}", place)
        compared += len(rows)
    return compared


def _picks(database: sqlite3.Connection, name: str, random: Random) -> list[tuple[int, int]]:
    """Where to look: the first rows, the last one, and random places between them."""
    first, last = database.execute(f"SELECT min(_rowid_), max(_rowid_) FROM {name}").fetchone()
    if first is None:
        return []
    places = {first, last, *(random.randint(first, last) for _ in range(PLACES))}
    return [(number, ROWS_AT_A_PLACE) for number in sorted(places)]


def _seals(copy: sqlite3.Connection, seal: Seal, random: Random) -> tuple[int, int]:
    """How many seals of sampled sessions and journal lines are good, and how many broken."""
    good = broken = 0
    for statement, table, sound in ((_STATES, "sessions", sound_session), (_TURNS, "turns", sound_turn)):
        for pick in _picks(copy, table, random):
            for row in _readable(copy, statement, pick):
                try:
                    sound(row, seal)
                    good += 1
                except SessionCorrupted:
                    broken += 1
    return good, broken


def _readable(copy: sqlite3.Connection, statement: str, pick: Sequence[int]) -> list[tuple[Any, ...]]:
    try:
        return copy.execute(statement, pick).fetchall()
    except sqlite3.OperationalError:  # a text that is no UTF-8: a damaged row, which the engine reports when it is used
        return []
