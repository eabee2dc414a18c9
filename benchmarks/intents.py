"""What telling an intent costs, by rules and learned, and how well each does.

Run: ``python -m benchmarks.intents [--json]``.

Each message is read many times; a figure is the median over all messages of the shortest time of one message, so
that what else the machine does counts as little as it can.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.language import COMMANDS, ENGLISH, MISSPELT, many_intents
from benchmarks.table import Figure, show
from fsm_engine.cli.labelled_messages import read_labelled
from fsm_engine.core.classifying import build, phrases_of
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.flow import IntentSettings
from fsm_engine.understanding.intent_evaluation import evaluate
from fsm_engine.understanding.intent_training import train

ROOT = Path(__file__).parent.parent
CASES = ROOT / "tests" / "understanding" / "cases" / "intents_shipped.csv"
MESSAGES = (*ENGLISH, *COMMANDS, *MISSPELT)
ROUNDS = 60
INTENTS, PHRASES = 50, 10


def main() -> int:
    """0 when every goal is met, 1 otherwise."""
    of_time, of_quality = times(), quality()
    show(f"{INTENTS} intents of {PHRASES} phrases", of_time)
    show("the shipped flows, all labelled messages", of_quality)
    return 0 if all(figure.is_met for figure in (*of_time, *of_quality)) else 1


def times() -> list[Figure]:
    """How long one message takes, and learning."""
    phrases = many_intents(INTENTS, PHRASES)
    started = time.perf_counter()
    table = train(phrases)
    learning_s = time.perf_counter() - started
    found = []
    for method, most in (("rule_based", 40.0), ("ml", 2000.0), ("hybrid", 2000.0)):
        classifier, _ = build(phrases, IntentSettings(method=method), lambda _: table)  # type: ignore[arg-type]
        p50, slowest = measured_us(classifier.classify, MESSAGES)
        found.append(Figure(f"{method}: one message, p50 µs", p50, most=most, note=f"slowest message {slowest:.0f} µs"))
    found.append(Figure("learning, s", learning_s, most=30.0, note="once for the same phrases, then from the cache"))
    return found


def measured_us(call: Callable[[str], object], messages: Sequence[str]) -> tuple[float, float]:
    """The median and the greatest of what each message costs at best, in microseconds."""
    costs = []
    for message in messages:
        best = float("inf")
        for _ in range(ROUNDS):
            started = time.perf_counter_ns()
            call(message)
            best = min(best, time.perf_counter_ns() - started)
        costs.append(best / 1000)
    return median(costs), max(costs)


def quality() -> list[Figure]:
    """How many of the labelled messages are told rightly."""
    phrases = phrases_of(load_flows(ROOT / "flows").folder)
    cases = read_labelled(CASES, phrases)
    found = []
    for method, least in (("rule_based", 0.62), ("ml", 0.73), ("hybrid", 0.735)):
        settings = IntentSettings(method=method)  # type: ignore[arg-type]
        classifier, _ = build(phrases, settings, train)
        result = evaluate(cases, classifier.classify, maybe=settings.maybe, margin=settings.margin)
        note = f"{result.missed} missed, {result.mistaken} mistaken, {result.false_alarms} false alarms"
        found.append(Figure(f"{method}: accuracy", result.accuracy, least=least, note=note))
        found.append(Figure(f"{method}: calibration error", result.calibration_error, most=0.2))
    return found


if __name__ == "__main__":
    sys.exit(main())
