"""Readings of a message for the risk detector: folded to ASCII words, and every character traced back to the original.

A reading is the message as somebody who sees through disguise would read it aloud. The first one only folds: small
letters, no diacritics, look-alike letters of other scripts and styles as the Latin letters that they imitate, invisible
characters gone, emoji as the words that they stand for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fsm_engine.model.values import turn_value

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


@turn_value
class Reading:
    """``data`` is what patterns run over. ``starts`` and ``ends`` give, for each of its characters, the slice of the

    original that it stands for; None when they are the same character for character.
    """

    original: str
    data: bytes
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original a slice of the data stands, without blanks and marks after it."""
        while end > start + 1 and not chr(self.data[end - 1]).isalnum():
            end -= 1
        if self.starts is None or self.ends is None:
            return start, end
        return min(self.starts[start:end]), max(self.ends[start:end])


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
    folded = [_fold_char(char) for char in text] if len(text) < 64 else None
    if folded is None:
        known = {char: _fold_char(char) for char in set(text)}
        folded = [known[char] for char in text]
    data = "".join(folded).encode("ascii", "replace")
    if len(data) == len(text) and all(len(piece) == 1 for piece in folded):
        return Reading(text, data)
    starts: list[int] = []
    for index, piece in enumerate(folded):
        starts.extend([index] * len(piece))
    return Reading(text, data, starts, [start + 1 for start in starts])


def rewrite(reading: Reading, edits: Sequence[Edit]) -> Reading:
    """The reading with the edits made, which are in order and do not overlap."""
    data = bytearray()
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    old_starts = reading.starts if reading.starts is not None else range(len(reading.data))
    old_ends = reading.ends if reading.ends is not None else range(1, len(reading.data) + 1)
    for edit in edits:
        data += reading.data[at : edit.start] + edit.text.encode("ascii")
        starts += [*old_starts[at : edit.start], *[old_starts[edit.start]] * len(edit.text)]
        ends += [*old_ends[at : edit.start], *[old_ends[edit.end - 1]] * len(edit.text)]
        at = edit.end
    starts += old_starts[at:]
    ends += old_ends[at:]
    return Reading(reading.original, bytes(data + reading.data[at:]), starts, ends)


def backwards(reading: Reading) -> Reading:
    """The reading from the last letter to the first."""
    starts = reading.starts if reading.starts is not None else range(len(reading.data))
    ends = reading.ends if reading.ends is not None else range(1, len(reading.data) + 1)
    return Reading(reading.original, reading.data[::-1], starts[::-1], ends[::-1])


def _fold_char(char: str) -> str:
    if char < "\x80":
        return " " if char == "_" else char.lower()
    if (found := _TABLE.get(ord(char))) is not None:
        return found
    plain = unicodedata.normalize("NFKD", char).casefold()
    return "".join(_TABLE.get(ord(part), part if part < "\x80" else "?") for part in plain)
