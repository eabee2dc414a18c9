"""Telling apart what a match means: said of oneself, denied, long past, about a film, about somebody else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fsm_engine.model.flow import Level
from fsm_engine.understanding.risk_rules import Cues, Match, Pattern

_SENTENCE_END: Final = re.compile(rb"[.!?;\n]+(?:\s|$)")
_CLAUSE_END: Final = re.compile(rb"[,:(]|\bbut\b|\bpero\b|\band\b")
_I: Final = re.compile(rb"\b(?:i|i'?m|i'?ve|i'?ll|i'?d|me|myself|yo|estoy|quiero|soy)\b")
_MINE: Final = re.compile(rb"\b(?:my|mine|mi|mis)\b")
_REACH: Final = 120
"""Bytes before and after a match that are looked at: some twenty words."""


def judge(match: Match, data: bytes, idioms: Sequence[Match], cues: Cues) -> Level:
    """The level of a match in its place. Low is a mention that is recorded and needs no reply."""
    rule = match.rule
    if any(_covers_half(idiom, match) for idiom in idioms):
        return "low"
    before, after = _sentence_around(data, match)
    span = data[match.start : match.end]
    if _is_told(rule.kind, cues, before, span, after):
        return "low"
    if _is_denied(cues, before, span, rule.vocabulary):
        rest = data[: match.start] + b" | " + data[match.end :]
        return "medium" if cues.distress.program.search(rest) is not None else "low"
    if rule.category != "abuse" and _is_past(cues, before + span + after):
        return "low"
    if rule.kind == "act":
        return "high" if _is_intended(cues, before, span, after) else "medium"
    return "high" if rule.kind == "high" else "low" if rule.kind == "low" else "medium"


def _covers_half(idiom: Match, match: Match) -> bool:
    shared = min(idiom.end, match.end) - max(idiom.start, match.start)
    return shared * 2 >= match.end - match.start


def _sentence_around(data: bytes, match: Match) -> tuple[bytes, bytes]:
    before = data[max(0, match.start - _REACH) : match.start]
    after = data[match.end : match.end + _REACH]
    for end in _SENTENCE_END.finditer(before):
        before = data[match.start - (len(before) - end.end()) : match.start] if end.end() <= len(before) else before
    if _SENTENCE_END.search(data[match.end - 2 : match.end]):
        return before, b""
    if (stop := _SENTENCE_END.search(after)) is not None:
        after = after[: stop.start()]
    return before, after


def _has(pattern: Pattern, text: bytes) -> bool:
    return pattern.program.search(text) is not None


def _is_told(kind: str, cues: Cues, before: bytes, span: bytes, after: bytes) -> bool:
    around = before + span + after
    if _has(cues.quoting, around):
        return True
    is_own = _I.search(span) is not None or _I.search(before[-24:]) is not None or _MINE.search(span) is not None
    return (kind == "topic" or not is_own) and _has(cues.topic, before + after)


def _is_denied(cues: Cues, before: bytes, span: bytes, vocabulary: frozenset[str]) -> bool:
    clause = _CLAUSE_END.split(before)[-1]
    if cues.negated.program.search(clause) is not None:
        return not _has(cues.undo, clause)
    words = {word.decode("ascii").replace("'", "") for word in re.findall(rb"[a-z0-9']+", span)}
    inside = (words & cues.negator_words) - vocabulary
    return bool(inside) and not _has(cues.undo, clause + span)


def _is_past(cues: Cues, sentence: bytes) -> bool:
    return _has(cues.past, sentence) and not _has(cues.still, sentence)


def _is_intended(cues: Cues, before: bytes, span: bytes, after: bytes) -> bool:
    return _has(cues.intent, before[-40:] + span) or _has(cues.soon, span + after[:40])
