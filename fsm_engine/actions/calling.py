"""Calling one registered function once: whatever it does, what comes back is an `ActionResult`."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from fsm_engine.actions.registry import ActionCall, Actions, RegisteredAction, Rejected, Retryable
from fsm_engine.errors import HookError
from fsm_engine.model.codec import NESTED_AT_MOST, is_too_deep, type_adapter
from fsm_engine.model.slot import Json
from fsm_engine.model.turn import ActionResult

log = logging.getLogger("fsm_engine.actions")

MAX_RESULT_BYTES = 64 * 1024


async def call_once(actions: Actions, name: str, call: ActionCall, time_limit_s: float) -> ActionResult:
    """How one call ended. Never raises; no log line holds what the function said or the user typed."""
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
    return checked_result(registered, value)


async def call_function(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a registered function; a plain one runs in a thread, so that it cannot hold up other conversations.

    A function that ends itself in a way that would end the program or its caller has failed like any other.
    """
    try:
        return await _call_in_its_place(function, *arguments)
    except (Exception, KeyboardInterrupt, GeneratorExit):  # the last: this very coroutine is thrown away
        raise
    except BaseException as error:
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


def checked_result(registered: RegisteredAction, value: Any) -> ActionResult:
    """The result as JSON, which fits what the action declares."""
    if registered.returns is None:
        return plain_result(registered.name, value)
    try:
        fitted = _fitted(registered.returns, value)
    except ValueError:
        log.error("action '%s' returned a %s that does not fit what it declares", registered.name, type(value).__name__)
        return ActionResult(ok=False, error="wrong-shape")
    return plain_result(registered.name, fitted)


def plain_result(name: str, value: Any) -> ActionResult:
    """A result as JSON, so that what the flow sees now is what a replay sees."""
    try:
        data = orjson.dumps(value)
    except (TypeError, ValueError):
        log.error("action '%s' returned a %s, which is not JSON", name, type(value).__name__)
        return ActionResult(ok=False, error="not-json")
    if len(data) > MAX_RESULT_BYTES:
        log.error("action '%s' returned %d bytes; %d are allowed", name, len(data), MAX_RESULT_BYTES)
        return ActionResult(ok=False, error="too-large")
    if is_too_deep(data):
        log.error("action '%s' returned lists in lists, more than %d deep", name, NESTED_AT_MOST)
        return ActionResult(ok=False, error="too-deep")
    return ActionResult(ok=True, value=_without_nul(orjson.loads(data)))


def _fitted(kind: Any, value: Any) -> Any:
    adapter = type_adapter(kind)
    return adapter.dump_python(adapter.validate_python(value), mode="json")


def _without_nul(value: Json) -> Json:
    """No store keeps NUL, and what has happened in the world must not be lost over it."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {key.replace("\0", ""): _without_nul(item) for key, item in value.items()}
    return value
