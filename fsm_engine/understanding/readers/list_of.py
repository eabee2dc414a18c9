"""Several values of one type, in the order in which the user names them."""

from __future__ import annotations

import re

from fsm_engine.model.slot import DoesNotFit, Fits, Json, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import bounds, doubt, reasons
from fsm_engine.understanding.readers.wording import plain_spelling, visible, without_pictures

_MARKS = re.compile(r"[;\n\u2022]|,(?=\s|$)")
_ANY_COMMA = re.compile(r"[;\n\u2022,]")
_JOINERS = re.compile(r"(?i)(?<=\s)(?:and|y|e|&|\+|plus)(?=\s)")
_LEADING = re.compile(r"(?i)^\s*(?:(?:and|y|also|then|plus)\s+|[-*]\s+|[0-9]{1,2}[.)]\s+)")
_WITH_COMMAS_INSIDE = frozenset({"number", "whole number", "percent", "money", "date", "date and time"})
_LEAD = re.compile(
    r"(?i)^\s*(?:just|only|solo|sólo|solamente|they are|they're|son|(?:my|mis|our|nuestros) \w+ (?:are|is|son|es))\s+"
)
_NONE = frozenset({"none", "nothing", "nobody", "no one", "ninguno", "ninguna", "nada", "nadie"})
_LENGTH_LIMIT = 1000
_MOST_ENTRIES = 100


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The values between commas, semicolons, line breaks and a last "and"; each must fit the item's type.

    ``low`` and ``high`` bound how many; an entry that is named twice counts once. "None" is the empty list.
    Where an entry does not fit, its reason is given; where one has several values, the lists that they would make.
    """
    item = slot_type.item or SlotType("text")
    if len(text) > _LENGTH_LIMIT:
        return DoesNotFit(reasons.TOO_LONG)
    line = visible(text)
    if not line:
        return DoesNotFit(reasons.EMPTY)
    folded = plain_spelling(without_pictures(line))
    if folded.strip(" .!") in _NONE:
        return _counted([], slot_type, is_certain=True)
    if doubt.is_unsure(folded):
        return DoesNotFit(reasons.UNSURE)
    entries = _entries(text if item.kind == "text" else _LEAD.sub("", without_pictures(text)), item, context)
    if len(entries) > _MOST_ENTRIES:
        return DoesNotFit(reasons.TOO_MANY)
    return _all_read(entries, item, slot_type, context)


def _entries(text: str, item: SlotType, context: ReadingContext) -> list[str]:
    marks = _MARKS if item.kind in _WITH_COMMAS_INSIDE else _ANY_COMMA
    parts = marks.split(text)
    parts = [half for part in parts for half in _halves(part, item, context)]
    bare = (_LEADING.sub("", part).strip(" .,") for part in parts)
    return [part for part in bare if visible(part)]


def _halves(part: str, item: SlotType, context: ReadingContext) -> list[str]:
    """The part at its "and"; "treinta y cinco" and "a hundred and five" are one number."""
    halves = _JOINERS.split(part)
    if len(halves) < 2 or item.kind not in _WITH_COMMAS_INSIDE or any(letter.isdigit() for letter in part):
        return halves
    from fsm_engine.understanding.readers import read as read_any

    whole = read_any(part, item, context)
    return [part] if isinstance(whole, Fits) and whole.certain else halves


def _all_read(entries: list[str], item: SlotType, slot_type: SlotType, context: ReadingContext) -> Reading:
    from fsm_engine.understanding.readers import read as read_any

    lists: list[list[Json]] = [[]]
    is_certain = True
    for entry in entries:
        reading = read_any(entry, item, context)
        if isinstance(reading, DoesNotFit):
            return reading
        if isinstance(reading, Fits):
            is_certain = is_certain and reading.certain
            lists = [_with(values, reading.value) for values in lists]
        elif len(entries) == 1 and item.kind in _WITH_COMMAS_INSIDE:
            return _counted(list(reading.candidates), slot_type, is_certain=False)
        elif len(lists) > 1:
            return DoesNotFit(reasons.NO_MATCH)
        else:
            lists = [_with(lists[0], candidate) for candidate in reading.candidates]
    return _one_or_several(lists, slot_type, is_certain=is_certain)


def _with(values: list[Json], value: Json) -> list[Json]:
    return values if value in values else [*values, value]


def _one_or_several(lists: list[list[Json]], slot_type: SlotType, *, is_certain: bool) -> Reading:
    """Where one entry had several values, each makes a list of its own to choose from."""
    different = [values for number, values in enumerate(lists) if values not in lists[:number]]
    if not different[0]:
        return DoesNotFit(reasons.EMPTY)
    fitting = [values for values in different if bounds.count_problem(len(values), slot_type) is None]
    if len(fitting) > 1:
        return SeveralFit(tuple(fitting))
    return _counted(fitting[0] if fitting else different[0], slot_type, is_certain=is_certain and len(different) == 1)


def _counted(values: list[Json], slot_type: SlotType, *, is_certain: bool) -> Reading:
    problem = bounds.count_problem(len(values), slot_type)
    return Fits(values, certain=is_certain) if problem is None else DoesNotFit(problem)
