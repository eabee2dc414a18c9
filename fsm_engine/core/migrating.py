"""Moving a session to the newest version of its flows, as their files declare it. Pure: names go in, names come out.

Rules
    1. A frame moves when its flow has a higher version, and that file declares a migration from the frame's.
    2. It moves whole or not at all. It stays on its version, with the reason, where the new one has no place for it:
       the step where it waits is gone (or waits for something else) and `move_steps` does not name it; two answers
       would share one name that is not asked again; a list is just being collected and its questions are others now;
       something that was done cannot be told apart from what is to be done. It is tried again at each of its turns.
    3. A flow and those that it runs share their answers, so they move together. What interrupts them is on its own.
    4. Nothing moves while an action runs: it ends on the version that asked for it.
    5. Values, skipped questions, attempts, visits, rounds and the way back keep what they hold under the new names.
       Steps that are gone are left out of the history. A skipped question that can be skipped no more is open again.
    6. Answers that no migration names stay, also where nothing asks for them any more.
    7. `ask_again`, and questions whose type or checks are others (``to_read``), are for `core.moving`: what becomes of
       those depends on the turn.
    8. Reminders go along with their step, and are dropped where it is gone. What was done and can be taken back stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from fsm_engine.core.flows import Flows
from fsm_engine.core.moved_frame import MovedFrame, Stays, move_frame
from fsm_engine.core.version_names import names_since
from fsm_engine.model.flow import Remind
from fsm_engine.model.session import DoneAction, Frame, SessionState, Timer

Move: TypeAlias = MovedFrame | str | None
"""What becomes of one frame: moved, the reason why it stays on an older version, or None where it needs no move."""


def moves_of(flows: Flows, state: SessionState) -> list[Move]:
    """What the newest flows make of each frame of a session, bottom up.

    Old sources must be among ``flows.pinned``; a frame whose source is nowhere stays.
    """
    moves: list[Move] = []
    for first, end in _groups(state.frames):
        moves += _moves_of_group(flows, state, first, end)
    return moves


def targets_of(flows: Flows, state: SessionState) -> tuple[str, ...]:
    """For each frame the source that it moves to, empty where it stays; no entry at all where none moves."""
    if all(_is_newest(flows, frame) for frame in state.frames) or state.action is not None:
        return ()
    targets = [move.flow.flow.source_hash if isinstance(move, MovedFrame) else "" for move in moves_of(flows, state)]
    return tuple(targets) if any(targets) else ()


def _is_newest(flows: Flows, frame: Frame) -> bool:
    flow = flows.compiled.get(frame.flow)
    return flow is None or flow.flow.version <= frame.version


def _groups(frames: Sequence[Frame]) -> list[tuple[int, int]]:
    """Ranges of frames that share their answers: each flow with those that it runs, up to the next interruption."""
    starts = [index for index, frame in enumerate(frames) if index == 0 or frame.is_digression]
    return list(zip(starts, [*starts[1:], len(frames)], strict=True))


def _moves_of_group(flows: Flows, state: SessionState, first: int, end: int) -> list[Move]:
    moves: list[Move] = []
    for place in range(first, end):
        try:
            moves.append(_moved(flows, state, place))
        except Stays as stays:
            moves.append(str(stays))
    if not any(isinstance(move, MovedFrame) for move in moves):
        return moves
    staying = [frame.flow for frame, move in zip(state.frames[first:end], moves, strict=True) if isinstance(move, str)]
    if not staying:
        return moves
    reason = f"flow '{staying[0]}', with which it shares its answers, stays on its version"
    return [reason if isinstance(move, MovedFrame) else move for move in moves]


def _moved(flows: Flows, state: SessionState, place: int) -> MovedFrame | None:
    """Raises `Stays`."""
    frame = state.frames[place]
    newest = flows.compiled.get(frame.flow)
    if newest is None or newest.flow.version <= frame.version:
        return None
    before = flows.current_for(frame)
    if before is None:
        raise Stays(f"the source of version {frame.version} is not stored")
    if names_since(newest.flow, frame.version) is None:
        raise Stays(f"version {newest.flow.version} declares no migration from version {frame.version}")
    if state.action is not None:
        raise Stays(f"action '{state.action.action}' is under way")
    moved = move_frame(before, newest, frame)
    if place < len(state.frames) - 1:
        _must_not_undo_below(moved, state.done, place)
    return moved


def _must_not_undo_below(moved: MovedFrame, done: Sequence[DoneAction], place: int) -> None:
    """What was done is taken back and done anew where its flow goes on, not while another runs above it."""
    asked = moved.ask_again | moved.to_read
    for one in done:
        used = asked.intersection(moved.names.slot(slot) for slot in one.sent)
        if one.frame == place and used:
            raise Stays(
                f"'{min(used)}' may be asked again, was sent to '{one.step}', and another flow runs at the moment"
            )


def moved_timers(timers: Sequence[Timer], moved: MovedFrame) -> tuple[Timer, ...]:
    """The session's reminders, those of this flow under their new names; those whose step is gone are left out."""
    kept = []
    for timer in timers:
        if timer.flow != moved.flow.name or timer.step not in moved.before.index_of:
            kept.append(timer)
            continue
        new = moved.steps.get(timer.step)
        if new is not None and isinstance(moved.flow.node(new).step, Remind):
            mark = timer.name.removeprefix(f"{timer.flow}.{timer.step}.")
            kept.append(replace(timer, name=f"{timer.flow}.{new}.{mark}", step=new))
    return tuple(kept)


def moved_done(done: Sequence[DoneAction], moved: MovedFrame, place: int) -> tuple[DoneAction, ...]:
    """What was done and can be taken back; the frame at ``place`` has moved."""
    return tuple(_moved_action(one, moved) if one.frame == place else one for one in done)


def _moved_action(one: DoneAction, moved: MovedFrame) -> DoneAction:
    slot = moved.names.slot
    step = moved.steps.get(one.step, one.step) if one.flow == moved.flow.name else one.step
    saves = slot(one.saves) if one.saves is not None else None
    return replace(one, step=step, sent=tuple(map(slot, one.sent)), saves=saves)


def move_session(flows: Flows, state: SessionState) -> tuple[SessionState, list[Move]]:
    """The session under its new names, and what became of each frame. Answers are not asked again here."""
    moves = moves_of(flows, state)
    for place, move in enumerate(moves):
        if isinstance(move, MovedFrame):
            frames = (*state.frames[:place], move.frame, *state.frames[place + 1 :])
            timers, done = moved_timers(state.timers, move), moved_done(state.done, move, place)
            state = replace(state, frames=frames, timers=timers, done=done)
    return state, moves
