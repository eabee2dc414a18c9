"""A dialogue engine that bots embed and can trust: YAML flows, checkpointed after every turn.

>>> import asyncio
>>> from fsm_engine import Engine
>>> async def main():
...     async with Engine.open("sqlite:///:memory:", flows="flows") as engine:
...         reply = await engine.turn("telegram:42", "I want to open an account", request_id="tg-991")
...         return reply.session.step
>>> asyncio.run(main())
'name'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsm_engine.actions import ActionCall, Actions, Breaker, Done, NotDone, Rejected, Retryable
    from fsm_engine.core.flows import Flows
    from fsm_engine.engine.blocking import SyncEngine
    from fsm_engine.engine.engine import Engine
    from fsm_engine.engine.stages import Stage, StageContext, StageFailure, Stages
    from fsm_engine.errors import (
        Busy,
        DatabaseUnavailable,
        FlowError,
        FsmEngineError,
        HookError,
        IntegrityViolated,
        InvalidArgument,
        NotFound,
        OperationFailed,
        RequestMismatch,
        SessionCorrupted,
        StartUpError,
        StartUpWarning,
        StorageError,
        UsageError,
        WouldLose,
    )
    from fsm_engine.flow_files.load import check_flows, load_flows
    from fsm_engine.model.delivery import Delivery
    from fsm_engine.model.problem import Position, Problem
    from fsm_engine.model.session import Status
    from fsm_engine.model.slot import DoesNotFit, Fits, ReadingContext, SeveralFit
    from fsm_engine.model.turn import (
        Expectation,
        IntentGuess,
        Message,
        Notice,
        Reply,
        RiskFinding,
        RiskLevel,
        SessionView,
    )
    from fsm_engine.storage.backup import backup, restore
    from fsm_engine.storage.erasing import Erased
    from fsm_engine.storage.migrating import migrate
    from fsm_engine.storage.settings import Settings

__all__ = [
    "ActionCall",
    "Actions",
    "Breaker",
    "Busy",
    "DatabaseUnavailable",
    "Delivery",
    "DoesNotFit",
    "Done",
    "Engine",
    "Erased",
    "Expectation",
    "Fits",
    "FlowError",
    "Flows",
    "FsmEngineError",
    "HookError",
    "IntegrityViolated",
    "IntentGuess",
    "InvalidArgument",
    "Message",
    "NotDone",
    "NotFound",
    "Notice",
    "OperationFailed",
    "Position",
    "Problem",
    "ReadingContext",
    "Rejected",
    "Reply",
    "RequestMismatch",
    "Retryable",
    "RiskFinding",
    "RiskLevel",
    "SessionCorrupted",
    "SessionView",
    "Settings",
    "SeveralFit",
    "Stage",
    "StageContext",
    "StageFailure",
    "Stages",
    "StartUpError",
    "StartUpWarning",
    "Status",
    "StorageError",
    "SyncEngine",
    "UsageError",
    "WouldLose",
    "backup",
    "check_flows",
    "load_flows",
    "migrate",
    "restore",
]

_HOMES = {
    "fsm_engine.actions": "ActionCall Actions Breaker Done NotDone Rejected Retryable",
    "fsm_engine.core.flows": "Flows",
    "fsm_engine.engine.blocking": "SyncEngine",
    "fsm_engine.engine.engine": "Engine",
    "fsm_engine.engine.stages": "Stage StageContext StageFailure Stages",
    "fsm_engine.errors": (
        "Busy DatabaseUnavailable FlowError FsmEngineError HookError IntegrityViolated InvalidArgument NotFound "
        "OperationFailed RequestMismatch SessionCorrupted StartUpError StartUpWarning StorageError "
        "UsageError WouldLose"
    ),
    "fsm_engine.flow_files.load": "check_flows load_flows",
    "fsm_engine.storage.erasing": "Erased",
    "fsm_engine.model.delivery": "Delivery",
    "fsm_engine.model.problem": "Position Problem",
    "fsm_engine.model.session": "Status",
    "fsm_engine.model.slot": "DoesNotFit Fits ReadingContext SeveralFit",
    "fsm_engine.model.turn": "Expectation IntentGuess Message Notice Reply RiskFinding RiskLevel SessionView",
    "fsm_engine.storage.backup": "backup restore",
    "fsm_engine.storage.migrating": "migrate",
    "fsm_engine.storage.settings": "Settings",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first used: commands and test plugins that need one module load one module."""
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'fsm_engine' has no attribute '{name}'")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
