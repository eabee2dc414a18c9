"""An International Bank Account Number, with the length and the check digits of its country."""

from __future__ import annotations

import re

from fsm_engine.model.slot import DoesNotFit, Fits, Json, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import doubt, reasons
from fsm_engine.understanding.readers.wording import plain_spelling

_CANDIDATE = re.compile(r"(?<![a-z0-9])[a-z]{2}[0-9]{2}(?:[ -]?[a-z0-9]){11,30}")
_SHORTEST = 15


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The IBAN without spaces, in capitals. Whether the account exists is not asked."""
    folded = plain_spelling(text)
    found = [(match, number) for match in _CANDIDATE.finditer(folded) if (number := _valid_start(match[0])) is not None]
    kept = [
        number for match, number in found if not doubt.is_turned_down(folded[: match.start()], folded[match.end() :])
    ]
    distinct: list[Json] = list(dict.fromkeys(kept))
    if len(distinct) > 1:
        return SeveralFit(tuple(distinct))
    if distinct:
        return Fits(distinct[0])
    if found:
        return DoesNotFit(reasons.REFUSED)
    return DoesNotFit(reasons.UNSURE if doubt.is_unsure(folded) else reasons.NOT_AN_IBAN)


def _valid_start(candidate: str) -> str | None:
    """The IBAN that the candidate begins with: words may follow it without any mark between, digits may not."""
    from stdnum import iban

    compact = re.sub(r"[ -]", "", candidate).upper()
    for length in range(len(compact), _SHORTEST - 1, -1):
        number = compact[:length]
        if compact[length : length + 1].isdigit():
            continue
        if _remainder(number) == 1 and iban.is_valid(number, check_country=False):
            return number
    return None


def _remainder(number: str) -> int:
    """ISO 7064 MOD 97-10 of the number with its head at its end; 1 for a right one."""
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97
