"""Each kind of storage error says what failed, with which value, and what to do. proves: D5"""

# proves: D5

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from fsm_engine import Engine, errors
from fsm_engine.errors import (
    Busy,
    DatabaseUnavailable,
    DuplicateRequest,
    FsmEngineError,
    IntegrityViolated,
    InvalidArgument,
    NotFound,
    OperationFailed,
    RequestMismatch,
    SessionCorrupted,
    StartUpError,
    VersionConflict,
    WouldLose,
)
from fsm_engine.storage import open_store
from fsm_engine.storage.gathering import Gatherer
from fsm_engine.storage.migrating import migrate
from fsm_engine.storage.settings import Settings
from tests.turns import at, turn

FLOW = "flow: hello\nsteps:\n  - ask: name\n    type: text\n    prompt: Your name?\n  - end: Hello.\n"


async def closed(path: Path) -> None:
    store = await open_store(f"sqlite:///{path}")
    await store.close()
    await store.load("chat", None)


async def locked(path: Path) -> None:
    store = await open_store(Settings(database=f"sqlite:///{path}", timeout_s=0.0))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            await store.commit(turn(1))
        finally:
            await store.close()


async def full(path: Path) -> None:
    store = await open_store(f"sqlite:///{path}")
    await store._database._writer.execute_fetchall("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]
    try:
        await store.commit(turn(1, state_json="x" * 1_000_000))
    finally:
        await store.close()


def committing(**changes: object) -> Callable[[Path], Awaitable[None]]:
    async def commit(path: Path) -> None:
        store = await open_store(f"sqlite:///{path}")
        try:
            await store.commit(turn(1))
            await store.commit(turn(2, **changes))
        finally:
            await store.close()

    return commit


async def corrupted(path: Path) -> None:
    store = await open_store(f"sqlite:///{path}")
    await store.commit(turn(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE sessions SET state_hash = x'00'")
    try:
        await store.load("chat", None)
    finally:
        await store.close()


async def missing_folder(path: Path) -> None:
    await open_store(f"sqlite:///{path.parent}/nowhere/bot.db")


async def no_address(path: Path) -> None:
    await open_store("bot.db")


async def no_queue(path: Path) -> None:
    await open_store(f"sqlite:///{path}", queue_limit=0)


async def losing(path: Path) -> None:
    store = await open_store(f"sqlite:///{path}")
    await store.commit(turn(1))
    await store.close()
    migrate(f"sqlite:///{path}", "1")


def asking(work: Callable[[Engine], Awaitable[object]]) -> Callable[[Path], Awaitable[None]]:
    async def ask(path: Path) -> None:
        (path.parent / "hello.yaml").write_text(FLOW)
        async with Engine.open(f"sqlite:///{path}", flows=path.parent) as engine:
            await engine.store.conversations.create("empty", now=at(1))
            await engine.start("chat", "hello", request_id="r1")
            await work(engine)

    return ask


async def too_many(path: Path) -> None:
    async def answer(questions: object) -> list[None]:
        return [await waiting.ask(None)]

    waiting: Gatherer[None, None] = Gatherer(answer, at_most=1, queue_limit=0)  # type: ignore[arg-type]
    await waiting.ask(None)


TOLD: dict[str, tuple[Callable[[Path], Awaitable[None]], type[FsmEngineError], str, str]] = {
    "a closed store": (closed, DatabaseUnavailable, "bot.db", "Open it again"),
    "a lock": (locked, DatabaseUnavailable, "bot.db", "Send the turn again"),
    "a full disk": (full, OperationFailed, "the disk is full (SQLITE_FULL)", "Free some space"),
    "a constraint": (committing(status="asleep"), IntegrityViolated, "status IN", "mend the value"),
    "an old version": (committing(base_version=7), VersionConflict, "bot.db", "Compute the turn anew"),
    "a request id again": (committing(request_id="request 1"), DuplicateRequest, "request id", "Load the conversation"),
    "text with NUL": (committing(title="\0"), InvalidArgument, "NUL", "Clean texts"),
    "a huge number": (committing(turn=2**70), InvalidArgument, "too large", "Pass a smaller one"),
    "a damaged row": (corrupted, SessionCorrupted, "session of chat", "restore a backup"),
    "a missing folder": (missing_folder, StartUpError, "nowhere", "Make it, or name another place"),
    "no address": (no_address, InvalidArgument, "'bot.db'", "Write sqlite:///bot.db"),
    "no queue": (no_queue, InvalidArgument, "queue_limit: 0", "Give 1 or more"),
    "a full queue": (too_many, Busy, "0 calls wait already", "Send this one again later"),
    "rows that would be lost": (losing, WouldLose, "rows of sessions: 1", "Say that they may"),
    "an unknown conversation": (asking(lambda one: one.session("x")), NotFound, "'x'", "Check the id"),
    "no session yet": (asking(lambda one: one.session("empty")), NotFound, "'empty'", "Send it a turn first"),
    "an unknown flow": (asking(lambda one: one.start("chat", "helo")), NotFound, "'helo'", "Known: hello"),
    "an unknown slot": (
        asking(lambda one: one.start("chat", "hello", slots={"nam": 1})),
        InvalidArgument,
        "'nam'",
        "Its slots are: name",
    ),
    "too short a history": (
        asking(lambda one: one.history("chat", 0)),
        InvalidArgument,
        "limit is 0",
        "Ask for at least 1",
    ),
    "a request id for another text": (
        asking(lambda one: one.turn("chat", "Ana", request_id="r1")),
        RequestMismatch,
        "'r1'",
        "",
    ),
}


@pytest.mark.parametrize("case", TOLD)
async def test_an_error_says_what_failed_with_which_value_and_what_to_do(tmp_path: Path, case: str) -> None:
    provoke, kind, value, advice = TOLD[case]

    with pytest.raises(kind) as told:
        await provoke(tmp_path / "bot.db")

    text = str(told.value)
    assert type(told.value) is kind
    assert value in text
    assert advice in text
    assert re.search(r"[.?:] [A-Z]", text), "only one sentence: what is there to do?"
    assert "\n" not in text


def test_every_kind_of_storage_error_is_in_the_table() -> None:
    def leaves(kind: type[FsmEngineError]) -> set[type[FsmEngineError]]:
        below = [one for one in kind.__subclasses__() if one.__module__ == errors.__name__]
        return {kind} if not below else set().union(*map(leaves, below))

    raised = {kind for _, kind, _, _ in TOLD.values()}
    assert leaves(errors.StorageError) | leaves(errors.UsageError) <= raised


def test_each_kind_has_a_code_of_its_own() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FsmEngineError)]

    assert len({kind.code for kind in kinds}) == len(kinds)
