"""Nudges: a question that nobody answers is brought to mind."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from fsm_engine.core.draft import Draft
from fsm_engine.core.flows import Flows
from fsm_engine.core.texts import CompiledText
from fsm_engine.model.flow import Ask, Confirm, Nudge, Repeat
from fsm_engine.model.session import Frame, Status
from fsm_engine.model.turn import Message


def nudge_of(flows: Flows, frames: tuple[Frame, ...]) -> Nudge | None:
    """What holds for a session that stands there: what its innermost flow says, else the bot file."""
    for frame in reversed(frames):
        found = flows.current_for(frame)
        if found is not None and found.flow.nudge is not None:
            return found.flow.nudge
    return flows.bot.nudge


def is_quiet(nudge: Nudge, now: datetime, timezone: str) -> bool:
    """Whether it is a time of day at which nobody is to be nudged; quiet hours may go over midnight."""
    if nudge.quiet is None:
        return False
    start, end = (time.fromisoformat(one) for one in nudge.quiet)
    clock = now.astimezone(ZoneInfo(timezone)).time()
    return start <= clock < end if start <= end else clock >= start or clock < end


def say_nudge(draft: Draft) -> None:
    """Brings the open question to mind; says nothing where none is open, or that was said often enough.

    Nobody is nudged to tell whether they are safe.
    """
    nudge, text = _nudge(draft)
    node = draft.top.node if draft.frames else None
    is_asked = node is not None and isinstance(node.step, (Ask, Confirm, Repeat))
    is_open = draft.status is Status.ACTIVE and draft.pending is None and draft.action is None and is_asked
    if nudge is None or text is None or not is_open or draft.nudges >= nudge.at_most:
        return
    draft.nudges += 1
    said = draft.voice().fill(text, f"{draft.session_id}:nudge:{draft.number}")
    draft.messages.append(Message(said))


def _nudge(draft: Draft) -> tuple[Nudge | None, CompiledText | None]:
    for frame in reversed(draft.frames):
        if frame.flow.flow.nudge is not None:
            return frame.flow.flow.nudge, frame.flow.nudge
    return draft.flows.bot.nudge, draft.flows.nudge
