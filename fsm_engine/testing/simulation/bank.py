"""What the flows call: a bank and an errand boy who succeed, refuse, fail, hang or take the whole program with them.

The bank keeps its own books, outside the engine's database, so that both can be held against each other. As a sane
partner does, it decides once for each idempotency key, and remembers what it did under it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from fsm_engine.actions import ActionCall, Actions, Rejected, Retryable
from fsm_engine.model.slot import Json

WAYS: Final = (
    "returns", "returns", "returns", "returns", "returns", "returns late", "busy", "fails before", "fails after",
    "hangs before", "hangs after", "dies before", "dies after",
)  # fmt: skip
"""How one call goes. Whatever happens ``after`` has had its effect."""
IDEMPOTENT: Final = {"accounts.create": True, "errands.pay": False, "errands.bring": True, "errands.refund": True}
REFUSES_ONE_OF: Final = 6
"""The bank refuses one of so many requests, for good."""
LONGEST_S: Final = 8.0


@dataclass(slots=True)
class Account:
    """What the bank knows of one key. ``calls`` tells how each call ended, ``effects`` how often something was done."""

    action: str
    is_refused: bool
    effects: int = 0
    calls: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Bank:
    """``before_effect`` is called with the key before anything is done; ``die`` kills the caller's process.

    ``is_calm``: every call succeeds or is refused.
    """

    random: Random
    tell: Callable[[str], None]
    before_effect: Callable[[str, str], None]
    accounts: dict[str, Account] = field(default_factory=dict)
    is_calm: bool = False

    def actions(self, die: Callable[[], Awaitable[None]]) -> Actions:
        """The registry of one process."""
        registry = Actions()
        registry.action("accounts.email_is_free")(self._email_is_free)
        registry.action("accounts.close", idempotent=True)(_close)
        for name, is_idempotent in IDEMPOTENT.items():
            registry.action(name, idempotent=is_idempotent)(self._acting(name, die))
        return registry

    def _email_is_free(self, call: ActionCall) -> Json:
        """A plain function, which the engine gives to a thread."""
        way = "free" if self.is_calm else self.random.choice(("free",) * 8 + ("taken", "fails"))
        self.tell(f"bank: e-mail {way}")
        if way == "fails":
            raise ConnectionError
        return way == "free" and "taken" not in str(call.slots.get("email"))

    def _acting(self, name: str, die: Callable[[], Awaitable[None]]) -> Callable[[ActionCall], Awaitable[Json]]:
        async def act(call: ActionCall) -> Json:
            return await self._act(name, call, die)

        return act

    async def _act(self, name: str, call: ActionCall, die: Callable[[], Awaitable[None]]) -> Json:
        key = call.idempotency_key
        self.before_effect(key, name)
        account = self.accounts.get(key)
        if account is None:
            account = self.accounts[key] = Account(name, self.random.randrange(REFUSES_ONE_OF) == 0)
        way = "returns" if self.is_calm else self.random.choice(WAYS)
        self.tell(f"bank: {name} {way}{', refused' if account.is_refused else ''}, key {key}")
        account.calls.append("cut off")
        place = len(account.calls) - 1
        await self._before(way, die)
        if account.is_refused:
            account.calls[place] = "refused"
            raise Rejected("no")
        if not (IDEMPOTENT[name] and account.effects):
            account.effects += 1
        await self._after(way, die)
        account.calls[place] = "returned"
        return f"done under {key}"

    async def _before(self, way: str, die: Callable[[], Awaitable[None]]) -> None:
        if way == "busy":
            raise Retryable("not now")
        if way == "fails before":
            raise ConnectionError
        if way == "returns late":
            await asyncio.sleep(self.random.random() * LONGEST_S)
        if way == "hangs before":
            await asyncio.get_running_loop().create_future()
        if way == "dies before":
            await die()

    async def _after(self, way: str, die: Callable[[], Awaitable[None]]) -> None:
        if way == "fails after":
            raise ConnectionError
        if way == "hangs after":
            await asyncio.get_running_loop().create_future()
        if way == "dies after":
            await die()
        await asyncio.sleep(self.random.random() * 0.05)


async def _close(call: ActionCall) -> Json:
    return {}


@dataclass(slots=True)
class Hooks:
    """A risk hook and an intent hook that raise, hang or talk nonsense. ``is_calm``: they have nothing to say."""

    random: Random
    tell: Callable[[str], None]
    intents: Sequence[str]
    is_calm: bool = False

    async def risk(self, text: str) -> object:
        answers = (None, None, None, None, "low", "medium", "nonsense", 7, "raises", "hangs")
        return await self._answer("risk", answers)

    async def intent(self, text: str) -> object:
        answers = (None, None, None, None, self.random.choice(self.intents), "\0", 7, "raises", "hangs")
        return await self._answer("intent", answers)

    async def _answer(self, name: str, answers: Sequence[object]) -> object:
        answer = None if self.is_calm else self.random.choice(answers)
        await asyncio.sleep(self.random.random() * 0.1)
        if answer is not None:
            self.tell(f"{name} hook: {answer!a}")
        if answer == "raises":
            raise ValueError
        if answer == "hangs":
            await asyncio.get_running_loop().create_future()
        return answer
