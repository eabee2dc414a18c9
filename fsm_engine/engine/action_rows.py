"""What the audit, the transactions and the cache of results say of an action: before it runs, and at its end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import orjson

from fsm_engine.engine.leases import lease_end
from fsm_engine.model.codec import encode
from fsm_engine.model.times import utc_text
from fsm_engine.model.turn import ActionRequest, ActionResult
from fsm_engine.storage.turn_rows import AuditRow


class KeptAs(NamedTuple):
    """Under which key, and for how long, the result of an action is given again."""

    key: str
    remember: timedelta


class Ended(NamedTuple):
    """How an action ended. ``repeats`` is the key of the action whose result was given again."""

    result: ActionResult
    repeats: str | None = None
    kept_as: KeptAs | None = None


def pending_row(request: ActionRequest, owner: str | None, now: datetime) -> AuditRow:
    """The intent to act, with the lease of who is about to."""
    return AuditRow(
        key=request.key,
        intent=request.flow,
        action=request.action,
        status="pending",
        input_json=encode(request.slots).decode(),
        private=encode(request.private).decode() if request.private else None,
        undoes=request.undoes,
        owner=owner,
        lease_until=lease_end(now) if owner is not None else None,
        fence=1 if owner is not None else None,
    )


def ended_row(request: ActionRequest, ended: Ended, fence: int, now: datetime) -> AuditRow:
    """How it ended, with what that means for its transaction. ``fence`` 0: nothing guards it."""
    result = ended.result
    kept_as = ended.kept_as if result.ok else None
    is_undo = request.undoes is not None
    return AuditRow(
        key=request.key,
        intent=request.flow,
        action=request.action,
        status=_status(request, result),
        input_json=encode(request.slots).decode(),
        output_json=encode(result.value).decode() if result.ok else None,
        error=result.error,
        undoes=request.undoes,
        fence=fence or None,
        repeats=ended.repeats,
        effect=None if is_undo or ended.repeats is not None else _effect(result),
        rollback_json=None if is_undo or not (result.ok or result.in_doubt) else _rollback(request, result),
        cache_key=None if kept_as is None else kept_as.key,
        cache_until=None if kept_as is None else utc_text(now + kept_as.remember),
        undone_as=None if not is_undo else "rolled_back" if result.ok else "stuck",
    )


def _status(request: ActionRequest, result: ActionResult) -> str:
    if result.ok:
        return "success"
    if request.undoes is not None:
        return "stuck"
    return "unknown" if result.in_doubt else "failure"


def _effect(result: ActionResult) -> str:
    """The transaction of an action whose effect is in doubt stays pending: a person ends it."""
    return "completed" if result.ok else "pending" if result.in_doubt else "failed"


def _rollback(request: ActionRequest, result: ActionResult) -> str:
    """Enough to undo it, also by hand."""
    undo = request.undo or result.undo
    facts = {"action": request.action, "key": request.key, "slots": dict(request.slots), "undo": undo}
    return orjson.dumps({**facts, "result": result.value}).decode()
