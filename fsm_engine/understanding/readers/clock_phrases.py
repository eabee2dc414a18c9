"""The times of day that a message names, English and Spanish.

An hour from 1 to 12 that says neither morning nor evening is taken as people mostly mean it while they are awake:
7 to 11 before noon, 12 to 6 after it; that is never sure. Digits with minutes ("5:30") are read off the 24-hour clock
where the region uses one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import time
from typing import Final

from fsm_engine.understanding.readers.calendar_words import any_of
from fsm_engine.understanding.readers.number_words import read_words


@dataclass(frozen=True, slots=True)
class FoundTime:
    """A time named in the message from ``start`` to ``end``; ``time`` None where no clock shows it ("25:70").

    ``could_be_later``: nothing says that it is before noon, so twelve hours later is meant as well.
    """

    start: int
    end: int
    time: time | None
    is_sure: bool = True
    could_be_later: bool = False


_HOURS: Final = {
    word: value
    for language, names in (
        ("en", "one two three four five six seven eight nine ten eleven twelve"),
        ("es", "una dos tres cuatro cinco seis siete ocho nueve diez once doce"),
    )
    for value, word in enumerate(names.split(), start=1)
}
_TWELVE_HOUR_REGIONS: Final = frozenset(
    ["US", "CA", "AU", "NZ", "IN", "PH", "MX", "CO", "VE", "EG", "SA", "PK", "BD", "MY"]
)
_HOUR: Final = rf"([0-9]{{1,2}}|{any_of(_HOURS)})"
_WORD_FOR_HALF: Final = (
    r"(?:in the |at )?(?:this )?(?:morning|afternoon|evening|night)|tonight"
    r"|(?:de|por|en) la (?:manana|tarde|noche|madrugada)|del mediodia"
)
_HALF: Final = rf"(?P<half>[ap]\.?m\b\.?|{_WORD_FOR_HALF})"
_MERIDIEM: Final = rf"(?: ?{_HALF})?"
_MINUTES: Final = (
    r"([0-9]{1,2}|five|ten|fifteen|twenty|twenty[ -]five|quarter|a quarter|half"
    r"|cinco|diez|veinte|veinticinco|cuarto|media)"
)
_NAMED: Final = {"noon": 12, "midday": 12, "mediodia": 12, "midnight": 0, "medianoche": 0}
_NOT_INSIDE: Final = r"(?<![\w:.,/$€£-])"

_DIGITS = re.compile(
    rf"{_NOT_INSIDE}([0-9]{{1,2}})(?:[:.h]([0-9]{{2}})(?::([0-9]{{2}}))?| ?h(?:rs|oras)?\b)"
    rf"(?![0-9:/])(?: ?h\b)?{_MERIDIEM}"
)
_NAMED_TIME = re.compile(rf"\b({any_of(_NAMED)})\b")
_BARE = re.compile(rf"(?:at |about |around |a las |las |la )?{_HOUR}")
_FRACTIONS: Final = {"quarter": 15, "a quarter": 15, "half": 30, "cuarto": 15, "media": 30}


def times_in(folded: str, region: str | None) -> list[FoundTime]:
    """Every time of day that the message names, in order; a phrase inside a longer one is left out."""
    found: list[FoundTime] = []
    for one in _all_times(folded, region):
        if not any(one.start < other.end and other.start < one.end for other in found):
            found.append(one)
    return sorted(found, key=lambda one: one.start)


def bare_hour(folded: str) -> FoundTime | None:
    """ "5", "at five", "a las cinco" as the whole answer."""
    match = _BARE.fullmatch(folded.strip(" .,!?"))
    return None if match is None else _time(match, _hour(match[1]), 0, None)


def _all_times(folded: str, region: str | None) -> Iterator[FoundTime]:
    for match in _DIGITS.finditer(folded):
        yield _from_digits(match, region)
    for pattern, meaning in _PHRASES:
        for match in pattern.finditer(folded):
            hour, minutes = meaning(match)
            yield _time(match, hour, minutes, match["half"])
    for match in _NAMED_TIME.finditer(folded):
        yield FoundTime(match.start(), match.end(), time(_NAMED[match[1]]))


def _from_digits(match: re.Match[str], region: str | None) -> FoundTime:
    hour, minute, second = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    uses_24_hours = region is None or region.upper() not in _TWELVE_HOUR_REGIONS
    if match["half"] is None and (hour > 12 or hour == 0 or match[1].startswith("0") or uses_24_hours):
        named = time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None
        is_sure = hour > 12 or hour == 0 or len(match[1]) == 2
        return FoundTime(match.start(), match.end(), named, is_sure, could_be_later=not is_sure)
    if minute > 59 or second > 59:
        return FoundTime(match.start(), match.end(), None)
    return _time(match, hour, minute, match["half"])


def _hour(written: str) -> int:
    return int(written) if written.isdigit() else _HOURS[written]


def _minutes(written: str) -> int:
    if written in _FRACTIONS:
        return _FRACTIONS[written]
    if written.isdigit():
        return int(written)
    words = written.replace("-", " ").removeprefix("oh ").split()
    number = read_words(words, "en") or read_words(words, "es")
    return 0 if number is None else int(number.value)


def _time(match: re.Match[str], hour: int, minutes: int, half: str | None) -> FoundTime:
    """The time so many minutes from the full hour; ``half`` says which half of the day, if anything does."""
    if hour > 23 or abs(minutes) > 59:
        return FoundTime(match.start(), match.end(), None)
    is_sure = True
    if hour > 12:
        is_sure = half is None or not _is_morning(half)
    elif half is not None:
        hour = _in_half(hour, half)
    elif hour:
        hour, is_sure = (hour if hour >= 7 else hour + 12), False
    total = (hour * 60 + minutes) % 1440
    return FoundTime(
        match.start(), match.end(), time(total // 60, total % 60), is_sure, could_be_later=not is_sure and hour < 12
    )


def _is_morning(half: str) -> bool:
    return (
        (half.startswith("a") and not half.startswith("at"))
        or "manana" in half
        or "morning" in half
        or "madrugada" in half
    )


def _in_half(hour: int, half: str) -> int:
    """The hour of the 24-hour clock: 12 at night is 0, "2 at night" is 2, "9 at night" is 21."""
    if _is_morning(half):
        return hour % 12
    is_night = "night" in half or "noche" in half
    if is_night and (hour == 12 or hour <= 4):
        return hour % 12
    return hour % 12 + 12


def _past_or_to(match: re.Match[str]) -> tuple[int, int]:
    sign = 1 if match[2] in {"past", "after"} else -1
    return _hour(match[3]), sign * _minutes(match[1])


def _half_hour(match: re.Match[str]) -> tuple[int, int]:
    return _hour(match[1]), 30


def _spanish(match: re.Match[str]) -> tuple[int, int]:
    minutes = _minutes(match[3]) if match[3] else 0
    return _hour(match[1]), -minutes if match[2] == "menos" else minutes


def _hour_and_minutes(match: re.Match[str]) -> tuple[int, int]:
    return _hour(match[1]), _minutes(match[2])


def _full_hour(match: re.Match[str]) -> tuple[int, int]:
    return _hour(match[1]), 0


_PHRASES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[int, int]]], ...]] = tuple(
    (re.compile(pattern), meaning)
    for pattern, meaning in (
        (
            rf"\b{_MINUTES}(?: minutes?)? (past|after|to|before|til|till) {_HOUR}\b(?: o'?clock)?{_MERIDIEM}",
            _past_or_to,
        ),
        (rf"\bhalf {_HOUR}\b{_MERIDIEM}", _half_hour),
        (
            rf"\b(?:a |sobre |hacia )?(?:las?|eso de las) {_HOUR}(?: (y|menos) {_MINUTES})?(?: en punto)?\b{_MERIDIEM}",
            _spanish,
        ),
        (rf"\b{_HOUR} (y|menos) (cuarto|media|cinco|diez|veinte|veinticinco)\b{_MERIDIEM}", _spanish),
        (
            rf"\b({any_of(_HOURS)}) (thirty|fifteen|forty[ -]five|twenty|ten|oh five|forty|fifty)\b{_MERIDIEM}",
            _hour_and_minutes,
        ),
        (rf"{_NOT_INSIDE}{_HOUR}(?: o'?clock)? ?{_HALF}", _full_hour),
        (rf"\b{_HOUR} o'?clock\b{_MERIDIEM}", _full_hour),
        (rf"\bat {_HOUR}\b(?![:.]?[0-9]){_MERIDIEM}", _full_hour),
    )
)
"""Phrases for a time, each with the hour and the minutes that its match names."""
