"""The short way to a day that stands alone says what the long way says."""

from __future__ import annotations

from datetime import date

import pytest

from fsm_engine.understanding.readers import day_phrases
from fsm_engine.understanding.readers.day_phrases import Around, FoundDay, days_in
from fsm_engine.understanding.readers.wording import plain_spelling
from tests.understanding.reading_cases import all_cases

KINDS = ("date", "date and time", "time", "duration", "text")
TEXTS = tuple(dict.fromkeys(plain_spelling(case.text) for case in all_cases() if case.kind in KINDS))


def told(found: list[FoundDay]) -> list[tuple[int, tuple[date, ...], bool, bool]]:
    return [(one.start, one.days, one.is_sure, one.is_weekday) for one in found]


@pytest.mark.parametrize("is_past", [False, True])
def test_the_short_way_says_what_the_long_way_says(monkeypatch: pytest.MonkeyPatch, is_past: bool) -> None:
    around = Around(date(2026, 11, 18), is_past, is_month_first=True)
    texts = [form.format(text) for text in TEXTS for form in ("{}", " {} at ", "{}.", "{} a las")]
    short = {text: told(days_in(text, around)) for text in texts}
    taken = sum(day_phrases._day_alone(text, around) is not None for text in texts)
    monkeypatch.setattr(day_phrases, "_day_alone", lambda *_: None)

    assert {text: told(days_in(text, around)) for text in texts} == short
    assert taken > 50
