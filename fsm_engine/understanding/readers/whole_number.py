"""A whole number within ±(2**53 - 1): what JSON readers everywhere keep exactly."""

from __future__ import annotations

import re
from decimal import Decimal

from fsm_engine.model.slot import DoesNotFit, Fits, Json, Reading, ReadingContext, SlotType
from fsm_engine.understanding.readers import reasons
from fsm_engine.understanding.readers.number import as_number, read_with

_PLAIN = re.compile(r"-?[0-9]{1,15}")


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The whole number that the user gives; "2.0" is whole, "2.5" is not."""
    if _PLAIN.fullmatch(text):
        value = _as_whole_number(Decimal(text), slot_type)
        return value if isinstance(value, DoesNotFit) else Fits(value)
    return read_with(text, slot_type, context, _as_whole_number)


def _as_whole_number(value: Decimal, slot_type: SlotType) -> Json | DoesNotFit:
    if value != value.to_integral_value():
        return DoesNotFit(reasons.NOT_WHOLE)
    return as_number(value, slot_type)
