"""Named places on the path of a turn where a test lets the process die or an error appear.

Nothing happens at them unless one is armed: by the environment, ``FSM_ENGINE_FAILPOINT="turn.before-commit:2:kill"``
(name, at which hit counted from 1, how), or by `armed`. ``python -m fsm_engine.failpoints`` lists them. A failpoint
that is not armed costs 20 to 50 ns.

What is armed holds for the whole process, as its death does: that is why this module alone keeps state of its own.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from fsm_engine.errors import FsmEngineError, InvalidArgument

VARIABLE = "FSM_ENGINE_FAILPOINT"
EXIT_CODE = 86
"""Of a process that a failpoint ended with ``exit``."""

FAILPOINTS: Mapping[str, str] = {
    "turn.after-entering": "The turn has its place in its conversation's order; nothing was read yet.",
    "turn.after-load": "What is stored of the conversation is known, from the database or as this process holds it.",
    "turn.before-risk": "The risk stage is about to read the message.",
    "turn.after-risk": "The risk stage has read the message; nothing it found is stored yet.",
    "turn.after-advance": "What the turn leads to is computed.",
    "turn.before-commit": "The turn's rows are about to go to the store.",
    "turn.after-commit": "The store says that the turn is committed; this process does not hold its state yet.",
    "turn.before-reply": "The turn and those of its actions are committed; the caller has no reply yet.",
    "check.before-call": "A registered function is about to be asked about an answer.",
    "check.after-call": "The registered function has said what it thinks of the answer.",
    "action.before-call": "The intent to act is committed, and the action is about to be called.",
    "action.after-call": "The action has returned; nothing of its result is stored yet.",
    "action.before-renewal": "The lease of a running action is about to be renewed.",
    "action.before-take-over": "The lease of a pending action has run out, and this process is about to take it.",
    "action.after-take-over": "The action is this process's; nothing else was done yet.",
    "action.before-result": "The turn that reports the action's result is about to be computed and committed.",
    "delivery.before-call": "An entry of the outbox is claimed, and the bot's function is about to be called.",
    "delivery.after-call": "The bot's function has returned; nothing says yet that the entry arrived.",
    "timer.before-commit": "The turn of a timer that is due is about to go to the store.",
    "timer.after-commit": "The turn of a timer is committed; its messages are in the outbox.",
    "recover.before-action": "An audit row was found pending, and its action is about to be finished.",
    "recover.after-action": "An action that a dead process left behind is finished.",
    "store.before-load": "The statement that reads conversations is about to be sent.",
    "store.after-load": "The conversations are read; their callers do not have them yet.",
    "store.before-statement": "The statement that writes one or more turns is about to be sent.",
    "store.after-statement": "The turns are committed; their callers do not know it yet.",
    "store.before-close": "Nothing waits any more, and the connections are about to be closed.",
    "store.after-close": "The connections are closed.",
}


class FailpointReached(FsmEngineError):
    """Raised by a failpoint that is armed with ``raise``; it stands for any error that nobody foresaw."""

    code = "failpoint"


class _Armed(Protocol):
    def reach(self, name: str) -> None: ...


_armed: _Armed | None = None
_from_environment = ""


def failpoint(name: str) -> None:
    """Nothing, unless this failpoint is armed."""
    if _armed is not None:
        _armed.reach(name)


def _die(name: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _exit(name: str) -> None:
    os._exit(EXIT_CODE)


def _raise(name: str) -> None:
    raise FailpointReached(f"failpoint {name}: reached as armed. Disarm it: unset {VARIABLE}.")


_WAYS: Mapping[str, Callable[[str], None]] = {"exit": _exit, "raise": _raise, "kill": _die}


class _Trap:
    """Strikes once, at the ``hit``-th time that the failpoint is reached."""

    def __init__(self, name: str, hit: int, strike: Callable[[str], None]) -> None:
        self._name = name
        self._hits_left = hit
        self._strike = strike

    def reach(self, name: str) -> None:
        if name == self._name:
            self._hits_left -= 1
            if self._hits_left == 0:
                self._strike(name)


class _Count:
    def __init__(self) -> None:
        self.hits: Counter[str] = Counter()

    def reach(self, name: str) -> None:
        self.hits[name] += 1


@contextmanager
def armed(name: str, *, hit: int = 1, how: str | Callable[[str], None] = "raise") -> Iterator[None]:
    """While the block runs, the ``hit``-th time the failpoint is reached it strikes: ``exit``, ``raise``, ``kill``.

    A function as ``how`` is called with the failpoint's name. Only one failpoint is armed at a time.

    Raises:
        InvalidArgument: there is no such failpoint, hit or way.
    """
    with _in_force(_trap(name, hit, how)):
        yield


@contextmanager
def counted() -> Iterator[Mapping[str, int]]:
    """How often each failpoint is reached while the block runs."""
    count = _Count()
    with _in_force(count):
        yield count.hits


@contextmanager
def _in_force(what: _Armed) -> Iterator[None]:
    global _armed
    before, _armed = _armed, what
    try:
        yield
    finally:
        _armed = before


def arm_from_environment(environment: Mapping[str, str] = os.environ) -> None:
    """Arms what ``FSM_ENGINE_FAILPOINT`` names; hits are counted on when it names the same as at the last call.

    Raises:
        InvalidArgument: it does not read ``name:N:exit``, ``name:N:raise`` or ``name:N:kill``, or the name is unknown.
    """
    global _armed, _from_environment
    text = environment.get(VARIABLE, "")
    if text == _from_environment:
        return
    _armed = _parsed(text) if text else None
    _from_environment = text


def _parsed(text: str) -> _Trap:
    name, *rest = text.split(":")
    if len(rest) != 2 or not (rest[0].isascii() and rest[0].isdigit()):
        raise InvalidArgument(
            f"{VARIABLE}: '{text}' is no failpoint. Write name:hit:how, such as turn.before-commit:1:exit."
        )
    return _trap(name, int(rest[0]), rest[1])


def _trap(name: str, hit: int, how: str | Callable[[str], None]) -> _Trap:
    if name not in FAILPOINTS:
        raise InvalidArgument(f"failpoint '{name}': there is none of this name.{_nearest(name)} {_LIST}")
    if hit < 1:
        raise InvalidArgument(f"failpoint {name}: hit is {hit}. Hits are counted from 1.")
    strike = _WAYS.get(how) if isinstance(how, str) else how
    if strike is None:
        raise InvalidArgument(f"failpoint {name}: '{how}' is no way to strike. Choose {', '.join(_WAYS)}.")
    return _Trap(name, hit, strike)


_LIST = "List them: python -m fsm_engine.failpoints"


def _nearest(name: str) -> str:
    import difflib  # only here, where somebody misspelt a name

    near = difflib.get_close_matches(name, FAILPOINTS, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""


def main() -> None:
    """Prints every failpoint with its sentence."""
    width = max(map(len, FAILPOINTS))
    lines = [f"{name:{width}}  {sentence}\n" for name, sentence in FAILPOINTS.items()]
    sys.stdout.writelines(
        [*lines, f'\nArm one: {VARIABLE}="turn.before-commit:1:kill"  (name, at which hit, how: exit, raise, kill)\n']
    )


if __name__ == "__main__":
    main()
