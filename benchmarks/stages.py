"""Where the time of a turn goes, stage by stage: CPU only, no disk, the mean over one `create_account` dialogue.

python -m benchmarks.stages [--json]
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from benchmarks.dialogue import FLOWS, TEXTS
from benchmarks.table import Figure, show
from fsm_engine import Flows, load_flows
from fsm_engine.core.advance import advance
from fsm_engine.engine.checkpoint import TurnTaken, rows_of
from fsm_engine.engine.held import Held
from fsm_engine.engine.replies import reply_of
from fsm_engine.engine.requests import text_request
from fsm_engine.engine.risk_stage import build_risk_stage
from fsm_engine.model.session import SessionState
from fsm_engine.model.turn import ActionResult, RiskFinding, Turn, TurnKind
from fsm_engine.storage.intake import intake_row
from fsm_engine.storage.seal import DEFAULT_ROW_KEY, Seal

REPEATS = 300
T = TypeVar("T")


class Stages:
    """Microseconds by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = defaultdict(list)

    def time(self, stage: str, work: Callable[[], T]) -> T:
        """The result of the work, which is done many times over."""
        result = work()
        started = time.perf_counter()
        for _ in range(REPEATS):
            work()
        self.spent[stage].append((time.perf_counter() - started) / REPEATS * 1e6)
        return result


def _settled(flows: Flows, state: SessionState, turn: Turn) -> Turn:
    """The turn with its check answered, as the shell does."""
    outcome = advance(flows, state, turn)
    if outcome.needs is None:
        return turn
    return replace(turn, call_results={outcome.needs.key: ActionResult(ok=True, value=True)})


def _one_turn(stages: Stages, flows: Flows, state: SessionState, number: int, text: str) -> SessionState:
    """Times every stage of one turn, and gives the state after it."""
    request = stages.time("canonical text and request", lambda: text_request("c1", text, **_call(number)))
    detectors = _detectors(flows)
    findings = stages.time("risk stage", lambda: detectors(request.text))
    intents = stages.time("classify the intent", lambda: flows.classifier.classify(request.text))
    fresh = Turn(TurnKind.TEXT, datetime.now(UTC), text=request.text, intents=intents, risk=findings)
    turn = _settled(flows, state, fresh)
    outcome = stages.time("read and advance", lambda: advance(flows, state, turn))
    reply = stages.time("reply", lambda: reply_of(outcome, "c1"))
    taken = TurnTaken(request, Held("c1", 1, number, None, 1, state, None), state, turn, outcome, reply)
    rows = stages.time("rows of the transaction", lambda: rows_of(taken, flows))
    seal = Seal(DEFAULT_ROW_KEY)
    stages.time("values of the statement", lambda: intake_row(rows, seal))
    return outcome.state


def _call(number: int) -> dict[str, Any]:
    nothing = dict.fromkeys(("user_id", "locale", "intent", "entities", "metadata"))
    return {"message_limit": 1000, "request_id": f"r{number}", **nothing}


@cache
def _detectors(flows: Flows) -> Callable[[str], tuple[RiskFinding, ...]]:
    """The policy's detectors, asked as the engine asks them."""
    assert flows.risk is not None
    stage = build_risk_stage(flows.risk.policy, {})
    return lambda text: stage.by_phrases(text, "en").findings


def figures() -> list[Figure]:
    """Mean microseconds per stage over the seven messages, and their sum."""
    flows = load_flows(FLOWS)
    stages = Stages()
    state = SessionState("00000000-0000-7000-8000-000000000000")
    for number, text in enumerate(TEXTS):
        state = _one_turn(stages, flows, state, number, text)
    means = {stage: statistics.mean(spent) for stage, spent in stages.spent.items()}
    found = [Figure(f"{stage}, µs", value) for stage, value in means.items()]
    return [*found, Figure("all stages, µs", sum(means.values()), most=150)]


if __name__ == "__main__":
    show("A turn, stage by stage", figures())
