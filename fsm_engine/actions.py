"""Registered Python functions that flows may call: what they get, how they are called, what their failures become."""

from __future__ import annotations

import asyncio
import difflib
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from fsm_engine.errors import HookError
from fsm_engine.failpoints import failpoint
from fsm_engine.model.codec import plain_copy
from fsm_engine.model.slot import Json
from fsm_engine.model.turn import ActionRequest, ActionResult, CallRequest, SessionView

log = logging.getLogger("fsm_engine.actions")

MAX_RESULT_BYTES = 64 * 1024
CHECK_TIME_LIMIT_S = 5.0
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

    def get(self, name: str) -> RegisteredAction | None:
        return self.by_name.get(name)

    def hint(self, name: str) -> str:
        """`` Did you mean 'x'?`` for an unknown name, where one is near."""
        near = difflib.get_close_matches(name, self.by_name, n=1)
        return f" Did you mean '{near[0]}'?" if near else ""


def must_take_one_argument(what: str, argument: str, function: Callable[..., Any]) -> None:
    """Raises `HookError` for what cannot be called so."""
    if not callable(function):
        raise HookError(f"{what}: {type(function).__name__} is not a function. Decorate a function.")
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        raise HookError(
            f"{what}: the function must take one argument, {argument} ({error}). Write: def f(call): …"
        ) from error


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
