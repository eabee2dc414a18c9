"""Spelling that does not matter, taken out of what people type before it is matched."""

from __future__ import annotations

import re
import unicodedata

_KEPT_INVISIBLE = "\u200d"
"""The joiner inside emoji and some scripts carries meaning; all other format characters do not."""

_BRAILLE_BLANK = "\u2800"
"""Counts as a sign and shows nothing."""

_STRAIGHT = str.maketrans(
    {"’": "'", "‘": "'", "´": "'", "`": "'", "ʼ": "'", "“": '"', "”": '"', "«": '"', "»": '"'}
) | {
    ord("–"): "-",
    ord("—"): "-",
    ord("−"): "-",
    ord("‐"): "-",
    ord("‑"): "-",
}


_PICTURE = "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d]"
_PICTURES = re.compile(_PICTURE)
_PICTURES_AT_THE_ENDS = re.compile(rf"^(?:{_PICTURE}|\s)+|(?:{_PICTURE}|\s)+$")


def without_pictures(words: str, kept: str = "") -> str:
    """The text without emoji before and behind it; where it is nothing else, or they matter (``kept``), as it is.

    >>> without_pictures("Ana 😊"), without_pictures("👍"), without_pictures("yes 👍", kept="👍👎")
    ('Ana', '👍', 'yes 👍')
    """
    if words.isascii() or any(picture in words for picture in kept):
        return words
    return _PICTURES_AT_THE_ENDS.sub("", words) or words


def has_picture(text: str) -> bool:
    """Whether there is an emoji or another such sign in it."""
    return _PICTURES.search(text) is not None


def visible(text: str) -> str:
    """The text on one line, trimmed, without control and format characters; lone surrogates become U+FFFD."""
    if not text.isprintable() or _BRAILLE_BLANK in text:
        text = "".join(_visible_character(character) for character in text)
    return " ".join(text.split())


def _visible_character(character: str) -> str:
    category = unicodedata.category(character)
    if character == _BRAILLE_BLANK:
        return " "
    if category == "Cs":
        return "\ufffd"
    if category == "Cf":
        return character if character == _KEPT_INVISIBLE else ""
    return " " if category in {"Cc", "Zl", "Zp", "Zs"} else character


def plain_spelling(text: str) -> str:
    """The text for matching: lower case, straight quotes and hyphens, no accents, ASCII digits.

    Any decimal digit of Unicode becomes its ASCII twin ("٣" reads as 3); superscripts and circled digits stay.
    """
    text = text.lower()
    if text.isascii():
        return text
    bare = unicodedata.normalize("NFD", text.translate(_STRAIGHT))
    return "".join(_ascii_digit(c) for c in bare if c.isascii() or not unicodedata.combining(c))


def _ascii_digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if not character.isascii() and character.isdecimal() else character


def language_of(language: str) -> str:
    """The bare language of a tag: ``es`` for ``es-MX``."""
    return language.replace("_", "-").partition("-")[0].lower()
