"""Whatever a file holds, reading it gives a value and problems, and what could be read can be checked. (proves: P8)"""

from __future__ import annotations

from flow_file_reading import HERE
from hypothesis import given, settings
from hypothesis import strategies as st

from fsm_engine.core.bundle import compile_folder
from fsm_engine.flow_files.parse_source import parse_source
from fsm_engine.flow_files.yaml_source import MOST_PROBLEMS
from fsm_engine.model.flow import Flow
from fsm_engine.model.folder import FlowFolder
from fsm_engine.model.problem_codes import EXPLANATIONS

GOOD = [path.read_text(encoding="utf-8") for path in sorted((HERE / "good").glob("*.yaml"))]
BAD = [path.read_text(encoding="utf-8") for path in sorted((HERE / "bad").glob("*.yaml"))]
SIGNS = st.sampled_from(
    ["{", "}", "[", "]",
     '"', "'", ": ", " #", "\t", "- ", "&a ", "*a", "!!x ", "|", ">", "%", "@", "\n", "\\", "?", ",",
     "---\n", "...", "<<: ", "~", "", "\u202e", "\x00", "\ud800", "é", "goto", "..", "one of ", "today", "99999999999"]
)  # fmt: skip


def assert_is_sane(text: str) -> None:
    parsed, problems = parse_source(text, "x.yaml")

    assert problems == sorted(problems)
    assert len(problems) <= MOST_PROBLEMS + 1
    assert parsed is not None or problems
    for problem in problems:
        assert problem.code in EXPLANATIONS
        assert 1 <= problem.at.line <= text.count("\n") + text.count("\r") + 2
        assert problem.at.column >= 1
        assert problem.message.isprintable()
        assert len(problem.message) < 1000
    if isinstance(parsed, Flow):
        compile_folder(FlowFolder(flows={parsed.name: parsed}))
        names = [step.name for step in parsed.steps]
        assert len(set(names)) == len(names) or any(problem.code == "duplicate-step" for problem in problems)


@given(st.text())
def test_any_text_gives_a_value_or_problems(text: str) -> None:
    assert_is_sane(text)


@given(st.text(alphabet=" \n-:#{}[]\"'abc&*!|>%@,?\t"))
def test_any_text_of_yaml_signs_gives_a_value_or_problems(text: str) -> None:
    assert_is_sane(text)


@given(st.text(alphabet=" \n-:#{}[]\"'abc&*!|>%@,?\t"))
def test_any_text_inside_a_step_gives_a_value_or_problems(text: str) -> None:
    assert_is_sane(f"flow: f\nsteps:\n  - ask: a\n    type: {text}\n    prompt: {text}\n")


@settings(max_examples=300)
@given(st.data())
def test_a_good_file_with_anything_put_into_it_or_cut_out_of_it_never_raises(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(GOOD + BAD))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        until = min(len(text), at + data.draw(st.integers(0, 12)))
        text = text[:at] + data.draw(SIGNS | st.text(max_size=4)) + text[until:]

    assert_is_sane(text)


@settings(max_examples=200)
@given(st.data())
def test_a_good_file_with_its_lines_and_words_exchanged_never_raises(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(GOOD)).splitlines()
    first, second = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    key = lines[first].partition(":")[0]
    value = lines[second].partition(":")[2]
    lines[data.draw(st.integers(0, len(lines) - 1))] = f"{key}:{value}"

    assert_is_sane("\n".join(lines))
