"""A conversation written down as a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fsm_engine.model.problem import Position, Written
from fsm_engine.model.slot import Json


@dataclass(frozen=True, slots=True)
class Expected:
    """One text that the bot should say: exactly (any variation of it), or containing or matching (RE2) something."""

    at: Position
    text: str | None = None
    contains: str | None = None
    matches: str | None = None


@dataclass(frozen=True, slots=True)
class TranscriptTurn:
    """One line of a transcript. One of ``user``, ``start``, ``crash``, ``later_s``, ``repeat`` says what happens.

    ``bot`` None: not checked. One entry: it must be among the messages. Several (``is_list``): all messages, in order.
    """

    at: Position
    user: str | None = None
    start: Written | None = None
    crash: bool = False
    later_s: float | None = None
    repeat: bool = False
    bot: tuple[Expected, ...] | None = None
    is_list: bool = False
    slots: Mapping[str, Json] = field(default_factory=dict)
    step: str | None = None
    status: str | None = None
    risk: str | None = None


@dataclass(frozen=True, slots=True)
class Ends:
    status: str | None = None
    step: str | None = None
    slots: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transcript:
    title: str
    at: Position
    flow: Written | None = None
    locale: str | None = None
    actions: Mapping[str, Json] = field(default_factory=dict)
    turns: tuple[TranscriptTurn, ...] = ()
    ends: Ends | None = None
