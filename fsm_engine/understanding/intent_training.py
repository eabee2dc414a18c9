"""Learning intents from authors' phrases. Needs the extra ``ml`` (scikit-learn), which is imported here alone.

A multinomial logistic regression over the features of `intent_features`, weighted by how rare they are (tf-idf). Beside
the bot's intents it learns what asks for nothing, from `generic_sentences`. The same phrases give the same table.

Calibration: the phrases are dealt into five parts; each part is scored by a model of the other four, and one
temperature is chosen under which these scores are likeliest (Guo et al. 2017, "On Calibration of Modern Neural
Networks"). An intent's only phrase is never dealt out: nothing could be learned of the intent without it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import find_spec
from typing import Final

from fsm_engine.understanding.generic_sentences import GENERIC_SENTENCES
from fsm_engine.understanding.intent_features import features, folded_words
from fsm_engine.understanding.intent_model import NOTHING, UNKNOWN_COUNTS, LearnedClassifier, ModelTable, softmax
from fsm_engine.understanding.intents import LONG_TEXT, MAYBE, build_classifier, is_denial
from fsm_engine.understanding.text import fold

FORMAT: Final = 1
"""Raised with every change of what is learned or how: tables of another format are not used again."""

INTENTS_AT_MOST: Final = 200
PHRASES_AT_MOST: Final = 3_000
"""Bounds of what is learned from, so that loading a folder takes a minute at the very worst."""

_NUMBERS_AT_MOST = 1_000_000  # of the table; the solver keeps some twenty of that size
_STRENGTH = 100.0  # the regression's C: phrases are few and clean, so it may follow them closely
_PARTS = 5
_TEMPERATURES = [round(0.4 * 1.1**step, 4) for step in range(28)]  # 0.4 to 5.2


@dataclass(frozen=True, slots=True)
class _Example:
    text: str
    intent: str


def is_installed() -> bool:
    """Whether the extra ``ml`` is there."""
    try:
        return all(find_spec(name) is not None for name in ("sklearn", "platformdirs"))
    except ValueError:  # what find_spec raises of a module that was blocked on purpose
        return False


def content_hash(phrases: Mapping[str, Sequence[str]]) -> str:
    """Names the table that would be learned from these phrases."""
    digest = blake2b(repr((FORMAT, _STRENGTH, _PARTS, UNKNOWN_COUNTS, GENERIC_SENTENCES)).encode(), digest_size=20)
    digest.update(repr(_examples(phrases)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def train(phrases: Mapping[str, Sequence[str]]) -> ModelTable:
    """What can be learned from phrases by intent. Takes some three seconds for 50 intents of 10 phrases.

    Raises:
        ImportError: scikit-learn is not installed.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

    examples = [*_examples(phrases), *_nothing(phrases)]
    with threadpool_limits(1):  # several threads wait for each other on tables this small, and round differently
        temperature = _temperature(examples)
        return _table(examples, temperature)


def _examples(phrases: Mapping[str, Sequence[str]]) -> list[_Example]:
    """The phrases that hold words, in an order that does not depend on the files'."""
    return [
        _Example(text, intent)
        for intent in sorted(phrases)
        for text in sorted({fold(phrase[:LONG_TEXT]) for phrase in phrases[intent]} - {""})
    ]


def _nothing(phrases: Mapping[str, Sequence[str]]) -> list[_Example]:
    """The generic sentences that are no wish of this bot's, as far as the rules can tell."""
    rules = build_classifier(phrases)
    folded = [fold(sentence) for sentence in GENERIC_SENTENCES]
    return [
        _Example(text, NOTHING)
        for text in folded
        if not any(guess.confidence >= MAYBE for guess in rules.classify(text))
    ]


def _table(examples: Sequence[_Example], temperature: float) -> ModelTable:
    import numpy as np
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped, unused-ignore]
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped, unused-ignore]
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped, unused-ignore]

    counts: dict[str, int] = {}
    for example in examples:
        counts[example.intent] = counts.get(example.intent, 0) + 1
    most = max(100, _NUMBERS_AT_MOST // len(counts))
    vectorizer = TfidfVectorizer(analyzer=features, sublinear_tf=True, max_features=most)
    rows = vectorizer.fit_transform([example.text for example in examples])
    model = LogisticRegression(C=_STRENGTH, max_iter=60, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a table that is nearly the best one will do
        model.fit(rows, [example.intent for example in examples])
    weights, bias = model.coef_, model.intercept_
    if len(weights) == 1:  # of two classes the library keeps one row, which tells the second from the first
        weights, bias = np.vstack([-weights / 2, weights / 2]), np.array([-bias[0] / 2, bias[0] / 2])
    negative = frozenset(e.intent for e in examples if e.intent != NOTHING and is_denial(folded_words(e.text)))
    return ModelTable(
        intents=tuple(str(name) for name in model.classes_),
        vocabulary={str(name): int(row) for name, row in vectorizer.vocabulary_.items()},
        idf=vectorizer.idf_.astype(np.float32),
        weights=np.ascontiguousarray(weights.T, dtype=np.float32),
        bias=bias.astype(np.float32),
        temperature=temperature,
        phrases=counts,
        negative=negative,
    )


def _temperature(examples: Sequence[_Example]) -> float:
    """The temperature under which the model is right as often as it says, on phrases that it has not seen."""
    parts = _dealt(examples)
    seen: list[tuple[list[float], int]] = []
    for part in range(_PARTS):
        held_out = [example for example, where in zip(examples, parts, strict=True) if where == part]
        if not held_out:
            continue
        learned = [example for example, where in zip(examples, parts, strict=True) if where != part]
        table = _table(learned, 1.0)
        model = LearnedClassifier(table, maybe=0.0, margin=0.0)
        scored = ((model.scores(example.text), example.intent) for example in held_out)
        seen += [(scores, table.intents.index(intent)) for scores, intent in scored if scores is not None]
    return min(_TEMPERATURES, key=lambda temperature: (round(_surprise(seen, temperature), 6), -temperature))


def _dealt(examples: Sequence[_Example]) -> list[int]:
    """The part that each example is held out in; -1 for the only one of an intent."""
    counts: dict[str, int] = {}
    numbers: list[int] = []
    for example in examples:
        numbers.append(counts.get(example.intent, 0))
        counts[example.intent] = numbers[-1] + 1
    return [
        number % _PARTS if counts[example.intent] > 1 else -1 for example, number in zip(examples, numbers, strict=True)
    ]


def _surprise(seen: Sequence[tuple[Sequence[float], int]], temperature: float) -> float:
    """The mean negative logarithm of the probability that was given to what was right."""
    total = 0.0
    for scores, right in seen:
        total -= math.log(max(softmax([score / temperature for score in scores])[right], 1e-12))
    return total / max(1, len(seen))
