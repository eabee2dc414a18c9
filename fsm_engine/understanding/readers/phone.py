"""A telephone number that exists in the numbering plans, as E.164."""

from __future__ import annotations

import re

from fsm_engine.model.slot import DoesNotFit, Fits, Json, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import doubt, reasons
from fsm_engine.understanding.readers.wording import plain_spelling

_CANDIDATE = re.compile(r"(?:\+|\b00|\(|\b)?[0-9](?:[0-9 .\-/()]{4,30})[0-9]")
_EXTENSION = re.compile(r"^\s*(?:,|;)?\s*(?:ext|extension|x|ext\.|extension|anexo|int)\.?\s*[0-9]{1,6}\b")
_LEAST_DIGITS, _MOST_DIGITS = 7, 17


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The number as E.164, without its extension.

    The type's region ("phone US"), else the user's, completes national numbers; a number that brings its country
    code is taken whatever its country.
    """
    folded = doubt.after_correction(plain_spelling(text)).replace(" / ", " ; ")
    region = slot_type.region or context.region
    found: list[tuple[str, bool]] = []
    reason = reasons.NOT_A_PHONE
    for match in _CANDIDATE.finditer(folded):
        number = match[0] if not _is_plus_before(folded, match.start()) else "+" + match[0]
        if not _LEAST_DIGITS <= sum(map(str.isdigit, number)) <= _MOST_DIGITS:
            continue
        parsed = _e164(number, region)
        if parsed is None:
            reason = reasons.NO_COUNTRY_CODE if region is None and not number.startswith(("+", "00")) else reason
        elif doubt.is_turned_down(folded[: match.start()].rstrip("+("), folded[match.end() :]):
            reason = reasons.REFUSED
        else:
            found.append((parsed, _is_certain(number, folded[match.end() :])))
    distinct: list[Json] = list(dict.fromkeys(number for number, _ in found))
    if len(distinct) > 1:
        return SeveralFit(tuple(distinct))
    if found:
        return Fits(found[0][0], certain=found[0][1])
    return DoesNotFit(reasons.UNSURE if doubt.is_unsure(folded) else reason)


def _is_plus_before(folded: str, start: int) -> bool:
    return start > 0 and folded[start - 1] == "+"


def _is_certain(number: str, after: str) -> bool:
    """A bare run of digits could be an account number; one with a plus or with groups is a telephone number."""
    return (not number.isdigit() or len(number) >= 9) and not _EXTENSION.match(after)


def _e164(number: str, region: str | None) -> str | None:
    import phonenumbers

    if number.startswith("00"):
        number = "+" + number[2:]
    try:
        parsed = phonenumbers.parse(number, region.upper() if region else None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
