"""Which options of a list a message names; shared by ``one of`` and ``some of``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from fsm_engine.model.slot import Option
from fsm_engine.understanding.readers import doubt
from fsm_engine.understanding.readers.number_words import read_words
from fsm_engine.understanding.readers.word_tables import word_list
from fsm_engine.understanding.readers.wording import plain_spelling

_ALTERNATIVES = re.compile(r"\s+(?:or|o|u|and|y)\s+|[,/]")
_NOT_WORD = re.compile(r"[^\w]+")
_ORDINALS: Final[Mapping[str, int]] = MappingProxyType(
    {
        word: index
        for index, words in enumerate(
            (
                "first 1st one primero primera primer uno 1o 1a",
                "second 2nd two segundo segunda dos 2o 2a",
                "third 3rd three tercero tercera tercer tres 3o 3a",
                "fourth 4th four cuarto cuarta cuatro 4o 4a",
                "fifth 5th five quinto quinta cinco 5o 5a",
                "sixth 6th six sexto sexta seis",
                "seventh 7th seven septimo septima siete",
                "eighth 8th eight octavo octava ocho",
                "ninth 9th nine noveno novena nueve",
                "tenth 10th ten decimo decima diez",
            ),
            start=1,
        )
        for word in words.split()
    }
)
_LAST: Final = frozenset({"last", "ultimo", "ultima"})
_FORMER: Final = {"former": 1, "latter": 2}
_CHOOSING: Final = frozenset(
    word_list(
        """
    the one option number choice please el la opcion numero por favor thanks gracias no. # answer respuesta i'll
    i take want would like go with choose pick quiero elijo escojo me quedo con prefiero that it's its it is es
    let's do un una my mi
    """
    )
)
_SMALL_WORDS: Final = frozenset(
    word_list("a an the of de del la el los las and y or o to for in on my mi account cuenta i")
)


@dataclass(frozen=True, slots=True)
class Choices:
    """Options ready for look-up. ``labels`` maps folded words to the values that they name, longest first.

    ``words`` are those of each label; ``names`` is what each value is called, folded.
    """

    values: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    words: Mapping[str, frozenset[str]]
    names: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=256)
def choices_of(options: tuple[Option, ...], language: str = "") -> Choices:
    """The options as a look-up table; a synonym shared by two options names both.

    Words of other languages than the user's count as well, where they mean nothing else in the user's own.
    """
    own = _named((option.value, _own_words(option, language)) for option in options)
    named = {**_named((option.value, _all_words(option)) for option in options), **own}
    by_length = sorted(named.items(), key=lambda item: -len(item[0]))
    names = {o.value: tuple(dict.fromkeys(map(plain_spelling, (o.value, *o.shown_as.values())))) for o in options}
    words = {label: frozenset(label.split()) for label, _ in by_length}
    return Choices(tuple(names), MappingProxyType(dict(by_length)), MappingProxyType(words), MappingProxyType(names))


def _own_words(option: Option, language: str) -> list[str]:
    """The option's words in one language, and those that belong to none."""
    groups = (option.words.get(key, ()) for key in dict.fromkeys(("", language, language.partition("-")[0])))
    return [option.value, *option.synonyms, *(word for group in groups for word in group)]


def _all_words(option: Option) -> list[str]:
    return [word for group in option.words.values() for word in group]


def _named(words_of: Iterable[tuple[str, Iterable[str]]]) -> dict[str, tuple[str, ...]]:
    """The values that each word names."""
    named: dict[str, tuple[str, ...]] = {}
    for value, words in words_of:
        for word in words:
            key = _as_words(plain_spelling(word)) or plain_spelling(word)
            named[key] = tuple(dict.fromkeys((*named.get(key, ()), value)))
    return named


def _as_words(folded: str) -> str:
    return _NOT_WORD.sub(" ", folded).strip()


def exact_choice(choices: Choices, folded: str) -> str | None:
    """The one option that is called exactly that; None otherwise."""
    values = choices.labels.get(_as_words(folded) or folded, ())
    return values[0] if len(values) == 1 else None


def with_digits(core: str) -> str:
    """ "two weeks" as "2 weeks", for options that are written with digits."""
    words = core.split()
    for language in ("en", "es"):
        number = read_words(words, language)
        if number is not None:
            return " ".join([str(number.value), *words[number.length :]])
    return core


def spotted_choices(choices: Choices, folded: str) -> tuple[list[str], list[str]]:
    """The options named in a sentence, in its order, and those named only to be turned down.

    A label inside a longer one that was found does not count ("savings" in "savings plus").
    """
    spaced = folded.replace("-", " ").replace("_", " ")
    taken: list[tuple[int, int]] = []
    named: list[tuple[int, str]] = []
    refused: list[str] = []
    for label, values in choices.labels.items():
        start = _find_words(spaced, label)
        while start is not None:
            end = start + len(label)
            if not any(start < other_end and other_start < end for other_start, other_end in taken):
                taken.append((start, end))
                if doubt.is_turned_down(folded[:start], folded[end:]):
                    refused += values
                else:
                    named += [(start, value) for value in values]
            start = _find_words(spaced, label, end)
    ordered = list(dict.fromkeys(value for _, value in sorted(named)))
    return ordered, [value for value in refused if value not in ordered]


def _find_words(spaced: str, label: str, start: int = 0) -> int | None:
    """Where the label stands between word boundaries in a message with spaces for hyphens."""
    position = spaced.find(label, start)
    while position >= 0:
        end = position + len(label)
        before_ok = position == 0 or not spaced[position - 1].isalnum() or not label[0].isalnum()
        after_ok = end == len(spaced) or not spaced[end].isalnum() or not label[-1].isalnum()
        if before_ok and after_ok:
            return position
        position = spaced.find(label, position + 1)
    return None


def chosen_by_number(choices: Choices, folded: str, core: str) -> str | None:
    """ "2", "the second one", "option 2", "la última": the option at that place of the list, else None."""
    words = [word.strip(".,!?;:)(#\"'") for word in folded.split()]
    telling = [word for word in words if word and word not in _CHOOSING]
    if not telling and "one" in words and not core.endswith(" one"):
        telling = ["one"]
    if len(telling) != 1:
        return None
    count = len(choices.values)
    if telling[0] in _LAST:
        return choices.values[-1]
    if telling[0] in _FORMER and count == 2:
        return choices.values[_FORMER[telling[0]] - 1]
    place = int(telling[0]) if re.fullmatch(r"[0-9]{1,3}", telling[0]) else _ORDINALS.get(telling[0])
    return choices.values[place - 1] if place is not None and 1 <= place <= count else None


def partial_choices(choices: Choices, core: str) -> list[str]:
    """Options that have all the telling words of the message among theirs: "credit" for "credit card".

    Of "credit or debit" each side is looked up alone.
    """
    sides = _ALTERNATIVES.split(core)
    if len(sides) > 1:
        found = {value for side in sides for value in _with_all_words(choices, side)}
        return [value for value in choices.values if value in found]
    return _with_all_words(choices, core)


def _with_all_words(choices: Choices, core: str) -> list[str]:
    telling = {word for word in _as_words(core).split() if word not in _SMALL_WORDS and len(word) > 2}
    if not telling or len(core) > 80:
        return []
    found: list[str] = []
    for label, values in choices.labels.items():
        if telling <= choices.words[label]:
            found += values
    return [value for value in choices.values if value in found]


def near_choices(choices: Choices, core: str) -> list[str]:
    """Options whose spelling is a slip or two away, the nearest ones; a tie gives several.

    One slip in four to six letters, two in seven to ten, three in longer words; none in shorter words, where one
    letter makes another word ("cat", "car"). In a sentence single words are compared with one slip less.
    """
    if len(core) > 120:
        return []
    whole = _nearest(choices, _as_words(core), spare=0)
    if whole:
        return whole
    words = _as_words(core).split()
    windows = (
        [" ".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1)] if len(words) > 1 else []
    )
    found: list[str] = []
    for window in windows[:60]:
        found += [value for value in _nearest(choices, window, spare=1) if value not in found]
    return found


def _nearest(choices: Choices, spelling: str, *, spare: int) -> list[str]:
    length = len(spelling)
    most = _slips_allowed(length) - spare
    if most < 1:
        return []
    from rapidfuzz.distance.OSA import distance

    best: list[str] = []
    least = 99
    for label, values in choices.labels.items():
        size = len(label)
        gap = abs(size - length)
        if gap > most:
            continue
        allowed = most if size >= length else _slips_allowed(size) - spare
        if allowed < max(gap, 1):
            continue
        slips = int(distance(spelling, label, score_cutoff=allowed))
        if slips <= allowed and slips <= least:
            best = [*best, *values] if slips == least else list(values)
            least = slips
    return list(dict.fromkeys(best))


def _slips_allowed(length: int) -> int:
    if length < 4:
        return 0
    return 1 if length <= 6 else 2 if length <= 10 else 3
