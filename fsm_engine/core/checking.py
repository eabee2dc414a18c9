"""An answer that fits its type is held against the author's checks, registered functions among them."""

from __future__ import annotations

from fsm_engine.core.compile import Node
from fsm_engine.core.draft import Draft, NeedsCall
from fsm_engine.core.formats import format_value
from fsm_engine.core.texts import CompiledText
from fsm_engine.model.flow import Ask
from fsm_engine.model.slot import Json
from fsm_engine.model.turn import ActionResult, CallRequest


def first_refusal(draft: Draft, node: Node, value: Json) -> CompiledText | None:
    """What the first check that refuses the value says; a check that cannot be asked refuses too, and says so.

    Raises:
        NeedsCall: a check asks a registered function that has not answered yet.
    """
    if not node.checks:
        return None
    step = node.step
    assert isinstance(step, Ask)
    scope = draft.scope({step.slot: value})
    for number, check in enumerate(node.checks):
        if check.must is not None and not check.must.is_true(scope):
            return check.error
        if check.check.call is None:
            continue
        result = _ask_outside(draft, step, number, check.check.call.text, value)
        if not result.ok:
            return draft.flows.saying("check_unavailable")
        if result.value is not True:
            return check.error
    return None


def _ask_outside(draft: Draft, step: Ask, number: int, action: str, value: Json) -> ActionResult:
    key = f"{step.name}:{number}:{format_value(value, 'en')}"
    result = draft.turn.call_results.get(key)
    if result is None:
        slots: dict[str, Json] = {}
        for layer in reversed(draft.scope({step.slot: value}).layers):
            slots.update(layer)
        raise NeedsCall(CallRequest(key, action, slots))
    return result
