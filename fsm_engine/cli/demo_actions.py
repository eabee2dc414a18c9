"""What the shipped flows call, without a bank behind it: for `fsm-engine chat` and `fsm-engine demo`."""

from __future__ import annotations

from hashlib import blake2b

from fsm_engine.actions import ActionCall, Actions
from fsm_engine.model.slot import Json

TAKEN = "taken@example.com"

registry = Actions()


@registry.action("accounts.email_is_free", idempotent=True)
async def email_is_free(call: ActionCall) -> bool:
    """Every address is free but one, so that both answers can be seen."""
    return call.slots.get("email") != TAKEN


@registry.action("accounts.create", undo="accounts.close", idempotent=True)
async def create_account(call: ActionCall) -> Json:
    """The account's number is made from the key of the request: the same request always makes the same account."""
    digest = blake2b(call.idempotency_key.encode(), digest_size=6).digest()
    return {"account_number": f"{int.from_bytes(digest) % 10**8:08d}"}


@registry.action("accounts.close", idempotent=True)
async def close_account(call: ActionCall) -> Json:
    """Nothing was opened, so nothing is to be closed."""
    return {}
