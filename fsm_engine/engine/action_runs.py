"""Actions with consequences: the intent is stored, then it runs outside any transaction, then its end is a turn.

Theory of operation
    The turn that asks for an action stores its audit row, ``pending``, with this engine's lease (`leases`). The action
    runs. Its end is a turn of its own, and in that turn's one transaction stand the audit's end, the transaction with
    what its undo needs, and the result under the request's hash. An undo is an action like any other.

    Whoever meets a pending action of another engine waits for it, and takes it over when the lease has run out: then
    nobody knows whether it happened, and it is settled as `actions.running` says of doubt.

    One that outlasts its waiting time goes on without its caller (`late_results`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from typing import NamedTuple

import orjson

from fsm_engine.actions import ActionRunner
from fsm_engine.actions.registry import REMEMBER_ADVICE, may_be_remembered
from fsm_engine.actions.running import Undone
from fsm_engine.core.advance import advance, unfinished_action
from fsm_engine.core.flows import Flows
from fsm_engine.core.waiting import waiting_message
from fsm_engine.engine.action_rows import Ended, KeptAs, ended_row
from fsm_engine.engine.checkpoint import TurnTaken
from fsm_engine.engine.flow_source import FlowSource
from fsm_engine.engine.held import Committed, Held, held_of
from fsm_engine.engine.late_results import STORED_AGAIN_AT_MOST, Alone, LateResults, UnderWay
from fsm_engine.engine.leases import HAS_ENDED, LEASE_S, STILL_RUNS, Leases
from fsm_engine.engine.replies import joined, reply_of, view_of
from fsm_engine.errors import (
    Busy,
    DatabaseUnavailable,
    InvalidArgument,
    OperationFailed,
    SessionCorrupted,
    VersionConflict,
    no_conversation,
)
from fsm_engine.failpoints import failpoint
from fsm_engine.model.pauses import BETWEEN_STORINGS
from fsm_engine.model.session import RunningAction, SessionState
from fsm_engine.model.times import utc_text
from fsm_engine.model.turn import ActionRequest, ActionResult, Message, Outcome, Reply, Turn, TurnKind
from fsm_engine.storage.records import StoredResult
from fsm_engine.storage.repositories import request_key
from fsm_engine.storage.store import Store

log = logging.getLogger("fsm_engine.actions")

WAITING_S = 12.0
"""How long a user's next message waits for an action that another process runs, before they are told that it runs.

Longer than a lease: after a crash, the message finishes the action."""

REMEMBER = timedelta(hours=24)
"""How long a second identical request gets the first result, unless the engine or the action says otherwise."""

MAX_TRIES = 100
"""Times that the end of an action is computed anew because another engine was first."""

Commit = Callable[[TurnTaken], Awaitable[Committed]]
BeforeReply = Callable[[Flows, SessionState, Turn, Outcome, str], Awaitable[tuple[Turn, Outcome]]]


class Finished(NamedTuple):
    """What became of a pending action. ``messages``: what the user is owed; none when somebody else told them."""

    held: Held
    messages: tuple[Message, ...] = ()
    is_settled_here: bool = False


class _Running(NamedTuple):
    """One action that this engine runs, and the turn that asked for it.

    ``first``: what the same request came to before, as the store found when that turn was committed.
    """

    request: ActionRequest
    asked_in: int
    kept_as: KeptAs | None = None
    first: StoredResult | None = None
    fence: int = 1
    is_in_doubt: bool = False
    is_pushed: bool = False


class ActionRuns:
    """Runs actions and reports their ends. ``remember`` is how long results are given again, None for never.

    Raises:
        InvalidArgument: results cannot be remembered for so long.
    """

    def __init__(
        self,
        store: Store,
        source: FlowSource,
        runner: ActionRunner,
        leases: Leases,
        clock: Callable[[], datetime],
        *,
        remember: timedelta | None,
        late: LateResults,
    ) -> None:
        self._store = store
        self._source = source
        self._runner = runner
        self._leases = leases
        self._clock = clock
        if not may_be_remembered(remember):
            raise InvalidArgument(f"open: remember is {remember!r}. {REMEMBER_ADVICE}")
        self._remember = remember
        self._late = late
        self._alone: Alone
        self._commit: Commit
        self._before_reply: BeforeReply

    @property
    def owner(self) -> str:
        return self._leases.owner

    def belong_to(self, commit: Commit, before_reply: BeforeReply, alone: Alone) -> None:
        """Whoever takes turns commits these as well, holds the state that they lead to, and may say it otherwise.

        ``alone`` gives late results their place between other turns.
        """
        self._alone = alone
        self._commit = commit
        self._before_reply = before_reply

    async def run(self, taken: TurnTaken, committed: Committed) -> tuple[Held, Reply]:
        """Runs the action that a turn has just asked for, and what its result asks for, to the end.

        Where they outlast their waiting time and late results can be delivered, what is said last is the waiting text,
        and they go on.

        Raises:
            VersionConflict: another engine has taken the action over, or the conversation is gone.
        """
        held, running = committed.held, _asked_by(taken, committed)
        assert held.state is not None
        assert running is not None
        waiting_s = self._late.waiting_s(running.request)
        if waiting_s is None:
            return await self._run_all(held, running)
        under_way = UnderWay(held.conversation_id)
        self._late.start(under_way, self._run_all(held, running, under_way=under_way))
        if not await under_way.outlasts(waiting_s, self._late.may_go_on):
            return under_way.ending()
        words = waiting_message(self._source.flows, held.state, self._clock().date())
        waiting = Reply((words,), view_of(held.state, held.conversation_id))
        if under_way.replies:
            waiting = replace(under_way.replies[-1], messages=(words,), risk=None)
        return held, reduce(joined, [*under_way.replies, waiting])

    async def cancel(self, held: Held) -> Finished:
        """Ends the session by a turn of its own and takes back what was done, before another one is started in it."""
        assert held.state is not None
        taken = await self._taken(held, TurnKind.CANCEL)
        committed = await self._commit(taken)
        running = _asked_by(taken, committed)
        if running is None:
            return Finished(committed.held, taken.reply.messages)
        held, later = await self._run_all(committed.held, running)
        return Finished(held, taken.reply.messages + later.messages)

    def under_way(self, held: Held) -> UnderWay | None:
        """The pending action of a session, where this engine runs it and nobody waits for it any more."""
        action = held.state.action if held.state is not None else None
        return None if action is None else self._late.find(action.key)

    async def finish(self, held: Held, *, patience_s: float | None, is_pushed: bool = False) -> Finished:
        """Settles the pending action of a session, unless who runs it is alive; waits for them as long as that, None:
        until they are done. ``is_pushed``: nobody waits for the reply, so it goes into the outbox.

        Raises:
            VersionConflict: another engine was quicker.
        """
        while held.state is not None and held.state.action is not None:
            action = held.state.action
            fence = await self._leases.take_over(action.key, patience_s)
            if fence == STILL_RUNS:
                return Finished(held)
            if fence == HAS_ENDED:
                fresh = await self._reloaded(held)
                if fresh.state is None or fresh.state.action != action:
                    held = fresh
                    continue
                fence = 0
            held, reply = await self._settle(held, action, fence, is_pushed=is_pushed)
            return Finished(held, reply.messages, is_settled_here=True)
        return Finished(held)

    async def _settle(self, held: Held, action: RunningAction, fence: int, *, is_pushed: bool) -> tuple[Held, Reply]:
        """An action of which nobody knows whether it happened."""
        assert held.state is not None
        flows = await self._source.settle(held.state.frames, self._store)
        request = unfinished_action(flows, held.state, self._clock())
        if request is None or self._runner.actions.get(action.action) is None:
            request = request or _bare_request(action, held.state.frames[-1].flow)
            running = _Running(request, action.turn, fence=fence, is_in_doubt=True, is_pushed=is_pushed)
            return await self._run_all(held, running, _told(request, Ended(_UNKNOWN)))
        kept_as = self.kept_as(held, request)
        running = _Running(request, action.turn, kept_as, fence=fence, is_in_doubt=True, is_pushed=is_pushed)
        return await self._run_all(held, running)

    async def _run_all(
        self, held: Held, running: _Running | None, ended: Ended | None = None, *, under_way: UnderWay | None = None
    ) -> tuple[Held, Reply]:
        """Runs an action and those that its result asks for. ``ended``: how the first one ended, where it is known."""
        replies = under_way.replies if under_way is not None else []
        while running is not None:
            held, running, reply = await self._run_one(held, running, ended, under_way)
            replies.append(reply)
            ended = None
        return held, reduce(joined, replies)

    async def _run_one(
        self, held: Held, running: _Running, ended: Ended | None, under_way: UnderWay | None
    ) -> tuple[Held, _Running | None, Reply]:
        """Runs an action and commits its end; what is held then, and the next action."""
        if under_way is not None:
            return await self._run_in_task(held, running, under_way)
        if ended is None:
            async with self._leases.kept(running.request.key, running.fence):
                ended = _told(running.request, await self._end_of(held, running))
        return await self._report(held, running, ended)

    async def _run_in_task(
        self, held: Held, running: _Running, under_way: UnderWay
    ) -> tuple[Held, _Running | None, Reply]:
        """Once its caller has gone, a result that the database could not store is stored later."""
        key = running.request.key
        ended: Ended | None = None
        for again in range(STORED_AGAIN_AT_MOST + 1):
            async with AsyncExitStack() as place:
                async with self._leases.kept(key, running.fence):
                    with self._late.known(key, under_way):
                        if ended is None:
                            ended = _told(running.request, await self._end_of(held, running))
                        else:
                            await asyncio.sleep(BETWEEN_STORINGS.before(again - 1))
                        await place.enter_async_context(under_way.committing(self._alone))
                if not under_way.is_let_go:
                    return await self._report(held, running, ended)
                with suppress(DatabaseUnavailable, OperationFailed, Busy):
                    return await self._report_late(held, running, ended)
        assert ended is not None
        raise OperationFailed(f"action '{running.request.action}': the database could not store its end for too long.")

    async def _report_late(self, held: Held, running: _Running, ended: Ended) -> tuple[Held, _Running | None, Reply]:
        held = await self._reloaded(held)
        if not await self._is_ours(held, running):
            raise VersionConflict(f"action '{running.request.action}': it is no longer this engine's to end.")
        return await self._report(held, running._replace(is_pushed=True), ended)

    async def _end_of(self, held: Held, running: _Running) -> Ended:
        assert held.state is not None
        request = running.request
        first = await self._first_result_in_doubt(held, running) if running.is_in_doubt else running.first
        if first is not None:
            return await self._given_again(first)
        undone = await self._undone(request)
        if undone is _LOST:
            return Ended(ActionResult(ok=False, error="damaged"))
        view = view_of(held.state, held.conversation_id)
        result = await self._runner.run(request, view, is_in_doubt=running.is_in_doubt, undone=undone)
        return Ended(result, kept_as=running.kept_as)

    def kept_as(self, held: Held, request: ActionRequest | None) -> KeptAs | None:
        """How the result of an action is kept, so that the same request again is given it; None for an undo."""
        registered = self._runner.actions.get(request.action) if request is not None else None
        if request is None or registered is None or request.undoes is not None:
            return None
        remember = self._remember if registered.remember == "default" else registered.remember
        if remember is None:
            return None
        whose = f"user:{held.user_id}" if held.user_id is not None else f"conversation:{held.conversation_id}"
        return KeptAs(request_key(whose, request.action, request.slots), remember)

    async def _first_result_in_doubt(self, held: Held, running: _Running) -> StoredResult | None:
        """What the same request came to before, if whoever called the action must have known of it: then it was not
        called. Clocks may differ by less than a lease lasts; turns of one conversation need none.
        """
        if running.kept_as is None:
            return None
        first = await self._store.idempotency.get(running.kept_as.key, now=utc_text(self._clock()))
        if first is None or (first.conversation is not None and first.conversation == held.conversation_key):
            return first
        asked = await self._store.audit.by_key(running.request.key)
        known_by_all = utc_text(datetime.fromisoformat(first.created_at) + timedelta(seconds=LEASE_S))
        return first if asked is not None and known_by_all <= asked.created_at else None

    async def _given_again(self, first: StoredResult) -> Ended:
        """The first result, if the audit says the same of it: neither a wrong result is given nor is anything done."""
        audited = None
        with suppress(SessionCorrupted):
            audited = await self._store.audit.by_key(first.first_key) if first.first_key is not None else None
        if audited is None or audited.output_json != first.result_json:
            log.error("the result kept for action key %s is damaged. Restore a backup.", first.first_key)
            return Ended(ActionResult(ok=False, error="damaged"))
        value = orjson.loads(first.result_json)
        return Ended(ActionResult(ok=True, value=value, is_repeated=True), first.first_key)

    async def _undone(self, request: ActionRequest) -> Undone | None:
        """What an undo takes back; `_LOST` when what is stored of it is damaged. None for other actions."""
        if request.undoes is None:
            return None
        stored = await self._store.transactions.get(request.undoes)
        try:
            facts = orjson.loads(stored.rollback_json or "") if stored is not None else {}
            return Undone(facts["slots"], facts["result"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return _LOST

    async def _report(self, held: Held, running: _Running, ended: Ended) -> tuple[Held, _Running | None, Reply]:
        """Commits the end of an action as a turn, computed anew where another engine took a turn meanwhile."""
        failpoint("action.before-result")
        for _ in range(MAX_TRIES):
            taken = await self._taken(held, TurnKind.ACTION_RESULT, running, ended)
            try:
                committed = await self._commit(taken)
                return committed.held, _asked_by(taken, committed), taken.reply
            except VersionConflict:
                held = await self._reloaded(held)
                if not await self._is_ours(held, running):
                    raise
        raise Busy(f"action '{running.request.action}': {MAX_TRIES} other turns were first. It is settled at the next.")

    async def _taken(
        self, held: Held, kind: TurnKind, running: _Running | None = None, ended: Ended | None = None
    ) -> TurnTaken:
        assert held.state is not None
        flows = await self._source.settle(held.state.frames, self._store)
        bot, now = flows.bot, self._clock()
        result = ended.result if ended is not None else None
        turn = Turn(kind, now, timezone=bot.timezone, region=bot.region, result=result)
        outcome = advance(flows, held.state, turn)
        turn, outcome = await self._before_reply(flows, held.state, turn, outcome, held.conversation_id)
        return TurnTaken(
            request=None,
            held=held,
            before=held.state,
            turn=turn,
            outcome=outcome,
            reply=reply_of(outcome, held.conversation_id),
            caused_by=running.asked_in if running else None,
            audit=(ended_row(running.request, ended, running.fence, now),) if running and ended else (),
            owner=self.owner,
            is_pushed=running is not None and running.is_pushed,
            kept_as=self.kept_as(held, outcome.action),
        )

    async def _is_ours(self, held: Held, running: _Running) -> bool:
        key = running.request.key
        awaits_it = held.state is not None and held.state.action is not None and held.state.action.key == key
        return awaits_it and await self._leases.holds(key, running.fence)

    async def _reloaded(self, held: Held) -> Held:
        loaded = await self._store.load(held.conversation_id, None)
        if loaded is None:
            raise no_conversation(held.conversation_id)
        return held_of(loaded)


def _asked_by(taken: TurnTaken, committed: Committed) -> _Running | None:
    """The action that a turn asks for, which is stored now; whoever was not told of the turn is not told of its end."""
    action, state = taken.outcome.action, committed.held.state
    if action is None or state is None:
        return None
    return _Running(action, state.turn, taken.kept_as, committed.first, is_pushed=taken.is_pushed)


_LOST = Undone({}, None)
_UNKNOWN = ActionResult(ok=False, error="unknown", in_doubt=True)


def _bare_request(action: RunningAction, flow: str) -> ActionRequest:
    """For the record only: the step that asked for the action is not what it was."""
    return ActionRequest(action.key, flow, action.step, action.action, {}, undo=None, retry=0, time_limit_s=0.0)


def _told(request: ActionRequest, ended: Ended) -> Ended:
    """The same, once the log tells whoever has to look."""
    if ended.result.in_doubt and request.undoes is None:
        log.error("action '%s' (key %s) may or may not have run: a person must look", request.action, request.key)
    elif request.undoes is not None and not ended.result.ok:
        log.error("undo '%s' (key %s) is stuck: a person must look", request.action, request.key)
    return ended
