"""`fsm-engine sessions`: what is stored of conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from fsm_engine.cli.exits import Refused
from fsm_engine.cli.places import must_exist
from fsm_engine.cli.screen import print_json, print_table
from fsm_engine.model.session import Status

if TYPE_CHECKING:
    from fsm_engine.storage.records import StoredAnswer, StoredAudit, StoredDetection, StoredMessage, StoredSession
    from fsm_engine.storage.store import Store

_MOST_MESSAGES = 10_000
_STATUSES = tuple(status.value for status in Status)


def list_stored(database: str, *, user: str | None, status: str | None, limit: int, as_json: bool) -> None:
    """Prints sessions, newest first.

    Raises:
        Refused: there is no such database or status.
    """
    if status is not None and status not in _STATUSES:
        raise Refused(f"--status {status}: is not known. Choose one of {', '.join(_STATUSES)}.")
    must_exist(database)
    found = asyncio.run(_listed(database, user=user, status=status, limit=limit))
    if as_json:
        print_json([_summary(session) for session in found])
        return
    columns = ("session", "conversation", "user", "status", "flow", "step", "turn", "last activity")
    rows = [
        (one.id, one.conversation_id, one.user_id, _status(one), one.flow, one.step, one.turn, one.last_activity[:19])
        for one in found
    ]
    print_table("sessions", columns, rows)


async def _listed(database: str, *, user: str | None, status: str | None, limit: int) -> list[StoredSession]:
    from fsm_engine.storage import open_store

    store = await open_store(database)
    try:
        if user is not None:
            return await store.sessions.of_user(user, status=status, limit=limit)
        found: list[StoredSession] = []
        for wanted in (status,) if status else _STATUSES:
            found += await store.sessions.with_status(wanted, limit=limit)
        return sorted(found, key=lambda session: session.key, reverse=True)[:limit]
    finally:
        await store.close()


def _status(session: StoredSession) -> str:
    return "damaged" if session.is_damaged else session.status


def _summary(session: StoredSession) -> dict[str, Any]:
    summary = asdict(session)
    del summary["state_json"], summary["key"]
    return summary


@dataclass(frozen=True, slots=True)
class _Whole:
    session: StoredSession
    answers: Sequence[StoredAnswer]
    messages: Sequence[StoredMessage]
    detections: Sequence[StoredDetection]
    audit: Sequence[StoredAudit]


def show_stored(database: str, session_id: str, *, as_json: bool) -> None:
    """Prints all that is stored of one session.

    Raises:
        Refused: there is no such database, session or conversation.
        SessionCorrupted: the session's state is damaged.
    """
    must_exist(database)
    whole = asyncio.run(_read(database, session_id))
    if as_json:
        print_json(_as_json(whole))
    else:
        _print_tables(whole)


async def _read(database: str, session_id: str) -> _Whole:
    from fsm_engine.storage import open_store
    from fsm_engine.storage.masking import masked

    store = await open_store(database)
    try:
        session = await store.sessions.get(session_id) or await _latest(store, session_id)
        messages = await store.messages.last(session.conversation_id, limit=_MOST_MESSAGES)
        return _Whole(
            session,
            await store.responses.of_session(session.id),
            [message for message in messages if message.session_id == session.id],
            await store.risk.of_session(session.id),
            [masked(one) for one in await store.audit.of_session(session.id)],
        )
    finally:
        await store.close()


async def _latest(store: Store, conversation_id: str) -> StoredSession:
    loaded = await store.load(conversation_id, None)
    if loaded is None or loaded.session is None:
        raise Refused(
            f"sessions: there is no session or conversation '{conversation_id}'. See: fsm-engine sessions list"
        )
    return loaded.session


def _print_tables(whole: _Whole) -> None:
    session = whole.session
    facts = {key: value for key, value in _summary(session).items() if value is not None and key != "is_damaged"}
    print_table("session", ("what", "value"), list(facts.items()))
    answers = [(one.flow, one.step, one.response_json, one.raw, one.attempts) for one in whole.answers]
    print_table("answers", ("flow", "step", "value", "in the user's words", "attempts"), answers)
    messages = [(one.number, one.role, one.content, one.created_at[:19]) for one in whole.messages]
    print_table("messages", ("no", "role", "text", "at"), messages)
    if whole.detections:
        detections = [(one.turn, one.level, one.category, one.phrase, one.detector) for one in whole.detections]
        print_table("risk detections", ("turn", "level", "category", "phrase", "detector"), detections)
    if whole.audit:
        audit = [(one.turn, one.action, one.status, one.output_json, one.error) for one in whole.audit]
        print_table("actions", ("turn", "action", "status", "result", "error"), audit)


def _as_json(whole: _Whole) -> dict[str, Any]:
    import orjson

    return {
        **_summary(whole.session),
        "state": orjson.loads(whole.session.state_json),
        "answers": [
            {
                "flow": one.flow,
                "step": one.step,
                "slot": one.slot,
                "value": orjson.loads(one.response_json),
                "raw": one.raw,
                "attempts": one.attempts,
                "updated_at": one.updated_at,
            }
            for one in whole.answers
        ],
        "messages": [
            {"number": one.number, "role": one.role, "text": one.content, "at": one.created_at}
            for one in whole.messages
        ],
        "risk_detections": [asdict(one) for one in whole.detections],
        "actions": [asdict(one) for one in whole.audit],
    }
