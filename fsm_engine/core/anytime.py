"""What a user can say at every question: help, repeat, back, skip, cancel, restart, a person, what have I said."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fsm_engine.core.answers import YES_NO, read_yes_no, say_help, skip, take_back_dependents
from fsm_engine.core.digressions import flow_title
from fsm_engine.core.draft import Draft, FrameDraft
from fsm_engine.core.questions import reviewed, slot_type, store_answer, take_back
from fsm_engine.core.reminders import drop_reminders
from fsm_engine.core.undo import begin_undo, done_behind
from fsm_engine.core.walk import resume, start_flow, walk
from fsm_engine.model.flow import Ask, Confirm, Repeat
from fsm_engine.model.session import AfterUndo, Pending, Status
from fsm_engine.model.slot import DoesNotFit
from fsm_engine.understanding import readers
from fsm_engine.understanding.anytime import first_anytime_word
from fsm_engine.understanding.readers import reasons

ALWAYS = "what_have_i_said"
"""Asking for one's own answers is not something a bot file can switch off."""


def follow_anytime_word(draft: Draft, text: str) -> bool:
    """Does what an anytime word asks for; False when the message is none, or the bot file leaves it out.

    Words of the bot's other languages count too: people mix them, and write before anybody knows their language.
    """
    word = first_anytime_word(text, draft.flows.languages_from(draft.language))
    if word is None or (word != ALWAYS and word not in draft.flows.bot.anytime):
        return False
    draft.pending = None
    _WORDS[word](draft)
    return True


def _help(draft: Draft) -> None:
    say_help(draft, draft.top.node if draft.frames else None)
    resume(draft)


def _repeat(draft: Draft) -> None:
    if draft.frames:
        resume(draft)
    else:
        draft.say("opening")


def _back(draft: Draft) -> None:
    if not draft.frames:
        draft.say("opening")
        return
    if not draft.top.trail:
        draft.say("nothing_to_go_back_to")
        resume(draft)
        return
    frame = draft.top
    name = frame.trail.pop()
    frame.attempts = 0
    node = frame.flow.node(name)
    here = frame.node
    if here is not None and here.index < node.index and frame.returning_to is None:
        frame.returning_to = frame.step  # answered out of order: walking on from there would never come back here
    if isinstance(node.step, Ask):
        take_back(draft, frame, node)
        take_back_dependents(draft, frame, node.step.slot)
    elif isinstance(node.step, Repeat):
        _reopen_last_item(draft, frame, name)
        return
    draft.say("back_done")
    frame.jump_to(name)
    if not begin_undo(draft, done_behind(draft, frame, node.index), AfterUndo.WALK):
        walk(draft, node.index)


def _reopen_last_item(draft: Draft, frame: FrameDraft, name: str) -> None:
    """Back at "another one?", or at the next item: the last item is taken out and asked for again."""
    node = frame.flow.node(name)
    step = node.step
    assert isinstance(step, Repeat)
    items = frame.slots.get(step.slot)
    kept = items[:-1] if isinstance(items, list) else []
    take_back(draft, frame, node)
    if kept:
        store_answer(draft, frame, step.slot, kept, raw="")
    draft.say("back_done")
    frame.rounds[name] = len(kept)
    frame.trail.extend(name for _ in kept)
    frame.jump_to(name)
    walk(draft, node.body)


def _skip(draft: Draft) -> None:
    node = draft.top.node if draft.frames else None
    if node is not None and isinstance(node.step, Ask) and node.step.optional:
        skip(draft, node)
    elif node is None:
        draft.say("opening")
    else:
        draft.say("cannot_skip")
        resume(draft)


def _cancel(draft: Draft) -> None:
    if not draft.frames:
        draft.say("nothing_to_cancel")
        return
    if _has_answers(draft):
        _say_really(draft, "cancel")
        return
    cancel(draft)


def _has_answers(draft: Draft) -> bool:
    return any(frame.slots for frame in draft.frames)


def _lowest_to_cancel(draft: Draft) -> int:
    """Where on the stack the flow stands that interrupted another, with all that it runs above it; else the bottom."""
    places = range(len(draft.frames) - 1, 0, -1)
    return next((place for place in places if draft.frames[place].is_digression), 0)


def cancel(draft: Draft) -> None:
    """Ends the flow that interrupted, or else the session."""
    lowest = _lowest_to_cancel(draft)
    if lowest > 0:
        drop_reminders(draft, draft.frames[lowest:])
        done = [one for one in draft.done if one.frame >= lowest]
        del draft.frames[lowest:]
        if not begin_undo(draft, done, AfterUndo.ASK_AGAIN):
            back_to_question(draft)
        return
    cancel_session(draft)


def cancel_session(draft: Draft) -> None:
    """Ends everything, and takes back what was done."""
    draft.say("cancelled")
    draft.end(Status.CANCELLED)
    begin_undo(draft, draft.done, AfterUndo.NOTHING)


def back_to_question(draft: Draft) -> None:
    """Asks what was open before another flow interrupted."""
    draft.say("digression_bridge")
    resume(draft)


def answer_really(draft: Draft, text: str, kind: str) -> bool:
    """Yes cancels or starts again, no goes on; False for anything else."""
    decision = read_yes_no(draft, text)
    if decision is None and _could_answer_either(draft, text):
        _say_really(draft, kind)
        return True
    draft.pending = None
    if decision is None:
        return False
    if decision:
        _REALLY[kind](draft)
    else:
        draft.say("cancel_kept")
        resume(draft)
    return True


def _say_really(draft: Draft, kind: str) -> None:
    draft.pending = Pending(kind)
    place = _lowest_to_cancel(draft) if kind == "cancel" else 0
    draft.say(f"{kind}_really", flow=flow_title(draft, draft.frames[place].flow.name))


def _could_answer_either(draft: Draft, text: str) -> bool:
    """A doubt, where the flow's own question is one of yes or no too: the next yes must not go to the wrong one."""
    node = draft.top.node if draft.frames else None
    step = node.step if node is not None else None
    wants_yes_or_no = isinstance(step, (Confirm, Repeat)) or (isinstance(step, Ask) and step.type.kind == YES_NO.kind)
    return wants_yes_or_no and readers.read(text, YES_NO, draft.reading_context()) == DoesNotFit(reasons.UNSURE)


def _restart(draft: Draft) -> None:
    if draft.frames and _has_answers(draft):
        _say_really(draft, "restart")
        return
    restart(draft)


def restart(draft: Draft) -> None:
    """Starts the session's first flow anew, without its answers."""
    if not draft.frames:
        draft.say("opening")
        return
    if begin_undo(draft, draft.done, AfterUndo.RESTART):
        return
    first = draft.frames[0]
    for node in first.flow.nodes:
        if isinstance(node.step, (Ask, Repeat)):
            take_back(draft, first, node)
    draft.frames.clear()
    draft.timers.clear()
    draft.action = None
    draft.say("restarted")
    start_flow(draft, draft.flows.compiled.get(first.flow.name, first.flow))


def _human(draft: Draft) -> None:
    draft.say("handoff")
    draft.end(Status.HANDED_OFF)


def _what_have_i_said(draft: Draft) -> None:
    slots = dict.fromkeys(slot for frame in draft.frames for slot in frame.slots)
    lines = reviewed(draft, tuple(slot for slot in slots if slot_type(draft, slot) is not None))
    if not lines:
        draft.say("nothing_said_yet")
    elif not set(lines) <= set(_under_review(draft)):
        draft.say("said_so_far", answers="\n".join(lines))
    resume(draft)


def _under_review(draft: Draft) -> list[str]:
    """The answers that the question itself shows when it is asked again."""
    node = draft.top.node if draft.frames else None
    step = node.step if node is not None else None
    return reviewed(draft, tuple(one.text for one in step.review)) if isinstance(step, Confirm) else []


_REALLY: Mapping[str, Callable[[Draft], None]] = {"cancel": cancel, "restart": restart}
_WORDS: Mapping[str, Callable[[Draft], None]] = {
    "help": _help,
    "repeat": _repeat,
    "back": _back,
    "skip": _skip,
    "cancel": _cancel,
    "restart": _restart,
    "human": _human,
    "what_have_i_said": _what_have_i_said,
}
