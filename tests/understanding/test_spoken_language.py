"""The language in which somebody begins is told by words that only one language has."""

from __future__ import annotations

import pytest

from fsm_engine.understanding.spoken_language import language_teller
from tests.support.conversations import SHIPPED


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("quiero abrir una cuenta", "es"),
        ("Hola", "es"),
        ("buenos días, necesito un plan", "es"),
        ("I want to open an account", "en"),
        ("hello", "en"),
        ("could you help me", "en"),
        ("Ana López", None),
        ("no", None),
        ("👍", None),
        ("", None),
        ("hello hola", None),
        ("hello, quiero abrir una cuenta", "es"),
    ],
)
def test_the_language_of_a_first_message(text: str, language: str | None) -> None:
    assert SHIPPED.language_of(text) == language


def test_languages_without_a_table_are_told_by_the_bots_own_phrases() -> None:
    tell = language_teller({"en": ["open an account"], "fr": ["ouvrir un compte"]})

    assert tell("je veux ouvrir un compte") == "fr"
    assert tell("bonjour") is None


def test_a_bot_of_one_language_hears_no_other() -> None:
    assert language_teller({"en": ["open an account"]})("quiero abrir una cuenta") is None
