"""What the engine says itself."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from fsm_engine.understanding.anytime import anytime_word
from fsm_engine.understanding.sayings import LANGUAGES, OCCASIONS, SAYINGS, variations
from fsm_engine.understanding.sayings_en import ENGLISH
from fsm_engine.understanding.sayings_es import SPANISH

EVERY_TEXT = [
    pytest.param(name, language, text, id=f"{name}-{language}-{number}")
    for name, by_language in SAYINGS.items()
    for language, texts in by_language.items()
    for number, text in enumerate(texts)
]
QUOTED = re.compile('"([^"{}]+)"')


def test_every_name_has_words_in_every_language_and_no_words_are_left_over() -> None:
    assert set(ENGLISH) == set(SPANISH) == set(OCCASIONS)
    for by_language in SAYINGS.values():
        assert tuple(by_language) == LANGUAGES
        assert all(by_language.values())


@pytest.mark.parametrize(("name", "language", "text"), EVERY_TEXT)
def test_a_text_fills_in_exactly_what_its_name_offers(name: str, language: str, text: str) -> None:
    found = [(field, spec, conversion) for _, field, spec, conversion in Formatter().parse(text) if field is not None]

    assert sorted(found) == sorted((placeholder, "", None) for placeholder in OCCASIONS[name].placeholders)


@pytest.mark.parametrize(("name", "language", "text"), EVERY_TEXT)
def test_a_text_is_written_with_care(name: str, language: str, text: str) -> None:
    assert text == "\n".join(" ".join(line.split()) for line in text.split("\n"))
    assert text[0].isupper() or text[0] in "¡¿{"
    assert name.startswith(("option_", "risk_resource", "said_so_far")) or text.endswith((".", "?", "!", ":"))
    assert len(text) <= 400
    if language == "es":
        assert text.count("?") == text.count("¿")
        assert text.count("!") == text.count("¡")


def test_no_two_variations_are_the_same() -> None:
    for by_language in SAYINGS.values():
        for texts in by_language.values():
            assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["help_generic", "help_offer_human"])
def test_what_help_says_can_be_said_is_understood(name: str, language: str) -> None:
    offered = [word for text in variations(name, language) for word in QUOTED.findall(text)]

    assert offered
    assert [word for word in offered if anytime_word(word, language) is None] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_tag_may_name_a_country(language: str) -> None:
    assert variations("again", f"{language}-XX") == SAYINGS["again"][language]


def test_an_unknown_language_is_answered_in_english() -> None:
    assert variations("again", "tlh") == SAYINGS["again"]["en"]


BLAME = re.compile(
    r"\b(commit(?:ted)? suicide|suicide|kill|attention|selfish|calm down|you must|you have to stop|overreact"
    r"|should not feel|suicidio|suicidarse|matar|egoísta|cálmate|no deberías|exageras)\b",
    re.IGNORECASE,
)
LEADING = re.compile(r"you're not|you are not going|aren't you\b|no vas a|verdad\?", re.IGNORECASE)
ENDING = re.compile(r"goodbye|i have to stop|cannot continue|conversation is over|adiós|tengo que parar", re.IGNORECASE)


@pytest.mark.parametrize(("name", "language", "text"), [each for each in EVERY_TEXT if "risk" in str(each.values[0])])
def test_words_about_risk_keep_to_the_rules_of_safe_messaging(name: str, language: str, text: str) -> None:
    assert not BLAME.search(text)
    assert not LEADING.search(text)
    assert not ENDING.search(text)


@pytest.mark.parametrize(("language", "numbers"), [("en", ["911", "999", "112"]), ("es", ["112", "911"])])
def test_a_user_who_is_not_safe_is_told_whom_to_call_and_that_we_stay(language: str, numbers: list[str]) -> None:
    for text in variations("risk_stay", language):
        assert all(number in text for number in numbers)
        assert {"en": "I am still here", "es": "Sigo aquí"}[language] in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_check_in_asks_one_open_question(language: str) -> None:
    for text in variations("risk_check_in", language):
        assert text.count("?") == 1
        assert text.endswith("?")
