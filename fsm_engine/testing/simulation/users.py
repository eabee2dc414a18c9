"""Who talks: users who follow a conversation of the shipped transcripts, and stray from it as people do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from fsm_engine.model.flow import ANYTIME_WORDS
from fsm_engine.testing.simulation.chance import stream
from fsm_engine.testing.typed import CORRECTIONS, HOSTILE, ORDINARY, OTHER_ANYTIME

RISKY: Final = (
    "I want to hurt myself",
    "I don't want to live anymore",
    "sometimes I want to kill myself",
    "me quiero morir",
    "my dad hits me",
    "s e w e r s l i d e",
)
LONGEST_NONSENSE: Final = 40
_LOCALES: Final = (None, None, "en", "es", "en-GB", "es-MX", "fr")
_PAUSES_S: Final = (*((0.01, 1),) * 4, *((0.5, 30),) * 8, (10, 120), (60, 1790), (1700, 7200), (80_000, 400_000))
_PACES: Final = (0.001, 0.05, 1.0)
"""Some worlds are crowded: what is a second elsewhere is a millisecond there."""
_CROWDS: Final = (2, 5, 6, 8, 30)
_LONG_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class User:
    """``user_id`` None: somebody anonymous. ``pace``: by how much short pauses are shortened."""

    name: str
    conversation_id: str
    user_id: str | None
    random: Random
    pace: float

    def says(self, scripts: Sequence[Sequence[str]]) -> Iterator[tuple[str, str | None, str | None]]:
        """Text, flow to start and locale of one message after the other, for ever."""
        while True:
            locale = self.random.choice(_LOCALES)
            for line in self.random.choice(scripts):
                while self.random.randrange(6) == 0:
                    yield self._anything(), None, locale
                yield ("", line[1:], locale) if line.startswith("/") else (line, None, locale)

    def pause_s(self) -> float:
        """Until the next message: mostly seconds, now and then hours or days."""
        shortest, longest = self.random.choice(_PAUSES_S)
        pause = shortest + self.random.random() * (longest - shortest)
        return pause if pause > _LONG_S else pause * self.pace

    def _anything(self) -> str:
        kinds = (ORDINARY, ORDINARY, (*ANYTIME_WORDS, *OTHER_ANYTIME), CORRECTIONS, HOSTILE, RISKY)
        kind = self.random.randrange(len(kinds) + 1)
        return self.random.choice(kinds[kind]) if kind < len(kinds) else self._nonsense()

    def _nonsense(self) -> str:
        alphabet = "abc ABC äñ中 \t\n\0\ud800\u202e\u200b{}'\";--01٣½👍"
        return "".join(self.random.choice(alphabet) for _ in range(self.random.randrange(LONGEST_NONSENSE)))


def users_of(seed: int, count: int | None) -> list[User]:
    """Two of whom may share an account, and every third of whom is anonymous. None: how many the seed says."""
    random = stream(seed, "users")
    pace = random.choice(_PACES)
    count = count if count is not None else random.choice(_CROWDS)
    return [
        User(
            name=f"u{number}",
            conversation_id=f"c{number}",
            user_id=None if number % 3 == 0 else f"user {number // 2}",
            random=stream(seed, f"user {number}"),
            pace=pace,
        )
        for number in range(1, count + 1)
    ]
