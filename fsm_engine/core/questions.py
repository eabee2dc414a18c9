"""Asking: the open question, what kind of answer it awaits, and where answers are kept."""

from __future__ import annotations

from collections.abc import Iterable

from fsm_engine.core.compile import CompiledFlow, Node, flows_run_by
from fsm_engine.core.draft import Draft, FrameDraft
from fsm_engine.core.formats import format_value, yes_and_no
from fsm_engine.core.repeats import answer_step, forget_round
from fsm_engine.model.flow import Ask, Confirm, Do, Repeat
from fsm_engine.model.session import Status
from fsm_engine.model.slot import Json, SlotType
from fsm_engine.model.turn import Answer, Expectation, Message
from fsm_engine.understanding.slot_names import usual_name


def open_question(draft: Draft, node: Node) -> None:
    """Says the question of a waiting place; the variation changes from visit to visit."""
    frame = draft.top
    if isinstance(node.step, Do):
        draft.say("action_waiting")
        return
    visit = frame.count_visit(node.name)
    if isinstance(node.step, Confirm):
        _show_review(draft, node.step)
    if node.speech is not None:
        draft.speak(node.speech, f"{frame.flow.name}.{node.name}", visit)
    elif isinstance(node.step, Repeat):
        draft.say("ask_more")


def _show_review(draft: Draft, step: Confirm) -> None:
    lines = reviewed(draft, [written.text for written in step.review])
    if lines:
        draft.messages.append(Message("\n".join(lines)))


def reviewed(draft: Draft, slots: Iterable[str]) -> list[str]:
    """One line for each slot that has a value: ``E-mail: …``."""
    scope = draft.scope()
    lines = []
    for slot in slots:
        value = scope.get(slot)
        if value is not None and value != []:
            asking = _asking(draft, slot)
            name = _name_in(draft, asking, slot)
            words = format_value(value, draft.language, slot_type=asking.slots[slot] if asking is not None else None)
            lines.append(f"{name[:1].upper()}{name[1:]}: {words}")
    return lines


def shown(draft: Draft, slot: str, value: Json) -> str:
    """A slot value as the user reads it."""
    return format_value(value, draft.language, slot_type=slot_type(draft, slot))


def slot_type(draft: Draft, slot: str) -> SlotType | None:
    """The type of a slot in sight; also where the flow that asked for it has ended and left its answers to another."""
    asking = _asking(draft, slot)
    return asking.slots[slot] if asking is not None else None


def _asking(draft: Draft, slot: str) -> CompiledFlow | None:
    for frame in reversed(draft.frames):
        if slot in frame.flow.slots:
            return frame.flow
    below = [run.text for frame in draft.frames for run in flows_run_by(frame.flow.flow)]
    for name in below:
        flow = draft.flows.compiled.get(name)
        if flow is not None and slot in flow.slots:
            return flow
        below += [run.text for run in flows_run_by(flow.flow) if run.text not in below] if flow is not None else []
    return None


def slot_name(draft: Draft, slot: str) -> str:
    """What a slot is called: as its author says, else by the usual word of the user's language, else by its own."""
    return _name_in(draft, _asking(draft, slot), slot)


def _name_in(draft: Draft, asking: CompiledFlow | None, slot: str) -> str:
    called = asking.called.get(slot) if asking is not None else None
    if called is not None:
        return draft.voice().first(called)
    return usual_name(slot, draft.language) or spoken_name(slot)


def spoken_name(slot: str) -> str:
    """A name without its underscores: ``account type`` for ``account_type``."""
    return slot.replace("_", " ")


def expectation(draft: Draft) -> Expectation | None:
    """What kind of answer is awaited after this turn; None when nothing is."""
    if draft.status is not Status.ACTIVE:
        return None
    if draft.pending is not None:
        return _of_pending(draft)
    node = draft.top.node if draft.frames else None
    if node is None:
        return Expectation("anything")
    if node.awaits is not None:
        return node.awaits
    if isinstance(node.step, Ask):
        options = tuple([option.label(draft.language) for option in node.step.type.options])
        return Expectation(node.step.type.kind, node.step.slot, options, node.step.optional)
    if isinstance(node.step, (Confirm, Repeat)):
        return Expectation("yes or no", None, yes_and_no(draft.language))
    return Expectation("nothing")


def _of_pending(draft: Draft) -> Expectation:
    assert draft.pending is not None
    kind = draft.pending.kind
    if kind in {"cancel", "restart", "safe"}:
        return Expectation("yes or no", None, yes_and_no(draft.language))
    return Expectation("one of", None, draft.choices)


def store_answer(draft: Draft, frame: FrameDraft, slot: str, value: Json, *, raw: str) -> None:
    """Fills a slot, and notes the answer for the table of answers."""
    frame.slots[slot] = value
    node = _asked_by(frame, slot)
    if node is not None and node.name in frame.skipped:
        frame.skipped.remove(node.name)
    _note_answer(draft, frame, slot, node, raw=raw, attempts=frame.attempts + 1)


def note_answers(draft: Draft) -> None:
    """Notes every answer that an expired session leaves to the one that goes on where it stood."""
    for frame in draft.frames:
        for slot in frame.slots:
            _note_answer(draft, frame, slot, _asked_by(frame, slot), raw="", attempts=1)


def _note_answer(draft: Draft, frame: FrameDraft, slot: str, node: Node | None, *, raw: str, attempts: int) -> None:
    draft.answers.append(
        Answer(
            frame.flow.name,
            answer_step(frame, node) if node is not None else slot,
            slot,
            frame.slots[slot],
            raw,
            attempts,
            is_private=node is not None and isinstance(node.step, Ask) and node.step.private,
        )
    )


def _asked_by(frame: FrameDraft, slot: str) -> Node | None:
    index = frame.flow.asks.get(slot)
    return frame.flow.nodes[index] if index is not None else None


def take_back(draft: Draft, frame: FrameDraft, node: Node) -> None:
    """Empties the slot of a question and forgets that it was skipped; nothing happens when it had no answer."""
    step = node.step
    assert isinstance(step, (Ask, Repeat))
    if isinstance(step, Repeat):
        forget_round(frame, node)
    if node.name in frame.skipped:
        frame.skipped.remove(node.name)
    frame.rounds.pop(node.name, None)
    frame.trail = [name for name in frame.trail if name != node.name]
    if frame.slots.pop(step.slot, None) is not None:
        draft.answers.append(Answer(frame.flow.name, answer_step(frame, node), step.slot, None, "", 0, is_removed=True))
