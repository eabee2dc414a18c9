"""What the learned classifier sees of a message: its telling words, pairs of words, and pieces of words.

Words carry meaning, pieces of words carry endings and slips of the keyboard, and pairs carry order. Small words stand
for themselves only. Nothing here depends on the language, so English and Spanish phrases are learned side by side.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from fsm_engine.understanding.intents import LONG_TEXT, LONGEST_WORD, SMALL_WORDS, word_stem
from fsm_engine.understanding.text import fold

PIECES: Final = (3, 4)
"""Letters of a piece; the gap before and after a word counts as one."""

WORDS_AT_MOST: Final = 60
"""Words of a message that are looked at; a phrase has far fewer, and what is looked at bounds what a message costs."""


def folded_words(text: str) -> list[str]:
    """The words of a message as they are compared, the first `WORDS_AT_MOST` of its first `LONG_TEXT` characters."""
    return [word[:LONGEST_WORD] for word in fold(text[:LONG_TEXT]).split()[:WORDS_AT_MOST]]


def features(text: str) -> list[str]:
    """Everything by which a message is compared, repeated as often as it occurs; telling words count twice.

    >>> features("my plan")
    ['small my', 'word plan', 'word plan', ' pl', 'pla', 'lan', 'an ', ' pla', 'plan', 'lan ', 'my plan']
    """
    words = folded_words(text)
    found: list[str] = []
    for word in words:
        if word in SMALL_WORDS:
            found.append(f"small {word}")
            continue
        found += [f"word {word_stem(word)}"] * 2
        padded = f" {word} "
        found += [padded[at : at + size] for size in PIECES for at in range(len(padded) - size + 1)]
    return [*found, *(f"{first} {second}" for first, second in pairwise(words))]
