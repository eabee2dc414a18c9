"""What holds for every kind and every text: a reading comes back, the same each time, within the bounds, in time."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm_engine.model.slot import (
    DayBound,
    DoesNotFit,
    Fits,
    Json,
    Option,
    ReadingContext,
    SeveralFit,
    SlotType,
)
from fsm_engine.understanding import readers
from fsm_engine.understanding.readers.reasons import REASONS
from tests.understanding.reading_cases import all_cases

OPTIONS = (Option("checking", ("current",)), Option("savings", ("save", "ahorro")), Option("2 weeks"))
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CONTEXTS = st.builds(
    ReadingContext,
    language=st.sampled_from(["en", "es", "es-MX", "fr", "de", "xx", ""]),
    region=st.sampled_from([None, "US", "GB", "ES", "MX", "CA", "ZZ", "us"]),
    timezone=st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Nowhere/None"]),
    now=MOMENTS,
)
SPOKEN = st.sampled_from([word for case in all_cases() for word in case.text.split()] + [",", ".", "?", "-", "\n"])
TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=st.characters(codec=None), max_size=30),  # lone surrogates too
    st.lists(SPOKEN, max_size=12).map(" ".join),
    st.lists(SPOKEN, max_size=6).map("".join),
    st.text(alphabet="0123456789.,-+/:%$€kKmMeExX'_ ½²٣１", max_size=25),
)
REPEATED = """
1,|1 |1-|+1 |12/|1 000 |1:1 |a@|a.b@c.|x.y|at dot |www.|http://|not |no |maybe |wait no |i mean |um |one |hundred
half |and |minus |a dozen |next |friday |in a a a |a week from |half past |my name is |i'm |the |savins |new south
$ |5 dollars |5 days |gb29|4111 |1. |please |please,|,.|. |, |i don't know |is not |to the |call me |mr |5 o'clock
days ago |yes |si no |🤷|é|٣|no sé |instead of |i think |a hundred and |y media |from now |option |the second |one of
""".replace("\n", "|").split("|")
HOSTILE = [(piece * 1000)[:1000] for piece in [*REPEATED, *"a1'@(-\u0301<\ud800\u200b\n,.$%½#"] if piece]
HOSTILE += ["0" * 999 + "x", " " * 999 + "x", ("please " * 200)[:998] + "x", ("a" * 63 + ".") * 15, ", " * 499 + "x"]


def slot_types(kind: str) -> st.SearchStrategy[SlotType]:
    """Types of one kind, with and without bounds."""
    low, high = _bounds(kind)
    return st.builds(
        SlotType,
        kind=st.just(kind),
        low=st.sampled_from([None, low]),
        high=st.sampled_from([None, high]),
        region=st.sampled_from([None, "US", "ES"]),
        currency=st.sampled_from([None, "USD", "JPY"]),
        options=st.just(OPTIONS if kind in {"one of", "some of"} else ()),
        item=st.just(SlotType("whole number", low=Decimal(0)) if kind == "list of" else None),
    )


def _bounds(kind: str) -> tuple[Decimal | DayBound, Decimal | DayBound]:
    if kind in {"date", "date and time"}:
        return DayBound(-30), DayBound(400)
    return Decimal(1), Decimal(25)


@pytest.mark.parametrize("kind", readers.KINDS)
@given(data=st.data(), text=TEXTS, context=CONTEXTS)
@settings(max_examples=60, deadline=None)
def test_any_text_gives_a_reading_that_is_the_same_the_second_time(
    kind: str, data: st.DataObject, text: str, context: ReadingContext
) -> None:
    slot_type = data.draw(slot_types(kind))

    reading = readers.read(text, slot_type, context)

    assert isinstance(reading, Fits | DoesNotFit | SeveralFit)
    assert reading == readers.read(text, slot_type, context)
    if isinstance(reading, DoesNotFit):
        assert reading.reason in REASONS
        return
    values = reading.candidates if isinstance(reading, SeveralFit) else (reading.value,)
    for value in values:
        assert json.loads(json.dumps(value).encode()) == value
        assert is_within_bounds(value, slot_type, context)
    if isinstance(reading, SeveralFit):
        assert len(reading.candidates) > 1
        assert all(value not in reading.candidates[:index] for index, value in enumerate(reading.candidates))


def is_within_bounds(value: Json, slot_type: SlotType, context: ReadingContext) -> bool:
    """Whether the measure that the kind's bounds speak of lies between them."""
    if slot_type.kind in {"date", "date and time"}:
        return _is_within_days(str(value), slot_type, context)
    measure = _measure(value, slot_type.kind)
    if measure is None:
        return True
    low, high = slot_type.low, slot_type.high
    return not (isinstance(low, Decimal) and measure < low) and not (isinstance(high, Decimal) and measure > high)


def _measure(value: Json, kind: str) -> Decimal | None:
    if kind in {"number", "whole number", "percent"}:
        assert isinstance(value, int | float)
        assert not isinstance(value, bool)
        return Decimal(repr(value))
    if kind == "money":
        assert isinstance(value, dict)
        return Decimal(str(value["amount"]))
    if kind in {"text", "person name"}:
        return Decimal(len(str(value)))
    if kind in {"some of", "list of"}:
        assert isinstance(value, list)
        return Decimal(len(value))
    return None


def _is_within_days(written: str, slot_type: SlotType, context: ReadingContext) -> bool:
    try:
        from zoneinfo import ZoneInfo

        zone = ZoneInfo(context.timezone)
    except LookupError:
        zone = ZoneInfo("UTC")
    today = context.now.astimezone(zone).date()
    ahead = (date.fromisoformat(written[:10]) - today).days
    low, high = slot_type.low, slot_type.high
    return not (isinstance(low, DayBound) and ahead < low.offset_days) and not (
        isinstance(high, DayBound) and ahead > high.offset_days
    )


FAR_TOO_LONG_S = 0.1
"""Ten times what any kind takes, in CPU time: quadratic reading takes longer, a busy machine does not."""


@pytest.mark.parametrize("kind", readers.KINDS)
def test_a_hostile_text_of_a_thousand_characters_runs_away_nowhere(kind: str) -> None:
    low, high = _bounds(kind)
    types = [SlotType(kind, options=OPTIONS), SlotType(kind, low=low, high=high, options=OPTIONS)]
    context = ReadingContext("en", "US", "UTC", datetime(2026, 11, 18, tzinfo=UTC))
    slow: list[tuple[float, str]] = []

    for text in HOSTILE:
        for slot_type in types:
            took = _time_of(text, slot_type, context)
            if took > FAR_TOO_LONG_S:  # it may have paid for an import
                took = min(_time_of(text, slot_type, context) for _ in range(3))
            if took > FAR_TOO_LONG_S:
                slow.append((took, text[:12]))

    assert not slow


def _time_of(text: str, slot_type: SlotType, context: ReadingContext) -> float:
    start = time.process_time()
    readers.read(text, slot_type, context)
    return time.process_time() - start


@given(number=st.integers(-(2**53) + 1, 2**53 - 1))
@settings(max_examples=200, deadline=None)
def test_every_whole_number_that_json_keeps_is_read_from_its_digits(number: int) -> None:
    context = ReadingContext("en", "US", "UTC", datetime(2026, 11, 18, tzinfo=UTC))

    assert readers.read(str(number), SlotType("whole number"), context) == Fits(number)
    assert readers.read(f"{number:,}", SlotType("number"), context) == Fits(number)


@given(day=st.dates(date(1900, 1, 1), date(2199, 12, 31)))
@settings(max_examples=200, deadline=None)
def test_a_day_is_read_back_from_every_way_of_writing_it(day: date) -> None:
    context = ReadingContext("en", "GB", "UTC", datetime(2026, 11, 18, tzinfo=UTC))
    month = day.strftime("%B")

    for text in (day.isoformat(), f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}", f"{day:%d/%m/%Y}"):
        assert readers.read(text, SlotType("date"), context) == Fits(day.isoformat())


@given(cents=st.integers(0, 10**12))
@settings(max_examples=200, deadline=None)
def test_an_amount_is_read_back_with_its_cents(cents: int) -> None:
    amount = Decimal(cents).scaleb(-2)
    context = ReadingContext("en", "US", "UTC", datetime(2026, 11, 18, tzinfo=UTC))
    expected = Fits({"amount": f"{amount:.2f}", "currency": "USD"})

    assert readers.read(f"${amount:,.2f}", SlotType("money"), context) == expected


@given(
    options=st.lists(st.text(alphabet="abcdefghijklmnop", min_size=3, max_size=9), min_size=2, max_size=6, unique=True)
)
@settings(max_examples=100, deadline=None)
def test_every_option_is_chosen_by_its_own_words_and_by_its_place(options: list[str]) -> None:
    slot_type = SlotType("one of", options=tuple(Option(option) for option in options))
    context = ReadingContext("en", "US", "UTC", datetime(2026, 11, 18, tzinfo=UTC))

    for place, option in enumerate(options, start=1):
        assert readers.read(option, slot_type, context) == Fits(option)
        assert readers.read(f"option {place}", slot_type, context) == Fits(option)
