"""Types of a bot's own: their readers are asked as checks are, and what they read is kept with the turn."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from fsm_engine.actions.calling import call_function, log, plain_result
from fsm_engine.actions.registry import Actions
from fsm_engine.actions.running import ask_check
from fsm_engine.model.slot import DoesNotFit, Fits, ReadingContext, SeveralFit
from fsm_engine.model.turn import TYPE_CALL, ActionResult, CallRequest, SessionView

TYPE_TIME_LIMIT_S = 1.0
LONGEST_REASON = 40


async def ask_outside(actions: Actions, request: CallRequest, session: SessionView) -> ActionResult:
    """What a registered function says about an answer, or what a registered type reads in it. Never raises."""
    if request.action.startswith(TYPE_CALL):
        return await _ask_type(actions, request)
    return await ask_check(actions, request, session)


async def _ask_type(actions: Actions, request: CallRequest) -> ActionResult:
    """What the type's reader makes of the text, as `reading_of_result` takes it; ``ok=False`` where it fails."""
    name = request.action.removeprefix(TYPE_CALL)
    reader = actions.types.get(name)
    if reader is None:
        log.error("type '%s' is not registered. Register it with @registry.type.", name)
        return ActionResult(ok=False, error="unregistered")
    try:
        async with asyncio.timeout(TYPE_TIME_LIMIT_S):
            answer = await call_function(reader, str(request.slots["text"]), _context_of(request))
    except TimeoutError:
        log.warning("type '%s' took longer than %s s", name, TYPE_TIME_LIMIT_S)
        return ActionResult(ok=False, error="timeout")
    except Exception as error:  # noqa: BLE001 - whatever a registered function raises must not reach the user
        log.error("type '%s' raised %s", name, type(error).__name__)
        return ActionResult(ok=False, error="exception")
    return plain_result(name, _as_plain(answer))


def _context_of(request: CallRequest) -> ReadingContext:
    slots = request.slots
    region = slots["region"]
    return ReadingContext(
        language=str(slots["language"]),
        region=None if region is None else str(region),
        timezone=str(slots["timezone"]),
        now=datetime.fromisoformat(str(slots["now"])),
    )


def _as_plain(answer: Any) -> Any:
    if answer is None:
        return {"reason": ""}
    if isinstance(answer, DoesNotFit):
        return {"reason": str(answer.reason)[:LONGEST_REASON]}
    if isinstance(answer, SeveralFit):
        return {"candidates": list(answer.candidates)}
    if isinstance(answer, Fits):
        return {"value": answer.value, "certain": answer.certain is True}
    return {"value": answer, "certain": True}
