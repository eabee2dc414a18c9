"""What stands in the file, read past the engine through a connection of its own that only reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

_NEW_TURNS: Final = """
SELECT t.rowid, t.session, t.number, t.conversation, t.request_id, t.event_json, t.reply_json, t.row_hash, t.caused_by,
  s.id, s.turn, s.state_json, s.state_hash, s.status, c.id, t.fingerprint, t.flow_hash, t.created_at
FROM turns AS t JOIN sessions AS s ON s.key = t.session JOIN conversations AS c ON c.key = t.conversation
WHERE t.rowid > ?1 ORDER BY t.rowid
"""
_NEW_MESSAGES: Final = """
SELECT id, conversation, number, session, turn, role, content, request_id FROM messages WHERE id > ?1 ORDER BY id
"""
_DETECTIONS: Final = """
SELECT severity, category, trigger_phrase, detector, span_start, span_end, coalesce(read_as, '') FROM risk_detections
WHERE session = ?1 AND turn = ?2 ORDER BY id
"""
_CONVERSATION: Final = """
SELECT id, version, message_count, last_message,
  (SELECT count(*) FROM turns WHERE conversation = c.key), (SELECT count(*) FROM messages WHERE conversation = c.key),
  (SELECT count(*) FROM sessions WHERE conversation = c.key AND status = 'active')
FROM conversations AS c WHERE key = ?1
"""
_AUDIT: Final = (
    "SELECT idempotency_key, action, status, error_message, turn, repeats, undoes FROM audit_log ORDER BY id"
)
_AUDIT_STATUS: Final = "SELECT status FROM audit_log WHERE idempotency_key = ?1"
_ALL_TURNS: Final = "SELECT rowid, session, number, request_id, event_json, reply_json FROM turns ORDER BY rowid"
_TOTALS: Final = "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM risk_detections)"
_SESSIONS: Final = "SELECT id FROM sessions ORDER BY key"


# Turns that came by themselves and stand in no outbox, or entries of it that no such turn made, nor one of an action.
_UNMATCHED: Final = """
SELECT t.session || ':' || t.number FROM turns AS t
LEFT JOIN deliveries AS d ON d.session = t.session AND d.turn = t.number AND d.kind = 'messages'
WHERE (t.event_json ->> '$.kind' IN ('timer', 'nudge')) AND (d.key IS NULL) <> (t.reply_json ->> '$.messages' = '[]')
   OR d.key IS NOT NULL AND t.event_json ->> '$.kind' NOT IN ('timer', 'nudge', 'action_result')
"""
_STATES: Final = "SELECT key, id, state_json FROM sessions ORDER BY key"
_PENDING: Final = "SELECT session, name, due_at FROM timers WHERE status = 'pending'"


class TurnRecord(NamedTuple):
    """A line of the journal with its session and conversation as they are now."""

    rowid: int
    session_key: int
    number: int
    conversation_key: int
    request_id: str | None
    event_json: str
    reply_json: str
    row_hash: bytes
    caused_by: int | None
    session_id: str
    session_turn: int
    state_json: str
    state_hash: bytes
    status: str
    conversation_id: str
    fingerprint: str | None
    flow_hash: str
    created_at: str


class MessageRecord(NamedTuple):
    id: int
    conversation_key: int
    number: int
    session_key: int
    turn: int
    role: str
    content: str
    request_id: str | None


class ConversationRecord(NamedTuple):
    """``turns``, ``messages`` and ``active`` (sessions) are counted in their tables, the others are columns."""

    id: str
    version: int
    message_count: int
    last_message: int
    turns: int
    messages: int
    active: int


class AuditRecord(NamedTuple):
    key: str
    action: str
    status: str
    error: str | None
    turn: int | None
    repeats: str | None
    undoes: str | None


@dataclass(frozen=True, slots=True)
class Records:
    """Opened while the file exists; sees all that is committed, and nothing else."""

    connection: sqlite3.Connection

    @classmethod
    def open(cls, path: Path) -> Records:
        return cls(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=0))

    def new_turns(self, after: int) -> list[TurnRecord]:
        return [TurnRecord(*row) for row in self._rows(_NEW_TURNS, after)]

    def new_messages(self, after: int) -> list[MessageRecord]:
        return [MessageRecord(*row) for row in self._rows(_NEW_MESSAGES, after)]

    def detections(self, session_key: int, turn: int) -> list[tuple[str, str, str, str, int | None, int | None, str]]:
        return self._rows(_DETECTIONS, session_key, turn)

    def conversation(self, key: int) -> ConversationRecord:
        return ConversationRecord(*self._rows(_CONVERSATION, key)[0])

    def audit(self) -> list[AuditRecord]:
        return [AuditRecord(*row) for row in self._rows(_AUDIT)]

    def audit_status(self, key: str) -> str | None:
        rows = self._rows(_AUDIT_STATUS, key)
        return rows[0][0] if rows else None

    def all_turns(self) -> list[tuple[Any, ...]]:
        return self._rows(_ALL_TURNS)

    def session_ids(self) -> Sequence[str]:
        return [row[0] for row in self._rows(_SESSIONS)]

    def totals(self) -> tuple[int, int]:
        """How many sessions and risk detections there are."""
        sessions, detections = self._rows(_TOTALS)[0]
        return sessions, detections

    def unmatched(self) -> list[str]:
        """Turns that the outbox does not hold as it should."""
        return [row[0] for row in self._rows(_UNMATCHED)]

    def timers(self) -> list[tuple[str, str, set[tuple[str, str]]]]:
        """For each session its id, its state, and its pending timers by name with when they are due."""
        pending: dict[int, set[tuple[str, str]]] = {}
        for key, name, due_at in self._rows(_PENDING):
            pending.setdefault(key, set()).add((name, due_at))
        return [(id_, state, pending.get(key, set())) for key, id_, state in self._rows(_STATES)]

    def close(self) -> None:
        self.connection.close()

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, values).fetchall()
