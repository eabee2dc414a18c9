"""The next state while it is being worked out. Lives for one turn, inside `advance`, and never leaves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from fsm_engine.core.compile import CompiledFlow, Node
from fsm_engine.core.flows import Flows
from fsm_engine.core.formats import join_words
from fsm_engine.core.guards import Scope
from fsm_engine.core.machine import START, Cursor
from fsm_engine.core.texts import CompiledSpeech, CompiledText, Voice
from fsm_engine.model.session import (
    MOODS_KEPT,
    DoneAction,
    Frame,
    Pending,
    RunningAction,
    SessionState,
    Status,
    Timer,
    Undoing,
)
from fsm_engine.model.slot import Json, ReadingContext
from fsm_engine.model.turn import (
    ActionRequest,
    Answer,
    CallRequest,
    IntentGuess,
    Message,
    Notice,
    RiskFinding,
    Turn,
    TurnKind,
)


class Question(Enum):
    """What the open question is to the user's message: the one that the user has read, or has it changed since?

    ``CHANGED``: it may take other answers. ``ANOTHER``: the message is no answer to it.
    """

    SAME = "same"
    CHANGED = "changed"
    ANOTHER = "another"


class NeedsCall(Exception):
    """The turn cannot go on before a registered function has answered."""

    def __init__(self, request: CallRequest) -> None:
        super().__init__(request.key)
        self.request = request


class FrameDraft:
    """One frame of the stack, open for change."""

    __slots__ = (
        "attempts",
        "flow",
        "has_jumped",
        "is_digression",
        "returning_to",
        "rounds",
        "skipped",
        "slots",
        "step",
        "trail",
        "visits",
    )

    def __init__(self, flow: CompiledFlow, frame: Frame) -> None:
        self.flow = flow
        self.step = frame.step
        self.slots: dict[str, Json] = dict(frame.slots)
        self.skipped = list(frame.skipped)
        self.trail = list(frame.trail)
        self.visits: dict[str, int] = dict(frame.visits)
        self.attempts = frame.attempts
        self.rounds: dict[str, int] = dict(frame.rounds)
        self.returning_to = frame.returning_to
        self.is_digression = frame.is_digression
        self.has_jumped = False

    @property
    def node(self) -> Node | None:
        """Where the frame waits; None at the start and when the flow is over."""
        index = self.flow.index_of.get(self.step)
        return None if index is None else self.flow.nodes[index]

    def jump_to(self, state: str) -> None:
        """Puts the frame at a waiting place as loading a checkpoint does; the walk that follows starts there."""
        self.step = state
        self.has_jumped = True

    def move_to(self, state: str) -> None:
        """One move of the flow's machine."""
        if self.has_jumped and self.step == state:
            self.has_jumped = False
            return
        self.has_jumped = False
        cursor = Cursor(self.step)
        self.flow.machine.move(cursor, state)
        self.step = cursor.state

    def count_visit(self, name: str) -> int:
        """How often the step was reached, this time included."""
        count = self.visits.get(name, 0) + 1
        self.visits[name] = count
        return count

    def freeze(self) -> Frame:
        """The frame as it is kept."""
        source = self.flow.flow
        return Frame(  # by place, as below: with names it takes twice the time
            source.name,
            source.version,
            source.source_hash,
            self.step,
            self.slots,
            tuple(self.skipped),
            tuple(self.trail),
            self.visits,
            self.attempts,
            self.rounds,
            self.returning_to,
            self.is_digression,
        )


def new_frame(flow: CompiledFlow, *, is_digression: bool = False) -> FrameDraft:
    """A frame at the start of a flow."""
    source = flow.flow
    frame = Frame(source.name, source.version, source.source_hash, START, is_digression=is_digression)
    return FrameDraft(flow, frame)


class Draft:
    """The session in the middle of a turn: its stack, and what the turn has led to so far."""

    __slots__ = (
        "_context",
        "_has_told",
        "_today",
        "action",
        "answers",
        "choices",
        "done",
        "facts",
        "findings",
        "flows",
        "frames",
        "help_shown",
        "intent",
        "language",
        "messages",
        "misses",
        "moods",
        "notify",
        "nudges",
        "number",
        "pending",
        "question",
        "requested",
        "resources_shown",
        "risk_counts",
        "session_id",
        "status",
        "timers",
        "turn",
        "undoing",
    )

    def __init__(self, flows: Flows, state: SessionState, turn: Turn) -> None:
        self.flows = flows
        self.turn = turn
        self.session_id = state.session_id
        self.number = state.turn + 1
        self.status = state.status
        self.language = turn.language if turn.language in flows.languages else state.language
        frames = state.frames or turn.carried_over
        self.frames = [FrameDraft(flows.for_frame(frame), frame) for frame in frames]
        self.pending: Pending | None = Pending("came_back") if turn.carried_over else state.pending
        self.action: RunningAction | None = state.action
        self.done: list[DoneAction] = list(state.done)
        self.undoing: Undoing | None = state.undoing
        self.misses = state.misses
        self.risk_counts: dict[str, int] = dict(state.risk_counts)
        self.help_shown: dict[str, int] = dict(state.help_shown)
        self.moods = turn.moods_before or state.moods
        if turn.kind is TurnKind.TEXT:
            self.moods = (*self.moods, turn.mood)[-MOODS_KEPT:]
        timers = state.timers or turn.carried_timers
        self.timers: dict[str, Timer] = {one.name: one for one in timers} if timers else {}
        self.nudges = state.nudges if turn.kind is not TurnKind.TEXT else 0
        self.messages: list[Message] = []
        self.answers: list[Answer] = []
        self.findings: list[RiskFinding] = list(turn.risk)
        self.notify: list[Notice] = []
        self.resources_shown = False
        self.intent: IntentGuess | None = None
        self.requested: ActionRequest | None = None
        self.choices: tuple[str, ...] = ()
        self.facts: Mapping[str, Json] = {}
        self.question: Question | None = None
        self._context: ReadingContext | None = None
        self._today: date | None = None
        self._has_told = False

    @property
    def top(self) -> FrameDraft:
        return self.frames[-1]

    def today(self) -> date:
        """The user's day, by the turn's clock and time zone."""
        if self._today is None:
            self._today = self.turn.now.astimezone(ZoneInfo(self.turn.timezone)).date()
        return self._today

    def scope(self, extra: Mapping[str, Any] | None = None) -> Scope:
        """Slots in sight: ``extra`` first, then the running flow's, then those of the flows that ran it."""
        layers: list[Mapping[str, Any]] = [] if extra is None else [extra]
        layers += [frame.slots for frame in reversed(self.frames)]
        return Scope(layers, self.today)

    def reading_context(self) -> ReadingContext:
        """What readers need to know besides the words."""
        if self._context is None or self._context.language != self.language:
            self._context = ReadingContext(self.language, self.turn.region, self.turn.timezone, self.turn.now)
        return self._context

    def voice(self) -> Voice:
        return Voice(self.language, self.flows.first_language, self.scope)

    def speak(self, speech: CompiledSpeech, key: str, visit: int) -> None:
        """Says what an author wrote; ``key`` and ``visit`` choose the variation."""
        self.messages.append(self.voice().say(speech, f"{self.session_id}:{key}:{visit}"))

    def speak_text(self, text: CompiledText, key: str, visit: int) -> None:
        self.messages.append(Message(self.voice().fill(text, f"{self.session_id}:{key}:{visit}")))

    def saying(self, occasion: str, /, **values: Any) -> str:
        """One of the engine's own sayings, in the user's language, or what the bot file says instead.

        Compiled code takes a value that is called as the parameter is for the parameter, ``/`` or not.
        """
        voice = Voice(self.language, self.flows.first_language, lambda: Scope([values], self.today))
        return voice.fill(self.flows.saying(occasion), f"{self.session_id}:{occasion}:{self.number}")

    def all_sayings(self, name: str) -> tuple[str, ...]:
        """Every variation of a saying without placeholders, in the user's language: all of them mean the same."""
        variations = self.flows.saying(name).variations
        templates = variations.get(self.language) or variations.get(self.language.partition("-")[0])
        templates = templates or next(iter(variations.values()))
        return tuple(template.fill(self.scope(), self.language) for template in templates)

    def say(self, occasion: str, /, *, buttons: tuple[str, ...] = (), **values: Any) -> None:
        """Says one of the engine's own sayings."""
        self.messages.append(Message(self.saying(occasion, **values), buttons))

    def tell_of_changes(self) -> None:
        """Says, once, that the questions are others now; nothing in a turn in which the session has not moved."""
        if self.question is not None and not self._has_told:
            self._has_told = True
            self.say("flow_changed")

    def ask_to_choose(self, name: str, words: tuple[str, ...]) -> None:
        """Says a saying that asks to choose between ``{options}``, with the choices as buttons."""
        self.choices = words
        self.say(name, buttons=words, options=join_words(words, self.language, to_choose=True))

    def freeze(self) -> SessionState:
        """The state to keep."""
        return SessionState(
            self.session_id,
            self.status,
            self.number,
            self.language,
            tuple([frame.freeze() for frame in self.frames]),
            self.pending,
            self.action,
            tuple(self.done),
            self.undoing,
            self.misses,
            self.risk_counts,
            self.help_shown,
            self.moods,
            tuple(self.timers.values()),
            self.nudges,
        )

    def end(self, status: Status) -> None:
        """Ends the session; nothing is awaited any more. Only a cancelled one reminds of nothing."""
        if status is Status.CANCELLED:
            self.timers.clear()
        self.status = status
        self.pending = None
        self.action = None
        self.requested = None
