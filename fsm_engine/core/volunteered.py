"""Answers to later questions that stand in the answer to the open one: they are stored, and said back."""

from __future__ import annotations

from collections.abc import Mapping

from fsm_engine.core.checking import first_refusal
from fsm_engine.core.compile import Node
from fsm_engine.core.draft import Draft, FrameDraft
from fsm_engine.core.formats import join_words
from fsm_engine.core.questions import shown, slot_name, store_answer
from fsm_engine.model.flow import Ask
from fsm_engine.model.slot import Json, SlotType
from fsm_engine.understanding.facts import Facts, OtherQuestions, find_facts


def look_for_facts(draft: Draft, node: Node, text: str) -> Facts | None:
    """What the message says besides an answer to the open question; kept in the draft until `take_facts`.

    Nothing is looked for where the bot brings its own reading.
    """
    frame = draft.top
    step = node.step
    assert isinstance(step, Ask)
    if step.slot in draft.turn.entities:
        return None
    types = {other.step.slot: other.step.type for other in _open_asks(frame, node) if isinstance(other.step, Ask)}
    if not types:
        return None
    others = OtherQuestions(types, sole_slots(frame, types), frame.flow.spoken_names)
    facts = find_facts(text, step.type, others, draft.reading_context())
    draft.facts = facts.found if facts is not None else {}
    return facts


def _open_asks(frame: FrameDraft, node: Node) -> list[Node]:
    """Questions behind the open one that have no answer yet; those of a repeat are of each item and not among them.

    After a change some may stand open before it too.
    """
    first = 0 if frame.returning_to is not None else node.index + 1
    return [
        other
        for other in frame.flow.nodes[first:]
        if other is not node
        and isinstance(other.step, Ask)
        and other.inside < 0
        and other.step.slot not in frame.slots
        and other.name not in frame.skipped
    ]


def sole_slots(frame: FrameDraft, types: Mapping[str, SlotType]) -> frozenset[str]:
    """Slots of which no other in the whole flow is of the same kind."""
    return frozenset(slot for slot, slot_type in types.items() if slot_type.kind in frame.flow.sole_kinds)


def take_facts(draft: Draft, text: str) -> bool:
    """Stores what was found, as far as the questions' own rules allow; whether that was anything.

    A question whose guard is false, whose sense depends on an answer that is still missing, or whose checks refuse the
    value keeps its turn and is asked.
    """
    if not draft.facts:
        return False
    frame = draft.top
    wanted, draft.facts = draft.facts, {}
    taken: dict[str, Json] = {}
    for node in frame.flow.nodes:
        step = node.step
        if not isinstance(step, Ask) or step.slot not in wanted or not _is_ready(draft, frame, node):
            continue
        if first_refusal(draft, node, wanted[step.slot]) is None:
            store_answer(draft, frame, step.slot, wanted[step.slot], raw=text)
            taken[step.slot] = wanted[step.slot]
    if taken:
        words = [f"{slot_name(draft, slot)} {shown(draft, slot, value)}" for slot, value in taken.items()]
        draft.say("noted", answers=join_words(words, draft.language))
    return bool(taken)


def _is_ready(draft: Draft, frame: FrameDraft, node: Node) -> bool:
    """Whether the question could be asked now: its guard holds, and what its sense depends on is there."""
    if node.when is not None and not node.when.is_true(draft.scope()):
        return False
    missing = {slot for slot in node.reads.intersection(frame.flow.asks) if slot not in frame.slots}
    return all(frame.flow.nodes[frame.flow.asks[slot]].name in frame.skipped for slot in missing)
