"""Turns to commit, for tests of stores and of what stands on them."""

from __future__ import annotations

from typing import Any

from fsm_engine.storage.turn_rows import MessageRow, TurnToCommit


def at(second: float) -> str:
    """A stored time, ``second`` seconds after the tests' noon."""
    minutes, seconds = divmod(second, 60)
    return f"2026-01-31T12:{int(minutes):02d}:{seconds:09.6f}Z"


def turn(number: int = 1, conversation: str = "chat", **changes: Any) -> TurnToCommit:
    """Turn ``number`` of a conversation's only session, with one message of each side."""
    plain = TurnToCommit(
        conversation_id=conversation,
        base_version=number - 1,
        session_id=f"session of {conversation}",
        turn=number,
        state_json=f'{{"turn":{number}}}',
        status="active",
        flow="create_account",
        step="email",
        intent="create_account",
        now=at(number),
        expires_at=at(number + 1800),
        request_id=f"request {number}",
        fingerprint=f"content {number}",
        event_json=f'{{"text":"message {number}"}}',
        reply_json=f'{{"messages":["reply {number}"]}}',
        flow_hash="hash of the flow",
        messages=(
            MessageRow("user", f"message {number}", '{"source":"test"}'),
            MessageRow("assistant", f"reply {number}", "{}"),
        ),
    )
    return plain._replace(**changes)
