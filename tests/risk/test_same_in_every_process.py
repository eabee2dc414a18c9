"""What is found in a message does not depend on the process that reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
from fsm_engine.understanding.risk_phrases import build_detector

detector = build_detector()
for text in (
    "I am going to kill myself tonight",
    "I'm going to kill him and then myself, I have a gun and a plan for tonight",
    "they hit me and touch me and I cut myself and I want to die",
    "me quiero morir, mi padre me pega y me corto",
    "k1ll mys3lf t0night, i want too dye",
):
    print([(found.level, found.category, found.phrase) for found in detector.detect(text)])
"""


def findings_with(hash_seed: int) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_every_process_finds_the_same_phrase() -> None:
    first, *others = (findings_with(seed) for seed in range(1, 6))

    assert first.count("high") > 2
    assert set(others) == {first}
