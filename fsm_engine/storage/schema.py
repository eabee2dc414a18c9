"""The text of ``schema_v2.sql`` and the numbers by which a database tells that it was made from it."""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path

SCHEMA_VERSION = 2
APPLICATION_ID = 0x46534D45  # "FSME"

_PACKAGE = Path(__file__).parents[1]
_BEGIN = "BEGIN IMMEDIATE;"
_COMMIT = "COMMIT;"


@cache
def schema_script() -> str:
    """The script, from the installed package or, in a checkout, from the project's root."""
    shipped = _PACKAGE / "shipped" / "schema_v2.sql"
    path = shipped if shipped.exists() else _PACKAGE.parent / "schema_v2.sql"
    return path.read_text(encoding="utf-8")


@cache
def schema_statements() -> tuple[str, ...]:
    """What stands between the script's BEGIN and COMMIT, one by one, for a caller with a transaction of its own."""
    statements: list[str] = []
    statement = ""
    for line in schema_script().splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            statements.append(_without_comments_before(statement))
            statement = ""
    return tuple(statements[statements.index(_BEGIN) + 1 : statements.index(_COMMIT)])


def _without_comments_before(statement: str) -> str:
    lines = statement.strip().splitlines()
    first = next(number for number, line in enumerate(lines) if line.strip() and not line.startswith("--"))
    return "\n".join(lines[first:])
