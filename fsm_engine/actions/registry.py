"""Registering functions under names: what a function promises, what it gets, and what it may raise or return."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal, TypeAlias, TypedDict, TypeVar

from fsm_engine.actions.breaker import Breaker
from fsm_engine.errors import HookError
from fsm_engine.model.codec import type_adapter
from fsm_engine.model.slot import Json, ReadingContext
from fsm_engine.model.turn import SessionView
from fsm_engine.understanding.readers import KINDS

_TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}(?:\.[A-Za-z][A-Za-z0-9_]{0,63})*")

Remember: TypeAlias = timedelta | Literal["default"] | None
LONGEST_REMEMBERED: Final = timedelta(days=36_525)
"""A century: when a result is forgotten must be a date, also for who remembers it for ever."""


class Retryable(HookError):
    """Raised by an action: it did not happen now, but may if it is called again."""

    code = "retryable"


class Rejected(HookError):
    """Raised by an action: it will not happen, however often it is called."""

    code = "rejected"


@dataclass(frozen=True, slots=True)
class Done:
    """Returned by a ``query`` function: the effect of this key happened, and the action would have returned this."""

    result: Json = None


@dataclass(frozen=True, slots=True)
class NotDone:
    """Returned by a ``query`` function: the effect of this key did not happen, and will not happen by itself."""


@dataclass(frozen=True, slots=True)
class ActionCall:
    """What an action gets. ``idempotency_key`` is the same for every try of one request; ``attempt`` counts from 1.

    An undo gets the slots and the ``result`` of the action that it takes back, whose key is ``undoes``.
    """

    slots: Mapping[str, Json]
    idempotency_key: str
    session: SessionView
    attempt: int = 1
    undoes: str | None = None
    result: Json = None


ActionFunction = Callable[[ActionCall], Any]
TypeReader = Callable[[str, ReadingContext], Any]
"""Reads a text: gives a JSON value, a `Fits`, `SeveralFit` or `DoesNotFit`, or None where nothing fits."""
R = TypeVar("R", bound=TypeReader)
F = TypeVar("F", bound=ActionFunction)


@dataclass(frozen=True, slots=True)
class RegisteredAction:
    name: str
    function: ActionFunction
    undo: str | None
    is_idempotent: bool
    query: str | None = None
    returns: Any = None
    remember: Remember = "default"
    breaker: Breaker | None = field(default_factory=Breaker)


_BREAKER = Breaker()


class ActionOptions(TypedDict, total=False):
    """What `Actions.action` takes besides the name."""

    undo: str | None
    idempotent: bool
    query: str | None
    returns: Any
    remember: Remember
    breaker: Breaker | None


@dataclass(slots=True)
class Actions:
    """A registry of actions; several engines may share one. ``route`` changes what `get` gives."""

    by_name: dict[str, RegisteredAction] = field(default_factory=dict)
    types: dict[str, TypeReader] = field(default_factory=dict)
    route: Callable[[RegisteredAction], RegisteredAction] | None = None

    def action(
        self,
        name: str,
        *,
        undo: str | None = None,
        idempotent: bool = False,
        query: str | None = None,
        returns: Any = None,
        remember: Remember = "default",
        breaker: Breaker | None = _BREAKER,
    ) -> Callable[[F], F]:
        """Registers the decorated function, sync or async, under a name that flows use in `do:` and `call:`.

        ``idempotent`` promises that calls with the same ``idempotency_key`` have one effect: only then is a call whose
        end is unknown made again. ``query`` names a registered function that is asked first: it gets the same call and
        returns `Done`, `NotDone` or, when it does not know, None. ``undo`` names the action that takes the effect back.
        ``returns`` is a type that results must fit, such as ``dict[str, int]`` or a pydantic model. ``remember`` is how
        long a second identical request (user, action and slots) gets the first result without a call, None for not at
        all; the engine's default is a day. ``breaker`` None: the action is called however often it failed.

        Raises:
            HookError: the function cannot be called with one argument, ``returns`` is no type, or ``remember`` no time.
        """
        if returns is not None:
            _must_be_a_type(name, returns)
        if remember != "default" and not may_be_remembered(remember):
            raise HookError(f"action '{name}': remember is {remember!r}. {REMEMBER_ADVICE}")

        def register(function: F) -> F:
            must_take_one_argument(f"action '{name}'", "the ActionCall", function)
            self.by_name[name] = RegisteredAction(name, function, undo, idempotent, query, returns, remember, breaker)
            return function

        return register

    def type(self, name: str) -> Callable[[R], R]:
        """Registers the decorated function, sync or async, as the reader of a type: ``type: NAME`` in a flow.

        It is asked once per answer and must be done within `types.TYPE_TIME_LIMIT_S`; an answer that it fails on, or is
        late for, does not fit and is asked for again. What it returns is kept with the turn: a replay does not ask it.

        Raises:
            HookError: the function cannot be called with a text and a context, or the name is no name or is taken.
        """

        def register(function: R) -> R:
            _must_take(f"type '{name}'", "a text and a context", function, (None, None), "def read(text, context): …")
            if _TYPE_NAME.fullmatch(name) is None or name in KINDS:
                raise HookError(
                    f"type '{name}': is a type that ships, or is no name. Take a word of letters, digits and _ that is"
                    " not in the list of types."
                )
            self.types[name] = function
            return function

        return register

    def get(self, name: str) -> RegisteredAction | None:
        registered = self.by_name.get(name)
        return registered if registered is None or self.route is None else self.route(registered)

    def hint(self, name: str) -> str:
        """`` Did you mean 'x'?`` for an unknown name, where one is near."""
        near = difflib.get_close_matches(name, self.by_name, n=1)
        return f" Did you mean '{near[0]}'?" if near else ""


REMEMBER_ADVICE: Final = "Give a timedelta above 0 and of at most 36,525 days, or None to remember nothing."


def may_be_remembered(remember: object) -> bool:
    """Whether results can be kept for so long."""
    if isinstance(remember, timedelta):
        return timedelta() < remember <= LONGEST_REMEMBERED
    return remember is None


def must_take_one_argument(what: str, argument: str, function: Callable[..., Any]) -> None:
    """Raises `HookError` for what cannot be called so."""
    _must_take(what, f"one argument, {argument}", function, (None,), "def f(call): …")


def _must_take(what: str, needs: str, function: Callable[..., Any], given: tuple[None, ...], example: str) -> None:
    if not callable(function):
        raise HookError(f"{what}: {type(function).__name__} is not a function. Decorate a function.")
    try:
        inspect.signature(function).bind(*given)
    except TypeError as error:
        raise HookError(f"{what}: the function must take {needs} ({error}). Write: {example}") from error


def _must_be_a_type(name: str, returns: Any) -> None:
    try:
        type_adapter(returns)
    except Exception as error:
        why = str(error).partition("\n")[0]
        raise HookError(
            f"action '{name}': returns={returns!r} is no type to hold results against ({why})."
            " Write a type, such as returns=dict[str, str], or leave it out."
        ) from error
