"""Times as old rows have them, in one of several forms, and as UTC text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from fsm_engine.model.times import utc_text

_FORMS = ("%Y%m%d%H%M%S", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%c")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECONDS, _LAST_MILLISECONDS, _LAST_MICROSECONDS = 1e11, 1e14, 1e17  # the year 5138, in each unit
_JULIAN_OF_EPOCH = 2_440_587.5
_JULIAN_DAYS = (2_400_000.0, 2_500_000.0)  # the years 1858 to 2132; as seconds since 1970 all of them are one January
_LONGEST = 64
_COMPACT_DIGITS = (8, 14)


def read_time(value: object) -> str | None:
    """The time as UTC text, None when it is in no form that is known. A time without a zone is taken as UTC.

    Known: ISO 8601; seconds, milli-, micro- and nanoseconds since 1970, as numbers or digits; Julian days; the dates of
    mails; ``20260131093000``, ``2026/01/31 09:30:00``, ``31.01.2026 09:30:00`` and what C's ``ctime`` writes.
    """
    try:
        if isinstance(value, int | float):
            return utc_text(_from_number(float(value)))
        if isinstance(value, str):
            return utc_text(_from_text(value.strip()))
    except (ValueError, OverflowError, TypeError):
        pass
    return None


def written_like(stored: str, example: object) -> int | float | str:
    """A stored time in the form of another row's: seconds or milliseconds since 1970, or text with or without T."""
    moment = datetime.fromisoformat(stored)
    seconds = (moment - _EPOCH).total_seconds()
    if isinstance(example, int | float):
        scaled = seconds if abs(example) < _LAST_SECONDS else seconds * 1000
        return int(scaled) if isinstance(example, int) else scaled
    separator = "T" if isinstance(example, str) and example[10:11] == "T" else " "
    return moment.strftime(f"%Y-%m-%d{separator}%H:%M:%S")


def _from_number(number: float) -> datetime:
    if _JULIAN_DAYS[0] < number < _JULIAN_DAYS[1]:
        return _EPOCH + timedelta(days=number - _JULIAN_OF_EPOCH)
    for last, per_second in ((_LAST_SECONDS, 1), (_LAST_MILLISECONDS, 1e3), (_LAST_MICROSECONDS, 1e6)):
        if abs(number) < last:
            return _EPOCH + timedelta(seconds=number / per_second)
    return _EPOCH + timedelta(seconds=number / 1e9)


def _from_text(text: str) -> datetime:
    if not 0 < len(text) <= _LONGEST:
        raise ValueError("no time")
    digits = text.removeprefix("-").replace(".", "", 1)
    if digits.isascii() and digits.isdigit() and len(text) not in _COMPACT_DIGITS:
        return _from_number(float(text))
    for read in (datetime.fromisoformat, _by_form, parsedate_to_datetime):
        try:
            moment = read(text)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise ValueError("no time")


def _by_form(text: str) -> datetime:
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the zone
        except ValueError:
            continue
    raise ValueError("no time")
