"""Which letters of a disguised or misspelt text the letters of what it means stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rapidfuzz.distance import Levenshtein

_LETTERS: Final = re.compile("[a-z0-9@$!]")
_LETTERS_AND_SIGNS: Final = re.compile("[a-z0-9@$!|+*#%&^]")
_ASCII: Final = "".join(map(chr, range(128)))
_BEFORE: Final = re.sub("[a-z0-9@$!*]", "", _ASCII)
_AFTER: Final = re.sub("[a-z0-9@$|+*#]", "", _ASCII)
_STARRED: Final = re.compile(r"\*+(.*?)\**")
_COMPARED_AT_MOST: Final = 400
"""Characters that are compared letter by letter where something was added or left out: that takes quadratic time."""


def letters_for(source: str, text: str) -> list[tuple[int, int]]:
    """For each character of the text the slice of the source that it stands for, in order, none of them empty.

    What stands before and after the word in the source, as a hash or exclamation marks do, is part of none.

    >>> letters_for("k-1-ll!", "kill")
    [(0, 1), (2, 3), (4, 5), (5, 6)]
    """
    if not text.strip():
        return [(0, len(source))] * len(text)
    start, end = _core(source)
    core = source[start:end]
    return [(start + first, start + last) for first, last in _by_letter(core, text) or _compared(core, text)]


def _core(source: str) -> tuple[int, int]:
    """Where the word stands without the signs around it, as it was read."""
    start, end = len(source) - len(source.lstrip(_BEFORE)), len(source.rstrip(_AFTER))
    if start >= end:
        return 0, len(source)
    starred = _STARRED.fullmatch(source, start, end)
    return (start, end) if starred is None or not starred.group(1) else starred.span(1)


def _by_letter(core: str, text: str) -> Sequence[tuple[int, int]]:
    """Letter for letter, where as many of them are there on both sides; empty when they do not agree."""
    written = text.replace(" ", "")
    for letters in (_LETTERS, _LETTERS_AND_SIGNS):
        places = [match.start() for match in letters.finditer(core)]
        if len(places) == len(written) and all(
            core[place] == letter or not core[place].isalpha() for place, letter in zip(places, written, strict=True)
        ):
            return _with_blanks(places, text)
    return ()


def _with_blanks(places: Sequence[int], text: str) -> list[tuple[int, int]]:
    """The places of letters in order, those of blanks in the text with the letter before them."""
    found: list[tuple[int, int]] = []
    at = -1
    for char in text:
        at += char != " "
        place = places[max(at, 0)]
        found.append((place, place + 1))
    return found


def _compared(core: str, text: str) -> list[tuple[int, int]]:
    """By the fewest changes that make the text of the core; every letter for all of it, where that takes too long."""
    if len(core) > _COMPARED_AT_MOST:
        return [(0, len(core))] * len(text)
    found: list[tuple[int, int]] = []
    for change in Levenshtein.opcodes(core, text):
        for index in range(change.dest_end - change.dest_start):
            first = change.src_start + index if change.tag != "insert" else max(0, change.src_start - 1)
            found.append((first, first + 1))
    found[0] = (0, found[0][1])
    found[-1] = (found[-1][0], len(core))
    return found
