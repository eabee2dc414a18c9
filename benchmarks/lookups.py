"""How long each look-up of the store takes in a database of some size: 1,000 users × 5 conversations × 20 messages.

python -m benchmarks.lookups [USERS]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from random import Random

from benchmarks.account_turn import account_turn
from fsm_engine.storage import Store, open_store

CONVERSATIONS = 5
TURNS = 10  # two messages each
CALLS = 300


async def fill(store: Store, users: int) -> None:
    """Every conversation of every user, 250 of them at a time."""

    async def converse(number: int) -> None:
        for turn in range(1, TURNS + 1):
            await store.commit(account_turn(number, turn)._replace(user_id=f"user-{number % users}"))

    for first in range(0, users * CONVERSATIONS, 250):
        await asyncio.gather(*(converse(number) for number in range(first, first + 250)))


def calls(store: Store, users: int, random: Random) -> dict[str, Callable[[], Awaitable[object]]]:
    """One call of each kind, about a conversation or user drawn anew each time."""

    def drawn() -> int:
        return random.randrange(users * CONVERSATIONS)

    def conversation() -> str:
        return account_turn(drawn(), 1).conversation_id

    def session() -> str:
        return account_turn(drawn(), 1).session_id

    def user() -> str:
        return f"user-{random.randrange(users)}"

    return {
        "load": lambda: store.load(conversation(), "tg-new"),
        "load a duplicate": lambda: store.load(conversation(), "tg-3"),
        "conversations.of_user": lambda: store.conversations.of_user(user()),
        "conversations.with_status": lambda: store.conversations.with_status("active"),
        "messages.last": lambda: store.messages.last(conversation()),
        "messages.count_by_role": lambda: store.messages.count_by_role(conversation()),
        "sessions.of_user": lambda: store.sessions.of_user(user(), status="active"),
        "sessions.expired": lambda: store.sessions.expired("2026-02-01T00:00:00.000000Z"),
        "sessions.journal": lambda: store.sessions.journal(session()),
        "responses.of_session": lambda: store.responses.of_session(session()),
        "risk.since": lambda: store.risk.since("2026-01-01T00:00:00.000000Z"),
        "users.delete": lambda: store.users.delete(user()),
    }


async def main(users: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{folder}/bot.db")
        await fill(store, users)
        conversations = users * CONVERSATIONS
        print(f"{users} users, {conversations} conversations, {conversations * TURNS * 2} messages")
        for name, call in calls(store, users, Random(1)).items():
            waits = []
            for _ in range(CALLS):
                before = time.perf_counter()
                await call()
                waits.append(time.perf_counter() - before)
            waits.sort()
            print(f"{name:26} p50 {waits[CALLS // 2] * 1e3:7.2f} ms   p95 {waits[CALLS * 95 // 100] * 1e3:7.2f} ms")
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
