"""T13 with two processes: a message is delivered to a second one while the first is in the call, stands still or dies.

proves: P3, P5, A4
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.forks import Child, Forks
from tests.faults.frail_line import ABILITIES, Ability
from tests.faults.judged import audited, judged
from tests.faults.payments import AT_THE_TAKE_OVER, ONCE, Case, Life, as_json, bank_of

PAYS = 1
"""The number of the message that asks for the payment."""
CALLED, DONE = "in bank.pay", "behind bank.pay"
SECOND = Life(recovers=False, says=(PAYS,))
MOMENT_S = 0.1
"""For a process that may do something wrong to do it; one that does nothing wrong passes with any length."""


def start(forks: Forks, folder: Path, case: Case, life: Life) -> Child:
    return forks.start("live", folder, as_json(case), as_json(life))


def until(child: Child, what: str) -> list[Any]:
    """What the child says until it is where it waits for an order."""
    said = []
    while (line := child.hear()) is not None and line[0] != what:
        said.append(line)
    assert line is not None, f"it never came to '{what}'"
    return said


def replies(child: Child, said: list[Any]) -> dict[str, str]:
    """By message, once it has ended well."""
    heard = [*said, *child.hear_all()]
    assert child.wait() == 0
    return {request: identity for request, identity, _ in heard}


def last_word(forks: Forks, folder: Path, case: Case) -> dict[str, str]:
    """A process that comes later finishes what is left, and gets the reply to every message."""
    ended, said = forks.run("live", folder, as_json(case), as_json(Life(redelivers=True)))
    assert ended == 0
    assert [request for request, *_ in said[: len(ONCE)]] == [f"r{number}" for number in range(len(ONCE))]
    return {request: identity for request, identity, _ in said}


def status_of(folder: Path) -> str:
    (row,) = audited(folder)
    return row.status


@pytest.mark.parametrize("ability", ABILITIES)
@pytest.mark.parametrize("where", [CALLED, DONE])
def test_a_second_process_that_waits_for_a_call_settles_it_when_the_first_is_killed(
    forks: Forks, tmp_path: Path, ability: Ability, where: str
) -> None:
    case = Case(ability)
    first = start(forks, tmp_path, case, Life(waits_in=(where,)))
    until(first, where)
    second = start(forks, tmp_path, case, SECOND)
    second.listen(MOMENT_S)
    assert len(bank_of(tmp_path, case).calls()) == 1  # the second waits as long as the first lives
    first.kill()
    got = replies(second, [])

    later = last_word(forks, tmp_path, case)
    assert got["r1"] == later["r1"] == later["again r1"]
    assert judged(tmp_path, bank_of(tmp_path, case), is_certain=ability != "neither", must_happen=True).findings == []
    assert status_of(tmp_path) == ("unknown" if ability == "neither" else "success")


@pytest.mark.parametrize("ability", ABILITIES)
def test_a_second_process_that_waits_for_a_call_gets_the_reply_of_the_first(
    forks: Forks, tmp_path: Path, ability: Ability
) -> None:
    case = Case(ability)
    first = start(forks, tmp_path, case, Life(waits_in=(CALLED,)))
    said = until(first, CALLED)
    second = start(forks, tmp_path, case, SECOND)
    second.listen(MOMENT_S)
    first.tell("go on")

    got, other = replies(first, said), replies(second, [])
    assert got["r1"] == other["r1"]
    assert len(bank_of(tmp_path, case).calls()) == 1
    assert (status_of(tmp_path), bank_of(tmp_path, case).effects()) == ("success", [audited(tmp_path)[0].key])


@pytest.mark.parametrize("ability", ABILITIES)
@pytest.mark.parametrize("where", [CALLED, DONE])
def test_what_a_process_that_stood_still_brings_too_late_changes_nothing(
    forks: Forks, tmp_path: Path, ability: Ability, where: str
) -> None:
    case = Case(ability)
    first = start(forks, tmp_path, case, Life(waits_in=(where,)))
    said = until(first, where)
    second = start(forks, tmp_path, case, Life(recovers=False, says=(PAYS, PAYS + 1), ahead_s=60))
    other = replies(second, [])
    settled = status_of(tmp_path)
    first.tell("go on")
    got = replies(first, said)

    assert {request: got[request] for request in other} == other
    assert judged(tmp_path, bank_of(tmp_path, case), is_certain=ability != "neither", must_happen=True).findings == []
    assert status_of(tmp_path) == settled == ("unknown" if ability == "neither" else "success")


@pytest.mark.parametrize("ability", ABILITIES)
def test_of_two_processes_that_take_over_at_once_one_does(forks: Forks, tmp_path: Path, ability: Ability) -> None:
    case = Case(ability)
    assert forks.run("live", tmp_path, as_json(case), as_json(Life("action.before-call:1:kill")))[0] == -9
    two = [start(forks, tmp_path, case, Life(waits_in=(AT_THE_TAKE_OVER, CALLED), recovers=False)) for _ in range(2)]
    said = [until(child, AT_THE_TAKE_OVER) for child in two]
    for child in two:
        child.tell("go on")
    for child in two:
        child.listen(MOMENT_S)  # where only one runs the action, the other has nothing to say
    for child in two:
        child.no_more_orders()  # one that waits in its call goes on as well
    got = [replies(child, heard) for child, heard in zip(two, said, strict=True)]

    assert judged(tmp_path, bank_of(tmp_path, case), is_certain=ability != "neither", must_happen=True).findings == []
    assert len(bank_of(tmp_path, case).calls()) == (0 if ability == "neither" else 1)
    assert status_of(tmp_path) == ("unknown" if ability == "neither" else "success")
    assert got[0]["r1"] == got[1]["r1"]
