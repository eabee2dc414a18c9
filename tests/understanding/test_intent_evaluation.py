"""What is counted over labelled messages, and how well the shipped flows are understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine.cli.labelled_messages import read_labelled
from fsm_engine.core.classifying import build, phrases_of
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.flow import IntentSettings
from fsm_engine.model.turn import IntentGuess
from fsm_engine.understanding.intent_evaluation import NONE, Evaluation, Labelled, evaluate
from fsm_engine.understanding.intent_training import train

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "understanding" / "cases" / "intents_shipped.csv"


def evaluated(*rows: tuple[str, str, tuple[IntentGuess, ...]]) -> Evaluation:
    guesses = {text: guessed for text, _, guessed in rows}
    cases = [Labelled(text, intent) for text, intent, _ in rows]
    return evaluate(cases, guesses.__getitem__, maybe=0.5, margin=0.1)


def guess(name: str, confidence: float) -> tuple[IntentGuess, ...]:
    return (IntentGuess(name, confidence, "ml"),)


FOUR_KINDS = (
    ("right", "order", guess("order", 0.95)),
    ("right too", "order", guess("order", 0.92)),
    ("mistaken", "order", guess("pay", 0.94)),
    ("missed", "pay", ()),
    ("too unsure", "pay", guess("pay", 0.4)),
    ("false alarm", NONE, guess("pay", 0.55)),
    ("rightly nothing", NONE, ()),
)


def test_every_message_is_right_missed_mistaken_or_a_false_alarm() -> None:
    result = evaluated(*FOUR_KINDS)

    assert (result.missed, result.mistaken, result.false_alarms) == (2, 1, 1)
    assert result.accuracy == pytest.approx(3 / 7)


def test_precision_and_recall_of_each_intent() -> None:
    found = {each.intent: each for each in evaluated(*FOUR_KINDS).intents}

    assert (found["order"].precision, found["order"].recall) == (1.0, pytest.approx(2 / 3))
    assert (found["pay"].precision, found["pay"].recall) == (0.0, 0.0)
    assert found[NONE].precision == pytest.approx(1 / 3)
    assert evaluated(("a", "order", ())).intents[1].precision is None


def test_confusion_counts_pairs() -> None:
    confusion = evaluated(*FOUR_KINDS).confusion

    assert confusion[("order", "order")] == 2
    assert confusion[("order", "pay")] == 1
    assert sum(confusion.values()) == 7


def test_the_calibration_error_is_the_distance_between_what_is_said_and_what_is_so() -> None:
    honest = evaluated(*((str(n), "a", guess("a" if n < 8 else "b", 0.8)) for n in range(10)))
    boastful = evaluated(*((str(n), "a", guess("a" if n < 5 else "b", 1.0)) for n in range(10)))

    assert honest.calibration_error == pytest.approx(0.0)
    assert boastful.calibration_error == pytest.approx(0.5)
    assert [(each.low, each.messages, each.right) for each in boastful.bins] == [(0.9, 10, 0.5)]


def test_near_guesses_count_as_a_question_to_the_user() -> None:
    near = (IntentGuess("a", 0.7, "ml"), IntentGuess("b", 0.65, "ml"))
    result = evaluated(("well", "b", near), ("badly", "c", near), ("clear", "a", (IntentGuess("a", 1.0), near[1])))

    assert (result.asked, result.asked_well) == (2, 1)


def test_no_message_at_all_is_no_division_by_zero() -> None:
    result = evaluate([], lambda text: (), maybe=0.5, margin=0.1)

    assert (result.accuracy, result.calibration_error, result.bins) == (0.0, 0.0, ())


def test_the_shipped_set_is_large_and_covers_both_languages_and_all_intents() -> None:
    phrases = phrases_of(load_flows(ROOT / "flows").folder)
    cases = read_labelled(CASES, phrases)

    assert len(cases) >= 300
    assert {case.intent for case in cases} == {*phrases, NONE}
    assert min(sum(case.language == language for case in cases) for language in ("en", "es")) >= 100
    assert sum(case.intent == NONE for case in cases) >= 100
    assert not {phrase.lower() for each in phrases.values() for phrase in each} & {case.text.lower() for case in cases}


@pytest.mark.parametrize(
    ("method", "least", "false_alarms"), [("rule_based", 0.62, 3), ("ml", 0.73, 11), ("hybrid", 0.735, 13)]
)
def test_how_well_the_shipped_flows_are_understood(method: str, least: float, false_alarms: int) -> None:
    """Floors a little below the figures of docs/flow-language.md."""
    phrases = phrases_of(load_flows(ROOT / "flows").folder)
    settings = IntentSettings(method=method)  # type: ignore[arg-type]
    classifier, problems = build(phrases, settings, train)
    result = evaluate(read_labelled(CASES, phrases), classifier.classify, maybe=settings.maybe, margin=settings.margin)

    assert problems == []
    assert result.accuracy >= least
    assert result.false_alarms <= false_alarms
    assert all(each.right >= each.low for each in result.bins)  # never surer than it may be
