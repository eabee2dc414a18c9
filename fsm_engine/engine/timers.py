"""What the clock does: reminders that are due become turns of their own, whose messages go into the outbox."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from fsm_engine.core.advance import advance
from fsm_engine.engine.checkpoint import TurnTaken, rows_of
from fsm_engine.engine.flow_source import FlowSource
from fsm_engine.engine.held import Held, held_from
from fsm_engine.engine.replies import reply_of
from fsm_engine.engine.requests import Request
from fsm_engine.engine.turns import MAX_TRIES, Turns
from fsm_engine.errors import FlowError, NotFound, SessionCorrupted, VersionConflict
from fsm_engine.failpoints import failpoint
from fsm_engine.model.codec import decode
from fsm_engine.model.session import SessionState, Status
from fsm_engine.model.times import utc_text
from fsm_engine.model.turn import Turn, TurnKind
from fsm_engine.storage.records import StoredSession, StoredTimer
from fsm_engine.storage.store import Store

log = logging.getLogger("fsm_engine.timers")

PAGE = 100


class TimerRunner:
    """Takes the turns of timers. Of several processes that run them, each timer is fired by one.

    The turn is computed from the state that still holds the timer and commits only on that state, so whoever comes
    second finds it gone.
    """

    def __init__(
        self,
        store: Store,
        source: FlowSource,
        turns: Turns,
        clock: Callable[[], datetime],
        wake_outbox: Callable[[], None],
    ) -> None:
        self._store = store
        self._source = source
        self._turns = turns
        self._clock = clock
        self._wake_outbox = wake_outbox

    async def run_due(self) -> int:
        """Fires what is due by the engine's clock; how many fired in this call.

        A timer of a session that is damaged or whose flow is gone, or whose action is still running, is passed over.
        """
        fired = 0
        passed_over: set[tuple[str, str]] = set()
        now = utc_text(self._clock())
        while True:
            due = await self._store.timers.due(now, limit=PAGE + len(passed_over))
            left = [one for one in due if (one.session_id, one.name) not in passed_over]
            if not left:
                return fired
            for timer in left:
                passed_over.add((timer.session_id, timer.name))
                fired += await self._fire(timer)

    async def _fire(self, timer: StoredTimer) -> bool:
        try:
            async with self._turns.alone(timer.conversation_id):
                return await self._fire_alone(timer)
        except (SessionCorrupted, FlowError, NotFound) as error:
            log.error("session %s cannot be reminded: %s", timer.session_id, error)
            return False

    async def _fire_alone(self, timer: StoredTimer) -> bool:
        for _ in range(MAX_TRIES):
            found = await self._session(timer)
            if found is None:
                return False
            try:
                await self._commit(found, timer.name)
            except VersionConflict:
                continue  # another process took a turn there: perhaps this one
            self._wake_outbox()
            return True
        return False

    async def _session(self, timer: StoredTimer) -> tuple[Held, StoredSession] | None:
        """The session as it may be reminded, though it may not be the latest; None when it may not, or not yet."""
        loaded = await self._store.load(timer.conversation_id, None)
        session = await self._store.sessions.get(timer.session_id)
        if loaded is None or session is None:
            return None
        held = held_from(Request(timer.conversation_id, TurnKind.TIMER), loaded)
        state = decode(SessionState, session.state_json)
        is_acting = state.action is not None and state.status is Status.ACTIVE
        if is_acting or timer.name not in {one.name for one in state.timers}:
            return None
        return held._replace(state=state, session_key=session.key), session

    async def _commit(self, found: tuple[Held, StoredSession], name: str) -> None:
        """The session's idle time goes on as if nothing had happened: it was not the user who wrote."""
        held, session = found
        assert held.state is not None
        flows = await self._source.settle(held.state.frames, self._store)
        bot = flows.bot
        turn = Turn(TurnKind.TIMER, self._clock(), timezone=bot.timezone, region=bot.region, timer=name)
        outcome = advance(flows, held.state, turn)
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
