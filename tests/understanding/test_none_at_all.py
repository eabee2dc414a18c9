"""Saying at an optional question that there is nothing to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine.understanding.none_at_all import says_none
from tests.support.flow_texts import flows_of
from tests.support.talk import Talk

BARE = (
    *("nothing", "Nothing really.", "none", "no one", "I don't have one", "nobody, sorry", "n/a", "Not much really"),
    *("nada", "No tengo", "ninguno", "nadie", "No se me ocurre nada", "nada, gracias", "no tengo ninguno"),
)
OF_A_THING = (
    *("I do not have a phone", "I have no phone number", "I haven't got a phone yet", "Sorry, I don't use a phone"),
    *("no tengo teléfono", "no tengo correo electrónico"),
)
OTHER = (
    *("nothing compares to you", "nobody likes me", "I have no friends at school any more", "not 5", "no", "", "maybe"),
    *("I don't have time to see my mum", "I don't know", "no tengo ganas de vivir así", "nada de esto me gusta"),
    *("I have nothing to live for", "nothing matters", "no one cares"),
)
ABOUT_ONESELF = ("I have no friends", "I have no hope", "I have no one", "no tengo amigos", "no tengo a nadie")


@pytest.mark.parametrize("text", BARE)
def test_there_is_none(text: str) -> None:
    assert says_none(text, of_a_thing=False)
    assert says_none(text, of_a_thing=True)


@pytest.mark.parametrize("text", OF_A_THING)
def test_there_is_no_such_thing(text: str) -> None:
    assert says_none(text, of_a_thing=True)
    assert not says_none(text, of_a_thing=False)


@pytest.mark.parametrize("text", OTHER)
def test_other_words_are_left_alone(text: str) -> None:
    assert not says_none(text, of_a_thing=True)
    assert not says_none(text, of_a_thing=False)


@pytest.mark.parametrize("text", ABOUT_ONESELF)
def test_what_somebody_lacks_is_an_answer_where_any_words_are(text: str) -> None:
    assert not says_none(text, of_a_thing=False)


FLOW = """
flow: f
steps:
  - {ask: phone, type: phone US, prompt: phone?, optional: true}
  - {ask: worry, type: text, prompt: worry?, optional: true}
  - {ask: children, type: whole number, prompt: children?, optional: true}
  - {ask: some, type: "some of a, b", prompt: some?, optional: true}
  - {ask: needed, type: text, prompt: needed?}
"""


def test_an_optional_question_is_left_out_and_another_is_answered(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, FLOW))
    talk.start("f")
    talk.say_all("I don't have a phone", "nothing", "no tengo", "none", "nothing")

    assert talk.slots == {"some": [], "needed": "nothing"}
    assert talk.state.frames == () or talk.state.frames[0].skipped == ("phone", "worry", "children")
