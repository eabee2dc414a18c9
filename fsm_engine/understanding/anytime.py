"""What users can always say: help, repeat, back, skip, cancel, restart, human, "what have I said?".

A message counts only when the whole of it says so, politeness aside. Inside an answer ("help my mum more") or in quotes
("my favourite word is "help"") the same words are an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final

from fsm_engine.understanding.anytime_words import LANGUAGES
from fsm_engine.understanding.text import fold

LONGEST: Final = 80
"""Characters; no wording of the table is longer, politeness included."""

_QUOTED = re.compile("[\"“”„«»]|^\\s*['‘’`]|['`‘’]\\W*$")
_BRACKETS = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class _Affixes:
    """Phrases by the word that stands at the message's edge; the lengths in words, longest first."""

    phrases: frozenset[str]
    lengths: Mapping[str, tuple[int, ...]]

    def opening(self, words: list[str]) -> int:
        """How many words the longest of the phrases takes at the start; 0 when none fits."""
        for length in self.lengths.get(words[0], ()) if words else ():
            if " ".join(words[:length]) in self.phrases:
                return length
        return 0

    def ending(self, words: list[str]) -> int:
        for length in self.lengths.get(words[-1], ()) if words else ():
            if " ".join(words[-length:]) in self.phrases:
                return length
        return 0


@dataclass(frozen=True, slots=True)
class _Lexicon:
    whole: Mapping[str, str]
    after_to_do: Mapping[str, str]
    after_to_have: Mapping[str, str]
    to_do: _Affixes
    to_have: _Affixes
    polite_before: _Affixes
    polite_after: _Affixes
    openers: frozenset[str]
    closers: frozenset[str]
    after_openers: frozenset[str]


def anytime_word(text: str, language: str) -> str | None:
    """The word that the whole message means in ``language`` (English where it is unknown), or None.

    >>> anytime_word("Sorry, can we go back please?", "en"), anytime_word("I want to go back to school", "en")
    ('back', None)
    """
    return first_anytime_word(text, (language,))


def first_anytime_word(text: str, languages: Iterable[str]) -> str | None:
    """The same in the first of the languages in which the message means one."""
    if len(text) > LONGEST:
        return None
    folded = fold(text)
    words = folded.split()
    for language in languages:
        lexicon = _lexicon(language[:2].lower())
        word = lexicon.whole.get(folded) or _said_politely(words, lexicon)
        if word is not None:
            return None if _QUOTED.search(text) else word
    return None


def _said_politely(words: list[str], lexicon: _Lexicon) -> str | None:
    if len(words) < 2 or not (words[0] in lexicon.openers or words[-1] in lexicon.closers or words[0] == words[-1]):
        return None
    return _without_politeness(words, lexicon)


def expand(pattern: str) -> Iterator[str]:
    """Every wording of a pattern: ``[a|b]`` means either, ``[a|]`` means perhaps.

    >>> list(expand("go [back|] [now|please]"))
    ['go back now', 'go back please', 'go now', 'go please']
    """
    pieces = _BRACKETS.split(pattern)
    choices = [piece.split("|") if index % 2 else [piece] for index, piece in enumerate(pieces)]
    for choice in product(*choices):
        yield " ".join("".join(choice).split())


def _without_politeness(words: list[str], lexicon: _Lexicon) -> str | None:
    if len(set(words)) == 1:  # "again, again!"
        return lexicon.whole.get(words[0])
    core = _trimmed(words, lexicon)
    if len(core) < len(words) and (word := lexicon.whole.get(" ".join(core))):
        return word
    for openings, meanings in ((lexicon.to_do, lexicon.after_to_do), (lexicon.to_have, lexicon.after_to_have)):
        length = openings.opening(core)
        if (
            0 < length < len(core)
            and core[length] in lexicon.after_openers
            and (word := meanings.get(" ".join(_trimmed(core[length:], lexicon))))
        ):
            return word
    return None


def _trimmed(words: list[str], lexicon: _Lexicon) -> list[str]:
    """The words without polite ones at either end; stops early at words that mean something by themselves."""
    while True:
        if length := lexicon.polite_before.opening(words):
            words = words[length:]
        elif length := lexicon.polite_after.ending(words):
            words = words[:-length]
        else:
            return words
        if " ".join(words) in lexicon.whole:
            return words


@cache
def _lexicon(language: str) -> _Lexicon:
    spoken = LANGUAGES.get(language, LANGUAGES["en"])
    whole: dict[str, str] = {}
    after_to_do: dict[str, str] = {}
    after_to_have: dict[str, str] = {}
    for word, ways in spoken.words.items():
        whole |= dict.fromkeys(_expanded((*ways.alone, *ways.deeds)), word)
        after_to_do |= dict.fromkeys(_expanded((*ways.deeds, *ways.wished)), word)
        after_to_have |= dict.fromkeys(_expanded(ways.things), word)
    to_do, to_have, polite_before = (_affixes(each, edge=0) for each in (spoken.to_do, spoken.to_have, spoken.polite))
    polite_after = _affixes(spoken.polite, edge=-1)
    return _Lexicon(
        whole=whole,
        after_to_do=after_to_do,
        after_to_have=after_to_have,
        to_do=to_do,
        to_have=to_have,
        polite_before=polite_before,
        polite_after=polite_after,
        openers=frozenset({*to_do.lengths, *to_have.lengths, *polite_before.lengths}),
        closers=frozenset(polite_after.lengths),
        after_openers=frozenset(phrase.split()[0] for phrase in (*after_to_do, *after_to_have, *polite_before.phrases)),
    )


def _affixes(patterns: Iterable[str], *, edge: int) -> _Affixes:
    phrases = frozenset(_expanded(patterns))
    lengths: dict[str, set[int]] = {}
    for words in map(str.split, phrases):
        lengths.setdefault(words[edge], set()).add(len(words))
    return _Affixes(phrases, {word: tuple(sorted(each, reverse=True)) for word, each in lengths.items()})


def _expanded(patterns: Iterable[str]) -> Iterator[str]:
    return (wording for pattern in patterns for wording in expand(pattern) if wording)
