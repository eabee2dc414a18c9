"""What is tried again, how often and when, and what never is. proves: D4"""

# proves: D4

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fsm_engine.errors import (
    DatabaseUnavailable,
    IntegrityViolated,
    InvalidArgument,
    OperationFailed,
    StartUpError,
    VersionConflict,
)
from fsm_engine.model.pauses import BETWEEN_WRITES
from fsm_engine.storage import open_store
from fsm_engine.storage.retrying import WRITES, Backoff
from fsm_engine.storage.settings import Settings
from tests.storage.full_turn import full_turn
from tests.turns import at, turn


class Pauses(list[float]):
    """Stands for time: notes how long it was asked to pause, and does what is to happen meanwhile."""

    def __init__(self) -> None:
        self.meanwhile = lambda number: None

    async def sleep(self, seconds: float) -> None:
        self.append(seconds)
        self.meanwhile(len(self))

    def backoff(self, retries: int = 3) -> Backoff:
        return Backoff(retries, replace(BETWEEN_WRITES, first_s=0.1, most_s=0.3), self.sleep, lambda: 0.5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
def other(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


async def store_of(path: Path, pauses: Pauses, retries: int = 3) -> Any:
    settings = Settings(database=f"sqlite:///{path}", timeout_s=0.0)
    return await open_store(settings, writes=pauses.backoff(retries))


def test_pauses_double_up_to_a_bound_and_are_shortened_by_chance() -> None:
    longest, shortest = replace(WRITES, chance=lambda: 0.0), replace(WRITES, chance=lambda: 1.0)

    assert [longest.pause_s(retry) for retry in range(8)] == [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert [shortest.pause_s(retry) for retry in range(3)] == [0.0125, 0.025, 0.05]
    assert WRITES.pause_s(0) != WRITES.pause_s(0)


@pytest.mark.parametrize("write", ["a turn", "a change of one step", "a change of several steps"])
async def test_a_write_is_tried_again_until_the_lock_is_gone(path: Path, other: sqlite3.Connection, write: str) -> None:
    pauses = Pauses()
    store = await store_of(path, pauses)
    await store.commit(full_turn(1, "chat"))
    other.execute("BEGIN IMMEDIATE")
    pauses.meanwhile = lambda number: other.execute("ROLLBACK") and None if number == 2 else None

    if write == "a turn":
        await store.commit(full_turn(2, "chat"))
    elif write == "a change of one step":
        await store.audit.update("key 1 of chat", status="success", now=at(1))
    else:
        await store.conversations.create("other", now=at(1), user_id="ana")

    assert pauses == pytest.approx([0.075, 0.15])
    assert (await store.load("chat", None)).conversation.version == (2 if write == "a turn" else 1)
    await store.close()


async def test_a_write_gives_up_after_its_last_retry_and_nothing_is_stored(
    path: Path, other: sqlite3.Connection
) -> None:
    pauses = Pauses()
    store = await store_of(path, pauses)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseUnavailable):
        await store.commit(turn(1))

    assert pauses == pytest.approx([0.075, 0.15, 0.225])
    other.execute("ROLLBACK")
    assert await store.load("chat", None) is None
    await store.commit(turn(1))
    await store.close()


async def test_a_read_that_fails_is_not_tried_again(path: Path, other: sqlite3.Connection) -> None:
    pauses = Pauses()
    store = await store_of(path, pauses)
    await store.commit(turn(1))
    other.execute("UPDATE sessions SET state_json = CAST(x'fffe' AS TEXT)")

    with pytest.raises(OperationFailed):
        await store.load("chat", None)

    assert pauses == []
    await store.close()


FAULTS: dict[str, tuple[type[Exception], dict[str, Any]]] = {
    "a version conflict": (VersionConflict, {"base_version": 7}),
    "a constraint": (IntegrityViolated, {"status": "asleep"}),
    "bad data": (InvalidArgument, {"title": "nul \0"}),
    "a number too large": (InvalidArgument, {"turn": 2**70}),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_does_not_pass_by_itself_is_never_tried_again(path: Path, fault: str) -> None:
    error, changes = FAULTS[fault]
    pauses = Pauses()
    store = await store_of(path, pauses)

    with pytest.raises(error):
        await store.commit(turn(1, **changes))

    assert pauses == []
    await store.close()


async def test_a_full_disk_is_never_tried_again(path: Path) -> None:
    pauses = Pauses()
    store = await store_of(path, pauses)
    await store._database._writer.execute_fetchall("PRAGMA max_page_count = 1")

    with pytest.raises(OperationFailed):
        await store.commit(turn(1, state_json="x" * 1_000_000))

    assert pauses == []
    await store.close()


async def test_opening_is_tried_again_as_often_as_the_settings_say(path: Path, other: sqlite3.Connection) -> None:
    pauses = Pauses()
    other.execute("BEGIN EXCLUSIVE")
    settings = Settings(database=f"sqlite:///{path}", timeout_s=0.0, init_retry_count=4, init_retry_delay_ms=1000)
    with pytest.raises(StartUpError, match="locked"):
        await open_store(settings, writes=pauses.backoff())
    assert pauses == pytest.approx([0.75, 1.5, 3.0, 6.0])

    pauses.meanwhile = lambda number: other.execute("ROLLBACK") and None if number == 6 else None
    await (await open_store(settings, writes=pauses.backoff())).close()
    assert len(pauses) == 6


async def test_a_wrong_place_is_not_tried_again(tmp_path: Path) -> None:
    pauses = Pauses()

    with pytest.raises(StartUpError, match="no folder"):
        await open_store(f"sqlite:///{tmp_path}/nowhere/bot.db", writes=pauses.backoff())
    assert pauses == []


async def test_who_asks_how_a_cancelled_turn_ended_waits_for_its_next_try(
    path: Path, other: sqlite3.Connection
) -> None:
    """Between two tries the database knows nothing of a turn that is stored later all the same."""
    pauses, is_over, has_begun = Pauses(), asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        has_begun.set()
        await is_over.wait()

    settings = Settings(database=f"sqlite:///{path}", timeout_s=0.0)
    store = await open_store(settings, writes=replace(pauses.backoff(), sleep=sleep))
    other.execute("BEGIN IMMEDIATE")
    turns = [asyncio.create_task(store.commit(turn(1, name, request_id="first"))) for name in ("a", "b", "c")]
    await has_begun.wait()
    for each in turns:
        each.cancel()
    await asyncio.wait(turns)

    settling = asyncio.create_task(store.settle())
    loading = [asyncio.create_task(store.load(name, "first")) for name in ("a", "b", "c")]
    for _ in range(50):
        await asyncio.sleep(0)
    assert not settling.done()
    other.execute("ROLLBACK")
    is_over.set()
    await settling

    as_told = [loaded is not None for loaded in await asyncio.gather(*loading)]
    in_the_end = [await store.load(name, "first") is not None for name in ("a", "b", "c")]
    await store.close()
    assert as_told == in_the_end
    assert any(in_the_end)


async def test_who_asks_during_the_first_try_of_a_cancelled_turn_waits_for_the_second_as_well(
    path: Path, other: sqlite3.Connection
) -> None:
    """Also when somebody else, who asked at the same time, has seen the first try end."""
    first_tries, pauses = threading.Event(), Pauses()
    store = await store_of(path, pauses)

    async def sleep(seconds: float) -> None:
        await store._database._writer.execute_fetchall("SELECT 1")  # who waits for the first try only is told by now
        told.append(settling.done() or asking.done())
        other.execute("ROLLBACK")

    async def outcomes() -> list[bool]:
        await store.settle()
        return [await store.load(name, "first") is not None for name in ("b", "c")]

    told: list[bool] = []
    store._database._writes = replace(pauses.backoff(), sleep=sleep)
    other.execute("BEGIN IMMEDIATE")
    stopped = asyncio.create_task(store._database._in_writer(lambda connection: first_tries.wait()))
    turns = [asyncio.create_task(store.commit(turn(1, name, request_id="first"))) for name in ("a", "b", "c")]
    for _ in range(10):  # now their first tries are with the writer's thread, b and c in one statement
        await asyncio.sleep(0)
    for each in turns:
        each.cancel()
    await asyncio.wait(turns)

    settling, loading = asyncio.create_task(store.settle()), asyncio.create_task(store.load("stranger", None))
    asking = asyncio.create_task(outcomes())
    for _ in range(10):
        await asyncio.sleep(0)
    first_tries.set()
    as_told = await asking
    await asyncio.gather(stopped, settling, loading)

    assert told == [False]
    assert as_told == [True, True]
    await store.close()


async def test_of_several_processes_that_gave_a_turn_up_the_last_one_asked_knows_how_it_ended(path: Path) -> None:
    """What one of them has not written yet, another one cannot see."""
    lock_is_free = threading.Event()
    first, last = await store_of(path, Pauses()), await store_of(path, Pauses())
    waiting = asyncio.create_task(last._database._in_writer(lambda connection: lock_is_free.wait()))
    await asyncio.sleep(0)
    given_up = asyncio.create_task(last.commit(turn(1, request_id="once")))
    await asyncio.sleep(0)  # now its statement is with the thread
    given_up.cancel()
    await asyncio.wait([given_up])

    async def is_stored(store: Any) -> bool:
        await store.settle()
        loaded = await store.load("chat", "once")
        return loaded is not None and loaded.seen != ()

    said_first = await is_stored(first)
    asking = asyncio.create_task(is_stored(last))
    lock_is_free.set()
    said_last = await asking
    await waiting

    assert (said_first, said_last) == (False, True)
    assert await is_stored(first)
    for store in (first, last):
        await store.close()
