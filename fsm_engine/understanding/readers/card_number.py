"""A payment card, of which only the last four digits are kept ("****1111").

The number itself never leaves this module. The caller must keep what was typed out of logs and stores as well: a slot
of this kind is private whatever its author says.
"""

from __future__ import annotations

import re

from fsm_engine.model.slot import DoesNotFit, Fits, Json, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import doubt, reasons
from fsm_engine.understanding.readers.wording import plain_spelling

_CANDIDATE = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){11,18}(?![0-9])")


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The last four digits of a number of 12 to 19 digits whose check digit (Luhn) is right."""
    folded = plain_spelling(text)
    found = [match for match in _CANDIDATE.finditer(folded) if _is_card(match[0])]
    kept = [match[0] for match in found if not doubt.is_turned_down(folded[: match.start()], folded[match.end() :])]
    distinct: list[Json] = list(dict.fromkeys("****" + _digits(number)[-4:] for number in kept))
    if len(distinct) > 1:
        return SeveralFit(tuple(distinct))
    if distinct:
        return Fits(distinct[0])
    if found:
        return DoesNotFit(reasons.REFUSED)
    return DoesNotFit(reasons.UNSURE if doubt.is_unsure(folded) else reasons.NOT_A_CARD_NUMBER)


def _digits(number: str) -> str:
    return number.replace(" ", "").replace("-", "")


def _is_card(number: str) -> bool:
    """Luhn's check (ISO/IEC 7812); a number of one digit repeated is nobody's card."""
    digits = [ord(character) - ord("0") for character in _digits(number)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
