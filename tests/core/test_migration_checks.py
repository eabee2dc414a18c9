"""What authors hear of a migration: each name that leads nowhere, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.flow_texts import problems_of

# proves: P12

STEPS = """
steps:
  - {ask: goal, type: text, prompt: goal?}
  - {say: Good.}
  - {ask: due, type: date, prompt: due?, name: day}
  - repeat: people
    ask_more: more?
    steps:
      - {ask: person, type: person name, prompt: who?}
  - {end: Bye.}
"""


def problems(folder: Path, migrate: str, version: int = 3) -> list[str]:
    return problems_of(folder, f"flow: f\nversion: {version}\nmigrate:\n{migrate}{STEPS}")


@pytest.mark.parametrize(
    ("migrate", "problem"),
    [
        (
            "  - from: 2\n    rename_slots: {goal_text: gaol}",
            "1.yaml:5:31: error unknown-slot: 'gaol' is not a slot that this flow can see. Did you mean 'goal'?",
        ),
        (
            "  - from: 2\n    move_steps: {when: dya}",
            "1.yaml:5:24: error unknown-step: 'dya' is not a step of this flow. Did you mean 'day'?",
        ),
        (
            "  - from: 2\n    ask_again: [gole]",
            "1.yaml:5:17: error unknown-slot: 'gole' is not asked for by this flow. Did you mean 'goal'?",
        ),
        (
            "  - from: 2\n    ask_again: [person]",
            "1.yaml:5:17: error bad-migration: 'person' is asked for in each round of 'people'. Ask again for "
            "'people'.",
        ),
        (
            "  - from: 2\n    rename_slots: {goal_text: goal}\n    ask_again: [goal_text]",
            "1.yaml:6:17: error bad-migration: 'goal_text' is 'goal' now. Ask again for it by that name.",
        ),
        (
            "  - from: 2\n    rename_slots: {a: goal, b: goal}",
            "1.yaml:5:32: error bad-migration: 'a' and 'b' would both be 'goal', and a slot holds one answer",
        ),
        (
            "  - from: 2\n    rename_slots: {goal: goal}",
            "1.yaml:5:26: error bad-migration: 'goal' keeps its name; leave it out",
        ),
        (
            "  - from: 2\n    move_steps: {when: say 1}",
            "1.yaml:5:24: warning migration-no-place: no conversation waits at 'say 1'. Name the question that "
            "follows it.",
        ),
    ],
)
def test_a_name_that_leads_nowhere_is_told_with_its_place(tmp_path: Path, migrate: str, problem: str) -> None:
    assert problem in problems(tmp_path, migrate)


@pytest.mark.parametrize(
    "migrate",
    [
        "  - from: 2",
        "  - from: 2\n    rename_slots: {a: goal, b: due}\n    move_steps: {a: goal, x: goal, 'say 3': day, w: due}",
        "  - from: 2\n    rename_slots: {goal: due, due: goal}",
        "  - from: 2\n    rename_slots: {goal_text: goal}\n    ask_again: [goal, people]",
        "  - from: 1\n    rename_slots: {x: dropped_later}\n    move_steps: {x: gone}\n  - from: 2",
        "  - from: 2\n    rename_slots: {b: goal}\n  - from: 1\n    rename_slots: {a: b}\n    ask_again: [b]",
    ],
)
def test_a_sound_migration_is_no_problem(tmp_path: Path, migrate: str) -> None:
    assert problems(tmp_path, migrate) == []


def test_a_version_that_no_migration_comes_from_is_warned_of(tmp_path: Path) -> None:
    assert problems(tmp_path, "  - from: 1\n  - from: 3", version=6) == [
        "1.yaml:4:5: warning migration-gap: the migration from version 1 leads to version 3, and none comes from "
        "version 2: conversations that stand there stay there.",
        "1.yaml:5:5: warning migration-gap: the migration from version 3 leads to version 6, and none comes from "
        "versions 4 to 5: conversations that stand there stay there.",
    ]


def test_slots_of_flows_that_are_run_can_be_renamed_too(tmp_path: Path) -> None:
    outer = "flow: f\nversion: 2\nmigrate:\n  - from: 1\n    rename_slots: {old: goal}\nsteps: [{run: g}]"
    inner = "flow: g\nsteps: [{ask: goal, type: text, prompt: goal?}]"

    assert problems_of(tmp_path, outer, inner) == []


def test_of_many_names_that_lead_nowhere_the_first_are_told(tmp_path: Path) -> None:
    renamed = ", ".join(f"old_{number}: new_{number}" for number in range(1000))
    told = problems(tmp_path, f"  - from: 2\n    rename_slots: {{{renamed}}}")

    assert len(told) == 20
    assert all("unknown-slot" in problem for problem in told)


def test_a_migration_renames_a_thousand_names_and_no_more(tmp_path: Path) -> None:
    renamed = ", ".join(f"old_{number}: goal" for number in range(1001))

    assert problems(tmp_path, f"  - from: 2\n    move_steps: {{{renamed}}}") == [
        "1.yaml:5:17: error too-many-items: 'move_steps' has 1001 names and may have 1000"
    ]
