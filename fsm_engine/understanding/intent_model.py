"""The learned classifier at work: a table of numbers for each intent, made by `intent_training`, kept as plain arrays.

**What confidence means.** The share of messages like this one that are right, as far as the phrases themselves can
tell: scores are calibrated on phrases that the model had not seen. Two bounds keep a bot with few phrases modest:

* an intent with n phrases never gets above (n + 1) / (n + 2), Laplace's rule of succession, so `SURE` takes five;
* what a message says in words that no phrase has counts against every intent.

Candidates that cannot be told apart share the confidence that one of them is meant, and the user is asked which.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fsm_engine.model.turn import IntentGuess
from fsm_engine.understanding.intent_features import features, folded_words
from fsm_engine.understanding.intents import GUESSES_AT_MOST, IntentClassifier, is_denial

NOTHING: Final = ""
"""The class of messages that ask for none of the intents."""

UNKNOWN_COUNTS: Final = 0.2
"""How much of its full weight a feature has that no phrase knows."""

ALIKE: Final = 0.5
"""Of two candidates the lesser one is in the running from this share of the greater one's probability."""


@dataclass(frozen=True, slots=True)
class ModelTable:
    """All that was learned, in NumPy's arrays of float32; they are typed ``Any``, as their type would import NumPy.

    ``weights`` has a row for each feature and a column for each of ``intents``.

    ``phrases`` counts what was learned from, by intent. ``negative`` are intents of which a phrase says no itself.
    """

    intents: tuple[str, ...]
    vocabulary: Mapping[str, int]
    idf: Any
    weights: Any
    bias: Any
    temperature: float
    phrases: Mapping[str, int]
    negative: frozenset[str]


class LearnedClassifier:
    """Never changes, so threads can share it. ``maybe`` and ``margin`` are the bot's thresholds."""

    __slots__ = ("_most_idf", "_table", "margin", "maybe")

    def __init__(self, table: ModelTable, *, maybe: float, margin: float) -> None:
        self._table = table
        self._most_idf = float(table.idf.max()) if len(table.idf) else 1.0
        self.maybe = maybe
        self.margin = margin

    def classify(self, text: str) -> tuple[IntentGuess, ...]:
        """At most `GUESSES_AT_MOST`, best first, ties by name, each of at least ``maybe``."""
        return self.guesses(self.probabilities(text))

    def guesses(self, probabilities: Sequence[tuple[str, float]]) -> tuple[IntentGuess, ...]:
        """What is worth acting on or asking about; candidates that are alike share what they have together."""
        if not probabilities:
            return ()
        best = probabilities[0][1]
        alike = [(name, share) for name, share in probabilities[:GUESSES_AT_MOST] if share >= ALIKE * best]
        together = min(sum(share for _, share in alike), max(self._ceiling(name) for name, _ in alike))
        confidences = [(name, together - self.margin * (1 - share / best)) for name, share in alike]
        found = (IntentGuess(name, round(value, 3), "ml") for name, value in confidences if value >= self.maybe)
        return tuple(found)

    def probabilities(self, text: str) -> list[tuple[str, float]]:
        """Every intent with its probability, the likeliest first; without those that the message denies."""
        words = folded_words(text)
        scores = self.scores(text) if words else None
        if scores is None:
            return []
        is_denied = is_denial(words)
        shares = softmax([score / self._table.temperature for score in scores])
        found = [
            (name, min(share, self._ceiling(name)))
            for name, share in zip(self._table.intents, shares, strict=True)
            if name != NOTHING and (not is_denied or name in self._table.negative)
        ]
        return sorted(found, key=lambda each: (-each[1], each[0]))

    def scores(self, text: str) -> list[float] | None:
        """What the table says of each intent, in its order; None when no feature of the text is known."""
        table = self._table
        rows: list[int] = []
        values: list[float] = []
        squares = 0.0
        for feature, count in Counter(features(text)).items():
            row = table.vocabulary.get(feature)
            weight = 1 + math.log(count)
            if row is None:
                squares += (UNKNOWN_COUNTS * self._most_idf * weight) ** 2
                continue
            weight *= float(table.idf[row])
            squares += weight * weight
            rows.append(row)
            values.append(weight)
        if not rows:
            return None
        length = math.sqrt(squares)
        scores = table.bias + (values @ table.weights[rows]) / length
        return [float(score) for score in scores]

    def _ceiling(self, intent: str) -> float:
        count = self._table.phrases[intent]
        return (count + 1) / (count + 2)


class HybridClassifier:
    """The rules where they are sure, else the model; what both say is one guess of method ``hybrid``."""

    __slots__ = ("_learned", "_rules", "_sure")

    def __init__(self, rules: IntentClassifier, learned: LearnedClassifier, *, sure: float) -> None:
        self._rules = rules
        self._learned = learned
        self._sure = sure

    def classify(self, text: str) -> tuple[IntentGuess, ...]:
        """At most `GUESSES_AT_MOST`, best first, ties by name, each with the method that it comes from."""
        by_rules = self._rules.classify(text)
        if by_rules and by_rules[0].confidence >= self._sure:
            return by_rules
        merged = {guess.name: guess for guess in by_rules}
        for guess in self._learned.classify(text):
            other = merged.get(guess.name)
            confidence = guess.confidence if other is None else max(guess.confidence, other.confidence)
            merged[guess.name] = IntentGuess(guess.name, confidence, "ml" if other is None else "hybrid")
        found = sorted(merged.values(), key=lambda guess: (-guess.confidence, guess.name))
        return tuple(found[:GUESSES_AT_MOST])


def softmax(scores: Sequence[float]) -> list[float]:
    """Shares that add up to one."""
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]
