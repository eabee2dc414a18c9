"""T13: what a bank did and what the audit says of it, whatever goes wrong in a call and wherever the process is killed.

proves: P5, A2, A3, A4
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fsm_engine.failpoints import FAILPOINTS
from tests.faults.figures import IS_LONG, SEED, record, size
from tests.faults.forks import Forks
from tests.faults.frail_line import ABILITIES, ALWAYS, TROUBLES, Ability
from tests.faults.judged import Judged, judged, undo_findings
from tests.faults.payments import DIALOGUES, Case, Life, as_json, bank_of
from tests.faults.trips import ORDER

KILLED = -9
BANKS = {"keys": "a bank that knows keys", "query": "a bank that can be asked", "neither": "a bank that can neither"}
LAST = Life(redelivers=True)
AROUND_THE_CALL = ("action.", "recover.", "turn.before-commit", "turn.after-commit", "turn.before-reply", "store.")
WHILE_RECOVERING = (
    "recover.before-action:1:kill",
    "action.before-take-over:1:kill",
    "action.after-take-over:1:kill",
    "action.before-call:1:kill",
    "action.after-call:1:kill",
    "action.before-result:1:kill",
    "turn.before-commit:1:kill",
    "store.before-statement:1:kill",
    "store.after-statement:1:kill",
    "turn.after-commit:1:kill",
    "recover.after-action:1:kill",
)


class Trial:
    """Cases that are lived through; what they came to is summed up."""

    def __init__(self, forks: Forks, place: Path) -> None:
        self._forks = forks
        self._place = place
        self.kills = 0
        self.cases = 0
        self.total = Judged()

    def undisturbed(self, case: Case) -> tuple[Mapping[str, int], int]:
        """How often each failpoint is reached in a case in which nobody dies, and how many steps the bank takes."""
        folder = self._folder()
        ended, said = self._live(folder, case, Life("count", redelivers=True))
        assert ended == 0, case
        self._judge(folder, case, said[:-1], [], "undisturbed")
        return said[-1][0], said[-1][1]

    def live(self, case: Case, *lives: Life) -> None:
        """Each life ends as it is told; the last one comes to its end and must have an answer for everything."""
        folder = self._folder()
        heard: list[Any] = []
        for life in lives:
            ended, said = self._live(folder, case, life)
            assert ended in (KILLED, 0), (case, life)
            self.kills += ended == KILLED
            heard += said
        ended, said = self._live(folder, case, LAST)
        assert ended == 0, (case, lives)
        self._judge(folder, case, said, heard, lives)

    def live_until(self, case: Case, seconds: float) -> None:
        """The first life is ended from outside, after so long."""
        folder = self._folder()
        child = self._forks.start("live", folder, as_json(case), as_json(Life()))
        child.listen(seconds)
        child.kill()
        heard = list(child.hear_all())
        self.kills += child.wait() == KILLED
        ended, said = self._live(folder, case, LAST)
        assert ended == 0, case
        self._judge(folder, case, said, heard, seconds)

    def _folder(self) -> Path:
        self.cases += 1
        folder = self._place / str(self.cases)
        folder.mkdir()
        return folder

    def _live(self, folder: Path, case: Case, life: Life) -> tuple[int, list[Any]]:
        return self._forks.run("live", folder, as_json(case), as_json(life))

    def _judge(self, folder: Path, case: Case, said: list[Any], heard: list[Any], how: object) -> None:
        assert is_answered(said, heard, len(DIALOGUES[case.dialogue])), (case, how)
        bank = bank_of(folder, case)
        is_certain = case.ability == "query" or (case.ability == "keys" and case.passes)
        must_happen = is_certain and case.passes and not TROUBLES[case.trouble].is_refused
        result = judged(folder, bank, is_certain=is_certain, must_happen=must_happen)
        if case.dialogue == "trip":
            result.findings += undo_findings(folder, bank, ORDER)
        assert result.findings == [], (case, how)
        self.total.add(result)

    def record(self, what: str) -> None:
        total = self.total
        doubt = {"unknown": total.statuses["unknown"], "stuck": total.statuses["stuck"]}
        record(
            "T13",
            what=what,
            cases=self.cases,
            kills=self.kills,
            calls=total.calls,
            effects=total.effects,
            doubles=total.doubles,
            missing=total.missing,
            silent=total.silent,
            **{name: count for name, count in doubt.items() if count},
        )


def is_answered(said: list[Any], heard: list[Any], messages: int) -> bool:
    """Each message has an answer that says something, and it is the same however often it is delivered."""
    replies = {request: identity for request, identity, _ in said}
    again = {f"again {request}": replies.get(request) for request in list(replies)}
    return (
        len(said) == 2 * messages
        and all(length > 0 for _, _, length in said)
        and all(replies[request] == identity for request, identity in again.items() if request in replies)
        and all(replies.get(request) == identity for request, identity, _ in heard)
    )


def deaths(hits: Mapping[str, int], steps: int, chance: random.Random, *, at_work: int, at_most: int) -> list[Life]:
    """At the failpoints around a call and its result, at each hit, and at some of the bank's own steps."""
    places = [
        Life(f"{name}:{hit}:kill")
        for name in FAILPOINTS
        if name.startswith(AROUND_THE_CALL)
        for hit in range(1, hits.get(name, 0) + 1)
    ]
    chosen = places if at_most >= len(places) else chance.sample(places, at_most)
    if "action.before-renewal" in hits and not IS_LONG:
        chosen.append(Life("action.before-renewal:1:kill"))
    return [*chosen, *(Life(work=chance.randint(1, steps)) for _ in range(at_work))]


def cases(ability: Ability, **options: Any) -> list[Case]:
    """Everything that can go wrong, once and always."""
    return [
        Case(ability, trouble, times, **options)
        for trouble in TROUBLES
        for times in ((ALWAYS,) if trouble == "nothing" else (1, ALWAYS))
    ]


@pytest.mark.parametrize("ability", ABILITIES)
def test_what_the_bank_did_is_what_the_audit_says_wherever_the_process_is_killed(
    forks: Forks, tmp_path: Path, ability: Ability
) -> None:
    chance = random.Random(f"{SEED} {ability}")
    trial = Trial(forks, tmp_path)
    for case in cases(ability):
        hits, steps = trial.undisturbed(case)
        for life in deaths(hits, steps, chance, at_work=size(1, 3), at_most=size(1, 999)):
            trial.live(case, life)
    assert trial.kills > trial.cases / 3
    trial.record(f"killed around a call to {BANKS[ability]}")


@pytest.mark.parametrize("ability", ABILITIES)
def test_it_is_so_as_well_when_the_process_that_recovers_is_killed(
    forks: Forks, tmp_path: Path, ability: Ability
) -> None:
    chance = random.Random(f"{SEED} {ability}")
    trial = Trial(forks, tmp_path)
    for case in chance.sample(cases(ability), size(4, 8)):
        _, steps = trial.undisturbed(case)
        firsts = [Life("action.before-call:1:kill"), Life("action.after-call:1:kill"), Life(work=steps // 2)]
        for place in WHILE_RECOVERING if IS_LONG else chance.sample(WHILE_RECOVERING, 2):
            trial.live(case, chance.choice(firsts), Life(place))
        trial.live(
            case, chance.choice(firsts), Life(work=chance.randint(1, steps)), Life(work=chance.randint(1, steps))
        )
    assert trial.kills > trial.cases
    trial.record(f"killed again while it recovers, {BANKS[ability]}")


def test_it_is_so_as_well_when_the_kill_comes_from_outside_at_any_moment(forks: Forks, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    trial = Trial(forks, tmp_path)
    started = time.monotonic()
    trial.undisturbed(Case("keys"))
    longest = time.monotonic() - started
    for _ in range(size(12, 200)):
        case = chance.choice(cases(chance.choice(ABILITIES)))
        trial.live_until(case, chance.uniform(0, longest))
    trial.record("killed from outside at random moments, all three banks")


@pytest.mark.parametrize("ability", ABILITIES)
def test_a_request_that_is_made_twice_is_done_once_wherever_the_process_is_killed(
    forks: Forks, tmp_path: Path, ability: Ability
) -> None:
    chance = random.Random(f"{SEED} {ability}")
    trial = Trial(forks, tmp_path)
    case = Case(ability, dialogue="twice")
    hits, steps = trial.undisturbed(case)
    assert (trial.total.effects, trial.total.calls) == (1, 1)
    places = deaths(hits, steps, chance, at_work=size(1, 20), at_most=size(6, 999))
    for life in [Life("action.before-result:2:kill"), *places]:
        before = trial.total.effects, trial.total.statuses["unknown"]
        trial.live(case, life)
        after = trial.total.effects, trial.total.statuses["unknown"]

        is_in_doubt = after[1] > before[1]
        assert after[0] == before[0] + 1 or is_in_doubt, life
    trial.record(f"the same request made twice, killed, {BANKS[ability]}")


def trips_of(ability: Ability) -> list[Case]:
    """Two bookings, taken back: what goes wrong does so in the bookings, or in taking them back. An undo waits for
    30 s, so what hangs is left out."""
    return [
        case
        for on in (ORDER[:2], ORDER[2:], ORDER[3:])
        for case in cases(ability, dialogue="trip", on=on)
        if not case.is_slow and (case.trouble != "nothing" or on == ORDER[:2])
    ]


@pytest.mark.parametrize("ability", ABILITIES)
def test_what_is_taken_back_is_so_once_and_in_reverse_order_or_stuck(
    forks: Forks, tmp_path: Path, ability: Ability
) -> None:
    chance = random.Random(f"{SEED} {ability}")
    trial = Trial(forks, tmp_path)
    for case in chance.sample(trips_of(ability), size(6, 14)):
        hits, steps = trial.undisturbed(case)
        for life in deaths(hits, steps, chance, at_work=size(1, 2), at_most=size(2, 6)):
            trial.live(case, life)
        trial.live(case, Life(work=chance.randint(1, steps)), Life(chance.choice(WHILE_RECOVERING)))
    assert trial.kills > trial.cases / 2
    trial.record(f"killed while things are taken back, {BANKS[ability]}")
