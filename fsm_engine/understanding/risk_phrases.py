"""The shipped phrase detector: reads one message and tells which risks its words point to.

It is a screen, not a diagnosis: what it finds leads to help being offered. A message is folded to plain words; a set
lookup decides whether any rule can match at all, and only then patterns run. Text that looks disguised, and words that
are a slip away from a word of the lexicon, are read a second time as what they seem to mean. What stands around a match
then decides its level (see `risk_context`). Pure and deterministic; time is linear in the length of the message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from fsm_engine.model.flow import LEVELS, Level
from fsm_engine.model.session import MOODS_KEPT, Mood
from fsm_engine.model.turn import RiskFinding
from fsm_engine.understanding.risk_context import judge
from fsm_engine.understanding.risk_disguise import Unmasker, by_letter_and_length
from fsm_engine.understanding.risk_notation import COMMON, literal
from fsm_engine.understanding.risk_rules import (
    CATEGORIES,
    LEXICONS,
    Lexicon,
    Match,
    Rule,
    RuleIndex,
    load_lexicon,
    words_of,
)
from fsm_engine.understanding.risk_spelling import Speller
from fsm_engine.understanding.risk_text import Edit, Reading, backwards, fold, rewrite

LEXICON_VERSION: Final = "3"
"""Raised when the shipped lexicon finds other things; the version of a detection is the policy's and this one."""

DETECTOR: Final = "phrases"
PHRASE_AT_MOST: Final = 200

_SURE_WORD: Final = 6
_AFTER_LATIN: Final = "\u0250"
_WORD: Final = re.compile(rb"[a-z0-9']+")
_TYPED: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Heard:
    """What was found in a message, and what it tells about words in those after it."""

    findings: tuple[RiskFinding, ...]
    mood: Mood


NOTHING_HEARD: Final = Heard((), "")


def gravest_mood(findings: Sequence[RiskFinding], mood: Mood) -> Mood:
    """Distress where something was found that is answered with help; else what its words alone tell."""
    return "distress" if any(finding.level != "low" for finding in findings) else mood


@dataclass(frozen=True, slots=True)
class _Found:
    level: Level
    match: Match
    reading: Reading

    @property
    def span(self) -> tuple[int, int]:
        """Where it stands in the message as typed."""
        return self.reading.span(self.match.start, self.match.end)

    @property
    def weight(self) -> tuple[int, int]:
        """By how much it goes before others of its category: its level, then its length."""
        start, end = self.span
        return LEVELS.index(self.level), end - start

    def read_as(self, phrase: str) -> str:
        """The plain words that the phrase was read as; empty where they are those that were typed."""
        data = self.reading.data[self.match.start : self.match.end]
        words = " ".join(word.decode("ascii") for word in _WORD.findall(data))[:PHRASE_AT_MOST]
        return "" if words == " ".join(_TYPED.findall(phrase.lower())) else words

    @property
    def is_disguised(self) -> bool:
        """Whether more than Latin letters was typed for it: stretched and misspelled words hide nothing."""
        start, end = self.span
        return not all(char.isalpha() and char < _AFTER_LATIN for char in self.reading.original[start:end])


class RiskDetector:
    """Finds risks in messages. Made by `build_detector`; holds nothing that changes, so threads may share one."""

    def __init__(self, lexicon: Lexicon, added: Sequence[Rule], version: str) -> None:
        self._lexicon = lexicon
        self._version = version
        self._rules = RuleIndex((*lexicon.rules, *added))
        self._idioms = RuleIndex(lexicon.idioms)
        vocabulary = lexicon.vocabulary.union(*(rule.vocabulary for rule in added))
        self._speller = Speller.of(vocabulary, lexicon.ordinary | COMMON, lexicon.by_ear, lexicon.guesses)
        known = self._speller.known
        guesses = by_letter_and_length((*lexicon.guesses, *sorted(vocabulary)))
        self._unmasker = Unmasker(known, self._speller.squashed, guesses)
        self._known = known

    def detect(self, text: str, *, language: str = "en", earlier: Sequence[str] = ()) -> tuple[RiskFinding, ...]:
        """What the message tells, the gravest finding of each category, gravest first; empty for ordinary messages.

        ``language`` is a hint only: the lexicons of all languages are searched. ``earlier`` are the user's messages
        before this one, oldest first: words that mean little alone count when those told of distress.
        """
        moods: list[Mood] = []
        for message in earlier[-MOODS_KEPT:]:
            moods.append(self.listen(message, language=language, moods=moods).mood)
        return self.listen(text, language=language, moods=moods).findings

    def listen(self, text: str, *, language: str = "en", moods: Sequence[Mood] = ()) -> Heard:
        """As `detect`, with the moods of the messages before, oldest first, and with the mood of this one."""
        plain = fold(text)
        words = words_of(plain.data)
        found = self._found(plain, words)
        if found:
            weighed = (self._weighed(item, moods[-MOODS_KEPT:]) for item in found)
            findings = self._findings([item for item in weighed if item is not None])
            return Heard(findings, gravest_mood(findings, self._mood(plain.data, words)))
        mood = self._mood(plain.data, words)
        return Heard((), mood) if mood else NOTHING_HEARD

    def _mood(self, data: bytes, words: set[str]) -> Mood:
        cues = self._lexicon.cues
        if not cues.distress_words.isdisjoint(words) and cues.distress.program.search(data) is not None:
            return "distress"
        return "" if cues.harmless_words.isdisjoint(words) else "harmless"

    def _found(self, plain: Reading, plain_words: set[str]) -> list[_Found]:
        """The matches of all readings of a message."""
        words = plain_words
        found = self._judged(plain, words, [])
        unmasked = self._unmasker.unmask(plain)
        if unmasked is not plain:
            words = words_of(unmasked.data)
            found += self._judged(unmasked, words, found)
        respelled = self._respelled(unmasked, words)
        if respelled is not unmasked:
            again = self._judged(respelled, words_of(respelled.data), found)
            found += [item for item in again if not _is_guesswork(item.match)]
        if not self._speller.backwards.isdisjoint(plain_words):
            turned = backwards(plain)
            found += self._judged(turned, words_of(turned.data), found)
        return found

    def _respelled(self, reading: Reading, its_words: set[str]) -> Reading:
        """The reading with slips of spelling put right; the same object when there are none."""
        if its_words <= self._known:
            return reading
        words = [word.decode("ascii").replace("'", "") for word in _WORD.findall(reading.data)]
        mended = [*self._speller.mended(words)]
        if not mended:
            return reading
        tokens = [match.span() for match in _WORD.finditer(reading.data)]
        return rewrite(reading, [Edit(tokens[first][0], tokens[last][1], meant) for first, last, meant in mended])

    def _judged(self, reading: Reading, words: set[str], before: Sequence[_Found]) -> list[_Found]:
        """What a reading tells that was not judged, with the words as typed, in the readings before it."""
        matches = self._rules.search(reading.data, words)
        if not matches:
            return []
        idioms = self._idioms.search(reading.data, words)
        cues = self._lexicon.cues
        found = [_Found(judge(match, reading.data, idioms, cues), match, reading) for match in matches]
        return [item for item in found if not any(_is_same(item, other) for other in before)]

    def _weighed(self, item: _Found, moods: Sequence[Mood]) -> _Found | None:
        """The match at its level, None when it does not count: what means little alone needs to be borne out.

        A vague one beside something harmless, or soon after it, is told apart: recorded as low.
        """
        kind = item.match.rule.kind
        if kind == "hidden":
            return item if item.is_disguised else None
        if kind not in {"vague", "weak"}:
            return item
        if item.level == "low":
            return None
        cues, data = self._lexicon.cues, item.reading.data
        rest = data[: item.match.start] + b" | " + data[item.match.end :]
        if "distress" in moods or cues.distress.program.search(rest) is not None:
            return item
        if kind == "weak":
            return None
        is_harmless = "harmless" in moods[-2:] or not cues.harmless_words.isdisjoint(words_of(data))
        return replace(item, level="low") if is_harmless else item

    def _findings(self, found: Sequence[_Found]) -> tuple[RiskFinding, ...]:
        """Of each category the gravest finding; of several as grave, the one that shows most of what was said."""
        gravest: dict[str, _Found] = {}
        for item in found:
            held = gravest.setdefault(item.match.rule.category, item)
            if item.weight > held.weight:
                gravest[item.match.rule.category] = item
        ordered = sorted(gravest.values(), key=lambda item: -LEVELS.index(item.level))
        return tuple(self._finding(item) for item in ordered)

    def _finding(self, item: _Found) -> RiskFinding:
        start, end = item.span
        end = item.reading.with_its_marks(end)
        phrase = item.reading.original[start : min(end, start + PHRASE_AT_MOST)]
        return RiskFinding(
            item.level, item.match.rule.category, phrase, DETECTOR, self._version, start, end, item.read_as(phrase)
        )


def _is_same(item: _Found, other: _Found) -> bool:
    """Whether two readings show one match: the rule's, in the same place of the message."""
    if item.match.rule is not other.match.rule:
        return False
    start, end = item.span
    other_start, other_end = other.span
    return start < other_end and other_start < end


def _is_guesswork(match: Match) -> bool:
    """Whether all that speaks for a match is one short word that may have been another ("meh" for "meth")."""
    return match.rule.kind == "topic" and match.end - match.start < _SURE_WORD


def build_detector(
    lexicon: str = "crisis", add: Mapping[str, Sequence[str]] = {}, *, version: str = LEXICON_VERSION
) -> RiskDetector:
    """A detector over the shipped lexicon of that name and the plain phrases added to its categories.

    Raises:
        ValueError: no lexicon or category of that name, or a phrase without a word in it.
    """
    if lexicon not in LEXICONS:
        raise ValueError(f"lexicon: '{lexicon}' is not shipped. Use one of: {', '.join(LEXICONS)}.")
    for category in add:
        _check_category(category)
    additions = tuple((category, tuple(phrases)) for category, phrases in add.items())
    return _built(lexicon, additions, version)


@lru_cache(maxsize=8)
def _built(lexicon: str, additions: tuple[tuple[str, tuple[str, ...]], ...], version: str) -> RiskDetector:
    """Detectors never change, and programs open the same bot again and again."""
    added = [_added(category, phrase) for category, phrases in additions for phrase in phrases]
    return RiskDetector(load_lexicon(lexicon), added, version)


def _check_category(category: str) -> None:
    if category not in CATEGORIES:
        raise ValueError(f"add: '{category}' is no category. Use one of: {', '.join(CATEGORIES)}.")


def _added(category: str, phrase: str) -> Rule:
    words = _WORD.findall(fold(phrase).data)
    if not words:
        raise ValueError(f"add: a phrase of '{category}' has no word in it. Write at least one word.")
    return Rule(literal(b" ".join(words).decode("ascii")), category, "medium")
