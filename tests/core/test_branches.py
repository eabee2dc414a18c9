"""Choosing, jumping, running other flows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fsm_engine.model.session import Status
from tests.support.flow_texts import asking, flows_of
from tests.support.talk import Talk


def talk_of(tmp_path: Path, *texts: str, start: str = "f", **answers: Any) -> Talk:
    talk = Talk(flows_of(tmp_path, *texts), answers=answers)
    talk.start(start)
    return talk


CHOOSE = """
flow: f
steps:
  - {ask: n, type: whole number, prompt: n?}
  - choose:
      - {when: n > 100, say: Huge.}
      - {when: n > 10, say: Big., goto: big}
      - {when: n > 5, run: side}
      - {when: n > 4, say: Aside., run: side, goto: big}
      - {otherwise: , say: Small.}
  - {ask: small, type: text, prompt: small?}
  - {ask: big, type: text, prompt: big?}
"""
SIDE = "flow: side\nsteps:\n  - {ask: s, type: text, prompt: s?}\n  - {say: Side done.}"


@pytest.mark.parametrize(
    ("n", "said"),
    [
        ("200", ["Huge.", "small?"]),
        ("20", ["Big.", "big?"]),
        ("6", ["s?"]),
        ("5", ["Aside.", "s?"]),
        ("1", ["Small.", "small?"]),
    ],
)
def test_the_first_case_that_holds_is_taken(tmp_path: Path, n: str, said: list[str]) -> None:
    assert talk_of(tmp_path, CHOOSE, SIDE).say(n) == said


@pytest.mark.parametrize(("n", "said"), [("6", ["Side done.", "small?"]), ("5", ["Side done.", "big?"])])
def test_a_case_that_runs_a_flow_goes_on_where_it_says(tmp_path: Path, n: str, said: list[str]) -> None:
    talk = talk_of(tmp_path, CHOOSE, SIDE)
    talk.say(n)

    assert talk.say("x") == said
    assert talk.slots["s"] == "x"


def test_without_a_case_that_holds_the_story_goes_on(tmp_path: Path) -> None:
    flow = CHOOSE.replace("      - {otherwise: , say: Small.}\n", "")

    assert talk_of(tmp_path, flow, SIDE).say("1") == ["small?"]


def test_a_choose_step_follows_its_own_goto_where_no_case_has_one(tmp_path: Path) -> None:
    flow = CHOOSE.replace("      - {otherwise: , say: Small.}", "      - {otherwise: , say: Small.}\n    goto: big")

    assert talk_of(tmp_path, flow, SIDE).say("1") == ["Small.", "big?"]
    assert talk_of(tmp_path, flow, SIDE).say_all("6", "x") == ["Side done.", "big?"]


def test_a_correction_takes_the_other_case(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, CHOOSE, SIDE)
    talk.say("1")

    assert talk.say("change my n to 20")[-1] == "big?"


def test_a_step_whose_guard_is_false_is_passed_and_its_goto_too(tmp_path: Path) -> None:
    flow = """
flow: f
steps:
  - {ask: n, type: whole number, prompt: n?}
  - {say: Big., when: n > 10, goto: end}
  - {ask: middle, type: text, prompt: middle?}
  - {ask: end, type: text, prompt: end?}
"""

    assert talk_of(tmp_path, flow).say("1") == ["middle?"]
    assert talk_of(tmp_path, flow).say("11") == ["Big.", "end?"]


LOOP = """
flow: f
steps:
  - {ask: a, type: text, prompt: a?}
  - {ask: b, type: text, prompt: b?}
  - {ask: more, type: yes or no, prompt: more?}
  - {say: Again., when: more, goto: a, at_most: 2}
  - {end: Enough.}
"""


def test_a_goto_backwards_asks_again_and_is_bounded(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, LOOP)

    assert talk.say_all("1", "2", "yes") == ["Again.", "a?"]
    assert talk.slots == {}
    assert talk.say_all("1", "2", "yes") == ["Again.", "a?"]
    assert talk.say_all("1", "2", "yes") == ["Again.", "Enough."]


def test_a_goto_backwards_takes_the_stored_answers_back(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, LOOP)
    talk.say_all("1", "2", "yes")

    assert [answer.slot for answer in talk.last.answers if answer.is_removed] == ["a", "b", "more"]


def test_a_goto_backwards_without_a_bound_is_taken_three_times(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, LOOP.replace(", at_most: 2", ""))
    ends = [talk.say_all("1", "2", "yes")[-1] for _ in range(4)]

    assert ends == ["a?", "a?", "a?", "Enough."]


def test_a_flow_that_says_too_much_at_a_stretch_passes_the_user_on(tmp_path: Path) -> None:
    steps = "".join(f"  - say: {number}\n" for number in range(150))
    talk = talk_of(tmp_path, f"flow: f\nsteps:\n  - {{ask: a, type: text, prompt: a?}}\n{steps}")

    assert "passing you on" in talk.say("x")[-1]
    assert talk.status is Status.HANDED_OFF


OUTER = """
flow: outer
steps:
  - {ask: a, type: text, prompt: a?}
  - {run: inner}
  - {end: "{a} {b}"}
"""
INNER = "flow: inner\nsteps:\n  - {ask: b, type: text, prompt: 'b after {a}?'}"


def test_a_flow_that_is_run_sees_the_slots_of_its_caller_and_gives_its_own_back(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, OUTER, INNER, start="outer")

    assert talk.say("1") == ["b after 1?"]
    assert [frame.flow for frame in talk.state.frames] == ["outer", "inner"]
    assert talk.say("2") == ["1 2"]
    assert talk.slots == {"a": "1", "b": "2"}


def test_end_in_a_flow_that_is_run_ends_that_flow_only(tmp_path: Path) -> None:
    inner = "flow: inner\nsteps:\n  - {ask: b, type: text, prompt: b?}\n  - {end: Inner is over.}"

    assert talk_of(tmp_path, OUTER, inner, start="outer").say_all("1", "2") == ["Inner is over.", "1 2"]


def test_handoff_in_a_flow_that_is_run_ends_the_session(tmp_path: Path) -> None:
    inner = "flow: inner\nsteps:\n  - {ask: b, type: text, prompt: b?}\n  - handoff:"
    talk = talk_of(tmp_path, OUTER, inner, start="outer")

    assert talk.say_all("1", "2") == ["I am passing you on to a person now. They can see what we have talked about."]
    assert talk.status is Status.HANDED_OFF


def test_giving_up_in_a_flow_that_is_run_by_skipping_goes_on_in_its_caller(tmp_path: Path) -> None:
    inner = "flow: inner\nsteps:\n  - {ask: b, type: whole number, prompt: b?, attempts: 1, give_up: skip}"

    assert talk_of(tmp_path, OUTER, inner, start="outer").say_all("1", "x") == ["1 "]


def test_cancel_names_all_that_would_be_lost(tmp_path: Path) -> None:
    outer = OUTER.replace("flow: outer", "flow: outer\ntitle: the whole plan")
    talk = talk_of(tmp_path, outer, INNER, start="outer")
    talk.say("1")

    assert "the whole plan" in talk.say("cancel")[0]


def test_a_run_step_with_a_false_guard_runs_nothing(tmp_path: Path) -> None:
    outer = OUTER.replace("{run: inner}", '{run: inner, when: a == "x"}')

    assert talk_of(tmp_path, outer, INNER, start="outer").say("1") == ["1 "]


def test_an_unknown_slot_in_a_text_shows_as_nothing_before_it_is_filled(tmp_path: Path) -> None:
    flow = "flow: f\nsteps:\n  - {say: 'Hi {b}.'}\n  - {ask: b, type: text, prompt: b?}"
    talk = Talk(flows_of(tmp_path, flow))

    assert talk.start("f") == ["Hi .", "b?"]


def test_a_flow_that_ends_without_a_word_says_that_it_is_done(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, asking("a"))

    assert len(talk.say("x")) == 1
    assert talk.status is Status.COMPLETED
