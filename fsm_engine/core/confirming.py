"""Yes-or-no places of a flow: `confirm`, and the "another one?" of `repeat`."""

from __future__ import annotations

from fsm_engine.core.answers import count_miss, offer_human, read_yes_no
from fsm_engine.core.compile import Node
from fsm_engine.core.corrections import ask_what_to_change
from fsm_engine.core.draft import Draft
from fsm_engine.core.questions import open_question
from fsm_engine.core.walk import go_on, leave_repeat, walk
from fsm_engine.model.flow import Confirm
from fsm_engine.understanding.enough import wants_more

REPEAT_ATTEMPTS = 3
"""Unclear answers to "another one?" after which the list counts as complete."""


def answer_confirm(draft: Draft, node: Node, text: str) -> None:
    """Yes goes on, no asks what to change, anything else is asked again."""
    frame = draft.top
    step = node.step
    assert isinstance(step, Confirm)
    decision = read_yes_no(draft, text)
    if decision is True:
        frame.trail.append(node.name)
        frame.attempts = 0
        go_on(draft)
    elif decision is False:
        ask_what_to_change(draft, step)
    elif not count_miss(draft, node):
        _ask_again(draft, node)


def _ask_again(draft: Draft, node: Node) -> None:
    frame = draft.top
    if node.again:
        text = node.again[min(frame.attempts, len(node.again)) - 1]
        draft.speak_text(text, f"{frame.flow.name}.{node.name} again", frame.attempts)
        return
    is_second = frame.attempts >= 2 and isinstance(node.step, Confirm)
    draft.say("again_confirm" if is_second else "again_not_yes_or_no")
    offer_human(draft)
    open_question(draft, node)


def answer_repeat(draft: Draft, node: Node, text: str) -> None:
    """Another item, or the list is complete."""
    frame = draft.top
    more = wants_more(text)
    decision = read_yes_no(draft, text) if more is None else more
    frame.attempts = frame.attempts + 1 if decision is None else 0
    if decision is True:
        walk(draft, node.body)
    elif decision is False or frame.attempts >= REPEAT_ATTEMPTS:
        frame.attempts = 0
        walk(draft, leave_repeat(draft, frame, node))
    else:
        _ask_again(draft, node)
