"""How far from now something is: "now", "in two hours", "in half an hour", "dentro de 20 minutos"."""

from __future__ import annotations

import re
from datetime import timedelta

from fsm_engine.model.slot import Fits, ReadingContext, SlotType
from fsm_engine.understanding.readers.duration import read as read_duration

_NOW = re.compile(r"(?:right )?now|immediately|asap|straight away|ahora(?: mismo)?|ya|ahorita|inmediatamente")
_AHEAD = re.compile(
    r"\b(?:in|within|dentro de|en) (?:about |around |like |unos |unas )?(.{1,40})$"
    r"|^(.{1,40}?) (?:from now|from right now|later|a partir de ahora|mas tarde)\b"
)
_HOURS_OR_LESS = re.compile(r"PT(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S)?")


def span_from_now(folded: str, context: ReadingContext) -> timedelta | None:
    """How long until the time that the words name, below a day; None where they name none."""
    words = folded.strip(" .,!?")
    if _NOW.fullmatch(words):
        return timedelta(0)
    ahead = _AHEAD.search(words)
    if ahead is None:
        return None
    reading = read_duration(ahead[1] or ahead[2], SlotType("duration"), context)
    match = _HOURS_OR_LESS.fullmatch(str(reading.value)) if isinstance(reading, Fits) else None
    if match is None:
        return None
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
