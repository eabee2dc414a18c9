"""A web address, wherever it stands in the message; whether anything answers there is not asked."""

from __future__ import annotations

import re

from fsm_engine.model.slot import DoesNotFit, Fits, Json, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import doubt, reasons
from fsm_engine.understanding.readers.word_tables import word_list
from fsm_engine.understanding.readers.wording import plain_spelling

_ADDRESS = re.compile(r"(?i)(?:(https?)://)?([^\s/?#:@\\]+)(:[0-9]{1,5})?((?:[/?#][^\s\\]*)?)")
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_TOP_LABEL = re.compile(r"[^\W\d_]{2,24}|xn--[a-z0-9-]{2,58}")
_WRAPPING_BEFORE = "<([{\"'`*¡¿"
_WRAPPING_AFTER = ">)]}\"'`*,;:!?."
_EVERYDAY_ENDINGS = frozenset(
    word_list("com org net io co edu gov info app dev ai es mx ar cl pe uk us ca de fr it pt eu tv me shop site online")
)
"""Endings by which an address without "https://" is taken for one in the middle of a sentence."""


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The address with scheme and host in lower case; "https://" is put before one that names no scheme.

    Only http and https with a domain name: no IP addresses, no "localhost", no user names before the host (they are
    used to deceive), no "javascript:".
    """
    chunks = text.split()
    found: list[tuple[int, str, bool]] = []
    for index, chunk in enumerate(chunks):
        address = _address(chunk, is_alone=len(chunks) == 1)
        if address is not None:
            found.append((index, *address))
    kept = [entry for entry in found if not _is_turned_down(chunks, entry[0])]
    distinct: list[Json] = list(dict.fromkeys(url for _, url, _ in kept))
    meant = doubt.after_correction(text)
    if len(distinct) > 1 and meant != text:
        return read(meant, slot_type, context)
    if len(distinct) > 1:
        return SeveralFit(tuple(distinct))
    if kept:
        return Fits(kept[0][1], certain=kept[0][2])
    if found:
        return DoesNotFit(reasons.REFUSED)
    return DoesNotFit(reasons.UNSURE if doubt.is_unsure(plain_spelling(text)) else reasons.NOT_A_URL)


def _is_turned_down(chunks: list[str], index: int) -> bool:
    before, after = chunks[max(0, index - 12) : index], chunks[index + 1 : index + 12]
    return doubt.is_turned_down(plain_spelling(" ".join(before)), plain_spelling(" ".join(after)))


def _address(chunk: str, *, is_alone: bool) -> tuple[str, bool] | None:
    """The address in one word, and whether it names its scheme or begins with "www."."""
    match = _ADDRESS.fullmatch(chunk.lstrip(_WRAPPING_BEFORE).rstrip(_WRAPPING_AFTER))
    if match is None:
        return None
    scheme, host, port, rest = match[1], match[2].lower(), match[3] or "", match[4]
    if not _is_domain(host):
        return None
    is_sure = scheme is not None or host.startswith("www.")
    if not is_sure and not is_alone and host.rpartition(".")[2] not in _EVERYDAY_ENDINGS:
        return None
    return f"{(scheme or 'https').lower()}://{host}{port}{rest}", is_sure


def _is_domain(host: str) -> bool:
    labels = host.split(".")
    if len(labels) < 2 or len(host) > 253 or _TOP_LABEL.fullmatch(labels[-1]) is None:
        return False
    return all(_LABEL.fullmatch(label) for label in labels[:-1])
