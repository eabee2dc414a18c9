"""Near spelling: unknown words read as the word of the lexicon that they are one slip away from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz.distance import OSA


@dataclass(frozen=True, slots=True)
class Speller:
    """``known`` are words that stand for themselves. ``near`` maps words with a letter left out to what they may be."""

    known: frozenset[str]
    near: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, targets: Iterable[str], known: Iterable[str]) -> Speller:
        near: dict[str, tuple[str, ...]] = {}
        words = sorted({word for word in targets if len(word) >= 4 and word.isalpha()})
        for word in words:
            for key in _shortened(word):
                near[key] = (*near.get(key, ()), word)
        return cls(frozenset(known) | frozenset(words), near)

    def correct(self, word: str) -> str | None:
        """The lexicon word that was meant, or None. Linear in the word's length times the few candidates."""
        if word in self.known or not 3 <= len(word) <= 16:
            return None
        candidates = {target for key in _shortened(word) for target in self.near.get(key, ()) if target[0] == word[0]}
        scored = [(OSA.distance(word, target), target) for target in candidates]
        good = [item for item in scored if item[0] <= (1 if len(item[1]) < 8 else 2)]
        return min(good)[1] if good else None


def _shortened(word: str) -> set[str]:
    return {word, *(word[:index] + word[index + 1 :] for index in range(len(word)))}
