"""The days that a message names, English and Spanish, relative to the day it was written on.

Where the language leaves it open, the nearest day ahead is taken, or the nearest past one where the day asked for
cannot lie ahead. "Friday" and "next Friday" are the first Friday after today; for some people "next Friday" said on a
Tuesday is ten days ahead, so it is not sure until the week ends. "Friday" said on a Friday is a week later, not sure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from fsm_engine.understanding.readers import day_arithmetic as days
from fsm_engine.understanding.readers.calendar_words import (
    ABBREVIATED_WORDS,
    DAYS_PER_UNIT,
    FEASTS,
    MONTHS,
    MONTHS_PER_UNIT,
    ORDINALS,
    WEEKDAYS,
    any_of,
)
from fsm_engine.understanding.readers.number_words import read_words


@dataclass(frozen=True, slots=True)
class Around:
    """What the meaning of a phrase depends on. ``is_month_first`` None: nobody knows which order "12/5" is in."""

    today: date
    is_past: bool
    is_month_first: bool | None


@dataclass(frozen=True, slots=True)
class FoundDay:
    """A day named in the message from ``start`` to ``end``; no ``days`` at all where the calendar has no such day.

    Two ``days``: both readings of "12/5". ``is_weekday``: only the weekday was named.
    """

    start: int
    end: int
    days: tuple[date, ...]
    is_sure: bool = True
    is_weekday: bool = False


_Meaning = Callable[[re.Match[str], Around], "tuple[date | None, bool]"]

_MONTH: Final = any_of(MONTHS)
_WEEKDAY: Final = any_of(WEEKDAYS)
_UNIT: Final = any_of([*DAYS_PER_UNIT, *MONTHS_PER_UNIT])
_ORDINAL: Final = any_of(ORDINALS)
_YEAR: Final = r"(?:,? (?:of |de |del |del ano )?((?:1[0-9]|2[0-9])[0-9]{2}|'[0-9]{2})\b)?"
_COUNT: Final = r"([0-9]{1,4}|[a-z]{1,12}(?: [a-z]{1,12}){0,3}?)"
_NUMERIC = re.compile(r"(?<![\w./:-])([0-9]{1,2})([/.\-])([0-9]{1,2})(?:\2([0-9]{4}|[0-9]{2}))?(?![\w/:]|[.-][0-9])")


def days_in(folded: str, around: Around) -> list[FoundDay]:
    """Every day that the message names, in the order in which they stand; a phrase inside a longer one is left out."""
    alone = _day_alone(folded, around)
    if alone is not None:
        return [alone]
    found: list[FoundDay] = []
    for day in _all_days(folded, around):
        if not any(day.start < other.end and other.start < day.end for other in found):
            found.append(day)
    return sorted(found, key=lambda day: day.start)


def _day_alone(folded: str, around: Around) -> FoundDay | None:
    """The day where one common phrase is all there is, as mostly; what `_all_days` finds then, found by one look."""
    match = _ALONE.fullmatch(folded)
    if match is None:
        return None
    if match["word"]:
        day = days.days_later(around.today, _DAY_WORDS[match["word"]])
        return None if day is None else FoundDay(*match.span("word"), (day,))
    day, is_sure = _weekday(match, around)
    end = max(match.end("day"), match.end("after"))
    return None if day is None else FoundDay(match.start("before"), end, (day,), is_sure, is_weekday=True)


def _all_days(folded: str, around: Around) -> Iterator[FoundDay]:
    if any("0" <= character <= "9" for character in folded):
        yield from _numeric_days(folded, around)
    for pattern, meaning, is_weekday in _PHRASES:
        for match in pattern.finditer(folded):
            day, is_sure = meaning(match, around)
            if day is not None or pattern not in _OFTEN_OTHER_THINGS:
                named = () if day is None else (day,)
                yield FoundDay(match.start(), match.end(), named, is_sure, is_weekday)


def _numeric_days(folded: str, around: Around) -> Iterator[FoundDay]:
    for match in _NUMERIC.finditer(folded):
        first, mark, second, year = int(match[1]), match[2], int(match[3]), match[4]
        if year is None and mark != "/":
            continue
        month_first, day_first = (
            _with_or_without_year(month, day, year, around) for month, day in ((first, second), (second, first))
        )
        if around.is_month_first is not None:
            chosen = month_first if around.is_month_first else day_first
            other = day_first if around.is_month_first else month_first
            best = chosen or other
            yield FoundDay(match.start(), match.end(), () if best is None else (best,), is_sure=chosen is not None)
            continue
        both = tuple(dict.fromkeys(day for day in (month_first, day_first) if day is not None))
        yield FoundDay(match.start(), match.end(), both)


def _with_or_without_year(month: int, day: int, year: str | None, around: Around) -> date | None:
    if year is None:
        return days.without_year(month, day, around.today, is_past=around.is_past)
    return days.day_or_none(days.full_year(year.strip("'"), around.today, is_past=around.is_past), month, day)


def _iso(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    return days.day_or_none(int(match[1]), int(match[2]), int(match[3])), True


def _day_month(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    return _with_or_without_year(MONTHS[match[2]], _day_number(match[1]), match[3], around), True


def _month_day(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    return _with_or_without_year(MONTHS[match[1]], _day_number(match[2]), match[3], around), True


def _day_number(written: str) -> int:
    if written.isdigit():
        return int(written)
    return ORDINALS.get(written) or _count(written) or 0


def _count(written: str) -> int | None:
    """How many in "3", "three", "a", "a couple of", "un par de"; None for anything else."""
    if written.isdigit():
        return int(written)
    words = written.removesuffix(" of").removesuffix(" de").split()
    if words in (["a"], ["an"], ["the"], ["una"], ["un"]):
        return 1
    for language in ("en", "es"):
        number = read_words(words, language)
        if number is not None and number.length == len(words) and number.value == int(number.value):
            return int(number.value)
    return None


def _later(count: str, unit: str, around: Around, sign: int) -> date | None:
    many = _count(count)
    if many is None:
        return None
    if unit in DAYS_PER_UNIT:
        return days.days_later(around.today, sign * many * DAYS_PER_UNIT[unit])
    return days.months_later(around.today, sign * many * MONTHS_PER_UNIT[unit])


def _ahead(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    return _later(match[1], match[2], around, 1), True


def _ago(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    return _later(match[1], match[2], around, -1), True


def _length_alone(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    return _later(match[1], match[2], around, -1 if around.is_past else 1), False


_DAY_WORDS: Final = {
    "the day after tomorrow": 2,
    "day after tomorrow": 2,
    "overmorrow": 2,
    "pasado manana": 2,
    "the day before yesterday": -2,
    "day before yesterday": -2,
    "antes de ayer": -2,
    "anteayer": -2,
    "antier": -2,
    "tomorrow": 1,
    "tommorow": 1,
    "tomorow": 1,
    "tommorrow": 1,
    "tmrw": 1,
    "tmr": 1,
    "2moro": 1,
    "manana": 1,
    "yesterday": -1,
    "ayer": -1,
    "anoche": -1,
    "last night": -1,
    "today": 0,
    "tonight": 0,
    "hoy": 0,
    "esta noche": 0,
    "esta tarde": 0,
    "this morning": 0,
    "this afternoon": 0,
    "this evening": 0,
}


def _day_word(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    return days.days_later(around.today, _DAY_WORDS[match[1]]), True


def _weekday(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    name = match["day"]
    if name in ABBREVIATED_WORDS and len(match.string.split()) > 3:
        return None, False
    weekday = WEEKDAYS[name]
    before, after = match["before"] or "", match["after"] or ""
    if "last" in before or "past" in before or "pasado" in before + after or after == " before last":
        return days.past_weekday(weekday, around.today), True
    coming = days.coming_weekday(weekday, around.today)
    if "this" in before or "este" in before:
        return (around.today, False) if weekday == around.today.weekday() else (coming, True)
    if "next" in before:
        return coming, coming.isocalendar()[1] != around.today.isocalendar()[1]
    if around.is_past:
        return days.past_weekday(weekday, around.today), False
    return coming, weekday != around.today.weekday() or "proxim" in before or "viene" in after


def _weekday_next_week(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    weekday = WEEKDAYS[match[1] or match[2] or match[3]]
    return days.weekday_of_next_week(weekday, around.today), True


def _weekday_after_next(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    coming = days.coming_weekday(WEEKDAYS[match[1] or match[2]], around.today)
    return days.days_later(coming, 7), True


def _period(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    """ "Next week" is a week from today: the user names no day, so it is never sure."""
    words = match[0]
    sign = -1 if "last" in words or "pasad" in words else 1
    unit = next(unit for unit in (match[1], match[2], match[3]) if unit)
    return _later("1", unit, around, sign), False


def _weekend(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    saturday = days.coming_weekday(5, around.today)
    if match[1] and "next" in match[1] and around.today.weekday() < 5:
        return days.days_later(saturday, 7), False
    return saturday, False


def _day_of_month(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    number = next(group for group in match.groups() if group)
    return days.day_of_month(_day_number(number), around.today, is_past=around.is_past), True


def _end_of_month(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    start = days.months_later(around.today.replace(day=1), 2 if match[1] else 1)
    return (None if start is None else days.days_later(start, -1)), True


def _end_of_year(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    return days.day_or_none(around.today.year, 12, 31), True


def _day_of_next_month(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    start = days.months_later(around.today.replace(day=1), 1)
    number = int(match[1] or match[2])
    return (None if start is None else days.day_or_none(start.year, start.month, number)), True


def _right_now(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    return around.today, False


def _feast(match: re.Match[str], around: Around) -> tuple[date | None, bool]:
    month, day = FEASTS[match[1]]
    return days.without_year(month, day, around.today, is_past=around.is_past), True


_LENGTH_ALONE = re.compile(rf"^(?:about |around |maybe |like |unos |unas )?{_COUNT} ({_UNIT})[ .!?]*$")
_WEEKDAY_PHRASE = re.compile(
    rf"\b(?P<before>(?:(?:this|next|last|past|coming|this coming|this past|upcoming|on|el|este|proximo"
    rf"|el proximo|el pasado|pasado|este proximo) )*)"
    rf"(?P<day>{_WEEKDAY})\b\.?(?P<after> (?:que viene|proximo|pasado|siguiente))?"
)
_ALONE = re.compile(
    rf"[ .,!?]*(?:(?P<word>{any_of(_DAY_WORDS)})\b|{_WEEKDAY_PHRASE.pattern})(?: at| a las?| sobre las?)?[ .,!?]*"
)
"""Nothing else can be found in such a message; what leads up to a time that was taken out may stand there still."""
_PHRASES: Final[tuple[tuple[re.Pattern[str], _Meaning, bool], ...]] = tuple(
    (pattern if isinstance(pattern, re.Pattern) else re.compile(pattern), meaning, is_weekday)
    for pattern, meaning, is_weekday in (
        (r"(?<![\w/.-])([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?![0-9/-])", _iso, False),
        (
            rf"\b([0-9]{{1,2}}|{_ORDINAL}|uno)(?:st|nd|rd|th|º|ª|o)?(?: day)?(?: of| de| del)?"
            rf"[ -]?({_MONTH})\b\.?{_YEAR}",
            _day_month,
            False,
        ),
        (
            rf"\b({_MONTH})\b\.?(?: |-)?(?:the )?([0-9]{{1,2}}|{_ORDINAL})(?:st|nd|rd|th)?\b(?![:/]){_YEAR}",
            _month_day,
            False,
        ),
        (
            r"\b(?:in|within|dentro de|en|de aqui a) "
            r"(?:about |around |like |just |the next |unos |unas |los proximos |las proximas )?"
            rf"{_COUNT} ({_UNIT})\b(?:'?s? time)?",
            _ahead,
            False,
        ),
        (
            rf"\b{_COUNT} ({_UNIT}) (?:from (?:now|today)|hence|later|a partir de (?:hoy|ahora)|mas tarde|despues)\b",
            _ahead,
            False,
        ),
        (rf"\b{_COUNT} ({_UNIT}) (?:ago|before(?! yesterday)|atras|earlier)\b", _ago, False),
        (rf"\bhace (?:unos |unas )?{_COUNT} ({_UNIT})\b", _ago, False),
        (_LENGTH_ALONE, _length_alone, False),
        (rf"(?<!la )(?<!las )\b({any_of(_DAY_WORDS)})\b", _day_word, False),
        (
            rf"\b({_WEEKDAY}) (?:of )?next week\b|\bnext week (?:on )?({_WEEKDAY})\b"
            rf"|\b({_WEEKDAY}) de la (?:proxima semana|semana que viene)\b",
            _weekday_next_week,
            False,
        ),
        (rf"\b({_WEEKDAY}) after next\b|\ba week (?:from|on) ({_WEEKDAY})\b", _weekday_after_next, False),
        (
            r"\b(?:end of (?:the |this )?(next )?month|(?:a )?fin(?:al)?(?:es)? de(?:l)? (?:este )?mes)\b",
            _end_of_month,
            False,
        ),
        (r"\b(?:end of (?:the |this )?year|(?:a )?fin(?:al)?(?:es)? de(?:l)? (?:este )?ano)\b", _end_of_year, False),
        (
            r"\b([0-9]{1,2})(?:st|nd|rd|th)? of next month\b|\bel ([0-9]{1,2}) del (?:mes que viene|proximo mes)\b",
            _day_of_next_month,
            False,
        ),
        (r"\b(?:asap|as soon as possible|right now|cuanto antes|lo antes posible|ahora mismo)\b", _right_now, False),
        (_WEEKDAY_PHRASE, _weekday, True),
        (r"\b(this |next |this coming |este |el proximo )?(?:weekend|fin de semana|finde)\b", _weekend, False),
        (
            rf"\b(?:next|last|this coming) ({_UNIT})\b|\b(?:proxim[oa]|pasad[oa]) ({_UNIT})\b"
            rf"|\b({_UNIT}) (?:que viene|proxim[oa]|pasad[oa])\b",
            _period,
            False,
        ),
        (rf"\b({any_of(FEASTS)})\b", _feast, False),
        (
            rf"\b(?:the )?([0-9]{{1,2}})(?:st|nd|rd|th)\b|\b(?:el|el dia|dia) ([0-9]{{1,2}})\b(?![:/.])"
            rf"|\bthe ({_ORDINAL})\b(?= ?(?:$|[,.;!?]|of this month|at|please|or))",
            _day_of_month,
            False,
        ),
    )
)
_OFTEN_OTHER_THINGS: Final = frozenset(
    {pattern for pattern, meaning, _ in _PHRASES if meaning in {_weekday, _length_alone, _ahead, _ago}}
)
"""Phrases that may turn out to name no day at all ("sat", "in those days"), unlike "30 February"."""
