"""The stages of a turn that a bot may replace by functions of its own, and what they get.

A turn goes through: risk (the engine's, always first) → `session` → `validate` → `classify` → `extract` → `verify` →
the state machine (the engine's) → `before_reply` → commit → `act`. Where one of them fails, `recover` may say what the
user is told. What a function returns is checked, made canonical and kept in the journal with its turn, so that a replay
asks nobody.

A function that raises, is late or returns nonsense never costs a turn: the user gets the bot's apology, the session
stands where it stood, the journal and the message's metadata say which stage failed and how. What the risk stage found
is answered first all the same, and words about risk are never shown to `before_reply`: nothing can take them away.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, TypeVar

from fsm_engine.actions import ActionCall, Actions, RegisteredAction, call_function
from fsm_engine.core.nearest import did_you_mean
from fsm_engine.errors import HookError
from fsm_engine.model.turn import SessionView

log = logging.getLogger("fsm_engine.stages")

TIME_LIMIT_S: Final = 2.0
LONGEST_TIME_LIMIT_S: Final = 60.0

StageFunction = Callable[..., Any]
F = TypeVar("F", bound=StageFunction)


class Stage(StrEnum):
    """The stages that can be replaced."""

    SESSION = "session"
    VALIDATE = "validate"
    CLASSIFY = "classify"
    EXTRACT = "extract"
    VERIFY = "verify"
    BEFORE_REPLY = "before_reply"
    ACT = "act"
    RECOVER = "recover"


EXPECTED: Final[Mapping[Stage, tuple[int, str]]] = {
    Stage.SESSION: (1, "def session(context): ..."),
    Stage.VALIDATE: (2, "def validate(text, context): ..."),
    Stage.CLASSIFY: (2, "def classify(text, context): ..."),
    Stage.EXTRACT: (2, "def extract(text, context): ..."),
    Stage.VERIFY: (2, "def verify(entities, context): ..."),
    Stage.BEFORE_REPLY: (2, "def before_reply(messages, context): ..."),
    Stage.ACT: (2, "def act(call, function): ..."),
    Stage.RECOVER: (2, "def recover(failure, context): ..."),
}
"""How many arguments the function of a stage gets, and how it is written."""


@dataclass(frozen=True, slots=True)
class StageContext:
    """What a stage may know of its turn. ``text`` is the user's message, empty where there is none.

    ``session`` is as it stood before the turn; ``metadata`` is what the bot passed to `Engine.turn`.
    """

    text: str
    language: str
    session: SessionView
    user_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageFailure:
    """Which stage failed and how: ``raised``, ``late`` or ``nonsense``. ``error`` is the class of what it raised."""

    stage: str
    how: str
    error: str | None = None

    def __str__(self) -> str:
        return f"{self.stage}: {self.how}" + (f" ({self.error})" if self.error else "")


class StageFailed(HookError):
    """A stage cannot be relied on for this turn; ends in the user being told so."""

    def __init__(self, failure: StageFailure) -> None:
        super().__init__(str(failure))
        self.failure = failure


@dataclass(frozen=True, slots=True)
class _Registered:
    function: StageFunction
    time_limit_s: float


@dataclass(slots=True)
class Stages:
    """A registry of stages; several engines may share one."""

    by_stage: dict[Stage, _Registered] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Stages | Mapping[str, StageFunction] | None) -> Stages:
        """A registry as it is; a mapping of stage names to functions as a registry.

        Raises:
            HookError: a name is no stage, or a function does not take what its stage gives.
        """
        if isinstance(given, Stages):
            return given
        stages = cls()
        for name, function in (given or {}).items():
            stages.stage(name)(function)
        return stages

    def stage(self, name: str, *, time_limit_s: float = TIME_LIMIT_S) -> Callable[[F], F]:
        """Registers the decorated function, sync or async, in the place of a stage; a later one takes its place.

        ``time_limit_s`` is at most 60; actions have the limit of their flow instead.

        Raises:
            HookError: there is no such stage, or the function does not take what the stage gives.
        """
        if name not in list(Stage):
            raise HookError(f"stage '{name}': there is no such stage.{did_you_mean(name, Stage)}")
        stage = Stage(name)
        if not 0 < time_limit_s <= LONGEST_TIME_LIMIT_S:
            bounds = f"more than 0 and at most {LONGEST_TIME_LIMIT_S:g}"
            raise HookError(f"stage '{stage}': time_limit_s is {time_limit_s}. Give seconds, {bounds}.")

        def register(function: F) -> F:
            must_take(function, f"stage '{stage}'", *EXPECTED[stage])
            self.by_stage[stage] = _Registered(function, time_limit_s)
            return function

        return register

    def has(self, stage: Stage) -> bool:
        return stage in self.by_stage

    @property
    def asks_outside(self) -> bool:
        """Whether any function is asked about a turn before it is committed."""
        return bool(self.by_stage)

    async def ask(self, stage: Stage, *arguments: Any) -> Any:
        """What the registered function returns, as it is.

        Raises:
            StageFailed: it raised, or took too long.
        """
        registered = self.by_stage[stage]
        try:
            async with asyncio.timeout(registered.time_limit_s):
                return await call_function(registered.function, *arguments)
        except TimeoutError as error:
            raise StageFailed(StageFailure(stage, "late")) from error
        except Exception as error:
            raise StageFailed(StageFailure(stage, "raised", type(error).__name__)) from error


def must_take(function: object, what: str, count: int, written: str) -> None:
    """Checks that something is a function of so many arguments.

    Raises:
        HookError: it is not; the message says how it is written.
    """
    if not callable(function):
        raise HookError(f"{what}: {type(function).__name__} is not a function. Write: {written}")
    try:
        signature = inspect.signature(function)
    except ValueError:  # functions written in C do not always tell
        return
    try:
        signature.bind(*[None] * count)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise HookError(f"{what}: {name}{signature} does not fit ({error}). Write: {written}") from error


def routed(actions: Actions, stages: Stages) -> Actions:
    """The same registry, seen through the `act` stage: what it gets is the call and the registered function."""

    def route(registered: RegisteredAction) -> RegisteredAction:
        stage = stages.by_stage.get(Stage.ACT)
        if stage is None:
            return registered

        async def through_the_stage(call: ActionCall) -> Any:
            return await call_function(stage.function, call, registered.function)

        return replace(registered, function=through_the_stage)

    return replace(actions, route=route)
