"""Where the story goes after a step: its own `goto`, its case's, or on; backwards within a bound."""

from __future__ import annotations

from fsm_engine.core.compile import Node
from fsm_engine.core.draft import Draft
from fsm_engine.core.questions import take_back
from fsm_engine.core.repeats import leave_rounds
from fsm_engine.model.flow import Ask, Choose, Repeat

DEFAULT_GOTO_BOUND = 3
"""How often a `goto` leads back, where its step does not say."""


def after(draft: Draft, node: Node) -> int:
    """Where the story goes after a node: its own `goto`, its case's, or the next in line."""
    if isinstance(node.step, Choose):
        number = draft.top.visits.pop(f"{node.name} case", None)
        target = node.cases[number].goto if number is not None else None
        if target is not None:
            return follow(draft, node, target)
    return node.next if node.goto is None else follow(draft, node, node.goto)


def follow(draft: Draft, node: Node, target: int) -> int:
    """A `goto`. Backwards it is bounded, and the answers that lie between are asked for again."""
    frame = draft.top
    leave_rounds(frame, node, target)
    if target > node.index:
        return target
    bound = node.step.at_most or DEFAULT_GOTO_BOUND
    if frame.count_visit(f"{node.name} goto") > bound:
        return node.next
    for between in frame.flow.nodes[target : node.index + 1]:
        if isinstance(between.step, (Ask, Repeat)):
            take_back(draft, frame, between)
    return target
