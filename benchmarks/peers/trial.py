"""All tools in turn, round after round, between runs of the floor; each tool lives in a process of its own.

Tools change the process they are imported into (Chatsky replaces parts of asyncio), so none shares one with another.
The floor is bare sqlite3 writing what this engine writes for the dialogue (see `benchmarks.floor`); a tool's ratio is
to the mean of the floor before and after it, both counted in messages. On a disk that others use at the same time the
floor falls to a fraction, and then tools that share commits look better than they are: so what counts are runs in quiet
moments, when the floor before and after was near the best that the whole trial saw, and others are repeated.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from multiprocessing.pool import Pool
from pathlib import Path
from typing import TypeVar

from benchmarks.dialogue import TEXTS, TURNS_PER_DIALOGUE, copies, recorded_turns
from benchmarks.floor import bare_turns_per_second
from benchmarks.peers.conduct import Conduct, conduct_of
from benchmarks.peers.peer import Peer
from benchmarks.peers.speed import Speed, speed_of
from fsm_engine.storage.turn_rows import TurnToCommit

T = TypeVar("T")

AT_ONCE = (1, 64)
ROUNDS = 3
SECONDS_PER_RUN = 1.0
QUIET = 0.6
"""A moment is quiet when the floor reaches this part of its best."""
NO_RUN_AFTER_S = 150.0
"""Nothing is measured a second time after that: all is over within three minutes, with fewer runs on a busy machine."""
PATIENCE_S = 60.0
"""For one answer of one tool's process; past that it counts as failed."""
DIALOGUES_OF_FLOOR = 60


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement of a tool, and the floor before and after it in messages per second."""

    speed: Speed
    before: float
    after: float

    @property
    def floor(self) -> float:
        return (self.before + self.after) / 2

    @property
    def ratio(self) -> float:
        return self.speed.messages_per_second / self.floor

    def is_quiet(self, best_floor: float) -> bool:
        return min(self.before, self.after) >= QUIET * best_floor


@dataclass(slots=True)
class Trial:
    """What was found out about one tool. ``failure`` tells why there is nothing, or nothing more."""

    peer: Peer
    failure: str = ""
    conduct: Conduct | None = None
    runs: dict[int, list[Run]] = field(default_factory=dict)

    def quiet(self, at_once: int, best_floor: float) -> list[Run]:
        return [run for run in self.runs.get(at_once, ()) if run.is_quiet(best_floor)]

    def middle(self, at_once: int, best_floor: float) -> Run | None:
        """The median of the quiet runs by their ratio; where none was quiet, the one with the fastest floor."""
        quiet = sorted(self.quiet(at_once, best_floor), key=lambda run: run.ratio)
        if quiet:
            return quiet[len(quiet) // 2]
        return max(self.runs.get(at_once, ()), key=lambda run: run.floor, default=None)


def best_floor(trials: Sequence[Trial]) -> float:
    """The fastest that the floor was around any run, in messages per second; 0 without runs."""
    runs = (run for trial in trials for runs in trial.runs.values() for run in runs)
    return max((max(run.before, run.after) for run in runs), default=0.0)


def conduct(peer: Peer) -> Conduct:
    """`conduct_of`, from a process without an event loop."""
    return asyncio.run(conduct_of(peer))


def measure(
    peers: Sequence[Peer],
    *,
    rounds: int = ROUNDS,
    seconds: float = SECONDS_PER_RUN,
    progress: Callable[[str], None] = lambda what: None,
) -> list[Trial]:
    """A trial for every tool, in the order given; those that are not installed have their reason and nothing else."""
    started = time.perf_counter()
    trials = [Trial(peer, _reason(peer)) for peer in peers]
    if all(trial.failure for trial in trials):
        return trials
    with ExitStack() as stack:
        pools = {id(trial): stack.enter_context(_process()) for trial in trials if not trial.failure}
        for trial in trials:
            progress(f"{trial.peer.name}: conduct")
            trial.conduct = _ask(trial, pools, conduct)
        _measure_speeds(
            trials, pools, rounds=rounds, seconds=seconds, until=started + NO_RUN_AFTER_S, progress=progress
        )
    return trials


def _measure_speeds(
    trials: Sequence[Trial],
    pools: dict[int, Pool],
    *,
    rounds: int,
    seconds: float,
    until: float,
    progress: Callable[[str], None],
) -> None:
    """Round after round, until each tool has ``rounds`` quiet runs at each load, or the time is up."""
    floor = _Floor()
    for number in range(1, 2 * rounds):
        for trial, at_once in product(trials, AT_ONCE):
            if number > 1 and time.perf_counter() > until:
                return
            if len(trial.quiet(at_once, floor.best)) >= min(number, rounds):
                continue
            progress(f"{trial.peer.name}, {at_once} at once: round {number}")
            before = floor.latest
            speed = _ask(trial, pools, speed_of, at_once, seconds)
            if speed is not None:
                trial.runs.setdefault(at_once, []).append(Run(speed, before, floor.again()))


def _process() -> Pool:
    """A fresh interpreter with one worker, ended with its context."""
    return multiprocessing.get_context("spawn").Pool(1)


def _ask(trial: Trial, pools: dict[int, Pool], work: Callable[..., T], *values: object) -> T | None:
    """What the tool's process answers; None from the first failure on."""
    if trial.failure:
        return None
    try:
        return pools[id(trial)].apply_async(work, (trial.peer, *values)).get(PATIENCE_S)
    except multiprocessing.TimeoutError:
        trial.failure = f"failed: no answer within {PATIENCE_S:g} s"
    except Exception as error:  # noqa: BLE001 - a tool that does not work here is a row of the table, not the end of it
        trial.failure = f"failed: {type(error).__name__}: {error}"
    return None


def _reason(peer: Peer) -> str:
    return f"not installed: {', '.join(peer.missing)}" if peer.missing else ""


class _Floor:
    """Bare sqlite3, in messages per second: its last run and its best."""

    def __init__(self) -> None:
        self._rows: list[TurnToCommit] = copies(asyncio.run(recorded_turns()), DIALOGUES_OF_FLOOR)
        self.best = 0.0
        self.latest = self.again()

    def again(self) -> float:
        with tempfile.TemporaryDirectory() as folder:
            turns = bare_turns_per_second(Path(folder, "floor.db"), self._rows)
        self.latest = turns * len(TEXTS) / TURNS_PER_DIALOGUE
        self.best = max(self.best, self.latest)
        return self.latest
