"""Slot types, as an author declares them, and what reading an answer can give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from typing_extensions import TypeAliasType

Json = TypeAliasType("Json", "bool | int | float | str | list[Json] | dict[str, Json] | None")
"""A slot value as it is kept: dates as ISO 8601 text, money as ``{"amount": "25.00", "currency": "USD"}``."""


@dataclass(frozen=True, slots=True)
class DayBound:
    """A day relative to the day of the turn (``today+14``), or a fixed one when ``day`` is an ISO date."""

    offset_days: int = 0
    day: str | None = None


Bound: TypeAlias = Decimal | DayBound


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a ``one of`` type: what is stored, and the other words that mean the same.

    ``shown_as`` is what it is called, and ``words`` what else means it, by language; both may name any language.
    """

    value: str
    synonyms: tuple[str, ...] = ()
    shown_as: Mapping[str, str] = field(default_factory=dict, hash=False)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def label(self, language: str) -> str:
        """What the option is called in the language, else in the first one that it has a name in, else its value."""
        names = self.shown_as
        if not names:
            return self.value
        return names.get(language) or names.get(language.partition("-")[0]) or next(iter(names.values()))


@dataclass(frozen=True, slots=True)
class SlotType:
    """What kind of answer a slot takes.

    ``kind`` is the phrase of the flow language without its bounds (``"whole number"``, ``"one of"``); it is empty where
    the author's words could not be understood, in flows that never run.
    ``low`` and ``high`` are inclusive: of a number, an amount, a day, or the length of a text.
    """

    kind: str
    low: Bound | None = None
    high: Bound | None = None
    pattern: str | None = None
    region: str | None = None
    currency: str | None = None
    options: tuple[Option, ...] = ()
    item: SlotType | None = None


@dataclass(frozen=True, slots=True)
class ReadingContext:
    """What reading depends on besides the words: never the machine's own clock or locale."""

    language: str
    region: str | None
    timezone: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Fits:
    """The answer was read. ``certain`` says that the words can hardly mean anything else."""

    value: Json
    certain: bool = True


@dataclass(frozen=True, slots=True)
class DoesNotFit:
    """No value: ``reason`` is a code such as ``unsure``, ``not_a_number``, ``too_small``, ``unknown_option``."""

    reason: str


@dataclass(frozen=True, slots=True)
class SeveralFit:
    """More than one value would do; the user is asked which."""

    candidates: tuple[Json, ...]


Reading: TypeAlias = Fits | DoesNotFit | SeveralFit
