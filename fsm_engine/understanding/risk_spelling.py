"""Near spelling: unknown words read as the word of the lexicon that they are a slip away from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import OSA

_SHORTEST: Final = 4
_LONGEST: Final = 16
_LONG: Final = 7
"""Words of so many letters may hold two slips, shorter ones one."""


@dataclass(frozen=True, slots=True)
class Speller:
    """``known`` are words that stand for themselves, ``by_ear`` spellings that are no slip but a habit.

    ``near`` maps words with one letter left out to the words that they may have been: two words that are one slip apart
    share such a key, and nearly all that are two slips apart.
    """

    known: frozenset[str]
    by_ear: Mapping[str, str]
    near: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, targets: Iterable[str], known: Iterable[str], by_ear: Mapping[str, str]) -> Speller:
        near: dict[str, tuple[str, ...]] = {}
        for word in sorted({word for word in targets if len(word) >= _SHORTEST and word.isalpha()}):
            for key in _shortened(word):
                near[key] = (*near.get(key, ()), word)
        return cls(frozenset(known).difference(by_ear), by_ear, near)

    def correct(self, word: str) -> str | None:
        """The lexicon word that was meant, or None. The first letter counts as right: people seldom get it wrong."""
        if word in self.by_ear:
            return self.by_ear[word]
        if word in self.known or not _SHORTEST <= len(word) <= _LONGEST or _is_form_of_known(word, self.known):
            return None
        candidates = {target for key in _shortened(word) for target in self.near.get(key, ()) if target[0] == word[0]}
        scored = [(OSA.distance(word, target), target) for target in candidates]
        good = [item for item in scored if item[0] <= (1 if len(item[1]) < _LONG else 2)]
        return min(good)[1] if good else None


def _is_form_of_known(word: str, known: frozenset[str]) -> bool:
    """Plurals and other endings of words that stand for themselves are no slips."""
    return any(word.endswith(ending) and word.removesuffix(ending) in known for ending in ("s", "es", "ed", "d", "ly"))


def _shortened(word: str) -> set[str]:
    return {word, *(word[:index] + word[index + 1 :] for index in range(len(word)))}
