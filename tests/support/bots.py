"""Small bots on real SQLite files, for tests of the engine."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any

from fsm_engine import Engine, Reply
from fsm_engine.testing.clock import VirtualClock
from tests.support.flow_texts import write

ORDER = """
flow: order
version: 1
title: ordering
start: {phrases: [I want to order]}
steps:
  - {ask: dish, type: text 1..60, prompt: Which dish?}
  - {ask: note, type: text, prompt: "Any wish for your {dish}?"}
  - {end: "{dish}: {note}."}
"""
"""Two questions."""

BUY = """
flow: buy
steps:
  - {ask: dish, type: text 1..60, prompt: Which dish?}
  - {do: shop.buy, send: [dish], save_as: number, time_limit: 20 s}
  - {end: "Bought {dish}: number {number}."}
"""
"""One question, then an action."""


class Bot:
    """A folder of flows beside a database file: what a deployed bot consists of."""

    def __init__(self, folder: Path, *flows: str) -> None:
        self.flows = folder / "flows"
        self.database = folder / "bot.db"
        self.clock = VirtualClock()
        self.write(*flows)

    @property
    def address(self) -> str:
        return f"sqlite:///{self.database}"

    def write(self, *flows: str) -> None:
        """Puts these flow files in the place of all earlier ones."""
        for old in self.flows.glob("*.yaml"):
            old.unlink()
        write(self.flows, *flows)

    def open(self, **options: Any) -> AbstractAsyncContextManager[Engine]:
        return Engine.open(self.address, **{"flows": self.flows, "clock": self.clock, **options})

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What stands in the file, read past the engine."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(statement, values).fetchall()

    def change(self, statement: str) -> None:
        """Changes the file behind the engine's back."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(statement)


def texts(reply: Reply) -> list[str]:
    return [message.text for message in reply.messages]


def slots(reply: Reply) -> Mapping[str, Any]:
    return dict(reply.session.slots)
