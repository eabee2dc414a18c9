"""What a revision is given: a connection inside a transaction, the time, a place for losses and for progress."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, cast

from fsm_engine.errors import StartUpError

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.engine import Connection

Progress: TypeAlias = Callable[[int, int], None]
"""Called with rows done and rows in all, now and then."""

ROWS_PER_REPORT = 1000


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that the older schema has no place for."""

    what: str
    rows: int

    def __str__(self) -> str:
        return f"{self.what}: {self.rows}"


@dataclass(slots=True)
class Work:
    """One run of revisions. ``now`` is UTC text; ``rows`` counts the messages that were moved."""

    place: str
    now: str
    progress: Progress
    losses: list[Loss] = field(default_factory=list)
    rows: int = 0

    def lose(self, what: str, rows: int) -> None:
        """Notes a loss, unless there is nothing to lose."""
        if rows:
            self.losses.append(Loss(what, rows))

    def moved_one(self, total: int) -> None:
        """Counts a row, and reports every thousandth and the last."""
        self.rows += 1
        if self.rows % ROWS_PER_REPORT == 0 or self.rows == total:
            self.progress(self.rows, total)

    def refuse(self, why: str) -> StartUpError:
        """The error that ends this run; nothing of it is stored."""
        return StartUpError(f"{self.place}: {why}")


def database_of(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, for work that goes row by row."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def work_of(context: MigrationContext) -> Work:
    """What `migrating.migrate` passed along."""
    assert context.config is not None
    return cast("Work", context.config.attributes["work"])
