"""A turn that writes into every table that a turn can write into."""

from __future__ import annotations

from typing import Any

from fsm_engine.storage.turn_rows import AnswerRow, AuditRow, ClassificationRow, DetectionRow, TurnToCommit
from tests.turns import turn


def full_turn(number: int, conversation: str = "chat", **changes: Any) -> TurnToCommit:
    rows: dict[str, Any] = {
        "user_id": f"user of {conversation}",
        "answers": (AnswerRow("create_account", "name", "name", '"x"', "x", 1),),
        "detections": (DetectionRow("low", "mood", "sad", "words", "1", "sad", False),),
        "classification": ClassificationRow("x", "create_account", 1.0, "ml", None),
        "audit": (AuditRow(f"key {number} of {conversation}", "create_account", "accounts.create", "pending", "{}"),),
    }
    return turn(number, conversation, **(rows | changes))
