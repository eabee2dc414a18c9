"""All that an engine and its store give out about some conversations, and how far damage changed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeAlias

from fsm_engine.engine.engine import Engine
from fsm_engine.errors import FsmEngineError, NotFound
from fsm_engine.storage.records import (
    StoredAnswer,
    StoredAudit,
    StoredConversation,
    StoredDetection,
    StoredMessage,
    StoredSession,
)

Given: TypeAlias = tuple[Any, ...] | FsmEngineError
"""What one call gave: rows or values, or its error."""
ALL = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """Ids to ask by: the requests of each conversation, the sessions and the users there are."""

    requests: Mapping[str, Sequence[str]]
    sessions: Sequence[str]
    users: Sequence[str]


async def served(engine: Engine, known: Known) -> dict[str, Given]:
    """What every look-up gives."""
    given: dict[str, Given] = {}
    for question, asked in _questions(engine, known).items():
        try:
            answer = await asked
        except FsmEngineError as error:
            given[question] = error
        else:
            answer = list(answer.items()) if isinstance(answer, dict) else answer
            given[question] = tuple(answer) if isinstance(answer, list) else (answer,)
    return given


def _questions(engine: Engine, known: Known) -> dict[str, Awaitable[Any]]:
    store = engine.store
    asked: dict[str, Awaitable[Any]] = {
        "conversations by status": store.conversations.with_status("active", limit=ALL),
        "sessions by status": store.sessions.with_status("active", limit=ALL),
        "sessions expired": store.sessions.list_expired("9999", limit=ALL),
        "audit by status": store.audit.with_status("success", limit=ALL),
        "risk since": store.risk.since("", limit=ALL),
    }
    for chat, requests in known.requests.items():
        asked[f"session {chat}"] = engine.session(chat)
        asked[f"history {chat}"] = engine.history(chat, limit=ALL)
        asked[f"conversation {chat}"] = store.conversations.get(chat)
        asked[f"roles {chat}"] = store.messages.count_by_role(chat)
        for request in requests:
            asked[f"outcome {chat} {request}"] = engine.outcome(chat, request)
    for session in known.sessions:
        asked[f"stored session {session}"] = store.sessions.get(session)
        asked[f"journal {session}"] = store.sessions.journal(session)
        asked[f"responses {session}"] = store.responses.of_session(session)
        asked[f"audit {session}"] = store.audit.of_session(session)
        asked[f"risk {session}"] = store.risk.of_session(session)
        asked[f"intents {session}"] = store.intents.of_session(session)
    for user in known.users:
        asked[f"conversations of {user}"] = store.conversations.of_user(user, limit=ALL)
        asked[f"sessions of {user}"] = store.sessions.of_user(user, limit=ALL)
        asked[f"audit of {user}"] = store.audit.of_user(user, limit=ALL)
    return asked


@dataclass(slots=True)
class Judged:
    """By kind of question: gave something ``wrong`` where a hash covers it, or only where none does (``uncovered``);
    did not give all of it (``missing``); told of damage (``refused``)."""

    wrong: Counter[str] = field(default_factory=Counter)
    uncovered: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def __iadd__(self, other: Judged) -> Judged:
        for mine, others in zip(self._counters(), other._counters(), strict=True):
            mine.update(others)
        self.examples += other.examples
        return self

    def _counters(self) -> tuple[Counter[str], ...]:
        return self.wrong, self.uncovered, self.missing, self.refused


def judged(truth: Mapping[str, Given], given: Mapping[str, Given]) -> Judged:
    """What was given held against what was written."""
    result = Judged()
    for question, answer in given.items():
        kind = question.split(" ")[0]
        expected = truth[question]
        assert not isinstance(expected, FsmEngineError), question
        if isinstance(answer, FsmEngineError):
            (result.missing if isinstance(answer, NotFound) else result.refused)[kind] += 1
            continue
        rows = [row for row in answer if row is not None and not getattr(row, "is_damaged", False)]
        if kind == "roles":  # a number of rows: too few of them are missing, not wrong
            rows = [role for role in rows if role[1] >= dict(expected).get(role[0], 0)]
        false = [row for row in rows if row not in expected]
        if false and (kind == "roles" or all(_differs_where_no_hash_is(row, expected) for row in false)):
            result.uncovered[kind] += 1
        elif false:
            result.wrong[kind] += 1
            result.examples.append(f"{question}: {false[0]}")
        elif len(rows) < len(expected):
            result.missing[kind] += 1
    return result


UNCOVERED: Mapping[type, frozenset[str]] = {
    StoredConversation: frozenset({one.name for one in fields(StoredConversation)} - {"id"}),
    StoredSession: frozenset({"key", "user_id", "created_at", "completed_at"}),
    StoredMessage: frozenset({"id", "number"}),
    StoredAnswer: frozenset({"created_at"}),
    StoredAudit: frozenset({"id", "output_json", "status", "error", "updated_at"}),
    StoredDetection: frozenset({"id", "message_id", "reviewed_at", "reviewed_by", "verdict"}),
}
"""What no hash covers, as ``fsm_engine.storage.row_seals`` and docs/reliability.md say."""


def _differs_where_no_hash_is(row: Any, expected: Sequence[Any]) -> bool:
    known = [covered(one) for one in expected]
    if isinstance(row, StoredMessage) and row.session_id is None:  # it reads as one whose session is deleted
        return any(covered(replace(row, session_id=one.session_id)) == covered(one) for one in expected)
    return covered(row) in known


def covered(row: Any) -> Any:
    """The row without the columns that no hash covers."""
    left_out = UNCOVERED.get(type(row))
    if left_out is None:
        return row
    return tuple(getattr(row, one.name) for one in fields(row) if one.name not in left_out)
