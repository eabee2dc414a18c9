"""A trip that is booked and then cancelled; whoever keeps hotels and trains is the tests' bank."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fsm_engine import Actions, Engine, Flows, load_flows
from tests.faults.bank import Bank
from tests.faults.frail_line import Line
from tests.support.flow_texts import write

TRIP = """
flow: trip
start: {phrases: [plan a trip]}
steps:
  - {ask: city, type: text 1..60, prompt: Which city?}
  - {do: hotel.book, send: [city], save_as: room, undo: hotel.cancel, retry: 2}
  - {do: train.book, send: [city], save_as: seat, undo: train.cancel, retry: 2}
  - {ask: meal, type: text 1..60, prompt: Which meal?}
  - {end: Have a good trip.}
"""
CANCELLED = ("plan a trip", "Rome", "cancel", "yes")
"""What is said: two actions, and then both are taken back."""
ORDER = ("hotel.book", "train.book", "train.cancel", "hotel.cancel")


@cache
def flows() -> Flows:
    """Read once."""
    with TemporaryDirectory() as folder:
        return load_flows(write(Path(folder), TRIP))


def bank_of(folder: Path) -> Bank:
    """Who knows keys: whatever is asked under one has one effect."""
    return Bank(folder / "ledger.db", knows_keys=True)


def opened(folder: Path, line: Line | None = None, **options: Any) -> AbstractAsyncContextManager[Engine]:
    """The engine over a database in the folder, with the ledger beside it."""
    actions = (line or Line(bank_of(folder), "keys")).register(Actions(), *ORDER)
    return Engine.open(f"sqlite:///{folder / 'bot.db'}", flows=flows(), actions=actions, **options)
