"""Folding: what makes two wordings the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm_engine.understanding.text import canonical_text, fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("?!…", ""),
        ("👍", ""),
        ("Hello,  WORLD!", "hello world"),
        ("What's up?", "whats up"),
        ("What’s up?", "whats up"),
        ("e-mail_address", "e mail address"),
        ("x@y.co", "x y co"),
        ("  ¿Qué DIJISTE?  ", "que dijiste"),
        ("ñandú über Ångström", "nandu uber angstrom"),
        ("Straße", "strasse"),
        ("Æther Œuvre Łódź Đorđe Øre", "aether oeuvre lodz dorde ore"),
        ("ＨＥＬＰ ﬁne", "help fine"),
        ("ᴬ™ ℌ", "atm h"),
        ("İstanbul ISPARTA", "istanbul isparta"),
        ("ΑΘΉΝΑ Αθήνα", "αθηνα αθηνα"),
        ("Ёлка", "елка"),
        ("हिन्दी।", "हिन्दी"),
        ("help🙏now", "help now"),
        ("a\nb\tc", "a b c"),
        ("“quoted” — ‘words’ «aquí»", "quoted words aqui"),
        ("1,200.50", "1 200 50"),
    ],
)
def test_small_differences_of_spelling_vanish(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_the_short_cut_for_western_letters_gives_what_the_long_way_gives() -> None:
    def long_way(text: str) -> str:
        return fold(text + " \N{CJK UNIFIED IDEOGRAPH-4E00}").removesuffix("一").strip()

    different = [
        chr(code)
        for code in range(0x2100)
        if unicodedata.category(chr(code)) != "Cs" and fold(f"a{chr(code)}b") != long_way(f"a{chr(code)}b")
    ]

    assert different == []


@given(st.text(max_size=80))
@settings(max_examples=600, deadline=None)
def test_folding_takes_anything_and_leaves_single_spaces(raw: str) -> None:
    folded = fold(canonical_text(raw, limit=1000).text)

    assert folded == " ".join(folded.split(" "))
    assert folded == folded.strip()
    assert "  " not in folded
