"""The command as people run it: in a folder of its own, and where it matters in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fsm_engine.cli.app import app

COMMAND = [sys.executable, "-m", "fsm_engine.cli"]
FLOW = """\
flow: hello
version: 1
start:
  intent: hello
  phrases: [begin]
steps:
  - ask: name
    type: person name
    prompt: What is your name?
  - ask: drink
    type: one of tea, coffee
    prompt: Which drink?
  - end: Here is your {drink}, {name}.
"""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a small bot in ``flows``: what a user's project looks like."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "bot.yaml").write_text("bot: little\nexpires: 1 day\n")
    (tmp_path / "flows" / "hello.yaml").write_text(FLOW)
    return tmp_path


@pytest.fixture
def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    # Python 3.12.0 to 3.12.3 warn of numbered parameters by mistake (python/cpython#117995).
    warnings = "error,ignore:Binding:DeprecationWarning" if (3, 12) <= sys.version_info < (3, 12, 4) else "error"
    return {**kept, "COLUMNS": "200", "TERM": "xterm", "PYTHONWARNINGS": warnings}


@pytest.fixture
def run_here(place: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `fsm-engine` in this process, for commands that leave nothing behind in it."""
    monkeypatch.chdir(place)
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def run_command(*words: str) -> Done:
        result = CliRunner().invoke(app, words, prog_name="fsm-engine", catch_exceptions=False)
        return Done(result.exit_code, result.stdout, result.stderr)

    return run_command


@pytest.fixture
def run(place: Path, environment: dict[str, str]) -> Run:
    """Runs `fsm-engine` with these words in the user's project, as a process."""

    def run_command(*words: str, typed: str = "", more: dict[str, str] | None = None) -> Done:
        done = subprocess.run(
            [*COMMAND, *words],
            cwd=place,
            env={**environment, **(more or {})},
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run_command
