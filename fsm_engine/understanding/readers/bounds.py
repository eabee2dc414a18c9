"""Whether a value lies within the bounds that its type declares; bounds are inclusive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from fsm_engine.model.slot import Bound, DayBound, ReadingContext, SlotType
from fsm_engine.understanding.readers import reasons

_OF_LENGTH: Final[Mapping[str | None, str]] = MappingProxyType(
    {reasons.TOO_SMALL: reasons.TOO_SHORT, reasons.TOO_BIG: reasons.TOO_LONG}
)
_OF_COUNT: Final[Mapping[str | None, str]] = MappingProxyType(
    {reasons.TOO_SMALL: reasons.TOO_FEW, reasons.TOO_BIG: reasons.TOO_MANY}
)


def number_problem(value: Decimal, slot_type: SlotType) -> str | None:
    """``too_small`` or ``too_big``; None within the bounds."""
    if isinstance(slot_type.low, Decimal) and value < slot_type.low:
        return reasons.TOO_SMALL
    if isinstance(slot_type.high, Decimal) and value > slot_type.high:
        return reasons.TOO_BIG
    return None


def length_problem(length: int, slot_type: SlotType) -> str | None:
    """``too_short`` or ``too_long``; None within the bounds."""
    problem = number_problem(Decimal(length), slot_type)
    return _OF_LENGTH.get(problem)


def count_problem(count: int, slot_type: SlotType) -> str | None:
    """``too_few`` or ``too_many`` entries; None within the bounds."""
    problem = number_problem(Decimal(count), slot_type)
    return _OF_COUNT.get(problem)


def day_problem(day: date, slot_type: SlotType, today: date) -> str | None:
    """``too_early`` or ``too_late``; None within the bounds."""
    low, high = bound_day(slot_type.low, today), bound_day(slot_type.high, today)
    if low is not None and day < low:
        return reasons.TOO_EARLY
    if high is not None and day > high:
        return reasons.TOO_LATE
    return None


def bound_day(bound: Bound | None, today: date) -> date | None:
    """The day that a bound names, seen from ``today``; beyond the calendar's ends it is the calendar's end."""
    if not isinstance(bound, DayBound):
        return None
    start = date.fromisoformat(bound.day) if bound.day is not None else today
    return shifted(start, bound.offset_days) or (date.max if bound.offset_days > 0 else date.min)


def shifted(day: date, days: int) -> date | None:
    """The day so many days later; None outside the years 1 to 9999."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name, UTC when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return ZoneInfo("UTC")


def today_of(context: ReadingContext) -> date:
    """The day that it is for the user."""
    return context.now.astimezone(zone(context.timezone)).date()
