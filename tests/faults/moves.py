"""A session that began on one version of its flow, and the dialogue that moves it to the next."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from fsm_engine import Engine, Flows, load_flows
from fsm_engine.testing.clock import VirtualClock
from tests.support.flow_texts import write

VERSIONS = {
    1: """
flow: plan
version: 1
steps:
  - {ask: goal_text, type: text 1..60, prompt: What?}
  - {ask: goal_when, type: text 1..60, prompt: When?}
  - {remind: in 2 days, say: "Remember: {goal_text}."}
  - {ask: sure, type: text 1..60, prompt: Sure?}
  - {end: "{goal_text}, {goal_when}."}
""",
    2: """
flow: plan
version: 2
migrate:
  - from: 1
    rename_slots: {goal_text: goal, goal_when: due}
    ask_again: [due]
steps:
  - {ask: goal, type: text 1..60, prompt: What?}
  - {ask: due, type: text 1..60, prompt: By when?}
  - {remind: in 2 days, say: "Remember: {goal}.", name: again}
  - {ask: sure, type: whole number, prompt: "How sure, from 0 to 10?"}
  - {end: "{goal}, {due}."}
""",
}
BEFORE = ("run", "soon")
AFTERWARDS = ("very", "7", "on Monday")
"""What is said after the files have changed: no number, a number, and what is asked again."""


@cache
def flows(version: int) -> Flows:
    """Read once."""
    with TemporaryDirectory() as folder:
        return load_flows(write(Path(folder), VERSIONS[version]))


def opened(folder: Path, version: int = 2) -> AbstractAsyncContextManager[Engine]:
    return Engine.open(
        f"sqlite:///{folder / 'bot.db'}", flows=flows(version), clock=VirtualClock(), new_id=lambda _: "session"
    )
