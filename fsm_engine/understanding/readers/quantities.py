"""All the numbers in a message, in digits and words, with the place where each stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from fsm_engine.model.slot import DoesNotFit, ReadingContext
from fsm_engine.understanding.readers import doubt, reasons
from fsm_engine.understanding.readers.number_words import can_open, is_and_a_half, is_pronoun, read_words, scale_of
from fsm_engine.understanding.readers.numerals import decimal_mark, read_numeral
from fsm_engine.understanding.readers.wording import language_of, plain_spelling

_SIGN_PREFIX = re.compile(r"^[^\w]*(?:(?:us|usd|mx|ca|c|au|a|nz|hk|r|s)\$|s/\.?)(?=[0-9])")
_PLAIN = re.compile(r"([$€£]?)([0-9]{1,15})")
_DIGIT = re.compile("[0-9½¼¾]")
_BEFORE = "([{<\"'~≈#*$€£¥₹=¡¿"
_AFTER = ")]}>\"'!?;:,.*"
_NEAR_WORDS = 12
_MOST_QUANTITIES = 20
"""More numbers than this in one message answer nothing; the rest of it is not looked at."""
_CURRENCY_SIGNS = "$€£¥₹"
_OTHER_LANGUAGES = frozenset({"fr", "de", "pt", "it", "nl"})
"""Languages whose number words are left to text2num."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number in a folded message; ``start`` and ``end`` are its first and last word, counted from 0, end exclusive.

    ``unit`` is a sign glued to it ("$", "%", "kg", "/10" of a fraction) or "".
    """

    value: Decimal
    start: int
    end: int
    is_sure: bool = True
    unit: str = ""


class Message:
    """A folded message as words: ``words`` are bare of punctuation, ``raw`` as typed."""

    def __init__(self, folded: str) -> None:
        folded = folded.replace("mas o menos", "unos")  # no minus sign
        self.folded = folded
        self.raw = folded.replace("-", " -").split() if _has_joined_words(folded) else folded.split()
        self.words = [_bare(chunk) for chunk in self.raw]
        self.ends_clause = [chunk[-1] in ",.;:!?" for chunk in self.raw]

    def before(self, index: int) -> str:
        """The words that lead up to a place, as typed: as many as can bear on what stands there."""
        return " ".join(self.raw[max(0, index - _NEAR_WORDS) : index])

    def after(self, index: int) -> str:
        return " ".join(self.raw[index : index + _NEAR_WORDS])


def _has_joined_words(folded: str) -> bool:
    """ "twenty-five" is two words; "5-10" and "-5" are one."""
    position = folded.find("-")
    while position > 0:
        if folded[position - 1].isalpha() and folded[position + 1 : position + 2].isalpha():
            return not any(character.isdigit() for character in folded)
        position = folded.find("-", position + 1)
    return False


def _bare(chunk: str) -> str:
    has_sign = "$" in chunk or "s/" in chunk
    bare = (_SIGN_PREFIX.sub("", chunk) if has_sign else chunk).lstrip(_BEFORE).rstrip(_AFTER)
    if bare[:1] == "-" and bare[1:2] in _CURRENCY_SIGNS:
        bare = bare[2:] or bare
    return bare[1:] if len(bare) > 1 and bare[0] == "-" and bare[1].isalpha() else bare


def quantities_in(message: Message, context: ReadingContext, *, with_scales: bool = False) -> tuple[Quantity, ...]:
    """Every number of the message in the order in which they stand. Linear in the length of the message."""
    language = language_of(context.language)
    mark = decimal_mark(language, context.region)
    found: list[Quantity] = []
    index = 0
    while index < len(message.words) and len(found) < _MOST_QUANTITIES:
        taken = _at(message, index, language, mark, with_scales)
        found += taken
        index = taken[-1].end if taken else index + 1
    return tuple(found)


def _at(message: Message, index: int, language: str, mark: str, with_scales: bool) -> list[Quantity]:
    word = message.words[index]
    if not word:
        return []
    if _holds_digit(word):
        return _digits_at(message, index, language, mark, with_scales)
    if not can_open(word, language) or is_pronoun(message.words, index):
        return []
    words = read_words(_clause(message, index), language)
    return [] if words is None else [Quantity(words.value, index, index + words.length, words.is_sure)]


def _clause(message: Message, index: int) -> Sequence[str]:
    """The words from here to the next punctuation mark, at most 24: no number has more."""
    end = index
    while end < len(message.words) and end < index + 24:
        end += 1
        if message.ends_clause[end - 1]:
            break
    return message.words[index:end]


def _holds_digit(word: str) -> bool:
    return _DIGIT.search(word) is not None


def _digits_at(message: Message, index: int, language: str, mark: str, with_scales: bool) -> list[Quantity]:
    end = _end_of_spaced_groups(message, index)
    chunk = "".join(message.words[index:end])
    numerals = read_numeral(chunk, mark, with_scales=with_scales)
    if len(numerals) != 1:
        return [Quantity(n.value, index, end, n.is_sure, n.unit) for n in numerals]
    sign, value = _sign_before(message, index), numerals[0].value
    following = [] if message.ends_clause[end - 1] else message.words[end : end + 3]
    halves = is_and_a_half(following)
    if halves:
        value, end = value + Decimal("0.5"), end + halves
    scale = scale_of(message.words[end], language) if following and end < len(message.words) else None
    if scale is not None:
        value, end = value * scale, end + 1
    value = -value if value > 0 and _is_minus(message, index) else value
    return [Quantity(value, index, end, numerals[0].is_sure, numerals[0].unit or sign)]


def _end_of_spaced_groups(message: Message, index: int) -> int:
    """ "1 200 000" is one number: groups of three after one to three digits, none of them after a sign or mark."""
    end = index + 1
    if not (message.raw[index].lstrip(_CURRENCY_SIGNS).isdigit() and len(message.words[index]) <= 3):
        return end
    while end < len(message.words):
        group = message.words[end]
        if len(group) < 3 or not group[:3].isdigit() or (len(group) > 3 and group[3] not in ".,"):
            break
        end += 1
        if message.ends_clause[end - 1] or len(group) > 3:
            break
    follows_digits = end < len(message.words) and message.raw[end].isdigit()
    return index + 1 if follows_digits or message.words[index].startswith("0") else end


def _sign_before(message: Message, index: int) -> str:
    raw = message.raw[index].lstrip("([{<\"'~≈-+")
    prefix = _SIGN_PREFIX.match(raw)
    if prefix is not None:
        return prefix[0]
    return raw[0] if raw and raw[0] in _CURRENCY_SIGNS else ""


def _is_minus(message: Message, index: int) -> bool:
    """ "minus 5" or "-$5"."""
    if index and message.words[index - 1] in {"minus", "negative", "menos"}:
        return True
    return message.raw[index].startswith("-") and not message.words[index].startswith("-")


def _by_text2num(text: str, context: ReadingContext) -> tuple[Message, tuple[Quantity, ...]]:
    """Number words of another language, by way of their digits."""
    from text_to_num import alpha2digit

    digits = alpha2digit(text.lower(), language_of(context.language), threshold=0.0)
    message = Message(plain_spelling(digits))
    return message, quantities_in(message, context)


def one_quantity(
    text: str, context: ReadingContext, *, missing: str, with_scales: bool = False
) -> tuple[Message, tuple[Quantity, ...]] | DoesNotFit:
    """The numbers that the user stands by: at least one, or why there is none.

    A correction ("5, I mean 6") leaves what follows it; numbers that are turned down ("not 5") do not count.
    """
    folded = plain_spelling(text)
    plain = _PLAIN.fullmatch(folded)
    if plain is not None:
        return Message(folded), (Quantity(Decimal(plain[2]), 0, 1, unit=plain[1]),)
    if doubt.is_unsure(folded):
        return DoesNotFit(reasons.UNSURE)
    message = Message(doubt.after_correction(folded))
    found = quantities_in(message, context, with_scales=with_scales)
    if not found and language_of(context.language) in _OTHER_LANGUAGES:
        message, found = _by_text2num(text, context)
    kept = tuple(q for q in found if not doubt.is_turned_down(message.before(q.start), message.after(q.end)))
    if kept:
        return message, kept
    return DoesNotFit(reasons.REFUSED if found else missing)
