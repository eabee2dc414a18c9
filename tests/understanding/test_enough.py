"""What is said to "another one?": mostly yes or no, and else these."""

from __future__ import annotations

import pytest

from fsm_engine.understanding.enough import wants_more


@pytest.mark.parametrize(
    "text",
    [
        *("that's all", "No, that's everyone.", "nobody else", "No one else, thanks", "I'm done", "done!", "that's it"),
        *("yes, that's it", "just her", "nothing else", "Enough for now"),
        *(
            "eso es todo",
            "no, ya está",
            "Nadie más",
            "listo",
            "ya están todos",
            "no gracias, con eso basta",
            "sólo ella",
        ),
    ],
)
def test_enough_is_enough(text: str) -> None:
    assert wants_more(text) is False


@pytest.mark.parametrize("text", ["another one", "One more, please", "yes, one more", "otra más", "sí, hay otro"])
def test_one_more_is_more(text: str) -> None:
    assert wants_more(text) is True


@pytest.mark.parametrize(
    "text",
    ["yes", "no", "sure", "my mum", "one more thing happened at school", "that's all I can think about", "", "…"],
)
def test_other_words_are_left_to_yes_and_no(text: str) -> None:
    assert wants_more(text) is None


def test_saying_both_is_neither() -> None:
    assert wants_more("that's all, one more") is None
