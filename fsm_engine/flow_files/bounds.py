"""Bounds as authors write them: ``0..10``, ``..60``, ``25 USD..``, ``today..today+14``, ``2024-01-01..today``."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from fsm_engine.flow_files.authors_help import did_you_mean, shown
from fsm_engine.flow_files.iso_codes import CURRENCIES
from fsm_engine.model.slot import DayBound

_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,10})?")
_AMOUNT = re.compile(r"(?P<number>[^\sA-Za-z]*) ?(?P<currency>[A-Za-z]*)")
_RELATIVE_DAY = re.compile(r"today(?: ?(?P<sign>[+-]) ?(?P<days>[0-9]{1,5}))?")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class BadBounds(Exception):
    """Carries words for the author up to the node of the phrase; never leaves this room."""


def _ends(text: str, example: str) -> tuple[str, str]:
    low, dots, high = text.partition("..")
    if not dots or ".." in high.lstrip("."):
        raise BadBounds(f"bounds are written low..high, such as {example}, not {shown(text)}")
    return low.strip(), high.strip()


def number_bounds(
    text: str, what: str, *, is_whole: bool = False, least: int | None = None
) -> tuple[Decimal | None, Decimal | None]:
    """Both bounds are inclusive; a missing one is None. Raises ``BadBounds``."""
    written_low, written_high = _ends(text, "0..10, 1.. or ..60")
    low, high = _number(written_low, what), _number(written_high, what)
    for bound in (low, high):
        if bound is None:
            continue
        if is_whole and bound != bound.to_integral_value():
            raise BadBounds(f"bounds of {what} are whole numbers, not '{bound}'")
        if least is not None and bound < least:
            raise BadBounds(f"bounds of {what} are {least} or more, not '{bound}'")
    if low is not None and high is not None and low > high:
        raise BadBounds(_reversed(text))
    return low, high


def _number(text: str, what: str) -> Decimal | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise BadBounds(f"{shown(text)} is not a number that can bound {what}; write digits only, such as 1000 or 2.5")
    return Decimal(text)


def _reversed(text: str) -> str:
    return f"the bounds {shown(text)} let nothing through; the smaller one comes first"


def money_bounds(text: str) -> tuple[Decimal | None, Decimal | None, str | None]:
    """Amounts and their currency: ``25 USD..``, ``25..100 USD``, ``USD`` or nothing. Raises ``BadBounds``."""
    if ".." not in text:
        amount, currency = _amount(text)
        if amount:
            raise BadBounds(f"bounds are written low..high, such as 25 USD.. or 25..100 USD, not {shown(text)}")
        return None, None, currency
    written_low, written_high = _ends(text, "25 USD.. or 25..100 USD")
    (low, low_currency), (high, high_currency) = _amount(written_low), _amount(written_high)
    if low_currency and high_currency and low_currency != high_currency:
        raise BadBounds(f"both bounds are in one currency, not in {low_currency} and {high_currency}")
    least, most = number_bounds(f"{low}..{high}", "an amount", least=0)
    return least, most, low_currency or high_currency


def _amount(text: str) -> tuple[str, str | None]:
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise BadBounds(f"{shown(text)} is not an amount such as 25 USD")
    currency = match["currency"] or None
    if currency is not None and currency not in CURRENCIES:
        hint = did_you_mean(currency, sorted(CURRENCIES)) if len(currency) > 2 else ""
        raise BadBounds(f"{shown(currency)} is not a currency code such as USD, EUR or GBP{hint}")
    return match["number"], currency


def day_bounds(text: str) -> tuple[DayBound | None, DayBound | None]:
    """Days relative to that of the turn, or fixed ones. Raises ``BadBounds``."""
    if not text:
        return None, None
    written_low, written_high = _ends(text, "today..today+14")
    low, high = _day(written_low), _day(written_high)
    if low is not None and high is not None and _is_after(low, high):
        raise BadBounds(_reversed(text))
    return low, high


def _is_after(low: DayBound, high: DayBound) -> bool:
    """Says nothing of a fixed day against a relative one: that depends on the day of the turn."""
    if low.day is not None and high.day is not None:
        return low.day > high.day
    return low.day is None and high.day is None and low.offset_days > high.offset_days


def _day(text: str) -> DayBound | None:
    if not text:
        return None
    match = _RELATIVE_DAY.fullmatch(text)
    if match is not None:
        return DayBound(offset_days=int(f"{match['sign'] or ''}{match['days'] or 0}"))
    if _ISO_DAY.fullmatch(text) and _is_day(text):
        return DayBound(day=text)
    raise BadBounds(f"{shown(text)} is not a day; write today, today+14, today-30 or a date such as 2030-12-31")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
