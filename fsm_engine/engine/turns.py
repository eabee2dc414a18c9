"""The path of one turn: load, ask the hooks, advance, commit, run actions. Saved before said."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from fsm_engine.actions import Actions, ask_outside
from fsm_engine.core.advance import advance
from fsm_engine.engine.action_runs import WAITING_S, ActionRuns
from fsm_engine.engine.checkpoint import TurnTaken, rows_of
from fsm_engine.engine.flow_source import FlowSource
from fsm_engine.engine.held import RECENT_REQUESTS, Committed, ConversationOrder, Held, HeldConversations, held_from
from fsm_engine.engine.intent_hooks import IntentHook, hooked_guesses
from fsm_engine.engine.late_results import RunsHere
from fsm_engine.engine.moving import with_moves, with_what_was_typed
from fsm_engine.engine.opening import NewId, Opening, open_session
from fsm_engine.engine.pipeline import Pipeline
from fsm_engine.engine.replies import joined, reply_of, view_of
from fsm_engine.engine.requests import Request
from fsm_engine.engine.risk_stage import not_read_whole
from fsm_engine.engine.second_delivery import told_once
from fsm_engine.engine.stages import Stage, Stages
from fsm_engine.errors import (
    Busy,
    DuplicateRequest,
    IntegrityViolated,
    OperationFailed,
    RequestMismatch,
    VersionConflict,
    no_conversation,
)
from fsm_engine.failpoints import failpoint
from fsm_engine.model.session import Status
from fsm_engine.model.times import utc_text
from fsm_engine.model.turn import CallRequest, IntentGuess, Message, Reply, Turn, TurnKind
from fsm_engine.storage.records import LoadedConversation
from fsm_engine.storage.store import Store
from fsm_engine.understanding.risk_phrases import NOTHING_HEARD
from fsm_engine.understanding.text import CUT_MARK

log = logging.getLogger("fsm_engine.turns")

MAX_TRIES = 100
"""Times a turn is computed anew because another process was first, before the caller is told to try later."""

Clock = Callable[[], datetime]


class StaleHold(Exception):
    """The turn must ask the outside world, and what this process holds might be out of date."""


class Turns:
    """Takes turns, one at a time per conversation."""

    def __init__(
        self,
        store: Store,
        source: FlowSource,
        actions: Actions,
        intent_hooks: Sequence[IntentHook],
        clock: Clock,
        *,
        stages: Stages,
        new_id: NewId,
        hold_at_most: int,
        wake_outbox: Callable[[], None],
        runs: ActionRuns,
    ) -> None:
        self._store = store
        self._source = source
        self._actions = actions
        self._intent_hooks = tuple(intent_hooks)
        self._clock = clock
        self._new_id = new_id
        self.stages = stages
        self._pipeline = Pipeline(stages, new_id)
        self._wake_outbox = wake_outbox
        self._held = HeldConversations(hold_at_most)
        self._order = ConversationOrder()
        self._runs = runs
        runs.belong_to(self._commit, self._pipeline.before_reply, self.alone)

    def forget_all(self) -> None:
        """Drops what this process holds; the database has it all."""
        self._held.clear()

    async def take(self, request: Request) -> Reply:
        """The reply to one request, after its turn and the turns of its actions are committed."""
        await self._order.enter(request.conversation_id)
        try:
            failpoint("turn.after-entering")
            reply = await self._take_in_order(request)
            failpoint("turn.before-reply")
            return reply
        except RunsHere as met:
            action = met.action
        except OSError as error:  # a library is read from disk when it is first used
            self._held.drop(request.conversation_id)
            raise OperationFailed(
                f"conversation '{request.conversation_id}': a file could not be read ({error.strerror}). "
                "Look at the limit of open files and at the disk, and send the turn again."
            ) from error
        except BaseException:
            self._held.drop(request.conversation_id)
            raise
        finally:
            self._order.leave(request.conversation_id)
        await action.over()
        return await self.take(request)

    @asynccontextmanager
    async def paused(self, conversation_ids: Iterable[str]) -> AsyncIterator[None]:
        """None of these conversations has a turn under way meanwhile; what is held of any is forgotten at the end.

        Raises:
            Busy: too many messages wait in one of them already.
        """
        entered: list[str] = []
        try:
            for conversation_id in sorted(set(conversation_ids)):
                await self._order.enter(conversation_id)
                entered.append(conversation_id)
            yield
        finally:
            self._held.clear()
            for conversation_id in entered:
                self._order.leave(conversation_id)

    @asynccontextmanager
    async def alone(self, conversation_id: str) -> AsyncIterator[None]:
        """This conversation has no turn under way meanwhile; what is held of it is forgotten at the end."""
        await self._order.enter(conversation_id)
        try:
            yield
        finally:
            self._held.drop(conversation_id)
            self._order.leave(conversation_id)

    async def finish(self, conversation_id: str) -> bool:
        """Runs an action that a dead process left behind, and delivers what it leads to.

        False when there is none, or somebody else runs it.
        """
        await self._order.enter(conversation_id)
        try:
            held = held_from(Request(conversation_id, TurnKind.TEXT), await self._store.load(conversation_id, None))
            if held.state is None or held.state.action is None:
                return False
            return (await self._runs.finish(held, patience_s=0, is_pushed=True)).is_settled_here
        finally:
            self._order.leave(conversation_id)

    async def _take_in_order(self, request: Request) -> Reply:
        held = self._held.get(request.conversation_id)
        if held is not None and request.request_id in held.recent_requests:
            held = None
        late: list[Message] = []
        for _ in range(MAX_TRIES):
            try:
                return await self._try(held, request, late)
            except (VersionConflict, DuplicateRequest, StaleHold, IntegrityViolated) as error:
                # What is held may be of a conversation that was deleted and has begun again at the same version.
                if held is None and isinstance(error, IntegrityViolated):
                    raise
                self._held.drop(request.conversation_id)
                held = None
        raise Busy(
            f"conversation '{request.conversation_id}': another process was first {MAX_TRIES} times in a row. "
            "Nothing of this turn was stored; send it again."
        )

    async def _try(self, held: Held | None, request: Request, late: list[Message]) -> Reply:
        """``late`` gathers what the user is still owed: how an action ended that a dead process left behind."""
        if held is None:
            loaded = await self._store.load(request.conversation_id, request.request_id)
            held = held_from(request, loaded)
            if loaded is not None and loaded.seen:
                return await self._repeat(held, request, loaded)
        failpoint("turn.after-load")
        _must_belong(held, request)
        if held.state is not None and held.state.action is not None:
            finished = await self._runs.finish(held, patience_s=self._patience_s(held, request))
            held = finished.held
            late += finished.messages
        if request.kind is TurnKind.START and held.state is not None and _is_to_be_undone(held, self._clock()):
            cancelled = await self._runs.cancel(held)
            held = cancelled.held
            late += cancelled.messages
        taken = await self._compute(held, request, late)
        committed = await self._commit(taken)
        if taken.outcome.action is None:
            return taken.reply
        try:
            _held, later = await self._runs.run(taken, committed)
        except VersionConflict:
            return await self._reply_by_another(committed.held)
        return joined(taken.reply, later)

    def _patience_s(self, held: Held, request: Request) -> float | None:
        """How long the message waits for a pending action before it is answered that it runs, None: until it has ended.

        Raises:
            RunsHere: until one has ended that this engine runs.
        """
        assert held.state is not None
        can_be_told = held.state.status is Status.ACTIVE and request.kind is TurnKind.TEXT
        under_way = self._runs.under_way(held)
        if under_way is None:
            return WAITING_S if can_be_told else None
        if not can_be_told or (held.expires_at is not None and held.expires_at <= utc_text(self._clock())):
            raise RunsHere(under_way)
        return 0

    async def _reply_by_another(self, held: Held) -> Reply:
        """The reply of a turn of ours whose action another engine has taken over, once that has ended."""
        assert held.state is not None
        self._held.drop(held.conversation_id)
        await self._runs.finish(held, patience_s=None)
        ours, turns = {held.state.turn}, []
        for line in await self._store.sessions.journal(held.state.session_id):
            if line.number in ours or line.caused_by in ours:
                ours.add(line.number)
                turns.append(line)
        return replace(await told_once(self._store, turns, utc_text(self._clock())), duplicate=False)

    async def _repeat(self, held: Held, request: Request, loaded: LoadedConversation) -> Reply:
        """A second delivery: the stored reply, once the action it asked for has ended."""
        _must_belong(held, request)
        if loaded.seen[0].fingerprint != request.fingerprint:
            raise RequestMismatch(
                f"conversation '{request.conversation_id}': request id '{request.request_id}' was used before for "
                "another message. Give each delivery its own id."
            )
        if held.state is not None and held.state.action is not None:
            under_way = self._runs.under_way(held)
            if under_way is not None:
                raise RunsHere(under_way)
            await self._runs.finish(held, patience_s=None)
            again = await self._store.load(request.conversation_id, request.request_id)
            assert again is not None
            loaded = again
        return await told_once(self._store, loaded.seen, utc_text(self._clock()))

    async def _compute(self, held: Held, request: Request, late: Sequence[Message]) -> TurnTaken:
        if self._asks_outside(request):
            held = await self._fresh(held, request)
        opening = open_session(held, request, self._source.flows, now=self._clock(), new_id=self._new_id)
        turn = await self._understood(request, opening)
        if self.stages.asks_outside:
            opening, turn = await self._pipeline.understand(request, opening, turn, self._source.flows.bot)
        flows = await self._source.settle(opening.state.frames or opening.carried_over, self._store)
        turn = with_moves(flows, opening.state, turn)
        outcome = advance(flows, opening.state, turn)
        while outcome.needs is not None:
            if not self._may_be_asked_twice(outcome.needs):
                held = await self._fresh(held, request)
            result = await ask_outside(self._actions, outcome.needs, view_of(opening.state, request.conversation_id))
            turn = replace(turn, call_results={**turn.call_results, outcome.needs.key: result})
            outcome = advance(flows, opening.state, turn)
        if self.stages.asks_outside:
            turn, outcome = await self._pipeline.before_reply(
                flows, opening.state, turn, outcome, request.conversation_id
            )
        if turn.moves_to:
            outcome = await with_what_was_typed(outcome, self._store)
        failpoint("turn.after-advance")
        reply = reply_of(outcome, request.conversation_id)
        if late:
            reply = replace(reply, messages=(*late, *reply.messages))
        return TurnTaken(
            request,
            held,
            opening.state,
            turn,
            outcome,
            reply,
            closes=opening.closes,
            owner=self._runs.owner,
            kept_as=self._runs.kept_as(held, outcome.action),
        )

    async def _fresh(self, held: Held, request: Request) -> Held:
        """The same, known to be up to date: before the outside world is asked, so that nothing is asked twice.

        Raises:
            StaleHold: another process took a turn of this conversation, or this very request.
        """
        if held.is_fresh:
            return held
        loaded = await self._store.load(request.conversation_id, request.request_id)
        known = held_from(request, loaded)
        ids = [one.state.session_id if one.state else None for one in (known, held)]
        if known.version != held.version or ids[0] != ids[1] or (loaded is not None and loaded.seen):
            raise StaleHold
        return held._replace(is_fresh=True)

    def _may_be_asked_twice(self, needs: CallRequest) -> bool:
        """A registered function that promises so is not worth a look at the database first."""
        registered = self._actions.get(needs.action)
        return registered is not None and registered.is_idempotent

    def _asks_outside(self, request: Request) -> bool:
        if self.stages.asks_outside:
            return True
        return request.kind is TurnKind.TEXT and (self._source.risk.asks_outside or bool(self._intent_hooks))

    async def _understood(self, request: Request, opening: Opening) -> Turn:
        """The turn with what detectors and classifiers say about it. The risk stage comes first, on every path."""
        heard = NOTHING_HEARD
        intents: tuple[IntentGuess, ...] = ()
        if request.kind is TurnKind.TEXT:
            failpoint("turn.before-risk")
            moods = opening.moods_before or opening.state.moods
            heard = await self._source.risk.assess(request.text, opening.language, moods)
            if request.is_too_long and CUT_MARK in request.text:
                heard = not_read_whole(heard)
            failpoint("turn.after-risk")
            if request.intent is not None:
                intents = (IntentGuess(request.intent, 1.0, "ml"),)
            elif not request.is_too_long and not self.stages.has(Stage.CLASSIFY):
                intents = await self._classify(request.text)
        return Turn(
            request.kind,
            opening.now,
            request.text,
            request.is_too_long,
            opening.language,
            opening.timezone,
            opening.region,
            intents,
            request.entities,
            heard.findings,
            request.flow,
            request.slots,
            mood=heard.mood,
            moods_before=opening.moods_before,
            carried_over=opening.carried_over,
            carried_timers=opening.carried_timers,
        )

    async def _classify(self, text: str) -> tuple[IntentGuess, ...]:
        flows = self._source.flows
        guesses: tuple[IntentGuess, ...] = ()
        if self._intent_hooks:
            guesses = await hooked_guesses(self._intent_hooks, text, maybe=flows.bot.intents.maybe)
        return guesses or flows.classifier.classify(text)

    async def _commit(self, taken: TurnTaken) -> Committed:
        flows = self._source.flows
        rows = rows_of(taken, flows)
        failpoint("turn.before-commit")
        first = await self._store.commit(rows)
        failpoint("turn.after-commit")
        if rows.deliveries:
            self._wake_outbox()
        recent = taken.held.recent_requests
        if rows.request_id is not None:
            recent = (*recent, rows.request_id)[-RECENT_REQUESTS:]
        held = Held(
            rows.conversation_id,
            rows.conversation_key,
            rows.base_version + 1,
            rows.user_id,
            rows.session_key,
            taken.outcome.state,
            rows.expires_at,
            recent,
        )
        self._held.put(held)
        return Committed(held, first)


def _is_to_be_undone(held: Held, now: datetime) -> bool:
    """Whether a running session has done what can be taken back; one that has expired stays as it is."""
    state = held.state
    is_running = state is not None and state.status is Status.ACTIVE and bool(state.done)
    return is_running and (held.expires_at is None or held.expires_at > utc_text(now))


def _must_belong(held: Held, request: Request) -> None:
    if request.user_id is not None and held.user_id != request.user_id:
        raise no_conversation(request.conversation_id)
