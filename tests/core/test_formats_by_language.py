"""Values as people of a language read them: amounts, days, lengths of time, countries, shares, lists."""

from __future__ import annotations

import pytest

from fsm_engine.core.formats import format_value, join_words
from fsm_engine.model.slot import Json, SlotType

NBSP = "\N{NO-BREAK SPACE}"
SHOWN: list[tuple[str, Json, str, str]] = [
    ("money", {"amount": "1200.5", "currency": "EUR"}, "€1,200.50", f"1.200,50{NBSP}€"),
    ("number", 1234567.5, "1,234,567.5", "1.234.567,5"),
    ("percent", 12.5, "12.5%", f"12,5{NBSP}%"),
    ("percent", 100, "100%", f"100{NBSP}%"),
    ("date", "2026-03-04", "Mar 4, 2026", "4 mar 2026"),
    ("duration", "PT1H30M", "1 hour and 30 minutes", "1 hora y 30 minutos"),
    ("duration", "P1Y6M", "1 year and 6 months", "1 año y 6 meses"),
    ("duration", "P14D", "14 days", "14 días"),
    ("duration", "PT0S", "0 seconds", "0 segundos"),
    ("country", "ES", "Spain", "España"),
    ("language", "de", "German", "alemán"),
    ("yes or no", True, "yes", "sí"),
]


@pytest.mark.parametrize(("kind", "value", "english", "spanish"), SHOWN)
def test_a_value_is_shown_in_the_language_of_its_reader(kind: str, value: Json, english: str, spanish: str) -> None:
    slot_type = SlotType(kind)

    assert format_value(value, "en", slot_type=slot_type) == english
    assert format_value(value, "es", slot_type=slot_type) == spanish


@pytest.mark.parametrize("kind", ["duration", "country", "language", "percent"])
@pytest.mark.parametrize("value", ["P", "ZZ", "", "x" * 50, None, 5, [], {}])
def test_what_is_no_value_of_its_kind_is_shown_as_it_is(kind: str, value: Json) -> None:
    assert isinstance(format_value(value, "en", slot_type=SlotType(kind)), str)


def test_lists_and_choices_are_joined_as_the_language_joins_them() -> None:
    assert join_words(["a", "b", "c"], "en") == "a, b and c"
    assert join_words(["a", "b", "c"], "es") == "a, b y c"
    assert join_words(["a", "b", "c"], "en", to_choose=True) == "a, b or c"
    assert join_words(["a", "b", "c"], "es", to_choose=True) == "a, b o c"
    assert join_words(["Ana", "Inés"], "es") == "Ana e Inés"
    assert join_words(["agua", "hielo"], "es") == "agua y hielo"
    assert join_words(["siete", "ocho"], "es", to_choose=True) == "siete u ocho"
