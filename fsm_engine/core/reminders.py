"""Reminders: when they are due, and what becomes of them when answers change.

A reminder is set when its step is reached, and follows the answers it was made from as long as its flow runs: another
date moves it, another name changes its words, and a condition that no longer holds takes it back. While an answer is
being asked for again nothing changes. After its flow has ended it stays, also when the session has ended, unless that
was cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fsm_engine.core.compile import Node
from fsm_engine.core.draft import Draft, FrameDraft
from fsm_engine.model.flow import Due, Remind
from fsm_engine.model.session import SessionState, Status, Timer
from fsm_engine.model.times import utc_text
from fsm_engine.model.turn import Message, TimerChange

MORNING = time(9)
_DAY_S = 86_400


def due_moment(due: Due, value: Any, now: datetime, timezone: str) -> datetime | None:
    """The moment, in UTC, that ``due`` names when its slot has this value; None where there is no such moment.

    Whole days are counted on the calendar, so that "1 day before" is at the same time of day when the clocks change.
    A time that the clocks skip in spring is the one that they show instead.
    """
    zone = ZoneInfo(timezone)
    days = int(due.shift_s / _DAY_S)
    seconds = due.shift_s - days * _DAY_S
    try:
        if due.slot is None and due.moment is None:
            return now.astimezone(UTC) + timedelta(seconds=due.shift_s)
        start = _moment(value if due.slot is not None else due.moment and due.moment.text, zone)
        clock = time.fromisoformat(due.clock) if due.clock else start.time()
        wall = datetime.combine(start.date() + timedelta(days=days), clock, zone)
        return wall.astimezone(UTC) + timedelta(seconds=seconds)
    except (ValueError, TypeError, OverflowError):  # no date, or beyond the years that there are
        return None


def _moment(value: Any, zone: ZoneInfo) -> datetime:
    """What a slot holds as a time on the wall. Raises ValueError or TypeError for what is no date."""
    if len(value) == len("2026-11-22"):
        return datetime.combine(date.fromisoformat(value), MORNING, zone)
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def set_reminder(draft: Draft, frame: FrameDraft, node: Node) -> None:
    """Sets what a `remind:` step says, or sets it anew; a time that has passed reminds of nothing.

    Each round of a repeat has a reminder of its own, which stays as it was set.
    """
    step = node.step
    assert isinstance(step, Remind)
    visit = draft.number * 1000 + frame.visits[node.name]
    mark = visit if node.inside >= 0 else frame.visits.setdefault(_mark_of(node), visit)
    _put(draft, frame, node, f"{frame.flow.name}.{node.name}.{mark}", _due(draft, step))


def _mark_of(node: Node) -> str:
    """Under which key of its visits a frame keeps which reminder is its own."""
    return f"{node.name} timer"


def _fired_at(step: str) -> str:
    """Under which key of its visits a frame keeps what it has reminded of: when that was due."""
    return f"{step} fired"


def _due(draft: Draft, step: Remind) -> datetime | None:
    value = draft.scope().get(step.due.slot.text) if step.due.slot else None
    return due_moment(step.due, value, draft.turn.now, draft.turn.timezone)


def _put(draft: Draft, frame: FrameDraft, node: Node, name: str, due: datetime | None) -> None:
    """Sets or moves a reminder; takes it back when its new time has passed."""
    earlier = draft.timers.get(name)
    stored = utc_text(due) if due is not None else None
    is_ahead = due is not None and due > draft.turn.now and frame.visits.get(_fired_at(node.name)) != _second(due)
    if stored is None or not (is_ahead or (earlier is not None and earlier.due == stored)):
        draft.timers.pop(name, None)
        return
    assert node.speech is not None
    key = f"{draft.session_id}:{frame.flow.name}.{node.name}:{frame.visits[node.name]}"
    said = draft.voice().say(node.speech, key)
    draft.timers[name] = Timer(name, frame.flow.name, node.name, stored, said.text, said.options, said.media)


def _second(moment: datetime) -> int:
    return int(moment.timestamp())


def refresh_reminders(draft: Draft) -> None:
    """Lets the reminders of the innermost flow follow its answers."""
    if draft.status is Status.CANCELLED:
        return
    frame = draft.top
    for index in frame.flow.reminders:
        node = frame.flow.nodes[index]
        if _mark_of(node) in frame.visits:
            _refresh(draft, frame, node)


def _name_of(frame: FrameDraft, node: Node) -> str:
    return f"{frame.flow.name}.{node.name}.{frame.visits.get(_mark_of(node))}"


def _refresh(draft: Draft, frame: FrameDraft, node: Node) -> None:
    step, name = node.step, _name_of(frame, node)
    assert isinstance(step, Remind)
    if _is_open(draft, frame, node, step):
        return
    if node.when is not None and not node.when.is_true(draft.scope()):
        draft.timers.pop(name, None)
    elif step.due.slot is not None:
        _put(draft, frame, node, name, _due(draft, step))
    elif name in draft.timers:
        _put(draft, frame, node, name, datetime.fromisoformat(draft.timers[name].due))


def _is_open(draft: Draft, frame: FrameDraft, node: Node, step: Remind) -> bool:
    """Whether an answer that it depends on is missing just now, and was not skipped either."""
    names = set(node.when.names) if node.when is not None else set()
    names |= {step.due.slot.text} if step.due.slot else set()
    scope = draft.scope()
    for name in names:
        asked_at = frame.flow.asks.get(name)
        is_skipped = asked_at is not None and frame.flow.nodes[asked_at].name in frame.skipped
        if scope.get(name) is None and not is_skipped:
            return True
    return False


def drop_reminders(draft: Draft, frames: Sequence[FrameDraft]) -> None:
    """Takes back what these frames were to remind of, as their flow was given up."""
    for frame in frames:
        for index in frame.flow.reminders:
            draft.timers.pop(_name_of(frame, frame.flow.nodes[index]), None)


def fire(draft: Draft) -> None:
    """Says what is due; nothing, where it was taken back meanwhile."""
    timer = draft.timers.pop(draft.turn.timer or "", None)
    if timer is None:
        return
    draft.messages.append(Message(timer.text, timer.options, timer.media))
    for frame in draft.frames:
        if timer.name == f"{frame.flow.name}.{timer.step}.{frame.visits.get(f'{timer.step} timer')}":
            frame.visits[_fired_at(timer.step)] = _second(datetime.fromisoformat(timer.due))


def timer_changes(draft: Draft, before: SessionState) -> Iterator[TimerChange]:
    """What the turn has done to timers, for those who watch the clock."""
    earlier = {one.name: one for one in before.timers}
    for name, timer in draft.timers.items():
        if name not in earlier or earlier[name].due != timer.due:
            yield TimerChange(timer, "pending")
    for name, timer in earlier.items():
        if name not in draft.timers:
            yield TimerChange(timer, "fired" if name == draft.turn.timer else "cancelled")
