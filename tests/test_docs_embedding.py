"""The examples of the page on embedding that stand by themselves run as they are written."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fsm_engine.engine.stages import EXPECTED

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
WHOLE = [
    block for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) if "Engine.open" in block
]


@pytest.mark.parametrize("example", WHOLE, ids=lambda example: example.strip().splitlines()[-1].strip()[:40])
def test_an_example_runs_and_says_something(example: str) -> None:
    ran = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert ran.stderr == ""
    assert ran.stdout.strip()


def test_every_stage_stands_on_the_page_as_it_is_written() -> None:
    assert len(WHOLE) >= 3
    for stage, (_, written) in EXPECTED.items():
        assert f"| `{stage}` | `{written.removesuffix(': ...')}` |" in PAGE
