"""Rows by plain sqlite3, for tools that bring no storage: write-ahead log, synchronous=FULL, a transaction per row."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Rows:
    """One connection for all threads, each statement by itself, committed when `write` returns."""

    def __init__(self, path: Path, table: str) -> None:
        self._one_at_a_time = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(table)

    def read(self, statement: str, *values: object) -> list[Any]:
        with self._one_at_a_time:
            return self._connection.execute(statement, values).fetchall()

    def write(self, statement: str, values: Sequence[object]) -> None:
        with self._one_at_a_time:
            self._connection.execute(statement, values)

    def close(self) -> None:
        self._connection.close()
