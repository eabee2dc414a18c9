"""Whether words tell of a risk, and whose: what people say of others, of strangers, and of people in tales."""

from typing import Final

import pytest

from fsm_engine.understanding.risk_phrases import build_detector

DETECTOR: Final = build_detector()


def level(text: str) -> str:
    """The highest level found; "none" when nothing was."""
    found = DETECTOR.detect(text)
    return found[0].level if found else "none"


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        # A tale, and somebody of one's own in the same breath.
        ("we saw a film in which the king wants to die", "we saw a film and then my brother said he wants to die"),
        ("i read about a girl who wants to kill herself", "i read my friend's texts and she wants to kill herself"),
        ("the song says she cut her arms", "the song ended and my sister cut her arms"),
        # Strangers and people at large, and those whom somebody could still help.
        ("some teenagers think about suicide", "some teenagers in my class think about suicide"),
        ("a man jumped off a bridge and killed himself", "a man is about to jump off the bridge right now"),
        (
            "people in rome killed themselves with swords",
            "people online posted that they will kill themselves, what do i do",
        ),
        # Work and lessons.
        ("she works with people who self harm", "she works with my mom and self harms"),
        (
            "our teacher told us about a poet who took her own life",
            "our teacher told us she wants to take her own life",
        ),
        # Long gone, and now.
        ("the drummer of that band overdosed in the seventies", "the drummer of my band overdosed on his pills"),
        # Figures of speech about others.
        ("she'd die for a ticket to that show", "she'd rather die, she says, and she means it"),
        ("my friend wants to end her subscription", "my friend wants to end her life"),
        ("the heat is killing them", "he is going to kill them, please help"),
    ],
)
def test_what_is_told_of_others_is_told_apart_from_what_happens_to_them(told: str, meant: str) -> None:
    assert level(told) in {"none", "low"}
    assert level(meant) in {"medium", "high"}


@pytest.mark.parametrize(
    "text", ["i want to kill myself like the girl in that film", "the song made me want to die tonight"]
)
def test_a_tale_beside_it_does_not_take_away_what_people_say_of_themselves(text: str) -> None:
    assert level(text) in {"medium", "high"}


@pytest.mark.parametrize(
    "text",
    [
        "some kids want to shoot up the school tomorrow",
        "a man touched my little sister in the park",
        "people hit her at home",
    ],
)
def test_what_strangers_do_to_others_is_never_set_aside(text: str) -> None:
    assert level(text) in {"medium", "high"}
