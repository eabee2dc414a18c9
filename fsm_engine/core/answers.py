"""What a user's words do to the open question: an answer, a re-ask, or the end of patience."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fsm_engine.core.compile import Node
from fsm_engine.core.draft import Draft, FrameDraft, NeedsCall
from fsm_engine.core.formats import format_value, join_words
from fsm_engine.core.questions import open_question, store_answer, take_back
from fsm_engine.core.texts import CompiledText
from fsm_engine.core.walk import go_on, leave_for
from fsm_engine.model.flow import Ask, Confirm, GiveUp, Repeat
from fsm_engine.model.session import Pending, Status
from fsm_engine.model.slot import DayBound, DoesNotFit, Fits, Json, Reading, SeveralFit, SlotType
from fsm_engine.model.turn import ActionResult, CallRequest
from fsm_engine.understanding import readers

YES_NO = SlotType("yes or no")
LEAST_PHONE_DIGITS = 7


def read_yes_no(draft: Draft, text: str) -> bool | None:
    """Yes, no, or None for anything else, unsure answers among them."""
    reading = readers.read(text, YES_NO, draft.reading_context())
    return reading.value if isinstance(reading, Fits) and isinstance(reading.value, bool) else None


def read_ask(draft: Draft, node: Node, text: str) -> Reading:
    """What the open question makes of the words, or of the value that the bot's own understanding brought along."""
    step = node.step
    assert isinstance(step, Ask)
    given = draft.turn.entities.get(step.slot)
    words = text if given is None else _entity_words(given, step.type)
    return readers.read(words, step.type, draft.reading_context())


def _entity_words(given: Json, slot_type: SlotType) -> str:
    """A value as words that the slot's reader can check; none for a record or list where it takes neither."""
    if isinstance(given, dict):
        return f"{given['amount']} {given['currency']}" if given.keys() >= {"amount", "currency"} else ""
    if isinstance(given, list):
        is_list = slot_type.kind in {"some of", "list of"}
        return ", ".join(str(item) for item in given) if is_list else ""
    return format_value(given, "en") if isinstance(given, bool) else str(given)


def take_reading(draft: Draft, node: Node, reading: Reading, raw: str) -> None:
    """Stores an answer that fits and passes its checks; asks again, or which one, otherwise."""
    if isinstance(reading, Fits):
        _take_value(draft, node, reading.value, raw)
    elif isinstance(reading, SeveralFit):
        ask_which(draft, node, reading.candidates)
    else:
        miss(draft, node, reading)


def _take_value(draft: Draft, node: Node, value: Json, raw: str) -> None:
    refusal = first_refusal(draft, node, value)
    if refusal is not None:
        if not count_miss(draft, node):
            draft.speak_text(refusal, f"{node.name} check", draft.number)
        return
    frame = draft.top
    step = node.step
    assert isinstance(step, Ask)
    store_answer(draft, frame, step.slot, value, raw=raw)
    frame.trail.append(node.name)
    frame.attempts = 0
    draft.misses = 0
    if frame.returning_to is not None:
        take_back_dependents(draft, frame, step.slot)
    else:
        _take_volunteered(draft, frame, raw)
    go_on(draft)


def _take_volunteered(draft: Draft, frame: FrameDraft, text: str) -> None:
    """Answers to later questions that the same words hold, where they can hardly mean anything else."""
    kinds = _kinds_held(text)
    if not kinds:
        return
    for node in frame.flow.nodes:
        step = node.step
        if not isinstance(step, Ask) or step.type.kind not in kinds or node.inside >= 0:
            continue
        is_open = step.slot not in frame.slots and node.name not in frame.skipped
        if not is_open or (node.when is not None and not node.when.is_true(draft.scope())):
            continue
        reading = readers.read(text, step.type, draft.reading_context())
        if isinstance(reading, Fits) and reading.certain and first_refusal(draft, node, reading.value) is None:
            store_answer(draft, frame, step.slot, reading.value, raw=text)
            frame.trail.append(node.name)


def _kinds_held(text: str) -> list[str]:
    """Kinds that are told from other words by their look alone, and may stand in this text."""
    kinds = ["email"] if "@" in text else []
    if sum(map(str.isdigit, text)) >= LEAST_PHONE_DIGITS:
        kinds.append("phone")
    return kinds


def take_back_dependents(draft: Draft, frame: FrameDraft, slot: str) -> None:
    """After a changed answer: those that depend on it are open again, and those that no longer apply are gone."""
    for node in frame.flow.nodes:
        if not isinstance(node.step, (Ask, Repeat)) or node.step.slot == slot:
            continue
        no_longer_applies = node.when is not None and not node.when.is_true(draft.scope())
        is_there = node.step.slot in frame.slots or node.name in frame.rounds
        if slot in node.reads or (no_longer_applies and is_there):
            take_back(draft, frame, node)


def first_refusal(draft: Draft, node: Node, value: Json) -> CompiledText | None:
    """What the first check that refuses the value says; a check that cannot be asked refuses too, and says so.

    Raises:
        NeedsCall: a check asks a registered function that has not answered yet.
    """
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


def ask_which(draft: Draft, node: Node, candidates: tuple[Json, ...]) -> None:
    """Two or more values would fit: the user chooses."""
    step = node.step
    assert isinstance(step, Ask)
    draft.pending = Pending("which_value", candidates)
    words = tuple(format_value(candidate, draft.language, slot_type=step.type) for candidate in candidates)
    draft.ask_to_choose("which_one", words)


def miss(draft: Draft, node: Node, reading: DoesNotFit) -> None:
    """An answer that does not fit: asks again in other words, and after the last attempt gives up as the flow says."""
    if count_miss(draft, node):
        return
    frame = draft.top
    if node.again:
        text = node.again[min(frame.attempts, len(node.again)) - 1]
        draft.speak_text(text, f"{frame.flow.name}.{node.name} again", frame.attempts)
        return
    _say_reason(draft, node, reading)
    if frame.attempts >= 2:
        say_help(draft, node)
    open_question(draft, node)


def count_miss(draft: Draft, node: Node) -> bool:
    """Counts an attempt; True when it was the last one and the flow's `give_up` was followed."""
    frame = draft.top
    step = node.step
    assert isinstance(step, (Ask, Confirm))
    frame.attempts += 1
    if frame.attempts < step.attempts:
        return False
    frame.attempts = 0
    give_up(draft, node, step.give_up)
    return True


def give_up(draft: Draft, node: Node, how: GiveUp) -> None:
    """Follows `give_up`: to a person, past the step, to another step, or out."""
    if how.kind == "skip":
        skip(draft, node)
    elif how.kind == "goto" and node.give_up_at is not None:
        leave_for(draft, node.give_up_at)
    elif how.kind == "cancel":
        draft.say("give_up_cancel")
        draft.end(Status.CANCELLED)
    else:
        draft.say("give_up_handoff")
        draft.end(Status.HANDED_OFF)


def skip(draft: Draft, node: Node) -> None:
    """Leaves a question without an answer; its default is taken where it has one."""
    frame = draft.top
    step = node.step
    if isinstance(step, Ask) and step.default is not None:
        reading = readers.read(step.default.text, step.type, draft.reading_context())
        if isinstance(reading, Fits):
            store_answer(draft, frame, step.slot, reading.value, raw="")
    if isinstance(step, Ask) and step.slot not in frame.slots:
        frame.skipped.append(node.name)
    if isinstance(step, (Ask, Confirm)):
        frame.trail.append(node.name)
    frame.attempts = 0
    go_on(draft)


def say_help(draft: Draft, node: Node | None) -> None:
    """The author's help for the open question, else what can be said at any question."""
    if node is not None and node.help is not None:
        draft.speak_text(node.help, f"{draft.top.flow.name}.{node.name} help", draft.number)
    else:
        draft.say("help_generic")


def _say_reason(draft: Draft, node: Node, reading: DoesNotFit) -> None:
    step = node.step
    assert isinstance(step, Ask)
    name = f"again_{reading.reason}"
    if not draft.flows.knows_saying(name):
        name = "again"
    options = tuple(option.value for option in step.type.options)
    values = {
        "minimum": _bound(draft, step.type, step.type.low),
        "maximum": _bound(draft, step.type, step.type.high),
        "options": join_words(options, draft.language),
    }
    draft.say(name, buttons=options, **values)


def _bound(draft: Draft, slot_type: SlotType, bound: Any) -> str:
    if bound is None:
        return ""
    if isinstance(bound, DayBound):
        day = date.fromisoformat(bound.day) if bound.day else draft.today
        return format_value(day + timedelta(days=bound.offset_days), draft.language)
    if slot_type.kind == "money":
        currency = slot_type.currency or "USD"
        return format_value({"amount": str(bound), "currency": currency}, draft.language)
    return format_value(bound, draft.language)
