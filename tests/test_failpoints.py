"""Failpoints: what is registered is placed, what is armed strikes once, and what is misspelt is said."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fsm_engine import Engine, InvalidArgument
from fsm_engine.failpoints import (
    EXIT_CODE,
    FAILPOINTS,
    VARIABLE,
    FailpointReached,
    arm_from_environment,
    armed,
    counted,
    failpoint,
)
from tests.support.flow_texts import asking, write

PACKAGE = Path(__file__).parents[1] / "fsm_engine"
SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "failpoints.py"]
WHERE = "turn.before-commit"


def test_every_registered_failpoint_is_placed_once_and_no_other_is() -> None:
    placed = [name for path in SOURCES for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text("utf-8"))]

    assert sorted(placed) == sorted(FAILPOINTS)


def test_the_command_lists_every_failpoint_with_its_sentence() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "fsm_engine.failpoints"], capture_output=True, text=True, timeout=30, check=True
    )

    assert listed.stderr == ""
    for name, sentence in FAILPOINTS.items():
        assert re.search(rf"^{re.escape(name)} +{re.escape(sentence)}$", listed.stdout, re.MULTILINE)


def test_an_armed_failpoint_strikes_once_at_its_hit() -> None:
    with armed(WHERE, hit=2):
        failpoint(WHERE)
        failpoint("turn.after-commit")
        with pytest.raises(FailpointReached, match=WHERE):
            failpoint(WHERE)
        failpoint(WHERE)
    failpoint(WHERE)


def test_a_failpoint_can_call_a_function() -> None:
    seen: list[str] = []
    with armed(WHERE, how=seen.append):
        failpoint(WHERE)

    assert seen == [WHERE]


def test_hits_are_counted_by_name() -> None:
    with counted() as hits:
        failpoint(WHERE)
        failpoint(WHERE)

    assert hits == {WHERE: 2}


WRONG = {
    "turn.before-comit:1:exit": "Did you mean 'turn.before-commit'",
    "nothing-like-it:1:exit": "there is none of this name",
    "turn.before-commit": "Write name:hit:how",
    "turn.before-commit:one:exit": "Write name:hit:how",
    "turn.before-commit:0:exit": "hit is 0",
    "turn.before-commit:1:explode": "Choose exit, raise, kill",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_misspelt_in_the_environment_is_said(text: str) -> None:
    with pytest.raises(InvalidArgument, match=WRONG[text]):
        arm_from_environment({VARIABLE: text})
    failpoint(WHERE)


async def test_no_engine_opens_with_a_misspelt_failpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flows = write(tmp_path / "flows", asking("a"))
    monkeypatch.setenv(VARIABLE, "turn.before-comit:1:exit")
    with pytest.raises(InvalidArgument, match=r"failpoint 'turn\.before-comit'"):
        async with Engine.open(f"sqlite:///{tmp_path}/bot.db", flows=flows):
            pass

    assert not (tmp_path / "bot.db").exists()


def test_what_the_environment_arms_counts_on_until_it_names_another() -> None:
    variables = {VARIABLE: f"{WHERE}:2:raise"}
    arm_from_environment(variables)
    failpoint(WHERE)
    arm_from_environment(variables)
    with pytest.raises(FailpointReached):
        failpoint(WHERE)
    arm_from_environment({})
    failpoint(WHERE)


@pytest.mark.parametrize(("how", "code"), [("exit", EXIT_CODE), ("kill", -signal.SIGKILL)])
def test_a_process_ends_at_once_where_it_is_told_to(how: str, code: int) -> None:
    program = f"""
import atexit
from fsm_engine.failpoints import arm_from_environment, failpoint
atexit.register(print, "went on")
arm_from_environment({{"{VARIABLE}": "{WHERE}:1:{how}"}})
failpoint("{WHERE}")
print("went on")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)

    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")
