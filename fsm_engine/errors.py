"""Every exception of the engine, sorted by whose fault it is.

* ``FlowError``: the author of a flow file has something to mend.
* ``HookError``: the integrator's Python function (hook, action, type) is at fault.
* ``StorageError``: the operator of the database has something to do.
* ``UsageError``: the calling program passed something that cannot work.

Messages read ``<where>: <what is wrong, with the values>. <How to fix it>.`` and never hold what a user typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fsm_engine.model.problem import Problem


class FsmEngineError(Exception):
    """Base of everything that the engine raises on purpose; ``code`` is stable, the wording is not."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class FlowError(FsmEngineError):
    """Flow files that cannot run; ``problems`` lists every one of them, sorted by file and line."""

    code = "flow-problems"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class HookError(FsmEngineError):
    """A registered Python function that has the wrong shape, failed or returned nonsense."""

    code = "hook"


class StorageError(FsmEngineError):
    """The database cannot do what it must."""

    code = "storage"


class StartUpError(StorageError):
    """The database cannot be opened as asked: place, rights, lock or schema version."""

    code = "start-up"


class StartUpWarning(UserWarning):
    """The database was opened, and something about its place can cost data later; the text says what to do."""


class DatabaseUnavailable(StorageError):
    """The connection is lost, closed or locked for too long; the same call may work later."""

    code = "unavailable"


class OperationFailed(StorageError):
    """The database refused an operation: disk full, read-only, input/output error."""

    code = "operation"


class IntegrityViolated(StorageError):
    """A constraint of the schema refused a row; repeating the call cannot help."""

    code = "integrity"


class VersionConflict(StorageError):
    """Another turn of the same conversation was committed first; the turn must be computed anew."""

    code = "version-conflict"


class DuplicateRequest(StorageError):
    """The request id was committed by an earlier delivery; its reply is stored."""

    code = "duplicate-request"


class SessionCorrupted(StorageError):
    """The stored state of one session is damaged; other sessions are not affected."""

    code = "session-corrupted"


class Busy(StorageError):
    """The queue of turns is full; nothing of this turn was stored, so it can be sent again."""

    code = "busy"


class UsageError(FsmEngineError):
    """The call itself cannot work as it was made."""

    code = "usage"


class InvalidArgument(UsageError):
    """A value passed by the caller is outside what is allowed."""

    code = "invalid-argument"


class WouldLose(UsageError):
    """The older schema cannot hold all that is stored; ``losses`` lists what would go. Say that it may go."""

    code = "would-lose"

    def __init__(self, message: str, losses: Sequence[object]) -> None:
        super().__init__(message)
        self.losses = tuple(losses)

    def __str__(self) -> str:
        return f"{self.args[0]} Lost would be: {'; '.join(map(str, self.losses))}. Say that they may be, or stay."


class NotFound(UsageError):
    """No such conversation, session, flow or request, or it belongs to another user."""

    code = "not-found"


class RequestMismatch(UsageError):
    """The request id was used before with other content."""

    code = "request-mismatch"


def forked(place: str) -> DatabaseUnavailable:
    """What is raised in a process that was forked off after the database had been opened."""
    return DatabaseUnavailable(
        f"{place}: was opened by the process that this one was forked off from. Open it again after the fork.",
        code="forked",
    )


def no_conversation(conversation_id: str) -> NotFound:
    """What is raised for a conversation that does not exist and for one of another user: nobody can tell which."""
    return NotFound(f"there is no conversation '{conversation_id}'. Check the id, and whose it is.")
