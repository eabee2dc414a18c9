"""The dialogue state of one session: all that the next turn depends on, and nothing else.

It is stored as JSON after every turn; ``decode_state(encode_state(s)) == s``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from fsm_engine.model.slot import Json
from fsm_engine.model.values import turn_value

Mood = Literal["distress", "harmless", ""]
"""What a user's message tells about words of later ones that mean little alone: "I want to end it" after "my life is
over" is a risk, after "how do I close the chat" it is none. Kept instead of the words, so that no state repeats them.
"""

MOODS_KEPT: Final = 3
"""User messages whose mood is remembered, the latest ones."""


class Status(StrEnum):
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    HANDED_OFF = "handed_off"
    EXPIRED = "expired"


@turn_value
class Frame:
    """One flow on the session's stack, and where it waits.

    ``step`` is the name of a place where the flow waits. ``trail`` lists the questions answered so far, oldest first,
    for going back. ``visits`` counts how often each step was reached (bounds of ``goto``, choice of variations).
    ``attempts`` counts the answers to the open question that did not fit. ``rounds`` holds, for each repeat that is
    under way, how many items it has. ``returning_to`` is set after a correction: until that step is reached again,
    steps that were taken before are passed in silence.
    """

    flow: str
    version: int
    source_hash: str
    step: str
    slots: Mapping[str, Json] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()
    visits: Mapping[str, int] = field(default_factory=dict)
    attempts: int = 0
    rounds: Mapping[str, int] = field(default_factory=dict)
    returning_to: str | None = None
    is_digression: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """A question of the engine's own that stands before the flow's: which of several, really cancel, are you safe."""

    kind: str
    candidates: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class RunningAction:
    """An action that was asked for and has not answered: the same key is used for every try.

    An undo has no ``step``. ``turn`` is the number of the turn that asked for it.
    """

    step: str
    action: str
    key: str
    turn: int = 0


@dataclass(frozen=True, slots=True)
class DoneAction:
    """An action that succeeded and that ``undo`` can take back. ``frame`` is its flow's place on the stack, from 0.

    ``sent`` names the slots that it was called with (what stood in them is kept with its transaction), ``saves`` the
    one that holds its result.
    """

    key: str
    flow: str
    step: str
    undo: str
    frame: int
    sent: tuple[str, ...] = ()
    saves: str | None = None


class AfterUndo(StrEnum):
    """What a session does once everything is taken back that was to be.

    ``ask_again``: back to the question before an interruption; ``walk``: through the flow from where it stands;
    ``open``: the question where it stands.
    """

    NOTHING = "nothing"
    RESTART = "restart"
    ASK_AGAIN = "ask_again"
    OPEN = "open"
    WALK = "walk"


@dataclass(frozen=True, slots=True)
class Undoing:
    """What is being taken back, the latest action first, one at a time: the first of ``left`` is under way."""

    left: tuple[DoneAction, ...]
    then: AfterUndo


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to be said at a time, ``due`` (UTC, as times are stored), unless an answer changes it before."""

    name: str
    flow: str
    step: str
    due: str
    text: str
    options: tuple[str, ...] = ()
    media: tuple[str, ...] = ()


@turn_value
class SessionState:
    """``frames`` is the stack, the innermost last; empty when no flow has been chosen yet.

    ``risk_counts``: how often each level was found. ``help_shown``: the last turn that showed helplines, by level.
    ``moods``: of the last user messages, oldest first.
    ``timers`` are those that have not fired. ``nudges`` counts how often the open question was brought to mind.
    """

    session_id: str
    status: Status = Status.ACTIVE
    turn: int = 0
    language: str = "en"
    frames: tuple[Frame, ...] = ()
    pending: Pending | None = None
    action: RunningAction | None = None
    done: tuple[DoneAction, ...] = ()
    undoing: Undoing | None = None
    misses: int = 0
    risk_counts: Mapping[str, int] = field(default_factory=dict)
    help_shown: Mapping[str, int] = field(default_factory=dict)
    moods: tuple[Mood, ...] = ()
    timers: tuple[Timer, ...] = ()
    nudges: int = 0
