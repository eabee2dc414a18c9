"""How well a classifier does on labelled messages: counts, and whether its confidence can be trusted.

A message counts by its best guess; no guess means "asks for nothing". Confidence is held against what came of it in
bins of a tenth: of the messages in a bin that says 0.8, eight in ten should be right. The expected calibration error is
the mean distance between the two, weighted by the number of messages (Naeini et al. 2015).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fsm_engine.model.turn import IntentGuess
from fsm_engine.understanding.intents import EXACT

NONE: Final = ""
"""The intent of a message that asks for nothing that the bot does."""

BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message and what it asks for; ``intent`` is `NONE` where that is nothing. ``language`` may be empty."""

    text: str
    intent: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled message, the intent that was guessed, and how. ``offered`` are the choices when the user is asked."""

    case: Labelled
    guessed: str
    confidence: float
    method: str
    offered: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        return self.guessed == self.case.intent


@dataclass(frozen=True, slots=True)
class OfIntent:
    """``precision``: of the messages taken for it, how many were; ``recall``: of its messages, how many were found.

    None where there is nothing to divide by.
    """

    intent: str
    messages: int
    guessed: int
    right: int

    @property
    def precision(self) -> float | None:
        return self.right / self.guessed if self.guessed else None

    @property
    def recall(self) -> float | None:
        return self.right / self.messages if self.messages else None


@dataclass(frozen=True, slots=True)
class Bin:
    """Messages whose best guess has a confidence in ``low`` (included) to ``high`` (excluded, but for 1)."""

    low: float
    high: float
    messages: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything counted over one set of messages.

    ``false_alarms`` are messages that ask for nothing and were taken for something, ``missed`` the other way round,
    ``mistaken`` were taken for another intent. Where two intents are near, the user is ``asked``; ``asked_well`` says
    how often the right one was among them.
    """

    judged: tuple[Judged, ...]
    intents: tuple[OfIntent, ...]
    bins: tuple[Bin, ...]

    @property
    def accuracy(self) -> float:
        return _share(self.judged, lambda each: each.is_right)

    @property
    def false_alarms(self) -> int:
        return sum(each.case.intent == NONE and each.guessed != NONE for each in self.judged)

    @property
    def missed(self) -> int:
        return sum(each.case.intent != NONE and each.guessed == NONE for each in self.judged)

    @property
    def mistaken(self) -> int:
        return sum(NONE not in (each.case.intent, each.guessed) and not each.is_right for each in self.judged)

    @property
    def asked(self) -> int:
        return sum(bool(each.offered) for each in self.judged)

    @property
    def asked_well(self) -> int:
        return sum(each.case.intent in each.offered for each in self.judged if each.offered)

    @property
    def calibration_error(self) -> float:
        """0 to 1; 0 when nothing was guessed."""
        count = sum(each.messages for each in self.bins)
        return sum(each.messages * abs(each.confidence - each.right) for each in self.bins) / max(1, count)

    @property
    def confusion(self) -> Counter[tuple[str, str]]:
        """How often a message of the first intent was taken for the second."""
        return Counter((each.case.intent, each.guessed) for each in self.judged)

    def accuracy_by_language(self) -> dict[str, float]:
        """For each language that messages name, in order."""
        languages = sorted({each.case.language for each in self.judged} - {""})
        return {
            language: _share([each for each in self.judged if each.case.language == language], lambda one: one.is_right)
            for language in languages
        }


def evaluate(
    cases: Iterable[Labelled], classify: Callable[[str], Sequence[IntentGuess]], *, maybe: float, margin: float
) -> Evaluation:
    """Asks about every message; ``maybe`` and ``margin`` are the bot's thresholds where nothing else is open."""
    judged = tuple(judge(case, classify(case.text), maybe=maybe, margin=margin) for case in cases)
    names = sorted({each.case.intent for each in judged} | {each.guessed for each in judged})
    return Evaluation(judged, tuple(_of_intent(name, judged) for name in names), tuple(_bins(judged)))


def judge(case: Labelled, guesses: Sequence[IntentGuess], *, maybe: float, margin: float) -> Judged:
    """What the bot makes of one message."""
    likely = [guess for guess in guesses if guess.confidence >= maybe]
    if not likely:
        return Judged(case, NONE, 0.0, "")
    best = likely[0]
    close = [guess.name for guess in likely if best.confidence < EXACT and best.confidence - guess.confidence < margin]
    offered = tuple(close) if len(close) > 1 else ()
    return Judged(case, best.name, best.confidence, best.method, offered)


def _of_intent(name: str, judged: Sequence[Judged]) -> OfIntent:
    return OfIntent(
        name,
        messages=sum(each.case.intent == name for each in judged),
        guessed=sum(each.guessed == name for each in judged),
        right=sum(each.guessed == name and each.is_right for each in judged),
    )


def _bins(judged: Sequence[Judged]) -> Iterable[Bin]:
    """Only those that hold a message."""
    for number in range(BINS):
        inside = [
            each for each in judged if each.guessed != NONE and min(int(each.confidence * BINS), BINS - 1) == number
        ]
        if inside:
            confidence = sum(each.confidence for each in inside) / len(inside)
            right = _share(inside, lambda each: each.is_right)
            yield Bin(number / BINS, (number + 1) / BINS, len(inside), confidence, right)


def _share(judged: Sequence[Judged], condition: Callable[[Judged], bool]) -> float:
    return sum(map(condition, judged)) / len(judged) if judged else 0.0
