"""`fsm-engine test`: transcripts by command."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run

GOOD = "transcript: Ana gets tea\nturns:\n  - user: begin\n  - user: Ana Lopez\n    at: drink\n"
BAD = "transcript: Ben is greeted\nturns:\n  - user: begin\n    bot: Hello Ben!\n"


@pytest.fixture
def transcripts(place: Path) -> Path:
    folder = place / "flows" / "transcripts"
    folder.mkdir()
    (folder / "good.yaml").write_text(GOOD)
    return folder


def test_passing_transcripts_are_counted(run_here: Run, transcripts: Path) -> None:
    done = run_here("test")

    assert (done.code, done.out, done.err) == (0, "1 passed, 0 failed\n", "")


def test_a_failing_transcript_is_told_with_its_place(run_here: Run, transcripts: Path) -> None:
    (transcripts / "bad.yaml").write_text(BAD)

    done = run_here("test")

    assert done.code == 1
    assert done.out.startswith(
        "flows/transcripts/bad.yaml:4:10: 'Ben is greeted', turn 1: the bot does not say this\n"
        "  expected: Hello Ben!\n"
        "  found:    What is your name?\n"
    )
    assert done.out.endswith("\n1 passed, 1 failed\n")


def test_results_come_as_json_too(run_here: Run, transcripts: Path) -> None:
    (transcripts / "bad.yaml").write_text(BAD)

    done = run_here("test", "flows", "--json")

    found = json.loads(done.out)
    bad, good = found["transcripts"]
    assert done.code == 1
    assert (found["passed"], found["failed"]) == (1, 1)
    assert good["passed"] is True
    assert (bad["file"], bad["failure"]["line"], bad["failure"]["turn"]) == ("flows/transcripts/bad.yaml", 4, 1)
    assert bad["failure"]["expected"] == "Hello Ben!"


def test_databases_can_be_kept_and_nothing_is_overwritten(run_here: Run, transcripts: Path, place: Path) -> None:
    first = run_here("test", "--database-dir", "plays")
    second = run_here("test", "--database-dir", "plays")

    kept = sorted(place.glob("plays/*/001-good.db"))
    assert first.code == second.code == 0
    assert len(kept) == 2
    with closing(sqlite3.connect(kept[0])) as connection:
        assert connection.execute("SELECT fsm_state FROM sessions").fetchall() == [("drink",)]


def test_without_transcripts_nothing_is_played(run_here: Run) -> None:
    done = run_here("test")

    assert (done.code, done.out) == (0, "0 passed, 0 failed\n")
