"""The text of ``schema_v2.sql`` and the numbers by which a database tells that it was made from it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

SCHEMA_VERSION = 2
APPLICATION_ID = 0x46534D45  # "FSME"

_PACKAGE = Path(__file__).parents[1]


@cache
def schema_script() -> str:
    """The script, from the installed package or, in a checkout, from the project's root."""
    shipped = _PACKAGE / "shipped" / "schema_v2.sql"
    path = shipped if shipped.exists() else _PACKAGE.parent / "schema_v2.sql"
    return path.read_text(encoding="utf-8")
