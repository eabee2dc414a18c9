"""A new value without the name of its answer: "no, savings" at the confirmation, "I meant 30" at the next question."""

from __future__ import annotations

from collections.abc import Mapping

from fsm_engine.core.answers import take_back_dependents
from fsm_engine.core.checking import first_refusal
from fsm_engine.core.compile import Node
from fsm_engine.core.draft import Draft, FrameDraft
from fsm_engine.core.questions import slot_name, store_answer
from fsm_engine.core.reading import read_words
from fsm_engine.core.undo import begin_undo, done_with
from fsm_engine.core.volunteered import sole_slots
from fsm_engine.core.walk import left_open, resume, walk
from fsm_engine.model.flow import Ask, Confirm
from fsm_engine.model.session import AfterUndo
from fsm_engine.model.slot import Fits, Json, SlotType
from fsm_engine.understanding.facts import OtherQuestions, find_facts
from fsm_engine.understanding.second_thoughts import SecondThought, second_thought

_UNREAD = SlotType("yes or no")
"""Stands for the open question, which has nothing to do with the value."""
_NEVER_BARE = frozenset({"yes or no", "text", "list of", "person name"})


def put_right(draft: Draft, text: str, *, only_if_meant: bool) -> bool:
    """Takes the value for the earlier answer that it fits; False when the words put nothing right.

    ``only_if_meant``: the open question could take the words too, so that they must say "I meant".
    """
    thought = second_thought(text, draft.language)
    if thought is None or (only_if_meant and not thought.is_meant):
        return False
    values = values_in(draft, thought.words) or _of_last_answer(draft, thought)
    if values:
        change(draft, values, text)
    return bool(values)


def take_meant(draft: Draft, words: str) -> bool:
    """Takes the value that the user says was meant, for the answer that it fits; False where it fits none."""
    values = values_in(draft, words) or _of_last_answer(draft, SecondThought(words, is_meant=True, is_said=True))
    if values:
        change(draft, values, words)
    return bool(values)


def values_in(draft: Draft, words: str) -> Mapping[str, Json]:
    """New values for answers of the running flow that the words give without doubt, by slot."""
    frame = draft.top
    asks = _answered(frame)
    types = {slot: node.step.type for slot, node in asks.items() if isinstance(node.step, Ask)}
    others = OtherQuestions(types, sole_slots(frame, types), frame.flow.spoken_names)
    facts = find_facts(words, _UNREAD, others, draft.reading_context()) if types else None
    if facts is None:
        return {}
    return {slot: value for slot, value in facts.found.items() if value != frame.slots[slot]}


def _of_last_answer(draft: Draft, thought: SecondThought) -> Mapping[str, Json]:
    """The question that was answered last takes what its type reads; bare names and texts only after "I meant"."""
    frame = draft.top
    node = frame.flow.node(frame.trail[-1]) if frame.trail else None
    step = node.step if node is not None else None
    if not isinstance(step, Ask) or step.slot not in _answered(frame):
        return {}
    if step.type.kind in _NEVER_BARE and not thought.is_said:
        return {}
    reading = read_words(draft, thought.words, step.type)
    here = frame.node
    is_under_review = here is not None and isinstance(here.step, Confirm)  # nothing else takes a value there
    if not isinstance(reading, Fits) or not (reading.certain or thought.is_meant or is_under_review):
        return {}
    return {} if reading.value == frame.slots[step.slot] else {step.slot: reading.value}


def _answered(frame: FrameDraft) -> Mapping[str, Node]:
    """Questions with an answer that still stands by itself; one inside a repeat only while its round is open."""
    found: dict[str, Node] = {}
    for slot in frame.slots:
        index = frame.flow.asks.get(slot)
        node = None if index is None else frame.flow.nodes[index]
        if node is not None and isinstance(node.step, Ask) and node.name != frame.step:
            found[slot] = node
    return found


def change(draft: Draft, values: Mapping[str, Json], raw: str) -> None:
    """Stores the new values that pass their checks, and goes back to the open question through all that depends."""
    frame = draft.top
    draft.pending = None
    before = dict(frame.slots)
    first: int | None = None
    for node in frame.flow.nodes:
        step = node.step
        if not isinstance(step, Ask) or step.slot not in values:
            continue
        refusal = first_refusal(draft, node, values[step.slot])
        if refusal is not None:
            draft.speak_text(refusal, f"{node.name} check", draft.number)
            continue
        store_answer(draft, frame, step.slot, values[step.slot], raw=raw)
        take_back_dependents(draft, frame, step.slot)
        draft.say("changed", slot=slot_name(draft, step.slot))
        first = node.index if first is None else first
    if first is None:
        resume(draft)
        return
    walk_back(draft, frame, frame.flow.nodes[first], before)


def walk_back(draft: Draft, frame: FrameDraft, node: Node, before: Mapping[str, Json]) -> None:
    """From a changed answer to the open question, in silence but for what must be asked again.

    What was done with an answer that is not what it was ``before`` is taken back first, and done anew on the way.
    """
    if frame.returning_to is None:
        frame.returning_to = frame.step
    frame.attempts = 0
    done = done_with(draft, [slot for slot, value in before.items() if frame.slots.get(slot) != value])
    if not done and isinstance(node.step, Ask) and node.step.slot in frame.slots:
        node = left_open(draft, frame, node) or node
    frame.jump_to(node.name)
    if not begin_undo(draft, done, AfterUndo.WALK):
        walk(draft, node.index)
