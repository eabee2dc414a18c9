"""The classifier that a bot file asks for, over the phrases of all flows and digressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from fsm_engine.model.flow import IntentSettings
from fsm_engine.model.folder import FlowFolder
from fsm_engine.model.problem import Position, Problem
from fsm_engine.understanding.intent_model import HybridClassifier, LearnedClassifier, ModelTable
from fsm_engine.understanding.intent_training import INTENTS_AT_MOST, PHRASES_AT_MOST, is_installed
from fsm_engine.understanding.intents import Classifier, build_classifier
from fsm_engine.understanding.text import fold

Phrases: TypeAlias = Mapping[str, Sequence[str]]
Learn: TypeAlias = Callable[[Phrases], ModelTable]


def phrases_of(folder: FlowFolder) -> dict[str, list[str]]:
    """What may be said for each intent, in all languages; digressions are called ``digression:N``."""
    phrases: dict[str, list[str]] = {}
    for flow in folder.flows.values():
        if flow.start is not None:
            words = [written.text for group in flow.start.phrases.values() for written in group]
            phrases.setdefault(flow.start.intent, []).extend(words)
    for number, digression in enumerate(folder.bot.digressions):
        words = [written.text for group in digression.phrases.values() for written in group]
        phrases[f"digression:{number}"] = words
    return phrases


def build(phrases: Phrases, settings: IntentSettings, learn: Learn) -> tuple[Classifier, list[Problem]]:
    """The classifier; with a problem, the rules, which need nothing."""
    rules = build_classifier(phrases)
    if settings.method == "rule_based" or not any(fold(phrase) for group in phrases.values() for phrase in group):
        return rules, []
    problem = _why_not(phrases, settings)
    if problem is not None:
        return rules, [problem]
    learned = LearnedClassifier(learn(phrases), maybe=settings.maybe, margin=settings.margin)
    if settings.method == "ml":
        return learned, []
    return HybridClassifier(rules, learned, sure=settings.sure), []


def _why_not(phrases: Phrases, settings: IntentSettings) -> Problem | None:
    at = settings.at or Position("(default)", 1, 1)
    if not is_installed():
        message = f"'intents: {settings.method}' needs scikit-learn, which is not installed"
        return Problem(at, "missing-extra", f"{message}. Run: pip install 'fsm_engine[ml]'")
    count = sum(map(len, phrases.values()))
    if len(phrases) > INTENTS_AT_MOST or count > PHRASES_AT_MOST:
        message = (
            f"{len(phrases)} intents with {count} phrases are too many to learn; {INTENTS_AT_MOST} intents and "
            f"{PHRASES_AT_MOST} phrases are allowed. Write: intents: rule_based"
        )
        return Problem(at, "too-many-intents", message)
    return None
