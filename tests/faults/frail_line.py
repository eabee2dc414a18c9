"""The bank behind a line on which things go wrong: what a call may come to, and what an action of it promises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fsm_engine import ActionCall, Actions, Done, NotDone, Rejected, Retryable
from fsm_engine.model.slot import Json
from tests.faults.bank import Bank

Ability: TypeAlias = Literal["keys", "query", "neither"]
"""What can be said of an action: it knows keys (``idempotent``), it can be asked (``query``), or nothing."""

ABILITIES: tuple[Ability, ...] = ("keys", "query", "neither")
ALWAYS = 1_000


class ServerError(Exception):
    """What a client library makes of status 500."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What becomes of one call. ``is_posted``: it is done much later, when the bank's letters arrive."""

    is_done: bool
    raises: type[Exception] | None = None
    hangs: bool = False
    is_posted: bool = False
    answers: Callable[[int], object] = int
    is_refused: bool = False

    async def end(self, number: int) -> object:
        """What the caller hears, if it hears anything."""
        if self.hangs:
            await asyncio.Event().wait()
        if self.raises is not None:
            raise self.raises
        return self.answers(number)


TROUBLES: Mapping[str, Trouble] = {
    "nothing": Trouble(is_done=True),
    "its answer is lost": Trouble(is_done=True, raises=ConnectionResetError),
    "nobody is there": Trouble(is_done=False, raises=ConnectionRefusedError),
    "done, too slow": Trouble(is_done=True, hangs=True),
    "not done, too slow": Trouble(is_done=False, hangs=True),
    "done later than anybody waits": Trouble(is_done=False, hangs=True, is_posted=True),
    "500 once it is done": Trouble(is_done=True, raises=ServerError),
    "500 before it is done": Trouble(is_done=False, raises=ServerError),
    "429": Trouble(is_done=False, raises=Retryable),
    "422": Trouble(is_done=False, raises=Rejected, is_refused=True),
    "no JSON": Trouble(is_done=True, answers=lambda number: object()),
    "too much": Trouble(is_done=True, answers=lambda number: [number] * 100_000),
}


@dataclass(frozen=True, slots=True)
class Line:
    """The way to the bank. The first ``times`` calls with each key come to ``trouble``, if they are for one of ``on``.

    ``meanwhile`` is called in each call, before it is done and when it is, and in each query.
    """

    bank: Bank
    ability: Ability
    trouble: str = "nothing"
    times: int = ALWAYS
    on: tuple[str, ...] = ()
    meanwhile: Callable[[str], None] = lambda what: None

    def register(self, actions: Actions, *names: str) -> Actions:
        """Actions of these names, each of which the bank notes in its ledger."""
        is_asked = self.ability == "query"
        for name in names:
            query = f"{name}.find" if is_asked else None
            actions.action(name, idempotent=self.ability == "keys", query=query)(self._doing(name))
            if query is not None:
                actions.action(query)(self._find)
        return actions

    def _doing(self, name: str) -> Callable[[ActionCall], object]:
        async def do(call: ActionCall) -> object:
            number = self.bank.take_call(call.session.conversation_id, call.idempotency_key, name)
            trouble = self._trouble(name, self.bank.times_called(call.idempotency_key))
            self.meanwhile(f"in {name}")
            if trouble.is_posted:
                self.bank.post(number)
            effect = self.bank.do(number) if trouble.is_done else 0
            self.meanwhile(f"behind {name}")
            if trouble.is_done and not effect:
                raise Rejected("the bank was asked about this call before it was done, and has refused it since")
            return await trouble.end(effect)

        return do

    def _trouble(self, name: str, calls: int) -> Trouble:
        is_troubled = calls <= self.times and (not self.on or name in self.on)
        return TROUBLES[self.trouble if is_troubled else "nothing"]

    async def _find(self, call: ActionCall) -> Done | NotDone:
        self.meanwhile("asked")
        number: Json = self.bank.find(call.idempotency_key)
        return NotDone() if number is None else Done(number)
