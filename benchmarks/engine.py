"""Whole turns of `create_account` per second, as a ratio to bare sqlite3 writing the very same rows in the same run.

The engine does all it does for a bot: canonical text, risk stage, intent, reading, advance, commit with
synchronous=FULL, actions. The floor computes nothing: it writes, one transaction per turn. Floor and engine take turns,
and the ratio is to the mean of the floor before and after.

    python -m benchmarks.engine [--json] [--write TABLE] [--peers]

``--write`` puts the table into docs/performance.md, under that name. ``--peers`` measures other tools instead, beside
this engine and the floor: see `benchmarks.peers`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dialogue import FLOWS, TURNS_PER_DIALOGUE, bank, converse, copies, recorded_turns, texts_of
from benchmarks.floor import bare_turns_per_second
from benchmarks.page import write
from benchmarks.table import Figure, show
from fsm_engine import Engine, load_flows

DIALOGUES = 400
ROUNDS = 3

NewLoop = Callable[[], asyncio.AbstractEventLoop]


@dataclass(frozen=True, slots=True)
class Measured:
    turns_per_second: float
    floor: float
    p50_ms: float
    p99_ms: float

    @property
    def ratio(self) -> float:
        return self.turns_per_second / self.floor


async def engine_speed(path: Path, conversations: int, dialogues: int) -> tuple[float, list[float]]:
    """Turns per second, and how long each caller waited, in milliseconds."""
    waits: list[float] = []
    flows = load_flows(FLOWS)

    async def talk(engine: Engine, number: int) -> None:
        for round_number in range(dialogues // conversations):
            await converse_timed(engine, number, round_number, waits)

    async with Engine.open(f"sqlite:///{path}", flows=flows, actions=bank()) as engine:
        await converse(engine, "warm-up")
        started = time.perf_counter()
        await asyncio.gather(*(talk(engine, number) for number in range(conversations)))
        elapsed = time.perf_counter() - started
    return dialogues // conversations * conversations * TURNS_PER_DIALOGUE / elapsed, waits


async def converse_timed(engine: Engine, person: int, round_number: int, waits: list[float]) -> None:
    """As `converse`, noting how long each call took. Everybody says something else, as nothing may be known already."""
    conversation_id = f"c{person}"
    for number, text in enumerate(texts_of(1000 * round_number + person)):
        before = time.perf_counter()
        await engine.turn(conversation_id, text, request_id=f"{round_number}-{number}")
        waits.append((time.perf_counter() - before) * 1e3)


def measure(conversations: int, dialogues: int, new_loop: NewLoop | None = None) -> Measured:
    """The engine between two runs of the floor, whose rows are not there while the engine runs: the garbage collector
    would go through all of them.
    """
    turns = asyncio.run(recorded_turns())
    copied = min(dialogues, 200)
    with tempfile.TemporaryDirectory() as folder:
        before = bare_turns_per_second(Path(folder, "before.db"), copies(turns, copied))
        with asyncio.Runner(loop_factory=new_loop) as runner:
            speed, waits = runner.run(engine_speed(Path(folder, "engine.db"), conversations, dialogues))
        after = bare_turns_per_second(Path(folder, "after.db"), copies(turns, copied))
    waits.sort()
    return Measured(speed, (before + after) / 2, waits[len(waits) // 2], waits[len(waits) * 99 // 100])


def figures() -> list[Figure]:
    """The median of three measurements each at 1, 64 and 1,000 conversations at once, and on uvloop where it is."""
    loops: dict[str, NewLoop | None] = {"": None}
    with suppress(ImportError):
        import uvloop

        loops[", on uvloop"] = uvloop.new_event_loop
    goals = {1: (0.35, None), 64: (0.8, 40.0), 1000: (None, None)}
    return [
        figure
        for loop, new_loop in loops.items()
        for conversations, goal in goals.items()
        if new_loop is None or conversations < max(goals)
        for figure in _figures_at(conversations, loop, new_loop, *goal)
    ]


def _figures_at(
    conversations: int, loop: str, new_loop: NewLoop | None, least_ratio: float | None, most_p99: float | None
) -> list[Figure]:
    dialogues = DIALOGUES if conversations == 1 else max(conversations, 20 * 64)
    runs = sorted((measure(conversations, dialogues, new_loop) for _ in range(ROUNDS)), key=lambda one: one.ratio)
    middle = runs[ROUNDS // 2]
    label = f"{conversations} at once{loop}"
    note = f"{middle.turns_per_second:.0f} turns/s, floor {middle.floor:.0f}/s, p50 {middle.p50_ms:.1f} ms"
    return [
        Figure(f"engine, {label}: ratio to the floor", middle.ratio, least=least_ratio, note=note),
        Figure(f"engine, {label}: p99, ms", middle.p99_ms, most=most_p99),
    ]


if __name__ == "__main__":
    if "--peers" in sys.argv:
        from benchmarks.peers.__main__ import main

        sys.exit(main())
    found = figures()
    show("Turns", found)
    if "--write" in sys.argv:
        write({sys.argv[sys.argv.index("--write") + 1]: found})
