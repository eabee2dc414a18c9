"""Which conversations this process holds: their order, and the last committed state of those it saw lately."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict, deque
from contextlib import suppress
from typing import NamedTuple

from fsm_engine.engine.requests import Request
from fsm_engine.errors import Busy, forked
from fsm_engine.model.codec import decode
from fsm_engine.model.session import SessionState
from fsm_engine.storage.records import LoadedConversation, StoredResult

RECENT_REQUESTS = 64
WAITING_PER_CONVERSATION = 1_000
WAITING_AT_MOST = 10_000
"""Messages that may wait for earlier ones of their conversation, in one and in all: one fills a tenth at most."""


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


class Committed(NamedTuple):
    """A turn that is stored. ``first``: what the action that it asks for came to before, for the same request."""

    held: Held
    first: StoredResult | None


def held_of(loaded: LoadedConversation) -> Held:
    """What a store gave, as a turn starts from it."""
    conversation, session = loaded.conversation, loaded.session
    return Held(
        conversation_id=conversation.id,
        conversation_key=conversation.key,
        version=conversation.version,
        user_id=conversation.user_id,
        session_key=session.key if session else None,
        state=decode(SessionState, session.state_json) if session else None,
        expires_at=session.expires_at if session else None,
    )


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
    """Turns of one conversation one at a time, first come first served; nothing is kept for idle ones.

    So a conversation has one turn under way at most, however many messages it sends at once: it takes one place of a
    batch, and what else it sent waits here.
    """

    def __init__(self, *, per_conversation: int = WAITING_PER_CONVERSATION, in_all: int = WAITING_AT_MOST) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._limits = (per_conversation, in_all)
        self._in_all = 0
        self._process = os.getpid()

    async def enter(self, conversation_id: str) -> None:
        """Returns when all earlier turns of the conversation are over; `leave` must follow.

        Raises:
            Busy: too many messages wait already, of this conversation or in all.
        """
        queue = self._waiting.get(conversation_id)
        if queue is None:
            self._waiting[conversation_id] = deque()
        else:
            await self._wait_in(conversation_id, queue)

    async def _wait_in(self, conversation_id: str, queue: deque[asyncio.Future[None]]) -> None:
        self._must_have_room(conversation_id, len(queue))
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(place)
        self._in_all += 1
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave(conversation_id)
            else:
                with suppress(ValueError):
                    queue.remove(place)
            raise
        finally:
            self._in_all -= 1

    def _must_have_room(self, conversation_id: str, waiting: int) -> None:
        if self._process != os.getpid():
            raise forked("engine")  # the turn that it would wait for goes on in the other process only
        if waiting >= self._limits[0] or self._in_all >= self._limits[1]:
            what = f"{waiting} messages of it" if waiting >= self._limits[0] else f"{self._in_all} messages in all"
            raise Busy(
                f"conversation '{conversation_id}': {what} wait already. Nothing of this one was stored; send it again."
            )

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


def held_from(request: Request, loaded: LoadedConversation | None) -> Held:
    """The conversation as it was read; one that does not exist yet is at version 0."""
    if loaded is None:
        return Held(request.conversation_id, None, 0, request.user_id, None, None, None, is_fresh=True)
    return held_of(loaded)._replace(is_fresh=True)
