"""What people type is read as the tables in ``cases/`` say."""

from __future__ import annotations

from collections import Counter

import pytest

from fsm_engine.errors import InvalidArgument
from fsm_engine.model.slot import DoesNotFit, SlotType
from fsm_engine.understanding import readers
from fsm_engine.understanding.readers.reasons import REASONS
from tests.understanding.reading_cases import Case, all_cases

ALL_CASES = tuple(all_cases())
FIRST_KINDS = (
    "text",
    "person name",
    "email",
    "phone",
    "number",
    "whole number",
    "money",
    "date",
    "yes or no",
    "one of",
)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in ALL_CASES])
def test_an_answer_is_read_as_its_table_says(case: Case) -> None:
    reading = readers.read(case.text, case.slot_type, case.context)

    if case.known_wrong is None:
        assert case.agrees_with(reading), f"{case.text!r} was read as {reading}"
    else:
        assert not case.agrees_with(reading), f"{case.text!r} is read rightly now: take its known_wrong away"


def test_every_kind_has_a_table_and_the_first_ten_have_sixty_rows_in_two_languages() -> None:
    rows = Counter(case.kind for case in ALL_CASES)
    spanish = Counter(case.kind for case in ALL_CASES if case.context.language == "es")

    assert set(rows) == set(readers.KINDS)
    assert all(rows[kind] >= 60 and spanish[kind] >= 15 for kind in FIRST_KINDS)


def test_every_reason_in_the_tables_is_explained() -> None:
    used = {case.expected.reason for case in ALL_CASES if isinstance(case.expected, DoesNotFit)}

    assert used <= set(REASONS)
    assert all(REASONS.values())


def test_a_kind_that_the_language_does_not_have_is_the_callers_mistake() -> None:
    with pytest.raises(InvalidArgument, match="unknown kind of slot 'colour'"):
        readers.read("red", SlotType("colour"), ALL_CASES[0].context)


def test_only_text_and_names_take_nearly_any_words() -> None:
    assert [kind for kind in readers.KINDS if readers.is_free_text(SlotType(kind))] == ["text", "person name"]
