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

from fsm_engine.actions import ActionCall, Actions, Rejected, Retryable
from fsm_engine.core.flows import Flows
from fsm_engine.engine.blocking import SyncEngine
from fsm_engine.engine.engine import Engine
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
    StorageError,
    UsageError,
)
from fsm_engine.flow_files.load import check_flows, load_flows
from fsm_engine.model.problem import Position, Problem
from fsm_engine.model.session import Status
from fsm_engine.model.turn import (
    Expectation,
    IntentGuess,
    Message,
    Reply,
    RiskFinding,
    RiskLevel,
    SessionView,
)

__all__ = [
    "ActionCall",
    "Actions",
    "Busy",
    "DatabaseUnavailable",
    "Engine",
    "Expectation",
    "FlowError",
    "Flows",
    "FsmEngineError",
    "HookError",
    "IntegrityViolated",
    "IntentGuess",
    "InvalidArgument",
    "Message",
    "NotFound",
    "OperationFailed",
    "Position",
    "Problem",
    "Rejected",
    "Reply",
    "RequestMismatch",
    "Retryable",
    "RiskFinding",
    "RiskLevel",
    "SessionCorrupted",
    "SessionView",
    "StartUpError",
    "Status",
    "StorageError",
    "SyncEngine",
    "UsageError",
    "check_flows",
    "load_flows",
]
