"""A trip that is booked and then cancelled, and a ledger outside the engine's database of what stands in the world."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractAsyncContextManager, closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fsm_engine import ActionCall, Actions, Engine, Flows, load_flows
from tests.support.flow_texts import write

TRIP = """
flow: trip
start: {phrases: [plan a trip]}
steps:
  - {ask: city, type: text 1..60, prompt: Which city?}
  - {do: hotel.book, send: [city], save_as: room, undo: hotel.cancel}
  - {do: train.book, send: [city], save_as: seat, undo: train.cancel}
  - {ask: meal, type: text 1..60, prompt: Which meal?}
  - {end: Have a good trip.}
"""
CANCELLED = ("plan a trip", "Rome", "cancel", "yes")
"""What is said: two actions, and then both are taken back."""
_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS calls (number INTEGER PRIMARY KEY, action TEXT NOT NULL, key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS effects (number INTEGER PRIMARY KEY, action TEXT NOT NULL, key TEXT NOT NULL UNIQUE);
"""


class Ledger:
    """Who keeps it knows keys: whatever is asked of it under one has one effect. It commits before it answers."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._open() as ledger:
            ledger.executescript(_SCHEMA)

    def actions(self) -> Actions:
        actions = Actions()
        for thing in ("hotel", "train"):
            for verb in ("book", "cancel"):
                actions.action(f"{thing}.{verb}", idempotent=True)(self._act(f"{thing}.{verb}"))
        return actions

    def calls(self) -> list[tuple[str, str]]:
        return self._rows("SELECT action, key FROM calls ORDER BY number")

    def effects(self) -> list[tuple[str, str]]:
        return self._rows("SELECT action, key FROM effects ORDER BY number")

    def _act(self, action: str) -> Any:
        def act(call: ActionCall) -> int:
            key = call.idempotency_key
            with self._open() as ledger:
                ledger.execute("INSERT INTO calls (action, key) VALUES (?, ?)", (action, key))
                ledger.execute("INSERT OR IGNORE INTO effects (action, key) VALUES (?, ?)", (action, key))
                (number,) = ledger.execute("SELECT number FROM effects WHERE key = ?", (key,)).fetchone()
            return int(number)

        return act

    def _rows(self, statement: str) -> list[tuple[str, str]]:
        with self._open() as ledger:
            return ledger.execute(statement).fetchall()

    def _open(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self._file, timeout=60, isolation_level=None))


@cache
def flows() -> Flows:
    """Read once."""
    with TemporaryDirectory() as folder:
        return load_flows(write(Path(folder), TRIP))


def opened(folder: Path, **options: Any) -> AbstractAsyncContextManager[Engine]:
    """The engine over a database in the folder, with the ledger beside it."""
    actions = Ledger(folder / "ledger.db").actions()
    return Engine.open(f"sqlite:///{folder / 'bot.db'}", flows=flows(), actions=actions, **options)
