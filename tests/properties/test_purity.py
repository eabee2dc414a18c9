"""The core alone: a turn is a function of its arguments, and what users can always say is always answered.

`Talk` advances every turn twice, and once more from state and turn as they come back from their JSON; it fails when the
outcomes differ, when an argument was changed, or when the state is not legal.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fsm_engine.model.flow import ANYTIME_WORDS
from fsm_engine.model.session import Status
from fsm_engine.testing.generate import messages
from fsm_engine.testing.typed import HOSTILE
from fsm_engine.understanding.anytime import anytime_word, expand
from fsm_engine.understanding.anytime_words import LANGUAGES
from fsm_engine.understanding.text import canonical_text
from tests.support.conversations import PATIENCE_MS, SHIPPED, WAYS
from tests.support.talk import Talk

# proves: C2, C6, A5

ACTIONS: Final = {
    "accounts.email_is_free": True,
    "accounts.create": {"account_number": "12345"},
    "errands.fetch": "milk",
    "errands.bring": "here",
}
LEVELS: Final = ("low", "medium", "high", None, None, None)
PLACES: Final = [(flow, way[:answered]) for flow, ways in WAYS.items() for way in ways for answered in range(len(way))]
"""Answers after which a flow stands at one of its questions; together at all of them."""


def talk_at(flow: str, answers: tuple[str, ...], language: str) -> Talk:
    talk = Talk(SHIPPED, answers=ACTIONS)
    talk.start(flow, language)
    for text in answers:
        talk.say(text)
    return talk


def say_anything(talk: Talk, raw: str, level: str | None) -> list[str]:
    canonical = canonical_text(raw, limit=SHIPPED.bot.message_limit)
    intents = () if canonical.is_too_long else SHIPPED.classifier.classify(canonical.text)
    parts = {"intents": intents, "is_too_long": canonical.is_too_long}
    if level is None:
        return talk.say(canonical.text, **parts)
    return talk.warn(canonical.text, level, **parts)


def check(place: tuple[str, tuple[str, ...]], language: str, said: list[tuple[str, str | None]]) -> None:
    talk = talk_at(*place, language)
    for raw, level in said:
        if talk.status is not Status.ACTIVE:
            return

        assert say_anything(talk, raw, level)


SAID: Final = st.tuples(messages(), st.sampled_from(LEVELS))
LANGUAGE: Final = st.sampled_from(SHIPPED.languages)


@settings(max_examples=600, deadline=PATIENCE_MS)
@given(place=st.sampled_from(PLACES), language=LANGUAGE, said=st.lists(SAID, min_size=1, max_size=6))
@example(place=("worries", ()), language="en", said=[(text, None) for text in HOSTILE])
def test_a_turn_depends_on_nothing_but_its_arguments_and_leaves_them_alone(
    place: tuple[str, tuple[str, ...]], language: str, said: list[tuple[str, str | None]]
) -> None:
    check(place, language, said)


@pytest.mark.slow
@settings(max_examples=5_000, deadline=PATIENCE_MS)
@given(place=st.sampled_from(PLACES), language=LANGUAGE, said=st.lists(SAID, min_size=1, max_size=15))
def test_a_turn_of_a_long_conversation_depends_on_nothing_but_its_arguments(
    place: tuple[str, tuple[str, ...]], language: str, said: list[tuple[str, str | None]]
) -> None:
    check(place, language, said)


def wordings(language: str, word: str) -> list[str]:
    """Every way to say an anytime word that means it all by itself."""
    ways = LANGUAGES[language].words[word]
    said = dict.fromkeys(text for pattern in (*ways.alone, *ways.deeds) for text in expand(pattern))
    return [text for text in said if anytime_word(text, language) == word]


def some_wordings(language: str) -> Iterator[tuple[str, str]]:
    """Two ways to say each word: the first and the last of its table."""
    for word in LANGUAGES[language].words:
        said = wordings(language, word)
        yield from ((word, text) for text in dict.fromkeys((said[0], said[-1])))


def must_be_followed(talk: Talk, word: str, text: str) -> None:
    """Says an anytime word at a question and holds the answer against what the word means."""
    step, frames = talk.step, len(talk.state.frames)
    said = talk.say(text)

    assert said
    assert all(message.strip() for message in said)
    if word in ("help", "repeat", "what_have_i_said"):
        assert (talk.step, len(talk.state.frames), talk.status) == (step, frames, Status.ACTIVE)
    if word == "human":
        assert talk.status is Status.HANDED_OFF
    if word == "cancel":
        assert talk.pending == "cancel" or talk.status is Status.CANCELLED
    if talk.status is Status.ACTIVE:
        assert talk.last.expects is not None


def test_every_anytime_word_has_wordings_in_every_language() -> None:
    for language in SHIPPED.languages:
        assert set(ANYTIME_WORDS) <= {word for word, _ in some_wordings(language)}


@pytest.mark.parametrize("language", SHIPPED.languages)
@pytest.mark.parametrize("flow", sorted(WAYS))
def test_every_anytime_word_is_followed_at_every_question(flow: str, language: str) -> None:
    for place in (answers for name, answers in PLACES if name == flow):
        at_question = talk_at(flow, place, language)
        for word, text in some_wordings(language):
            must_be_followed(copy.copy(at_question), word, text)


@pytest.mark.parametrize("language", SHIPPED.languages)
def test_every_anytime_word_is_answered_after_every_other(language: str) -> None:
    words = list(dict(some_wordings(language)).values())
    for flow, answers in PLACES[:: len(PLACES) // 5]:
        at_question = talk_at(flow, answers, language)
        for first in words:
            for second in words:
                talk = copy.copy(at_question)
                talk.say(first)
                if talk.status is Status.ACTIVE:
                    assert talk.say(second)


@pytest.mark.slow
@settings(max_examples=3_000, deadline=PATIENCE_MS)
@given(place=st.sampled_from(PLACES), language=LANGUAGE, data=st.data())
def test_every_wording_of_every_anytime_word_is_followed(
    place: tuple[str, tuple[str, ...]], language: str, data: st.DataObject
) -> None:
    word = data.draw(st.sampled_from(sorted(LANGUAGES[language].words)))
    text = data.draw(st.sampled_from(wordings(language, word)))
    must_be_followed(talk_at(*place, language), word, text)
