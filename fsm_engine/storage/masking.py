"""What people read of an action's input: private slots that were sent are masked, and nothing else is changed."""

from __future__ import annotations

from dataclasses import replace

import orjson

from fsm_engine.storage.records import StoredAudit

MASK = "***"


def masked(row: StoredAudit) -> StoredAudit:
    """The same action, with the values of private slots hidden; all of them where it cannot be told which are."""
    if row.private is None:
        return row
    try:
        slots, private = orjson.loads(row.input_json), set(orjson.loads(row.private))
        shown = {slot: MASK if slot in private else value for slot, value in slots.items()}
    except (orjson.JSONDecodeError, TypeError, AttributeError):
        return replace(row, input_json="{}")
    return replace(row, input_json=orjson.dumps(shown).decode())
