"""Registered Python functions that flows may call: what they get, how they are called, what their failures become."""

from __future__ import annotations

import asyncio
import difflib
import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import orjson

from fsm_engine.errors import HookError
from fsm_engine.failpoints import failpoint
from fsm_engine.model.codec import plain_copy
from fsm_engine.model.slot import DoesNotFit, Fits, Json, ReadingContext, SeveralFit
from fsm_engine.model.turn import TYPE_CALL, ActionRequest, ActionResult, CallRequest, SessionView
from fsm_engine.understanding.readers import KINDS

log = logging.getLogger("fsm_engine.actions")

_TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}(?:\.[A-Za-z][A-Za-z0-9_]{0,63})*")

MAX_RESULT_BYTES = 64 * 1024
CHECK_TIME_LIMIT_S = 5.0
TYPE_TIME_LIMIT_S = 1.0
LONGEST_REASON = 40
FIRST_RETRY_AFTER_S = 0.2


class Retryable(HookError):
    """Raised by an action: it did not happen now, but may if it is called again."""

    code = "retryable"


class Rejected(HookError):
    """Raised by an action: it will not happen, however often it is called."""

    code = "rejected"


@dataclass(frozen=True, slots=True)
class ActionCall:
    """What an action gets. ``idempotency_key`` is the same for every try of one request; ``attempt`` counts from 1."""

    slots: Mapping[str, Json]
    idempotency_key: str
    session: SessionView
    attempt: int = 1


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


@dataclass(slots=True)
class Actions:
    """A registry of actions; several engines may share one."""

    by_name: dict[str, RegisteredAction] = field(default_factory=dict)
    types: dict[str, TypeReader] = field(default_factory=dict)

    def action(self, name: str, *, undo: str | None = None, idempotent: bool = False) -> Callable[[F], F]:
        """Registers the decorated function, sync or async, under a name that flows use in `do:` and `call:`.

        ``idempotent`` promises that calls with the same ``idempotency_key`` have one effect: only then is a call whose
        end is unknown made again. Raises:
            HookError: the function cannot be called with one argument.
        """

        def register(function: F) -> F:
            must_take_one_argument(f"action '{name}'", "the ActionCall", function)
            self.by_name[name] = RegisteredAction(name, function, undo, idempotent)
            return function

        return register

    def type(self, name: str) -> Callable[[R], R]:
        """Registers the decorated function, sync or async, as the reader of a type: ``type: NAME`` in a flow.

        It is asked once per answer and must be done within `TYPE_TIME_LIMIT_S`; an answer that it fails on, or is late
        for, does not fit and is asked for again. What it returns is kept with the turn, so a replay does not ask it.

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
        return self.by_name.get(name)

    def hint(self, name: str) -> str:
        """`` Did you mean 'x'?`` for an unknown name, where one is near."""
        near = difflib.get_close_matches(name, self.by_name, n=1)
        return f" Did you mean '{near[0]}'?" if near else ""


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


async def ask_outside(actions: Actions, request: CallRequest, session: SessionView) -> ActionResult:
    """What a registered function says about an answer, or what a registered type reads in it. Never raises."""
    if request.action.startswith(TYPE_CALL):
        return await _ask_type(actions, request)
    return await ask_check(actions, request, session)


async def ask_check(actions: Actions, request: CallRequest, session: SessionView) -> ActionResult:
    """Asks a registered function about an answer; a failing, late or unknown one gives ``ok=False``. Never raises."""
    call = ActionCall(_own_slots(request.slots), request.key, session)
    failpoint("check.before-call")
    result = await _call(actions, request.action, call, CHECK_TIME_LIMIT_S)
    failpoint("check.after-call")
    return result


def _own_slots(slots: Mapping[str, Json]) -> dict[str, Json]:
    """What a function may change as it likes: nothing of it comes back."""
    return {name: plain_copy(value) for name, value in slots.items()}


async def run_action(actions: Actions, request: ActionRequest, session: SessionView) -> ActionResult:
    """Runs an action, again after `Retryable` and time-outs of idempotent ones as the flow allows. Never raises."""
    registered = actions.get(request.action)
    result = ActionResult(ok=False, error="unregistered")
    for attempt in range(1, request.retry + 2):
        call = ActionCall(_own_slots(request.slots), request.key, session, attempt)
        failpoint("action.before-call")
        result = await _call(actions, request.action, call, request.time_limit_s)
        failpoint("action.after-call")
        if result.ok or not _may_repeat(registered, result):
            return result
        if attempt <= request.retry:
            await asyncio.sleep(FIRST_RETRY_AFTER_S * 2 ** (attempt - 1))
    return result


def _may_repeat(registered: RegisteredAction | None, result: ActionResult) -> bool:
    """`Retryable` says that nothing happened; after anything else only an idempotent action is called again."""
    if registered is None or result.error == "rejected":
        return False
    return result.error == "retryable" or registered.is_idempotent


async def _call(actions: Actions, name: str, call: ActionCall, time_limit_s: float) -> ActionResult:
    registered = actions.get(name)
    if registered is None:
        log.error("action '%s' is not registered.%s Register it with @engine.action.", name, actions.hint(name))
        return ActionResult(ok=False, error="unregistered")
    try:
        async with asyncio.timeout(time_limit_s):
            value = await call_function(registered.function, call)
    except TimeoutError:
        log.warning("action '%s' took longer than %s s", name, time_limit_s)
        return ActionResult(ok=False, error="timeout")
    except (Retryable, Rejected) as error:
        return ActionResult(ok=False, error=error.code)
    except Exception as error:  # noqa: BLE001 - whatever a registered function raises must not reach the user
        log.error("action '%s' raised %s", name, type(error).__name__)
        return ActionResult(ok=False, error="exception")
    return _checked(name, value)


async def call_function(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a registered function; a plain one runs in a thread, so that it cannot hold up other conversations.

    A function that ends itself in a way that would end the program or its caller has failed like any other.
    """
    try:
        return await _call_in_its_place(function, *arguments)
    except (asyncio.CancelledError, SystemExit) as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        raise HookError(f"a registered function raised {type(error).__name__}. Return, or raise an error.") from error


async def _call_in_its_place(function: Callable[..., Any], *arguments: Any) -> Any:
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004
        return await function(*arguments)
    value = await asyncio.to_thread(_call_in_a_thread, function, *arguments)
    return await value if isinstance(value, Awaitable) else value


def _call_in_a_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except StopIteration as error:  # no future can carry it: the caller would wait for ever
        raise HookError("a registered function raised StopIteration. Return, or raise an error.") from error


async def _ask_type(actions: Actions, request: CallRequest) -> ActionResult:
    """What the type's reader makes of the text, as `reading_of_result` takes it; ``ok=False`` where it fails."""
    name = request.action.removeprefix(TYPE_CALL)
    reader = actions.types.get(name)
    if reader is None:
        log.error("type '%s' is not registered. Register it with @registry.type.", name)
        return ActionResult(ok=False, error="unregistered")
    try:
        async with asyncio.timeout(TYPE_TIME_LIMIT_S):
            answer = await call_function(reader, str(request.slots["text"]), _context_of(request))
    except TimeoutError:
        log.warning("type '%s' took longer than %s s", name, TYPE_TIME_LIMIT_S)
        return ActionResult(ok=False, error="timeout")
    except Exception as error:  # noqa: BLE001 - whatever a registered function raises must not reach the user
        log.error("type '%s' raised %s", name, type(error).__name__)
        return ActionResult(ok=False, error="exception")
    return _checked(name, _as_plain(answer))


def _context_of(request: CallRequest) -> ReadingContext:
    slots = request.slots
    region = slots["region"]
    return ReadingContext(
        language=str(slots["language"]),
        region=None if region is None else str(region),
        timezone=str(slots["timezone"]),
        now=datetime.fromisoformat(str(slots["now"])),
    )


def _as_plain(answer: Any) -> Any:
    if answer is None:
        return {"reason": ""}
    if isinstance(answer, DoesNotFit):
        return {"reason": str(answer.reason)[:LONGEST_REASON]}
    if isinstance(answer, SeveralFit):
        return {"candidates": list(answer.candidates)}
    if isinstance(answer, Fits):
        return {"value": answer.value, "certain": answer.certain is True}
    return {"value": answer, "certain": True}


def _checked(name: str, value: Any) -> ActionResult:
    """The result as JSON, so that what the flow sees now is what a replay sees."""
    try:
        data = orjson.dumps(value)
    except (TypeError, ValueError):
        log.error("action '%s' returned a %s, which is not JSON", name, type(value).__name__)
        return ActionResult(ok=False, error="not-json")
    if len(data) > MAX_RESULT_BYTES:
        log.error("action '%s' returned %d bytes; %d are allowed", name, len(data), MAX_RESULT_BYTES)
        return ActionResult(ok=False, error="too-large")
    return ActionResult(ok=True, value=_without_nul(orjson.loads(data)))


def _without_nul(value: Json) -> Json:
    """No store keeps NUL, and what has happened in the world must not be lost over it."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {key.replace("\0", ""): _without_nul(item) for key, item in value.items()}
    return value
