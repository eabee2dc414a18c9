"""The session that a turn belongs to: the running one, or a new one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from fsm_engine.core.flows import Flows
from fsm_engine.engine.held import Held
from fsm_engine.engine.requests import Request, language_and_region
from fsm_engine.model.session import Frame, Mood, SessionState, Status, Timer
from fsm_engine.model.times import utc_text
from fsm_engine.model.turn import TurnKind

NewId = Callable[[datetime], str]


class Opening(NamedTuple):
    """The state a turn starts from, and what it is read by. ``closes`` names an older session that ends because of it.

    A new session's first turn carries its language, so that a replay needs nothing else.
    """

    state: SessionState
    now: datetime
    language: str
    timezone: str
    region: str | None
    carried_over: tuple[Frame, ...] = ()
    closes: tuple[str, str] | None = None
    moods_before: tuple[Mood, ...] = ()
    carried_timers: tuple[Timer, ...] = ()


def open_session(held: Held, request: Request, flows: Flows, *, now: datetime, new_id: NewId) -> Opening:
    """A new session where there is none, the last one is over or has expired, or a flow is started.

    Where the program does not say it, the language is the one in which the user begins, else that of the last session.
    """
    bot = flows.bot
    wanted, region = language_and_region(request.locale, bot.languages)
    state = held.state
    carried: tuple[tuple[Frame, ...], tuple[Timer, ...]] = ((), ())
    closes: tuple[str, str] | None = None
    is_new = state is None or state.status is not Status.ACTIVE
    if state is not None and not is_new:
        if held.expires_at is not None and held.expires_at <= utc_text(now):
            closes = (state.session_id, Status.EXPIRED.value)
            offers = bot.coming_back is not None and request.kind is TurnKind.TEXT
            carried = (state.frames, state.timers) if offers else ((), ())
        elif request.kind is TurnKind.START and state.frames:
            closes = (state.session_id, Status.CANCELLED.value)
    begins = state is None or is_new or not (carried[0] if closes else state.frames)
    if wanted is None and begins and len(bot.languages) > 1 and request.kind is TurnKind.TEXT:
        wanted = flows.language_of(request.text)
    language = wanted or (state.language if state else bot.languages[0])
    moods = state.moods if state is not None and is_new else ()
    if state is None or is_new or closes is not None:
        state = SessionState(session_id=new_id(now))
    frames, timers = carried
    return Opening(state, now, language, bot.timezone, region or bot.region, frames, closes, moods, timers)


def open_anew(opening: Opening, new_id: NewId) -> Opening:
    """The same turn in a session of its own; the running one ends as cancelled.

    A session that has just begun stays, and so does one that waits to hear that its user is safe.
    """
    state = opening.state
    if state.turn == 0:
        return opening._replace(carried_over=(), carried_timers=())
    if state.pending is not None and state.pending.kind == "safe":
        return opening
    closes = (state.session_id, Status.CANCELLED.value)
    return opening._replace(
        state=SessionState(session_id=new_id(opening.now)),
        carried_over=(),
        closes=closes,
        moods_before=state.moods,
        carried_timers=(),
    )
