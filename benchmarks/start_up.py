"""What starting costs: importing the package, and opening 1,000 flows of 20 steps.

python -m benchmarks.start_up [--json]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.table import Figure, show
from fsm_engine import load_flows

FLOWS = 1_000
STEPS = 20
ROUNDS = 5
IMPORT_ALL = """
import time
started = time.perf_counter()
import fsm_engine
first = time.perf_counter()
from fsm_engine import Engine
print((first - started) * 1e3, (time.perf_counter() - started) * 1e3)
"""


def write_flows(folder: Path) -> None:
    """Flows of questions with guards, bounds, placeholders and help, each with an intent of its own."""
    for number in range(FLOWS):
        steps = "".join(_step(number, step) for step in range(STEPS))
        start = f"start:\n  intent: intent_{number}\n  phrases: [start flow {number}, go to number {number}]\n"
        text = f"flow: flow_{number}\nversion: 1\n{start}steps:\n{steps}"
        (folder / f"flow_{number}.yaml").write_text(text, encoding="utf-8")


def _step(flow: int, step: int) -> str:
    if step % 3 == 0:
        guard = f"    when: has(slot_{step - 1})\n" if step else ""
        return (
            f"  - ask: slot_{step}\n{guard}    type: whole number 0..10\n    prompt: How many?\n    help: Any number.\n"
        )
    return f"  - ask: slot_{step}\n    type: text 1..60\n    prompt: What about {flow}, {{slot_{step - 1}}}?\n"


def _import_times() -> tuple[float, float]:
    """Milliseconds of importing the package, and of the package with the engine, as installed programs do it."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    words = [sys.executable, "-c", IMPORT_ALL]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    package, engine = map(float, ran.stdout.split())
    return package, engine


def figures() -> list[Figure]:
    """Medians of five."""
    imports = [_import_times() for _ in range(ROUNDS + 1)][1:]  # the first one may have to compile
    with tempfile.TemporaryDirectory() as folder:
        write_flows(Path(folder))
        loads = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            load_flows(folder)
            loads.append(time.perf_counter() - started)
    return [
        Figure("import fsm_engine, ms", statistics.median(package for package, _ in imports), most=150),
        Figure("the same with Engine, ms", statistics.median(engine for _, engine in imports)),
        Figure(f"opening {FLOWS:,} flows of {STEPS} steps, s", statistics.median(loads), most=2),
    ]


if __name__ == "__main__":
    show("Start", figures())
