"""Where repeats differ from other steps: rounds, the records that they leave, and what stands inside what."""

from __future__ import annotations

from fsm_engine.core.compile import LEAVE, Node
from fsm_engine.core.draft import Draft, FrameDraft
from fsm_engine.model.flow import Ask, Repeat
from fsm_engine.model.turn import Answer


def close_round(draft: Draft, frame: FrameDraft, node: Node) -> bool:
    """Moves the answers of the round into the list; whether there were any."""
    step = node.step
    assert isinstance(step, Repeat)
    record = {slot: frame.slots[slot] for slot in _inner_slots(frame, node) if slot in frame.slots}
    forget_round(frame, node)
    if not record:
        return False
    earlier = frame.slots.get(step.slot)
    items = [*(earlier if isinstance(earlier, list) else []), record]
    frame.rounds[node.name] += 1
    frame.slots[step.slot] = items
    draft.answers.append(Answer(frame.flow.name, answer_step(frame, node), step.slot, items, "", 1))
    frame.trail.append(node.name)
    return True


def _inner_slots(frame: FrameDraft, node: Node) -> list[str]:
    """The slots that one round of a repeat fills, in the order of its steps."""
    inner = [other.step for other in frame.flow.nodes if other.inside == node.index]
    return [step.slot for step in inner if isinstance(step, (Ask, Repeat))]


def forget_round(frame: FrameDraft, node: Node) -> None:
    """Empties the round's slots, so that its questions are asked for the next item."""
    for other in frame.flow.nodes:
        if other.inside != node.index:
            continue
        if isinstance(other.step, (Ask, Repeat)):
            frame.slots.pop(other.step.slot, None)
        frame.rounds.pop(other.name, None)
        frame.skipped = [name for name in frame.skipped if name != other.name]
        frame.trail = [name for name in frame.trail if name != other.name]


def leave_rounds(frame: FrameDraft, node: Node, target: int) -> None:
    """A `goto` out of a repeat completes its list; the answers of the open round are dropped."""
    while node.inside >= 0:
        node = frame.flow.nodes[node.inside]
        step = node.step
        if isinstance(step, Repeat) and not is_inside(frame, frame.flow.nodes[target].name, node):
            forget_round(frame, node)
            frame.rounds.pop(node.name, None)
            frame.slots.setdefault(step.slot, [])


def is_inside(frame: FrameDraft, name: str, around: Node) -> bool:
    """Whether a step is a repeat or stands inside it."""
    index = frame.flow.index_of.get(name, LEAVE)
    while index >= 0 and index != around.index:
        index = frame.flow.nodes[index].inside
    return index == around.index


def answer_step(frame: FrameDraft, node: Node) -> str:
    """The step's name, with the number of the item inside a repeat: ``people[2].person``."""
    if node.inside < 0:
        return node.name
    around = frame.flow.nodes[node.inside]
    return f"{answer_step(frame, around)}[{frame.rounds.get(around.name, 0) + 1}].{node.name}"
