"""`fsm-engine timers`: reminders for bots that have no clock of their own. proves: S3"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from fsm_engine.engine.engine import Engine
from fsm_engine.testing.clock import VirtualClock
from tests.cli.conftest import COMMAND, Run

FLOW = """\
flow: hello
steps:
  - ask: name
    type: text 1..60
    prompt: What is your name?
  - remind: in 2 hours
    say: "It is time, {name}."
  - remind: 2030-12-24
    say: "Nearly there, {name}."
  - end: Good.
"""
RISK = """\
risk: policy
detectors: [{phrases: crisis}]
levels:
  high: {say: I am glad you told me., notify: safeguarding}
"""
MODULE = """\
import pathlib

def deliver(delivery):
    with pathlib.Path("told.txt").open("a") as file:
        file.write(f"{delivery.kind} {delivery.conversation_id} {delivery.text}\\n")
"""


@pytest.fixture(autouse=True)
async def stored(place: Path) -> None:
    """A conversation of 4 March 2026, whose first reminder is long due and whose second is not."""
    (place / "flows" / "hello.yaml").write_text(FLOW)
    (place / "flows" / "risk.yaml").write_text(RISK)
    (place / "told.py").write_text(MODULE)
    url = f"sqlite:///{place / 'fsm_engine.db'}"
    async with Engine.open(url, flows=place / "flows", clock=VirtualClock()) as engine:
        await engine.start("ana", "hello")
        await engine.turn("ana", "Ana")
        await engine.turn("ben", "I am going to kill myself tonight")


def test_what_is_due_is_printed_and_sent_once(run_here: Run) -> None:
    first, second = run_here("timers", "run"), run_here("timers", "run", "--once")

    assert (first.code, first.out) == (0, "ana: It is time, Ana.\n1 sent\n")
    assert (second.code, second.out) == (0, "0 sent\n")


def test_programs_get_a_line_of_json_for_each(run_here: Run) -> None:
    (line,) = run_here("timers", "run", "--json").out.splitlines()

    told = json.loads(line)
    assert (told["conversation_id"], told["kind"], told["attempt"]) == ("ana", "messages", 1)
    assert told["messages"] == [{"text": "It is time, Ana.", "options": [], "media": []}]


def test_a_function_gets_messages_and_notices(run_here: Run, place: Path) -> None:
    done = run_here("timers", "run", "--deliver", "told:deliver")

    assert (done.code, done.out) == (0, "1 sent\n")
    told = sorted((place / "told.txt").read_text().splitlines())
    assert told == ["messages ana It is time, Ana.", "notify ben "]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--deliver", "told"), "--deliver told: is not module:function."),
        (("--deliver", "missing:deliver"), "--deliver missing:deliver: missing cannot be imported"),
        (("--deliver", "told:pathlib"), "--deliver told:pathlib: pathlib is a module, not a function."),
        (("--every", "soon"), "--every soon: is no time of at least a second."),
        (("--every", "0.5 s"), "--every 0.5 s: is no time of at least a second."),
        (("--database", "sqlite:///nothing.db"), "nothing.db: there is no such database."),
    ],
)
def test_what_cannot_work_is_said(run_here: Run, words: tuple[str, ...], message: str) -> None:
    done = run_here("timers", "run", *words)

    assert done.code == 2
    assert message in done.err


def test_reminders_to_come_are_listed(run_here: Run) -> None:
    listed = json.loads(run_here("timers", "list", "--json").out)
    assert [(one["conversation_id"], one["step"]) for one in listed] == [("ana", "remind 1"), ("ana", "remind 2")]

    run_here("timers", "run")
    assert "2030-12-24T09:00:00" in run_here("timers", "list").out
    assert len(json.loads(run_here("timers", "list", "--json").out)) == 1


def test_it_runs_again_and_again_until_it_is_told_to_end(place: Path, environment: dict[str, str]) -> None:
    words = [*COMMAND, "timers", "run", "--every", "1 s"]
    paths = {**environment, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2])])}
    with subprocess.Popen(words, cwd=place, env=paths, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ana: It is time, Ana.\n"
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()

    assert (process.returncode, rest) == (0, "1 sent\n")
