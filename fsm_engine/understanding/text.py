"""Canonical text: the one form in which what users type is stored, read and compared.

`canonical_text` runs at the border, before anything else sees a message. What it takes out can do harm but carries no
meaning: control characters (SQLite stores NUL, PostgreSQL refuses it), lone surrogates (both drivers fail on them),
bidi controls and zero-width characters (they hide words from readers and from the risk stage). Everything else stays
as typed: quotes, angle brackets, braces and backslashes are the user's words.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from fsm_engine.errors import InvalidArgument

HARD_LIMIT: Final = 20_000
"""Characters of a message that are ever looked at; what is between head and tail of a longer one is dropped."""

TAIL_KEPT: Final = 5_000
"""Of a message over `HARD_LIMIT` the end is kept as well: what matters most often stands last."""

CUT_MARK: Final = "\n[…]\n"
"""Stands where the middle of a message over `HARD_LIMIT` was dropped."""

MARKS_AT_MOST: Final = 30
"""Combining marks in a row, as in the Stream-Safe Text Format (UAX #15): sorting longer runs takes quadratic time."""

ID_AT_MOST: Final = 255


@dataclass(frozen=True, slots=True)
class CanonicalText:
    """A message as it is stored and read. ``original_length`` counts the characters that came in.

    ``text`` of a message that ``is_too_long`` is not cut at the limit but at `HARD_LIMIT`, so that the risk stage reads
    what the dialogue refuses.
    """

    text: str
    is_too_long: bool
    original_length: int


# Characters that are canonical wherever they stand, so that most messages need no more than one look.
_SETTLED = re.compile(
    "[\t\n -~¡-¬®-\u02ff\u2010-\u2027\u2030-\u205e€\U0001f300-\U0001faff"  # Western letters, punctuation, most emoji
    "\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u0621-\u063a\u0641-\u064a"  # Cyrillic, Hebrew and Arabic letters
    "\u3041-\u3096\u30a1-\u30fa\u3001-\u3020\u4e00-\u9fff\uac00-\ud7a3]*"  # Kana, ideographs, Hangul syllables
)
_SURROGATE = re.compile(f"[{chr(0xD800)}-{chr(0xDFFF)}]")
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_MEANINGLESS = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls but tab and newline; those that end lines were replaced before
    "\u00ad\u034f\u061c\u200b\u2060-\u206f\ufeff\ufff9-\ufffb"  # soft hyphen, grapheme joiner, zero width, annotations
    "\u200e\u200f\u202a-\u202e"  # direction marks and overrides
    "\u115f\u1160\u3164\uffa0"  # Hangul fillers: blanks that count as letters
    "\U000e0001\ufdd0-\ufdef\ufffe\uffff]"  # language tag, non-characters
)
_STRAY_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]{1,16}\U000e007f)|[\U000e0000-\U000e007f]+")

# Joiners have a meaning between letters of some scripts and between emoji, variation selectors after symbols, digits of
# keycaps and ideographs. Elsewhere they split a word so that nobody sees it but programs.
_JOINS = "\u0590-\u1cff\u2190-\u3299\ua800-\uabff\ufe0f\U00011000-\U0001faff"
_VARIES = "#*0-9\u00a9\u00ae\u2010-\u20ff\u2122\u2139\u2150-\ufaff\U00010000-\U000e00ff"
_JOINER = "[\u180e\u200c\u200d]"
_VARIATION = "[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
_STRAYS = re.compile(f"(?<![{_VARIES}]){_VARIATION}+|(?<![{_JOINS}]){_JOINER}+|{_JOINER}+(?![{_JOINS}])")
_ALL_JOINING = re.compile(f"{_JOINER}|{_VARIATION}")
_RARE = re.compile("[\u00ad\u0300-\U0010ffff]")
_TIBETAN_VOWELS = (("\u0f73", "\u0f71\u0f72"), ("\u0f75", "\u0f71\u0f74"), ("\u0f81", "\u0f71\u0f80"))
_TOO_MANY_MARKS = re.compile(rb"[^\0]{%d,}" % (MARKS_AT_MOST + 1))


def canonical_text(raw: str, *, limit: int) -> CanonicalText:
    """The message in the form in which it is stored and read; applying it twice changes nothing.

    ``limit`` counts characters after canonicalisation. A message is too long when it has more, or when it was over
    `HARD_LIMIT` and lost its middle. Takes time in proportion to at most `HARD_LIMIT` characters, whatever comes in.

    >>> canonical_text("  caf\u0065\u0301\\r\\n\\x00", limit=1000)
    CanonicalText(text='café', is_too_long=False, original_length=10)
    """
    original_length = len(raw)
    text = raw.strip()
    if len(text) <= HARD_LIMIT and _SETTLED.fullmatch(text):
        return CanonicalText(text, len(text) > limit, original_length)
    was_cut = len(text) > HARD_LIMIT
    text = _clean(_without_middle(text))
    if len(text) > HARD_LIMIT:  # composition can lengthen a text threefold
        text, was_cut = _clean(_without_middle(text)), True
    return CanonicalText(text, was_cut or len(text) > limit, original_length)


def canonical_id(raw: object, *, what: str) -> str:
    """The id unchanged, when it can be stored: ids are compared byte for byte, so nothing about them is tidied up.

    ``what`` names it in the error. Raises `InvalidArgument`.
    """
    if not isinstance(raw, str):
        raise InvalidArgument(f"{what}: must be text, not {type(raw).__name__}. Pass str(...) of it.")
    if not 1 <= len(raw) <= ID_AT_MOST:
        raise InvalidArgument(f"{what}: has {len(raw)} characters. Use 1 to {ID_AT_MOST} characters.")
    if raw.isascii() and raw.isprintable():
        return raw
    for index, char in enumerate(raw):
        if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}:
            raise InvalidArgument(
                f"{what}: character {index + 1} is U+{ord(char):04X}. "
                f"Use 1 to {ID_AT_MOST} characters without control characters, line breaks and lone surrogates."
            )
    return raw


def _without_middle(text: str) -> str:
    if len(text) <= HARD_LIMIT:
        return text
    head = text[: HARD_LIMIT - TAIL_KEPT - len(CUT_MARK)]
    return head + CUT_MARK + text[-TAIL_KEPT:]


def _clean(text: str) -> str:
    if not text.isascii():
        text = _whole_characters(text)
    text = _MEANINGLESS.sub("", _LINE_END.sub("\n", text))
    if _RARE.search(text):
        text = _without_strays(_STRAY_TAGS.sub(r"\1", text))
    return text.strip()


def _without_strays(text: str) -> str:
    """The text in normal form, without joiners and variation selectors that have nothing to join or to vary.

    Taking one out can move marks and so orphan the next. Three rounds settle anything that people write; what is not
    settled then was made to be a nuisance and loses them all.
    """
    for _ in range(3):
        text = _normal_form(text)
        settled = _STRAYS.sub("", text)
        if settled == text:
            return text
        text = settled
    return _normal_form(_ALL_JOINING.sub("", text))


def _normal_form(text: str) -> str:
    return cap_marks(unicodedata.normalize("NFC", cap_marks(text)))  # composition can add two marks to a run


def _whole_characters(text: str) -> str:
    """Surrogate pairs joined to the character they mean, lone ones replaced by U+FFFD."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def cap_marks(text: str) -> str:
    """The text with at most `MARKS_AT_MOST` combining marks in a row, so that normalising it takes linear time."""
    for vowel, marks in _TIBETAN_VOWELS:  # the only characters that are no marks but decompose into nothing else
        text = text.replace(vowel, marks)
    classes = bytes(map(unicodedata.combining, text))
    kept: list[str] = []
    start = 0
    for run in _TOO_MANY_MARKS.finditer(classes):
        kept.append(text[start : run.start() + MARKS_AT_MOST])
        start = run.end()
    return "".join((*kept, text[start:])) if kept else text


_PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_DIACRITICS = re.compile("['’‘ʼ`´＇\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u0652\u0670]+")
_BETWEEN_WORDS = re.compile("(?:[^\\w\u0900-\u109f]|[_\u0964\u0965])+")
_WESTERN = re.compile("[\0-\x7f‘’“”–—…¡«»¿À-ÅÇ-ÏÑ-ÖÙ-Ýà-åç-ïñ-öù-ýÿ]*")


def _western_folding() -> bytes:
    """For each byte of code page 1252 that `_WESTERN` allows, the one byte that it folds to."""
    chars = bytes(range(256)).decode("cp1252", "replace")
    folded = (unicodedata.normalize("NFKD", char.lower())[0] for char in chars)
    return bytes(ord(char) if char.isascii() and char.isalnum() else 0x20 for char in folded)


_WESTERN_FOLDING = _western_folding()


@lru_cache(maxsize=32)  # a turn folds its message once for each thing that it is held against
def fold(text: str) -> str:
    """The words of a text for comparing only: small letters without diacritics, one space between words.

    Apostrophes vanish ("what's" and "whats" are one word); every other run of punctuation, symbols and emoji is a
    space. Wants canonical text, and is linear in it.

    >>> fold("¿Qué  dijiste?  It’s NOT—that!")
    'que dijiste its not that'
    """
    is_ascii = text.isascii()
    if is_ascii or _WESTERN.fullmatch(text):
        western = text.encode("ascii" if is_ascii else "cp1252").translate(_WESTERN_FOLDING, b"'`\x91\x92")
        return " ".join(western.decode("ascii").split())
    plain = unicodedata.normalize("NFKD", cap_marks(text.casefold())).casefold()
    plain = _DIACRITICS.sub("", plain).translate(_PLAIN_LETTERS)
    return _BETWEEN_WORDS.sub(" ", plain).strip()
