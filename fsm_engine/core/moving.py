"""A session moves to newer flows in the middle of a turn: its names, and then what its answers mean there.

The shell says to which sources (``Turn.moves_to``, see `core.migrating`), and the session moves when the message comes
to be read against the flow's open question: not before a risk is answered, a question of the engine's own, or an
anytime word, all of which belong to what the user was told last.

Rules
    1. An answer that its question would not take any more, by type or checks, is asked for again. So is what
       `ask_again` names, with all that depends on it, as after a correction.
    2. The user has answered the question as it stood. Where it still stands, in other words or under another name, and
       its type reads the answer, that is the answer. Where it does not, the new question is asked, and it is no miss.
    3. What must be asked comes next, in the order of the flow, and then the user is where they were. It comes first,
       and the message counts for nothing, where the open question makes no sense without it: it depends on it, it is a
       confirmation, or does not apply any more. A confirmation counts only for the answers that it showed.
    4. What was done with an answer that is asked again is taken back first, and done anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time

from fsm_engine.core.answers import entity_words, take_back_dependents
from fsm_engine.core.checking import first_refusal
from fsm_engine.core.compile import CompiledFlow, Node
from fsm_engine.core.draft import Draft, FrameDraft, Question
from fsm_engine.core.migrating import moved_done, moved_timers
from fsm_engine.core.moved_frame import MovedFrame, changed_inside, checks_of, first_question_of, move_frame
from fsm_engine.core.questions import store_answer, take_back
from fsm_engine.core.reading import read_words
from fsm_engine.core.repeats import answer_step
from fsm_engine.core.undo import begin_undo, done_with
from fsm_engine.core.version_names import words_of
from fsm_engine.core.walk import open_before, walk
from fsm_engine.model.flow import Ask, Confirm, Repeat
from fsm_engine.model.session import AfterUndo
from fsm_engine.model.slot import Fits, Json, SlotType
from fsm_engine.model.turn import Answer

_BY_THE_CLOCK: Mapping[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "date and time": datetime.fromisoformat,
}
"""Kinds whose words mean something else on another day; what stands there already must be a value of the kind."""


def move(draft: Draft) -> bool:
    """Moves what is to move; True when the message is used up by it."""
    moved: dict[int, MovedFrame] = {}
    for place, target in enumerate(draft.turn.moves_to[: len(draft.frames)]):
        if target:
            moved[place] = _move_frame(draft, place, target)
    taken_back = {place: _ask_again(draft, place, moved[place]) for place in moved}
    top = len(draft.frames) - 1
    for place, one in moved.items():
        if place < top:
            _return_later(draft, draft.frames[place], one, taken_back[place])
    return top in moved and _stand(draft, moved[top], taken_back[top])


def _move_frame(draft: Draft, place: int, target: str) -> MovedFrame:
    before = draft.frames[place]
    flow = draft.flows.version(before.flow.name, target)
    moved = move_frame(before.flow, flow, before.freeze())
    after = draft.frames[place] = FrameDraft(flow, moved.frame)
    draft.done = list(moved_done(draft.done, moved, place))
    draft.timers = {timer.name: timer for timer in moved_timers(tuple(draft.timers.values()), moved)}
    _note_names(draft, before, after, moved)
    return moved


def _note_names(draft: Draft, before: FrameDraft, after: FrameDraft, moved: MovedFrame) -> None:
    """Notes answers that are kept under another name now: the old ones go before the new ones come."""
    flow = after.flow
    rows = [(old, new) for old, new in _rows(before, after, moved) if old[:2] != new[:2]]
    for (step, slot, _value), _ in rows:
        draft.answers.append(Answer(flow.name, step, slot, None, "", 0, is_removed=True))
    for (old_step, _, _value), (step, slot, value) in rows:
        is_private = _is_private(flow, slot)
        draft.answers.append(Answer(flow.name, step, slot, value, "", 1, is_private=is_private, was=old_step))


_Row = tuple[str, str, Json]
"""Under which step an answer is kept, its slot, its value."""


def _rows(before: FrameDraft, after: FrameDraft, moved: MovedFrame) -> Iterator[tuple[_Row, _Row]]:
    for old, value in before.slots.items():
        new = moved.names.slot(old)
        if old in before.flow.slots and new in after.flow.slots:
            steps = _kept_under(before, old), _kept_under(after, new)
            yield from _rows_of(moved, (steps[0], old, value), (steps[1], new, after.slots[new]))


def _rows_of(moved: MovedFrame, old: _Row, new: _Row) -> Iterator[tuple[_Row, _Row]]:
    """A row, and those of the items of a list."""
    yield old, new
    before, flow = moved.before, moved.flow
    for number, record in enumerate(old[2] if isinstance(old[2], list) else (), start=1):
        for slot, value in record.items() if isinstance(record, dict) else ():
            slot_now = moved.names.slot(slot)
            if slot in before.asks and slot_now in flow.asks:
                names = before.nodes[before.asks[slot]].name, flow.nodes[flow.asks[slot_now]].name
                yield from _rows_of(
                    moved,
                    (f"{old[0]}[{number}].{names[0]}", slot, value),
                    (f"{new[0]}[{number}].{names[1]}", slot_now, value),
                )


def _kept_under(frame: FrameDraft, slot: str) -> str:
    index = frame.flow.asks.get(slot)
    return slot if index is None else answer_step(frame, frame.flow.nodes[index])


def _is_private(flow: CompiledFlow, slot: str) -> bool:
    step = flow.nodes[flow.asks[slot]].step if slot in flow.asks else None
    return isinstance(step, Ask) and step.private


def _ask_again(draft: Draft, place: int, moved: MovedFrame) -> frozenset[str]:
    """Takes back what must be asked again, with all that depends on it; the names of those questions."""
    frame = draft.frames[place]
    before = _answered(frame)
    for node in frame.flow.nodes:
        step = node.step
        if not isinstance(step, (Ask, Repeat)) or node.name not in _answered(frame):
            continue
        if step.slot in moved.ask_again or (step.slot in moved.to_read and not _still_fits(draft, frame, node, moved)):
            take_back_dependents(draft, frame, step.slot)
            take_back(draft, frame, node)
    return frozenset(before - _answered(frame))


def _answered(frame: FrameDraft) -> set[str]:
    """Questions that have an answer, or were skipped."""
    return {
        node.name
        for node in frame.flow.nodes
        if isinstance(node.step, (Ask, Repeat)) and (node.step.slot in frame.slots or node.name in frame.skipped)
    }


def _still_fits(draft: Draft, frame: FrameDraft, node: Node, moved: MovedFrame) -> bool:
    """Whether the question as it is now takes the answer that is there; it may read it as another value."""
    step = node.step
    if isinstance(step, Repeat):
        return _records_fit(draft, frame.flow, frame.slots[step.slot], changed_inside(moved, node))
    assert isinstance(step, Ask)
    value = frame.slots[step.slot]
    old = {moved.names.slot(slot): kind for slot, kind in moved.before.slots.items()}.get(step.slot)
    if old != step.type:
        read = _read_again(draft, value, step.type)
        if read is None:
            return False
        if read != value:
            store_answer(draft, frame, step.slot, read, raw="")
    return not checks_of(node) or first_refusal(draft, node, frame.slots[step.slot]) is None


def _records_fit(draft: Draft, flow: CompiledFlow, value: Json, changed: set[str]) -> bool:
    """Whether what a list holds under these slots of its rounds is what they ask for today."""
    for record in value if isinstance(value, list) else ():
        for slot, part in record.items() if isinstance(record, dict) else ():
            step = flow.nodes[flow.asks[slot]].step if slot in flow.asks else None
            if isinstance(step, Repeat) and not _records_fit(draft, flow, part, changed):
                return False
            if slot in changed and isinstance(step, Ask) and _read_again(draft, part, step.type) != part:
                return False
    return True


def _read_again(draft: Draft, value: Json, slot_type: SlotType) -> Json:
    """The value as one of the type, None where it is none."""
    if slot_type.kind in _BY_THE_CLOCK and not _is_iso(value, slot_type.kind):
        return None
    language = draft.language
    if not isinstance(value, str):
        draft.language = "en"  # values are written as in English; only words are the user's own
    try:
        reading = read_words(draft, entity_words(value, slot_type), slot_type)
    finally:
        draft.language = language
    return reading.value if isinstance(reading, Fits) and reading.certain else None


def _is_iso(value: Json, kind: str) -> bool:
    try:
        return isinstance(value, str) and _BY_THE_CLOCK[kind](value) is not None
    except ValueError:
        return False


def _return_later(draft: Draft, frame: FrameDraft, moved: MovedFrame, taken_back: frozenset[str]) -> None:
    """A flow below another asks what it must when it goes on."""
    node = frame.node
    if node is None:
        return
    missing = _open(draft, frame, node, moved.fresh | taken_back)
    if missing and frame.returning_to is None:
        frame.returning_to = frame.step
    is_question = isinstance(node.step, (Ask, Confirm, Repeat))
    if is_question and missing and _question(draft, frame, moved, taken_back, missing) is Question.ANOTHER:
        _rest_at(frame, missing[0])


def _open(draft: Draft, frame: FrameDraft, node: Node, wanted: frozenset[str]) -> list[Node]:
    """Those of the questions that have no answer and lie on the way to this place, and those of its own round."""
    outer = node
    while outer.inside >= 0:
        outer = frame.flow.nodes[outer.inside]
    return [other for other in open_before(draft, frame, outer, lists=True) if other.name in wanted]


def _stand(draft: Draft, moved: MovedFrame, taken_back: frozenset[str]) -> bool:
    """Where the innermost flow stands after its move, and what the message is to it; True when it is used up."""
    frame = draft.top
    node = frame.node
    if node is None:
        return False
    missing = _open(draft, frame, node, moved.fresh | taken_back)
    if missing and frame.returning_to is None:
        frame.returning_to = frame.step
    done = done_with(draft, _slots_of(frame, taken_back))
    draft.question = Question.ANOTHER if done else _question(draft, frame, moved, taken_back, missing)
    if draft.question is not Question.ANOTHER:
        return False
    frame.attempts = 0
    _rest_at(frame, missing[0] if missing else node)
    if done:
        draft.tell_of_changes()
        return begin_undo(draft, done, AfterUndo.WALK)
    return False


def _slots_of(frame: FrameDraft, names: frozenset[str]) -> set[str]:
    steps = [frame.flow.node(name).step for name in names]
    return {step.slot for step in steps if isinstance(step, (Ask, Repeat))}


def _question(
    draft: Draft, frame: FrameDraft, moved: MovedFrame, taken_back: frozenset[str], missing: list[Node]
) -> Question:
    """What the question where a frame stands is to an answer to the one that it stood at."""
    node = frame.flow.node(frame.step)
    if not _still_asks(draft, frame, node, moved) or not _makes_sense(node, missing, _slots_of(frame, taken_back)):
        return Question.ANOTHER
    return Question.CHANGED if _is_put_otherwise(node, moved) else Question.SAME


def _still_asks(draft: Draft, frame: FrameDraft, node: Node, moved: MovedFrame) -> bool:
    """Whether the place is one where the same is asked as before."""
    if isinstance(node.step, Repeat):
        return True
    if node.when is not None and not node.when.is_true(draft.scope()):
        return False
    old = _old_node(node, moved)
    if isinstance(node.step, Confirm):
        was = [moved.names.slot(one.text) for one in old.step.review] if isinstance(old.step, Confirm) else None
        return was == [one.text for one in node.step.review]
    return isinstance(node.step, Ask) and isinstance(old.step, Ask) and node.step.slot not in frame.slots


def _makes_sense(node: Node, missing: list[Node], slots: set[str]) -> bool:
    """Whether the open question can be answered before what is missing."""
    if not missing:
        return node.reads.isdisjoint(slots)
    if isinstance(node.step, Confirm) or node.inside >= 0 or isinstance(node.step, Repeat):
        return False
    asked = {other.step.slot for other in missing if isinstance(other.step, (Ask, Repeat))}
    return node.reads.isdisjoint(slots | asked) and not any(isinstance(other.step, Repeat) for other in missing)


def _is_put_otherwise(node: Node, moved: MovedFrame) -> bool:
    """Whether the open question takes other answers than the one that the user has read, or says something else."""
    old = _old_node(node, moved)
    if not isinstance(node.step, Ask) or not isinstance(old.step, Ask):
        return False
    if old.step.type != node.step.type or moved.names.slot(old.step.slot) != node.step.slot:
        return True
    return words_of(old.step.prompt) != words_of(node.step.prompt)


def _old_node(node: Node, moved: MovedFrame) -> Node:
    return moved.before.node(moved.waited_at)


def _rest_at(frame: FrameDraft, node: Node) -> None:
    """Stands at a question; at a list's, at the one that each of its rounds begins with."""
    if isinstance(node.step, Repeat) and node.name not in frame.rounds:
        frame.rounds[node.name] = 0
        node = first_question_of(frame.flow, node) or node
    frame.jump_to(node.name)


def ask_another(draft: Draft) -> None:
    """The message was for a question that is not the open one any more: that one is asked."""
    node = draft.top.node
    draft.tell_of_changes()
    if node is not None:
        walk(draft, node.body if isinstance(node.step, Repeat) else node.index)
