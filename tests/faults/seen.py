"""What workers said that they saw, and what stands in the files in the end, as the history checker takes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from fsm_engine.testing.history import FinalState, Operation, Outcome
from tests.faults.bank import Bank

Call = Mapping[str, str]
"""One call of an order: ``client``, ``conversation``, ``request_id`` and what is said; see `work` in `programs`."""


def operations(sent: Iterable[Call], answers: Iterable[Mapping[str, Any]]) -> list[Operation]:
    """The answered calls, and each call that was sent and never answered as one whose outcome nobody knows."""
    seen = [_operation(answer) for answer in answers]
    answered = {(one.client, one.request_id) for one in seen}
    silent = (call for call in sent if (call["client"], call.get("request_id")) not in answered)
    lost = [Operation(call["client"], call.get("request_id"), 0, None, Outcome.UNKNOWN) for call in silent]
    return [*seen, *lost]


def _operation(answer: Mapping[str, Any]) -> Operation:
    log = answer.get("log")
    return Operation(
        client=answer["client"],
        request_id=answer.get("request_id"),
        started=answer["started"],
        ended=answer["ended"],
        outcome=Outcome(answer["outcome"]),
        version=answer.get("version"),
        reply=answer.get("reply"),
        log=None if log is None else tuple(log),
        is_repeat=answer.get("is_repeat", False),
    )


def rows(folder: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Read past the engine."""
    with closing(sqlite3.connect(folder / "bot.db")) as connection:
        return connection.execute(statement, values).fetchall()


def final_state(folder: Path, conversation: str, bank: Bank | None = None) -> FinalState:
    """The journal and version of a conversation, with its audited actions and what the bank did for it."""
    ((key, version),) = rows(folder, "SELECT key, version FROM conversations WHERE id = ?", conversation)
    log = rows(folder, "SELECT request_id FROM turns WHERE conversation = ? ORDER BY session, number", key)
    audited = rows(
        folder,
        "SELECT idempotency_key FROM audit_log WHERE status = 'success'"
        " AND session IN (SELECT key FROM sessions WHERE conversation = ?)",
        key,
    )
    return FinalState(
        log=tuple(request_id for (request_id,) in log),
        version=version,
        effects=tuple(bank.effects(conversation)) if bank else (),
        audited=tuple(key for (key,) in audited),
    )


HALF_TURNS = """
WITH
  t AS (SELECT conversation, count(*) AS turns, count(request_id) AS of_users FROM turns GROUP BY conversation),
  m AS (SELECT conversation, count(*) AS said, sum(role = 'user') AS of_users FROM messages GROUP BY conversation),
  s AS (SELECT conversation, sum(turn) AS turns FROM sessions GROUP BY conversation)
SELECT c.id, c.version, t.turns, s.turns, c.message_count, m.said, t.of_users, m.of_users
FROM conversations AS c
LEFT JOIN t ON t.conversation = c.key LEFT JOIN m ON m.conversation = c.key LEFT JOIN s ON s.conversation = c.key
WHERE (c.version, c.version, c.message_count, t.of_users) IS NOT (t.turns, s.turns, m.said, m.of_users)
"""
"""Conversations whose version, turns, sessions and messages do not agree; a request is one message of a user's."""
