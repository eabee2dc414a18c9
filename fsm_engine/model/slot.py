"""Slot types, as an author declares them, and what reading an answer can give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from typing_extensions import TypeAliasType

from fsm_engine.model.values import turn_value

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
    """One choice of a ``one of`` type, with the other words that mean the same."""

    value: str
    synonyms: tuple[str, ...] = ()


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


@turn_value
class ReadingContext:
    """What reading depends on besides the words: never the machine's own clock or locale."""

    language: str
    region: str | None
    timezone: str
    now: datetime


@turn_value
class Fits:
    """The answer was read. ``certain`` says that the words can hardly mean anything else."""

    value: Json
    certain: bool = True


@turn_value
class DoesNotFit:
    """No value: ``reason`` is a code such as ``unsure``, ``not_a_number``, ``too_small``, ``unknown_option``."""

    reason: str


@dataclass(frozen=True, slots=True)
class SeveralFit:
    """More than one value would do; the user is asked which."""

    candidates: tuple[Json, ...]


Reading: TypeAlias = Fits | DoesNotFit | SeveralFit
