"""Changing an earlier answer: exactly the answers that depend on it are asked again, then the user is back.

The way back is walked through the flow itself, from the corrected question on, in silence (`Frame.returning_to`):
filled questions are passed, guards are asked anew, and the first question without an answer is where the bot stops.
"""

from __future__ import annotations

from fsm_engine.core.answers import first_refusal, read_yes_no, take_back_dependents
from fsm_engine.core.compile import Node
from fsm_engine.core.draft import Draft, FrameDraft
from fsm_engine.core.questions import open_question, spoken_name, store_answer, take_back
from fsm_engine.core.walk import resume, walk
from fsm_engine.model.flow import Ask, Confirm
from fsm_engine.model.session import Pending
from fsm_engine.model.slot import Fits, Option, SlotType
from fsm_engine.understanding import readers
from fsm_engine.understanding.correction_phrases import CorrectionPhrase, read_correction


def find_correction(draft: Draft, text: str) -> CorrectionPhrase | None:
    """What the user wants to change, when the words say so and it is an answer that was given before."""
    frame = draft.top
    phrase = read_correction(text, draft.language, frame.flow.spoken_names)
    if phrase is None or phrase.slot is None:
        return phrase
    node = frame.flow.nodes[frame.flow.asks[phrase.slot]]
    was_answered = phrase.slot in frame.slots or node.name in frame.skipped
    return phrase if was_answered and node.name != frame.step else None


def correct(draft: Draft, phrase: CorrectionPhrase) -> None:
    """Follows a correction: with a new value in the words it is taken, else the question is asked again."""
    if phrase.slot is None:
        ask_what_to_change(draft, None)
        return
    frame = draft.top
    node = frame.flow.nodes[frame.flow.asks[phrase.slot]]
    if node.inside >= 0 and frame.flow.nodes[node.inside].name not in frame.rounds:
        node = frame.flow.nodes[node.inside]
    draft.pending = None
    is_taken = phrase.answer is not None and _take(draft, frame, node, phrase.answer)
    if frame.returning_to is None:
        frame.returning_to = frame.step
    take_back_dependents(draft, frame, phrase.slot)
    if not is_taken:
        take_back(draft, frame, node)
    frame.attempts = 0
    frame.jump_to(node.name)
    if is_taken or node.prefill is None:
        walk(draft, node.index)
    else:
        open_question(draft, node)  # the user wants another value than the one that it is filled with


def _take(draft: Draft, frame: FrameDraft, node: Node, answer: str) -> bool:
    """Stores the new value when it can be read and passes its checks."""
    step = node.step
    if not isinstance(step, Ask):
        return False
    reading = readers.read(answer, step.type, draft.reading_context())
    if not isinstance(reading, Fits):
        return False
    refusal = first_refusal(draft, node, reading.value)
    if refusal is not None:
        draft.speak_text(refusal, f"{node.name} check", draft.number)
        return False
    store_answer(draft, frame, step.slot, reading.value, raw=answer)
    draft.say("changed", slot=spoken_name(step.slot))
    return True


def ask_what_to_change(draft: Draft, step: Confirm | None) -> None:
    """Asks which of the answers is wrong; offered are those under review, or all that were given."""
    frame = draft.top
    offered = [written.text for written in step.review] if step else list(frame.flow.asks)
    slots = tuple(slot for slot in offered if slot in frame.flow.asks and _can_change(frame, slot))
    if not slots:
        draft.say("nothing_to_change")
        resume(draft)
        return
    draft.pending = Pending("which_to_change", slots)
    draft.ask_to_choose("which_to_change", tuple(spoken_name(slot) for slot in slots))


def _can_change(frame: FrameDraft, slot: str) -> bool:
    node = frame.flow.nodes[frame.flow.asks[slot]]
    return slot in frame.slots or node.name in frame.skipped


def answer_what_to_change(draft: Draft, text: str) -> None:
    """The user named what to change, perhaps with its new value; anything unclear goes back to the open question."""
    assert draft.pending is not None
    slots = [str(slot) for slot in draft.pending.candidates]
    draft.pending = None
    phrase = find_correction(draft, text)
    if phrase is not None and phrase.slot is not None:
        correct(draft, phrase)
        return
    options = tuple(Option(slot, (spoken_name(slot),)) for slot in slots)
    reading = readers.read(text, SlotType("one of", options=options), draft.reading_context())
    if isinstance(reading, Fits):
        correct(draft, CorrectionPhrase(str(reading.value), None, is_explicit=True))
        return
    if read_yes_no(draft, text) is not False:
        draft.say("again")
    resume(draft)
