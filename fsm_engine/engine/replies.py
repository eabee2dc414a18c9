"""Replies: made from outcomes, and put together again from the journal when a delivery comes twice."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from fsm_engine.core.risk import highest
from fsm_engine.model.codec import decode, plain_copy
from fsm_engine.model.session import SessionState
from fsm_engine.model.slot import Json
from fsm_engine.model.turn import Outcome, Reply, RiskLevel, SessionView
from fsm_engine.storage.records import StoredTurn


def view_of(state: SessionState, conversation_id: str) -> SessionView:
    """What a bot may see of a session; lists and records are copies, so that nothing a bot does to them comes back."""
    slots: dict[str, Json] = {}
    for frame in state.frames:
        slots.update(frame.slots)
    for slot, value in slots.items():
        if isinstance(value, (list, dict)):
            slots[slot] = plain_copy(value)
    top = state.frames[-1] if state.frames else None
    return SessionView(
        state.session_id,
        conversation_id,
        top.flow if top else None,
        top.step if top else None,
        slots,
        state.status,
        state.turn,
    )


def reply_of(outcome: Outcome, conversation_id: str) -> Reply:
    """The reply of one turn."""
    level = highest(outcome.findings)
    return Reply(
        outcome.messages,
        view_of(outcome.state, conversation_id),
        RiskLevel(level) if level else None,
        expects=outcome.expects,
    )


def joined(first: Reply, later: Reply) -> Reply:
    """One reply for a turn and the turn that reported its action: all messages, the later state."""
    messages = first.messages + later.messages
    return Reply(messages, later.session, first.risk or later.risk, first.duplicate, later.expects)


def stored_reply(turns: Sequence[StoredTurn], without: Collection[int] = ()) -> Reply:
    """What the first delivery was answered: the turn's reply with those of the turns that it caused.

    ``without`` the messages of these turns.
    """
    replies = [decode(Reply, turn.reply_json) for turn in turns]
    reply = replies[0]
    for turn, later in zip(turns[1:], replies[1:], strict=True):
        reply = joined(reply, replace(later, messages=()) if turn.number in without else later)
    return replace(reply, duplicate=True)
