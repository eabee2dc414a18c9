"""Values inside expressions: exact numbers, real dates, and operations that give None where there is no answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["true or false", "number", "text", "date", "list", "value"]
BOOL: Kind = "true or false"
NUMBER: Kind = "number"
TEXT: Kind = "text"
DATE: Kind = "date"
LIST: Kind = "list"
UNKNOWN: Kind = "value"

KIND_OF_SLOT_TYPE: Mapping[str, Kind] = {
    "number": NUMBER,
    "whole number": NUMBER,
    "percent": NUMBER,
    "money": NUMBER,
    "yes or no": BOOL,
    "date": DATE,
    "some of": LIST,
    "list of": LIST,
    "text": TEXT,
    "person name": TEXT,
    "email": TEXT,
    "phone": TEXT,
    "url": TEXT,
    "one of": TEXT,
    "country": TEXT,
    "language": TEXT,
    "postcode": TEXT,
    "iban": TEXT,
    "card number": TEXT,
    "time": TEXT,
}

MAX_DIGITS = 40
EXACT = Context(prec=2 * MAX_DIGITS, traps=[InvalidOperation, DivisionByZero, Overflow])
"""Of its own, so that a program's decimal settings do not change what guards and texts say."""
_LARGEST = Decimal(10) ** MAX_DIGITS
LARGEST_WHOLE = 2**63 - 1


def as_value(stored: Any, kind: Kind = UNKNOWN) -> Any:
    """A stored slot value as expressions see it: numbers exact, money as its amount, ISO dates as dates."""
    if isinstance(stored, bool) or stored is None:
        return stored
    if isinstance(stored, int):
        return exact_number(stored)
    if isinstance(stored, float):
        return exact_number(repr(stored))
    if kind == DATE and isinstance(stored, str):
        try:
            return date.fromisoformat(stored[:10])
        except ValueError:
            return None
    if isinstance(stored, dict) and "amount" in stored and "currency" in stored:
        return exact_number(stored["amount"])
    return stored


def exact_number(written: Any) -> Decimal | None:
    """The exact number; None for what is none, or has more than 40 digits before or behind its point."""
    if not isinstance(written, (int, str)):
        return None
    try:
        number = Decimal(written)
    except DecimalException:
        return None
    return number if number.is_finite() and -MAX_DIGITS <= number.adjusted() < MAX_DIGITS else None


def as_stored(value: Any) -> Any:
    """What an expression gave, as a slot keeps it: whole numbers that JSON can hold stay whole."""
    if isinstance(value, Decimal):
        is_whole = -LARGEST_WHOLE <= value <= LARGEST_WHOLE and value == value.to_integral_value()
        return int(value) if is_whole else float(value)
    if isinstance(value, list):
        return [as_stored(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def part_of(stored: Any, part: str) -> Any:
    """One part of a record such as money's ``currency``; None where there is no such part."""
    return as_value(stored.get(part)) if isinstance(stored, dict) else None


def compare(symbol: str, left: Any, right: Any) -> bool:
    """False for an ordering of things that have none, among them missing values."""
    if symbol == "==":
        return bool(left == right)
    if symbol == "!=":
        return bool(left != right)
    left, right = _same_clock(left), _same_clock(right)
    if type(left) is not type(right) or not isinstance(left, (Decimal, str, date)):
        return False
    return _ORDERINGS[symbol](left, right)


def _same_clock(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


_ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def contains(container: Any, item: Any) -> bool:
    """``item in container`` for lists and texts; nothing is in anything else."""
    if isinstance(container, list):
        return any(as_value(member) == item for member in container)
    return isinstance(container, str) and isinstance(item, str) and item in container


def arithmetic(symbol: str, left: Any, right: Any) -> Any:
    """The exact result, or None where there is none: missing values, division by zero, more than 40 digits."""
    if isinstance(left, date) or isinstance(right, date):
        return _days(symbol, left, right)
    if not isinstance(left, Decimal) or not isinstance(right, Decimal):
        return None
    try:
        result = _OPERATIONS[symbol](left, right)
    except DecimalException:
        return None
    return result if -_LARGEST < result < _LARGEST else None


_OPERATIONS: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": EXACT.multiply,
    "/": EXACT.divide,
}


def _days(symbol: str, left: Any, right: Any) -> Any:
    if isinstance(left, date) and isinstance(right, date) and symbol == "-":
        return Decimal((left - right).days)
    if isinstance(left, date) and isinstance(right, Decimal) and symbol in {"+", "-"}:
        try:
            days = timedelta(days=int(right))
            return left + days if symbol == "+" else left - days
        except OverflowError:
            return None
    return None
