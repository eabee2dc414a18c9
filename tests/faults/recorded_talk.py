"""Several conversations at once with the shipped engine on watched files: what was asked, and when it was answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fsm_engine.engine.engine import Engine
from fsm_engine.engine.turns import NewId
from fsm_engine.model.turn import Reply
from fsm_engine.storage.open import QUEUE_LIMIT
from fsm_engine.storage.retrying import WRITES
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.sqlite import SqliteStore
from fsm_engine.storage.sqlite_database import SqliteDatabase
from fsm_engine.storage.sqlite_file import Durability, SqliteSettings
from fsm_engine.testing.clock import VirtualClock
from fsm_engine.testing.sqlite_calls import WatchedFiles
from tests.support.conversations import SHIPPED, WAYS, Bank, Event


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A turn whose reply came back, and when: the number of calls to files until then."""

    chat: str
    request_id: str
    reply: Reply
    moment: int


@dataclass(slots=True)
class Talk:
    """What happened. ``asked`` holds the request ids of each conversation, in order."""

    asked: dict[str, list[str]] = field(default_factory=dict)
    acknowledged: list[Acknowledged] = field(default_factory=list)

    def acknowledged_at(self, moment: int) -> list[Acknowledged]:
        return [one for one in self.acknowledged if one.moment <= moment]


@asynccontextmanager
async def engine_on(
    files: WatchedFiles,
    path: Path,
    *,
    durability: Durability = "full",
    busy_timeout_s: float = 5.0,
    new_id: NewId | None = None,
) -> AsyncIterator[Engine]:
    """The shipped store and engine, on other files; the world that actions ask is a `Bank`."""
    settings = SqliteSettings(durability, busy_timeout_s, driver=files.connect)
    store = SqliteStore(await SqliteDatabase.open(str(path), settings, queue_limit=QUEUE_LIMIT, writes=WRITES), Seal())
    async with Engine.open(store, flows=SHIPPED, actions=Bank().actions, clock=VirtualClock(), new_id=new_id) as engine:
        yield engine


async def talk(engine: Engine, heard: Talk, now: Callable[[], int], chats: dict[str, list[Event]]) -> None:
    """Holds these conversations side by side, each as fast as it is answered."""
    await asyncio.gather(*(_talk(engine, heard, now, chat, events) for chat, events in chats.items()))


async def _talk(engine: Engine, heard: Talk, now: Callable[[], int], chat: str, events: list[Event]) -> None:
    asked = heard.asked.setdefault(chat, [])
    for event in events:
        request_id = f"r{len(asked)}"
        asked.append(request_id)
        reply = await send(engine, chat, event, request_id)
        heard.acknowledged.append(Acknowledged(chat, request_id, reply, now()))


async def send(engine: Engine, chat: str, event: Event, request_id: str, *, user_id: str | None = None) -> Reply:
    if event.start is not None:
        return await engine.start(chat, event.start, request_id=request_id, user_id=user_id)
    return await engine.turn(chat, event.text, request_id=request_id, user_id=user_id)


def chats_of(*flows: str) -> dict[str, list[Event]]:
    """A conversation through each of these flows to its end, and what a user at risk says on the way."""
    return {
        f"chat {number}": [Event(start=flow), Event("I want to hurt myself"), Event("I am safe"), *map(Event, way)]
        for number, flow in enumerate(flows)
        for way in WAYS[flow][:1]
    }
