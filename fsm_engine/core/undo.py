"""Taking back what was done: completed actions in reverse order, each by an action of its own.

Nothing is called here: each undo is an `ActionRequest` like any other, and its result the turn in which the next one is
asked for. So a crash in between goes on where it was, and a replay asks nobody. What the session does afterwards
(start again, walk on from a corrected answer) waits until everything is taken back: a second booking is never made
while the first one stands.

An undo that fails for good ends it: what was done before is left as it is, because it may be what the stuck one rests
on, and a person looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from fsm_engine.core.draft import Draft, FrameDraft
from fsm_engine.model.flow import Do, Run
from fsm_engine.model.session import AfterUndo, DoneAction, RunningAction, Status, Undoing
from fsm_engine.model.turn import ActionRequest, ActionResult

UNDO_RETRIES = 3
UNDO_TIME_LIMIT_S = 30.0
UNDO_SUFFIX = ":undo"


def note_done(draft: Draft, step: Do, key: str, result: ActionResult) -> None:
    """Remembers an action that succeeded, where there is something that takes it back."""
    undo = step.undo.text if step.undo is not None else result.undo
    if undo is None or result.is_repeated:
        return
    sent = tuple(written.text for written in step.send)
    draft.done.append(
        DoneAction(key, draft.top.flow.name, step.name, undo, len(draft.frames) - 1, sent, saves=step.save_as)
    )


def done_with(draft: Draft, slots: Iterable[str]) -> list[DoneAction]:
    """What was done with one of these slots, or with a result of such an action."""
    changed = set(slots)
    found = []
    for done in draft.done:
        if not changed.isdisjoint(done.sent):
            found.append(done)
            if done.saves is not None:
                changed.add(done.saves)
    return found


def done_behind(draft: Draft, frame: FrameDraft, index: int) -> list[DoneAction]:
    """What the top flow did behind this node: going there means that it will be done again."""
    place = len(draft.frames) - 1
    index_of = frame.flow.index_of
    return [
        done
        for done in draft.done
        if done.frame == place and (done.flow != frame.flow.name or index_of.get(done.step, -1) > index)
    ]


def begin_undo(draft: Draft, done: Sequence[DoneAction], then: AfterUndo) -> bool:
    """Asks for the first undo; False when there is nothing to take back, and the caller goes on by itself."""
    if not done:
        return False
    draft.done = [one for one in draft.done if one not in done]
    for one in done:
        _will_be_done_again(draft, one)
    draft.undoing = Undoing(tuple(reversed(done)), then)
    _ask_for_next(draft)
    return True


def undo_request(draft: Draft) -> ActionRequest | None:
    """The undo that is under way, under its own key."""
    if draft.undoing is None:
        return None
    done = draft.undoing.left[0]
    return ActionRequest(
        key=f"{done.key}{UNDO_SUFFIX}",
        flow=done.flow,
        step=done.step,
        action=done.undo,
        slots={},
        undo=None,
        retry=UNDO_RETRIES,
        time_limit_s=UNDO_TIME_LIMIT_S,
        undoes=done.key,
    )


def take_undo_result(draft: Draft, result: ActionResult) -> AfterUndo | None:
    """What the session has to do now, None while there is more to take back."""
    undoing = draft.undoing
    assert undoing is not None
    draft.action = None
    draft.undoing = None
    if not result.ok:
        return _give_up(draft, undoing)
    if len(undoing.left) > 1:
        draft.undoing = replace(undoing, left=undoing.left[1:])
        _ask_for_next(draft)
        return None
    draft.say("undone")
    return undoing.then


def finish_frame(draft: Draft, *, is_digression: bool) -> None:
    """The top flow is over: what it did belongs to the flow that ran it or, after an interruption, is there to stay."""
    place = len(draft.frames) - 1
    if is_digression:
        draft.done = [done for done in draft.done if done.frame < place]
    else:
        draft.done = [replace(done, frame=min(done.frame, place - 1)) for done in draft.done]


def _give_up(draft: Draft, undoing: Undoing) -> AfterUndo:
    draft.say("undo_stuck")
    if undoing.then in {AfterUndo.NOTHING, AfterUndo.ASK_AGAIN}:
        return undoing.then
    draft.end(Status.HANDED_OFF)
    return AfterUndo.NOTHING


def _ask_for_next(draft: Draft) -> None:
    draft.pending = None
    request = undo_request(draft)
    assert request is not None
    draft.action = RunningAction("", request.action, request.key, draft.number)
    draft.requested = request


def _will_be_done_again(draft: Draft, done: DoneAction) -> None:
    """The way back after a correction passes in silence what was visited before; this is to be met anew."""
    if done.frame >= len(draft.frames):
        return
    frame = draft.frames[done.frame]
    if done.flow == frame.flow.name:
        frame.visits.pop(done.step, None)
        return
    for node in frame.flow.nodes:
        if isinstance(node.step, Run) and node.step.flow.text == done.flow:
            frame.visits.pop(node.name, None)
