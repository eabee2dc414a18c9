"""What looks disguised, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_engine.understanding.risk_disguise import _SIGNS, looks_disguised

TELLING = st.text(alphabet="aikl dei'.,?!@3*-", max_size=24)


@given(TELLING)
def test_the_quick_look_at_plain_words_never_overlooks_a_sign(text: str) -> None:
    data = text.encode()
    assert looks_disguised(data) == (_SIGNS.search(data) is not None)


@pytest.mark.parametrize("text", ["k i l l", "k'i'l'l", "dieee", "k1ll", "i.want.to", "d!e"])
def test_disguises_are_seen(text: str) -> None:
    assert looks_disguised(text.encode())


@pytest.mark.parametrize("text", ["i want to open an account", "what's that, please?", "savings"])
def test_plain_words_are_not_taken_for_disguise(text: str) -> None:
    assert not looks_disguised(text.encode())
