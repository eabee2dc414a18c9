"""Seeing through disguise: digits and signs for letters, letters set apart, stretched, masked or run together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fsm_engine.understanding.risk_text import Edit, Reading, rewrite

_SIGNS: Final = re.compile(
    rb"[a-z][0-9@$!|*#_+%&^]+[a-z]"  # k1ll, s**cide
    rb"|(?<![a-z0-9])[0-9@$!|#]+[a-z]{2}"  # 3nd, #killmyself
    rb"|[a-z]{2}[0-9$@]"  # hur7
    rb"|(?<![a-z0-9])[0-9@$!][0-9@$!]?[a-z]|[a-z][0-9](?![0-9])"  # t0, d13
    rb"|(?<![a-z0-9'])[a-z0-9](?:[^a-z0-9]{1,3}[a-z0-9](?![a-z0-9'])){2}"  # k i l l
    rb"|([a-z])\1\1"
)
_SPACED: Final = re.compile(rb"(?<![a-z0-9'])[a-z0-9@$!](?:[^a-z0-9@$!]{1,3}[a-z0-9@$!](?![a-z0-9'@$])){2,}")
_MIXED: Final = re.compile(rb"[a-z0-9@$!|*#+%&^_]*[a-z][a-z0-9@$!|*#+%&^_]*")
_RUN: Final = re.compile(r"(.)\1+")
_LONG_RUN: Final = re.compile(r"(.)\1\1")
_MASK: Final = re.compile(r"[*#_%&^+]+")
_LEET: Final = str.maketrans("013456789@$!|+", "oieasgtbgasiit")
_LEET_L: Final = str.maketrans("013456789@$!|+", "oleasgtbgaslit")


@dataclass(frozen=True, slots=True)
class Unmasker:
    """Knows the words that disguises hide. ``targets`` are worth guessing for a masked word, the gravest first."""

    vocabulary: frozenset[str]
    squashed: Mapping[str, str]
    targets: tuple[str, ...]
    joined: re.Pattern[str]

    @classmethod
    def of(cls, vocabulary: Iterable[str], targets: Iterable[str], joined: Iterable[str]) -> Unmasker:
        words = frozenset(vocabulary)
        squashed = {squash(word): word for word in sorted(words, key=len, reverse=True)}
        phrases = sorted((phrase.replace(" ", "") for phrase in joined), key=len, reverse=True)
        return cls(words, squashed, tuple(targets), re.compile("|".join(phrases)))

    def unmask(self, reading: Reading) -> Reading:
        """The reading with disguised words written out; the same object when nothing looks disguised."""
        if not _SIGNS.search(reading.data):
            return reading
        if spaced := [*self._spaced(reading.data)]:
            reading = rewrite(reading, spaced)
        if edits := [*self._mixed(reading.data)]:
            reading = rewrite(reading, edits)
        return reading

    def _spaced(self, data: bytes) -> Iterator[Edit]:
        for match in _SPACED.finditer(data):
            pieces = re.split(r" {2,}| [^a-z0-9@$!] ", match.group().decode())
            words = [re.sub("[^a-z0-9@$!]", "", piece) for piece in pieces]
            yield Edit(match.start(), match.end(), " ".join(self.split(self._plain(word)) for word in words))

    def _mixed(self, data: bytes) -> Iterator[Edit]:
        for match in _MIXED.finditer(data):
            token = match.group().decode()
            if token.isalpha() and not _LONG_RUN.search(token):
                continue
            plain = self._plain(token)
            if plain != token:
                yield Edit(match.start(), match.end(), plain)

    def _plain(self, token: str) -> str:
        """One word without leet, masks and stretched letters."""
        core = token.strip("#*_+%&^").rstrip("!|")
        for table in (_LEET, _LEET_L):
            word = core.translate(table)
            if word in self.vocabulary:
                return word
        if _MASK.search(core) and (guess := self._guess(core)):
            return guess
        word = _MASK.sub(" ", core.translate(_LEET))
        return self.squashed.get(squash(word), _LONG_RUN.sub(r"\1", word)) if _RUN.search(word) else word

    def _guess(self, masked: str) -> str | None:
        shown = sum(char.isalpha() for char in masked)
        if shown * 2 < len(masked):
            return None
        pattern = re.compile(_MASK.sub(lambda mask: f"[a-z]{{1,{len(mask.group())}}}", masked.translate(_LEET_KEEP)))
        return next((word for word in self.targets if pattern.fullmatch(word)), None)

    def split(self, word: str) -> str:
        """Words that were run together, set apart, when all of it is words that we know."""
        if len(word) < 6 or word in self.vocabulary:
            return word
        best: list[tuple[int, list[str]] | None] = [(0, []), *[None] * len(word)]
        for end in range(1, len(word) + 1):
            for start in range(max(0, end - 14), end):
                before = best[start]
                if before is not None and word[start:end] in self.vocabulary:
                    cost = before[0] + 1
                    known = best[end]
                    if known is None or cost < known[0]:
                        best[end] = (cost, [*before[1], word[start:end]])
        whole = best[-1]
        return " ".join(whole[1]) if whole else word


_LEET_KEEP: Final = str.maketrans("013457@$!|", "oieastasii")


def squash(word: str) -> str:
    """The word with every run of a letter as one letter."""
    return _RUN.sub(r"\1", word)
