"""How long reading flow files takes: ``python -m benchmarks.loading``.

Writes 1,000 flows of 20 steps to a temporary folder, reads them a few times and prints the best run in milliseconds
per flow. The target is 1 ms for reading and parsing. The garbage collector rests meanwhile, as it does when an engine
loads its flows; with it at work another fifth comes on top, spent on looking through values that stay.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from pathlib import Path

from fsm_engine.flow_files.folder import read_folder

FLOWS = 1000
RUNS = 3
TARGET_MS = 1.0

_OPENING = """\
flow: flow_{number}
version: 1
title: Generated flow {number}
start:
  phrases: [start flow {number}, I want number {number}, open {number}]
steps:
"""
# Five rounds of four steps: about what the shipped flows are made of.
_ROUND = """\
  - say: Let's go on with part {part}. You can say "back", "help" or "cancel" at any time.
  - ask: name_{part}
    type: person name
    prompt: What is the name of person {part}?
    help: We use it only in this conversation.
    again:
      - That does not look like a name.
      - Please type only the name.
  - ask: amount_{part}
    when: has(name_{part})
    type: money 25 USD..
    optional: true
    prompt: How much would you like to deposit for {{name_{part}}}?
  - do: accounts.deposit
    name: deposit_{part}
    send: [name_{part}, amount_{part}]
    save_as: receipt_{part}
    undo: accounts.withdraw
    retry: 2
"""


def flow_text(number: int) -> str:
    """One flow of 20 steps."""
    return _OPENING.format(number=number) + "".join(_ROUND.format(part=part) for part in range(5))


def best_ms_per_flow(flows: int = FLOWS, runs: int = RUNS) -> float:
    """Raises ``AssertionError`` when the generated flows do not load."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(flows):
            (Path(folder) / f"flow_{number}.yaml").write_text(flow_text(number), encoding="utf-8")
        best_s = float("inf")
        for _ in range(runs):
            gc.collect()
            gc.disable()
            began = time.perf_counter()
            found, problems = read_folder(folder)
            best_s = min(best_s, time.perf_counter() - began)
            gc.enable()
            assert len(found.flows) == flows, problems[:3]
    return best_s / flows * 1000


def main() -> int:
    """0 when the target is met, else 1."""
    ms = best_ms_per_flow()
    print(f"reading and parsing: {ms:.3f} ms per flow of 20 steps ({FLOWS} flows, best of {RUNS} runs)")
    print(f"target: at most {TARGET_MS:.1f} ms: {'met' if ms <= TARGET_MS else 'MISSED'}")
    return 0 if ms <= TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
