"""Doubts, hedges, refusals and corrections are told in every wording, though not every text is searched for them."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from fsm_engine.understanding.readers import doubt


def words_of(pattern: re.Pattern[str]) -> st.SearchStrategy[str]:
    """Small ASCII texts that the pattern matches, with some words around them."""
    matching = st.from_regex(pattern, alphabet=st.characters(max_codepoint=0x7E, min_codepoint=0x20))
    return matching.map(str.lower).filter(lambda text: pattern.search(text) is not None)


@given(words_of(doubt._IGNORANCE))
@example("notsure")
@example("i hasn't decided")
@settings(max_examples=300, deadline=None)
def test_not_knowing_is_told_in_every_wording(text: str) -> None:
    assert doubt.says_not_to_know(text)
    assert doubt.is_unsure(text)


@given(words_of(doubt._HEDGE))
@example("ermm")
@settings(max_examples=300, deadline=None)
def test_a_hedge_is_told_in_every_wording(text: str) -> None:
    assert doubt.is_hedged(text)


@given(words_of(doubt._CORRECTION))
@settings(max_examples=100, deadline=None)
def test_what_follows_a_correction_is_what_counts(text: str) -> None:
    assert len(doubt.after_correction(f"{text} 5")) < len(f"{text} 5")


def test_a_correction_counts_in_capitals_and_letters_that_are_taken_for_ascii() -> None:
    assert doubt.after_correction("5 SCRATCH THAT 6") == "6"
    assert doubt.after_correction("5 ſcratch that 6") == "6"


@given(words_of(doubt._NEGATION))
@settings(max_examples=150, deadline=None)
def test_a_negation_is_told_in_every_wording(text: str) -> None:
    negated = doubt._NEGATION.search(text)
    assert negated is not None
    assert doubt.is_turned_down(negated.group()) or doubt._NOT_A_REFUSAL.search(negated.group()) is not None
