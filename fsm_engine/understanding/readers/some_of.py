"""Several of the author's options, as a list in the author's order."""

from __future__ import annotations

import re

from fsm_engine.model.slot import DoesNotFit, Fits, Json, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import bounds, doubt, reasons
from fsm_engine.understanding.readers.choices import Choices, choices_of, spotted_choices
from fsm_engine.understanding.readers.one_of import read as read_one
from fsm_engine.understanding.readers.wording import plain_spelling

_ALL = re.compile(
    r"^(?:i(?:'d like| want| need)? )?"
    r"(?:all(?: of (?:them|these|those|it|the above))?|everything|the lot|both(?: of them)?"
    r"|todos?|todas?|todas? ellas|todos? ellos|los dos|las dos|ambos|ambas)\b"
)
_BUT = re.compile(r"\b(?:except|but(?: not)?|apart from|other than|without|excepto|menos|salvo|pero no|sin)\b")
_NONE = frozenset(
    {"none", "none of them", "none of these", "none of the above", "nothing", "neither", "no", "nope", "ninguno"}
    | {"ninguna", "ninguno de ellos", "ninguna de ellas", "nada", "ningun", "no thanks", "no gracias"}
)
_BETWEEN = re.compile(r"\s*(?:[,;/+&\n]|\band\b|\by\b|\be\b|\balso\b|\btambien\b|\bplus\b)\s*")
_SPACES = re.compile(r"[ ,;]+")
_ONLY_NUMBERS = re.compile(r"[0-9 ,;]+")
_MOST_PARTS = 40


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The options meant: by their words, synonyms, numbers ("1 and 3") or near spellings; "all", "all but X", "none".

    ``low`` and ``high`` bound how many. A part that names nothing is passed over as long as others do, but then the
    reading is not certain; a part that two options fit leaves those to ask about.
    """
    folded = plain_spelling(text)
    choices = choices_of(slot_type.options, context.language)
    if folded.strip(" .!") in _NONE:
        return _counted([], slot_type, is_certain=True)
    spotted, _ = spotted_choices(choices, folded)
    is_unsure = doubt.says_not_to_know if spotted else doubt.is_unsure
    if is_unsure(folded):
        return DoesNotFit(reasons.UNSURE)
    everything = _ALL.match(folded)
    if everything is not None and (not spotted or _BUT.search(folded)):
        return _all_but(folded[everything.end() :], choices, slot_type, context)
    return _by_parts(folded, choices, slot_type, context)


def _all_but(rest: str, choices: Choices, slot_type: SlotType, context: ReadingContext) -> Reading:
    exception = _BUT.search(rest)
    if exception is None:
        return _counted(list(choices.values), slot_type, is_certain=not rest.strip(" .!?"))
    left_out = _by_parts(rest[exception.end() :], choices, SlotType("some of", options=slot_type.options), context)
    if not isinstance(left_out, Fits) or not isinstance(left_out.value, list):
        return left_out
    return _counted([value for value in choices.values if value not in left_out.value], slot_type, is_certain=True)


def _by_parts(folded: str, choices: Choices, slot_type: SlotType, context: ReadingContext) -> Reading:
    named, refused = spotted_choices(choices, folded)
    rest = _without_labels(folded, choices) if named or refused else folded
    one_of = SlotType("one of", options=slot_type.options)
    readings = [read_one(part.strip(), one_of, context) for part in _parts(rest) if part.strip(" .!?")]
    fitting = [reading for reading in readings if isinstance(reading, Fits)]
    several = next((reading for reading in readings if isinstance(reading, SeveralFit)), None)
    if several is not None:
        return several
    values = {*named, *(str(reading.value) for reading in fitting)}
    if values:
        is_certain = not doubt.is_hedged(folded) and (bool(named) or all(reading.certain for reading in fitting))
        return _counted([value for value in choices.values if value in values], slot_type, is_certain=is_certain)
    if refused:
        return DoesNotFit(reasons.REFUSED)
    return readings[0] if readings else DoesNotFit(reasons.UNKNOWN_OPTION)


def _parts(rest: str) -> list[str]:
    between = _SPACES if _ONLY_NUMBERS.fullmatch(rest) else _BETWEEN
    return between.split(rest)[:_MOST_PARTS]


def _without_labels(folded: str, choices: Choices) -> str:
    """What the message says besides the options that it spells out."""
    spaced = folded.replace("-", " ")
    for label in choices.labels:
        spaced = re.sub(rf"(?<!\w){re.escape(label)}(?!\w)", " ", spaced)
    return spaced


def _counted(values: list[str], slot_type: SlotType, *, is_certain: bool) -> Reading:
    problem = bounds.count_problem(len(values), slot_type)
    if problem is not None:
        return DoesNotFit(problem)
    kept: list[Json] = list(values)
    return Fits(kept, certain=is_certain)
