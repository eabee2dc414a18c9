"""Whether what stands in a database is whole turns and nothing else: every table held against the journal.

The journal is what the keyed hash covers, and replaying it gives all that each turn led to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fsm_engine.core.flows import Flows
from fsm_engine.engine.journal import replay
from fsm_engine.errors import SessionCorrupted
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.turn import Outcome, Turn, TurnKind
from fsm_engine.storage import sql
from fsm_engine.storage.records import StoredTurn
from fsm_engine.storage.row_seals import session_of, sound_turn
from fsm_engine.storage.seal import Seal

Row = tuple[Any, ...]


@dataclass(slots=True)
class _Expected:
    """What the tables must hold of one session."""

    messages: list[Row] = field(default_factory=list)
    answers: dict[tuple[str, str], Row] = field(default_factory=dict)
    detections: list[Row] = field(default_factory=list)
    heard: list[Row] = field(default_factory=list)
    asked_for: dict[str, str] = field(default_factory=dict)


def halves_in(path: Path, flows: Flows) -> list[str]:
    """What is wrong with the database, a line for each finding; empty when all is whole."""
    with closing(sqlite3.connect(path)) as connection:
        found = [f"integrity: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
        found += _counts(connection)
        for key, session_id in connection.execute("SELECT key, id FROM sessions").fetchall():
            found += [f"session {session_id}: {what}" for what in _session(connection, key, session_id, flows)]
    return found


def requests_in(path: Path) -> dict[str, list[str]]:
    """The request ids of every conversation's journal, in order."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT c.id, t.request_id FROM conversations AS c JOIN turns AS t ON t.conversation = c.key"
            " WHERE t.request_id IS NOT NULL ORDER BY t.session, t.number"
        ).fetchall()
    found: dict[str, list[str]] = {}
    for conversation, request in rows:
        found.setdefault(conversation, []).append(request)
    return found


def _counts(connection: sqlite3.Connection) -> Iterator[str]:
    rows = connection.execute(
        "SELECT c.id, c.version, (SELECT count(*) FROM turns WHERE conversation = c.key),"
        " (SELECT sum(turn) FROM sessions WHERE conversation = c.key), c.message_count,"
        " (SELECT count(*) FROM messages WHERE conversation = c.key),"
        " c.last_message, (SELECT max(number) FROM messages WHERE conversation = c.key) FROM conversations AS c"
    )
    for conversation, version, lines, turns, counted, messages, last, highest in rows:
        if not version == lines == turns:
            yield f"conversation {conversation}: version {version}, {lines} journal lines, sessions at turn {turns}"
        if not counted == messages == last == highest:
            yield f"conversation {conversation}: {messages} messages to {highest}, counted {counted}, last {last}"


def _session(connection: sqlite3.Connection, key: int, session_id: str, flows: Flows) -> Iterator[str]:
    (row,) = connection.execute(sql.SESSION, (session_id, None)).fetchall()
    found = session_of(row, Seal())
    if found.is_damaged:
        yield "its row does not match its hash"
        return
    try:
        journal = [sound_turn(row[1:], Seal()) for row in connection.execute(sql.JOURNAL, (session_id, None))]
    except SessionCorrupted as error:
        yield str(error)
        return
    if [line.number for line in journal] != list(range(1, found.turn + 1)):
        yield f"at turn {found.turn} with {len(journal)} journal lines"
        return
    outcomes = list(replay(flows, journal))
    if encode(outcomes[-1].state).decode() != found.state_json or outcomes[-1].state.turn != found.turn:
        yield "its state is not what its journal leads to"
    yield from _differences(connection, key, _expected(journal, outcomes))


def _expected(journal: Sequence[StoredTurn], outcomes: Sequence[Outcome]) -> _Expected:
    expected = _Expected()
    for line, outcome in zip(journal, outcomes, strict=True):
        event = decode(Turn, line.event_json)
        if event.kind is TurnKind.TEXT:
            expected.messages.append((line.number, "user", event.text))
            expected.heard.append((line.number, event.text))
        expected.messages += [(line.number, "assistant", message.text) for message in outcome.messages]
        expected.detections += [(line.number, one.category, one.phrase) for one in outcome.findings]
        for answer in outcome.answers:
            expected.answers.pop((answer.flow, answer.step), None)
            if not answer.is_removed:
                value = encode(answer.value).decode()
                expected.answers[answer.flow, answer.step] = (answer.flow, answer.step, value, answer.raw)
        if event.result is not None:
            running = next(key for key, status in expected.asked_for.items() if status == "pending")
            expected.asked_for[running] = "success" if event.result.ok else "failure"
        if outcome.action is not None:
            expected.asked_for[outcome.action.key] = "pending"
    return expected


def _differences(connection: sqlite3.Connection, key: int, expected: _Expected) -> Iterator[str]:
    tables: dict[str, tuple[str, Sequence[Row]]] = {
        "messages": ("SELECT turn, role, content FROM messages WHERE session = ? ORDER BY number", expected.messages),
        "user_responses": (
            "SELECT flow, step, response, raw_text FROM user_responses WHERE session = ? ORDER BY flow, step",
            sorted(expected.answers.values()),
        ),
        "risk_detections": (
            "SELECT turn, category, trigger_phrase FROM risk_detections WHERE session = ? ORDER BY id",
            expected.detections,
        ),
        "intent_classifications": (
            "SELECT turn, user_message FROM intent_classifications WHERE session = ? ORDER BY turn",
            expected.heard,
        ),
        "audit_log": (
            "SELECT idempotency_key, status FROM audit_log WHERE session = ? ORDER BY id",
            list(expected.asked_for.items()),
        ),
    }
    for table, (statement, rows) in tables.items():
        stored = connection.execute(statement, (key,)).fetchall()
        if stored != list(rows):
            yield f"{table} hold {len(stored)} rows that are not the {len(rows)} of the journal"
