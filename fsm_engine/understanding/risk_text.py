"""Readings of a message for the risk detector: folded to ASCII words, and every character traced back to the original.

A reading is the message as somebody who sees through disguise would read it aloud. The first one only folds: small
letters, no diacritics, look-alike letters of other scripts and styles as the Latin letters that they imitate, invisible
characters gone, emoji as the words that they stand for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final, TypeAlias

from fsm_engine.model.values import turn_value
from fsm_engine.understanding.risk_alignment import letters_for

_LOOK_ALIKES: Final = {
    "a": "аαɑɐᴀ∂ⱥ", "b": "ьвβʙɓ฿ƀ", "c": "сϲᴄ¢ƈςϛ", "d": "ԁɗᴅđðժ", "e": "еєεɛᴇҽ€ǝəё℮", "f": "ғƒꜰ", "g": "ɡɢԍցց",
    "h": "һнʜɦ", "i": "іιıɪᎥ¡ⅰ", "j": "јʝᴊ", "k": "кκᴋƙҝ", "l": "ӏʟłⅼ£ɭ", "m": "мᴍɱⅿ", "n": "ոηɴпиɲ",
    "o": "оοσᴏøӨөօ০ⵔ", "p": "рρᴘƥþ", "q": "ԛզ", "r": "гʀɾя", "s": "ѕꜱʂ§ѕ", "t": "тτᴛƭ†", "u": "υᴜʋսцμ",
    "v": "ѵνᴠ", "w": "ԝωᴡшщɯ", "x": "хχ×ж", "y": "уγʏүყ¥", "z": "ᴢʐ", "'": '’‘ʼ`´＇ʹ′', '"': '“”«»„', ".": "…。",
    "-": "–—‐‑−", "ae": "æ", "oe": "œ",
}  # fmt: skip
_EMOJI: Final = {
    "gun": "🔫", "knife": "🔪🗡⚔", "pills": "💊", "grave": "🪦⚰", "blood": "🩸", "blade": "🪒", "rope": "🪢",
    "syringe": "💉", "sad": "😢😭😞😔🥀💔", "bridge": "🌉", "train": "🚆🚂🚄", "bomb": "💣", "no": "🚫", "laugh": "😂🤣😆😹",
    "skull": "💀☠",
}  # fmt: skip


def _table() -> dict[int, str]:
    table = {ord(char): letter for letter, chars in _LOOK_ALIKES.items() for char in chars}
    table |= {ord(char): f" {word} " for word, chars in _EMOJI.items() for char in chars}
    for first in (0x1F130, 0x1F150, 0x1F170, 0x1F1E6):  # squared, negative circled, negative squared, flag letters
        table |= {first + index: chr(97 + index) for index in range(26)}
    gone = [*range(0x300, 0x370), *range(0x483, 0x48A), *range(0x1AB0, 0x1B00), *range(0x20D0, 0x2100)]  # marks
    gone += [0xAD, 0x34F, 0x61C, 0x180E, 0x115F, 0x1160, 0x3164, 0xFFA0, 0xFEFF]  # blanks that nobody sees
    gone += [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10)]
    gone += [*range(0xE0000, 0xE0080), *range(0x1F3FB, 0x1F400)]  # tags, skin tones
    return table | dict.fromkeys(gone, "")


_TABLE: Final = _table()


Places: TypeAlias = tuple[Sequence[int], Sequence[int]]
"""For each character of a reading, where the slice of the original begins and ends that it stands for."""


class Trace:
    """Tells where the characters of a reading stand in the original; worked out when somebody asks, and once."""

    def __init__(self, work_out: Callable[[], Places]) -> None:
        self._work_out = work_out

    @cached_property
    def places(self) -> Places:
        """The places of all characters."""
        return self._work_out()


@turn_value
class Reading:
    """``data`` is what patterns run over. ``trace`` is None when it is the original, character for character.

    It is asked when something was found, so that other messages pay nothing.
    """

    original: str
    data: bytes
    trace: Trace | None = None

    @property
    def places(self) -> Places:
        """The slice of the original that each character of the data stands for."""
        if self.trace is None:
            return range(len(self.data)), range(1, len(self.data) + 1)
        return self.trace.places

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original the letters of a slice of the data stand, without blanks and marks after them."""
        while end > start + 1 and not chr(self.data[end - 1]).isalnum():
            end -= 1
        if self.trace is None:
            return start, end
        starts, ends = self.places
        return min(starts[start:end]), max(ends[start:end])

    def with_its_marks(self, end: int) -> int:
        """Where a slice of the original ends with the accents, joiners and the like that belong to its last letter."""
        while end < len(self.original) and not _fold_char(self.original[end]):
            end += 1
        return end


@dataclass(frozen=True, slots=True)
class Edit:
    """Data from ``start`` to ``end`` is to read ``text``."""

    start: int
    end: int
    text: str


def fold(text: str) -> Reading:
    """The message in small ASCII letters. Linear; characters that are no letter of ours become question marks."""
    if text.isascii():
        return Reading(text, text.lower().replace("_", " ").encode("ascii"))
    return Reading(text, "".join(_folded(text)).encode("ascii", "replace"), Trace(partial(_places_of_folded, text)))


def rewrite(reading: Reading, edits: Sequence[Edit]) -> Reading:
    """The reading with the edits made, which are in order and do not overlap."""
    data = bytearray()
    at = 0
    for edit in edits:
        data += reading.data[at : edit.start]
        data += edit.text.encode("ascii")
        at = edit.end
    return Reading(reading.original, bytes(data + reading.data[at:]), Trace(partial(_places_of_edited, reading, edits)))


def backwards(reading: Reading) -> Reading:
    """The reading from the last letter to the first."""
    return Reading(reading.original, reading.data[::-1], Trace(partial(_places_of_reversed, reading)))


def _places_of_folded(text: str) -> Places:
    starts = [index for index, piece in enumerate(_folded(text)) for _ in piece]
    return starts, [start + 1 for start in starts]


def _places_of_edited(before: Reading, edits: Sequence[Edit]) -> Places:
    old_starts, old_ends = before.places
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    known: dict[tuple[bytes, str], Sequence[tuple[int, int]]] = {}
    for edit in edits:
        starts += old_starts[at : edit.start]
        ends += old_ends[at : edit.start]
        change = (before.data[edit.start : edit.end], edit.text)
        if change not in known:  # words come again, and in messages that are made to cost time nearly all do
            known[change] = letters_for(change[0].decode("ascii"), edit.text)
        for first, last in known[change]:
            starts.append(old_starts[edit.start + first])
            ends.append(old_ends[edit.start + last - 1])
        at = edit.end
    return [*starts, *old_starts[at:]], [*ends, *old_ends[at:]]


def _places_of_reversed(before: Reading) -> Places:
    starts, ends = before.places
    return starts[::-1], ends[::-1]


def _folded(text: str) -> list[str]:
    """What each character of a text folds to. Of longer texts each different character is looked at once."""
    if len(text) < 64:
        return [_fold_char(char) for char in text]
    known = {char: _fold_char(char) for char in set(text)}
    return [known[char] for char in text]


def _fold_char(char: str) -> str:
    if char < "\x80":
        return " " if char == "_" else char.lower()
    if (found := _TABLE.get(ord(char))) is not None:
        return found
    plain = unicodedata.normalize("NFKD", char).casefold()
    return "".join(_TABLE.get(ord(part), part if part < "\x80" else "?") for part in plain)
