"""The engine as bots see it: open it, call it once per turn."""

from __future__ import annotations

import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar, Unpack

from fsm_engine.actions import ActionFunction, ActionOptions, ActionRunner, Actions
from fsm_engine.engine import upkeep
from fsm_engine.engine.action_runs import REMEMBER, ActionRuns
from fsm_engine.engine.blocking import Portal, SyncEngine
from fsm_engine.engine.deliveries import DeliveryFunction, Outbox
from fsm_engine.engine.flow_source import FlowsArgument, FlowSource
from fsm_engine.engine.intent_hooks import IntentHook, checked_hooks
from fsm_engine.engine.late_results import WAITING_TIME_S, LateResults
from fsm_engine.engine.leases import Leases
from fsm_engine.engine.opening import NewId
from fsm_engine.engine.owners import new_owner
from fsm_engine.engine.recovery import Recovery, Unfinished
from fsm_engine.engine.replies import view_of
from fsm_engine.engine.requests import in_utc, rising_id, start_request, text_request
from fsm_engine.engine.risk_stage import RiskHook, named_hooks
from fsm_engine.engine.second_delivery import told_once
from fsm_engine.engine.stages import TIME_LIMIT_S, StageFunction, Stages, routed
from fsm_engine.engine.timers import TimerRunner
from fsm_engine.engine.turns import Clock, Turns
from fsm_engine.engine.visible import load_visible, must_see
from fsm_engine.errors import InvalidArgument, NotFound, SessionCorrupted
from fsm_engine.model.codec import decode
from fsm_engine.model.session import SessionState
from fsm_engine.model.slot import Json
from fsm_engine.model.times import utc_now, utc_text
from fsm_engine.model.turn import Reply, SessionView
from fsm_engine.storage.erasing import Erased, Subject
from fsm_engine.storage.open import open_store
from fsm_engine.storage.records import StoredMessage
from fsm_engine.storage.reports import Archived, Purged
from fsm_engine.storage.repositories import Progress
from fsm_engine.storage.settings import Settings
from fsm_engine.storage.store import Store
from fsm_engine.understanding.text import canonical_id

log = logging.getLogger("fsm_engine.engine")

F = TypeVar("F", bound=ActionFunction)
D = TypeVar("D", bound=DeliveryFunction)
S = TypeVar("S", bound=StageFunction)


class Engine:
    """Takes turns and answers for them: when `turn` returns, all that it led to is in the database.

    Made by `Engine.open` or, for programs without an event loop, `Engine.open_sync`. Safe for any number of concurrent
    callers; turns of one conversation are taken in the order in which they were asked for.
    """

    def __init__(
        self,
        store: Store,
        source: FlowSource,
        actions: Actions,
        turns: Turns,
        clock: Clock,
        *,
        outbox: Outbox,
        timers: TimerRunner,
        recovery: Recovery,
    ) -> None:
        self.store = store
        self._source = source
        self._actions = actions
        self._turns = turns
        self._outbox = outbox
        self._timers = timers
        self._recovery = recovery
        self._clock = clock

    @classmethod
    @asynccontextmanager
    async def open(  # noqa: PLR0913 - each is a choice of its own, by keyword
        cls,
        database: str | Settings | Store | None = None,
        *,
        flows: FlowsArgument,
        actions: Actions | None = None,
        risk_hooks: Sequence[RiskHook] | Mapping[str, RiskHook] = (),
        intent_hooks: Sequence[IntentHook] = (),
        stages: Stages | Mapping[str, StageFunction] | None = None,
        deliver: DeliveryFunction | None = None,
        notify: Mapping[str, DeliveryFunction] | None = None,
        run_timers_every_s: float | None = None,
        serves: str | None = None,
        waiting_s: float | None = WAITING_TIME_S,
        clock: Clock | None = None,
        new_id: NewId | None = None,
        durability: Literal["full", "normal"] = "full",
        hold_at_most: int = 2000,
        upgrade: bool = False,
        recover: bool = False,
        remember: timedelta | None = REMEMBER,
        owner: str | None = None,
        chance: Callable[[], float] = random.random,
    ) -> AsyncIterator[Engine]:
        """An engine over a database and a folder of flows; leaving the context closes the database.

        ``database`` is an address or `Settings`. Beside an address, settings come from the environment, as does the
        address when it is None (``DATABASE_URL``, else ``sqlite:///fsm_engine.db``). ``upgrade`` brings a database of
        an older schema to this one's first. A store that is open already is used as it is, and closed with the engine.
        ``flows`` is a folder, a list of files, or loaded flows. With ``actions`` given, every action that a flow names
        must be registered there; otherwise register with `Engine.action` before a turn needs it. ``stages`` are
        functions by the name of the `Stage` that they replace. ``risk_hooks`` go by their function's name unless given
        as a mapping. ``deliver`` and ``notify`` are registered as by the methods. ``run_timers_every_s`` lets the
        engine call `run_timers` by itself. ``serves`` names the one conversation for which this engine delivers and
        runs timers, as its terminal. ``clock`` returns an aware datetime. ``waiting_s``: where there is a ``deliver``,
        a turn whose actions take longer returns with the bot's waiting text, and their results are delivered; None: a
        turn waits, unless a step says ``waiting:``. ``new_id``, for runs that must give the same rows, gives the id of
        a new session from the time of the turn that opens it. ``hold_at_most`` bounds how many conversations' states
        are kept in memory. ``recover`` finishes what dead processes left before the engine is given out; its actions
        must be passed, as those registered later are not known yet. ``remember`` is how long a second identical request
        to an action gets the first result, where the action says nothing itself; None for never. ``owner`` (the name
        under which this engine runs actions) and ``chance`` (gives numbers from 0 to 1) are for tests and simulations.

        Raises:
            FlowError: the flow files have problems; nothing was opened.
            StartUpError: the database cannot be used as it is.
            InvalidArgument: the database's address or settings cannot be understood.
            HookError: a hook or stage does not take what it would be given.
        """
        stages, intent_hooks = Stages.of(stages), checked_hooks(intent_hooks)
        source = FlowSource(flows, actions, named_hooks(risk_hooks))
        actions = actions if actions is not None else Actions()
        clock = utc_now if clock is None else in_utc(clock)
        if database is None or isinstance(database, (str, Settings)):
            store = await open_store(database or None, durability=durability, upgrade=upgrade)
        else:
            store = database
        async with contextlib.AsyncExitStack() as ending:  # in the reverse of this order
            ending.push_async_callback(store.close)
            leases = Leases(store, owner or new_owner(), clock)
            ending.push_async_callback(leases.release_all)
            outbox = Outbox(store, clock, serves)
            ending.push_async_callback(outbox.close)
            late = LateResults(waiting_s, lambda: outbox.takes_messages)
            ending.push_async_callback(late.close)
            await store.flow_versions.put(source.versions(utc_text(clock())))
            runner = ActionRunner(routed(actions, stages), chance=chance)
            turns = Turns(
                store,
                source,
                runner.actions,
                intent_hooks,
                clock,
                stages=stages,
                new_id=new_id or rising_id,
                hold_at_most=hold_at_most,
                wake_outbox=outbox.wake,
                runs=ActionRuns(store, source, runner, leases, clock, remember=remember, late=late),
            )
            for target, function in (({None: deliver} if deliver else {}) | dict(notify or {})).items():
                outbox.register(target, function)
            recovery = Recovery(store, actions, leases, turns.finish, clock)
            if recover:
                await recovery.recover()
            timers = TimerRunner(store, source, turns, clock, outbox.wake, serves)
            ending.push_async_callback(timers.close)
            timers.start(run_timers_every_s)
            yield cls(store, source, actions, turns, clock, outbox=outbox, timers=timers, recovery=recovery)

    @classmethod
    @contextmanager
    def open_sync(cls, database: str | Settings | None = None, **options: Any) -> Iterator[SyncEngine]:
        """The same engine for programs without an event loop; takes what `open` takes."""
        with Portal() as portal, contextlib.ExitStack() as stack:
            engine = stack.enter_context(portal.wrap(cls.open(database, **options)))
            yield SyncEngine(engine, portal)

    def action(self, name: str, **options: Unpack[ActionOptions]) -> Callable[[F], F]:
        """Registers the decorated function as an action; see `Actions.action`."""
        return self._actions.action(name, **options)

    def stage(self, name: str, *, time_limit_s: float = TIME_LIMIT_S) -> Callable[[S], S]:
        """Registers the decorated function in the place of a stage of every turn; see `Stages.stage`."""
        return self._turns.stages.stage(name, time_limit_s=time_limit_s)

    def deliver(self, function: D) -> D:
        """Registers the decorated function, sync or async, as what takes messages to users who did not ask just now.

        It gets a `Delivery` right after the turn is committed, and again until it returns: later, or after a restart,
        so it may get the same one twice, with the same id. One that raises `Rejected` is given up.
        """
        self._outbox.register(None, function)
        return function

    def notify(self, name: str) -> Callable[[D], D]:
        """Registers the decorated function as what tells a person of a risk, by the name in the risk policy.

        It gets a `Delivery` as `deliver` does; until there is one, notices to this name wait.
        """

        def register(function: D) -> D:
            self._outbox.register(name, function)
            return function

        return register

    async def run_deliveries(self) -> int:
        """Hands over what is due now; how many arrived. The engine does so by itself as well."""
        return await self._outbox.run_due()

    async def run_timers(self) -> int:
        """Takes the turns of reminders that are due and of nudges; how many. Their messages go to `deliver`.

        Sessions whose time is up are marked as expired. Call it every minute or so; several processes may.
        """
        return await self._timers.run_due()

    async def next_timer(self) -> datetime | None:
        """When `run_timers` may next have something to do, which may be past; None when nothing is waited for."""
        return await self._timers.next_at()

    async def turn(
        self,
        conversation_id: str,
        text: str,
        *,
        request_id: str | None = None,
        user_id: str | None = None,
        locale: str | None = None,
        intent: str | None = None,
        entities: Mapping[str, Json] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Reply:
        """The reply to what a user said; everything that it led to is stored before this returns.

        ``conversation_id`` is the bot's own key for the thread; a new one opens a new conversation. ``request_id`` is
        the channel's id of the delivery: a second delivery gets the stored reply (``duplicate`` is True) and changes
        nothing. ``locale`` such as ``es`` or ``en-GB`` chooses language and region. ``intent`` and ``entities`` let a
        bot bring its own understanding; ``metadata`` is stored with the message.

        Raises:
            InvalidArgument: an id or metadata that cannot be stored.
            RequestMismatch: the request id was used for another message.
            NotFound: the conversation belongs to another user.
            Busy: too many turns are waiting; nothing of this one was stored.
            SessionCorrupted: the stored state of this conversation is damaged.
            StorageError: the database failed; `outcome` tells whether the turn was stored.
        """
        request = text_request(
            conversation_id,
            text,
            message_limit=self._source.flows.bot.message_limit,
            request_id=request_id,
            user_id=user_id,
            locale=locale,
            intent=intent,
            entities=entities,
            metadata=metadata,
        )
        try:
            return await self._turns.take(request)
        except SessionCorrupted:
            await must_see(self.store, request.conversation_id, request.user_id)
            raise

    async def start(
        self,
        conversation_id: str,
        flow: str,
        *,
        slots: Mapping[str, Json] | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        locale: str | None = None,
    ) -> Reply:
        """Starts a flow in a new session, with some of its slots filled; a running session ends as cancelled.

        Raises as `turn` does, and:
            NotFound: there is no such flow.
            InvalidArgument: the flow has no such slot.
        """
        known = self._source.flows.flow(flow)
        unknown = sorted(set(slots or {}) - known.slots.keys())
        if unknown:
            slots_known = ", ".join(sorted(known.slots))
            raise InvalidArgument(f"start: flow '{flow}' has no slot '{unknown[0]}'. Its slots are: {slots_known}.")
        request = start_request(
            conversation_id, flow, slots=slots, request_id=request_id, user_id=user_id, locale=locale
        )
        try:
            return await self._turns.take(request)
        except SessionCorrupted:
            await must_see(self.store, request.conversation_id, request.user_id)
            raise

    async def session(self, conversation_id: str, *, user_id: str | None = None) -> SessionView:
        """The latest session of a conversation.

        Raises:
            NotFound: there is none, or it belongs to another user.
        """
        loaded = await load_visible(self.store, conversation_id, user_id)
        if loaded.session is None:
            raise NotFound(f"conversation '{conversation_id}' has had no session yet. Send it a turn first.")
        return view_of(decode(SessionState, loaded.session.state_json), conversation_id)

    async def history(
        self, conversation_id: str, limit: int = 20, *, user_id: str | None = None
    ) -> list[StoredMessage]:
        """The last ``limit`` messages, oldest first.

        Raises:
            NotFound: there is no such conversation, or it belongs to another user.
            InvalidArgument: ``limit`` is below 1.
        """
        if limit < 1:
            raise InvalidArgument(f"history: limit is {limit}. Ask for at least 1 message.")
        await load_visible(self.store, conversation_id, user_id)
        return await self.store.messages.last(conversation_id, limit=limit)

    async def outcome(self, conversation_id: str, request_id: str, *, user_id: str | None = None) -> Reply | None:
        """The stored reply of a request, None when nothing of it was stored: what a second delivery would get.

        With ``user_id``, None as well for a conversation that is not this user's.
        """
        canonical_id(request_id, what="request_id")
        await self.store.settle()
        try:
            loaded = await load_visible(self.store, conversation_id, user_id, request_id)
        except NotFound:
            return None
        return await told_once(self.store, loaded.seen, utc_text(self._clock())) if loaded.seen else None

    async def erase(
        self, *, user_id: str | None = None, conversation_id: str | None = None, compact: bool = True
    ) -> Erased:
        """Erases a user with all their conversations, or one conversation: from tables, file and write-ahead log.

        Turns that are under way end first, actions that nobody waits for do not; what they say afterwards is a new
        conversation's. What was done for them stays in the audit without anything personal. Backups are not reached.
        The file is written anew while turns wait: 10 s a gigabyte; to erase many, let only the last one ``compact``.

        Raises:
            InvalidArgument: neither or both are given.
            DatabaseUnavailable: with code ``log-in-use``: the rows are deleted, the log could not be emptied yet; call
                again.
        """
        subject = Subject(
            None if user_id is None else canonical_id(user_id, what="user_id"),
            None if conversation_id is None else canonical_id(conversation_id, what="conversation_id"),
        )
        return await upkeep.erase(self.store, self._turns, subject, self._clock(), compact=compact)

    async def reload_flows(self) -> None:
        """Reads the flow files again. Running sessions stay on their version, unless these declare how they move.

        Raises:
            FlowError: the files have problems; the flows in use stay.
            StorageError: the sources could not be stored; the flows in use stay.
        """
        read = self._source.read()
        await self.store.flow_versions.put(read.versions(utc_text(self._clock())))
        self._source.use(read)

    async def recover(self) -> int:
        """Finishes actions and undos that dead processes left pending, and delivers what they lead to; how many.

        Left alone are those that somebody runs, those of other bots (whose actions are not registered here), and
        sessions that cannot go on, damaged or without their flow.
        """
        return await self._recovery.recover()

    async def unfinished(self) -> list[Unfinished]:
        """Actions that are pending, in doubt or stuck, oldest first: what `recover` would do, what is for a person."""
        return await self._recovery.unfinished()

    async def archive(
        self, *, move_messages: bool = False, dry_run: bool = False, progress: Progress | None = None
    ) -> Archived:
        """Archives conversations without activity for as long as messages are kept (``keep:`` of the bot file).

        With ``move_messages`` their messages go to the archive table; see `Retention.archive`.
        """
        now, keep = self._clock(), self._source.flows.bot.keep
        return await upkeep.archive(
            self.store, keep, now, move_messages=move_messages, dry_run=dry_run, progress=progress
        )

    async def purge(self, *, dry_run: bool = False, compact: bool = False, progress: Progress | None = None) -> Purged:
        """Removes sessions and messages that are older than ``keep:`` of the bot file says; see `Retention.purge`.

        Turns go on meanwhile. A dry run changes nothing and counts. Call it once a day, or run ``fsm-engine purge``.
        ``compact`` also writes the file anew, which turns wait for.
        """
        keep = self._source.flows.bot.keep
        return await upkeep.purge(self.store, keep, self._clock(), dry_run=dry_run, compact=compact, progress=progress)
