"""Plays transcripts: written conversations, held against the real engine on a real SQLite file.

Theory of operation
    Each turn of a transcript is one call of the engine, under a clock that stands still (`clock.FIRST_MOMENT`, a
    Wednesday) until ``later:`` moves it; what is due meanwhile comes at its time. ``crash:`` takes the database as it
    is on disk, lets go of the engine, puts the files back and opens a new engine on them: nothing that a clean exit
    does is there. ``repeat:`` delivers the last message again and compares all tables before and after. The first
    expectation that is not met ends the play.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from fsm_engine.actions import ActionCall, Actions
from fsm_engine.core.compile import walk_steps
from fsm_engine.core.flows import Flows
from fsm_engine.core.nearest import did_you_mean
from fsm_engine.engine.deliveries import delivery_from
from fsm_engine.engine.engine import Engine
from fsm_engine.errors import FsmEngineError, InvalidArgument, NotFound
from fsm_engine.model.flow import Ask, Do
from fsm_engine.model.problem import Position
from fsm_engine.model.slot import Json
from fsm_engine.model.transcript import Transcript, TranscriptTurn
from fsm_engine.model.turn import Reply, SessionView
from fsm_engine.testing.clock import VirtualClock
from fsm_engine.testing.database_files import KilledFiles, table_digests
from fsm_engine.testing.expectations import (
    Mismatch,
    ends_mismatch,
    messages_mismatch,
    needs_wordings,
    turn_mismatch,
)
from fsm_engine.testing.wordings import Wording, Wordings

CONVERSATION = "transcript"
_LINES_OF_CONTEXT = 12


@dataclass(frozen=True, slots=True)
class TranscriptFailure:
    """Where a play went wrong. ``conversation`` is what was said up to there; ``cause`` is what the engine raised."""

    title: str
    turn: int | None
    mismatch: Mismatch
    conversation: tuple[str, ...]
    cause: Exception | None = None

    @property
    def at(self) -> Position:
        return self.mismatch.at

    def __str__(self) -> str:
        mismatch = self.mismatch
        where = "at the end" if self.turn is None else f"turn {self.turn}"
        lines = [f"{self.at}: '{self.title}', {where}: {mismatch.what}"]
        lines += _labelled("expected", mismatch.expected) + _labelled("found", mismatch.found)
        for text in mismatch.would_pass:
            lines += _labelled("or", text)
        if self.conversation:
            lines.append("  the conversation so far:")
            lines += ["    " + line.replace("\n", "\n" + " " * 10) for line in self.conversation[-_LINES_OF_CONTEXT:]]
        return "\n".join(lines)


def _labelled(label: str, text: str) -> list[str]:
    first, *others = text.split("\n")
    return [f"  {label + ':':<10}{first}", *(f"{'':<12}{line}" for line in others)]


@dataclass(frozen=True, slots=True)
class TranscriptResult:
    """How a play went. ``turns`` counts those that were played, the failing one too."""

    title: str
    at: Position
    turns: int
    failure: TranscriptFailure | None = None

    @property
    def passed(self) -> bool:
        return self.failure is None


async def play(
    transcript: Transcript, flows: Flows, *, database_path: Path, wordings: Wordings | None = None
) -> TranscriptResult:
    """Plays one transcript in a new database. Give the ``wordings`` of the flows along when playing many.

    Actions return what the transcript's ``actions`` says; others that the flows name succeed: as a check with true,
    as an action with an empty record. A failing engine gives a failure, not an exception. Raises:
        InvalidArgument: there is a file at ``database_path`` already.
    """
    async with AsyncExitStack() as stack:
        player = _Player(transcript, flows, database_path, wordings or Wordings(flows))
        stack.push_async_callback(player.close)
        return await player.play()


class _Mismatched(Exception):
    """Leaves a turn that did not go as expected."""

    def __init__(self, mismatch: Mismatch) -> None:
        super().__init__(mismatch.what)
        self.mismatch = mismatch


class _Player:
    """One play: the engine, what was delivered last, and what was said so far."""

    def __init__(self, transcript: Transcript, flows: Flows, database_path: Path, wordings: Wordings) -> None:
        if database_path.exists():
            raise InvalidArgument(f"play: {database_path} exists. Each transcript needs a new database.")
        self._transcript = transcript
        self._flows = flows
        self._path = database_path
        self._wordings = wordings
        self._clock = VirtualClock()
        self._engine: Engine
        self._leave = AsyncExitStack()
        self._last: tuple[TranscriptTurn, str, Reply] | None = None
        self._said: list[str] = []
        self._pushed_before = 0
        self._last_pushed: list[tuple[str, int]] = []

    async def play(self) -> TranscriptResult:
        """Opens the engine and plays to the end, or to the first failure."""
        title, at = self._transcript.title, self._transcript.at
        number: int | None = 0
        turns = len(self._transcript.turns)
        try:
            await self._open()
            for number, turn in enumerate(self._transcript.turns, start=1):
                await self._take(turn, f"turn-{number}")
            number = None
            await self._check_end()
        except _Mismatched as found:
            failure = TranscriptFailure(title, number, found.mismatch, tuple(self._said))
        except Exception as error:  # noqa: BLE001 - whatever the engine raises is this transcript's failure, not the run's
            failure = self._engine_failure(number, error)
        else:
            return TranscriptResult(title, at, turns)
        return TranscriptResult(title, at, turns if number is None else number, failure)

    async def close(self) -> None:
        """Lets go of the database."""
        await self._leave.aclose()

    async def _open(self) -> None:
        actions = _actions(self._transcript, self._flows)
        opened = Engine.open(
            f"sqlite:///{self._path}", flows=self._flows, actions=actions, clock=self._clock, durability="normal"
        )
        self._engine = await self._leave.enter_async_context(opened)

    async def _take(self, turn: TranscriptTurn, request_id: str) -> None:
        reply = await self._happen(turn, request_id)
        if reply is not None and not turn.repeat:
            self._said += [f"bot:  {message.text}" for message in reply.messages]
        if turn.bot is not None:
            await self._check_messages(turn, reply)
        _refuse(turn_mismatch(turn, reply, reply.session if reply else await self._session()))

    async def _happen(self, turn: TranscriptTurn, request_id: str) -> Reply | None:
        if turn.crash:
            await self._crash()
            return None
        if turn.repeat:
            return await self._repeat(turn)
        if turn.later_s is not None:
            self._said.append(f"({turn.later_s:g} seconds later)")
            return await self._let_time_pass(turn.later_s)
        reply = await self._deliver(turn, request_id)
        self._last = turn, request_id, reply
        return reply

    async def _let_time_pass(self, seconds: float) -> Reply | None:
        """What is due meanwhile is said at its time, in order; None when nothing is."""
        end = self._clock() + timedelta(seconds=seconds)
        while (due := await self._engine.next_timer()) is not None and due <= end:
            self._move_to(max(due, self._clock()))
            if not await self._engine.run_timers():
                self._move_to(min(self._clock() + timedelta(minutes=1), end))
                if self._clock() == end:
                    break
        self._move_to(end)
        return await self._pushed()

    def _move_to(self, moment: datetime) -> None:
        self._clock.advance((moment - self._clock()).total_seconds())

    async def _pushed(self) -> Reply | None:
        """The messages that came by themselves, as one reply."""
        waiting = await self._engine.store.deliveries.with_status("pending", after=self._pushed_before)
        pushed = [delivery_from(one) for one in waiting]
        if waiting:
            self._pushed_before = waiting[-1].key
        messages = tuple(message for one in pushed for message in one.messages)
        self._last_pushed = [(one.session_id, one.turn) for one in pushed if one.kind == "messages"]
        return Reply(messages, await self._engine.session(CONVERSATION)) if messages else None

    async def _deliver(self, turn: TranscriptTurn, request_id: str) -> Reply:
        if turn.start is not None:
            self._said.append(f"(start {turn.start.text})")
            return await self._engine.start(
                CONVERSATION, turn.start.text, request_id=request_id, locale=self._transcript.locale
            )
        assert turn.user is not None
        self._said.append(f"user: {turn.user}")
        locale = self._transcript.locale
        return await self._engine.turn(CONVERSATION, turn.user, request_id=request_id, locale=locale)

    async def _crash(self) -> None:
        self._said.append("(crash)")
        files = KilledFiles(self._path)
        await self._leave.aclose()
        files.put_back()
        await self._open()

    async def _repeat(self, turn: TranscriptTurn) -> Reply:
        if self._last is None:
            raise _Mismatched(Mismatch(turn.at, "there is nothing to repeat", "a message before this", "(none)"))
        first_turn, request_id, first = self._last
        before = table_digests(self._path)
        reply = await self._deliver(first_turn, request_id)
        _refuse(_repeat_mismatch(turn.at, first, reply, before, table_digests(self._path)))
        return reply

    async def _check_messages(self, turn: TranscriptTurn, reply: Reply | None) -> None:
        assert turn.bot is not None
        said = [message.text for message in reply.messages] if reply else []
        found = messages_mismatch(turn.bot, is_list=turn.is_list, at=turn.at, said=said)
        if found is not None and reply is not None and needs_wordings(turn.bot):
            wordings = await (self._wordings_of_pushed() if turn.later_s is not None else self._wordings_of_last())
            found = messages_mismatch(turn.bot, is_list=turn.is_list, at=turn.at, said=said, wordings=wordings)
        _refuse(found)

    async def _wordings_of_last(self) -> list[Wording]:
        assert self._last is not None
        loaded = await self._engine.store.load(CONVERSATION, self._last[1])
        assert loaded is not None
        journal = await self._engine.store.sessions.journal(loaded.seen[0].session_id)
        return self._wordings.of_turns(journal, [stored.number for stored in loaded.seen])

    async def _wordings_of_pushed(self) -> list[Wording]:
        found: list[Wording] = []
        for session_id, number in self._last_pushed:
            journal = await self._engine.store.sessions.journal(session_id)
            found += self._wordings.of_turns(journal, [number])
        return found

    async def _session(self) -> SessionView | None:
        try:
            return await self._engine.session(CONVERSATION)
        except NotFound:
            return None

    async def _check_end(self) -> None:
        if self._transcript.ends is not None:
            _refuse(ends_mismatch(self._transcript.ends, self._transcript.at, await self._session()))

    def _engine_failure(self, number: int | None, error: Exception) -> TranscriptFailure:
        at = self._transcript.turns[number - 1].at if number else self._transcript.at
        name = error.code if isinstance(error, FsmEngineError) else type(error).__name__
        mismatch = Mismatch(at, "the engine raised an error", "a reply", f"{name}: {error}")
        return TranscriptFailure(self._transcript.title, number, mismatch, tuple(self._said), cause=error)


def _refuse(mismatch: Mismatch | None) -> None:
    if mismatch is not None:
        raise _Mismatched(mismatch)


def _repeat_mismatch(
    at: Position, first: Reply, second: Reply, before: Mapping[str, str], after: Mapping[str, str]
) -> Mismatch | None:
    """A second delivery is answered with the stored reply and changes no row of any table."""
    if not second.duplicate:
        return Mismatch(at, "the second delivery is taken for a new message", "a duplicate", second.text)
    if replace(second, duplicate=first.duplicate) != first:
        return Mismatch(at, "the second delivery is answered otherwise", first.text, second.text)
    changed = [table for table in before if before[table] != after[table]]
    if changed:
        return Mismatch(at, "the second delivery changes the database", "no change", f"changes in {', '.join(changed)}")
    return None


def _actions(transcript: Transcript, flows: Flows) -> Actions:
    named = dict(_named_actions(flows))
    for name in transcript.actions:
        if name not in named:
            message = f"no flow names an action '{name}'.{did_you_mean(name, named)}"
            raise _Mismatched(Mismatch(transcript.at, message, "an action of the flows", name))
    actions = Actions()
    for name, value in {**named, **transcript.actions}.items():
        actions.action(name, idempotent=True)(_returning(value))
    return actions


def _named_actions(flows: Flows) -> Iterator[tuple[str, Json]]:
    """Every function that the flows name, with what it returns where a transcript does not say; checks come last."""
    steps = [step for flow in flows.folder.flows.values() for step in walk_steps(flow.steps)]
    for step in steps:
        if isinstance(step, Do):
            yield step.action.text, {}
            if step.undo is not None:
                yield step.undo.text, {}
    for step in steps:
        if isinstance(step, Ask):
            yield from ((check.call.text, True) for check in step.checks if check.call is not None)


def _returning(value: Json) -> Callable[[ActionCall], Awaitable[Json]]:
    async def registered(call: ActionCall) -> Json:
        return value

    return registered
