"""Looking up the names of countries and languages in a message: alone, in a sentence, slightly misspelled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from fsm_engine.model.slot import DoesNotFit, Fits, Reading, SeveralFit
from fsm_engine.understanding.readers import doubt, reasons
from fsm_engine.understanding.readers.lead_ins import without_lead_in, without_send_off
from fsm_engine.understanding.readers.wording import plain_spelling

_NOT_WORD = re.compile(r"[^\w']+")
_MOST_WORDS = 60
_LONGEST_NAME = 6


class Names(NamedTuple):
    """``codes`` maps folded names to the codes that they can mean; ``doubtful`` ones have other meanings too."""

    codes: Mapping[str, tuple[str, ...]]
    doubtful: frozenset[str] = frozenset()


def as_name(text: str) -> str:
    """A name in the spelling in which it is looked up."""
    return _NOT_WORD.sub(" ", plain_spelling(text)).strip()


def read_name(text: str, names: Names, *, missing: str) -> Reading:
    """The code of the thing that the message names, its candidates, or ``missing``."""
    folded = plain_spelling(text)
    if doubt.is_unsure(folded):
        return DoesNotFit(reasons.UNSURE)
    core = as_name(without_send_off(without_lead_in(doubt.after_correction(folded))))
    whole = names.codes.get(as_name(folded)) or names.codes.get(core)
    if whole is not None:
        return _reading(list(whole), is_certain=core not in names.doubtful and not doubt.is_hedged(folded))
    found, is_refused = _in_sentence(doubt.after_correction(folded), names)
    if found:
        return _reading(found, is_certain=not doubt.is_hedged(folded))
    if is_refused:
        return DoesNotFit(reasons.REFUSED)
    near = _near(core, names)
    return _reading(near, is_certain=False) if near else DoesNotFit(missing)


def _reading(codes: list[str], *, is_certain: bool) -> Reading:
    distinct = list(dict.fromkeys(codes))
    return Fits(distinct[0], certain=is_certain) if len(distinct) == 1 else SeveralFit(tuple(distinct))


def _in_sentence(folded: str, names: Names) -> tuple[list[str], bool]:
    """Codes of the names in the sentence, the longest name at each place, and whether one was turned down."""
    chunks = folded.split()[:_MOST_WORDS]
    words = [as_name(chunk) for chunk in chunks]
    found: list[str] = []
    is_refused = False
    index = 0
    while index < len(words):
        length = next((n for n in range(_LONGEST_NAME, 0, -1) if _is_name(words, index, n, names)), 0)
        if not length:
            index += 1
            continue
        before, after = " ".join(chunks[max(0, index - 12) : index]), " ".join(chunks[index + length :][:12])
        if doubt.is_turned_down(before, after):
            is_refused = True
        else:
            found += names.codes[" ".join(words[index : index + length])]
        index += length
    return found, is_refused


def _is_name(words: list[str], index: int, length: int, names: Names) -> bool:
    name = " ".join(words[index : index + length])
    return index + length <= len(words) and len(name) > 3 and name in names.codes and name not in names.doubtful


def _near(core: str, names: Names) -> list[str]:
    """Names one slip away (five to seven letters) or two (eight and more)."""
    if not 5 <= len(core) <= 50:
        return []
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    allowed = 1 if len(core) <= 7 else 2
    matches = process.extract(core, list(names.codes), scorer=OSA.distance, score_cutoff=allowed, limit=5)
    if not matches:
        return []
    least = min(distance for _, distance, _ in matches)
    nearest = [name for name, distance, _ in matches if distance == least and len(name) >= 5]
    return list(dict.fromkeys(code for name in nearest for code in names.codes[name]))
