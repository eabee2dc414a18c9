"""Seeing through disguise: digits and signs for letters, letters set apart, stretched or masked, a large I for an l.

Works on tokens of a folded reading and only where something looks odd; words run together or broken apart, and slips of
spelling, are `risk_spelling`'s part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Final

import re2

from fsm_engine.understanding.risk_text import Edit, Reading, rewrite

_STRETCHED: Final = "|".join(f"{letter}{{3}}" for letter in "abcdefghijklmnopqrstuvwxyz")
_SIGNS: Final = re2.compile(
    (
        "[a-z][0-9@$|+*]|[0-9@$|+*#][a-z]|[a-z][!#%&^*]+[a-z0-9|]|![a-z]"  # k1ll, 3nd, s**cide, d!e, #killmyself
        r"|\b[a-z0-9][^a-z0-9]{1,3}[a-z0-9][^a-z0-9]{1,3}[a-z0-9]\b"  # k i l l
        f"|{_STRETCHED}"  # dieeee
        "|[a-z][.-][a-z]+[.-][a-z]"  # i.want.to
    ).encode()
)
_NOT_PLAIN: Final = re.compile(rb"[^a-z ',?]")
_IN_PIECES: Final = re.compile(rb"([a-z])\1\1|\b[a-z][^a-z]{1,3}[a-z][^a-z]{1,3}[a-z]\b")
_ADDRESS: Final = re.compile(rb"(?<!\S)[a-z0-9._+-]{2,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
_APART_IN_ADDRESS: Final = str.maketrans("@._+-", "     ")
_LARGE_I: Final = re.compile("I(?:(?<=[a-z]I)|(?=I))")
_JOINTED: Final = re.compile(rb"(?<![a-z])[a-z]++(?:[.-][a-z]++)+")
_ALONE: Final = re.compile(rb"(?<![^\s(\"'])[^\s(\"'](?:[^\S\n]{1,3}\S(?![^\s.,;:?!)\"'])){2,}")
_APART: Final = re.compile(rb"(?<![a-z0-9'])[a-z0-9@$!](?:[^a-z0-9@$!]{1,3}[a-z0-9@$!](?![a-z0-9'@$])){2,}")
_WORD_GAP: Final = re.compile(r"\s{2,}|\s[^a-z0-9@$!|+\s]\s")
_NO_LETTER: Final = re.compile("[^a-z0-9@$!]")
_NO_SIGN: Final = re.compile("[^a-z0-9@$!|+]")
_MIXED: Final = re.compile(rb"[a-z0-9@$!|*#+%&^]+")
_LONG_RUN: Final = re.compile(r"(.)\1\1")
_RUN: Final = re.compile(r"(.)\1+")
_MASK: Final = re.compile(r"[*#%&^+!$@]+")
_LEET: Final[Mapping[str, str]] = {
    "0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "il", "|": "li", "+": "t",
}  # fmt: skip
_FIRST: Final = str.maketrans({sign: letters[0] for sign, letters in _LEET.items()})
_AMBIGUOUS_AT_MOST: Final = 5
_SHOWN_AT_LEAST: Final = 2


@dataclass(frozen=True, slots=True)
class Unmasker:
    """Knows the words that disguises hide.

    ``squashed`` maps words without their double letters to the words. ``guesses`` are tried in order for a masked
    word; they are kept with their places by first letter, which a mask always shows, and length.
    """

    vocabulary: frozenset[str]
    squashed: Mapping[str, str]
    guesses: Mapping[tuple[str, int], Sequence[tuple[int, str]]]

    def unmask(self, reading: Reading) -> Reading:
        """The reading with disguised words written out; the same object when nothing looks disguised."""
        if reading.original.isascii() and _LARGE_I.search(reading.original):
            reading = Reading(reading.original, _small(reading.original))
        if b"@" in reading.data and (made := [*_addresses(reading.data)]):
            reading = rewrite(reading, made)
        if not looks_disguised(reading.data):
            return reading
        for edits in (self._alone, self._joints, self._apart, self._mixed):
            if made := [*edits(reading.data)]:
                reading = rewrite(reading, made)
        return reading

    def _joints(self, data: bytes) -> Iterator[Edit]:
        """Words with dots or hyphens inside: one word when that makes one, several otherwise."""
        for match in _JOINTED.finditer(data):
            pieces = re.split("[.-]", match.group().decode("ascii"))
            whole = "".join(pieces)
            yield Edit(match.start(), match.end(), whole if whole in self.vocabulary else " ".join(pieces))

    def _alone(self, data: bytes) -> Iterator[Edit]:
        return self._gathered(_ALONE.finditer(data), _NO_SIGN)

    def _apart(self, data: bytes) -> Iterator[Edit]:
        return self._gathered(_APART.finditer(data), _NO_LETTER)

    def _gathered(self, runs: Iterable[re.Match[bytes]], between: re.Pattern[str]) -> Iterator[Edit]:
        """Letters that stand apart, put together; wider gaps part words."""
        for run in runs:
            text = run.group().decode("ascii")
            at = 0
            for gap in chain(_WORD_GAP.finditer(text), (None,)):
                end = len(text) if gap is None else gap.start()
                word = self.plain(between.sub("", text[at:end]))
                yield Edit(run.start() + at, run.start() + end, self._with_i(word))
                if gap is not None:
                    at = gap.end()
                    yield Edit(run.start() + end, run.start() + at, " ")

    def _with_i(self, word: str) -> str:
        """An I that was gathered with the word after it, set apart."""
        return (
            f"i {word[1:]}" if word not in self.vocabulary and word[:1] == "i" and word[1:] in self.vocabulary else word
        )

    def _mixed(self, data: bytes) -> Iterator[Edit]:
        tokens = [(match, match.group().decode("ascii")) for match in _MIXED.finditer(data)]
        different = dict.fromkeys(token for _, token in tokens)
        changed = {token: plain for token in different if (plain := self._changed(token))}
        speaks_leet = sum(plain in self.vocabulary for plain in changed.values()) > 1
        for match, token in tokens:
            plain = changed.get(token)
            if plain is None and speaks_leet and not any(char.isalpha() for char in token):
                plain = self._known_reading(token)
            if plain:
                yield Edit(match.start(), match.end(), plain)

    def _changed(self, token: str) -> str | None:
        if not any(char.isalpha() for char in token) or (token.isalpha() and not _LONG_RUN.search(token)):
            return None
        plain = self.plain(token)
        return plain if plain != token else None

    def plain(self, token: str) -> str:
        """One word without leet, masks and stretched letters."""
        core = token.lstrip("#+%&^|").rstrip("!%&^")
        if core.startswith("*"):
            core = core.strip("*")
        if known := self._known_reading(core):
            return known
        if _MASK.search(core) and (guess := self._guess(core)):
            return guess
        word = re.sub("[^a-z0-9]", "", core.translate(_FIRST))
        return self.squashed.get(squash(word), _LONG_RUN.sub(r"\1", word)) if _RUN.search(word) else word

    def _known_reading(self, token: str) -> str | None:
        """The first way to read the signs in a token as letters that gives a word."""
        if token.isalpha():
            return token if token in self.vocabulary else None
        if sum(len(_LEET.get(char, "")) > 1 for char in token) > _AMBIGUOUS_AT_MOST or len(token) > _LONGEST_WORD:
            return None
        ways = ("".join(way) for way in product(*(_LEET.get(char, char) for char in token)))
        return next((way for way in ways if way in self.vocabulary), None)

    def _guess(self, masked: str) -> str | None:
        """The first word that fits the letters shown; the first one must be, and two at least."""
        shown = sum(char.isalnum() for char in masked)
        if not masked[0].isalpha() or shown < _SHOWN_AT_LEAST or len(masked) > _LONGEST_WORD:
            return None
        last = masked[-1] if masked[-1].isalnum() else ""
        masks = len(_MASK.findall(masked))
        lengths = range(len(masked) - masks, len(masked) + masks + 1)
        near = sorted(chain.from_iterable(self.guesses.get((masked[0], length), ()) for length in lengths))
        words = [word for _, word in near if word.endswith(last)]
        if not words:
            return None
        pieces = _MASK.sub(lambda mask: f"[a-z]{{{max(1, len(mask.group()) - 1)},{len(mask.group()) + 1}}}", masked)
        exact = re.compile(_MASK.sub(lambda mask: f"[a-z]{{{len(mask.group())}}}", masked))
        loose = re.compile(pieces)
        return next((word for pattern in (exact, loose) for word in words if pattern.fullmatch(word)), None)


_LONGEST_WORD: Final = 24


def looks_disguised(data: bytes) -> bool:
    """Whether any sign of disguise is there. Plain words, which most messages are, need no look at all the signs."""
    if _NOT_PLAIN.search(data) is None and _IN_PIECES.search(data) is None:
        return False
    return _SIGNS.search(data) is not None


def _addresses(data: bytes) -> Iterator[Edit]:
    """E-mail addresses as the words that they are made of: their @ hides no letter."""
    for match in _ADDRESS.finditer(data):
        yield Edit(match.start(), match.end(), match.group().decode("ascii").translate(_APART_IN_ADDRESS))


def _small(original: str) -> bytes:
    return _LARGE_I.sub("l", original).lower().replace("_", " ").encode("ascii")


def by_letter_and_length(words: Iterable[str]) -> dict[tuple[str, int], list[tuple[int, str]]]:
    """The words, each with its place in their order, under the letter with which they begin and their length."""
    found: dict[tuple[str, int], list[tuple[int, str]]] = {}
    for place, word in enumerate(words):
        found.setdefault((word[0], len(word)), []).append((place, word))
    return found


def squash(word: str) -> str:
    """The word with every run of a letter as one letter."""
    return _RUN.sub(r"\1", word)
