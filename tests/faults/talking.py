"""The flows that the fault tests talk to, and the engine that runs them."""

from __future__ import annotations

import hashlib
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fsm_engine import Engine, Flows, Reply, load_flows
from fsm_engine.model.codec import encode
from tests.faults.bank import Bank
from tests.faults.figures import size
from tests.support.flow_texts import write

PAY = """
flow: pay
start: {phrases: [I want to pay]}
steps:
  - ask: amount
    type: text 1..60
    prompt: How much?
    checks: [{call: bank.is_open, error: The bank is closed.}]
  - {do: bank.pay, send: [amount], save_as: number, give_up: skip}
  - {ask: note, type: text 1..60, prompt: "Paid: {number}. What for?"}
  - {end: "{amount} for {note}."}
"""
TALK = """
flow: talk
start: {phrases: [let us talk]}
steps:
  - {ask: first, type: text 1..60, prompt: First?}
  - {ask: second, type: text 1..60, prompt: Second?}
  - {end: "{first} and {second}."}
"""
DIALOGUE = ("I want to pay", "25", "I want to hurt myself", "I am safe", "a bicycle", "thanks")[: size(4, 6)]
"""What is said to ``pay``: a check, an action, a risk that is found, an end; in the long form also a new session."""


@cache
def flows() -> Flows:
    """Both flows, read once."""
    with TemporaryDirectory() as folder:
        return load_flows(write(Path(folder), PAY, TALK))


def bank_of(folder: Path, *, knows_keys: bool = True) -> Bank:
    return Bank(folder / "bank.db", knows_keys=knows_keys)


def opened(folder: Path, bank: Bank, *, name: str = "bot.db", **options: Any) -> AbstractAsyncContextManager[Engine]:
    """The engine over a database in the folder, with both flows."""
    return Engine.open(f"sqlite:///{folder / name}", **{"flows": flows(), "actions": bank.actions(), **options})


def identity(reply: Reply) -> str:
    """The same for replies that differ in nothing but ``duplicate``."""
    return hashlib.blake2b(encode(replace(reply, duplicate=False)), digest_size=8).hexdigest()
