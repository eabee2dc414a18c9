"""Reading an answer by its type: with a reader that ships, or by asking a registered one in the middle of the turn."""

from __future__ import annotations

from hashlib import blake2b

from fsm_engine.core.draft import Draft, NeedsCall
from fsm_engine.model.slot import DoesNotFit, Fits, Reading, SeveralFit, SlotType
from fsm_engine.model.turn import TYPE_CALL, ActionResult, CallRequest
from fsm_engine.understanding import readers
from fsm_engine.understanding.readers import reasons
from fsm_engine.understanding.readers.wording import visible

UNREAD = "unread"
"""Why an answer does not fit that a registered reader failed on, or found nothing in."""


def read_words(draft: Draft, text: str, slot_type: SlotType) -> Reading:
    """What the words say as a value of the type.

    Raises:
        NeedsCall: the type is a registered one, and its reader has not answered yet.
    """
    if slot_type.kind in readers.KINDS:
        return readers.read(text, slot_type, draft.reading_context())
    if not visible(text):
        return DoesNotFit(reasons.EMPTY)
    key = f"{slot_type.kind}:{blake2b(text.encode(), digest_size=8).hexdigest()}"
    result = draft.turn.call_results.get(key)
    if result is None:
        raise NeedsCall(_request(draft, key, text, slot_type))
    return _reading(result)


def _request(draft: Draft, key: str, text: str, slot_type: SlotType) -> CallRequest:
    context = draft.reading_context()
    slots = {
        "text": text,
        "language": context.language,
        "region": context.region,
        "timezone": context.timezone,
        "now": context.now.isoformat(),
    }
    return CallRequest(key, f"{TYPE_CALL}{slot_type.kind}", slots)


def _reading(result: ActionResult) -> Reading:
    """What a reader answered; anything but a value, candidates or a reason does not fit."""
    said = result.value if result.ok and isinstance(result.value, dict) else {}
    candidates = said.get("candidates")
    if isinstance(candidates, list) and len(candidates) > 1:
        return SeveralFit(tuple(candidates))
    value = candidates[0] if isinstance(candidates, list) and candidates else said.get("value")
    if value is not None:
        return Fits(value, certain=said.get("certain") is not False)
    return DoesNotFit(str(said.get("reason") or UNREAD))
