"""What a delivery that comes again is answered, and what `outcome` tells: everything, and nothing of it twice."""

from __future__ import annotations

from collections.abc import Sequence

from fsm_engine.engine.replies import stored_reply
from fsm_engine.model.turn import Reply
from fsm_engine.storage.records import StoredTurn
from fsm_engine.storage.store import Store


async def told_once(store: Store, turns: Sequence[StoredTurn], now: str) -> Reply:
    """The stored reply, with what an action led to after its caller had gone, unless `Engine.deliver` tells that.

    Whichever of the two is first has it: the reply, if nobody has tried to hand it over yet.
    """
    caused = [turn.number for turn in turns[1:]]
    if not caused:
        return stored_reply(turns)
    return stored_reply(turns, await store.deliveries.kept_from_reply(turns[0].session_id, caused, now=now))
