"""What all repositories have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final, TypeVar

from fsm_engine.errors import InvalidArgument, NotFound
from fsm_engine.storage.database import Database, Row, Step
from fsm_engine.storage.intake import Sql, storable
from fsm_engine.storage.seal import Seal

T = TypeVar("T")
ANY_KEY: Final = 2**63 - 1
"""Above every key and number that there is."""
_MOMENT = re.compile(r"\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{6})?Z)?)?)?")


class Repository:
    """Rows of one kind, made into values by ``make``."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    async def _all(self, make: Callable[..., T], statement: str, *values: Sql) -> list[T]:
        return [make(*row) for row in await self._database.rows(statement, *values)]

    async def _sound(self, make: Callable[[Row, Seal], T], statement: str, *values: Sql) -> list[T]:
        """Rows that end with a hash, which ``make`` holds them against."""
        return [make(row, self._seal) for row in await self._database.rows(statement, *values)]

    async def _first(self, make: Callable[..., T], statement: str, *values: Sql) -> T | None:
        rows = await self._database.rows(statement, *values)
        return make(*rows[0]) if rows else None

    async def _change(self, *steps: Step) -> list[Row]:
        """What the first step returned, once all are committed. Raises `InvalidArgument` for text no store can keep."""
        for _, values in steps:
            for value in values:
                if isinstance(value, str):
                    storable(value)
        returned = await self._database.change(*steps)
        return returned[0]


def at_most(limit: int) -> int:
    """The limit. Raises `InvalidArgument` for one below 1: to SQLite a negative one means all there are."""
    if not isinstance(limit, int) or not 1 <= limit <= ANY_KEY:
        raise InvalidArgument(f"limit: {limit!r} is not allowed. Ask for at least 1.")
    return limit


def one_of(allowed: Collection[str], what: str, value: str | None) -> str | None:
    """The value, or None. Raises `InvalidArgument` for one that there is not, which would find nothing."""
    if value is not None and value not in allowed:
        raise InvalidArgument(f"{what}: {value!r} is none. Choose from {', '.join(allowed)}.")
    return value


def moment(what: str, text: str) -> str:
    """The time. Raises `InvalidArgument` for what is no time as stored ones are, or the beginning of one.

    >>> moment("now", "2026-01-31T09:30:00.000000Z"), moment("since", "2026-01")
    ('2026-01-31T09:30:00.000000Z', '2026-01')
    """
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        raise InvalidArgument(f"{what}: {text!r} is no time. Give UTC text such as 2026-01-31T09:30:00.000000Z.")
    return text


def must_be_there(rows: list[Row], what: str, name: object) -> None:
    """Raises `NotFound` when a change met no row: there is none, or it belongs to another user."""
    if not rows:
        raise NotFound(f"there is no {what} '{name}'.")


def found(value: T | None, what: str, name: object) -> T:
    """The value. Raises `NotFound` when there is none, or it belongs to another user."""
    if value is None:
        raise NotFound(f"there is no {what} '{name}'.")
    return value
