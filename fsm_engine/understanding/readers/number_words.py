"""Numbers written in words, English and Spanish; spelled as ``wording.plain_spelling`` leaves them.

text2num reads more languages, and is asked for those; here it would lose "a dozen", "half", "cinco y medio", words
without their accents, and the place where the number stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

from fsm_engine.understanding.readers.word_tables import word_list

_EN_SMALL = word_list(
    """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen
    """
)
_ES_SMALL = word_list(
    """
    cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis
    diecisiete dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis
    veintisiete veintiocho veintinueve
    """
)
_EN_TENS = word_list("twenty thirty forty fifty sixty seventy eighty ninety")
_ES_TENS = word_list("treinta cuarenta cincuenta sesenta setenta ochenta noventa")
_ES_HUNDREDS = word_list(
    """
    ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos
    """
)

_SMALL: Final[Mapping[str, Mapping[str, int]]] = {
    "en": {word: value for value, word in enumerate(_EN_SMALL)} | {"fourty": 40, "ninteen": 19, "twelf": 12},
    "es": {word: value for value, word in enumerate(_ES_SMALL)}
    | {"un": 1, "una": 1, "veintiun": 21, "veintiuna": 21, "venticinco": 25, "ventidos": 22, "ventitres": 23},
}
_TENS: Final[Mapping[str, Mapping[str, int]]] = {
    "en": {word: (index + 2) * 10 for index, word in enumerate(_EN_TENS)} | {"fourty": 40, "ninty": 90},
    "es": {"veinte": 20} | {word: (index + 3) * 10 for index, word in enumerate(_ES_TENS)},
}
_HUNDREDS: Final[Mapping[str, Mapping[str, int]]] = {
    "en": {},
    "es": {word: (index + 1) * 100 for index, word in enumerate(_ES_HUNDREDS)}
    | {word[:-2] + "as": (index + 1) * 100 for index, word in enumerate(_ES_HUNDREDS) if index}
    | {"cien": 100},
}
_SCALES: Final[Mapping[str, Mapping[str, int]]] = {
    "en": {"hundred": 100, "thousand": 1000, "grand": 1000, "million": 10**6, "billion": 10**9, "k": 1000}
    | {"hundreds": 100, "thousands": 1000, "millions": 10**6},
    "es": {"mil": 1000, "millon": 10**6, "millones": 10**6, "miles": 1000},
}
_MEASURES: Final[Mapping[str, Decimal]] = {
    "dozen": Decimal(12),
    "dozens": Decimal(12),
    "docena": Decimal(12),
    "docenas": Decimal(12),
    "couple": Decimal(2),
    "pair": Decimal(2),
    "par": Decimal(2),
    "score": Decimal(20),
    "decena": Decimal(10),
}
_QUARTERS = frozenset({("a", "quarter"), ("one", "quarter"), ("un", "cuarto")})
_HALVES = frozenset({"half", "medio", "media"})
_ARTICLES = frozenset({"a", "an", "un", "una"})
_SIGNS = frozenset({"minus", "negative", "menos"})
_POINTS = frozenset({"point", "coma", "punto", "con"})
_JOINERS = frozenset({"and", "y"})
_OPENERS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        table: frozenset(["one", "three", "tres"]).union(
            _SIGNS, _ARTICLES, _HALVES, _MEASURES, _SMALL[table], _TENS[table], _HUNDREDS[table], _SCALES[table]
        )
        for table in _SMALL
    }
)
"""Words with which a number can begin."""
_NOT_BEFORE_ONE = frozenset(word_list("this that the no any every which each another some someone other what"))


class Words(NamedTuple):
    """A number in words, ``length`` words long. ``is_sure`` is False for "a couple" and a bare article."""

    value: Decimal
    length: int
    is_sure: bool = True


def can_open(word: str, language: str) -> bool:
    """Whether a number in words can begin with this one."""
    return word in _OPENERS[language if language in _OPENERS else "en"]


def read_words(words: Sequence[str], language: str) -> Words | None:
    """The number that the words start with, the longest one; None when they start with none."""
    if not words or not can_open(words[0], language):
        return None
    if words[0] in _SIGNS:
        rest = read_words(words[1:], language) if len(words) > 1 and words[1] not in _SIGNS else None
        return None if rest is None else Words(-rest.value, rest.length + 1, rest.is_sure)
    table = language if language in _SMALL else "en"
    return _half(words, table) or _measured(words, table) or _counted(words, table)


def scale_of(word: str, language: str) -> Decimal | None:
    """What a word after digits multiplies them by: 1000 for "thousand" or "mil"; None for any other word."""
    scale = _SCALES.get(language, _SCALES["en"]).get(word)
    if scale is not None:
        return Decimal(scale)
    return _MEASURES[word] if word in {"dozen", "docenas"} else None


def is_and_a_half(words: Sequence[str]) -> int:
    """How many words "and a half" takes at the start of these; 0 when it is not there."""
    if len(words) >= 2 and words[0] in _JOINERS and words[1] in _HALVES:
        return 2
    if len(words) >= 3 and words[0] in _JOINERS and words[1] == "a" and words[2] == "half":
        return 3
    return 0


def _half(words: Sequence[str], table: str) -> Words | None:
    """ "half", "half a dozen", "half a million", "media docena", "three quarters"."""
    if tuple(words[:2]) == ("three", "quarters") or tuple(words[:2]) == ("tres", "cuartos"):
        return Words(Decimal("0.75"), 2)
    if tuple(words[:2]) in _QUARTERS:
        return Words(Decimal("0.25"), 2)
    start = 1 if words[0] in {"a", "one"} and len(words) > 1 and words[1] == "half" else 0
    if words[start] not in _HALVES:
        return None
    rest = words[start + 1 : start + 3]
    skipped = 1 if rest and rest[0] in _ARTICLES else 0
    unit = rest[skipped] if len(rest) > skipped else ""
    whole = _MEASURES.get(unit) or Decimal(_SCALES[table].get(unit, 0))
    if whole:
        return Words(whole / 2, start + skipped + 2)
    return Words(Decimal("0.5"), start + 1)


def _measured(words: Sequence[str], table: str) -> Words | None:
    """ "a dozen", "two dozen", "a couple", "un par"."""
    if words[0] in _MEASURES and words[0] not in {"score", "par"}:
        return Words(_MEASURES[words[0]], 1, is_sure=words[0] in {"dozen", "docena"})
    if len(words) < 2 or words[1] not in _MEASURES:
        return None
    many = 1 if words[0] in _ARTICLES else _SMALL[table].get(words[0])
    if many is None:
        return None
    return Words(_MEASURES[words[1]] * many, 2, is_sure=words[1] not in {"couple", "par", "score"})


def _counted(words: Sequence[str], table: str) -> Words | None:
    """Cardinals: "one hundred and five thousand", "treinta y dos", "two point five", "two and a half"."""
    sum_ = _Sum(table)
    position = 0
    if words[0] == "a" or words[0] == "an":
        if len(words) < 2 or words[1] not in _SCALES[table] or words[1] == "k":
            return None
        position = 1
    while position < len(words):
        taken = sum_.take(words, position)
        if not taken:
            break
        position += taken
    if sum_.is_empty:
        return None
    return _with_fraction(words, position, sum_, table)


def _with_fraction(words: Sequence[str], position: int, sum_: _Sum, table: str) -> Words:
    value = sum_.value
    is_sure = not (position == 1 and words[0] in _ARTICLES)
    halves = is_and_a_half(words[position:])
    if halves:
        position += halves
        value += Decimal("0.5")
        scale = _SCALES[table].get(words[position]) if position < len(words) else None
        return Words(value * scale, position + 1) if scale else Words(value, position)
    if position < len(words) and words[position] in _POINTS:
        digits = _decimals(words[position + 1 :], table)
        if digits:
            return Words(value + Decimal("0." + "".join(map(str, digits))), position + 1 + len(digits))
    return Words(value, position, is_sure)


def _decimals(words: Sequence[str], table: str) -> list[int]:
    digits: list[int] = []
    for word in words[:15]:
        value = _SMALL[table].get(word)
        if value is None or value > 9 or word in _ARTICLES:
            break
        digits.append(value)
    return digits


class _Sum:
    """Adds up the words of one cardinal; a word that cannot go on with it is not taken."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._total = 0
        self._group: int | None = None
        self._room = 10**12
        self._scale_limit = 10**12
        self.is_empty = True

    @property
    def value(self) -> Decimal:
        return Decimal(self._total + (self._group or 0))

    def take(self, words: Sequence[str], position: int) -> int:
        """How many words were added: 1, 2 with a joining "and" before, or 0 when the cardinal ends here."""
        word = words[position]
        if word in _JOINERS:
            follows = words[position + 1] if position + 1 < len(words) else ""
            return 2 if not self.is_empty and self._joins(word) and self._add(follows) else 0
        return 1 if self._add(word) else 0

    def _joins(self, joiner: str) -> bool:
        """ "and" goes after hundreds and scales, "y" after tens."""
        return self._room >= 100 or (joiner == "y" and self._room == 10)

    def _add(self, word: str) -> bool:
        return self._add_scale(word) or self._add_small(word)

    def _add_small(self, word: str) -> bool:
        for table, step, room in ((_HUNDREDS, 1000, 100), (_TENS, 100, 10), (_SMALL, 0, 1)):
            value = table[self._table].get(word)
            if value is None:
                continue
            needed = step or (10 if value < 10 else 100)
            if self._room < needed or (value == 0 and not self.is_empty):
                return False
            self._group = (self._group or 0) + value
            self._room = room
            self.is_empty = False
            return True
        return False

    def _add_scale(self, word: str) -> bool:
        scale = _SCALES[self._table].get(word)
        if scale is None or (word == "k" and self.is_empty):
            return False
        if scale == 100:
            if self._group is not None and not 0 < self._group < 100:
                return False
            self._group = (self._group or 1) * 100
            self._room = 100
        elif scale < self._scale_limit and self._group != 0:
            self._total += (self._group or 1) * scale
            self._scale_limit = scale
            self._group = None
            self._room = 1000
        elif scale == 10**6 and self._scale_limit == 1000:  # "cien mil millones"
            self._total = (self._total + (self._group or 0)) * scale
            self._group = None
            self._room = 1000
        else:
            return False
        self.is_empty = False
        return True


def is_pronoun(words: Sequence[str], position: int) -> bool:
    """True where "one" stands for a thing: "this one", "the one", "one of them", "no one"."""
    if words[position] not in {"one", "uno", "una", "un"}:
        return False
    before = words[position - 1] if position else ""
    after = words[position + 1] if position + 1 < len(words) else ""
    if words[position] in _ARTICLES:
        return bool(after) and after not in _MEASURES and scale_of(after, "es") is None
    return before in _NOT_BEFORE_ONE or after == "of"
