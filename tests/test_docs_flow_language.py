"""Every example of the flow language's reference loads, and the reference names every word that the language has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.readers import with_accuracy
from fsm_engine.core.formats import FORMATS
from fsm_engine.flow_files.folder import read_folder
from fsm_engine.flow_files.load import check_flows
from fsm_engine.flow_files.parse_bot import BOT_KEYS
from fsm_engine.flow_files.parse_flow import FLOW_KEYS
from fsm_engine.flow_files.parse_risk import AFTERWARDS, RISK_KEYS
from fsm_engine.flow_files.parse_source import parse_source
from fsm_engine.flow_files.parse_steps import KINDS as STEPS
from fsm_engine.flow_files.parse_transcript import TRANSCRIPT_KEYS
from fsm_engine.flow_files.type_phrases import KINDS as TYPES
from fsm_engine.model.problem import Problem

PAGE = (Path(__file__).parent.parent / "docs" / "flow-language.md").read_text(encoding="utf-8")


class Example(NamedTuple):
    """A fenced block: whole files are marked ``yaml``, lists of steps ``yaml step``, mistakes ``yaml wrong``."""

    line: int
    mark: str
    text: str


EXAMPLES = [
    Example(PAGE[: match.start()].count("\n") + 1, match[1].strip(), match[2])
    for match in re.finditer(r"^```([^\n]*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
]
FILES = [example for example in EXAMPLES if example.mark == "yaml"]
STEP_LISTS = [example for example in EXAMPLES if example.mark == "yaml step"]
WRONG = [example for example in EXAMPLES if example.mark == "yaml wrong"]


def _name(example: Example) -> str:
    return f"line {example.line}"


def _problems_of_steps(example: Example) -> list[Problem]:
    steps = "".join(f"  {line}\n" if line else "\n" for line in example.text.splitlines())
    return parse_source(f"flow: example\nsteps:\n{steps}", "page.yaml")[1]


def test_every_block_of_the_page_has_a_mark_that_says_how_it_is_tested() -> None:
    assert {example.mark for example in EXAMPLES} == {"yaml", "yaml step", "yaml wrong", "text"}
    assert len(FILES) >= 6
    assert len(STEP_LISTS) >= 12


@pytest.mark.parametrize("example", FILES, ids=_name)
def test_a_file_of_the_page_is_read_without_a_problem(example: Example) -> None:
    parsed, problems = parse_source(example.text, "page.yaml")

    assert problems == []
    assert parsed is not None


@pytest.mark.parametrize("example", STEP_LISTS, ids=_name)
def test_steps_of_the_page_are_read_without_a_problem(example: Example) -> None:
    assert _problems_of_steps(example) == []


@pytest.mark.parametrize("example", WRONG, ids=_name)
def test_a_mistake_of_the_page_is_found(example: Example) -> None:
    codes = [problem.code for problem in parse_source(example.text, "page.yaml")[1]]

    assert codes == ["needs-quotes", "unknown-step-kind", "bad-bounds"]


def test_the_files_of_the_page_are_one_bot_that_can_run(tmp_path: Path) -> None:
    for number, example in enumerate(FILES):
        (tmp_path / f"{number}.yaml").write_text(example.text, encoding="utf-8")

    _, problems = check_flows(tmp_path)

    assert [str(problem) for problem in problems if problem.severity == "error"] == []
    assert len(read_folder(tmp_path)[0].flows) == 5


def _words() -> set[str]:
    """All that stands in examples and between backquotes, word by word."""
    codes = [*re.findall(r"`([^`\n]+)`", PAGE), *(example.text for example in EXAMPLES)]
    return {word for code in codes for word in re.findall(r"\w+", code)}


def test_the_page_names_every_word_that_the_language_has() -> None:
    keys = {*FLOW_KEYS, *BOT_KEYS, *RISK_KEYS, *TRANSCRIPT_KEYS}
    keys |= {key for step in STEPS.values() for key in step.known}

    assert keys - _words() == set()


@pytest.mark.parametrize("phrase", [*TYPES, *FORMATS, *AFTERWARDS])
def test_the_page_names_every_type_format_and_consequence(phrase: str) -> None:
    assert re.search(rf"`[^`\n]*\b{phrase}\b[^`\n]*`", PAGE)


def test_the_limits_on_the_page_are_those_that_hold() -> None:
    from fsm_engine.flow_files import folder, parse_steps, parse_texts, patterns, shapes, step_parts, yaml_source

    limits = PAGE[PAGE.index("## Limits") :]

    for figure in (
        yaml_source.MOST_NODES,
        yaml_source.DEEPEST,
        yaml_source.MOST_PROBLEMS,
        folder.MOST_FILES,
        folder.DEEPEST_FOLDER,
        step_parts.MOST_STEPS,
        shapes.LONGEST_NAME,
        shapes.LONGEST_TEXT,
        shapes.LONGEST_LIST,
        parse_texts.MOST_VARIATIONS,
        parse_steps.MOST_CASES,
        parse_steps.MOST_ROUNDS,
        patterns.LONGEST_PATTERN,
    ):
        assert re.search(rf"\b{figure:,}\b", limits), figure


def test_the_table_of_accuracy_says_what_the_readers_read() -> None:
    assert with_accuracy(PAGE) == PAGE, "run: python -m benchmarks.readers --write"
