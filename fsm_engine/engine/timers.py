"""What the clock does: reminders that are due, and nudges, become turns of their own; their messages are delivered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fsm_engine.core.advance import advance
from fsm_engine.core.flows import Flows
from fsm_engine.core.nudges import is_quiet, nudge_of
from fsm_engine.engine.checkpoint import TurnTaken, rows_of
from fsm_engine.engine.flow_source import FlowSource
from fsm_engine.engine.held import Held, held_from
from fsm_engine.engine.replies import reply_of
from fsm_engine.engine.requests import Request
from fsm_engine.engine.turns import MAX_TRIES, Turns
from fsm_engine.errors import (
    FlowError,
    InvalidArgument,
    NotFound,
    SessionCorrupted,
    StorageError,
    VersionConflict,
)
from fsm_engine.failpoints import failpoint
from fsm_engine.model.codec import decode
from fsm_engine.model.flow import Nudge
from fsm_engine.model.session import SessionState, Status
from fsm_engine.model.times import utc_text
from fsm_engine.model.turn import Turn, TurnKind
from fsm_engine.storage.due import Idle, IdleSession, StoredTimer
from fsm_engine.storage.records import StoredSession
from fsm_engine.storage.store import Store

log = logging.getLogger("fsm_engine.timers")

PAGE: Final = 100
EXPIRED_AT_ONCE: Final = 1000
SHORTEST_PAUSE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A turn that the clock asks for: of the timer of that name, or, with None, a nudge."""

    conversation_id: str
    session_id: str
    timer: str | None = None

    @property
    def kind(self) -> TurnKind:
        return TurnKind.NUDGE if self.timer is None else TurnKind.TIMER


class TimerRunner:
    """Takes the turns of timers. Of several processes that run them, each timer is fired by one.

    The turn is computed from the state that still holds the timer and commits only on that state, so whoever comes
    second finds it gone. ``only``: the conversation that it serves; None: all of them.
    """

    def __init__(
        self,
        store: Store,
        source: FlowSource,
        turns: Turns,
        clock: Callable[[], datetime],
        wake_outbox: Callable[[], None],
        only: str | None = None,
    ) -> None:
        self._store = store
        self._source = source
        self._turns = turns
        self._clock = clock
        self._wake_outbox = wake_outbox
        self._only = only
        self._task: asyncio.Task[None] | None = None

    def start(self, every_s: float | None) -> None:
        """Runs what is due from now on, so many seconds apart; None: only `run_due` does.

        Raises:
            InvalidArgument: less than a tenth of a second.
        """
        if every_s is None:
            return
        if not every_s >= SHORTEST_PAUSE_S:
            raise InvalidArgument(f"open: run_timers_every_s is {every_s}. Give at least {SHORTEST_PAUSE_S}, or None.")
        self._task = asyncio.create_task(self._run_for_ever(every_s))

    async def close(self) -> None:
        """Ends what `start` began; a turn that is under way is stored whole or not at all."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run_for_ever(self, every_s: float) -> None:
        while True:
            try:
                await self.run_due()
            except StorageError as error:
                log.warning("timers cannot be run now (%s); they are run again in %s s", error.code, every_s)
            await asyncio.sleep(every_s)

    async def run_due(self) -> int:
        """Fires what is due by the engine's clock and nudges; how many turns that were.

        A session that is damaged, whose flow is gone or whose action is still running, is passed over. Sessions whose
        time is up are marked as expired.
        """
        now = self._clock()
        turns = 0
        async for timer in self._due(utc_text(now)):
            turns += await self._take(_Wanted(timer.conversation_id, timer.session_id, timer.name))
        async for idle in self._idle(now):
            turns += await self._take(_Wanted(idle.conversation_id, idle.id))
        while await self._store.sessions.clean_up(utc_text(now), limit=EXPIRED_AT_ONCE) == EXPIRED_AT_ONCE:
            pass
        return turns

    async def next_at(self) -> datetime | None:
        """When there will be something to do, at the earliest; None when nothing is waited for."""
        due = await self._store.timers.next_at()
        moments = [] if due is None else [datetime.fromisoformat(due)]
        async for idle in self._idle(self._clock(), is_future=True):
            least = min(one.after_s for one in nudges_in(self._source.flows))
            moments.append(datetime.fromisoformat(idle.last_activity) + timedelta(seconds=least))
            break
        return min(moments, default=None)

    async def _due(self, now: str) -> AsyncIterator[StoredTimer]:
        """Each once, whatever becomes of it."""
        seen: set[tuple[str, str]] = set()
        while True:
            page = await self._store.timers.due(now, limit=PAGE + len(seen))
            new = [one for one in page if (one.session_id, one.name) not in seen]
            for timer in new:
                seen.add((timer.session_id, timer.name))
                yield timer
            if not new:
                return

    async def _idle(self, now: datetime, *, is_future: bool = False) -> AsyncIterator[IdleSession]:
        """Sessions that may be nudged, found by when they were last active: nothing is stored for a nudge to come."""
        nudges = nudges_in(self._source.flows)
        if not nudges:
            return
        until = now if is_future else now - timedelta(seconds=min(one.after_s for one in nudges))
        wanted = Idle("", utc_text(until), utc_text(now), max(one.at_most for one in nudges))
        while True:
            page = await self._store.sessions.idle(wanted, limit=PAGE)
            for one in page:
                yield one
            if len(page) < PAGE:
                return
            wanted = wanted._replace(since=page[-1].last_activity, after=page[-1].key)

    async def _take(self, wanted: _Wanted) -> bool:
        if self._only not in (None, wanted.conversation_id):
            return False
        try:
            async with self._turns.alone(wanted.conversation_id):
                return await self._take_alone(wanted)
        except (SessionCorrupted, FlowError, NotFound) as error:
            log.error("session %s: its %s cannot come: %s", wanted.session_id, wanted.kind.value, error)
            return False

    async def _take_alone(self, wanted: _Wanted) -> bool:
        for _ in range(MAX_TRIES):
            found = await self._session(wanted)
            if found is None:
                return False
            try:
                return await self._commit(*found, wanted)
            except VersionConflict:
                continue  # another process took a turn there: perhaps this one
        return False

    async def _session(self, wanted: _Wanted) -> tuple[Held, StoredSession] | None:
        """The session as it may be reminded, though it may not be the latest; None when it may not, or not yet."""
        loaded = await self._store.load(wanted.conversation_id, None)
        session = await self._store.sessions.get(wanted.session_id)
        if loaded is None or session is None:
            return None
        held = held_from(Request(wanted.conversation_id, wanted.kind), loaded)
        state = decode(SessionState, session.state_json)
        if state.action is not None and state.status is Status.ACTIVE:
            return None
        if wanted.timer is not None and wanted.timer not in {one.name for one in state.timers}:
            return None
        if wanted.timer is None and not self._may_be_nudged(session, state):
            return None
        return held._replace(state=state, session_key=session.key), session

    def _may_be_nudged(self, session: StoredSession, state: SessionState) -> bool:
        flows, now = self._source.flows, self._clock()
        nudge = nudge_of(flows, state.frames)
        if nudge is None or session.status != Status.ACTIVE or is_quiet(nudge, now, flows.bot.timezone):
            return False
        idle_since = datetime.fromisoformat(session.last_activity)
        is_over = session.expires_at is None or session.expires_at <= utc_text(now)
        return not is_over and now - idle_since >= timedelta(seconds=nudge.after_s)

    async def _commit(self, held: Held, session: StoredSession, wanted: _Wanted) -> bool:
        """False when there is nothing to say. The user's idle time goes on: it was not the user who wrote."""
        assert held.state is not None
        flows = await self._source.settle(held.state.frames, self._store)
        bot = flows.bot
        turn = Turn(wanted.kind, self._clock(), timezone=bot.timezone, region=bot.region, timer=wanted.timer)
        outcome = advance(flows, held.state, turn)
        if wanted.timer is None and not outcome.messages:
            return False
        reply = reply_of(outcome, held.conversation_id)
        rows = rows_of(TurnTaken(None, held, held.state, turn, outcome, reply, is_pushed=True), flows)
        failpoint("timer.before-commit")
        await self._store.commit(
            rows._replace(
                intent=session.intent,
                status=session.status,
                expires_at=session.expires_at,
                completed_at=session.completed_at,
            )
        )
        failpoint("timer.after-commit")
        self._wake_outbox()
        return True


def nudges_in(flows: Flows) -> list[Nudge]:
    """Every nudge that a session of these flows may get."""
    declared = [flows.bot.nudge, *(flow.nudge for flow in flows.folder.flows.values())]
    return [one for one in declared if one is not None and one.at_most > 0]
