"""One frame on a newer version of its flow, under the names that hold there; the rules are in `core.migrating`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fsm_engine.core.compile import CompiledFlow, Node
from fsm_engine.core.version_names import Names, content_of, names_since, step_names
from fsm_engine.model.flow import Ask, Choose, Confirm, Do, Repeat, Run, Say
from fsm_engine.model.problem import Written
from fsm_engine.model.session import Frame
from fsm_engine.model.slot import Json

_MARKS = (" goto", " timer", " fired", " case")
"""What a frame keeps among its visits under a step's name with one of these behind it."""


class Stays(Exception):
    """The frame cannot move; the message says why, with names of steps and slots and nothing that a user said."""


@dataclass(frozen=True, slots=True)
class MovedFrame:
    """A frame on the newest version. ``steps`` are the old names that live on, with their new ones.

    ``ask_again`` are slots whose answers go; ``to_read`` those that must be read anew. ``forgotten`` are the steps of
    the history that are gone. ``fresh`` are questions that the old version did not have, or that were skipped and must
    be answered now. ``waited_at`` is the old name of its place.
    """

    frame: Frame
    before: CompiledFlow
    flow: CompiledFlow
    names: Names
    steps: Mapping[str, str]
    forgotten: tuple[str, ...]
    fresh: frozenset[str]
    waited_at: str
    ask_again: frozenset[str] = frozenset()
    to_read: frozenset[str] = frozenset()

    @property
    def renamed(self) -> dict[str, str]:
        """Answers that have another name now."""
        own = self.frame.slots
        return {old: new for old, new in self.names.slots.items() if new in own and old not in own and old != new}


def move_frame(before: CompiledFlow, flow: CompiledFlow, frame: Frame) -> MovedFrame:
    """The frame on the newest version of its flow.

    Raises:
        Stays: it cannot be moved.
    """
    names = names_since(flow.flow, frame.version)
    if names is None:
        raise Stays(f"version {flow.flow.version} declares no migration from version {frame.version}")
    steps = step_names(before, flow, names)
    _must_know_what_was_done(before, flow, frame, steps)
    step = _place(before, flow, frame.step, steps)
    _must_be_on_the_same_side(before, flow, frame.step, steps)
    goal = _place(before, flow, frame.returning_to, steps) if frame.returning_to is not None else None
    slots = _renamed_slots(before, frame.slots, names)
    skipped = [steps[name] for name in frame.skipped if _may_stay_skipped(flow, steps.get(name))]
    trail = [steps[name] for name in frame.trail if _is_same_kind(before, flow, name, steps)]
    trail = [name for name in trail if _is_answered(flow.node(name), slots, skipped)]
    visits = _renamed_visits(before, frame, steps)
    _keep_cases(before, flow, visits, steps)
    placed = replace(
        frame,
        version=flow.flow.version,
        source_hash=flow.flow.source_hash,
        step=step,
        slots=slots,
        skipped=tuple(skipped),
        trail=tuple(trail),
        visits=visits,
        rounds={_open_list(before, flow, name, steps, names): count for name, count in frame.rounds.items()},
        returning_to=goal,
    )
    gone = tuple(name for name in dict.fromkeys((*frame.trail, *frame.skipped)) if name not in steps)
    fresh = _fresh(before, flow, names) | {steps[name] for name in frame.skipped if name in steps} - set(skipped)
    return _with_questions(
        MovedFrame(placed, before, flow, names, steps, forgotten=gone, fresh=frozenset(fresh), waited_at=frame.step)
    )


def _with_questions(moved: MovedFrame) -> MovedFrame:
    """The same, with what must be asked or read again of what it holds. Raises `Stays`."""
    flow, frame = moved.flow, moved.frame
    nodes = {slot: flow.nodes[index] for slot, index in flow.asks.items() if flow.nodes[index].inside < 0}
    held = {slot for slot, node in nodes.items() if slot in frame.slots or node.name in frame.skipped}
    ask_again = held & moved.names.ask_again
    old_of = {moved.names.slot(slot): slot for slot in moved.before.slots}
    to_read = {slot for slot in held - ask_again if slot in frame.slots and _has_changed(moved, old_of, slot)}
    for slot in sorted(ask_again | to_read):
        _must_not_be_open(nodes[slot], frame)
    return replace(moved, ask_again=frozenset(ask_again), to_read=frozenset(to_read))


def _fresh(before: CompiledFlow, flow: CompiledFlow, names: Names) -> set[str]:
    """Questions that ask for what the old version did not ask for."""
    asked = {names.slot(slot) for slot in before.asks}
    return {flow.nodes[index].name for slot, index in flow.asks.items() if slot not in asked}


def _place(before: CompiledFlow, flow: CompiledFlow, name: str, steps: Mapping[str, str]) -> str:
    """Where a session waits now. Raises `Stays`."""
    if name not in before.index_of:
        return name  # before the first step, or behind the last
    new_name = steps.get(name)
    if new_name is None:
        raise Stays(
            f"it waits at '{name}', which version {flow.flow.version} does not have, and move_steps does not name"
        )
    node, other = before.node(name), flow.node(new_name)
    if not _waits_alike(node, other):
        raise Stays(f"it waits at '{name}', and nobody can wait for the same at '{new_name}'")
    if [steps.get(around) for around in _around(before, node)] != _around(flow, other):
        raise Stays(f"it waits at '{name}', and '{new_name}' does not stand in the same list")
    return new_name


def _waits_alike(node: Node, other: Node) -> bool:
    """Questions with one answer stand for each other; a flow that is run comes back to where the same one is run."""
    step, new = node.step, other.step
    if isinstance(step, (Ask, Confirm)):
        return isinstance(new, (Ask, Confirm))
    if isinstance(step, Run):
        return isinstance(new, Run) and step.flow.text == new.flow.text
    return type(step) is type(new) and other.waits


def _around(flow: CompiledFlow, node: Node) -> list[str]:
    """The repeats around a step, the nearest first."""
    names = []
    while node.inside >= 0:
        node = flow.nodes[node.inside]
        names.append(node.name)
    return names


def _must_know_what_was_done(before: CompiledFlow, flow: CompiledFlow, frame: Frame, steps: Mapping[str, str]) -> None:
    """The way back after an answer that is asked again passes what was done; it must not be done a second time."""
    new = {content_of(node.step) for node in flow.nodes if isinstance(node.step, (Do, Run))}
    for node in before.nodes:
        was_taken = isinstance(node.step, (Do, Run)) and node.name in frame.visits
        if was_taken and node.name not in steps and content_of(node.step) in new:
            raise Stays(f"it has been through '{node.name}', and which step of the new version that is cannot be told")


def _must_be_on_the_same_side(before: CompiledFlow, flow: CompiledFlow, name: str, steps: Mapping[str, str]) -> None:
    """What was done before the open question must not come after it, nor what is to be done before it."""
    if name not in before.index_of:
        return
    here, there = before.index_of[name], flow.index_of[steps[name]]
    for node in before.nodes:
        if not isinstance(node.step, (Do, Run)) or node.name not in steps or node.name == name:
            continue
        if (node.index < here) != (flow.index_of[steps[node.name]] < there):
            raise Stays(f"it waits at '{name}', and '{node.name}' stands on the other side of '{steps[name]}'")


def _renamed_slots(before: CompiledFlow, slots: Mapping[str, Json], names: Names) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for old, value in slots.items():
        new = names.slot(old)
        if new in found and new not in names.ask_again:
            raise Stays(f"more than one of its answers would be '{new}'")
        found[new] = _renamed_records(before, old, value, names) if names.slots else value
    return found


def _renamed_records(before: CompiledFlow, slot: str, value: Json, names: Names) -> Json:
    """The list of a repeat: what its rounds asked for stands under the names of their slots."""
    index = before.asks.get(slot)
    if index is None or not isinstance(before.nodes[index].step, Repeat) or not isinstance(value, list):
        return value
    return [
        {names.slot(inner): _renamed_records(before, inner, part, names) for inner, part in record.items()}
        if isinstance(record, dict)
        else record
        for record in value
    ]


def _is_same_kind(before: CompiledFlow, flow: CompiledFlow, name: str, steps: Mapping[str, str]) -> bool:
    return name in steps and type(before.node(name).step) is type(flow.node(steps[name]).step)


def _is_answered(node: Node, slots: Mapping[str, Json], skipped: Sequence[str]) -> bool:
    return not isinstance(node.step, Ask) or node.step.slot in slots or node.name in skipped


def _may_stay_skipped(flow: CompiledFlow, name: str | None) -> bool:
    step = flow.node(name).step if name is not None else None
    return isinstance(step, Ask) and (step.optional or step.give_up.kind == "skip")


def _renamed_visits(before: CompiledFlow, frame: Frame, steps: Mapping[str, str]) -> dict[str, int]:
    visits: dict[str, int] = {}
    for key, count in frame.visits.items():
        name = key
        if key not in before.index_of:
            name = next((key.removesuffix(mark) for mark in _MARKS if key.endswith(mark)), key)
        if name in steps:
            new = f"{steps[name]}{key[len(name) :]}"
            visits[new] = max(count, visits.get(new, 0))
    return visits


def _keep_cases(before: CompiledFlow, flow: CompiledFlow, visits: dict[str, int], steps: Mapping[str, str]) -> None:
    """The case of a `choose` whose flow is running goes along by that flow. Raises `Stays` where it is gone."""
    for old, new in steps.items():
        node, other = before.node(old), flow.node(new)
        key = f"{new} case"
        if key not in visits:
            continue
        runs = [case.run for case in other.cases]
        run = node.cases[visits[key]].run if isinstance(node.step, Choose) else None
        if run not in runs:
            raise Stays(f"it runs '{run}' from '{old}', and '{new}' does not run it")
        if visits[key] >= len(runs) or runs[visits[key]] != run:
            visits[key] = runs.index(run)


def _open_list(before: CompiledFlow, flow: CompiledFlow, name: str, steps: Mapping[str, str], names: Names) -> str:
    """A list that is being collected. Raises `Stays` where its questions are others."""
    new = steps.get(name)
    if new is None or not isinstance(flow.node(new).step, Repeat):
        raise Stays(f"the list '{name}' is being collected, and version {flow.flow.version} does not have it")
    for slot, kind in _inner_types(before, before.node(name)).items():
        if _inner_types(flow, flow.node(new)).get(names.slot(slot)) != kind:
            raise Stays(f"the list '{name}' is being collected, and '{slot}' is asked for in another way")
    return new


def _inner_types(flow: CompiledFlow, around: Node) -> dict[str, object]:
    """What one round asks for: each slot with what its answers are like."""
    inner = [node.step for node in flow.nodes if around.name in _around(flow, node)]
    return {
        step.slot: step.type if isinstance(step, Ask) else Repeat for step in inner if isinstance(step, (Ask, Repeat))
    }


def _has_changed(moved: MovedFrame, old_of: Mapping[str, str], slot: str) -> bool:
    """Whether an answer that is there was given to a question that took other answers than today's."""
    before, flow = moved.before, moved.flow
    node = flow.nodes[flow.asks[slot]]
    old_index = before.asks.get(old_of.get(slot, slot))
    old = before.nodes[old_index] if old_index is not None else None
    if isinstance(node.step, Repeat):
        return old is None or not isinstance(old.step, Repeat) or bool(changed_inside(moved, node))
    if old is None or not isinstance(old.step, Ask) or not isinstance(node.step, Ask):
        return True
    return old.step.type != node.step.type or checks_of(old) != checks_of(node)


def changed_inside(moved: MovedFrame, repeat: Node) -> set[str]:
    """Slots of a list's rounds whose answers were of another type."""
    was: dict[str, object] = {}
    for node in moved.before.nodes:
        if isinstance(node.step, Repeat):
            was |= {moved.names.slot(slot): kind for slot, kind in _inner_types(moved.before, node).items()}
    now = _inner_types(moved.flow, repeat)
    return {slot for slot, kind in now.items() if was.get(slot, kind) != kind}


def checks_of(node: Node) -> list[tuple[str | None, str | None]]:
    """What an answer is held against, without the texts."""
    written = [check.check for check in node.checks]
    return [(_text(one.call), _text(one.must)) for one in written]


def _text(written: Written | None) -> str | None:
    return written.text if written is not None else None


def first_question_of(flow: CompiledFlow, repeat: Node) -> Node | None:
    """The question that each round of a repeat begins with; None where that depends."""
    index = repeat.body
    while index >= 0 and isinstance(flow.nodes[index].step, Say) and flow.nodes[index].goto is None:
        index = flow.nodes[index].next
    node = flow.nodes[index]
    return node if isinstance(node.step, Ask) and node.when is None and node.inside == repeat.index else None


def _must_not_be_open(node: Node, frame: Frame) -> None:
    """Raises `Stays` for a list that is being collected."""
    if node.name in frame.rounds:
        raise Stays(f"the list '{node.name}' is being collected, and would have to be asked for again")
