"""T24: a program ends soon, however it ends, and what it acknowledged is stored. proves: P1, P2, P6, C5"""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.figures import IS_LONG, record, size
from tests.support.flow_texts import write
from tests.support.leaving import ACKNOWLEDGED_BEFORE, CONVERSATIONS, FLOWS

ROOT = Path(__file__).parents[2]
ENDS_WITHIN_S = 2.0 if IS_LONG else 20.0
"""The promise is 2 s. In the short form, on machines that do much else, only what hangs is a failure."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: ``lines`` are all that it said but its acknowledgements."""

    code: int
    acknowledged: frozenset[str]
    lines: tuple[str, ...]
    err: str
    took_s: float

    def said(self, line: str) -> int:
        return self.lines.count(line)


def run(folder: Path, program: str, *, send: signal.Signals | None = None) -> Ended:
    """The end of one of the programs of `tests.support.leaving`, after a signal when one is to be sent."""
    write(folder / "flows", *FLOWS)
    started = subprocess.Popen(
        [sys.executable, "-W", "always", "-m", "tests.support.leaving", program, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    lines: list[str] = []
    left_at = 0.0
    if send is not None:
        lines = [started.stdout.readline().strip() for _ in range(ACKNOWLEDGED_BEFORE)]
        started.send_signal(send)
        left_at = time.monotonic()
    try:
        out, err = started.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        started.kill()
        out, err = started.communicate()
        pytest.fail(f"'{program}' did not end: {err[-2000:]}")
    ended_at = time.monotonic()
    lines += out.splitlines()
    left = [float(line.split()[1]) for line in lines if line.startswith("leaving ")]
    took = ended_at - (left_at or (left or [ended_at])[0])
    acknowledged = frozenset(line for line in lines if line.startswith(("chat ", "the parent")))
    others = tuple(line for line in lines if line not in acknowledged and not line.startswith("leaving "))
    return Ended(started.returncode, acknowledged, others, err, took)


def must_be_whole(folder: Path, ended: Ended) -> None:
    """Fails when an acknowledged turn is missing, or a conversation is between two turns."""
    with closing(sqlite3.connect(folder / "bot.db")) as connection:
        stored = {request for (request,) in connection.execute("SELECT request_id FROM turns")}
        uneven = connection.execute(
            "SELECT c.id FROM conversations AS c"
            " WHERE c.version <> (SELECT count(*) FROM turns WHERE conversation = c.key)"
            " OR c.message_count <> (SELECT count(*) FROM messages WHERE conversation = c.key)"
        ).fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert len(ended.acknowledged) >= ACKNOWLEDGED_BEFORE
    assert ended.acknowledged - stored == set()
    assert uneven == []


def must_end_well(folder: Path, program: str, code: int, *, send: signal.Signals | None = None) -> Ended:
    ended = run(folder, program, send=send)
    must_be_whole(folder, ended)
    assert ended.code == code, ended.err[-2000:]
    assert ended.took_s < ENDS_WITHIN_S
    how = f"{program}, {send.name}" if send else program
    record("T24", what=how, programs=1, acknowledged=len(ended.acknowledged), lost=0, longest_s=round(ended.took_s, 2))
    return ended


TIMES = range(size(1, 10))


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(("program", "code"), [("raise", 1), ("sys.exit", 3), ("os._exit", 4), ("forget", 0)])
def test_a_program_that_ends_under_load_keeps_what_it_acknowledged(
    tmp_path: Path, program: str, code: int, time: int
) -> None:
    ended = must_end_well(tmp_path, program, code)

    assert ("on purpose" in ended.err) is (program == "raise")


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(
    ("program", "send", "code"),
    [
        ("stay", signal.SIGTERM, -signal.SIGTERM),
        ("stay", signal.SIGINT, -signal.SIGINT),
        ("end on request", signal.SIGTERM, 0),
        ("end threads on request", signal.SIGTERM, 0),
        ("stay in threads", signal.SIGTERM, -signal.SIGTERM),
        ("stay in threads", signal.SIGINT, -signal.SIGINT),
    ],
)
def test_a_program_that_is_told_to_end_under_load_keeps_what_it_acknowledged(
    tmp_path: Path, program: str, send: signal.Signals, code: int, time: int
) -> None:
    must_end_well(tmp_path, program, code, send=send)


def test_threads_that_wait_in_a_turn_when_the_engine_is_closed_are_told(tmp_path: Path) -> None:
    ended = must_end_well(tmp_path, "leave threads", 0)

    after_the_end = 1
    assert ended.said("refused unavailable") == CONVERSATIONS + after_the_end
    assert ended.err == ""


def test_a_sync_engine_that_nobody_closes_is_closed_at_the_end_of_the_program(tmp_path: Path) -> None:
    ended = must_end_well(tmp_path, "forget threads", 0)

    assert "ResourceWarning" in ended.err
    assert "never closed" in ended.err


@pytest.mark.parametrize(("program", "refusals"), [("fork async", 3), ("fork sync", 2)])
def test_a_process_that_was_forked_off_is_refused_and_ends_and_its_parent_goes_on(
    tmp_path: Path, program: str, refusals: int
) -> None:
    ended = must_end_well(tmp_path, program, 0)

    children = 4
    assert ended.said("child 0") == children
    assert ended.said("refused forked") == children * refusals
    assert "the parent-0" in ended.acknowledged
    assert "never closed" not in ended.err
