"""What repositories need of a database: rows of a named statement, and changes that happen together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from fsm_engine.storage.intake import Sql

Row: TypeAlias = tuple[Any, ...]
Step: TypeAlias = tuple[str, Sequence[Sql]]
"""A statement and its values."""


class Database(Protocol):
    """A database that several callers may use at once; cancelling a caller leaves nothing held.

    All methods raise the storage errors of `fsm_engine.errors` and nothing of the driver's.
    """

    async def rows(self, statement: str, *values: Sql) -> list[Row]:
        """What a reading statement gives: of one moment, and all that was committed before the call."""
        ...

    async def change(self, *steps: Step) -> list[list[Row]]:
        """The rows that each step returned, once all of them are committed in one transaction."""
        ...

    async def move_log(self) -> None:
        """Moves what the log holds into the file.

        Left to SQLite, that is done by whoever commits when the log is long, and takes longer than what was committed.
        """
        ...

    async def rewrite(self) -> None:
        """Writes every row anew, so that the files hold nothing of deleted ones but what the log still does.

        Changes wait for it; reading goes on.
        """
        ...

    async def empty_log(self) -> bool:
        """Whether the log could be emptied; False when others read from it. Call it again then; nobody waits for it."""
        ...
