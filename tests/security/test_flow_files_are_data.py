"""A flow file cannot run code, and what a user says cannot become one. proves: P8, P9"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.flow_texts import asking, flows_of, problems_of
from tests.support.talk import Talk

WORDS = [
    "__init__",
    "__class__",
    "os.abort",
    "to_b",
    "trigger",
    "{a}",
    "{0.__class__}",
    "'; DROP TABLE turns; --",
    "$(ls)",
]


@pytest.mark.parametrize("word", WORDS)
def test_what_a_user_says_is_stored_and_said_back_as_it_is(tmp_path: Path, word: str) -> None:
    flow = "flow: f\nsteps:\n  - {ask: a, type: text, prompt: a?}\n  - {ask: b, type: text, prompt: 'You said {a}'}"
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("f")

    assert talk.say(word) == [f"You said {word}"]
    assert talk.slots == {"a": word}


@pytest.mark.parametrize(
    "guard",
    [
        "__import__('os').abort()",
        "a.__class__",
        "().__class__.__bases__",
        "open('/etc/passwd')",
        "exec('1')",
        "9**9**9",
    ],
)
@pytest.mark.parametrize("place", ["when", "prefill"])
def test_code_in_a_condition_is_a_problem_and_never_runs(tmp_path: Path, guard: str, place: str) -> None:
    flow = f"flow: f\nsteps:\n  - ask: a\n    type: text\n    prompt: a?\n    {place}: {guard!r}\n"

    assert any(" error guard-" in one or " error unknown-function" in one for one in problems_of(tmp_path, flow))


def test_names_that_the_state_machine_library_uses_are_only_names(tmp_path: Path) -> None:
    names = ("on_enter_b", "before", "after", "conditions", "send_event", "add_model", "dispatch", "set_state")
    talk = Talk(flows_of(tmp_path, asking(*names)))
    talk.start("f")
    talk.say_all(*names[:-1])

    assert talk.slots == dict(zip(names[:-1], names[:-1], strict=True))
