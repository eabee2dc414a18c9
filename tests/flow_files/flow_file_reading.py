"""What the tests of flow files share."""

from __future__ import annotations

from pathlib import Path

from fsm_engine.flow_files.parse_source import parse_source
from fsm_engine.model.flow import Ask, Flow, Step, Text
from fsm_engine.model.problem import Problem

HERE = Path(__file__).parent


def flow_of(text: str) -> Flow:
    """The flow of a text without any problem."""
    parsed, problems = parse_source(text, "test.yaml")
    assert problems == []
    assert isinstance(parsed, Flow)
    return parsed


def problems_of(text: str) -> list[Problem]:
    return parse_source(text, "test.yaml")[1]


def codes_of(text: str) -> list[str]:
    return [problem.code for problem in problems_of(text)]


def step_of(lines: str) -> Step:
    """The one step of a flow; its lines start in the first column."""
    indented = lines.strip().replace("\n", "\n    ")
    (step,) = flow_of(f"flow: f\nsteps:\n  - {indented}\n").steps
    return step


def ask_of(extra: str, kind: str = "text") -> Ask:
    step = step_of(f"ask: answer\ntype: {kind}\nprompt: Well?\n{extra}")
    assert isinstance(step, Ask)
    return step


def plain(text: Text | None) -> dict[str, list[str]]:
    """The variations of a text without their places."""
    assert text is not None
    return {language: [written.text for written in texts] for language, texts in text.variations.items()}
