"""One turn: what comes in, what `advance` gives back, and the reply that the bot gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from fsm_engine.model.flow import Level
from fsm_engine.model.session import Frame, Mood, SessionState, Status, Timer
from fsm_engine.model.slot import Json
from fsm_engine.model.values import turn_value


class TurnKind(StrEnum):
    TEXT = "text"
    START = "start"
    ACTION_RESULT = "action_result"
    TIMER = "timer"
    NUDGE = "nudge"
    CANCEL = "cancel"


class RiskLevel(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class IntentGuess:
    """What a user may want. ``name`` is a flow's intent or ``digression:N``; confidence is 0..1."""

    name: str
    confidence: float
    method: Literal["rule_based", "ml", "hybrid"] = "rule_based"


@dataclass(frozen=True, slots=True)
class RiskFinding:
    """What one detector found in one message. ``phrase`` is empty when the detector could not say.

    ``start`` and ``end`` are where the words stand in the message as stored, in characters, the end not included; both
    None when the detector could not say. ``phrase`` is those words, cut where they are very many. ``read_as`` are the
    plain words that were seen in them, empty where these are no others.
    """

    level: Level
    category: str
    phrase: str
    detector: str
    detector_version: str = "1"
    start: int | None = None
    end: int | None = None
    read_as: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody is to be told of a risk: who, by the name in the risk policy, and of what, but not what was said."""

    target: str
    level: Level
    category: str


@dataclass(frozen=True, slots=True)
class ActionResult:
    """How an action or an answer's check ended. ``error`` is a code for logs, never shown to users.

    ``in_doubt``: it may have had its effect all the same. ``undo`` is what takes it back, where the step names nothing.
    ``is_repeated``: the first result of the same request, and nothing was done.
    """

    ok: bool
    value: Json = None
    error: str | None = None
    in_doubt: bool = False
    undo: str | None = None
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One thing the bot says, with buttons and media to go along."""

    text: str
    options: tuple[str, ...] = ()
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageNotes:
    """What a bot's own stages made of a turn. ``failed`` says which ones failed and how: then the session stands still.

    ``instead`` is said instead of reading the message; None after a failure: the bot's apology is. ``messages`` are
    said in the place of what the flow said.
    """

    failed: tuple[str, ...] = ()
    instead: str | None = None
    messages: tuple[Message, ...] | None = None


@turn_value
class Turn:
    """All that one turn depends on besides the state. The journal keeps it, so a replay needs nothing else.

    ``text`` is canonical (see ``understanding.text``). ``is_too_long``: it was cut at the limit and must be refused.
    ``call_results`` holds the results of calls that `advance` asked for earlier in this same turn, by call key.
    ``stages``: what a bot's own stages made of it, None without any.
    ``carried_over``: where an expired session stood; this turn opens the session that offers to go on there, and takes
    over what it was to remind of (``carried_timers``). ``timer`` names the one that is due.
    ``mood``: what the message tells about those after it (see `Mood`). ``moods_before``: of the last messages of the
    session that ended before this one began.
    ``moves_to``: the sources that the session's frames move to, bottom up, where the message comes to be read against
    the flow's question; empty for those that stay, and none at all where nothing moves.
    """

    kind: TurnKind
    now: datetime
    text: str = ""
    is_too_long: bool = False
    language: str | None = None
    timezone: str = "UTC"
    region: str | None = None
    intents: tuple[IntentGuess, ...] = ()
    entities: Mapping[str, Json] = field(default_factory=dict)
    risk: tuple[RiskFinding, ...] = ()
    flow: str | None = None
    slots: Mapping[str, Json] = field(default_factory=dict)
    result: ActionResult | None = None
    call_results: Mapping[str, ActionResult] = field(default_factory=dict)
    carried_over: tuple[Frame, ...] = ()
    mood: Mood = ""
    moods_before: tuple[Mood, ...] = ()
    stages: StageNotes | None = None
    carried_timers: tuple[Timer, ...] = ()
    timer: str | None = None
    moves_to: tuple[str, ...] = ()


@turn_value
class Answer:
    """A slot that this turn stored, changed, or (``value`` None and ``is_removed``) took back.

    ``step`` tells items of a repeat apart: ``people[2].person``. ``was`` is the step under which it was kept before its
    flow gave it another name.
    """

    flow: str
    step: str
    slot: str
    value: Json
    raw: str
    attempts: int
    is_removed: bool = False
    is_private: bool = False
    was: str | None = None


TYPE_CALL = "type:"
"""Begins what a `CallRequest` asks for where it is the reader of a registered type; no action has such a name."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """`advance` cannot go on before this registered function has answered. ``key`` names it within the turn."""

    key: str
    action: str
    slots: Mapping[str, Json]


@turn_value
class ActionRequest:
    """An action to run once the turn is committed; its result is a turn of its own.

    ``undoes`` is the key of the action that this one takes back. ``private`` are the slots that people read masked.
    ``waiting_s`` is how long a caller waits for it, None: as long as the engine says.
    """

    key: str
    flow: str
    step: str
    action: str
    slots: Mapping[str, Json]
    undo: str | None
    retry: int
    time_limit_s: float
    undoes: str | None = None
    private: tuple[str, ...] = ()
    waiting_s: float | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What kind of answer is awaited. ``slot`` is None when the engine itself asks (really cancel? which one?)."""

    kind: str
    slot: str | None = None
    options: tuple[str, ...] = ()
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class TimerChange:
    """What a turn does to a timer: ``pending`` (set, or moved), ``fired`` or ``cancelled``."""

    timer: Timer
    status: Literal["pending", "fired", "cancelled"]


@turn_value
class Outcome:
    """What a turn leads to, as data. With ``needs`` set nothing else counts: ask, and advance again with the result."""

    state: SessionState
    messages: tuple[Message, ...] = ()
    answers: tuple[Answer, ...] = ()
    findings: tuple[RiskFinding, ...] = ()
    resources_shown: bool = False
    notify: tuple[Notice, ...] = ()
    intent: IntentGuess | None = None
    needs: CallRequest | None = None
    action: ActionRequest | None = None
    timers: tuple[TimerChange, ...] = ()
    expects: Expectation | None = None


@dataclass(frozen=True, slots=True)
class SessionView:
    """What a bot may know about a session. ``step`` and ``flow`` are those of the innermost frame."""

    id: str
    conversation_id: str
    flow: str | None
    step: str | None
    slots: Mapping[str, Json]
    status: Status
    turn: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What `Engine.turn` returns. ``risk`` is the highest level found in the user's message, None when nothing was."""

    messages: tuple[Message, ...]
    session: SessionView
    risk: RiskLevel | None = None
    duplicate: bool = False
    expects: Expectation | None = None

    @property
    def text(self) -> str:
        """All messages as one text, a line each."""
        return "\n".join(message.text for message in self.messages)
