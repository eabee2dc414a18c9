"""The history checker finds nothing in histories that can have happened, and every fault that is planted in one."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_engine import InvalidArgument
from fsm_engine.testing import history
from fsm_engine.testing.history import FinalState, Finding, Kind, Operation, Outcome, findings

ACKNOWLEDGED, UNKNOWN, REFUSED = Outcome.ACKNOWLEDGED, Outcome.UNKNOWN, Outcome.REFUSED


def call(
    request_id: str | None, started: int, ended: int | None, version: int | None = None, **more: object
) -> Operation:
    """An acknowledged call by ``anna``, unless more is said."""
    plain = Operation("anna", request_id, started, ended, ACKNOWLEDGED, version=version)
    return replace(plain, **more)  # type: ignore[arg-type]


ONE = call("r1", 1, 2, 1, reply="hello")
TWO = call("r2", 3, 6, 2, reply="and you?")
LOOK = call(None, 7, 8, 2, client="ben")
SOUND = FinalState(("r1", "r2"), version=2)


def sentences(found: list[Finding]) -> list[str]:
    return [finding.sentence for finding in found]


def test_a_history_that_can_have_happened_has_no_findings() -> None:
    seen = [
        LOOK,
        TWO,
        ONE,
        call("r1", 9, 10, 1, reply="hello", is_repeat=True),
        call("r3", 4, None, outcome=UNKNOWN),
        call("r4", 4, 5, outcome=REFUSED),
        call(None, 5, 6, log=("r1",)),
    ]

    assert findings(seen, SOUND) == []
    assert findings(seen, FinalState(("r1", "r2", "r3"), 3, ("k1",), ("k1",))) == []


def test_a_turn_without_a_request_counts_as_a_turn() -> None:
    seen = [call("r1", 1, 2, 2, log=("r1", None)), call("r2", 3, 4, 3)]

    assert findings(seen, FinalState(("r1", None, "r2"), 3)) == []


def test_a_request_that_was_in_doubt_and_is_sent_again_may_stand_before_what_came_between() -> None:
    seen = [
        call("r1", 1, None, outcome=UNKNOWN),
        call("r2", 2, 3, 2),
        call("r1", 4, None, outcome=UNKNOWN),
        call("r1", 5, 6, 1, is_repeat=True),
    ]

    assert findings(seen, SOUND) == []


WRONG: dict[str, tuple[list[Operation], FinalState, Kind, str]] = {
    "an acknowledged request is lost": (
        [ONE, TWO],
        FinalState(("r1",), 1),
        Kind.LOST,
        "request 'r2' was acknowledged to anna and is not in the final log",
    ),
    "an acknowledged request is stored twice": (
        [ONE, TWO],
        FinalState(("r1", "r2", "r2"), 3),
        Kind.DOUBLED,
        "request 'r2' is in the final log 2 times",
    ),
    "a doubtful request is stored twice": (
        [ONE, TWO, call("r3", 4, None, outcome=UNKNOWN)],
        FinalState(("r1", "r2", "r3", "r3"), 4),
        Kind.DOUBLED,
        "request 'r3' is in the final log 2 times",
    ),
    "a refused request is stored": (
        [ONE, call("r2", 3, 4, outcome=REFUSED)],
        SOUND,
        Kind.REFUSED_YET_STORED,
        "request 'r2' was refused to anna and is in the final log",
    ),
    "a request is stored that nobody sent": (
        [ONE],
        SOUND,
        Kind.NEVER_ASKED_FOR,
        "request 'r2' is in the final log and no client asked for it",
    ),
    "a log was seen that never was": (
        [ONE, TWO, call(None, 7, 8, log=("r2", "r1"))],
        SOUND,
        Kind.NOT_A_PREFIX,
        "a look by anna saw a log of 2 turns that is no beginning of the final one: at turn 1 it saw 'r2' and the "
        "final log has 'r1'",
    ),
    "a log was seen whose end is gone": (
        [ONE, call(None, 3, 4, log=("r1", None))],
        FinalState(("r1",), 1),
        Kind.NOT_A_PREFIX,
        "a look by anna saw a log of 2 turns that is no beginning of the final one: at turn 2 it saw a turn without a "
        "request and the final log has ended",
    ),
    "a look shows what was before": (
        [ONE, TWO, replace(LOOK, version=1)],
        SOUND,
        Kind.STALE,
        "a look by ben saw version 1; request 'r2' by anna had seen 2 before it started",
    ),
    "a turn stands before one that had returned": (
        [replace(ONE, version=None), replace(TWO, version=None)],
        FinalState(("r2", "r1"), 2),
        Kind.OUT_OF_ORDER,
        "request 'r2' by anna is turn 1; request 'r1' by anna, turn 2, had returned before it started",
    ),
    "the version counts more than there are": (
        [ONE, TWO],
        FinalState(("r1", "r2"), 3),
        Kind.WRONG_VERSION,
        "the final version is 3 and the final log has 2 turns",
    ),
    "a client saw more turns than there are": (
        [ONE, replace(TWO, version=3)],
        SOUND,
        Kind.WRONG_VERSION,
        "request 'r2' by anna saw version 3, which is not between its own turn 2 and the final version 2",
    ),
    "a client saw a version before its own turn": (
        [ONE, replace(TWO, version=1)],
        SOUND,
        Kind.WRONG_VERSION,
        "request 'r2' by anna saw version 1, which is not between its own turn 2 and the final version 2",
    ),
    "a client saw a log that is shorter than its version": (
        [ONE, TWO, replace(LOOK, log=("r1",))],
        SOUND,
        Kind.WRONG_VERSION,
        "a look by ben saw version 2 and a log of 1 turns",
    ),
    "a request had two replies": (
        [ONE, TWO, call("r1", 9, 10, 1, client="ben", reply="bye", is_repeat=True)],
        SOUND,
        Kind.DIFFERENT_REPLIES,
        "request 'r1': anna and ben got different replies",
    ),
    "an effect happened twice": (
        [ONE, TWO],
        replace(SOUND, effects=("k1", "k1"), audited=("k1",)),
        Kind.EFFECT_REPEATED,
        "the effect with key 'k1' happened 2 times",
    ),
    "an effect is not in the audit": (
        [ONE, TWO],
        replace(SOUND, effects=("k1",)),
        Kind.EFFECT_WITHOUT_AUDIT,
        "the effect with key 'k1' happened and no audit row tells of its success",
    ),
    "the audit tells of what never happened": (
        [ONE, TWO],
        replace(SOUND, audited=("k1",)),
        Kind.AUDIT_WITHOUT_EFFECT,
        "the audit tells of success with key 'k1' and the effect never happened",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_wrong_is_found_and_said(fault: str) -> None:
    seen, final, kind, sentence = WRONG[fault]
    found = findings(seen, final)

    assert (kind, sentence) in [(finding.kind, finding.sentence) for finding in found]
    assert {finding.kind for finding in found} <= {kind, Kind.WRONG_VERSION}


def test_every_kind_has_its_example() -> None:
    assert {kind for _, _, kind, _ in WRONG.values()} == set(Kind)


def test_all_that_is_wrong_is_said_at_once() -> None:
    seen = [ONE, TWO, call("r1", 9, 10, reply="bye", is_repeat=True)]
    found = findings(seen, FinalState(("r1", "r9"), 3, effects=("k1",)))

    assert [finding.kind for finding in found] == [
        Kind.LOST,
        Kind.NEVER_ASKED_FOR,
        Kind.WRONG_VERSION,
        Kind.DIFFERENT_REPLIES,
        Kind.EFFECT_WITHOUT_AUDIT,
    ]


@pytest.mark.parametrize(
    ("impossible", "said"),
    [
        (call("r1", 5, 4), "ended at 4, before it started at 5"),
        (call("r1", 5, None), "was acknowledged and has no end"),
    ],
)
def test_a_call_that_cannot_be_is_refused(impossible: Operation, said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        findings([impossible], SOUND)


def test_the_example_of_the_module_runs() -> None:
    result = doctest.testmod(history)

    assert (result.attempted, result.failed) == (2, 0)


@dataclass(frozen=True)
class History:
    """What a store that does all right was asked by clients whose calls overlap, and what it holds."""

    seen: list[Operation]
    final: FinalState


MOMENTS = st.sampled_from(("turn", "action", "look", "call that is lost", "lost call", "refusal", "repeat"))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Each turn takes effect at one moment between the start and the end of its call; some calls never come back.

    It opens with two turns, ``first`` and ``second``, that are over before anything else begins.
    """
    seen = [
        Operation("early", "first", -200, -150, ACKNOWLEDGED, version=1, reply="reply 1"),
        Operation("early", "second", -140, -120, ACKNOWLEDGED, version=2, reply="reply 2"),
    ]
    log: list[str | None] = ["first", "second"]
    keys: list[str] = []
    for number, what in enumerate(draw(st.lists(MOMENTS, max_size=25))):
        moment = 10 * number
        started, ended = moment - draw(st.integers(0, 35)), moment + draw(st.integers(1, 35))
        plain = Operation(f"client {number % 3}", f"r{number}", started, ended, ACKNOWLEDGED)
        seen.append(happened(what, plain, seen, log))
        if what == "action":
            log.append(None)
            keys.append(f"k{number}")
    return History(draw(st.permutations(seen)), FinalState(tuple(log), len(log), tuple(keys), tuple(reversed(keys))))


def happened(what: str, plain: Operation, seen: list[Operation], log: list[str | None]) -> Operation:
    """The call as its client saw it; the log as it is then."""
    if what in ("turn", "action", "call that is lost"):
        log.append(plain.request_id)
    if what in ("call that is lost", "lost call"):
        return replace(plain, ended=None, outcome=UNKNOWN)
    if what == "refusal":
        return replace(plain, outcome=REFUSED)
    if what == "repeat":
        return replace(seen[1], started=plain.started, ended=plain.ended, is_repeat=True)
    now = replace(plain, version=len(log), log=tuple(log))
    return replace(now, request_id=None) if what == "look" else replace(now, reply=f"reply {len(log)}")


@given(histories())
def test_nothing_is_found_where_nothing_is_wrong(sound: History) -> None:
    assert findings(sound.seen, sound.final) == []


def lose(sound: History, request_id: str) -> History:
    log = tuple(one for one in sound.final.log if one != request_id)
    return replace(sound, final=replace(sound.final, log=log, version=len(log)))


def double(sound: History, request_id: str) -> History:
    log = (*sound.final.log, request_id)
    return replace(sound, final=replace(sound.final, log=log, version=len(log)))


def forget_the_question(sound: History, request_id: str) -> History:
    return replace(sound, seen=[one for one in sound.seen if one.request_id != request_id])


def refuse(sound: History, request_id: str) -> History:
    refused = [replace(one, outcome=REFUSED) if one.request_id == request_id else one for one in sound.seen]
    return replace(sound, seen=refused)


def swap(sound: History, request_id: str) -> History:
    """A later look sees this turn in the place of the one after it, or before it."""
    log = list(sound.final.log)
    at = log.index(request_id)
    log[at], log[at - 1] = log[at - 1], log[at]
    look = Operation("late", None, 10_000, 10_001, ACKNOWLEDGED, log=tuple(log))
    return replace(sound, seen=[*sound.seen, look])


def look_back(sound: History, request_id: str) -> History:
    shown = next(one.version for one in sound.seen if one.request_id == request_id)
    look = Operation("late", None, 10_000, 10_001, ACKNOWLEDGED, version=(shown or 0) - 1)
    return replace(sound, seen=[*sound.seen, look])


def miscount(sound: History, request_id: str) -> History:
    return replace(sound, final=replace(sound.final, version=sound.final.version + 1))


def answer_otherwise(sound: History, request_id: str) -> History:
    again = Operation("late", request_id, 10_000, 10_001, ACKNOWLEDGED, reply="otherwise", is_repeat=True)
    return replace(sound, seen=[*sound.seen, again])


def act_again(sound: History, request_id: str) -> History:
    keys = (*sound.final.effects, "k", "k")
    return replace(sound, final=replace(sound.final, effects=keys, audited=(*sound.final.audited, "k")))


def act_in_secret(sound: History, request_id: str) -> History:
    return replace(sound, final=replace(sound.final, effects=(*sound.final.effects, "k")))


def claim(sound: History, request_id: str) -> History:
    return replace(sound, final=replace(sound.final, audited=(*sound.final.audited, "k")))


def put_last(sound: History, request_id: str) -> History:
    """A call that returned at the very beginning stands at the end, and another that came after it before it."""
    log = (*sound.final.log, "after", "before")
    more = [Operation("x", "before", -99, -98, ACKNOWLEDGED), Operation("y", "after", 10_000, 10_001, ACKNOWLEDGED)]
    return History([*sound.seen, *more], replace(sound.final, log=log, version=len(log)))


PLANTS: dict[Kind, Callable[[History, str], History]] = {
    Kind.LOST: lose,
    Kind.DOUBLED: double,
    Kind.NEVER_ASKED_FOR: forget_the_question,
    Kind.REFUSED_YET_STORED: refuse,
    Kind.NOT_A_PREFIX: swap,
    Kind.STALE: look_back,
    Kind.OUT_OF_ORDER: put_last,
    Kind.WRONG_VERSION: miscount,
    Kind.DIFFERENT_REPLIES: answer_otherwise,
    Kind.EFFECT_REPEATED: act_again,
    Kind.EFFECT_WITHOUT_AUDIT: act_in_secret,
    Kind.AUDIT_WITHOUT_EFFECT: claim,
}


def test_every_kind_has_its_plant() -> None:
    assert PLANTS.keys() == set(Kind)


@pytest.mark.parametrize("kind", PLANTS)
@given(data=st.data())
def test_a_fault_planted_in_any_history_is_found(kind: Kind, data: st.DataObject) -> None:
    sound = data.draw(histories())
    planted = PLANTS[kind](sound, "second")

    assert findings(sound.seen, sound.final) == []
    assert kind in {finding.kind for finding in findings(planted.seen, planted.final)}
