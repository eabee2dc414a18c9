"""A share in percent, as a number: "50%", "fifty percent", "half" and "1/2" are all 50."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from fsm_engine.model.slot import Reading, ReadingContext, SlotType
from fsm_engine.understanding.readers.number import as_number, read_with
from fsm_engine.understanding.readers.quantities import Message, Quantity

_EVERYTHING = re.compile(r"(?i)(?:all of it|everything|the whole (?:lot|thing)|todo|la totalidad)")
_PERCENT = re.compile(r"(?i)\b(?:percent|per cent|pct|por ciento|por cien)\b")
_OUT_OF = frozenset({"out of", "of", "de", "de cada", "out of every"})
_COUNTS = {"a": 1, "an": 1, "one": 1, "un": 1, "two": 2, "dos": 2, "three": 3, "tres": 3, "four": 4, "cuatro": 4}
_PARTS = {
    "third": 3,
    "tercio": 3,
    "cuarto": 4,
    "fifth": 5,
    "quinto": 5,
    "sixth": 6,
    "eighth": 8,
    "tenth": 10,
    "decimo": 10,
}
_SPOKEN_FRACTION = re.compile(rf"(?i)\b({'|'.join(_COUNTS)})[ -]({'|'.join(_PARTS)})s?\b")
_FRACTIONS = frozenset({"half", "medio", "media", "quarter", "quarters", "cuarto", "cuartos", "mitad"})


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The percentage. Without bounds of the author's it may lie below 0 or above 100 ("grew by 150%").

    A bare "0.5" is half a percent; only fractions ("1/2", "half", "a quarter", "3 out of 4") are shares of a whole,
    rounded to two decimals.
    """
    if _EVERYTHING.fullmatch(text.strip(" .!")):
        text = "100"
    text = _SPOKEN_FRACTION.sub(_in_digits, text.replace("é", "e"))
    text = _PERCENT.sub("%", re.sub(r"(?i)\bla mitad\b", "media", text))
    return read_with(text, slot_type, context, as_number, merge=_shares)


def _in_digits(fraction: re.Match[str]) -> str:
    return f"{_COUNTS[fraction[1].lower()]}/{_PARTS[fraction[2].lower()]}"


def _shares(message: Message, quantities: Sequence[Quantity], slot_type: SlotType) -> Sequence[Quantity]:
    first = quantities[0]
    if len(quantities) == 2 and 0 < quantities[1].value >= first.value:
        second = quantities[1]
        if " ".join(message.words[first.end : second.start]) in _OUT_OF:
            return [_hundredfold(first, first.value / second.value, second.end)]
    return [_share(message, quantity) for quantity in quantities]


def _share(message: Message, quantity: Quantity) -> Quantity:
    """A fraction as its percentage; "half a percent" and "1/2%" stay what they are."""
    named = message.words[quantity.start : quantity.end]
    is_fraction = quantity.unit.startswith("/") or not _FRACTIONS.isdisjoint(named)
    is_percent = "%" in message.words[quantity.end : quantity.end + 2]
    if not is_fraction or is_percent or not 0 < quantity.value < 1:
        return quantity
    return _hundredfold(quantity, quantity.value, quantity.end)


def _hundredfold(quantity: Quantity, share: Decimal, end: int) -> Quantity:
    return Quantity((share * 100).quantize(Decimal("0.01")).normalize(), quantity.start, end)
