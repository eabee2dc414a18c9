"""Flow files to programs: each flow becomes a row of nodes with compiled guards and texts, and one state machine.

Problems that only show when names are put together (an unknown step, slot or flow) are collected on the way, so that
nothing is parsed twice: what loads is what runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict

from fsm_engine.core.guards import Expression
from fsm_engine.core.machine import FlowMachine
from fsm_engine.core.nearest import did_you_mean
from fsm_engine.core.texts import CompiledSpeech, CompiledText, TextCompiler
from fsm_engine.model.flow import (
    Ask,
    Case,
    Check,
    Choose,
    Confirm,
    Do,
    End,
    Flow,
    Handoff,
    Remind,
    Repeat,
    Run,
    Say,
    Step,
)
from fsm_engine.model.problem import Position, Problem, Written
from fsm_engine.model.slot import SlotType
from fsm_engine.model.turn import Expectation
from fsm_engine.understanding.readers import KINDS

NAMED_BY_KIND = frozenset({"email", "phone", "country", "language", "date", "postcode", "iban"})
"""Kinds whose name users say for the answer, whatever the slot is called."""
LEAVE = -1
"""The index behind the last node: the flow is over."""


@dataclass(frozen=True, slots=True)
class CompiledCheck:
    check: Check
    error: CompiledText
    must: Expression | None


@dataclass(frozen=True, slots=True)
class CompiledCase:
    when: Expression | None
    speech: CompiledSpeech | None
    run: str | None
    goto: int | None


@dataclass(frozen=True, slots=True)
class Node:
    """One step, ready to run. ``next`` is where the story goes on; ``inside`` is the repeat around it, or LEAVE.

    ``waits``: a session can rest here between two turns. ``reads`` are the slots that the step's sense depends on.
    ``awaits`` is the kind of answer to a question, None where its options have names of their own in each language.
    """

    index: int
    step: Step
    name: str
    waits: bool
    next: int
    inside: int = LEAVE
    body: int = LEAVE
    when: Expression | None = None
    goto: int | None = None
    speech: CompiledSpeech | None = None
    help: CompiledText | None = None
    again: tuple[CompiledText, ...] = ()
    checks: tuple[CompiledCheck, ...] = ()
    cases: tuple[CompiledCase, ...] = ()
    prefill: Expression | None = None
    give_up_at: int | None = None
    reads: frozenset[str] = frozenset()
    awaits: Expectation | None = None


class _Parts(TypedDict, total=False):
    """The fields of a node that depend on the kind of its step."""

    body: int
    speech: CompiledSpeech | None
    help: CompiledText | None
    again: tuple[CompiledText, ...]
    checks: tuple[CompiledCheck, ...]
    cases: tuple[CompiledCase, ...]
    prefill: Expression | None
    give_up_at: int | None


@dataclass(frozen=True, slots=True)
class CompiledFlow:
    """One flow, shared by all its sessions and never changed. ``reminders`` are those that stand in no repeat,
    ``sole_kinds`` the kinds of answer that one question alone asks for. ``idle`` is how long its sessions wait for a
    message, None: as long as the bot file says.
    """

    flow: Flow
    name: str
    nodes: tuple[Node, ...]
    index_of: Mapping[str, int]
    slots: Mapping[str, SlotType]
    asks: Mapping[str, int]
    sole_kinds: frozenset[str]
    spoken_names: Mapping[str, tuple[str, ...]]
    called: Mapping[str, CompiledText]
    reminders: tuple[int, ...]
    idle: timedelta | None
    nudge: CompiledText | None
    title: CompiledText | None
    machine: FlowMachine

    def node(self, name: str) -> Node:
        """The node of a step; KeyError when the flow has no such step."""
        return self.nodes[self.index_of[name]]


def own_slots(flow: Flow) -> dict[str, SlotType]:
    """Every slot that the flow itself fills, with its type."""
    slots: dict[str, SlotType] = {}
    for step in walk_steps(flow.steps):
        if isinstance(step, Ask):
            slots[step.slot] = step.type
        elif isinstance(step, Repeat):
            slots[step.slot] = SlotType("list of")
        elif isinstance(step, Do) and step.save_as:
            slots.setdefault(step.save_as, SlotType("value"))
    return slots


def walk_steps(steps: tuple[Step, ...]) -> list[Step]:
    """All steps in the order in which they are written, those inside repeats too."""
    found: list[Step] = []
    for step in steps:
        found.append(step)
        if isinstance(step, Repeat):
            found.extend(walk_steps(step.steps))
    return found


def flows_run_by(flow: Flow) -> list[Written]:
    """The names of flows that this flow runs, with their places."""
    names: list[Written] = []
    for step in walk_steps(flow.steps):
        if isinstance(step, Run):
            names.append(step.flow)
        elif isinstance(step, Choose):
            names.extend(case.run for case in step.cases if case.run)
    return names


def spoken_names(nodes: tuple[Node, ...]) -> dict[str, tuple[str, ...]]:
    """What users may call each slot that is asked for: its own words and what the author says it is called.

    Where the flow asks for one thing of a kind, the kind's name means it too: "my country is …".
    """
    steps = [node.step for node in nodes if isinstance(node.step, (Ask, Repeat))]
    kinds = Counter(step.type.kind for step in steps if isinstance(step, Ask))
    names: dict[str, tuple[str, ...]] = {}
    for step in steps:
        kind = step.type.kind if isinstance(step, Ask) and kinds[step.type.kind] == 1 else ""
        called = [word.text for group in step.called.variations.values() for word in group] if step.called else []
        names[step.slot] = (step.slot.replace("_", " "), *called, *((kind,) if kind in NAMED_BY_KIND else ()))
    return names


def _sole_kinds(nodes: tuple[Node, ...]) -> frozenset[str]:
    kinds = Counter(node.step.type.kind for node in nodes if isinstance(node.step, Ask))
    return frozenset(kind for kind, count in kinds.items() if count == 1)


class FlowCompiler:
    """Compiles one flow; ``problems`` holds what its author should mend."""

    def __init__(self, flow: Flow, visible: Mapping[str, SlotType], flow_names: frozenset[str]) -> None:
        self.flow = flow
        self.visible = visible
        self.flow_names = flow_names
        self.texts = TextCompiler(visible)
        self.problems: list[Problem] = []
        steps = walk_steps(flow.steps)
        self.index_of = {step.name: index for index, step in enumerate(steps)}
        self.nodes: list[Node] = []

    def compile(self) -> CompiledFlow:
        """The compiled flow; it may only run when ``problems`` stayed empty."""
        self._lay_out(self.flow.steps, inside=LEAVE, after=LEAVE)
        nudge = self.texts.text(self.flow.nudge.say) if self.flow.nudge else None
        nodes = tuple(sorted(self.nodes, key=lambda node: node.index))
        title = self.texts.text(self.flow.title) if self.flow.title else None
        steps = [node.step for node in nodes if isinstance(node.step, (Ask, Repeat))]
        called = {step.slot: self.texts.text(step.called) for step in steps if step.called}
        for written, error in self.texts.failures:
            hint = did_you_mean(error.name, self.visible) if error.name and error.code == "unknown-slot" else ""
            self._report(written.at, error.code, f"{error}{hint}")
        machine = FlowMachine(self.flow.name, nodes)
        asks = {node.step.slot: node.index for node in nodes if isinstance(node.step, (Ask, Repeat))}
        spoken = spoken_names(nodes)
        reminders = tuple(node.index for node in nodes if isinstance(node.step, Remind) and node.inside < 0)
        return CompiledFlow(
            self.flow,
            self.flow.name,
            nodes,
            self.index_of,
            own_slots(self.flow),
            asks,
            _sole_kinds(nodes),
            spoken,
            called,
            reminders,
            None if self.flow.expires_s is None else timedelta(seconds=self.flow.expires_s),
            nudge,
            title,
            machine,
        )

    def _lay_out(self, steps: tuple[Step, ...], *, inside: int, after: int) -> None:
        for position, step in enumerate(steps):
            following = self.index_of[steps[position + 1].name] if position + 1 < len(steps) else after
            index = self.index_of[step.name]
            self.nodes.append(self._node(step, index, following, inside))
            if isinstance(step, Repeat):
                self._lay_out(step.steps, inside=index, after=index)

    def _node(self, step: Step, index: int, following: int, inside: int) -> Node:
        when = self.texts.expression(step.when) if step.when else None
        parts = self._parts(step)
        return Node(
            index=index,
            step=step,
            name=step.name,
            waits=_waits(step, parts),
            next=following,
            inside=inside,
            when=when,
            goto=self._target(step.goto, step),
            reads=_reads(step, when, parts, self.visible),
            awaits=_awaits(step),
            **parts,
        )

    def _parts(self, step: Step) -> _Parts:
        """What only this kind of step has."""
        if isinstance(step, (Ask, Confirm)):
            return self._question(step)
        if isinstance(step, Do):
            self._know_slots(step.send)
            return {"give_up_at": self._target(step.give_up.step, step)}
        if isinstance(step, Choose):
            return {"cases": tuple(self._case(case, step) for case in step.cases)}
        if isinstance(step, Repeat):
            speech = self.texts.speech(step.ask_more) if step.ask_more else None
            return {"body": self.index_of[step.steps[0].name], "speech": speech}
        if isinstance(step, Run):
            self._know_flow(step.flow)
        elif isinstance(step, Remind):
            self._know_due(step)
            return {"speech": self.texts.speech(step.speech)}
        elif isinstance(step, (Say, End, Handoff)) and step.speech:
            return {"speech": self.texts.speech(step.speech)}
        return {}

    def _question(self, step: Ask | Confirm) -> _Parts:
        parts: _Parts = {
            "speech": self.texts.speech(step.prompt),
            "help": self.texts.text(step.help) if step.help else None,
            "again": tuple(self.texts.text(text) for text in step.again),
            "give_up_at": self._target(step.give_up.step, step),
        }
        if isinstance(step, Confirm):
            self._know_slots(step.review)
            return parts
        self._know_slots(step.depends_on)
        parts["checks"] = tuple(self._check(check) for check in step.checks)
        parts["prefill"] = self.texts.expression(step.prefill, must_be_bool=False) if step.prefill else None
        return parts

    def _check(self, check: Check) -> CompiledCheck:
        must = self.texts.expression(check.must) if check.must else None
        return CompiledCheck(check, self.texts.text(check.error), must)

    def _case(self, case: Case, step: Step) -> CompiledCase:
        if case.run:
            self._know_flow(case.run)
        return CompiledCase(
            self.texts.expression(case.when) if case.when else None,
            self.texts.speech(case.say) if case.say else None,
            case.run.text if case.run else None,
            self._target(case.goto, step),
        )

    def _target(self, goto: Written | None, step: Step) -> int | None:
        if goto is None:
            return None
        index = self.index_of.get(goto.text)
        if index is None:
            hint = did_you_mean(goto.text, [name for name in self.index_of if " " not in name])
            message = f"step '{step.name}' goes to '{goto.text}', which this flow does not define.{hint}"
            self._report(goto.at, "unknown-step", message)
        return index

    def _know_slots(self, names: tuple[Written, ...]) -> None:
        for written in names:
            if written.text not in self.visible:
                hint = did_you_mean(written.text, self.visible)
                self._report(
                    written.at, "unknown-slot", f"'{written.text}' is not a slot that this flow can see.{hint}"
                )

    def _know_due(self, step: Remind) -> None:
        slot = step.due.slot
        if slot is None:
            return
        self._know_slots((slot,))
        kind = self.visible[slot.text].kind if slot.text in self.visible else None
        if kind in KINDS and kind not in ("date", "date and time"):
            near = [name for name, known in self.visible.items() if known.kind in ("date", "date and time")]
            hint = did_you_mean(slot.text, near)
            message = f"'{slot.text}' holds a {kind}, and a reminder needs a date, or a date and time.{hint}"
            self._report(slot.at, "reminder-not-a-time", message)

    def _know_flow(self, written: Written) -> None:
        if written.text not in self.flow_names:
            hint = did_you_mean(written.text, self.flow_names)
            self._report(written.at, "unknown-flow", f"there is no flow called '{written.text}'.{hint}")

    def _report(self, at: Position, code: str, message: str) -> None:
        self.problems.append(Problem(at, code, message))


def _waits(step: Step, parts: _Parts) -> bool:
    if isinstance(step, Choose):
        return any(case.run for case in parts.get("cases", ()))
    return isinstance(step, (Ask, Confirm, Do, Repeat, Run))


def _awaits(step: Step) -> Expectation | None:
    if not isinstance(step, Ask) or any(option.shown_as for option in step.type.options):
        return None
    return Expectation(step.type.kind, step.slot, tuple(option.value for option in step.type.options), step.optional)


def _reads(step: Step, when: Expression | None, parts: _Parts, slots: Mapping[str, SlotType]) -> frozenset[str]:
    """Slots named in guards, checks, prefill, `depends_on` and the prompt of a step.

    A person's name in a prompt is how the user is addressed, not what the question is about.
    """
    names: set[str] = set(when.names) if when else set()
    for case in parts.get("cases", ()):
        names |= case.when.names if case.when else frozenset()
    if isinstance(step, Ask):
        names |= {written.text for written in step.depends_on}
        names |= prefill.names if (prefill := parts.get("prefill")) else frozenset()
        shown = speech.text.names if (speech := parts.get("speech")) else frozenset()
        names |= {name for name in shown if slots[name].kind != "person name"}
        for check in parts.get("checks", ()):
            names |= check.must.names if check.must else frozenset()
        names.discard(step.slot)
    return frozenset(names)
