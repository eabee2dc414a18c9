"""Changing an earlier answer: exactly the answers that depend on it are asked again, then the user is back.

The way back is walked through the flow itself, from the corrected question on, in silence (`Frame.returning_to`):
filled questions are passed, guards are asked anew, and the first question without an answer is where the bot stops.
"""

from __future__ import annotations

from collections.abc import Sequence

from fsm_engine.core.answers import read_yes_no, take_back_dependents
from fsm_engine.core.checking import first_refusal
from fsm_engine.core.compile import Node
from fsm_engine.core.draft import Draft, FrameDraft
from fsm_engine.core.putting_right import change, put_right, take_meant, values_in, walk_back
from fsm_engine.core.questions import open_question, slot_name, store_answer, take_back
from fsm_engine.core.reading import read_words
from fsm_engine.core.undo import begin_undo, done_with
from fsm_engine.core.walk import resume
from fsm_engine.model.flow import Ask, Confirm
from fsm_engine.model.session import AfterUndo, Pending
from fsm_engine.model.slot import Fits, Option, Reading, SeveralFit, SlotType
from fsm_engine.understanding import readers
from fsm_engine.understanding.correction_phrases import CorrectionPhrase, read_correction
from fsm_engine.understanding.second_thoughts import second_thought
from fsm_engine.understanding.slot_names import same_names


def find_correction(draft: Draft, text: str) -> CorrectionPhrase | None:
    """What the user wants to change, when the words say so and it is an answer that was given before."""
    frame = draft.top
    phrase = read_correction(text, draft.language, frame.flow.spoken_names) or _in_another_language(draft, text)
    if phrase is None or (phrase.slot is None and not _may_be_an_answer(draft, phrase, text)):
        return phrase
    if phrase.slot is None:
        return None
    node = frame.flow.nodes[frame.flow.asks[phrase.slot]]
    was_answered = phrase.slot in frame.slots or node.name in frame.skipped
    return phrase if was_answered and node.name != frame.step else None


def _may_be_an_answer(draft: Draft, phrase: CorrectionPhrase, text: str) -> bool:
    """ "It should be fun" at a question: it names no answer, and says nothing was wrong."""
    node = draft.top.node
    at_question = node is not None and isinstance(node.step, Ask)
    return at_question and phrase.answer is not None and second_thought(text, draft.language) is not None


def _in_another_language(draft: Draft, text: str) -> CorrectionPhrase | None:
    """A correction in the words of another of the bot's languages, where it says so and names an answer."""
    for language in draft.flows.languages:
        if language != draft.language:
            phrase = read_correction(text, language, draft.top.flow.spoken_names)
            if phrase is not None and phrase.slot is not None and phrase.is_explicit:
                return phrase
    return None


def correct(draft: Draft, phrase: CorrectionPhrase) -> None:
    """Follows a correction: with a new value in the words it is taken, else the question is asked again."""
    if phrase.slot is None:
        if phrase.answer is None or not take_meant(draft, phrase.answer):
            ask_what_to_change(draft, None)
        return
    frame = draft.top
    node = frame.flow.nodes[frame.flow.asks[phrase.slot]]
    if node.inside >= 0 and frame.flow.nodes[node.inside].name not in frame.rounds:
        node = frame.flow.nodes[node.inside]
    draft.pending = None
    before = dict(frame.slots)
    is_taken = phrase.answer is not None and _take(draft, frame, node, phrase.answer)
    take_back_dependents(draft, frame, phrase.slot)
    if not is_taken:
        take_back(draft, frame, node)
    if is_taken or node.prefill is None:
        walk_back(draft, frame, node, before)
        return
    frame.returning_to = frame.returning_to or frame.step
    frame.attempts = 0
    frame.jump_to(node.name)
    if not begin_undo(draft, done_with(draft, [phrase.slot]), AfterUndo.OPEN):
        open_question(draft, node)  # the user wants another value than the one that it is filled with


def correct_below(draft: Draft, text: str) -> bool:
    """A new value for an answer of a flow below the running one; what depends on it is asked when that goes on."""
    for frame in reversed(draft.frames[:-1]):
        phrase = read_correction(text, draft.language, frame.flow.spoken_names)
        if phrase is None or phrase.slot not in frame.slots or phrase.answer is None or not phrase.is_explicit:
            continue
        if done_with(draft, [phrase.slot]):
            continue  # what was done with it is taken back and done anew where that flow goes on
        node = frame.flow.nodes[frame.flow.asks[phrase.slot]]
        count = len(frame.slots)
        if node.inside >= 0 or not _take(draft, frame, node, phrase.answer):
            continue
        take_back_dependents(draft, frame, phrase.slot)
        if len(frame.slots) < count and frame.returning_to is None:
            frame.returning_to = frame.step
        resume(draft)
        return True
    return False


def _take(draft: Draft, frame: FrameDraft, node: Node, answer: str) -> bool:
    """Stores the new value when it can be read and passes its checks."""
    step = node.step
    if not isinstance(step, Ask):
        return False
    reading = read_words(draft, answer, step.type)
    if not isinstance(reading, Fits):
        return False
    refusal = first_refusal(draft, node, reading.value)
    if refusal is not None:
        draft.speak_text(refusal, f"{node.name} check", draft.number)
        return False
    store_answer(draft, frame, step.slot, reading.value, raw=answer)
    draft.say("changed", slot=slot_name(draft, step.slot))
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
    _ask_which_to_change(draft, slots)


def _ask_which_to_change(draft: Draft, slots: tuple[str, ...]) -> None:
    draft.pending = Pending("which_to_change", slots)
    draft.ask_to_choose("which_to_change", tuple(slot_name(draft, slot) for slot in slots))


def _can_change(frame: FrameDraft, slot: str) -> bool:
    node = frame.flow.nodes[frame.flow.asks[slot]]
    return slot in frame.slots or node.name in frame.skipped


def change_under_review(draft: Draft, step: Confirm, text: str) -> bool:
    """Changes the answer under review that the words name, or give a new value for without doubt: "the name"."""
    values = values_in(draft, text)
    if values:
        change(draft, values, text)
        return True
    frame = draft.top
    slots = [written.text for written in step.review if written.text in frame.flow.asks]
    named = _named(draft, text, [slot for slot in slots if _can_change(frame, slot)])
    if isinstance(named, Fits) and named.certain:
        correct(draft, CorrectionPhrase(str(named.value), None, is_explicit=True))
    elif isinstance(named, SeveralFit) and not text.endswith("?"):
        _ask_which_to_change(draft, tuple(str(slot) for slot in named.candidates))
    else:
        return False
    return True


def _named(draft: Draft, text: str, slots: Sequence[str]) -> Reading:
    """Which of these answers the words name."""
    names = draft.top.flow.spoken_names
    options = tuple(Option(slot, (slot_name(draft, slot), *names[slot], *same_names(slot))) for slot in slots)
    return readers.read(text, SlotType("one of", options=options), draft.reading_context())


def answer_what_to_change(draft: Draft, text: str) -> bool:
    """The user named what to change, perhaps with its new value, or nothing; False where other words may be an answer
    to the open question."""
    assert draft.pending is not None
    slots = [str(slot) for slot in draft.pending.candidates]
    draft.pending = None
    phrase = find_correction(draft, text)
    if phrase is not None and phrase.slot is not None:
        correct(draft, phrase)
        return True
    if values := values_in(draft, text):
        change(draft, values, text)
        return True
    named = _named(draft, text, slots)
    if isinstance(named, Fits):
        correct(draft, CorrectionPhrase(str(named.value), None, is_explicit=True))
        return True
    if put_right(draft, text, only_if_meant=False):
        return True
    is_no = read_yes_no(draft, text) is False
    node = draft.top.node
    if not is_no and node is not None and isinstance(node.step, Ask):
        return False
    if not is_no:
        draft.say("again")
    resume(draft)
    return True
