"""A number in digits or words; kept as int where it is whole, else as float of at most 15 significant digits."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from fsm_engine.model.slot import DoesNotFit, Fits, Json, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import bounds, doubt, reasons
from fsm_engine.understanding.readers.quantities import Message, Quantity, one_quantity
from fsm_engine.understanding.readers.word_tables import phrase_list
from fsm_engine.understanding.readers.wording import plain_spelling

_PLAIN = re.compile(r"-?[0-9]{1,15}")
_NONE_AT_ALL = frozenset(phrase_list("none|none at all|nil|nothing|nobody|not any|ninguno|ninguna|nada|nadie|no one"))
_LARGEST_EXACT = 2**53 - 1
_MOST_SIGNIFICANT_DIGITS = 15

Conversion = Callable[[Decimal, SlotType], "Json | DoesNotFit"]
Merging = Callable[[Message, Sequence[Quantity], SlotType], Sequence[Quantity]]


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The number that the user gives; several numbers in bounds are candidates."""
    if _PLAIN.fullmatch(text):
        return _reading(Decimal(text), slot_type, as_number)
    return read_with(text, slot_type, context, as_number)


def as_number(value: Decimal, slot_type: SlotType) -> Json | DoesNotFit:
    """The number as it is kept: int within ±(2**53 - 1), float of at most 15 significant digits, or why not."""
    problem = bounds.number_problem(value, slot_type)
    if problem is not None:
        return DoesNotFit(problem)
    if abs(value) > _LARGEST_EXACT:
        return DoesNotFit(reasons.TOO_BIG if value > 0 else reasons.TOO_SMALL)
    if value == value.to_integral_value():
        return int(value)
    if len(value.normalize().as_tuple().digits) > _MOST_SIGNIFICANT_DIGITS:
        return DoesNotFit(reasons.TOO_PRECISE)
    return float(value)


def read_with(
    text: str, slot_type: SlotType, context: ReadingContext, convert: Conversion, *, merge: Merging | None = None
) -> Reading:
    """The reading of a text that holds a number; ``convert`` makes the kept value or says why it does not fit.

    ``merge`` makes fewer numbers of those found, where several say one thing; by default "7 out of 10" is 7.
    """
    folded = plain_spelling(text)
    if folded.strip(" .!,") in _NONE_AT_ALL:
        return _reading(Decimal(0), slot_type, convert, is_certain=False)
    found = one_quantity(text, context, missing=reasons.NOT_A_NUMBER)
    if isinstance(found, DoesNotFit):
        return found
    message, all_quantities = found
    quantities = (merge or _out_of_total)(message, all_quantities, slot_type)
    if len(quantities) > 1:
        return _several(quantities, slot_type, convert)
    quantity = quantities[0]
    certain = quantity.is_sure and not doubt.is_hedged(folded) and is_plain_answer(message, quantity)
    return _reading(quantity.value, slot_type, convert, is_certain=certain)


def is_plain_answer(message: Message, quantity: Quantity) -> bool:
    """True when few other words stand around the number, so that it is what the user wants to say."""
    return len(message.words) - (quantity.end - quantity.start) <= 3


def _out_of_total(message: Message, quantities: Sequence[Quantity], slot_type: SlotType) -> Sequence[Quantity]:
    """ "7 out of 10" and "7/10" answer a scale that ends at 10 with 7."""
    first = quantities[0]
    if first.unit.startswith("/") and slot_type.high is not None:
        total = Decimal(first.unit[1:])
        if total == slot_type.high:
            return [Quantity(first.value * total, first.start, first.end)]
    if len(quantities) == 2 and quantities[1].value == slot_type.high:
        between = " ".join(message.words[first.end : quantities[1].start])
        if between in {"out of", "of", "over", "de", "sobre", "out of a possible"}:
            return [first]
    return quantities


def _several(quantities: Sequence[Quantity], slot_type: SlotType, convert: Conversion) -> Reading:
    converted = [convert(quantity.value, slot_type) for quantity in quantities]
    values: list[Json] = []
    for value in converted:
        if not isinstance(value, DoesNotFit) and value not in values:
            values.append(value)
    if len(values) > 1:
        return SeveralFit(tuple(values))
    if values:
        return Fits(values[0], certain=False)
    return next(value for value in converted if isinstance(value, DoesNotFit))


def _reading(value: Decimal, slot_type: SlotType, convert: Conversion, *, is_certain: bool = True) -> Reading:
    converted = convert(value, slot_type)
    return converted if isinstance(converted, DoesNotFit) else Fits(converted, certain=is_certain)
