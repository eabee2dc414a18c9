"""The shipped lexicon against labelled messages: a gate on what nobody tuned on, and what is told apart."""

# proves: C4, R1

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fsm_engine.cli.risk_evaluating import END, START, page_of_figures
from fsm_engine.testing.risk_cases import read_cases
from fsm_engine.understanding.risk_evaluation import (
    LEAST_FOUND,
    MOST_FALSE,
    EvaluationRow,
    Report,
    evaluate,
    goals,
    part_of,
)
from fsm_engine.understanding.risk_phrases import build_detector
from fsm_engine.understanding.risk_rules import CATEGORIES

CASES = Path(__file__).parent / "cases"


@cache
def rows() -> list[EvaluationRow]:
    return read_cases([CASES])


@cache
def report() -> Report:
    return evaluate(rows(), build_detector())


def test_there_are_enough_rows_of_every_kind() -> None:
    kinds = {row.kind for row in rows()}

    assert len(rows()) >= 2900
    kinds_asked_for = {"explicit", "implicit", "slang", "disguised", "near_spelling", "negated", "third_person"}
    assert kinds >= kinds_asked_for | {"idiom", "benign", "spanish"}


@pytest.mark.parametrize("goal", sorted({*LEAST_FOUND, *(f"false alarms {kind}" for kind in MOST_FALSE)}))
def test_goals_are_met_on_messages_that_are_held_out(goal: str) -> None:
    (reached,) = (one for one in goals(report().held_out) if one.name == goal)

    assert reached.is_met, f"{reached.share.count} of {reached.share.of}: {reached.says}"


LEAST_RECALL = {"near_spelling": 0.90, "spanish": 0.94, "third_person": 0.85, "negated": 0.75}
"""Of kinds without a goal: what was reached on the held-out third, less a row or two."""


@pytest.mark.parametrize(("kind", "least"), sorted(LEAST_RECALL.items()))
def test_held_out_messages_of_other_kinds_are_found(kind: str, least: float) -> None:
    assert report().held_out.recall_by_kind[kind].value >= least


@pytest.mark.parametrize("category", CATEGORIES)
def test_held_out_messages_of_every_category_are_found(category: str) -> None:
    assert report().held_out.recall_by_category[category].value >= 0.85


def test_a_message_is_in_the_same_part_whatever_other_messages_there_are() -> None:
    texts = {row.text: part_of(row.text) for row in rows()}
    held_out = [text for text, part in texts.items() if part == "held_out"]

    assert part_of("I want to die") == part_of("  i WANT to die ") == "held_out"
    assert 0.30 < len(held_out) / len(texts) < 0.37


def test_the_page_shows_the_figures_of_this_lexicon() -> None:
    page = (CASES.parents[2] / "docs" / "risk.md").read_text(encoding="utf-8")
    between = page.partition(START)[2].partition(END)[0].strip()

    assert between == page_of_figures(report()), "run: fsm-engine risk evaluate tests/risk/cases --write docs/risk.md"


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
