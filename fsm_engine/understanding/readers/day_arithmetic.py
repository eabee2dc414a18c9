"""Days of the calendar counted from another: which year is meant, months later, the next Friday."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

_FIRST_YEAR, _LAST_YEAR = 1000, 9998


def day_or_none(year: int, month: int, day: int) -> date | None:
    """That day, None where the calendar has none (30 February) and outside the years 1000 to 9998."""
    if not _FIRST_YEAR <= year <= _LAST_YEAR or not 1 <= month <= 12:
        return None
    return date(year, month, day) if 1 <= day <= monthrange(year, month)[1] else None


def full_year(written: str, today: date, *, is_past: bool) -> int:
    """The year of "2027", "27" or "'85": of two digits, the one from 80 years ago up to 19 years ahead.

    ``is_past``: the day asked for cannot lie ahead (a birthday), so "27" in 2026 is 1927.
    """
    year = int(written)
    if len(written) > 2:
        return year
    year += today.year - today.year % 100
    latest = today.year if is_past else today.year + 19
    return year if year <= latest else year - 100


def without_year(month: int, day: int, today: date, *, is_past: bool) -> date | None:
    """The nearest such day from today on, or up to today where ``is_past``; 29 February waits for a leap year."""
    step = -1 if is_past else 1
    for distance in range(9):
        candidate = day_or_none(today.year + step * distance, month, day)
        if candidate is not None and (candidate <= today if is_past else candidate >= today):
            return candidate
    return None


def day_of_month(day: int, today: date, *, is_past: bool) -> date | None:
    """The nearest day with that number: this month or the next that has it, backwards where ``is_past``."""
    for distance in range(3):
        month = months_later(today.replace(day=1), -distance if is_past else distance)
        candidate = day_or_none(month.year, month.month, day) if month is not None else None
        if candidate is not None and (candidate <= today if is_past else candidate >= today):
            return candidate
    return None


def months_later(day: date, months: int) -> date | None:
    """The same day of the month so many months later, or that month's last day; None beyond the calendar."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def days_later(day: date, days: int) -> date | None:
    """So many days later; None outside the years 1000 to 9998."""
    try:
        later = day + timedelta(days=days)
    except OverflowError:
        return None
    return later if _FIRST_YEAR <= later.year <= _LAST_YEAR else None


def coming_weekday(weekday: int, today: date) -> date:
    """The first such weekday after today."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def past_weekday(weekday: int, today: date) -> date:
    """The last such weekday before today."""
    return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)


def weekday_of_next_week(weekday: int, today: date) -> date:
    """That day of the week (Monday to Sunday) after the one that today lies in."""
    return today + timedelta(days=7 - today.weekday() + weekday)
