"""Any words at all, within the length and the pattern that the author set."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fsm_engine.model.slot import DoesNotFit, Fits, Reading, ReadingContext, SlotType
from fsm_engine.understanding.readers import bounds, reasons
from fsm_engine.understanding.readers.wording import visible


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The text without spaces around it; line breaks inside stay. Length counts code points.

    "I don't know" is a text like any other: only the author can tell whether it answers the question.
    """
    value = text.strip() if text.isascii() else _without_surrogates(text).strip()
    if not value or not (value.isprintable() or visible(value)):
        return DoesNotFit(reasons.EMPTY)
    problem = bounds.length_problem(len(value), slot_type)
    if problem is not None:
        return DoesNotFit(problem)
    if slot_type.pattern is not None and _pattern(slot_type.pattern).fullmatch(value) is None:
        return DoesNotFit(reasons.NO_MATCH)
    return Fits(value, certain=False)


def _without_surrogates(text: str) -> str:
    """Lone surrogates become U+FFFD: neither JSON nor a database takes them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> Any:
    import re2

    return re2.compile(pattern)
