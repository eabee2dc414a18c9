"""An e-mail address, wherever it stands in the message; whether it receives mail is not asked."""

from __future__ import annotations

import re
from functools import lru_cache

from fsm_engine.model.slot import DoesNotFit, Fits, Json, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import doubt, reasons
from fsm_engine.understanding.readers.wording import plain_spelling

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_PLAIN = re.compile(
    rf"({_ATEXT}+(?:\.{_ATEXT}+)*)@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9]))"
)
_SPOKEN_AT = re.compile(
    r"(?i)\s*[(\[{]\s*(?:at|arroba)\s*[)\]}]\s*|\s+(?:arroba)\s+|\s+at\s+(?=[\w-]+(?:\s+dot\s+"
    r"|\s*[(\[]dot[)\]]\s*|\.)\w)|\s+@\s*|\s*@\s+"
)
_SPOKEN_DOT = re.compile(r"(?i)\s*[(\[{]\s*(?:dot|punto)\s*[)\]}]\s*|\s+(?:dot|punto)\s+")
_WRAPPING_BEFORE = "<([{\"'`*_,;:¡¿=|"
_WRAPPING_AFTER = ">)]}\"'`*,;:!?.|"
_MOST_LOCAL, _MOST_WHOLE = 64, 254


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The address with its domain in lower case; the part before the "@" stays as typed.

    Spelled-out addresses ("ana arroba example punto com") are read, but not with certainty.
    """
    if "@" not in text and not _SPOKEN_AT.search(text):
        return DoesNotFit(_why_none(plain_spelling(text)))
    chunks = text.split()
    found = [(index, address) for index, chunk in enumerate(chunks) if "@" in chunk for address in _addresses(chunk)]
    is_spoken = not found
    if is_spoken:
        chunks = _SPOKEN_DOT.sub(".", _SPOKEN_AT.sub("@", text)).split()
        found = [(i, address) for i, chunk in enumerate(chunks) if "@" in chunk for address in _addresses(chunk)]
    kept = [address for index, address in found if not _is_turned_down(chunks, index)]
    distinct: list[Json] = list(dict.fromkeys(kept))
    if len(distinct) > 1:
        last = list(_addresses_in(doubt.after_correction(text)))
        return Fits(last[0], certain=False) if len(last) == 1 else SeveralFit(tuple(distinct))
    if distinct:
        return Fits(distinct[0], certain=not is_spoken)
    return DoesNotFit(reasons.REFUSED if found else _why_none(plain_spelling(text)))


def _is_turned_down(chunks: list[str], index: int) -> bool:
    before, after = chunks[max(0, index - 12) : index], chunks[index + 1 : index + 12]
    return doubt.is_turned_down(plain_spelling(" ".join(before)), plain_spelling(" ".join(after)))


def _why_none(folded: str) -> str:
    return reasons.UNSURE if doubt.is_unsure(folded) else reasons.NOT_AN_EMAIL


def _addresses_in(text: str) -> list[str]:
    return [address for chunk in text.split() if "@" in chunk for address in _addresses(chunk)]


def _addresses(chunk: str) -> list[str]:
    """The addresses in one word: usually one, more where a comma or slash joins them."""
    whole = _address(chunk)
    if whole is not None:
        return [whole]
    parts = re.split(r"[,;<>()\[\]\"|:]+", chunk)
    return [address for part in parts if "@" in part and (address := _address(part)) is not None]


def _address(chunk: str) -> str | None:
    chunk = chunk.lstrip(_WRAPPING_BEFORE).rstrip(_WRAPPING_AFTER)
    chunk = chunk.removeprefix("mailto:")
    plain = _PLAIN.fullmatch(chunk)
    if plain is not None:
        local, domain = plain.groups()
        fits = len(local) <= _MOST_LOCAL and len(chunk) <= _MOST_WHOLE
        return f"{local}@{domain.lower()}" if fits else None
    if chunk.isascii() or chunk.count("@") != 1 or len(chunk) > _MOST_WHOLE:
        return None
    return _international(chunk)


@lru_cache(maxsize=64)
def _international(chunk: str) -> str | None:
    """An address with letters outside ASCII, normalised by the rules of RFC 6531 and IDNA."""
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(chunk, check_deliverability=False)
    except (EmailNotValidError, UnicodeError):
        return None
    return f"{checked.local_part}@{checked.domain.lower()}"
