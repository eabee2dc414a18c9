"""Each file in ``bad/`` stands beside the exact messages that it must give."""

from __future__ import annotations

from pathlib import Path

import pytest
from flow_file_reading import HERE, codes_of, problems_of

from fsm_engine.flow_files.parse_source import parse_source

BAD_FILES = sorted((HERE / "bad").glob("*.yaml"))


@pytest.mark.parametrize("path", BAD_FILES, ids=lambda path: path.stem)
def test_a_bad_file_gives_exactly_the_messages_beside_it(path: Path) -> None:
    _, problems = parse_source(path.read_text(encoding="utf-8"), path.name)

    assert [str(problem) for problem in problems] == path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()


def test_every_bad_file_and_its_messages_come_in_pairs() -> None:
    assert len(BAD_FILES) >= 60
    assert [path.stem for path in BAD_FILES] == sorted(path.stem for path in (HERE / "bad").glob("*.txt"))


def _steps(count: int) -> str:
    return "flow: f\nsteps:\n" + "  - say: hi\n" * count


def test_a_flow_of_500_steps_loads_and_one_of_501_does_not() -> None:
    assert codes_of(_steps(500)) == []
    (problem,) = problems_of(_steps(501))

    assert str(problem) == (
        "test.yaml:503:5: error too-many-steps: "
        "a flow has at most 500 steps; move some into another flow and call it with run:"
    )


def test_steps_inside_a_repeat_count_as_steps_of_the_flow() -> None:
    inner = "      - say: hi\n" * 300
    text = f"flow: f\nsteps:\n  - repeat: a\n    steps:\n{inner}  - repeat: b\n    steps:\n{inner}"

    assert codes_of(text) == ["too-many-steps"]


def test_after_a_hundred_problems_the_rest_of_the_file_is_left_alone() -> None:
    problems = problems_of("flow: f\nsteps:\n" + "  - say: hi\n    gto: x\n" * 400)

    assert sorted(problem.code for problem in problems) == ["too-many-problems"] + ["unknown-key"] * 100
    assert max(problem.at.line for problem in problems) == 202


def test_lists_and_texts_have_a_greatest_length() -> None:
    options = ", ".join(f"o{number}" for number in range(51))

    assert codes_of(f"flow: f\nsteps:\n  - say: {'x' * 5001}\n") == ["text-too-long"]
    assert codes_of(f"flow: f\nsteps:\n  - say: hi\n    options: [{options}]\n") == ["too-many-items"]


def test_a_file_with_more_values_than_the_limit_is_refused() -> None:
    assert codes_of("flow: f\nsteps: [" + "a," * 50_001 + "]") == ["too-many-values"]


def test_a_file_of_more_than_one_mebibyte_is_refused() -> None:
    assert codes_of("flow: f # " + "x" * 1024 * 1024) == ["file-too-large"]
    assert codes_of("flow: f # " + "é" * 600_000) == ["file-too-large"]


def test_patterns_that_are_large_together_are_refused() -> None:
    steps = "".join(
        f"  - ask: a{n}\n    type: text matching [\\pL\\pN]{{1,{n}}}@\\pL{{2,10}}\n    prompt: a\n"
        for n in range(20, 40)
    )
    problems = problems_of(f"flow: f\nsteps:\n{steps}")

    assert {problem.code for problem in problems} == {"bad-pattern"}
    assert "together" in problems[-1].message
