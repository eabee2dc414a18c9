"""Telling apart what a match means: said of oneself, denied, long past, about a film, about somebody else.

In doubt a match stands: a wrong alarm offers help to somebody who needs none, a miss leaves somebody alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fsm_engine.model.flow import Level
from fsm_engine.understanding.risk_rules import Cues, Match, Pattern

_SENTENCE_END: Final = re.compile(rb"[.!?;\n]+(?:\s|$)")
_CLAUSE_END: Final = re.compile(rb"[,:(]|\b(?:but|pero|and|because|so|cuz|sino|aunque|although)\b")
_TURN: Final = re.compile(rb"\b(?:but|pero|now|ahora|although|aunque|lately)\b")
_I: Final = re.compile(rb"\b(?:i|i'?m|i'?ve|i'?ll|i'?d|me|myself|yo|estoy|quiero|soy)\b")
_MINE: Final = re.compile(rb"\b(?:my|mine|mi|mis)\b")
_OTHER: Final = re.compile(
    rb"\b(?:he|she|they|who|he's|she's|they're|people|himself|herself|themsel(?:f|ves)|se|quien|ellos|ella)\b"
)
_OF_OTHERS: Final = re.compile(
    rb"\b(?:himself|herself|hisself|(?:them|their)sel(?:f|ves)"
    rb"|(?:his|her|their) (?:own )?(?:life|death|arms?|wrists?|body))\b"
)
_CLOSE: Final = re.compile(
    rb"\b(?:we|us|our|ours|friends?|bestie|roommate|classmate|neighbou?r|nos|nuestr[oa]s?|amig[oa])\b"
)
_SOMEBODY: Final = re.compile(
    rb"\b(?:(?:and|but|then|so) now|(?:y|pero) ahora"
    rb"|(?:and|but|then|afterwards|so|because) (?:my|our) [a-z]+|(?:y|pero|luego) mi [a-z]+)\b"
)
_ASIDE: Final = re.compile(rb"\bi (?:read|think|guess|learned|learnt|believe|wonder)\b")
_WORDS: Final = re.compile(rb"[a-z0-9']+")
_REACH: Final = 120
"""Bytes before and after a match that are looked at: some twenty words."""

_SUBJECT_REACH: Final = 24
_INTENT_REACH: Final = 40


@dataclass(frozen=True, slots=True)
class _Place:
    """A match with what stands before and after it in its sentence."""

    before: bytes
    span: bytes
    after: bytes

    @property
    def sentence(self) -> bytes:
        return self.before + self.span + self.after

    @property
    def is_own(self) -> bool:
        """Whether the speaker is the one it is said of: named in the words, or the last one named shortly before."""
        if _I.search(self.span) is not None or _MINE.search(self.span) is not None:
            return True
        if _OF_OTHERS.search(self.span) is not None:
            return False
        near = self.before[-_SUBJECT_REACH:]
        return _last(_I, near) > _last(_OTHER, near)

    @property
    def is_near(self) -> bool:
        """Whether the speaker or somebody of theirs is in the sentence."""
        sentence = _ASIDE.sub(b" ", self.sentence)
        return any(pattern.search(sentence) is not None for pattern in (_I, _MINE, _CLOSE))

    @property
    def since_somebody(self) -> bytes:
        """What stands before it from the last turn to now, or to the speaker's own people: the rest is another tale."""
        return self.before[max(0, _last(_SOMEBODY, self.before)) :]


_ABOUT_ONESELF: Final = frozenset({"suicide", "self_harm", "eating_disorder", "substance"})
"""Categories of what people do to themselves: said of a stranger or of nobody in particular it is no call for help."""


def judge(match: Match, data: bytes, idioms: Sequence[Match], cues: Cues) -> Level:
    """The level of a match in its place. Low is a mention that is recorded and needs no reply."""
    rule = match.rule
    if any(_covers_half(idiom, match) for idiom in idioms):
        return "low"
    place = _place(match, data)
    if _is_told(rule.kind, place, cues) or (rule.category in _ABOUT_ONESELF and _is_remote(place, cues)):
        return "low"
    if _is_denied(place, rule.vocabulary, cues):
        rest = data[: match.start] + b" | " + data[match.end :]
        return "medium" if _has(cues.distress, rest) else "low"
    if rule.category != "abuse" and _is_past(place, cues):
        return "low"
    if rule.kind == "act":
        return "high" if _is_intended(place, cues) else "medium"
    return "high" if rule.kind == "high" else "low" if rule.kind == "low" else "medium"


def _covers_half(idiom: Match, match: Match) -> bool:
    shared = min(idiom.end, match.end) - max(idiom.start, match.start)
    return shared * 2 >= match.end - match.start


def _place(match: Match, data: bytes) -> _Place:
    span = data[match.start : match.end]
    before = _SENTENCE_END.split(data[max(0, match.start - _REACH) : match.start])[-1]
    if _SENTENCE_END.search(span[-2:]) is not None:
        return _Place(before, span, b"")
    return _Place(before, span, _SENTENCE_END.split(data[match.end : match.end + _REACH])[0])


def _last(pattern: re.Pattern[bytes], text: bytes) -> int:
    """Where the last match begins, -1 where there is none."""
    return max((match.start() for match in pattern.finditer(text)), default=-1)


def _has(pattern: Pattern, text: bytes) -> bool:
    return pattern.program.search(text) is not None


def _is_told(kind: str, place: _Place, cues: Cues) -> bool:
    """A quotation, a question asked, or talk about a film or a lesson; not what people say of themselves beside it."""
    if _has(cues.quoting_before, place.before):
        return True
    if kind != "topic" and place.is_own:
        return False
    if _has(cues.told_of, place.before):
        return True
    before = place.since_somebody
    return _has(cues.quoting, before + place.span + place.after) or _has(cues.topic, before + place.after)


def _is_remote(place: _Place, cues: Cues) -> bool:
    """Whether it is said of strangers or of people at large, and not of now."""
    if place.is_near or not _has(cues.remote, place.before):
        return False
    return not _has(cues.soon, place.sentence) and not _has(cues.help, place.sentence)


def _is_denied(place: _Place, vocabulary: frozenset[str], cues: Cues) -> bool:
    clause = _CLAUSE_END.split(place.before)[-1]
    if _has(cues.negated, clause):
        return not _has(cues.undo, clause)
    words = {word.decode("ascii").replace("'", "") for word in _WORDS.findall(place.span)}
    inside = (words & cues.negator_words) - vocabulary
    return bool(inside) and not _has(cues.undo, clause + place.span)


def _is_past(place: _Place, cues: Cues) -> bool:
    sentence = _TURN.split(place.before)[-1] + place.span + place.after
    return _has(cues.past, sentence) and not _has(cues.still, cues.well.program.sub(b" ", sentence))


def _is_intended(place: _Place, cues: Cues) -> bool:
    before, after = place.before[-_INTENT_REACH:], place.after[:_INTENT_REACH]
    return _has(cues.intent, before + place.span) or _has(cues.soon, place.span + after)
