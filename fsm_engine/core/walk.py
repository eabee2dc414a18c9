"""From one waiting place to the next: what the bot says and decides on its own between two answers of the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from fsm_engine.core.compile import LEAVE, CompiledCase, CompiledFlow, Node
from fsm_engine.core.draft import Draft, FrameDraft, new_frame
from fsm_engine.core.guards import Scope, prefilled
from fsm_engine.core.machine import OVER
from fsm_engine.core.paths import after, follow
from fsm_engine.core.questions import open_question, store_answer
from fsm_engine.core.reminders import set_reminder
from fsm_engine.core.repeats import close_round, is_inside
from fsm_engine.core.undo import finish_frame
from fsm_engine.model.flow import Ask, Choose, Confirm, Do, End, Handoff, Remind, Repeat, Run, Say, Step
from fsm_engine.model.session import RunningAction, Status
from fsm_engine.model.turn import ActionRequest, RiskFinding

MAX_STEPS = 100
"""Steps between two questions; more means that the flow goes in circles."""
MAX_FRAMES = 10


def walk(draft: Draft, index: int) -> None:
    """Runs the top frame's flow from a node on, and what it returns to, until the bot waits or the session ends."""
    following: int | None = index
    for _ in range(MAX_STEPS):
        if following is None:
            return
        frame = draft.top
        is_over = following == LEAVE
        following = _leave_flow(draft, frame) if is_over else _visit(draft, frame, frame.flow.nodes[following])
    if following is not None:
        draft.say("give_up_handoff")
        draft.end(Status.HANDED_OFF)


def start_flow(
    draft: Draft, flow: CompiledFlow, *, is_digression: bool = False, slots: Mapping[str, Any] | None = None
) -> None:
    """Puts a flow on the stack and runs it from its first step."""
    frame = new_frame(flow, is_digression=is_digression)
    draft.frames.append(frame)
    for slot, value in (slots or {}).items():
        store_answer(draft, frame, slot, value, raw="")
    walk(draft, 0)


def go_on(draft: Draft) -> None:
    """Leaves the place where the top frame waits, its answer being there, for the next."""
    frame = draft.top
    node = frame.node
    if node is None:
        return
    left = left_open(draft, frame, node)
    if left is None:
        walk(draft, after(draft, node))
        return
    draft.tell_of_changes()
    frame.jump_to(left.name)
    walk(draft, left.index)


def left_open(draft: Draft, frame: FrameDraft, node: Node) -> Node | None:
    """After a change: a question on the way to this one that has no answer, having been left to change this one first.

    Walking on from here would never come to it. The way is the one that the story takes with the answers as they are.
    """
    if frame.returning_to is None or node.inside >= 0:
        return None
    return next(open_before(draft, frame, node), None)


def open_before(draft: Draft, frame: FrameDraft, node: Node, *, lists: bool = False) -> Iterator[Node]:
    """The questions without an answer on the way to a node; ``lists``: those of repeats too."""
    scope = draft.scope()
    index = 0
    while 0 <= index < node.index:
        other = frame.flow.nodes[index]
        applies = other.when is None or other.when.is_true(scope)
        if applies and _stands_open(frame, other, lists=lists):
            yield other
        target = _target_of(other, scope) if applies else None
        index = target if target is not None and target > index else other.next


def _stands_open(frame: FrameDraft, node: Node, *, lists: bool) -> bool:
    """Whether a question waits for its answer; one that gave up and went elsewhere does not."""
    step = node.step
    if isinstance(step, Repeat):
        return lists and step.slot not in frame.slots and node.name not in frame.rounds
    if not isinstance(step, Ask) or step.give_up.kind == "goto":
        return False
    return step.slot not in frame.slots and node.name not in frame.skipped


def _target_of(node: Node, scope: Scope) -> int | None:
    """Where a step sends the story, by its own `goto` or that of the case that fits."""
    if not isinstance(node.step, Choose):
        return node.goto
    fitting = next((case for case in node.cases if case.when is None or case.when.is_true(scope)), None)
    return node.goto if fitting is None or fitting.goto is None else fitting.goto


def leave_for(draft: Draft, index: int) -> None:
    """Goes from the waiting place to a named step, as `give_up: goto` says."""
    node = draft.top.node
    if node is not None:
        walk(draft, follow(draft, node, index))


def resume(draft: Draft) -> None:
    """Asks the open question again, after something came between."""
    node = draft.top.node if draft.frames else None
    if node is not None:
        open_question(draft, node)


def _visit(draft: Draft, frame: FrameDraft, node: Node) -> int | None:
    if node.when is not None and not node.when.is_true(draft.scope()):
        if frame.returning_to == node.name:
            frame.returning_to = None
        if node.waits:
            frame.move_to(node.name)
        return node.next
    if frame.returning_to is not None and _is_passed_in_silence(frame, node):
        if node.waits:
            frame.move_to(node.name)
        return node.next
    if not isinstance(node.step, (Ask, Confirm, Repeat)):
        frame.count_visit(node.name)
    if node.step.flag is not None:
        flag = node.step.flag
        draft.findings.append(RiskFinding(flag.level, flag.label, "", "flow"))
    return _VISITS[type(node.step)](draft, frame, node)


def _is_passed_in_silence(frame: FrameDraft, node: Node) -> bool:
    """After a correction, steps that were taken before say and do nothing on the way back."""
    if not _is_way_back(frame, node) or isinstance(node.step, (Repeat, Choose)):
        return False
    if frame.returning_to == node.name and isinstance(node.step, Run):
        return False
    if frame.returning_to == node.name:
        frame.returning_to = None
        return False
    if isinstance(node.step, Ask):
        return False
    if isinstance(node.step, Confirm):
        return node.name in frame.trail
    return node.name in frame.visits


def _is_way_back(frame: FrameDraft, node: Node) -> bool:
    """Whether this lies between a correction and the open question; a list that is collected anew does not."""
    if frame.returning_to is None:
        return False
    return node.inside < 0 or is_inside(frame, frame.returning_to, frame.flow.nodes[node.inside])


def _visit_say(draft: Draft, frame: FrameDraft, node: Node) -> int | None:
    if node.speech is not None:
        draft.speak(node.speech, f"{frame.flow.name}.{node.name}", frame.visits[node.name])
    return after(draft, node)


def _visit_ask(draft: Draft, frame: FrameDraft, node: Node) -> int | None:
    step = node.step
    assert isinstance(step, Ask)
    frame.move_to(node.name)
    if step.slot in frame.slots or node.name in frame.skipped:
        return after(draft, node)
    if node.prefill is not None:
        value = prefilled(node.prefill, draft.scope())
        if value is not None:
            store_answer(draft, frame, step.slot, value, raw="")
            return after(draft, node)
    if frame.returning_to is not None and _leads_round(frame, node) and left_open(draft, frame, node) is None:
        frame.returning_to = None
    frame.attempts = 0
    open_question(draft, node)
    return None


def _leads_round(frame: FrameDraft, node: Node) -> bool:
    """Whether the way back from a correction has come out beyond the question that it was to return to."""
    goal = frame.returning_to
    return goal is not None and node.name not in frame.visits and node.index > frame.flow.index_of[goal]


def _visit_confirm(draft: Draft, frame: FrameDraft, node: Node) -> int | None:
    frame.move_to(node.name)
    frame.attempts = 0
    open_question(draft, node)
    return None


def _visit_choose(draft: Draft, frame: FrameDraft, node: Node) -> int | None:
    scope = draft.scope()
    for number, case in enumerate(node.cases):
        if case.when is None or case.when.is_true(scope):
            return _take_case(draft, frame, node, number, case)
    if node.waits:
        frame.move_to(node.name)
    return after(draft, node)


def _take_case(draft: Draft, frame: FrameDraft, node: Node, number: int, case: CompiledCase) -> int | None:
    visit = frame.visits[node.name]
    is_silent = _is_way_back(frame, node) and visit > 1
    if case.speech is not None and not is_silent:
        draft.speak(case.speech, f"{frame.flow.name}.{node.name}.{number}", visit)
    if node.waits:
        frame.move_to(node.name)
    if case.run is not None and not is_silent:
        frame.visits[f"{node.name} case"] = number
        return _enter(draft, case.run)
    return after(draft, node) if case.goto is None else follow(draft, node, case.goto)


def _visit_run(draft: Draft, frame: FrameDraft, node: Node) -> int | None:
    step = node.step
    assert isinstance(step, Run)
    frame.move_to(node.name)
    if frame.returning_to == node.name:  # it was running when an answer of this flow changed, and has ended since
        frame.returning_to = None
        return after(draft, node)
    return _enter(draft, step.flow.text)


def _enter(draft: Draft, flow_name: str) -> int | None:
    if len(draft.frames) >= MAX_FRAMES:
        draft.say("digression_too_deep")
        node = draft.top.node
        return node.next if node else LEAVE
    flow = draft.flows.compiled.get(flow_name)
    if flow is None:  # an older version runs a flow that is no longer there
        draft.say("give_up_handoff")
        draft.end(Status.HANDED_OFF)
        return None
    draft.frames.append(new_frame(flow))
    return 0


def _visit_do(draft: Draft, frame: FrameDraft, node: Node) -> int | None:
    step = node.step
    assert isinstance(step, Do)
    frame.move_to(node.name)
    key = _action_key(draft, frame, node)
    draft.action = RunningAction(node.name, step.action.text, key, draft.number)
    draft.requested = request_action(draft, node, key)
    return None


def request_action(draft: Draft, node: Node, key: str) -> ActionRequest:
    """What the shell must run for a `do:` step, with the slots that it sends."""
    step = node.step
    assert isinstance(step, Do)
    scope = draft.scope()
    return ActionRequest(
        key=key,
        flow=draft.top.flow.name,
        step=node.name,
        action=step.action.text,
        slots={written.text: scope.get(written.text) for written in step.send},
        undo=step.undo.text if step.undo else None,
        retry=step.retry,
        time_limit_s=step.time_limit_s,
        private=tuple(written.text for written in step.send if _is_private(draft, written.text)),
        waiting_s=step.waiting_s,
    )


def _is_private(draft: Draft, slot: str) -> bool:
    for frame in reversed(draft.frames):
        if slot in frame.flow.asks:
            step = frame.flow.nodes[frame.flow.asks[slot]].step
            return isinstance(step, Ask) and step.private
    return False


def _action_key(draft: Draft, frame: FrameDraft, node: Node) -> str:
    """The same for every try of the same visit of the same step, and for nothing else.

    The turn's number tells a flow that is entered again (a restart, a second digression) from its first time.
    """
    text = f"{draft.session_id}\n{draft.number}\n{frame.flow.name}\n{node.name}\n{frame.visits[node.name]}"
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _visit_repeat(draft: Draft, frame: FrameDraft, node: Node) -> int | None:
    step = node.step
    assert isinstance(step, Repeat)
    comes_from_inside = is_inside(frame, frame.step, node)
    frame.move_to(node.name)
    if node.name in frame.rounds and frame.returning_to is not None and is_inside(frame, frame.returning_to, node):
        if not comes_from_inside:
            return _return_into_repeat(draft, frame, node)
        frame.returning_to = None  # the round has gone past the question that was to be returned to
    if node.name not in frame.rounds:
        if step.slot in frame.slots:
            return after(draft, node)
        frame.rounds[node.name] = 0
        return node.body
    added = close_round(draft, frame, node)
    count = frame.rounds[node.name]
    if count >= step.rounds_at_most or (not added and count >= step.at_least):
        return leave_repeat(draft, frame, node)
    if count < step.at_least:
        return node.body
    open_question(draft, node)
    return None


def _return_into_repeat(draft: Draft, frame: FrameDraft, node: Node) -> int | None:
    """After a correction: back to the open question of the repeat, or of one of its rounds."""
    if frame.returning_to == node.name:
        frame.returning_to = None
        open_question(draft, node)
        return None
    return node.body


def leave_repeat(draft: Draft, frame: FrameDraft, node: Node) -> int:
    """The list is complete; where the story goes on."""
    step = node.step
    assert isinstance(step, Repeat)
    frame.rounds.pop(node.name, None)
    frame.slots.setdefault(step.slot, [])
    return after(draft, node)


def _visit_remind(draft: Draft, frame: FrameDraft, node: Node) -> int | None:
    set_reminder(draft, frame, node)
    return after(draft, node)


def _visit_handoff(draft: Draft, frame: FrameDraft, node: Node) -> int | None:
    if node.speech is not None:
        draft.speak(node.speech, f"{frame.flow.name}.{node.name}", frame.visits[node.name])
    else:
        draft.say("handoff")
    draft.end(Status.HANDED_OFF)
    return None


def _visit_end(draft: Draft, frame: FrameDraft, node: Node) -> int | None:
    if node.speech is not None:
        draft.speak(node.speech, f"{frame.flow.name}.{node.name}", frame.visits[node.name])
    return LEAVE


_VISITS: Mapping[type[Step], Callable[[Draft, FrameDraft, Node], int | None]] = {
    Say: _visit_say,
    Ask: _visit_ask,
    Confirm: _visit_confirm,
    Choose: _visit_choose,
    Run: _visit_run,
    Do: _visit_do,
    Repeat: _visit_repeat,
    Remind: _visit_remind,
    Handoff: _visit_handoff,
    End: _visit_end,
}


def _leave_flow(draft: Draft, frame: FrameDraft) -> int | None:
    """The top flow is over: the session ends, or goes on where the flow was entered."""
    frame.move_to(OVER)
    finish_frame(draft, is_digression=frame.is_digression)
    if len(draft.frames) == 1:
        if not draft.messages:
            draft.say("completed")
        draft.end(Status.COMPLETED)
        return None
    draft.frames.pop()
    if frame.is_digression:
        draft.say("digression_bridge")
        resume(draft)
        return None
    caller = draft.top
    caller.slots.update(frame.slots)
    node = caller.node
    if node is None:
        return LEAVE
    left = left_open(draft, caller, node)
    if left is None:
        return after(draft, node)
    caller.jump_to(left.name)
    return left.index
