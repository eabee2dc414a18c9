"""What a long-lived file costs: the first turn of an old session in a small and a large file, and memory over time.

python -m benchmarks.resume [--json]
"""

from __future__ import annotations

import asyncio
import random
import resource
import tempfile
import time
from pathlib import Path

from rich.progress import track

from benchmarks.dialogue import FLOWS, bank, copies, recorded_turns
from benchmarks.table import Figure, show
from fsm_engine import Engine, Flows, load_flows
from fsm_engine.storage.open import open_store

FEW = 100
MANY = 100_000
SAMPLES = 60
ROUNDS = 5
SEED = 20261122
IDLE = (2_000, 20_000)


async def fill(path: Path, sessions: int) -> None:
    """A file of sessions that all wait at their second question."""
    turns = (await recorded_turns())[:2]
    store = await open_store(f"sqlite:///{path}")
    try:
        for turn in turns:
            rows = copies([turn], sessions)
            for start in track(range(0, sessions, 2_000), description=f"{sessions} sessions", transient=True):
                await asyncio.gather(*[store.commit(row) for row in rows[start : start + 2_000]])
    finally:
        await store.close()


async def first_turns(path: Path, sessions: int, flows: Flows, chance: random.Random) -> list[float]:
    """Milliseconds of the first turn of random old sessions, by an engine that has seen none of them."""
    waits = []
    async with Engine.open(f"sqlite:///{path}", flows=flows, actions=bank()) as engine:
        await engine.turn("warm-up", "I want to open an account")
        for number in chance.sample(range(sessions), SAMPLES):
            before = time.perf_counter()
            reply = await engine.turn(f"c{number}", "what did you ask?")
            waits.append((time.perf_counter() - before) * 1e3)
            assert reply.session.turn > 2, "the session was not resumed"
    return waits


async def resident_growth(path: Path, flows: Flows) -> float:
    """Resident memory after 20,000 idle sessions as a ratio to that after 2,000, which fill the cache."""
    sizes = []
    async with Engine.open(f"sqlite:///{path}", flows=flows, actions=bank(), hold_at_most=2_000) as engine:
        done = 0
        for goal in IDLE:
            while done < goal:
                texts = ("I want to open an account", "Ahmed Ali")
                for text in texts:
                    await asyncio.gather(*(engine.turn(f"idle{n}", text) for n in range(done, done + 100)))
                done += 100
            sizes.append(_resident_bytes())
    return sizes[1] / sizes[0]


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def figures() -> list[Figure]:
    """Small and large file measured in turns, in this run."""
    flows = load_flows(FLOWS)
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.db"), Path(folder, "large.db")
        asyncio.run(fill(small, FEW))
        asyncio.run(fill(large, MANY))
        waits: dict[Path, list[float]] = {small: [], large: []}
        for _ in range(ROUNDS):
            waits[small] += asyncio.run(first_turns(small, FEW, flows, chance))
            waits[large] += asyncio.run(first_turns(large, MANY, flows, chance))
        growth = asyncio.run(resident_growth(Path(folder, "memory.db"), flows))
    middle = {path: sorted(found)[len(found) // 2] for path, found in waits.items()}
    note = f"p50 {middle[large]:.2f} ms against {middle[small]:.2f} ms in a file with {FEW} sessions"
    return [
        Figure(
            f"first turn of an old session among {MANY:,}: ratio", middle[large] / middle[small], most=1.5, note=note
        ),
        Figure("resident memory, 20,000 idle sessions to 2,000: ratio", growth, most=1.1),
    ]


if __name__ == "__main__":
    show("Old sessions", figures())
