"""Slot values as people read them: dates, money and lists in the user's language (by Babel, imported when needed)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import date, datetime, time
from decimal import Decimal, localcontext
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal

from fsm_engine.core.expression_values import EXACT, exact_number
from fsm_engine.model.slot import SlotType

if TYPE_CHECKING:
    from babel.core import Locale
    from babel.numbers import NumberPattern

FORMATS: tuple[str, ...] = (
    "money",
    "number",
    "percent",
    "date",
    "date short",
    "date medium",
    "date long",
    "date full",
    "time",
    "list",
)

_STYLE_OF_KIND: Mapping[str, str] = {
    "money": "money",
    "number": "number",
    "whole number": "number",
    "percent": "percent",
    "date": "date medium",
    "time": "time",
    "date and time": "date and time",
    "yes or no": "yes or no",
    "duration": "duration",
    "country": "country",
    "language": "language",
}
_DURATION = re.compile(
    r"P(?:(?P<year>\d+)Y)?(?:(?P<month>\d+)M)?(?:(?P<day>\d+)D)?"
    r"(?:T(?:(?P<hour>\d+)H)?(?:(?P<minute>\d+)M)?(?:(?P<second>\d+)S)?)?"
)
_SPANISH_SOUND = {True: re.compile(r"(?i)h?[oó]"), False: re.compile(r"(?i)h?[ií](?![aeo])")}
"""What Spanish "o" and "y" become "u" and "e" before."""
_YES_NO: Mapping[str, tuple[str, str]] = {"en": ("yes", "no"), "es": ("sí", "no")}


def format_value(value: Any, language: str, *, slot_type: SlotType | None = None, style: str | None = None) -> str:
    """The value as text: by the style an author chose, else by the slot's type, else by what it is. Never raises."""
    if value is None:
        return ""
    if isinstance(value, list):
        item_type = _type_of_items(slot_type)
        words = [format_value(_head(item), language, slot_type=item_type, style=style) for item in value]
        return join_words(words, language)
    if slot_type is not None and slot_type.options and style in (None, "list"):
        return option_label(value, language, slot_type)
    style = style or (_STYLE_OF_KIND.get(slot_type.kind) if slot_type else None) or _style_of_value(value)
    if style == "text":
        return _plain(value)
    formatter = _FORMATTERS.get(
        style.split(" ")[0] if style.startswith("date ") and style != "date and time" else style
    )
    if formatter is None:
        return _by_number(value, language, style)
    try:
        with localcontext(EXACT):
            return formatter(value, language, style)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError):
        return _plain(value)


def option_label(value: Any, language: str, slot_type: SlotType) -> str:
    """What an option of the type is called; the value itself where the type has no such option any more."""
    for option in slot_type.options:
        if option.value == value:
            return option.label(language)
    return _plain(value)


def _type_of_items(slot_type: SlotType | None) -> SlotType | None:
    """Of a list: that of `list of`, or, of several options, the type that has them."""
    if slot_type is None or slot_type.item is not None:
        return slot_type.item if slot_type is not None else None
    return slot_type if slot_type.options else None


def _head(item: Any) -> Any:
    """What a record is called by in a list: its first part, unless it is money."""
    if isinstance(item, dict) and item and "currency" not in item:
        return next(iter(item.values()))
    return item


def _style_of_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, dict) and "currency" in value:
        return "money"
    if isinstance(value, date):
        return "date medium"
    return "number" if isinstance(value, (int, float, Decimal)) else "text"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(_plain(part) for part in value.values())
    return str(value)


def _figure(value: Any) -> Decimal:
    """Raises ValueError for what is no number of ordinary size."""
    number = exact_number(str(value))
    if number is None:
        raise ValueError
    return number


@cache
def _locale(language: str) -> Locale:
    """English where Babel does not know the language."""
    from babel.core import Locale, UnknownLocaleError

    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _money(value: Any, language: str, style: str) -> str:
    amount, currency = (value["amount"], value["currency"]) if isinstance(value, dict) else (value, "USD")
    text: str = _money_pattern(currency, language).apply(_figure(amount), _locale(language))
    return text


@lru_cache(maxsize=256)
def _money_pattern(currency: str, language: str) -> NumberPattern:
    """How the language writes amounts of this currency, its symbol and decimals filled in.

    Babel's `format_currency` looks up the currency's names anew for each amount, which takes as long as all the rest.
    """
    from babel.numbers import get_currency_precision, get_currency_symbol

    locale = _locale(language)
    symbol = get_currency_symbol(currency, locale)
    pattern: NumberPattern = copy(locale.currency_formats["standard"])
    (plus, minus), (end, minus_end) = pattern.prefix, pattern.suffix
    pattern.prefix = plus.replace("¤", symbol), minus.replace("¤", symbol)
    pattern.suffix = end.replace("¤", symbol), minus_end.replace("¤", symbol)
    pattern.frac_prec = (get_currency_precision(currency),) * 2
    return pattern


def _number(value: Any, language: str, style: str) -> str:
    from babel.numbers import format_decimal

    return format_decimal(_figure(value), locale=_locale(language))


def _percent(value: Any, language: str, style: str) -> str:
    from babel.numbers import format_percent

    return format_percent(_figure(value) / 100, locale=_locale(language), decimal_quantization=False)


def _date(value: Any, language: str, style: str) -> str:
    from babel.dates import format_date

    day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    return format_date(day, format=style.partition(" ")[2] or "medium", locale=_locale(language))


def _time(value: Any, language: str, style: str) -> str:
    from babel.dates import format_time

    return format_time(time.fromisoformat(str(value)), format="short", locale=_locale(language))


def _date_and_time(value: Any, language: str, style: str) -> str:
    from babel.dates import format_datetime

    return format_datetime(datetime.fromisoformat(str(value)), format="medium", locale=_locale(language))


def _duration(value: Any, language: str, style: str) -> str:
    """ "1 hour and 30 minutes" for ``PT1H30M``; ValueError for what is no such text."""
    from babel.units import format_unit

    match = _DURATION.fullmatch(str(value))
    if match is None:
        raise ValueError
    counts = [(unit, int(count)) for unit, count in match.groupdict().items() if count is not None]
    locale = _locale(language)
    return join_words([format_unit(count, f"duration-{unit}", locale=locale) for unit, count in counts], language)


def _country(value: Any, language: str, style: str) -> str:
    return str(_locale(language).territories[value])


def _language(value: Any, language: str, style: str) -> str:
    return str(_locale(language).languages[value])


def yes_and_no(language: str) -> tuple[str, str]:
    """Both words of the language, English ones where it is unknown."""
    return _YES_NO.get(language.partition("-")[0], _YES_NO["en"])


def _yes_no(value: Any, language: str, style: str) -> str:
    yes, no = yes_and_no(language)
    return yes if value is True else no


_PLURAL_PART = re.compile(r"(zero|one|two|few|many|other) (\S.*)")


@lru_cache(maxsize=1024)
def plural_forms(style: str) -> Mapping[str, str] | None:
    """The words of ``one person, other people`` by the plural categories of CLDR; None for anything else.

    >>> plural_forms("one person, other people")
    {'one': 'person', 'other': 'people'}
    """
    parts = [_PLURAL_PART.fullmatch(part.strip()) for part in style.split(",")]
    forms = {part[1]: part[2] for part in parts if part is not None}
    return forms if len(forms) == len(parts) and "other" in forms else None


def _by_number(value: Any, language: str, style: str) -> str:
    """The word that goes with a number in this language; other values, and without such words, as they are."""
    forms = plural_forms(style)
    if forms is None:
        return _plain(value)
    number = exact_number(str(value))
    category = "other" if number is None else str(_locale(language).plural_form(abs(number)))
    return forms.get(category, forms["other"])


def _list(value: Any, language: str, style: str) -> str:
    return _plain(value)


_FORMATTERS: Mapping[str, Callable[[Any, str, str], str]] = {
    "money": _money,
    "number": _number,
    "percent": _percent,
    "date": _date,
    "time": _time,
    "date and time": _date_and_time,
    "yes or no": _yes_no,
    "duration": _duration,
    "country": _country,
    "language": _language,
    "list": _list,
}


def join_words(words: Sequence[str], language: str, *, to_choose: bool = False) -> str:
    """``Ana, Ben and Carl``, or ``Ana, Ben or Carl``; one word stands alone; none give an empty text."""
    if len(words) < 2:
        return "".join(words)
    from babel.lists import format_list

    style: Literal["or", "standard"] = "or" if to_choose else "standard"
    joined = format_list(list(words), style=style, locale=_locale(language))
    if language[:2] == "es" and _SPANISH_SOUND[to_choose].match(words[-1]):
        head = joined[: len(joined) - len(words[-1])]
        joined = f"{head.rstrip()[:-1]}{'u' if to_choose else 'e'} {words[-1]}"
    return joined.replace(", and ", " and ").replace(", or ", " or ")
