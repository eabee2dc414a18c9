"""Requirement D8: what store calls and turns cost in a large database, beside what they cost in one of usual size.

The usual size is 1,000 users × 5 conversations × 20 messages. The large one has ``--times`` as many users: 10 by
default, and 100 on the page, which is 10 million messages, 20 GB and a quarter of an hour. Both are filled by the same
seeded generator, past the engine, and then every call is measured in both in turns.

    python -m benchmarks.store [--times N] [--json] [--write]
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

from benchmarks.page import write
from benchmarks.table import Figure, show
from fsm_engine import Engine
from fsm_engine.storage.row_seals import answer_seal, turn_seals
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.search_index import Paces, SearchIndex
from fsm_engine.storage.sqlite import SqliteStore
from fsm_engine.storage.sqlite_database import SqliteDatabase
from fsm_engine.storage.sqlite_file import SqliteSettings, connect
from fsm_engine.storage.turn_rows import AnswerRow, MessageRow, TurnToCommit

USERS, CONVERSATIONS, TURNS = 1000, 5, 10
ROUNDS, CALLS = 10, 30
GOAL_MS = 100.0
SEED = 1
LONG_AGO, NOW = "2025-02-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z"
FLOW = """
flow: talk
start: {phrases: [begin]}
steps:
  - {ask: thing, type: text, prompt: Go on.}
  - {end: Thank you.}
"""
_SYLLABLES = ["ba", "de", "ki", "lo", "mu", "na", "po", "ra", "si", "tu", "ve", "wo", "xa", "yo", "zu", "che"]
_WORDS = [first + second + third for first in _SYLLABLES for second in _SYLLABLES for third in _SYLLABLES[:8]]

CONVERSATION = "INSERT INTO conversations VALUES (?, ?, ?, ?, ?, 'active', ?, ?, ?, ?, ?, NULL)"
SESSION = "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, 'completed', 'talk', '(over)', NULL, ?, ?, NULL, ?)"
MESSAGE = "INSERT INTO messages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, '{}', ?, ?)"
TURN = "INSERT INTO turns VALUES (?, ?, ?, ?, NULL, ?, ?, ?, 'hash', NULL, ?)"
ANSWER = "INSERT INTO user_responses VALUES (?, 'talk', ?, 'thing', ?, ?, 1, ?, ?, ?)"


def fill(path: Path, users: int) -> None:
    """Users with conversations, each one finished session; the words are Zipf-like, as those of people are."""
    random = Random(SEED)
    with closing(connect(str(path), SqliteSettings(durability="normal"))) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for first in range(0, users, 500):
            connection.execute("BEGIN")
            _fill_some(connection, random, range(first, min(first + 500, users)))
            connection.execute("COMMIT")
    with path.open("rb") as filled:  # down to the disk, else what is measured waits for it
        os.fsync(filled.fileno())


def _fill_some(connection: sqlite3.Connection, random: Random, users: range) -> None:
    keys = range(users.start * CONVERSATIONS + 1, users.stop * CONVERSATIONS + 1)
    said = {key: [_text(random) for _ in range(2 * TURNS)] for key in keys}
    many = connection.executemany
    many("INSERT INTO users VALUES (?, ?)", ((f"user-{user}", NOW) for user in users))
    many(CONVERSATION, (_conversation(key, said[key]) for key in keys))
    many(SESSION, (_session(key) for key in keys))
    many(MESSAGE, (row for key in keys for row in _messages(key, said[key])))
    many(TURN, (row for key in keys for row in _turns(key, said[key])))
    many(ANSWER, (row for key in keys for row in _answers(key, said[key])))


def _text(random: Random) -> str:
    return " ".join(_WORDS[int(len(_WORDS) ** random.random()) - 1] for _ in range(12))


def _when(key: int) -> str:
    """Half of the conversations are old enough to be removed."""
    return LONG_AGO if key % 2 else NOW


def _owner(key: int) -> str:
    return f"user-{(key - 1) // CONVERSATIONS}"


def _conversation(key: int, said: list[str]) -> tuple[object, ...]:
    return (key, f"chat-{key}", _owner(key), TURNS, said[0], len(said), len(said), *[_when(key)] * 3)


def _session(key: int) -> tuple[object, ...]:
    state = f'{{"session_id":"session-{key}","status":"completed","turn":{TURNS}}}'
    sealed = Seal().of_state(f"chat-{key}", f"session-{key}", TURNS, state)
    return (key, f"session-{key}", key, _owner(key), TURNS, state, sealed, *[_when(key)] * 3)


def _messages(key: int, said: list[str]) -> Iterator[tuple[object, ...]]:
    for place, text in enumerate(said):
        turn, role = place // 2 + 1, ("user", "assistant")[place % 2]
        yield (key, place + 1, key, turn, _owner(key), role, text, f"tg-{turn}", _when(key))


def _turns(key: int, said: list[str]) -> Iterator[tuple[object, ...]]:
    for number in range(1, TURNS + 1):
        event = f'{{"kind":"text","now":"{NOW}","text":"{said[2 * number - 2]}"}}'
        reply = f'{{"messages":[{{"text":"{said[2 * number - 1]}"}}]}}'
        seals = turn_seals(_row(key, number, event, reply, said), Seal())
        yield (key, number, key, f"tg-{number}", event, reply, seals, _when(key))


def _row(key: int, number: int, event: str, reply: str, said: list[str]) -> TurnToCommit:
    """What the store would have been given for this turn, as far as it is sealed."""
    asked, answered = said[2 * number - 2 : 2 * number]
    return TurnToCommit(
        conversation_id=f"chat-{key}", base_version=number - 1, session_id=f"session-{key}", turn=number,
        user_id=_owner(key), state_json="", status="active", now=_when(key), event_json=event, reply_json=reply,
        flow_hash="hash", request_id=f"tg-{number}",
        messages=(MessageRow("user", asked, "{}"), MessageRow("assistant", answered, "{}")),
    )  # fmt: skip


def _answers(key: int, said: list[str]) -> Iterator[tuple[object, ...]]:
    for number in range(3):
        answer = AnswerRow("talk", f"step {number}", "thing", f'"{said[2 * number]}"', said[2 * number], 1)
        sealed = answer_seal(f"session-{key}", answer, _when(key), Seal())
        yield (key, answer.step, answer.response_json, answer.raw, *[_when(key)] * 2, sealed)


def calls(engine: Engine, users: int, random: Random) -> dict[str, Callable[[], Awaitable[object]]]:
    """One call of each kind, about a conversation or user drawn anew each time."""
    store = engine.store

    def chat() -> str:
        return f"chat-{random.randrange(users * CONVERSATIONS) + 1}"

    def user() -> str:
        return f"user-{random.randrange(users)}"

    def rare() -> str:
        return " ".join(random.choices(_WORDS[500:], k=2))

    return {
        "turn": lambda: engine.turn(chat(), "begin"),
        "load": lambda: store.load(chat(), "tg-new"),
        "history": lambda: engine.history(chat()),
        "page": lambda: store.messages.page(chat(), after=10),
        "count by role": lambda: store.messages.count_by_role(chat()),
        "list of a user": lambda: store.conversations.of_user(user()),
        "list by status": lambda: store.conversations.with_status("active"),
        "sessions of a user": lambda: store.sessions.of_user(user(), status="completed"),
        "expired sessions": lambda: store.sessions.list_expired(NOW),
        "search, a user's": lambda: store.messages.search(_WORDS[0], user_id=user()),
        "search, a conversation's": lambda: store.messages.search(_WORDS[0][:4], conversation_id=chat()),
        "search, all, rare words": lambda: store.messages.search(rare()),
        "search, all, the commonest word": lambda: store.messages.search(f'"{_WORDS[0]}"'),
        "search, all, a beginning": lambda: store.messages.search(_WORDS[0][:4]),
        "rename": lambda: store.conversations.rename(chat(), "a title", now=NOW),
        "save a note": lambda: store.messages.save_system(chat(), "a note", now=NOW),
    }


async def p95s(sizes: dict[Path, int], flows: Path) -> dict[str, list[float]]:
    """Milliseconds, of each call, in each database; the databases take turns."""
    waits: dict[str, list[list[float]]] = {}
    for _ in range(ROUNDS):
        for place, (path, users) in enumerate(sizes.items()):
            async with Engine.open(f"sqlite:///{path}", flows=flows) as engine:
                random = Random(SEED)
                for name, call in calls(engine, users, random).items():
                    await call()
                    found = waits.setdefault(name, [[] for _ in sizes])[place]
                    found += [await _milliseconds(call) for _ in range(CALLS)]
    return {name: [sorted(one)[len(one) * 95 // 100] for one in places] for name, places in waits.items()}


async def _milliseconds(call: Callable[[], Awaitable[object]]) -> float:
    before = time.perf_counter()
    await call()
    return (time.perf_counter() - before) * 1e3


async def index(path: Path) -> tuple[float, float]:
    """Indexes a whole database for search: microseconds a message, and milliseconds of the longest batch."""
    database = await SqliteDatabase.open(str(path), SqliteSettings(), queue_limit=100)
    try:
        paces = Paces()
        before = time.perf_counter()
        done = await SearchIndex(database).catch_up(paces)
        return (time.perf_counter() - before) / done * 1e6, paces.longest_s * 1e3
    finally:
        await database.close()


async def purge(path: Path) -> tuple[float, float]:
    """Removes the older half: seconds, and milliseconds of the longest batch."""
    store = SqliteStore(await SqliteDatabase.open(str(path), SqliteSettings(), queue_limit=100), Seal())
    try:
        before = time.perf_counter()
        done = await store.retention.purge(now="2027", sessions_before="2026", messages_before="2026")
        return time.perf_counter() - before, done.longest_batch_s * 1e3
    finally:
        await store.close()


def figures(times: int) -> list[Figure]:
    """Small and large database measured in turns, in this run."""
    with tempfile.TemporaryDirectory() as folder:
        flows = Path(folder, "talk.yaml")
        flows.write_text(FLOW, encoding="utf-8")
        small, large = Path(folder, "small.db"), Path(folder, "large.db")
        fill(small, USERS)
        fill(large, USERS * times)
        asyncio.run(index(small))
        per_message, batch = asyncio.run(index(large))
        found = asyncio.run(p95s({small: USERS, large: USERS * times}, flows))
        seconds, purge_batch = asyncio.run(purge(small))
    messages = USERS * CONVERSATIONS * TURNS * 2
    table = [
        Figure(f"{name}: p95 in ms", high, most=GOAL_MS, note=f"{high / low:.2f} × ({low:.2f})")
        for name, (low, high) in found.items()
    ]
    return [
        *table,
        Figure(
            "indexing for search: ms of the longest batch", batch, most=50.0, note=f"{per_message:.0f} µs a message"
        ),
        Figure(
            "purge: ms of the longest batch",
            purge_batch,
            most=50.0,
            note=f"{messages // 2:,} messages in {seconds:.1f} s",
        ),
    ]


def main() -> None:
    asked = int(sys.argv[sys.argv.index("--times") + 1]) if "--times" in sys.argv else 10
    usual = USERS * CONVERSATIONS * TURNS * 2
    found = figures(asked)
    show(f"Calls with {usual * asked:,} messages (in brackets: {usual:,})", found)
    if "--write" in sys.argv:
        write({"store": found})


if __name__ == "__main__":
    main()
