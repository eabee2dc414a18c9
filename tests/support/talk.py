"""A conversation with the pure core: no database, no engine, every turn checked for what holds for all turns."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fsm_engine.core.advance import advance
from fsm_engine.core.flows import Flows
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.session import Pending, SessionState, Status
from fsm_engine.model.turn import ActionResult, IntentGuess, Outcome, RiskFinding, Turn, TurnKind

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday."""


class Talk:
    """``answers`` gives what registered functions return, by name: a value, an `ActionResult`, or a list of these for
    one call after the other."""

    def __init__(self, flows: Flows, *, answers: Mapping[str, Any] | None = None, session_id: str = "s1") -> None:
        self.flows = flows
        self.state = SessionState(session_id)
        self.answers = dict(answers or {})
        self.now = NOON
        self.last: Outcome
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.keys: list[str] = []

    def start(self, flow: str, language: str | None = None, /, **slots: Any) -> list[str]:
        return self._take(Turn(TurnKind.START, self.now, language=language, flow=flow, slots=slots))

    def say(self, text: str, **parts: Any) -> list[str]:
        """What the bot answers. Further parts of the turn may be given; intents are classified unless given."""
        parts.setdefault("intents", self.flows.classifier.classify(text))
        return self._take(Turn(TurnKind.TEXT, self.now, text=text, **parts))

    def say_all(self, *texts: str) -> list[str]:
        for text in texts:
            said = self.say(text)
        return said

    def warn(self, text: str, level: str, **parts: Any) -> list[str]:
        """Says something in which a detector found a risk."""
        return self.say(text, risk=(RiskFinding(level, "harm", text, "test"),), **parts)  # type: ignore[arg-type]

    def come_back(self, text: str) -> list[str]:
        """Says something after the session has expired: a new session is offered to go on where the old one stood."""
        carried = self.state.frames
        self.state = SessionState(f"{self.state.session_id}+", language=self.state.language)
        return self.say(text, carried_over=carried)

    def pass_time(self, **time: float) -> None:
        self.now += timedelta(**time)

    @property
    def step(self) -> str | None:
        return self.state.frames[-1].step if self.state.frames else None

    @property
    def slots(self) -> dict[str, Any]:
        """What is in the innermost frame."""
        return dict(self.state.frames[-1].slots)

    @property
    def pending(self) -> str | None:
        return self.state.pending.kind if isinstance(self.state.pending, Pending) else None

    @property
    def status(self) -> Status:
        return self.state.status

    def _take(self, turn: Turn) -> list[str]:
        said: list[str] = []
        while True:
            outcome = self._advance(turn)
            said += [message.text for message in outcome.messages]
            if outcome.action is None:
                return said
            self.keys.append(outcome.action.key)
            result = self._result(outcome.action.action, outcome.action.slots)
            turn = Turn(TurnKind.ACTION_RESULT, self.now, result=result)

    def _advance(self, turn: Turn) -> Outcome:
        outcome = advance_twice(self.flows, self.state, turn)
        while outcome.needs is not None:
            result = self._result(outcome.needs.action, outcome.needs.slots)
            turn = replace(turn, call_results={**turn.call_results, outcome.needs.key: result})
            outcome = advance_twice(self.flows, self.state, turn)
        must_be_legal(self.flows, outcome.state)
        self.state = outcome.state
        self.last = outcome
        return outcome

    def _result(self, action: str, slots: Mapping[str, Any]) -> ActionResult:
        self.calls.append((action, slots))
        answer = self.answers[action]
        if isinstance(answer, list):
            answer = answer.pop(0)
        return answer if isinstance(answer, ActionResult) else ActionResult(ok=True, value=answer)


def advance_twice(flows: Flows, state: SessionState, turn: Turn) -> Outcome:
    """The outcome, after making sure that the same arguments give it again and were not changed by it."""
    before = copy.deepcopy((state, turn))
    outcome = advance(flows, state, turn)

    assert (state, turn) == before
    assert advance(flows, state, turn) == outcome
    assert encode(advance(flows, decode(SessionState, encode(state)), decode(Turn, encode(turn)))) == encode(outcome)
    return outcome


def must_be_legal(flows: Flows, state: SessionState) -> None:
    """Fails when a session stands where no session can stand, or would not come back from the database as it is."""
    assert decode(SessionState, encode(state)) == state
    for frame in state.frames:
        flow = flows.for_frame(frame)
        node = flow.nodes[flow.index_of[frame.step]] if frame.step in flow.index_of else None
        assert node is None or node.waits
        assert set(frame.trail) <= set(flow.index_of)
        assert set(frame.rounds) <= set(flow.index_of)
        assert all(count >= 0 for count in frame.rounds.values())
    if state.status is Status.ACTIVE and state.frames:
        assert state.frames[-1].step in flows.for_frame(state.frames[-1]).index_of


def guess(name: str, confidence: float = 1.0) -> tuple[IntentGuess, ...]:
    return (IntentGuess(name, confidence),)
