"""Running an action: called again where that is safe, asked about where it is in doubt, left in peace where it is down.

Rules
    1. `Retryable` says that nothing happened: it is called again, as often as the flow's ``retry`` says.
    2. `Rejected` says that nothing happened and nothing will.
    3. After anything else (a time-out, another error, a result that cannot be used) the effect is in doubt. A ``query``
       function is asked first. What it cannot tell is called again, with the same key, only if the action is
       idempotent; else, and after the last try, the result is ``in_doubt`` and a person looks. What the query denies
       after the last try has failed, and nothing is in doubt.
    4. Between tries lies a pause of 0 to 0.2 s, 0.4 s, 0.8 s … at most 10 s, drawn by chance over its whole length, so
       that callers which failed together do not come back together.
    5. A circuit breaker for each action (`Breaker`). An undo is called all the same: it has nothing to fall back on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from fsm_engine.actions.breaker import Circuit
from fsm_engine.actions.calling import call_function, call_once, checked_result, log
from fsm_engine.actions.registry import ActionCall, Actions, Done, NotDone, RegisteredAction
from fsm_engine.failpoints import failpoint
from fsm_engine.model.codec import plain_copy
from fsm_engine.model.pauses import BETWEEN_CALLS
from fsm_engine.model.slot import Json
from fsm_engine.model.turn import ActionRequest, ActionResult, CallRequest, SessionView

CHECK_TIME_LIMIT_S = 5.0

_CLEAR = frozenset({"retryable", "rejected", "unregistered", "unavailable"})
"""Errors after which it is known that this call had no effect; those of ``_FINAL`` are not tried again."""
_FINAL = frozenset({"rejected", "unavailable"})
_DOWN = frozenset({"timeout", "exception", "retryable"})
"""Errors that say that the system behind an action is down."""


async def ask_check(actions: Actions, request: CallRequest, session: SessionView) -> ActionResult:
    """Asks a registered function about an answer; a failing, late or unknown one gives ``ok=False``. Never raises."""
    call = ActionCall(own_slots(request.slots), request.key, session)
    failpoint("check.before-call")
    result = await call_once(actions, request.action, call, CHECK_TIME_LIMIT_S)
    failpoint("check.after-call")
    return result


def own_slots(slots: Mapping[str, Json]) -> dict[str, Json]:
    """What a function may change as it likes: nothing of it comes back."""
    return {name: plain_copy(value) for name, value in slots.items()}


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo takes back: the slots that the action was called with, and what it returned."""

    slots: Mapping[str, Json]
    result: Json


_Calls: TypeAlias = Callable[[int], ActionCall]
"""What a function is called with, by the number of the try; 0: it is only asked about."""


def _call(request: ActionRequest, session: SessionView, given: Undone, attempt: int) -> ActionCall:
    """Made anew for every try: what a function does to it comes back nowhere."""
    return ActionCall(own_slots(given.slots), request.key, session, attempt, request.undoes, plain_copy(given.result))


class ActionRunner:
    """Runs the actions of one engine. ``chance`` gives numbers from 0 to 1."""

    def __init__(self, actions: Actions, *, chance: Callable[[], float]) -> None:
        self.actions = actions
        self._chance = chance
        self._circuits: dict[str, Circuit] = {}

    async def run(
        self, request: ActionRequest, session: SessionView, *, is_in_doubt: bool = False, undone: Undone | None = None
    ) -> ActionResult:
        """How the action ended, after all tries. Never raises.

        ``is_in_doubt``: it may have been called before, by somebody who died.
        """
        registered = self.actions.get(request.action)
        call = partial(_call, request, session, undone or Undone(request.slots, None))
        if registered is None:
            return await call_once(self.actions, request.action, call(0), request.time_limit_s)
        ended = await self._try(registered, request, call, is_in_doubt)
        return replace(ended, undo=registered.undo) if ended.ok and registered.undo is not None else ended

    async def _try(
        self, registered: RegisteredAction, request: ActionRequest, call: _Calls, is_in_doubt: bool
    ) -> ActionResult:
        ended = ActionResult(ok=False, error="unknown", in_doubt=True)
        for attempt in range(1, request.retry + 2):
            if attempt > 1:
                await asyncio.sleep(BETWEEN_CALLS.before(attempt - 2, self._chance()))
            if is_in_doubt:
                answer = await self._ask(registered, request, call)
                if isinstance(answer, ActionResult):
                    return answer
                if answer is None and not registered.is_idempotent:
                    return ended
                is_in_doubt = answer is None
            ended = await self._call(registered, request, call(attempt))
            is_in_doubt = ended.error != "rejected" and (is_in_doubt or ended.error not in _CLEAR) and not ended.ok
            ended = replace(ended, in_doubt=is_in_doubt)
            if ended.ok or ended.error in _FINAL:
                return ended
        answer = await self._ask(registered, request, call) if is_in_doubt else None
        if isinstance(answer, NotDone):
            return replace(ended, in_doubt=False)
        return answer if isinstance(answer, ActionResult) else ended

    async def _call(self, registered: RegisteredAction, request: ActionRequest, call: ActionCall) -> ActionResult:
        now = asyncio.get_running_loop().time
        circuit = self._circuit(registered) if request.undoes is None else None
        if circuit is not None and not circuit.lets_through(now()):
            log.warning("action '%s' is not called: it has failed too often in a row", registered.name)
            return ActionResult(ok=False, error="unavailable")
        is_down: bool | None = None
        try:
            failpoint("action.before-call")
            result = await call_once(self.actions, registered.name, call, request.time_limit_s)
            failpoint("action.after-call")
            is_down = result.error in _DOWN
        finally:
            if circuit is not None:
                circuit.note(is_down=is_down, now=now())
        return result

    def _circuit(self, registered: RegisteredAction) -> Circuit | None:
        if registered.breaker is None:
            return None
        return self._circuits.setdefault(registered.name, Circuit(registered.breaker))

    async def _ask(
        self, registered: RegisteredAction, request: ActionRequest, call: _Calls
    ) -> ActionResult | NotDone | None:
        """What the query function says of this key; None when there is none, or it does not know."""
        query = self.actions.get(registered.query) if registered.query is not None else None
        if query is None:
            return None
        try:
            async with asyncio.timeout(request.time_limit_s):
                answer = await call_function(query.function, call(0))
        except Exception as error:  # noqa: BLE001 - it does not know, whatever the reason
            log.error("action '%s': its query '%s' raised %s", registered.name, query.name, type(error).__name__)
            return None
        if isinstance(answer, Done):
            result = checked_result(registered, answer.result)
            return result if result.ok else replace(result, in_doubt=True)
        return answer if isinstance(answer, NotDone) else None
