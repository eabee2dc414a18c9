"""Sizes and figures of the fault tests.

Every test prints its seed and what it counted, and appends both as one line of JSON to the file that ``FAULT_FIGURES``
names, if it names one.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

IS_LONG = os.environ.get("FAULTS") == "long"
SEED = int(os.environ.get("FAULT_SEED", "1"))


def size(short: int, long: int) -> int:
    """How often a fault is tried: in CI, and by `make faults`."""
    return long if IS_LONG else short


def record(test: str, *, seed: int = SEED, **figures: int | float | str) -> None:
    """Notes the figures of one test, such as ``record("T1", kills=40, acknowledged=812, lost=0)``."""
    line = json.dumps({"test": test, "seed": seed, **figures}, sort_keys=False)
    sys.stdout.write(f"{line}\n")
    place = os.environ.get("FAULT_FIGURES")
    if place:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
