"""What a user may want: rule-based classification of a message against the phrases that authors give for each intent.

**What confidence means.** It says how completely one phrase of the intent accounts for the message. It is no
probability, and figures of different intents are comparable only because all are made in the same way:

* `EXACT` (1.0): the message is the phrase, apart from capitals, accents, punctuation and politeness.
* from `SURE` (0.85): the whole phrase stands in the message with little around it, or the message is the phrase with
  slips of the keyboard or other small words. Safe to act on without asking.
* from `MAYBE` (0.5): the telling words of a phrase are there, but so is much else, or some are missing. Worth asking
  "did you mean …?", or acting on where nothing else is open.
* below `MAYBE` nothing is reported. One word shared with a longer phrase ("checking") never gets there, nor does a
  wish that is denied ("I don't want to open an account").

Words count by how rare they are among the intents; small words of English and Spanish ("I want to", "quiero") hardly
count. The index is built once; a message that shares no telling word with any phrase costs a few dictionary look-ups.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

from fsm_engine.model.turn import IntentGuess
from fsm_engine.model.values import turn_value
from fsm_engine.understanding.text import fold

EXACT: Final = 1.0
SURE: Final = 0.85
MAYBE: Final = 0.5

GUESSES_AT_MOST: Final = 3

LONG_TEXT: Final = 300
"""Characters; in a longer text only whole phrases are looked for, since overlap with a story means nothing."""

NEAR_FROM: Final = 4
"""Letters from which on two may be swapped; shorter words are never taken for misspelt."""

ONE_SLIP_FROM: Final = 5
"""Letters from which on one may be wrong, missing or too much; shorter words have too many neighbours."""

TWO_SLIPS_FROM: Final = 8
"""Letters from which on two slips are forgiven."""

SPLIT_AT_MOST: Final = 40
"""Letters up to which a message may have its spaces elsewhere than the phrase ("signup")."""

LONGEST_WORD: Final = 40
"""Letters of a word in which slips are looked for."""

_WHOLE = 0.97  # all telling words of a phrase in their order
_LEAST_WHOLE = 0.7  # the same in the middle of much else
_EXTRA = 0.03  # what each other telling word of the message takes off
_EXTRA_OF_FEW = 0.1  # what it takes off a phrase that has one telling word or none
_GAP_AT_MOST = 2
_SPLIT = 0.95
_OVERLAP = 0.84  # below SURE on purpose: words of a phrase are not the phrase
_LEAST_RECALL = MAYBE / _OVERLAP  # share of a phrase's weight below which no figure reaches MAYBE
_NEAR = 0.94  # for each misspelt word
_RESEMBLING = 0.9
_LEAST_RATIO = 0.8
_DENIAL_REACH = 4

_SMALL = """
a about again all also am an and any anyone are as at be because been but by can could did do does for from get give go
going got had has have he hello help her hey hi him his how i id if ill im in is it its ive just let lets like may me
more my need no not now of ok okay on one or our out please really she should so some somebody someone something that
the their them then there they this to too up us want was we what when where which who why will with would yes you your
al algo alguien como con cual cuando de del deseo donde el ella en es esta este esto estoy favor gustaria ha hacer hay
la las le lo los mas mi mis muy necesito nos o para pero por porque puedo puedes que querria quiero quisiera se ser si
sin sobre soy su sus te tengo tu un una unas unos y ya yo
"""
SMALL_WORDS: Final = frozenset(_SMALL.split())
"""Words of English and Spanish, folded, that tell nothing about what is wanted."""

_DENIALS = frozenset(["dont", "not", "never", "wont", "didnt", "wouldnt", "no", "nunca", "jamas", "tampoco"])
_ENGLISH_WISHES = ["want", "wanted", "wish", "need", "like", "plan", "intend", "mean", "going", "to", "feel"]
_SPANISH_WISHES = ["quiero", "quise", "queria", "quisiera", "querido", "deseo", "necesito", "pienso", "voy", "apetece"]
_WISHES = frozenset([*_ENGLISH_WISHES, *_SPANISH_WISHES, "interested"])
_BETWEEN = frozenset(["really", "me", "he", "nos"])  # "no me apetece", "nunca he querido"
_POLITE = frozenset(["please", "pls", "hi", "hello", "hey", "hola", "thanks", "gracias", "ok", "okay", "favor", "por"])


@dataclass(frozen=True, slots=True)
class _Phrase:
    """``telling`` holds the stems of the words that count, in order; it is empty when all are small words."""

    intent: str
    text: str
    telling: tuple[str, ...]
    weight: float
    is_negative: bool


@dataclass(frozen=True, slots=True)
class _Index:
    """``by_stem`` and ``small`` hold places in ``phrases``; ``near_words`` known words by spellings near to them."""

    phrases: Sequence[_Phrase]
    exact: Mapping[str, Sequence[str]]
    joined: Mapping[str, Sequence[str]]
    by_stem: Mapping[str, Sequence[int]]
    small: Sequence[int]
    weights: Mapping[str, float]
    unknown_weight: float
    near_words: Mapping[str, Sequence[str]]


@turn_value
class _Message:
    """``stems`` are those of the telling words, misspelt ones put right; ``places`` says which word each one is."""

    text: str
    words: Sequence[str]
    stems: Sequence[str]
    places: Sequence[int]
    near: AbstractSet[str]
    weight: float


class Classifier(Protocol):
    """Says what a message may ask for."""

    def classify(self, text: str) -> tuple[IntentGuess, ...]:
        """The likely intents, best first; empty when the message asks for none. The same text gives the same answer."""
        ...


class IntentClassifier:
    """Made by `build_classifier`; never changes, so threads can share it."""

    __slots__ = ("_index",)

    def __init__(self, index: _Index) -> None:
        self._index = index

    def classify(self, text: str) -> tuple[IntentGuess, ...]:
        """The likely intents, best first, ties by name: at most `GUESSES_AT_MOST`, each at least `MAYBE`.

        >>> classifier = build_classifier({"create_account": ["open an account", "sign me up"]})
        >>> classifier.classify("Could you open an account for me?")[0].confidence
        0.97
        >>> classifier.classify("checking")
        ()
        """
        folded = fold(text)
        words = folded.split()
        core = _without_politeness(words)
        bare = folded if core is words else " ".join(core)
        exact = self._index.exact.get(bare) or self._index.exact.get(folded)
        if exact:
            return _guesses(dict.fromkeys(exact, EXACT))
        split = self._index.joined.get(bare.replace(" ", "")) if len(bare) <= SPLIT_AT_MOST else None
        confidences = dict.fromkeys(split or (), _SPLIT)
        is_long = len(text) > LONG_TEXT
        message = self._message(folded, words, is_long=is_long)
        for phrase in self._candidates(message):
            confidence = _contained(phrase, message) if is_long else _confidence(phrase, message, self._index.weights)
            if confidence > confidences.get(phrase.intent, 0.0):
                confidences[phrase.intent] = confidence
        return _guesses(confidences)

    def _message(self, folded: str, words: Sequence[str], *, is_long: bool) -> _Message:
        weights, unknown_weight = self._index.weights, self._index.unknown_weight
        stems: list[str] = []
        places: list[int] = []
        near: set[str] = set()
        for place, word in enumerate(words):
            if word in SMALL_WORDS:
                continue
            stem = word_stem(word)
            if stem not in weights and not is_long and (meant := self._meant(word)):
                stem = meant
                near.add(stem)
            stems.append(stem)
            places.append(place)
        weight = sum([weights.get(stem, unknown_weight) for stem in stems])
        return _Message(folded, words, stems, places, near, weight)

    def _meant(self, word: str) -> str | None:
        """The stem of the known word that a misspelt one was meant to be; None when none is near enough."""
        if len(word) < NEAR_FROM:
            return None
        near_words = self._index.near_words
        known: set[str] = set()
        for spelling in _spellings(word):
            if spelling in near_words:
                known.update(near_words[spelling])
        if not known:
            return None
        from rapidfuzz.distance.OSA import distance

        slips, best = min([(distance(word, each), each) for each in known])
        if len(word) < ONE_SLIP_FROM and sorted(word) != sorted(best):
            return None
        return word_stem(best) if slips <= (2 if len(word) >= TWO_SLIPS_FROM else 1) else None

    def _candidates(self, message: _Message) -> Iterator[_Phrase]:
        """Phrases of small words only, and those that share enough telling words with the message."""
        phrases, by_stem = self._index.phrases, self._index.by_stem
        for number in self._index.small:
            yield phrases[number]
        shared: defaultdict[int, float] = defaultdict(float)
        for stem in by_stem.keys() & message.stems:
            weight = self._index.weights[stem]
            for number in by_stem[stem]:
                shared[number] += weight
        for number, weight in shared.items():
            if weight >= _LEAST_RECALL * phrases[number].weight:
                yield phrases[number]


def build_classifier(intents: Mapping[str, Sequence[str]]) -> IntentClassifier:
    """A classifier for the given phrases by intent. The same phrase may stand for several intents: all are reported."""
    texts = [
        (intent, text) for intent, phrases in intents.items() for text in dict.fromkeys(map(fold, phrases)) if text
    ]
    telling = [tuple(word_stem(word) for word in text.split() if word not in SMALL_WORDS) for _, text in texts]
    users: defaultdict[str, set[str]] = defaultdict(set)
    for (intent, _), stems in zip(texts, telling, strict=True):
        for stem in stems:
            users[stem].add(intent)
    weights = {stem: 1 + math.log(len(intents) / len(names)) for stem, names in users.items()}
    phrases = [
        _Phrase(intent, text, stems, sum(map(weights.__getitem__, set(stems))), _is_negative(text.split()))
        for (intent, text), stems in zip(texts, telling, strict=True)
    ]
    return IntentClassifier(_indexed(phrases, weights, unknown_weight=1 + math.log(max(1, len(intents)))))


def _indexed(phrases: Sequence[_Phrase], weights: Mapping[str, float], *, unknown_weight: float) -> _Index:
    exact: defaultdict[str, list[str]] = defaultdict(list)
    joined: defaultdict[str, list[str]] = defaultdict(list)
    by_stem: defaultdict[str, list[int]] = defaultdict(list)
    near_words: defaultdict[str, set[str]] = defaultdict(set)
    for number, phrase in enumerate(phrases):
        words = phrase.text.split()
        for text in {phrase.text, " ".join(_without_politeness(words))}:
            exact[text].append(phrase.intent)
            joined[text.replace(" ", "")].append(phrase.intent)
        for stem in set(phrase.telling):
            by_stem[stem].append(number)
        for word in words:
            if len(word) >= NEAR_FROM and word not in SMALL_WORDS:
                for spelling in _spellings(word):
                    near_words[spelling].add(word)
    return _Index(
        phrases=tuple(phrases),
        exact=dict(exact),
        joined=dict(joined),
        by_stem=dict(by_stem),
        small=tuple(number for number, phrase in enumerate(phrases) if not phrase.telling),
        weights=weights,
        unknown_weight=unknown_weight,
        near_words={spelling: tuple(words) for spelling, words in near_words.items()},
    )


def _guesses(confidences: Mapping[str, float]) -> tuple[IntentGuess, ...]:
    guesses = [IntentGuess(name, round(value, 3)) for name, value in confidences.items() if value >= MAYBE]
    if len(guesses) > 1:
        guesses.sort(key=lambda guess: (-guess.confidence, guess.name))
    return tuple(guesses[:GUESSES_AT_MOST])


def _confidence(phrase: _Phrase, message: _Message, weights: Mapping[str, float]) -> float:
    if len(phrase.telling) > 1:
        return _in_order(phrase, message) or _overlap(phrase, message, weights)
    return _contained(phrase, message) or _resemblance(phrase, message)


def _contained(phrase: _Phrase, message: _Message) -> float:
    """How sure a phrase makes us that stands in the message word for word; 0 when it does not."""
    start = f" {message.text} ".find(f" {phrase.text} ")
    if start < 0:
        return 0.0
    extra = len(message.stems) - len(phrase.telling)
    confidence = _WHOLE - _EXTRA_OF_FEW * extra if len(phrase.telling) < 2 else _less_each(extra)
    return _unless_denied(confidence, phrase, message, message.text.count(" ", 0, start))


def _in_order(phrase: _Phrase, message: _Message) -> float:
    """The same for telling words that stand in their order, with little between them."""
    positions: list[int] = []
    for stem in phrase.telling:
        after = positions[-1] + 1 if positions else 0
        if stem not in message.stems[after:]:
            return 0.0
        positions.append(message.stems.index(stem, after))
    count = len(positions)
    if positions[-1] - positions[0] - count >= _GAP_AT_MOST:
        return 0.0
    confidence = _less_each(len(message.stems) - count) * _less_slips(phrase, message)
    return _unless_denied(confidence, phrase, message, message.places[positions[0]])


def _overlap(phrase: _Phrase, message: _Message, weights: Mapping[str, float]) -> float:
    """How sure some of a phrase's telling words make us; one alone never does."""
    shared = set(phrase.telling).intersection(message.stems)
    if len(shared) < 2:
        return 0.0
    weight = sum(weights[stem] for stem in shared)
    confidence = _OVERLAP * weight / phrase.weight * (0.4 + 0.6 * weight / message.weight)
    first = next(place for stem, place in zip(message.stems, message.places, strict=True) if stem in shared)
    return _unless_denied(confidence * _less_slips(phrase, message), phrase, message, first)


def _resemblance(phrase: _Phrase, message: _Message) -> float:
    """How sure a message makes us that is spelt like a phrase with one telling word: "my goal" for "my goals"."""
    if not phrase.telling or len(message.stems) != 1:
        return 0.0
    from rapidfuzz.fuzz import ratio

    likeness = ratio(phrase.text, message.text) / 100
    if likeness < _LEAST_RATIO:
        return 0.0
    return _unless_denied(_RESEMBLING * likeness, phrase, message, message.places[0])


def _less_each(extra: int) -> float:
    return max(_LEAST_WHOLE, _WHOLE - _EXTRA * extra)


def _less_slips(phrase: _Phrase, message: _Message) -> float:
    return float(_NEAR ** sum(stem in message.near for stem in phrase.telling))


def _unless_denied(confidence: float, phrase: _Phrase, message: _Message, first: int) -> float:
    """0 when the words before the ``first`` of the phrase say that the user does not want it."""
    before = message.words[max(0, first - _DENIAL_REACH) : first]
    is_denied = _is_negative(before) or (bool(before) and before[-1] in _DENIALS - {"no"})  # "no, open one" is a wish
    return 0.0 if is_denied and not phrase.is_negative else confidence


def _is_negative(words: Sequence[str]) -> bool:
    if _DENIALS.isdisjoint(words):
        return False
    return any(word in _DENIALS and wish in _WISHES for word, wish in pairwise(w for w in words if w not in _BETWEEN))


def is_denial(words: Sequence[str]) -> bool:
    """Whether folded words say that something is not wanted: "I don't want to …", "please don't …", "no quiero …"."""
    if _DENIALS.isdisjoint(words):
        return False
    return _is_negative(words) or _without_politeness(words)[0] in _DENIALS - {"no"}


def _without_politeness(words: Sequence[str]) -> Sequence[str]:
    start, end = 0, len(words)
    while start < end and words[start] in _POLITE:
        start += 1
    while start < end and words[end - 1] in _POLITE:
        end -= 1
    return words[start:end] if 0 < end - start < len(words) else words


def word_stem(word: str) -> str:
    """The word without its English ending, crudely: only equality of stems counts ("worries", "worry")."""
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("ing") and len(word) > 5:
        word = word[:-3]
    elif word.endswith("ed") and len(word) > 4:
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        word = word[:-1]
    if len(word) > 3 and (word[-1] == "e" or word[-1] == word[-2]):
        word = word[:-1]
    return word


def _spellings(word: str) -> list[str]:
    """The word and all that it becomes when one letter is left out: misspelt and right word have one in common."""
    return [word, *[word[:index] + word[index + 1 :] for index in range(min(len(word), LONGEST_WORD))]]
