"""T13 with two processes: a message is delivered to a second one while the first is in the call, stands still or dies.

proves: P3, P5, A4
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from tests.faults.figures import record, size
from tests.faults.forks import Child, Forks
from tests.faults.frail_line import ABILITIES
from tests.faults.judged import audited, judged
from tests.faults.payments import ONCE, Case, Life, as_json, bank_of

PAYS = 1
"""The number of the message that asks for the payment."""
CALLED, DONE = "in bank.pay", "behind bank.pay"
ABOUT_TO_CALL, AT_THE_TAKE_OVER = "action.before-call", "action.before-take-over"
KILLED = -9
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


def must_be_sound(folder: Path, case: Case) -> None:
    """Nothing is left in doubt but what nobody can know."""
    bank = bank_of(folder, case)
    result = judged(folder, bank, is_certain=case.ability != "neither", must_happen=True)
    assert result.findings == [], case


def folders(place: Path, *kinds: str) -> Iterator[tuple[Path, Case, str]]:
    """One for each bank and kind; in the long form several."""
    for number, (ability, kind) in enumerate([*product(ABILITIES, kinds)] * size(1, 8)):
        folder = place / str(number)
        folder.mkdir()
        yield folder, Case(ability), kind


def test_a_second_process_that_waits_for_a_call_settles_it_when_the_first_is_killed(
    forks: Forks, tmp_path: Path
) -> None:
    unknown = kills = 0
    for folder, case, where in folders(tmp_path, CALLED, DONE):
        first = start(forks, folder, case, Life(waits_in=(where,)))
        until(first, where)
        second = start(forks, folder, case, SECOND)
        second.listen(MOMENT_S)
        assert len(bank_of(folder, case).calls()) == 1  # the second waits as long as the first lives
        first.kill()
        kills += 1
        got = replies(second, [])

        later = last_word(forks, folder, case)
        assert got["r1"] == later["r1"] == later["again r1"]
        must_be_sound(folder, case)
        assert status_of(folder) == ("unknown" if case.ability == "neither" else "success")
        unknown += status_of(folder) == "unknown"
    record("T13", what="delivered to a second process, and the first is killed", kills=kills, unknown=unknown)


def test_a_second_process_that_waits_for_a_call_gets_the_reply_of_the_first(forks: Forks, tmp_path: Path) -> None:
    calls = effects = 0
    for folder, case, where in folders(tmp_path, CALLED, DONE):
        first = start(forks, folder, case, Life(waits_in=(where,)))
        said = until(first, where)
        second = start(forks, folder, case, SECOND)
        second.listen(MOMENT_S)
        first.tell("go on")

        got, other = replies(first, said), replies(second, [])
        bank = bank_of(folder, case)
        assert got["r1"] == other["r1"]
        assert len(bank.calls()) == 1
        assert (status_of(folder), bank.effects()) == ("success", [audited(folder)[0].key])
        calls += len(bank.calls())
        effects += len(bank.effects())
    record("T13", what="delivered to a second process, which waits", deliveries=2 * calls, calls=calls, effects=effects)


def test_what_a_process_that_stood_still_brings_too_late_changes_nothing(forks: Forks, tmp_path: Path) -> None:
    late = unknown = 0
    for folder, case, where in folders(tmp_path, ABOUT_TO_CALL, CALLED, DONE):
        if (case.ability, where) == ("query", ABOUT_TO_CALL):
            continue  # what only keys can prevent: docs/reliability.md says so
        first = start(forks, folder, case, Life(waits_in=(where,)))
        said = until(first, where)
        second = start(forks, folder, case, Life(recovers=False, says=(PAYS, PAYS + 1), ahead_s=60))
        other = replies(second, [])
        settled = status_of(folder)
        first.tell("go on")
        got = replies(first, said)
        late += 1

        assert {request: got[request] for request in other} == other
        must_be_sound(folder, case)
        assert status_of(folder) == settled == ("unknown" if case.ability == "neither" else "success")
        unknown += settled == "unknown"
    record(
        "T13", what="taken over from a process that stands still and goes on", results_too_late=late, unknown=unknown
    )


def test_of_two_processes_that_take_over_at_once_one_does(forks: Forks, tmp_path: Path) -> None:
    calls = kills = 0
    takes_over = Life(waits_in=(AT_THE_TAKE_OVER, CALLED), recovers=False)
    for folder, case, left in folders(tmp_path, "action.before-call:1:kill"):
        assert forks.run("live", folder, as_json(case), as_json(Life(left)))[0] == KILLED
        kills += 1
        two = [start(forks, folder, case, takes_over) for _ in range(2)]
        said = [until(child, AT_THE_TAKE_OVER) for child in two]
        for child in two:
            child.tell("go on")
        for child in two:
            child.listen(MOMENT_S)  # where only one runs the action, the other has nothing to say
        for child in two:
            child.no_more_orders()  # one that waits in its call goes on as well
        got = [replies(child, heard) for child, heard in zip(two, said, strict=True)]

        must_be_sound(folder, case)
        assert len(bank_of(folder, case).calls()) == (0 if case.ability == "neither" else 1)
        assert status_of(folder) == ("unknown" if case.ability == "neither" else "success")
        assert got[0]["r1"] == got[1]["r1"]
        calls += len(bank_of(folder, case).calls())
    record("T13", what="two processes take over at the same moment", kills=kills, take_overs=2 * kills, calls=calls)
