"""Registered Python functions that flows may call: what they get, how they are called, what their failures become."""

from __future__ import annotations

from fsm_engine.actions.breaker import Breaker
from fsm_engine.actions.calling import MAX_RESULT_BYTES, call_function
from fsm_engine.actions.registry import (
    ActionCall,
    ActionFunction,
    ActionOptions,
    Actions,
    Done,
    NotDone,
    RegisteredAction,
    Rejected,
    Retryable,
    TypeReader,
    must_take_one_argument,
)
from fsm_engine.actions.running import ActionRunner, ask_check
from fsm_engine.actions.types import ask_outside

__all__ = [
    "MAX_RESULT_BYTES",
    "ActionCall",
    "ActionFunction",
    "ActionOptions",
    "ActionRunner",
    "Actions",
    "Breaker",
    "Done",
    "NotDone",
    "RegisteredAction",
    "Rejected",
    "Retryable",
    "TypeReader",
    "ask_check",
    "ask_outside",
    "call_function",
    "must_take_one_argument",
]
