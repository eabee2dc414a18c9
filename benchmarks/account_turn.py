"""The rows of one ordinary turn of `create_account`: an answer was read, the next question is asked."""

from __future__ import annotations

import orjson

from fsm_engine.storage.turn_rows import AnswerRow, ClassificationRow, MessageRow, TurnToCommit

HEARD = "My name is Ahmed Ali and I would like a savings account"
SAID = "Which e-mail address should we use, Ahmed Ali? We use it only to confirm the account."
SLOTS = {"name": "Ahmed Ali", "account_type": "savings"}
FLOW_HASH = "5f0c1b7e9a4d4c55b8f0d7f1c3a2e6b4"


def account_turn(conversation: int, turn: int) -> TurnToCommit:
    """Turn ``turn``, from 1, of conversation ``conversation``: about 3 KB in eight rows."""
    now = f"2026-01-31T{turn // 3600 % 24:02d}:{turn // 60 % 60:02d}:{turn % 60:02d}.{conversation:06d}Z"
    return TurnToCommit(
        conversation_id=f"telegram:{conversation}",
        base_version=turn - 1,
        session_id=f"{conversation:08d}-3f6e-4f4e-9f0a-52c1d7a90b11",
        turn=turn,
        state_json=_state(conversation, turn),
        status="active",
        flow="create_account",
        step="email",
        intent="create_account",
        now=now,
        expires_at="2026-01-31T23:59:59.000000Z",
        request_id=f"tg-{turn}",
        fingerprint="9b1f0c5e2d7a48e6",
        event_json=_event(now),
        reply_json=_reply(turn),
        flow_hash=FLOW_HASH,
        messages=(
            MessageRow("user", HEARD, '{"source":"telegram"}'),
            MessageRow("assistant", SAID, '{"step":"email"}'),
        ),
        answers=(AnswerRow("create_account", "name", "name", '"Ahmed Ali"', HEARD, 1),),
        classification=ClassificationRow(HEARD, "create_account", 0.93, "rule_based", "name"),
    )


def _event(now: str) -> str:
    return _json(
        {
            "kind": "text",
            "now": now,
            "text": HEARD,
            "language": "en",
            "timezone": "America/New_York",
            "region": "US",
            "intents": [{"name": "create_account", "confidence": 0.93, "method": "rule_based"}],
            "entities": SLOTS,
            "risk": [],
        }
    )


def _reply(turn: int) -> str:
    return _json(
        {
            "messages": [{"text": SAID, "options": [], "media": []}],
            "session": {"flow": "create_account", "step": "email", "status": "active", "turn": turn, "slots": SLOTS},
            "expects": {"kind": "email", "slot": "email", "options": [], "is_optional": False},
        }
    )


def _state(conversation: int, turn: int) -> str:
    frame = {
        "flow": "create_account",
        "version": 1,
        "source_hash": FLOW_HASH,
        "step": "email",
        "slots": SLOTS,
        "skipped": [],
        "trail": ["name", "account_type"],
        "visits": {"intro": 1, "name": 1, "email": 1, "account_type": 1},
        "attempts": 0,
        "is_digression": False,
    }
    return _json(
        {
            "session_id": f"{conversation:08d}-3f6e-4f4e-9f0a-52c1d7a90b11",
            "status": "active",
            "turn": turn,
            "language": "en",
            "frames": [frame],
            "pending": None,
            "action": None,
            "misses": 0,
            "risk_counts": {},
            "visits": {},
        }
    )


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
