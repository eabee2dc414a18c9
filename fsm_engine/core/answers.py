"""What a user's words do to the open question: an answer, a re-ask, or the end of patience."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fsm_engine.core.checking import first_refusal
from fsm_engine.core.compile import Node
from fsm_engine.core.draft import Draft, FrameDraft, Question
from fsm_engine.core.formats import format_value, join_words
from fsm_engine.core.questions import open_question, store_answer, take_back
from fsm_engine.core.reading import read_words
from fsm_engine.core.volunteered import look_for_facts, take_facts
from fsm_engine.core.walk import go_on, leave_for
from fsm_engine.model.flow import Ask, Confirm, GiveUp, Repeat
from fsm_engine.model.session import Pending, Status
from fsm_engine.model.slot import DayBound, DoesNotFit, Fits, Json, Reading, SeveralFit, SlotType
from fsm_engine.understanding import readers
from fsm_engine.understanding.facts import may_hold_several
from fsm_engine.understanding.none_at_all import says_none

OFFERED_A_HUMAN_FROM = 3
"""Misses at one question."""
YES_NO = SlotType("yes or no")


def read_yes_no(draft: Draft, text: str) -> bool | None:
    """Yes, no, or None for anything else, unsure answers among them."""
    reading = readers.read(text, YES_NO, draft.reading_context())
    return reading.value if isinstance(reading, Fits) and isinstance(reading.value, bool) else None


def read_ask(draft: Draft, node: Node, text: str) -> Reading:
    """What the open question makes of the words, or of the value that the bot's own understanding brought along."""
    step = node.step
    assert isinstance(step, Ask)
    given = draft.turn.entities.get(step.slot)
    words = text if given is None else entity_words(given, step.type)
    return read_words(draft, words, step.type)


def read_answer(draft: Draft, node: Node, text: str) -> Reading:
    """What the open question makes of the message, other questions' answers in it left out (`draft.facts`)."""
    reading = None if may_hold_several(text) else read_ask(draft, node, text)
    if isinstance(reading, (Fits, SeveralFit)):
        return reading
    facts = look_for_facts(draft, node, text)
    if facts is None:
        return reading or read_ask(draft, node, text)
    return read_ask(draft, node, facts.rest)


def entity_words(given: Json, slot_type: SlotType) -> str:
    """A value as words that the slot's reader can check; none for a record or list where it takes neither."""
    if isinstance(given, dict):
        return f"{given['amount']} {given['currency']}" if given.keys() >= {"amount", "currency"} else ""
    if isinstance(given, list):
        is_list = slot_type.kind in {"some of", "list of"}
        return ", ".join(str(item) for item in given) if is_list else ""
    return format_value(given, "en") if isinstance(given, bool) else str(given)


def take_reading(draft: Draft, node: Node, reading: Reading, raw: str) -> None:
    """Stores an answer that fits and passes its checks; asks again, or which one, otherwise.

    "Nothing" leaves an optional question out, also where any words would be an answer.
    """
    if _leaves_out(node, reading, raw):
        skip(draft, node)
    elif isinstance(reading, Fits):
        _take_value(draft, node, reading.value, raw)
    elif isinstance(reading, SeveralFit):
        ask_which(draft, node, reading.candidates)
    else:
        miss(draft, node, reading)


def _leaves_out(node: Node, reading: Reading, raw: str) -> bool:
    step = node.step
    if not isinstance(step, Ask) or not step.optional:
        return False
    takes_any_words = step.type.kind in {"text", "list of"}
    if isinstance(reading, Fits) and reading.value == []:
        return False  # an empty list is an answer
    return (takes_any_words or isinstance(reading, DoesNotFit)) and says_none(raw, of_a_thing=not takes_any_words)


def _take_value(draft: Draft, node: Node, value: Json, raw: str) -> None:
    refusal = first_refusal(draft, node, value)
    if refusal is not None:
        take_facts(draft, raw)
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
    take_facts(draft, raw)
    go_on(draft)


def take_back_dependents(draft: Draft, frame: FrameDraft, slot: str) -> None:
    """After a changed answer: those that depend on it are open again, and those that no longer apply are gone."""
    for node in frame.flow.nodes:
        if not isinstance(node.step, (Ask, Repeat)) or node.step.slot == slot:
            continue
        no_longer_applies = node.when is not None and not node.when.is_true(draft.scope())
        is_there = node.step.slot in frame.slots or node.name in frame.rounds
        if slot in node.reads or (no_longer_applies and is_there):
            take_back(draft, frame, node)


def ask_which(draft: Draft, node: Node, candidates: tuple[Json, ...]) -> None:
    """Two or more values would fit: the user chooses."""
    step = node.step
    assert isinstance(step, Ask)
    draft.pending = Pending("which_value", candidates)
    words = tuple(format_value(candidate, draft.language, slot_type=step.type) for candidate in candidates)
    draft.ask_to_choose("which_one", words)


def miss(draft: Draft, node: Node, reading: DoesNotFit) -> None:
    """An answer that does not fit: asks again in other words, and after the last attempt gives up as the flow says."""
    if draft.question is Question.CHANGED:
        draft.tell_of_changes()
        open_question(draft, node)
        return
    if count_miss(draft, node):
        return
    frame = draft.top
    if node.again:
        text = node.again[min(frame.attempts, len(node.again)) - 1]
        draft.speak_text(text, f"{frame.flow.name}.{node.name} again", frame.attempts)
        offer_human(draft)
        return
    _say_reason(draft, node, reading)
    if frame.attempts >= 2:
        say_help(draft, node)
    offer_human(draft)
    open_question(draft, node)


def offer_human(draft: Draft) -> None:
    """From the third miss on, where the flow has patience for more: a person is one word away."""
    if draft.top.attempts >= OFFERED_A_HUMAN_FROM and "human" in draft.flows.bot.anytime:
        draft.say("help_offer_human")


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
        reading = read_words(draft, step.default.text, step.type)
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
    options = tuple(option.label(draft.language) for option in step.type.options)
    values = {
        "minimum": _bound(draft, step.type, step.type.low),
        "maximum": _bound(draft, step.type, step.type.high),
        "options": join_words(options, draft.language, to_choose=True),
    }
    draft.say(name, buttons=options, **values)


def _bound(draft: Draft, slot_type: SlotType, bound: Any) -> str:
    if bound is None:
        return ""
    if isinstance(bound, DayBound):
        day = date.fromisoformat(bound.day) if bound.day else draft.today()
        return format_value(day + timedelta(days=bound.offset_days), draft.language)
    if slot_type.kind == "money":
        currency = slot_type.currency or "USD"
        return format_value({"amount": str(bound), "currency": currency}, draft.language)
    return format_value(bound, draft.language)
