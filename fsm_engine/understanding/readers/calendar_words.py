"""Names of months, weekdays, units of time and feasts, English and Spanish, as ``plain_spelling`` leaves them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from fsm_engine.understanding.readers.word_tables import word_list


def _numbered(*rows: str, start: int) -> Mapping[str, int]:
    return MappingProxyType({word: number for number, row in enumerate(rows, start) for word in row.split()})


MONTHS: Final = _numbered(
    "january jan enero ene",
    "february feb febuary febrero",
    "march mar marzo",
    "april apr abril abr",
    "may mayo",
    "june jun junio",
    "july jul julio",
    "august aug agosto ago",
    "september sept sep septiembre setiembre set",
    "october oct octubre",
    "november nov noviembre",
    "december dec diciembre dic",
    start=1,
)
WEEKDAYS: Final = _numbered(
    "monday mon lunes lun",
    "tuesday tues tue martes",
    "wednesday wed weds wensday wednsday miercoles mie",
    "thursday thurs thur thu thrusday jueves jue",
    "friday fri viernes vie",
    "saturday sat saterday sabado sab",
    "sunday sun domingo dom",
    start=0,
)
"""Monday is 0, as in ``date.weekday()``."""

ABBREVIATED_WORDS: Final = frozenset({"sun", "sat", "mar", "set", "may", "ago", "mon", "wed"})
"""Short forms that are other words too: they count as a weekday only where little else is said."""

DAYS_PER_UNIT: Final[Mapping[str, int]] = MappingProxyType(
    dict.fromkeys(word_list("day days dia dias"), 1)
    | dict.fromkeys(word_list("week weeks wk wks semana semanas"), 7)
    | dict.fromkeys(word_list("fortnight fortnights quincena quincenas"), 14)
)
MONTHS_PER_UNIT: Final[Mapping[str, int]] = MappingProxyType(
    dict.fromkeys(word_list("month months mes meses"), 1) | dict.fromkeys(word_list("year years yr yrs ano anos"), 12)
)
ORDINALS: Final = _numbered(
    "first primero",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    start=1,
)
FEASTS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "christmas eve": (12, 24),
        "nochebuena": (12, 24),
        "christmas day": (12, 25),
        "christmas": (12, 25),
        "xmas": (12, 25),
        "navidad": (12, 25),
        "boxing day": (12, 26),
        "new year's eve": (12, 31),
        "new years eve": (12, 31),
        "nochevieja": (12, 31),
        "new year's day": (1, 1),
        "new years day": (1, 1),
        "new year": (1, 1),
        "ano nuevo": (1, 1),
        "valentine's day": (2, 14),
        "valentines day": (2, 14),
        "san valentin": (2, 14),
        "halloween": (10, 31),
        "reyes": (1, 6),
    }
)
"""Month and day of feasts that fall on the same day every year."""


def any_of(words: Iterable[str]) -> str:
    """A pattern that matches one of the words, the longest that fits."""
    return "|".join(sorted(words, key=len, reverse=True))
