"""What users can always say, at every question of every shipped flow, in every language: nothing else is changed."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from fsm_engine.model.flow import Ask
from fsm_engine.model.session import SessionState, Status
from tests.support.conversations import SHIPPED, WAYS
from tests.support.talk import Talk

# proves: C1, C3

ANSWERS = {
    "accounts.email_is_free": True,
    "accounts.create": {"account_number": "7"},
    "errands.fetch": "milk",
    "errands.bring": "here",
}
WORDS = {
    "help": {"en": ("help", "Help me please!", "I don't understand"), "es": ("ayuda", "no entiendo")},
    "repeat": {
        "en": ("repeat", "what did you ask?", "again, again!"),
        "es": ("repite", "¿qué has preguntado?", "otra vez"),
    },
    "what_have_i_said": {"en": ("what have I said?", "my answers so far"), "es": ("¿qué he dicho?",)},
    "back": {"en": ("back", "go back please", "sorry, undo that"), "es": ("atrás", "quiero volver")},
    "skip": {"en": ("skip", "I'd rather not say"), "es": ("saltar", "prefiero no decirlo")},
    "cancel": {"en": ("cancel", "never mind", "I want to stop"), "es": ("cancelar", "déjalo")},
    "restart": {"en": ("restart", "let's start over"), "es": ("empezar de nuevo", "reiniciar")},
    "human": {"en": ("human", "can I talk to a person?"), "es": ("humano", "quiero hablar con una persona")},
}
YES, NO = {"en": "yes", "es": "sí"}, {"en": "no", "es": "no"}


class Place(NamedTuple):
    """One place where a shipped flow waits, in one language."""

    flow: str
    step: str
    language: str
    state: SessionState
    asked: str


def _places() -> Iterator[Place]:
    seen: set[tuple[str, str, str]] = set()
    for flow, ways in WAYS.items():
        for way in ways:
            for language in ("en", "es"):
                talk = Talk(SHIPPED, answers=ANSWERS)
                said = talk.start(flow, language)
                for answer in (*way, None):
                    key = (flow, ">".join(f"{frame.flow}.{frame.step}" for frame in talk.state.frames), language)
                    if key not in seen and talk.status is Status.ACTIVE:
                        seen.add(key)
                        yield Place(flow, key[1], language, talk.state, said[-1])
                    if answer is not None:
                        said = talk.say(answer, language=language)


PLACES = tuple(_places())
OPTIONS = tuple(
    option for flow in SHIPPED.compiled.values() for slot_type in flow.slots.values() for option in slot_type.options
)


def resumed(place: Place) -> Talk:
    talk = Talk(SHIPPED, answers=ANSWERS)
    talk.state = copy.deepcopy(place.state)
    return talk


def shown(value: str, language: str) -> str:
    """An option by its name in the language, anything else as it is."""
    return next((option.label(language) for option in OPTIONS if option.value == value), value)


def said_with(place: Place, word: str) -> Iterator[tuple[Talk, list[str]]]:
    for wording in WORDS[word][place.language]:
        talk = resumed(place)
        yield talk, talk.say(wording, language=place.language)


def stands(talk: Talk, place: Place) -> bool:
    """Nothing is lost and nothing has moved: all frames stand where they stood, with what they held."""

    def kept(state: SessionState) -> list[object]:
        return [(f.flow, f.step, f.slots, f.skipped, f.trail, f.rounds, f.attempts) for f in state.frames]

    return talk.status is Status.ACTIVE and kept(talk.state) == kept(place.state)


def values_in(state: SessionState) -> set[str]:
    """Every text that the frames hold, those inside lists and records too."""
    found: set[str] = set()
    open_ends: list[object] = [dict(frame.slots) for frame in state.frames]
    while open_ends:
        value = open_ends.pop()
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, list):
            open_ends += value
        elif isinstance(value, dict):
            open_ends += value.values()
    return found


def slots_of(talk: Talk) -> list[object]:
    return [dict(frame.slots) for frame in talk.state.frames]


def in_each_place(word: str) -> pytest.MarkDecorator:
    ids = [f"{word} at {place.step} in {place.language}" for place in PLACES]
    return pytest.mark.parametrize("place", PLACES, ids=ids)


def test_the_places_are_those_of_every_shipped_flow_in_both_languages() -> None:
    assert {place.flow for place in PLACES} == set(SHIPPED.compiled)
    assert len(PLACES) >= 60
    assert len([place for place in PLACES if place.language == "es"]) * 2 == len(PLACES)


@in_each_place("help")
def test_help_explains_and_asks_again(place: Place) -> None:
    for talk, said in said_with(place, "help"):
        assert stands(talk, place)
        assert len(said) >= 2
        assert talk.last.expects is not None


@in_each_place("repeat")
def test_repeat_asks_again(place: Place) -> None:
    for talk, said in said_with(place, "repeat"):
        assert stands(talk, place)
        assert said[-1] == place.asked


@in_each_place("what have I said")
def test_what_have_i_said_tells_the_answers_and_asks_again(place: Place) -> None:
    for talk, said in said_with(place, "what_have_i_said"):
        assert stands(talk, place)
        assert said[-1] == place.asked
        told = {value for frame in place.state.frames for value in frame.slots.values() if isinstance(value, str)}
        told = {shown(value, place.language) for value in told if not re.search(r"^[+\d]", value)}
        assert all(value in said[0] for value in told)


@in_each_place("back")
def test_back_leads_to_an_earlier_question_or_says_that_there_is_none(place: Place) -> None:
    for talk, said in said_with(place, "back"):
        assert talk.status is Status.ACTIVE
        assert talk.last.expects is not None
        assert len(said) >= 2
        if not place.state.frames[-1].trail:
            assert stands(talk, place)


@in_each_place("skip")
def test_skip_leaves_out_what_may_be_left_out_and_nothing_else(place: Place) -> None:
    frame = place.state.frames[-1]
    step = SHIPPED.for_frame(frame).node(frame.step).step
    for talk, said in said_with(place, "skip"):
        assert said
        if isinstance(step, Ask) and step.optional:
            assert talk.status is not Status.ACTIVE or values_in(place.state) <= values_in(talk.state)
            assert not stands(talk, place)
        else:
            assert stands(talk, place)
            assert said[-1] == place.asked


@in_each_place("cancel")
def test_cancel_asks_before_anything_is_lost(place: Place) -> None:
    for talk, _ in said_with(place, "cancel"):
        if not any(frame.slots for frame in place.state.frames):
            assert talk.status is Status.CANCELLED
            continue
        assert stands(talk, place)
        assert talk.say(NO[place.language], language=place.language)[-1] == place.asked
        assert stands(talk, place)
        talk.say(WORDS["cancel"][place.language][0], language=place.language)
        talk.say(YES[place.language], language=place.language)
        assert talk.status is Status.CANCELLED


@in_each_place("restart")
def test_restart_asks_before_anything_is_lost(place: Place) -> None:
    for talk, said in said_with(place, "restart"):
        if any(frame.slots for frame in place.state.frames):
            assert stands(talk, place)
            assert talk.say(NO[place.language], language=place.language)[-1] == place.asked
            assert stands(talk, place)
            talk.say(WORDS["restart"][place.language][0], language=place.language)
            said = talk.say(YES[place.language], language=place.language)
        assert said
        assert talk.status is Status.ACTIVE
        assert talk.state.frames[0].flow == place.flow
        assert not any(slots_of(talk))


@in_each_place("human")
def test_a_person_is_one_word_away(place: Place) -> None:
    for talk, said in said_with(place, "human"):
        assert talk.status is Status.HANDED_OFF
        assert said
        assert slots_of(talk) == [dict(frame.slots) for frame in place.state.frames]


@pytest.mark.parametrize(("language", "other"), [("en", "es"), ("es", "en")])
@pytest.mark.parametrize("word", ["help", "repeat", "what_have_i_said", "back"])
def test_words_of_the_bots_other_language_are_understood(word: str, language: str, other: str) -> None:
    def talk_under_way() -> Talk:
        talk = Talk(SHIPPED, answers=ANSWERS)
        talk.start("create_account", language)
        talk.say("Ana Lopez", language=language)
        talk.say("ana@example.com", language=language)
        return talk

    for wording in WORDS[word][other]:
        mixed, plain = talk_under_way(), talk_under_way()

        assert len(mixed.say(wording, language=language)) == len(plain.say(WORDS[word][language][0], language=language))
        assert (mixed.slots, mixed.step, mixed.status) == (plain.slots, plain.step, plain.status)


FREE = [
    place
    for place in PLACES
    if isinstance(step := SHIPPED.for_frame(frame := place.state.frames[-1]).node(frame.step).step, Ask)
    and step.type.kind == "text"
]


@pytest.mark.parametrize("place", FREE, ids=[f"{place.step} in {place.language}" for place in FREE])
def test_the_same_words_in_quotes_or_in_a_sentence_are_an_answer(place: Place) -> None:
    frame = place.state.frames[-1]
    for word, wordings in WORDS.items():
        quoted = f'"{wordings[place.language][0]}"'
        sentence = {"en": f"my friend always says {quoted} to me", "es": f"mi amiga siempre me dice {quoted}"}
        for text in (quoted, sentence[place.language]):
            talk = resumed(place)
            talk.say(text, language=place.language)

            assert text in values_in(talk.state), (word, text, frame.step)


def test_what_was_said_in_a_flow_that_has_ended_is_told_too() -> None:
    talk = Talk(SHIPPED, answers=ANSWERS)
    talk.start("wellbeing", "es")
    for answer in ("Sam", "no", "dibujar", "saltar", "música", "saltar"):
        talk.say(answer, language="es")
    said = talk.say("¿qué he dicho?", language="es")

    assert "dibujar" in said[0]
    assert "Sam" in said[0]


def test_what_is_under_review_is_not_told_twice() -> None:
    place = next(one for one in PLACES if one.step == "create_account.details" and one.language == "en")
    talk = resumed(place)

    said = talk.say("what have I said?")

    assert len(said) == 2
    assert said[0].startswith("Name: ")
    assert said[1] == place.asked
