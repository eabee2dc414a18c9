"""People put emoji beside what they say; the answer is the same."""

from __future__ import annotations

import pytest

from fsm_engine.model.slot import DoesNotFit, Fits, Option, ReadingContext, SlotType
from fsm_engine.understanding import readers
from tests.understanding.reading_cases import NOW, Case, all_cases

PLAIN = [case for case in all_cases() if isinstance(case.expected, Fits) and case.known_wrong is None]
OF_WORDS = [case for case in PLAIN if case.kind != "text" and (case.slot_type.item or case.slot_type).kind != "text"]
CONTEXT = ReadingContext("en", "US", "UTC", NOW)


@pytest.mark.parametrize("form", ["{} 😊", "😀 {}", "{}❤️🎉", "{} 🎂"])
def test_an_answer_with_emoji_beside_it_is_the_same_answer(form: str) -> None:
    def differs(case: Case) -> bool:
        reading = readers.read(form.format(case.text), case.slot_type, case.context)
        plain = readers.read(case.text, case.slot_type, case.context)
        return not isinstance(reading, Fits) or not isinstance(plain, Fits) or reading.value != plain.value

    changed = [(case.kind, case.text) for case in OF_WORDS if case.text.isascii() and differs(case)]

    assert len(OF_WORDS) > 1000
    assert changed == []


def test_emoji_that_are_the_answer_stay() -> None:
    moods = SlotType("one of", options=(Option("good", ("😀",)), Option("bad", ("😞",))))

    assert readers.read("😞", moods, CONTEXT) == Fits("bad")
    assert readers.read("I feel 😀", moods, CONTEXT) == Fits("good")
    assert readers.read("👍🏽", SlotType("yes or no"), CONTEXT) == Fits(value=True)
    assert isinstance(readers.read("🤷", SlotType("yes or no"), CONTEXT), DoesNotFit)
    assert isinstance(readers.read("yes 👎", SlotType("yes or no"), CONTEXT), DoesNotFit)


@pytest.mark.parametrize("kind", [kind for kind in readers.KINDS if kind not in {"text", "list of"}])
def test_emoji_alone_are_no_value(kind: str) -> None:
    slot_type = SlotType(kind, options=(Option("tea"), Option("coffee")))

    assert isinstance(readers.read("🎂🎂", slot_type, CONTEXT), DoesNotFit)
