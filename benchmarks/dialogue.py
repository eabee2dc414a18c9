"""One ordinary conversation with `create_account`, and the rows that the engine writes for it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fsm_engine import ActionCall, Actions, Engine, Flows, load_flows
from fsm_engine.engine.checkpoint import TurnTaken, rows_of
from fsm_engine.engine.held import Held
from fsm_engine.engine.journal import replay
from fsm_engine.engine.replies import reply_of
from fsm_engine.engine.requests import text_request
from fsm_engine.model.codec import decode
from fsm_engine.model.session import SessionState
from fsm_engine.model.turn import Turn
from fsm_engine.storage.records import StoredTurn
from fsm_engine.storage.turn_rows import AuditRow, TurnToCommit

FLOWS = Path(__file__).parent.parent / "flows"
TEXTS = (
    "I want to open an account",
    "My name is Ahmed Ali",
    "ahmed@example.com",
    "skip",
    "savings please",
    "$50",
    "yes",
)
"""Seven messages; the last one runs an action, whose result is an eighth turn."""
TURNS_PER_DIALOGUE = len(TEXTS) + 1
_FIRST = ("Ahmed", "Ana", "Ben", "Chloe", "Dmitri", "Emeka", "Farah", "Grace")
_LAST = ("Ali", "Brown", "Costa", "Diaz", "Evans", "Fofana", "Garcia", "Hall", "Ito")


def texts_of(number: int) -> tuple[str, ...]:
    """The dialogue as the person of that number holds it, with a name, an address and an amount of their own."""
    first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
    own = {1: f"My name is {first} {last}", 2: f"{first.lower()}.{number}@example.com", 5: f"${50 + number % 500}"}
    return tuple(own.get(place, text) for place, text in enumerate(TEXTS))


def bank() -> Actions:
    """The actions that the flow calls, answering at once."""
    actions = Actions()

    @actions.action("accounts.email_is_free", idempotent=True)
    async def email_is_free(call: ActionCall) -> bool:
        return True

    @actions.action("accounts.create", undo="accounts.close", idempotent=True)
    async def create(call: ActionCall) -> dict[str, str]:
        return {"account_number": "12345"}

    @actions.action("accounts.close", idempotent=True)
    async def close(call: ActionCall) -> dict[str, str]:
        return {}

    return actions


async def converse(engine: Engine, conversation_id: str, round_number: int = 0) -> None:
    """The whole dialogue once, every message with a delivery id of its own."""
    for number, text in enumerate(TEXTS):
        await engine.turn(conversation_id, text, request_id=f"{round_number}-{number}")


async def recorded_turns() -> list[TurnToCommit]:
    """What the engine writes for one dialogue: run it, read the journal back, and make the same rows again from it."""
    flows = load_flows(FLOWS)
    with tempfile.TemporaryDirectory() as folder:
        async with Engine.open(f"sqlite:///{folder}/recorded.db", flows=flows, actions=bank()) as engine:
            await converse(engine, "recorded")
            session = await engine.session("recorded")
            journal = await engine.store.sessions.journal(session.id)
            (audit,) = await engine.store.audit.of_session(session.id)
            transaction = await engine.store.transactions.get(audit.key)
    assert transaction is not None
    done = AuditRow(
        audit.key,
        audit.intent,
        audit.action,
        audit.status,
        audit.input_json,
        audit.output_json,
        fence=1,
        effect=transaction.status,
        rollback_json=transaction.rollback_json,
        cache_key=f"{audit.key} again",
        cache_until=audit.updated_at,
    )
    return _rows(flows, journal, done)


def _rows(flows: Flows, journal: Sequence[StoredTurn], done: AuditRow) -> list[TurnToCommit]:
    rows = []
    before = SessionState(journal[0].session_id)
    for number, (stored, outcome) in enumerate(zip(journal, replay(flows, journal), strict=True)):
        turn = decode(Turn, stored.event_json)
        request = text_request(
            "recorded",
            turn.text,
            message_limit=1000,
            request_id=stored.request_id,
            user_id=None,
            locale=None,
            intent=None,
            entities=None,
            metadata=None,
        )
        held = Held("recorded", None, number, None, None, before if number else None, None)
        is_result = stored.caused_by is not None
        taken = TurnTaken(
            request=None if is_result else request,
            held=held,
            before=before,
            turn=turn,
            outcome=outcome,
            reply=reply_of(outcome, "recorded"),
            caused_by=stored.caused_by,
            owner="owner",
            audit=(done,) if is_result else (),
        )
        rows.append(rows_of(taken, flows))
        before = outcome.state
    return rows


def copies(turns: Sequence[TurnToCommit], conversations: int) -> list[TurnToCommit]:
    """The same dialogue for many conversations, turn by turn, as many people talking at once give them."""
    return [_copy(turn, number) for turn in turns for number in range(conversations)]


def _copy(turn: TurnToCommit, number: int) -> TurnToCommit:
    old, new = turn.session_id, f"{turn.session_id[:-12]}{number:012d}"
    return turn._replace(
        conversation_id=f"c{number}",
        session_id=new,
        state_json=turn.state_json.replace(old, new),
        event_json=turn.event_json.replace(old, new),
        reply_json=turn.reply_json.replace(old, new),
        audit=tuple(_copied(row, number) for row in turn.audit),
    )


def _copied(row: AuditRow, number: int) -> AuditRow:
    cache_key = None if row.cache_key is None else f"{row.cache_key}{number}"
    return replace(row, key=f"{row.key}{number}", cache_key=cache_key)
