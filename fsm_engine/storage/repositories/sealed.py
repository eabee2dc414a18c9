"""Rows that carry a keyed hash: what is damaged is named, and never given out."""

from __future__ import annotations

from dataclasses import replace

from fsm_engine.errors import SessionCorrupted
from fsm_engine.storage.database import Row
from fsm_engine.storage.records import StoredSession, StoredTurn
from fsm_engine.storage.seal import Seal


def session_of(row: Row, seal: Seal) -> StoredSession:
    """The session of a row that ends with its hash; a damaged one is marked and shows no state."""
    *fields, state_hash = row
    session: StoredSession = StoredSession(*fields)
    if _is_text(session.state_json) and Seal.matches(
        state_hash, seal.of_state(session.id, session.turn, session.state_json)
    ):
        return session
    return replace(session, state_json="", is_damaged=True)


def sound_session(row: Row, seal: Seal) -> StoredSession:
    """The session of a row. Raises `SessionCorrupted` when it is damaged."""
    session = session_of(row, seal)
    if session.is_damaged:
        raise SessionCorrupted(
            f"session {session.id}: its stored state is damaged, or was written with another row key."
            " Replay its journal, restore a backup, or start a new session."
        )
    return session


def sound_turn(row: Row, seal: Seal) -> StoredTurn:
    """The journal line of a row that ends with its hash. Raises `SessionCorrupted` when it is damaged."""
    *fields, row_hash = row
    turn = StoredTurn(*fields)
    is_text = _is_text(turn.event_json) and _is_text(turn.reply_json)
    if is_text and Seal.matches(row_hash, seal.of_turn(turn.session_id, turn.number, turn.event_json, turn.reply_json)):
        return turn
    raise SessionCorrupted(
        f"session {turn.session_id}: line {turn.number} of its journal is damaged, or was written with another row key."
        " Restore a backup, or start a new session."
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)
