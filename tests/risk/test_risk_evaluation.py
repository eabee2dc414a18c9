"""The shipped lexicon against labelled messages: a gate on what nobody tuned on, and what is told apart."""

# proves: C4, R1

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fsm_engine.understanding.risk_evaluation import EvaluationRow, Report, evaluate
from fsm_engine.understanding.risk_phrases import build_detector

CASES = Path(__file__).parent / "cases"


def rows() -> list[EvaluationRow]:
    return [
        EvaluationRow(
            text=row["text"],
            kind=row["kind"],
            category=str(row["category"]),
            level=str(row["level"]),
            language=row["language"],
            earlier=tuple(row.get("earlier", ())),
        )
        for path in sorted(CASES.glob("*.yaml"))
        for row in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


@cache
def report() -> Report:
    return evaluate(rows(), build_detector())


def test_there_are_enough_rows_of_every_kind() -> None:
    kinds = {row.kind for row in rows()}

    assert len(rows()) >= 600
    kinds_asked_for = {"explicit", "implicit", "slang", "disguised", "near_spelling", "negated", "third_person"}
    assert kinds >= kinds_asked_for | {"idiom", "benign", "spanish"}


LEAST_RECALL = {
    "explicit": 0.94,
    "disguised": 0.88,
    "near_spelling": 0.86,
    "implicit": 0.76,
    "slang": 0.80,
    "spanish": 0.92,
    "third_person": 0.85,
}
"""What was reached on the held-out third, less one or two rows. docs/risk.md has the goals; not all are reached."""


@pytest.mark.parametrize(("kind", "least"), sorted(LEAST_RECALL.items()))
def test_held_out_messages_are_found(kind: str, least: float) -> None:
    assert report().held_out.recall_by_kind[kind].value >= least


@pytest.mark.parametrize(("kind", "most_per_1000"), [("benign", 24), ("idiom", 110)])
def test_held_out_harmless_messages_raise_few_alarms(kind: str, most_per_1000: float) -> None:
    assert report().held_out.false_alarms_per_1000(kind) <= most_per_1000


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("I want to hurt myself", "high"),
        ("I'm going to kill myself tonight", "high"),
        ("I have been thinking about killing myself", "medium"),
        ("everyone would be better off without me", "medium"),
        ("my friend wants to die", "medium"),
        ("k i l l  m y s e l f", "medium"),
        ("I don't want to kill myself", "low"),
        ("this homework is killing me", None),
        ("I failed my math test and I am sad", None),
        ("I want to open an account", None),
    ],
)
def test_grave_words_are_told_from_harmless_ones(text: str, level: str | None) -> None:
    levels = {finding.level for finding in build_detector().detect(text)}

    if level is None:
        assert levels <= {"low"}
    else:
        assert level in levels
        assert levels <= {"low", "medium", "high"} - ({"high"} if level == "medium" else set())


def test_added_phrases_are_found() -> None:
    detector = build_detector(add={"suicide": ["take the long bus"]})

    assert [finding.category for finding in detector.detect("I will take the long bus tonight")] == ["suicide"]


def test_an_unknown_lexicon_is_named() -> None:
    with pytest.raises(ValueError, match="crisis"):
        build_detector("crisiss")


@given(st.text(max_size=300))
def test_any_text_is_read_alike_twice_and_phrases_are_its_own_words(text: str) -> None:
    detector = build_detector()

    found = detector.detect(text)

    assert found == detector.detect(text)
    assert all(finding.phrase in text for finding in found)
