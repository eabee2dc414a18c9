"""What is said while an action takes longer than its waiting time; it is part of no turn."""

from __future__ import annotations

from datetime import date

from fsm_engine.core.flows import Flows
from fsm_engine.core.guards import Scope
from fsm_engine.core.texts import Voice
from fsm_engine.model.session import SessionState
from fsm_engine.model.turn import Message

WAITING_TEXT = "action_waiting"


def waiting_message(flows: Flows, state: SessionState, today: date) -> Message:
    """The bot's waiting text in the session's language."""
    voice = Voice(state.language, flows.first_language, lambda: Scope([], lambda: today))
    return Message(voice.fill(flows.saying(WAITING_TEXT), f"{state.session_id}:{WAITING_TEXT}:{state.turn}"))
