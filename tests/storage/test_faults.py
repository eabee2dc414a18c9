# ruff: noqa: ASYNC220, ASYNC221 - tests run one at a time, so blocking the loop blocks nobody
"""Locks, full disks, damage, other processes and forgetful programs. proves: P1, P2, P4, P7, D4, D5"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import textwrap
import time
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fsm_engine.errors import DatabaseUnavailable, OperationFailed, SessionCorrupted
from fsm_engine.storage import Store, open_store
from fsm_engine.storage.sqlite import SqliteStore
from tests.storage.full_turn import full_turn
from tests.turns import turn


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    opened = await open_store(f"sqlite:///{path}", busy_timeout_s=0.1)
    yield opened
    await opened.close()


def execute(path: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement, values)
    connection.close()


async def test_a_lock_that_stays_fails_the_waiting_turns_and_none_later(store: Store, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    before = time.monotonic()
    results = await asyncio.gather(
        *(store.commit(turn(1, conversation=f"chat {number}")) for number in range(20)), return_exceptions=True
    )
    waited = time.monotonic() - before
    assert await store.load("chat 0", None) is None
    other.execute("ROLLBACK")
    other.close()

    assert all(isinstance(result, DatabaseUnavailable) for result in results)
    assert waited < 1.0  # one busy timeout for all, not one for each
    await store.commit(turn(1, conversation="chat 0"))


async def test_a_lock_that_goes_is_waited_for(path: Path) -> None:
    store = await open_store(f"sqlite:///{path}", busy_timeout_s=10)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.commit(turn(1)))
    done, _ = await asyncio.wait([waiting], timeout=0.05)
    assert not done
    other.execute("ROLLBACK")
    other.close()

    await waiting
    await store.close()


async def limit_pages(store: Store, pages: int) -> None:
    """Makes SQLite itself find the disk full."""
    assert isinstance(store, SqliteStore)
    await store._database._writer.execute_fetchall(f"PRAGMA max_page_count = {pages}")


async def test_a_full_disk_fails_turns_whole_and_is_over_when_there_is_room(store: Store) -> None:
    await store.commit(turn(1))
    await limit_pages(store, 1)
    results = await asyncio.gather(
        *(store.commit(turn(1, conversation=f"chat {n}", state_json="x" * 9000)) for n in range(60)),
        return_exceptions=True,
    )

    refused = [number for number, result in enumerate(results) if result is not None]
    assert refused
    assert all(isinstance(results[number], OperationFailed) for number in refused)
    assert "disk is full" in str(results[refused[0]])
    assert await store.load(f"chat {refused[0]}", None) is None
    assert await store.messages.last(f"chat {refused[0]}") == []
    assert (await store.load("chat", None)) is not None
    await limit_pages(store, 1_000_000)
    await store.commit(turn(1, conversation=f"chat {refused[0]}"))


async def test_a_huge_turn_that_does_not_fit_does_not_fail_its_neighbours(store: Store) -> None:
    await limit_pages(store, 400)
    results = await asyncio.gather(
        store.commit(turn(1, conversation="before")),
        store.commit(turn(1, conversation="huge", state_json="x" * 4_000_000)),
        store.commit(turn(1, conversation="after")),
        return_exceptions=True,
    )

    assert results[0] is results[2] is None
    assert isinstance(results[1], OperationFailed)


DAMAGE = {
    "state": "UPDATE sessions SET state_json = replace(state_json, '1', '7') WHERE id = 'session of chat'",
    "turn": "UPDATE sessions SET turn = 9 WHERE id = 'session of chat'",
    "hash": "UPDATE sessions SET state_hash = x'00' WHERE id = 'session of chat'",
    "another's state": "UPDATE sessions SET state_json = o.state_json, state_hash = o.state_hash FROM sessions AS o"
    " WHERE sessions.id = 'session of chat' AND o.id = 'session of other'",
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_damage_to_a_session_is_noticed_and_stays_with_it(store: Store, path: Path, damage: str) -> None:
    for conversation in ("chat", "other"):
        await store.commit(turn(1, conversation, user_id="ahmed"))
    execute(path, DAMAGE[damage])

    with pytest.raises(SessionCorrupted, match="session of chat"):
        await store.load("chat", None)
    with pytest.raises(SessionCorrupted):
        await store.sessions.get("session of chat")
    assert await store.load("other", None) is not None
    listed = await store.sessions.of_user("ahmed")
    assert [(one.id, one.is_damaged, one.state_json) for one in listed] == [
        ("session of other", False, '{"turn":1}'),
        ("session of chat", True, ""),
    ]
    assert all(await asyncio.gather(*(store.load("other", None) for _ in range(3))))


@pytest.mark.parametrize("column", ["event_json", "reply_json", "number"])
async def test_a_damaged_reply_is_not_served_again(store: Store, path: Path, column: str) -> None:
    await store.commit(turn(1))
    await store.commit(turn(1, conversation="other"))
    broken = "7" if column == "number" else f"replace({column}, '1', '7')"
    execute(path, f"UPDATE turns SET {column} = {broken} WHERE session = 1")

    with pytest.raises(SessionCorrupted, match="journal"):
        await store.load("chat", "request 1")
    with pytest.raises(SessionCorrupted, match="journal"):
        await store.sessions.journal("session of chat")
    assert (await store.load("other", "request 1")) is not None


async def test_rows_written_under_another_key_read_as_damaged(store: Store, path: Path) -> None:
    await store.commit(turn(1))
    other = await open_store(f"sqlite:///{path}", row_key=b"another")
    try:
        with pytest.raises(SessionCorrupted, match="another row key"):
            await other.load("chat", None)
    finally:
        await other.close()


async def test_bytes_that_are_no_text_are_a_damaged_session(store: Store, path: Path) -> None:
    await store.commit(turn(1))
    execute(path, "UPDATE sessions SET state_json = CAST(x'fffe' || 'a secret' AS TEXT)")

    with pytest.raises(OperationFailed) as kept:
        await store.load("chat", None)
    logged = "".join(traceback.format_exception(kept.value))
    assert "OperationFailed" in logged
    assert "a secret" not in logged
    await store.commit(turn(1, conversation="other"))
    assert await store.load("other", None) is not None
    assert kept.value is not None  # programs keep exceptions; that must not keep the reader in the past


async def test_a_page_that_is_damaged_is_a_typed_error(path: Path) -> None:
    store = await open_store(f"sqlite:///{path}")
    for number in range(60):
        await store.commit(full_turn(1, f"chat {number}"))
    await store.close()
    with path.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        for page in range(size // 4096 - 12, size // 4096):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)

    store = await open_store(f"sqlite:///{path}")
    results = await asyncio.gather(
        *(store.load(f"chat {number}", f"request {number}") for number in range(60)), return_exceptions=True
    )
    await store.close()
    assert any(isinstance(result, OperationFailed | SessionCorrupted) for result in results)
    for result in results:
        assert isinstance(result, OperationFailed | SessionCorrupted) or result is not None


COUNTING = """
    import asyncio, sys
    from dataclasses import replace
    from fsm_engine.errors import VersionConflict
    from fsm_engine.storage import open_store
    from tests.turns import turn

    async def main(url, name, count):
        store = await open_store(url)
        print("ready", flush=True)
        sys.stdin.readline()
        conflicts = 0
        for number in range(count):
            while True:
                loaded = await store.load("chat", None)
                version = loaded.conversation.version
                try:
                    await store.commit(turn(version + 1, request_id=f"{name}-{number}"))
                    break
                except VersionConflict:
                    conflicts += 1
        await store.close()
        print(conflicts)

    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


async def test_processes_on_one_conversation_lose_no_turn(store: Store, path: Path) -> None:
    await store.commit(turn(1))
    command = [sys.executable, "-c", textwrap.dedent(COUNTING), f"sqlite:///{path}"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    programs = [subprocess.Popen([*command, name, "60"], **pipes) for name in ("a", "b", "c")]
    for program in programs:
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        program.stdin.write("go\n")
        program.stdin.flush()
    conflicts = [int(program.communicate(timeout=60)[0]) for program in programs]

    journal = await store.sessions.journal("session of chat")
    expected = {f"{name}-{number}" for name in ("a", "b", "c") for number in range(60)}
    assert {line.request_id for line in journal[1:]} == expected
    assert [line.number for line in journal] == list(range(1, 182))
    loaded = await store.load("chat", None)
    assert loaded is not None
    assert loaded.conversation.version == 181
    assert sum(conflicts) > 0, "the processes never met: the test proves nothing"


KILLED = """
    import asyncio, sys
    from fsm_engine.storage import open_store
    from tests.turns import turn

    async def main(url):
        store = await open_store(url)

        async def converse(name):
            for number in range(1, 100_000):
                await store.commit(turn(number, name))
                print(name, number, flush=True)

        await asyncio.gather(*(converse(f"chat {number}") for number in range(8)))

    asyncio.run(main(sys.argv[1]))
"""


async def test_a_killed_process_loses_no_turn_that_it_had_acknowledged(path: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), f"sqlite:///{path}"], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    acknowledged = dict.fromkeys((f"chat {number}" for number in range(8)), 0)
    lines = [program.stdout.readline() for _ in range(400)]
    program.kill()
    for line in lines + program.stdout.read().splitlines():
        name, _, number = line.strip().rpartition(" ")
        if name in acknowledged and number.isdigit():
            acknowledged[name] = max(acknowledged[name], int(number))
    program.stdout.close()
    program.wait()

    store = await open_store(f"sqlite:///{path}")
    for name, number in acknowledged.items():
        loaded = await store.load(name, None)
        assert loaded is not None
        assert loaded.session is not None
        version = loaded.conversation.version
        assert number <= version <= number + 1
        assert (loaded.session.turn, loaded.conversation.message_count) == (version, 2 * version)
        assert len(await store.sessions.journal(f"session of {name}")) == version
    await store.close()


FORGETFUL = """
    import asyncio, sys, time
    from fsm_engine.storage import open_store
    from tests.turns import turn

    async def main():
        store = await open_store(sys.argv[1])
        await store.commit(turn(1))
        print(time.monotonic(), flush=True)  # which all processes share; starting Python is not part of ending
        if sys.argv[2] == "fail":
            raise RuntimeError("on purpose")
        return store

    store = asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["return", "fail"])
async def test_a_program_that_forgets_to_close_ends_at_once_with_a_warning(path: Path, end: str) -> None:
    command = [sys.executable, "-W", "always", "-c", textwrap.dedent(FORGETFUL), f"sqlite:///{path}", end]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert time.monotonic() - float(done.stdout) < 2.0

    assert "ResourceWarning" in done.stderr
    assert str(path) in done.stderr
    assert done.returncode == (0 if end == "return" else 1)
    store = await open_store(f"sqlite:///{path}")
    assert await store.load("chat", None) is not None
    await store.close()
