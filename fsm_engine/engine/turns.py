"""The path of one turn: load, ask the hooks, advance, commit, run actions. Saved before said."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from fsm_engine.actions import Actions, ask_outside, run_action
from fsm_engine.core.advance import advance, unfinished_action
from fsm_engine.engine.checkpoint import TurnTaken, rows_of
from fsm_engine.engine.flow_source import FlowSource
from fsm_engine.engine.held import RECENT_REQUESTS, ConversationOrder, Held, HeldConversations, held_from
from fsm_engine.engine.intent_hooks import IntentHook, hooked_guesses
from fsm_engine.engine.opening import NewId, Opening, open_session
from fsm_engine.engine.pipeline import Pipeline
from fsm_engine.engine.replies import joined, reply_of, stored_reply, view_of
from fsm_engine.engine.requests import Request
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
from fsm_engine.model.codec import encode
from fsm_engine.model.session import RunningAction, Status
from fsm_engine.model.turn import ActionRequest, ActionResult, IntentGuess, Message, Reply, Turn, TurnKind
from fsm_engine.storage.records import AuditRow, LoadedConversation
from fsm_engine.storage.store import Store
from fsm_engine.understanding.risk_phrases import NOTHING_HEARD

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

    async def finish(self, conversation_id: str) -> Reply | None:
        """Runs an action that a dead process left behind, and delivers what it leads to; None when there is none."""
        await self._order.enter(conversation_id)
        try:
            held = await self._load(conversation_id)
            if held.state is None or held.state.action is None:
                return None
            _held, reply = await self._finish_action(held, is_pushed=True)
            return reply
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
        if held.state is not None and held.state.action is not None and held.state.status is Status.ACTIVE:
            held, finished = await self._finish_action(held)
            late += finished.messages
        taken = await self._compute(held, request, late)
        held = await self._commit(taken)
        if taken.outcome.action is None:
            return taken.reply
        _held, later = await self._run(held, taken.outcome.action)
        return joined(taken.reply, later)

    async def _repeat(self, held: Held, request: Request, loaded: LoadedConversation) -> Reply:
        """A second delivery: the stored reply, once the action it asked for has ended."""
        _must_belong(held, request)
        if loaded.seen[0].fingerprint != request.fingerprint:
            raise RequestMismatch(
                f"conversation '{request.conversation_id}': request id '{request.request_id}' was used before for "
                "another message. Give each delivery its own id."
            )
        if held.state is not None and held.state.action is not None and held.state.status is Status.ACTIVE:
            await self._finish_action(held)
            again = await self._store.load(request.conversation_id, request.request_id)
            assert again is not None
            loaded = again
        return stored_reply(loaded.seen)

    async def _load(self, conversation_id: str) -> Held:
        request = Request(conversation_id, TurnKind.TEXT)
        return held_from(request, await self._store.load(conversation_id, None))

    async def _compute(self, held: Held, request: Request, late: Sequence[Message]) -> TurnTaken:
        if self._asks_outside(request):
            held = await self._fresh(held, request)
        opening = open_session(held, request, self._source.flows.bot, now=self._clock(), new_id=self._new_id)
        turn = await self._understood(request, opening)
        if self.stages.asks_outside:
            opening, turn = await self._pipeline.understand(request, opening, turn, self._source.flows.bot)
        flows = await self._source.settle(opening.state.frames or opening.carried_over, self._store)
        outcome = advance(flows, opening.state, turn)
        while outcome.needs is not None:
            held = await self._fresh(held, request)
            result = await ask_outside(self._actions, outcome.needs, view_of(opening.state, request.conversation_id))
            turn = replace(turn, call_results={**turn.call_results, outcome.needs.key: result})
            outcome = advance(flows, opening.state, turn)
        if self.stages.asks_outside:
            turn, outcome = await self._pipeline.before_reply(
                flows, opening.state, turn, outcome, request.conversation_id
            )
        failpoint("turn.after-advance")
        reply = reply_of(outcome, request.conversation_id)
        if late:
            reply = replace(reply, messages=(*late, *reply.messages))
        return TurnTaken(request, held, opening.state, turn, outcome, reply, closes=opening.closes)

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
            failpoint("turn.after-risk")
            if request.intent is not None:
                intents = (IntentGuess(request.intent, 1.0, "ml"),)
            elif not request.is_too_long and not self.stages.has(Stage.CLASSIFY):
                intents = await self._classify(request.text)
        return Turn(
            kind=request.kind,
            now=opening.now,
            text=request.text,
            is_too_long=request.is_too_long,
            language=opening.language,
            timezone=opening.timezone,
            region=opening.region,
            intents=intents,
            entities=request.entities,
            risk=heard.findings,
            mood=heard.mood,
            moods_before=opening.moods_before,
            flow=request.flow,
            slots=request.slots,
            carried_over=opening.carried_over,
            carried_timers=opening.carried_timers,
        )

    async def _classify(self, text: str) -> tuple[IntentGuess, ...]:
        flows = self._source.flows
        guesses: tuple[IntentGuess, ...] = ()
        if self._intent_hooks:
            guesses = await hooked_guesses(self._intent_hooks, text, maybe=flows.bot.intents.maybe)
        return guesses or flows.classifier.classify(text)

    async def _commit(self, taken: TurnTaken) -> Held:
        flows = self._source.flows
        rows = rows_of(taken, flows)
        failpoint("turn.before-commit")
        await self._store.commit(rows)
        failpoint("turn.after-commit")
        if rows.deliveries:
            self._wake_outbox()
        recent = taken.held.recent_requests
        if rows.request_id is not None:
            recent = (*recent, rows.request_id)[-RECENT_REQUESTS:]
        held = Held(
            conversation_id=rows.conversation_id,
            conversation_key=rows.conversation_key,
            version=rows.base_version + 1,
            user_id=rows.user_id,
            session_key=rows.session_key,
            state=taken.outcome.state,
            expires_at=rows.expires_at,
            recent_requests=recent,
        )
        self._held.put(held)
        return held

    async def _finish_action(self, held: Held, *, is_pushed: bool = False) -> tuple[Held, Reply]:
        """An action that was asked for in a process that died: only an idempotent one may be called again.

        ``is_pushed``: nobody waits for the reply, so it goes into the outbox.
        """
        state = held.state
        assert state is not None
        assert state.action is not None
        flows = await self._source.settle(state.frames, self._store)
        request = unfinished_action(flows, state, self._clock())
        registered = self._actions.get(state.action.action)
        if request is not None and registered is not None and registered.is_idempotent:
            return await self._run(held, request, is_pushed=is_pushed)
        request = request or _bare_request(state.action, state.frames[-1].flow)
        log.error("action '%s' (key %s) may or may not have run: a person must look", request.action, request.key)
        result = ActionResult(ok=False, error="unknown")
        return await self._report(held, request, result, is_pushed=is_pushed)

    async def _run(self, held: Held, request: ActionRequest, *, is_pushed: bool = False) -> tuple[Held, Reply]:
        """Runs an action outside any transaction and commits its result as a turn of its own."""
        assert held.state is not None
        view = view_of(held.state, held.conversation_id)
        result = await run_action(self._actions, request, view)
        failpoint("action.before-result")
        return await self._report(held, request, result, is_pushed=is_pushed)

    async def _report(
        self, held: Held, request: ActionRequest, result: ActionResult, *, is_pushed: bool
    ) -> tuple[Held, Reply]:
        assert held.state is not None
        flows = await self._source.settle(held.state.frames, self._store)
        bot = flows.bot
        turn = Turn(TurnKind.ACTION_RESULT, self._clock(), timezone=bot.timezone, region=bot.region, result=result)
        outcome = advance(flows, held.state, turn)
        turn, outcome = await self._pipeline.before_reply(flows, held.state, turn, outcome, held.conversation_id)
        reply = reply_of(outcome, held.conversation_id)
        audit = (_audit_of(request, result),)
        cause = held.state.turn
        taken = TurnTaken(
            None, held, held.state, turn, outcome, reply, caused_by=cause, audit=audit, is_pushed=is_pushed
        )
        held = await self._commit(taken)
        if outcome.action is None:
            return held, reply
        held, later = await self._run(held, outcome.action, is_pushed=is_pushed)
        return held, joined(reply, later)


def _bare_request(action: RunningAction, flow: str) -> ActionRequest:
    """For the record only: the step that asked for the action is not what it was."""
    return ActionRequest(action.key, flow, action.step, action.action, {}, undo=None, retry=0, time_limit_s=0.0)


def _audit_of(request: ActionRequest, result: ActionResult) -> AuditRow:
    status = "success" if result.ok else "unknown" if result.error == "unknown" else "failure"
    output = encode(result.value).decode() if result.ok else None
    return AuditRow(
        request.key, request.flow, request.action, status, encode(request.slots).decode(), output, result.error
    )


def _must_belong(held: Held, request: Request) -> None:
    if request.user_id is not None and held.user_id != request.user_id:
        raise no_conversation(request.conversation_id)
