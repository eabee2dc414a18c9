"""What people type is read as the tables in ``cases/`` say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from fsm_engine.errors import InvalidArgument
from fsm_engine.model.slot import DoesNotFit, Option, SlotType
from fsm_engine.understanding import readers
from fsm_engine.understanding.readers.reasons import REASONS
from tests.understanding.reading_cases import Case, all_cases

ALL_CASES = tuple(all_cases())


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in ALL_CASES])
def test_an_answer_is_read_as_its_table_says(case: Case) -> None:
    reading = readers.read(case.text, case.slot_type, case.context)

    if case.known_wrong is None:
        assert case.agrees_with(reading), f"{case.text!r} was read as {reading}"
    else:
        assert not case.agrees_with(reading), f"{case.text!r} is read rightly now: take its known_wrong away"


def test_every_kind_has_sixty_rows_or_more_fifteen_of_them_in_spanish() -> None:
    rows = Counter(case.kind for case in ALL_CASES)
    spanish = Counter(case.kind for case in ALL_CASES if case.context.language == "es")

    assert set(rows) == set(readers.KINDS)
    assert min(rows.values()) >= 60
    assert min(spanish[kind] for kind in readers.KINDS) >= 15


UNSURE = (
    *("I'm not sure", "not sure", "maybe", "no idea", "I don't know", "idk", "dunno", "who knows", "perhaps"),
    *("no sé", "no lo sé", "ni idea", "no estoy seguro", "quizás", "tal vez", "quién sabe"),
)


@pytest.mark.parametrize("kind", [kind for kind in readers.KINDS if kind != "text"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_not_knowing_is_never_a_value(kind: str, language: str) -> None:
    item = SlotType("whole number") if kind == "list of" else None
    slot_type = SlotType(kind, options=(Option("savings"), Option("checking")), item=item)
    context = replace(ALL_CASES[0].context, language=language)

    readings = {text: readers.read(text, slot_type, context) for text in UNSURE}

    assert {text for text, reading in readings.items() if reading != DoesNotFit("unsure")} == set()


REFUSALS = ("not {}", "anything but {}", "no, not {}", "I don't want {}", "cualquiera menos {}", "no quiero {}")
NAMED = {
    "number": "5",
    "whole number": "5",
    "percent": "5%",
    "money": "$5",
    "date": "2027-05-05",
    "time": "17:30",
    "duration": "5 days",
    "email": "a@example.com",
    "phone": "+1 202 555 0143",
    "url": "https://example.com",
    "country": "Spain",
    "language": "French",
    "one of": "savings",
}


@pytest.mark.parametrize("kind", sorted(NAMED))
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_value_that_is_turned_down_is_no_answer(kind: str, refusal: str) -> None:
    slot_type = SlotType(kind, options=(Option("savings"), Option("checking"), Option("bonds")))
    context = replace(ALL_CASES[0].context, language="es" if "menos" in refusal or "quiero" in refusal else "en")

    reading = readers.read(refusal.format(NAMED[kind]), slot_type, context)

    assert isinstance(reading, DoesNotFit), reading


def test_every_reason_in_the_tables_is_explained() -> None:
    used = {case.expected.reason for case in ALL_CASES if isinstance(case.expected, DoesNotFit)}

    assert used <= set(REASONS)
    assert all(REASONS.values())


def test_a_kind_that_the_language_does_not_have_is_the_callers_mistake() -> None:
    with pytest.raises(InvalidArgument, match="unknown kind of slot 'colour'"):
        readers.read("red", SlotType("colour"), ALL_CASES[0].context)


def test_only_text_and_names_take_nearly_any_words() -> None:
    assert [kind for kind in readers.KINDS if readers.is_free_text(SlotType(kind))] == ["text", "person name"]
