"""Which conversations this process holds: their order, and the last committed state of those it saw lately."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import NamedTuple

from fsm_engine.model.session import SessionState

RECENT_REQUESTS = 64


class Held(NamedTuple):
    """The last committed state of a conversation, as far as this process knows.

    ``version`` is the conversation's: 0 when it does not exist yet. ``state`` is None when it has had no session.
    ``is_fresh``: read from the database for this very turn, so that its request id is known to be new.
    """

    conversation_id: str
    conversation_key: int | None
    version: int
    user_id: str | None
    session_key: int | None
    state: SessionState | None
    expires_at: str | None
    recent_requests: tuple[str, ...] = ()
    is_fresh: bool = False


class HeldConversations:
    """A bounded cache of committed states. Filled only after a commit, dropped on any doubt."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._by_id: OrderedDict[str, Held] = OrderedDict()

    def get(self, conversation_id: str) -> Held | None:
        held = self._by_id.get(conversation_id)
        if held is not None:
            self._by_id.move_to_end(conversation_id)
        return held

    def put(self, held: Held) -> None:
        self._by_id[held.conversation_id] = held
        self._by_id.move_to_end(held.conversation_id)
        if len(self._by_id) > self._capacity:
            self._by_id.popitem(last=False)

    def drop(self, conversation_id: str) -> None:
        self._by_id.pop(conversation_id, None)

    def clear(self) -> None:
        self._by_id.clear()


class ConversationOrder:
    """Turns of one conversation one at a time, first come first served; nothing is kept for idle ones."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def enter(self, conversation_id: str) -> None:
        """Returns when all earlier turns of the conversation are over; `leave` must follow."""
        queue = self._waiting.get(conversation_id)
        if queue is None:
            self._waiting[conversation_id] = deque()
        else:
            await self._wait_in(conversation_id, queue)

    async def _wait_in(self, conversation_id: str, queue: deque[asyncio.Future[None]]) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave(conversation_id)
            raise

    def leave(self, conversation_id: str) -> None:
        """Lets the next in line go on."""
        if not _wake_next(self._waiting[conversation_id]):
            del self._waiting[conversation_id]


def _wake_next(queue: deque[asyncio.Future[None]]) -> bool:
    while queue:
        place = queue.popleft()
        if not place.done():
            place.set_result(None)
            return True
    return False
