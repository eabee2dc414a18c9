"""Near spelling: unknown words read as the lexicon's words that they are a slip away from, run together or broken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import OSA

from fsm_engine.understanding.risk_disguise import squash
from fsm_engine.understanding.risk_notation import COMMON

_SHORTEST: Final = 4
_LONGEST: Final = 16
_LONG: Final = 7
"""Words of so many letters may hold `_SLIPS_AT_MOST`, shorter ones one."""
_SLIPS_AT_MOST: Final = 2

_RUN_TOGETHER: Final = range(7, 61)
_LONGEST_PIECE: Final = 14
_SHORT_PIECES: Final = frozenset(
    "i a to my me im go up be do so it in on of is am no at we he us if by an as od rn the and you for not was".split()  # noqa: SIM905
)
_TELLING: Final = ("myself", "want", "wanna", "quiero")
_DOUBLE: Final = re.compile(r"(.)\1")
_ENDINGS: Final = ("s", "ly")


@dataclass(frozen=True, slots=True)
class Speller:
    """``known`` are words that stand for themselves, ``by_ear`` spellings that are no slip but a habit.

    ``near`` maps words with one letter left out to the words that they may have been: two words that are one slip apart
    share such a key, and nearly all that are two slips apart. ``targets`` are the lexicon's own words, ``grave`` those
    of them that go first when several are as near; ``backwards`` are words of a message that was typed from its end.
    ``pieces`` are what words that were run together are parted into.
    """

    known: frozenset[str]
    targets: frozenset[str]
    grave: frozenset[str]
    by_ear: Mapping[str, str]
    backwards: frozenset[str]
    near: Mapping[str, Sequence[str]]
    squashed: Mapping[str, str]
    pieces: frozenset[str]

    @classmethod
    def of(
        cls, targets: frozenset[str], ordinary: frozenset[str], by_ear: Mapping[str, str], grave: Iterable[str]
    ) -> Speller:
        near: dict[str, tuple[str, ...]] = {}  # tuples of texts are nothing that the garbage collector goes through
        for word in sorted(targets):
            if len(word) >= _SHORTEST and word.isalpha():
                alone = (word,)
                for key in {*_shortened(word)}:
                    near[key] = near[key] + alone if key in near else alone
        known = (targets | ordinary).difference(by_ear)
        graves = frozenset(grave)
        backwards = frozenset(word[::-1] for word in (*graves, *_TELLING) if len(word) >= _SHORTEST) - known
        squashed = {squash(word): word for word in sorted(targets, reverse=True)}
        pieces = _SHORT_PIECES.union(word for word in (*known, *by_ear) if len(word) > 2)
        return cls(known, targets, graves, by_ear, backwards, near, squashed, pieces)

    def correct(self, word: str) -> str | None:
        """The word or words that were meant, or None. The first letter counts as right: it seldom is wrong."""
        if word in self.by_ear:
            return self.by_ear[word]
        if word in self.known or self._is_form_of_known(word):
            return None
        if _DOUBLE.search(word) and (target := self.squashed.get(squash(word))) and self._is_sure(target):
            return target
        if _SHORTEST - 1 <= len(word) <= _LONGEST and not word.isdecimal() and (near := self._nearest(word)):
            return near
        return self.split(word) if len(word) in _RUN_TOGETHER else None

    def mended(self, words: Sequence[str]) -> Iterator[tuple[int, int, str]]:
        """What should be read otherwise: the first and last index of the words, and what was meant by them."""
        free = 0  # the first word that is no part of what was put right
        untried = 0  # the first word that was not held against the one behind it
        for index in [index for index, word in enumerate(words) if word not in self.known]:
            for first in range(max(index - 1, free, untried), min(index + 1, len(words) - 1)):
                if meant := self._as_two(words[first], words[first + 1]):
                    free = first + 2
                    yield first, first + 1, meant
                    break
            untried = index + 1
            if index >= free and (meant := self.correct(words[index])):
                free = index + 1
                yield index, index, meant

    def _as_two(self, first: str, second: str) -> str | None:
        """What two words were meant as that are not both words, as far as that shows in the two alone."""
        return self._joined(first, second) or self._with_blank_moved(first, second)

    def _joined(self, first: str, second: str) -> str | None:
        """The lexicon word that was broken in two."""
        whole = first + second
        whole = self.by_ear.get(whole, whole)
        return whole if whole in self.targets and len(whole) >= _SHORTEST else None

    def _with_blank_moved(self, first: str, second: str) -> str | None:
        """Two words, one of them grave, that were parted a letter too early or too late ("kil lmyself")."""
        for one, other in ((first + second[:1], second[1:]), (first[:-1], first[-1:] + second)):
            if one in self.known and other in self.known and not self.grave.isdisjoint((one, other)):
                return f"{one} {other}"
        return None

    def split(self, word: str) -> str | None:
        """Words that were run together, set apart by spaces, when all of it is words that we know."""
        best: list[tuple[int, list[str]] | None] = [(0, []), *[None] * len(word)]
        for start in range(len(word)):
            before = best[start]
            if before is None:
                continue
            for end in range(start + 1, min(start + _LONGEST_PIECE, len(word)) + 1):
                piece = word[start:end]
                if piece not in self.pieces:
                    continue
                known, cost = best[end], before[0] + self._cost(piece)
                if known is None or cost < known[0]:
                    best[end] = (cost, [*before[1], piece])
        whole = best[-1]
        return " ".join(self.by_ear.get(piece, piece) for piece in whole[1]) if whole and len(whole[1]) > 1 else None

    def _cost(self, piece: str) -> int:
        """Words of the lexicon are likelier pieces than others: "want to live", not "want olive"."""
        return 2 if piece in self.targets or piece in _SHORT_PIECES else 5

    def _is_sure(self, target: str) -> bool:
        return len(target) >= _SHORTEST or target in self.grave

    def _nearest(self, word: str) -> str | None:
        candidates: set[str] = set()
        for key in _shortened(word):
            if key in self.near:
                candidates.update(self.near[key])
        nearest: list[str] = []
        least = _SLIPS_AT_MOST
        for target in candidates:
            slips = OSA.distance(word, target)
            if slips > least or (slips > 1 and len(target) < _LONG):
                continue
            if slips < least:
                nearest, least = [], slips
            nearest.append(target)
        if len(nearest) < 2:
            return nearest[0] if nearest else None
        return min(nearest, key=lambda target: self._order(word, target))

    def _order(self, word: str, target: str) -> tuple[bool, bool, bool, int, str]:
        """What goes first among words as near: grave ones, swapped letters, frequent words, the same length."""
        is_swapped = sorted(word) == sorted(target)
        return target not in self.grave, not is_swapped, target not in COMMON, abs(len(word) - len(target)), target

    def _is_form_of_known(self, word: str) -> bool:
        """Plurals and other endings of words that stand for themselves are no slips."""
        if word.endswith("ss") or not word.endswith(_ENDINGS):
            return False
        return any(word.endswith(ending) and word.removesuffix(ending) in self.known for ending in _ENDINGS)


def _shortened(word: str) -> list[str]:
    """The word, and what it becomes when a letter behind the first is left out."""
    return [word, *[word[:index] + word[index + 1 :] for index in range(1, len(word))]]
