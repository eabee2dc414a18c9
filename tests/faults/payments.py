"""Payments at the tests' bank over a line that fails, and the lives of the processes that ask for them."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fsm_engine import Actions, Engine, Flows, load_flows
from fsm_engine.engine import leases
from fsm_engine.failpoints import FAILPOINTS, VARIABLE, armed, counted
from tests.faults import trips
from tests.faults.bank import PAY, Bank
from tests.faults.frail_line import ALWAYS, TROUBLES, Ability, Line
from tests.support.flow_texts import write

FLOW = """
flow: pay
start: {phrases: [I want to pay]}
steps:
  - {ask: amount, type: text 1..60, prompt: How much?}
  - {do: bank.pay, send: [amount], save_as: number, retry: 2, time_limit: PATIENCE, give_up: skip}
  - {ask: note, type: text 1..60, prompt: What for?}
  - {end: "{amount} for {note}."}
"""
ONCE = ("I want to pay", "25", "a bicycle")
TWICE = (*ONCE, "I want to pay", "25", "the same bicycle")
"""The same request again, in a session of its own."""
DIALOGUES: Mapping[str, tuple[str, ...]] = {"once": ONCE, "twice": TWICE, "trip": trips.CANCELLED}
PATIENCE: Mapping[bool, str] = {True: "50 ms", False: "30 s"}
"""How long a call may take, where it never ends, and elsewhere."""
RENEW_EVERY_S = 0.015


@dataclass(frozen=True, slots=True)
class Case:
    """What the bank can do, what goes wrong in a call, and what is said. As JSON it is a program's argument."""

    ability: Ability
    trouble: str = "nothing"
    times: int = ALWAYS
    on: tuple[str, ...] = ()
    dialogue: str = "once"

    @property
    def is_slow(self) -> bool:
        return TROUBLES[self.trouble].hangs

    @property
    def passes(self) -> bool:
        """Whether the trouble is over before the tries are."""
        return self.times < ALWAYS or self.trouble == "nothing"


@dataclass(frozen=True, slots=True)
class Life:
    """How a process lives. ``failpoint``: where it dies, or ``count``. ``work``: at which step of the bank's work.

    ``waits_in``: in which calls, and at which failpoint, it says so and waits for an order. ``ahead_s``: its clock.
    ``says``: which messages it is sent, all if None. ``recovers``: before any of them. ``redelivers``: they all come
    once more.
    """

    failpoint: str = ""
    work: int = 0
    waits_in: tuple[str, ...] = ()
    ahead_s: int = 0
    says: tuple[int, ...] | None = None
    recovers: bool = True
    redelivers: bool = False


@cache
def flows(patience: str) -> Flows:
    """Read once for each time limit of a call."""
    with TemporaryDirectory() as folder:
        return load_flows(write(Path(folder), FLOW.replace("PATIENCE", patience)))


def bank_of(folder: Path, case: Case, at_work: Callable[[], None] | None = None) -> Bank:
    return Bank(folder / "bank.db", knows_keys=case.ability == "keys", at_work=at_work)


def opened(folder: Path, case: Case, line: Line, life: Life) -> AbstractAsyncContextManager[Engine]:
    """The engine of one life. It makes no pause between two tries; where a call hangs, leases are renewed meanwhile."""
    if case.is_slow:
        leases.RENEW_EVERY_S = RENEW_EVERY_S
    options: dict[str, Any] = {
        "clock": lambda: datetime.now(UTC) + timedelta(seconds=life.ahead_s),
        "chance": lambda: 0.0,
    }
    if case.dialogue == "trip":
        return trips.opened(folder, line, **options)
    actions = line.register(Actions(), PAY)
    read = flows(PATIENCE[case.is_slow])
    return Engine.open(f"sqlite:///{folder / 'bot.db'}", flows=read, actions=actions, **options)


@contextmanager
def lived(life: Life, wait: Callable[[str], None]) -> Iterator[Mapping[str, int] | None]:
    """Its failpoints are armed; how often each was reached, where that is counted."""
    with ExitStack() as stack:
        if life.failpoint == "count":
            yield stack.enter_context(counted())
            return
        if life.failpoint:
            os.environ[VARIABLE] = life.failpoint
        for name in FAILPOINTS.keys() & set(life.waits_in):
            stack.enter_context(armed(name, how=wait))
        yield None


def line_of(folder: Path, case: Case, life: Life, wait: Callable[[str], None]) -> tuple[Line, Counter[str]]:
    """The line to the bank, and how many steps of work the bank has done."""
    steps: Counter[str] = Counter()

    def at_work() -> None:
        steps["work"] += 1
        if steps["work"] == life.work:
            os.kill(os.getpid(), signal.SIGKILL)

    def meanwhile(what: str) -> None:
        if what in life.waits_in:
            wait(what)

    bank = bank_of(folder, case, at_work if life.work or life.failpoint == "count" else None)
    return Line(bank, case.ability, case.trouble, case.times, case.on, meanwhile), steps


def wait_for_order(say: Callable[[Any], None], what: str) -> None:
    """Says where it is and stands still, all of it, until it is told to go on."""
    say([what, "", 0])
    sys.stdin.buffer.readline()


def as_json(value: Case | Life) -> dict[str, Any]:
    return asdict(value)


def case_of(told: dict[str, Any]) -> Case:
    return Case(**{**told, "on": tuple(told["on"])})


def life_of(told: dict[str, Any]) -> Life:
    says = told["says"]
    return Life(**{**told, "waits_in": tuple(told["waits_in"]), "says": None if says is None else tuple(says)})
