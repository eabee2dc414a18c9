"""Times as they are stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from fsm_engine.model.times import utc_text

ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))) | st.just(UTC)
MOMENTS = st.datetimes(datetime(1000, 1, 3), datetime(9999, 12, 29), timezones=ZONES)  # noqa: DTZ001 - hypothesis adds it


@given(MOMENTS)
@example(datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC))
@example(datetime(2026, 11, 22, 3, 4, 5, 1, tzinfo=UTC))
@example(datetime(2026, 11, 22, 3, 4, 5, 120000, tzinfo=timezone(timedelta(hours=-3))))
def test_a_time_is_stored_with_six_digits_of_its_second_and_in_utc(moment: datetime) -> None:
    assert utc_text(moment) == f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


@given(MOMENTS, MOMENTS)
def test_stored_times_sort_as_time_does(one: datetime, other: datetime) -> None:
    assert (utc_text(one) < utc_text(other)) == (one < other)
