"""What is reported before a flow has its first user: exact messages with their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine.core.checks import actions_of
from fsm_engine.core.machine import MAX_TRANSITIONS
from fsm_engine.flow_files.load import check_flows
from tests.support.flow_texts import flows_of, problems_of, write

START = "flow: f\nsteps:\n"
ASK = "  - {ask: name, type: text, prompt: name?}\n"


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        (
            ASK + "  - {say: Hi., goto: nmae}",
            "1.yaml:4:22: error unknown-step: step 'say 1' goes to 'nmae', which this flow does not define. "
            "Did you mean 'name'?",
        ),
        (
            ASK + "  - {ask: b, type: text, prompt: b?, give_up: goto nme}",
            "1.yaml:4:47: error unknown-step: step 'b' goes to 'nme', which this flow does not define. "
            "Did you mean 'name'?",
        ),
        (
            ASK + "  - choose:\n      - {when: has(name), goto: ende}\n  - {end: Bye., name: end}",
            "1.yaml:5:33: error unknown-step: step 'choose 1' goes to 'ende', which this flow does not define. "
            "Did you mean 'end'?",
        ),
        (
            ASK + "  - {say: 'Hi {nam}.'}",
            "1.yaml:4:11: error unknown-slot: 'nam' is not a slot that this flow can see. Did you mean 'name'?",
        ),
        (
            ASK + "  - {say: Hi., when: nam == 'x'}",
            "1.yaml:4:22: error unknown-slot: 'nam' is not a slot that this flow can see. Did you mean 'name'?",
        ),
        (
            ASK + "  - {confirm: c, review: [name, emial], prompt: ok?}",
            "1.yaml:4:33: error unknown-slot: 'emial' is not a slot that this flow can see. Known: name.",
        ),
        (
            ASK + "  - {do: a.b, send: [nam]}",
            "1.yaml:4:22: error unknown-slot: 'nam' is not a slot that this flow can see. Did you mean 'name'?",
        ),
        (
            ASK + "  - {ask: b, type: text, prompt: b?, depends_on: [nam]}",
            "1.yaml:4:51: error unknown-slot: 'nam' is not a slot that this flow can see. Did you mean 'name'?",
        ),
        (ASK + "  - {run: g}", "1.yaml:4:11: error unknown-flow: there is no flow called 'g'. Known: f."),
        (
            ASK + "  - choose:\n      - {when: has(name), run: ff}",
            "1.yaml:5:32: error unknown-flow: there is no flow called 'ff'. Did you mean 'f'?",
        ),
        (
            ASK + "  - {say: Hi., when: name}",
            "1.yaml:4:22: error guard-not-yes-or-no: 'name' gives a text, but a condition must be true or false. "
            "Compare it with something, or use has(…).",
        ),
        (
            ASK + "  - {end: Bye.}\n  - {say: Never.}",
            "1.yaml:5:5: warning unreachable-step: no way leads to step 'say 1'. Send a goto there, or remove it.",
        ),
        (
            ASK + "  - {say: One., goto: end}\n  - {say: Never., name: never}\n  - {end: Bye., name: end}",
            "1.yaml:5:5: warning unreachable-step: no way leads to step 'never'. Send a goto there, or remove it.",
        ),
        (
            ASK + "  - {say: One., name: one}\n  - {say: Two., goto: one, name: two}",
            "1.yaml:5:5: error endless-circle: 'two' goes back to 'one', and no question lies between: the bot would "
            "repeat itself without listening. Go back to a question instead.",
        ),
        (
            "  - {ask: a, type: text, prompt: a?, default: x}",
            "1.yaml:3:47: warning default-never-used: 'a' has a default, but it can be neither skipped nor given up. "
            "Add optional: true.",
        ),
        (
            "  - {ask: a, type: my.kind, prompt: a?}",
            "1.yaml:3:5: error unknown-type: there is no type 'my.kind'. A type of your own must be registered.",
        ),
    ],
)
def test_a_problem_inside_a_flow(tmp_path: Path, steps: str, problem: str) -> None:
    assert problems_of(tmp_path, START + steps) == [problem]


def test_a_backwards_goto_past_a_question_is_no_circle(tmp_path: Path) -> None:
    assert problems_of(tmp_path, START + ASK + "  - {say: Again., goto: name, when: name == 'x'}") == []


def test_a_flow_that_runs_itself_is_a_problem_in_each_flow_of_the_circle(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "flow: f\nsteps: [{run: g}]", "flow: g\nsteps: [{run: f}]")

    assert problems == [
        "1.yaml:2:15: error endless-run: flow 'f' runs 'g', which runs 'f' again.",
        "2.yaml:2:15: error endless-run: flow 'g' runs 'f', which runs 'g' again.",
    ]


def test_a_slot_with_two_types_is_a_problem_where_the_other_flow_is_run(tmp_path: Path) -> None:
    other = "flow: g\nsteps: [{ask: name, type: date, prompt: name?}]"

    assert problems_of(tmp_path, START + ASK + "  - {run: g}", other) == [
        "1.yaml:4:11: error slot-type-differs: slot 'name' is a text here and a date in flow 'g', whose answers come "
        "back to this flow. Rename one of them."
    ]


def test_an_intent_belongs_to_one_flow(tmp_path: Path) -> None:
    texts = [f"flow: {name}\nstart: {{intent: go, phrases: [go {name}]}}\nsteps:\n{ASK}" for name in ("f", "g")]

    assert problems_of(tmp_path, *texts) == [
        "2.yaml:1:7: error intent-taken: intent 'go' already starts flow 'f'. Choose another."
    ]


def test_a_text_that_lacks_a_language_is_warned_of(tmp_path: Path) -> None:
    flow = START + "  - {ask: email, type: text, prompt: {en: a?, es: '¿a?'}}\n  - {say: Hi.}\n  - {say: {es: Hola.}}"

    assert problems_of(tmp_path, flow, "bot: b\nlanguages: [en, es]") == [
        "1.yaml:4:11: warning missing-language: this text of step 'say 1' is not there in: es. "
        "Write it as a map, en: … and es: ….",
        "1.yaml:5:11: warning missing-language: this text of step 'say 2' is not there in: en. "
        "Write it as a map, en: … and es: ….",
    ]


def test_a_bot_of_one_language_needs_no_map(tmp_path: Path) -> None:
    assert problems_of(tmp_path, START + ASK, "bot: b") == []


def test_the_bot_file_names_flows_and_policies_that_exist(tmp_path: Path) -> None:
    bot = "bot: b\nrisk: missing\ndigressions:\n  - {run: ff, phrases: [explain]}"

    assert problems_of(tmp_path, START + ASK, bot) == [
        "2.yaml:2:7: error unknown-risk-policy: there is no risk policy called 'missing'.",
        "2.yaml:4:11: error unknown-flow: there is no flow called 'ff'. Did you mean 'f'?",
    ]


def test_a_transcript_names_flows_that_exist(tmp_path: Path) -> None:
    transcript = "transcript: t\nflow: ff\nturns:\n  - start: g"

    assert problems_of(tmp_path, START + ASK, transcript) == [
        "2.yaml:2:7: error unknown-flow: there is no flow called 'ff'. Did you mean 'f'?",
        "2.yaml:4:12: error unknown-flow: there is no flow called 'g'. Known: f.",
    ]


def test_all_problems_of_all_files_come_at_once_and_sorted(tmp_path: Path) -> None:
    bad = START + ASK + "  - {say: '{x}', goto: y}"
    problems = problems_of(tmp_path, bad, bad.replace("flow: f", "flow: g"))

    assert [problem.split(": ")[0] for problem in problems] == [
        "1.yaml:4:11",
        "1.yaml:4:24",
        "2.yaml:4:11",
        "2.yaml:4:24",
    ]


def test_a_flow_with_too_many_possible_moves_is_refused_and_not_built(tmp_path: Path) -> None:
    asks = "".join(f"  - {{ask: s{n}, type: text, prompt: s?, goto: hub}}\n" for n in range(200))
    hub = "  - {say: x, name: hub}\n"
    ways = "".join(f"  - {{say: x, when: s0 == 'x', goto: s{n}}}\n" for n in range(200))
    problems = problems_of(tmp_path, START + asks + hub + ways)

    assert (
        f"1.yaml:1:7: error too-tangled: flow 'f' has more than {MAX_TRANSITIONS} possible moves. Split it with run:."
        in problems
    )


def test_every_action_that_a_flow_names_is_listed_with_its_place(tmp_path: Path) -> None:
    steps = """
  - {ask: a, type: text, prompt: a?, checks: [{call: is_free, error: No.}]}
  - {do: make.it, undo: make.undo}
"""
    flows = flows_of(tmp_path, START + steps)
    found = {name: str(problem) for name, problem in actions_of(flows.folder.flows["f"])}

    assert list(found) == ["is_free", "make.it", "make.undo"]
    assert found["make.it"].endswith(":5:10: error unknown-action: no action called 'make.it' is registered.")


def test_the_shipped_flows_have_no_problem() -> None:
    _, problems = check_flows("flows")

    assert problems == []


def test_loading_the_same_files_twice_gives_the_same_problems(tmp_path: Path) -> None:
    folder = write(tmp_path, START + ASK + "  - {say: '{x}', goto: y}")

    assert check_flows(folder)[1] == check_flows(folder)[1]
