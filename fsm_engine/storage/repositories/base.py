"""What all repositories have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fsm_engine.errors import NotFound
from fsm_engine.storage.database import Database, Row, Step
from fsm_engine.storage.intake import Sql, storable
from fsm_engine.storage.seal import Seal

T = TypeVar("T")


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


def must_be_there(rows: list[Row], what: str, name: object) -> None:
    """Raises `NotFound` when a change met no row: there is none, or it belongs to another user."""
    if not rows:
        raise NotFound(f"there is no {what} '{name}'.")


def found(value: T | None, what: str, name: object) -> T:
    """The value. Raises `NotFound` when there is none, or it belongs to another user."""
    if value is None:
        raise NotFound(f"there is no {what} '{name}'.")
    return value
