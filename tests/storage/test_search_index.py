"""The full-text index of a SQLite file: it holds what it should, and what is deleted leaves it. proves: M9, P11"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fsm_engine.errors import OperationFailed
from fsm_engine.storage import Store, open_store, search, search_index
from fsm_engine.storage.backup import backup
from fsm_engine.storage.inspection import inspect_database
from fsm_engine.storage.migrating import migrate
from fsm_engine.storage.pace import HOLD_AT_MOST_S, Pace, Spent
from fsm_engine.storage.search_index import Paces, SearchIndex
from fsm_engine.storage.sqlite_database import SqliteDatabase
from fsm_engine.storage.sqlite_file import SqliteSettings, open_file
from fsm_engine.storage.turn_rows import MessageRow
from tests.turns import at, turn

SECRET = "xylophonist"


def check_index(path: Path) -> None:
    """Fails when the parts of the index, each in its range, do not hold the words of all messages and nothing else."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE temp.anew USING fts5 (content, thread, owner,"
            " tokenize = 'unicode61 remove_diacritics 2')"
        )
        connection.execute(
            "INSERT INTO anew (rowid, content, thread, owner) SELECT id, content, thread, owner FROM messages_to_index"
        )
        wanted = words_in(connection, "temp", "anew")
        held = [
            word
            for (number,) in connection.execute("SELECT number FROM search_parts WHERE first_id <= last_id").fetchall()
            for word in words_in(connection, "main", f"messages_index_{number}")
        ]
    assert sorted(held) == sorted(wanted)


def words_in(connection: sqlite3.Connection, schema: str, table: str) -> list[tuple[str, int, str, int]]:
    """Word, message, column and place of all that an index holds; the beginnings of words are its own affair."""
    connection.execute(f"CREATE VIRTUAL TABLE temp.words USING fts5vocab ('{schema}', '{table}', 'instance')")
    found = connection.execute('SELECT term, doc, col, "offset" FROM words').fetchall()
    connection.execute("DROP TABLE words")
    return found


async def fill(path: Path, conversations: int, first: int = 0) -> None:
    store = await open_store(f"sqlite:///{path}")
    for number in range(first, first + conversations):
        messages = tuple(MessageRow("user", f"card {word} {SECRET}", "{}") for word in ("one", "two"))
        await store.commit(turn(1, conversation=f"chat {number}", user_id=f"user {number}", messages=messages))
    await store.close()


async def test_the_index_agrees_with_the_messages_after_all_that_happens_to_them(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await fill(path, 20)
    store = await open_store(f"sqlite:///{path}")
    await store.messages.search("card")
    for number in (0, 7, 19):
        await store.users.delete(f"user {number}", compact=False)
    await store.commit(turn(1, conversation="new"))
    await store.commit(turn(2, conversation="new", drop_messages=True))
    await store.messages.search("card")
    await store.messages.compact_index()
    await store.close()

    check_index(path)


async def test_an_index_that_lacks_a_message_would_be_noticed(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await fill(path, 2)

    with pytest.raises(AssertionError):
        check_index(path)


async def test_words_of_a_deleted_message_in_the_index_would_be_noticed(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await fill(path, 2)
    store = await open_store(f"sqlite:///{path}")
    await store.messages.search("card")
    await store.users.delete("user 0", compact=False)
    await store.close()

    with pytest.raises(AssertionError):
        check_index(path)


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, 3), st.integers(1, 12)),
        st.tuples(st.sampled_from(["forget", "forget newest", "search", "compact"]), st.integers(0, 3), st.just(0)),
    ),
    max_size=25,
)


@pytest.mark.parametrize("small", [0, 4], ids=["parts end early", "small parts are made anew"])
async def test_parts_of_any_age_find_what_is_there_and_hold_nothing_else(
    tmp_path: Path, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hypothesis: what is said, deleted, searched and compacted in any order. Parts are of ten messages here."""
    monkeypatch.setattr(search_index, "PART", 10)
    monkeypatch.setattr(search_index, "SMALL", small)
    monkeypatch.setattr(search, "PARTS_AT_ONCE", 2)
    loop = asyncio.get_running_loop()
    paths = (tmp_path / f"{number}.db" for number in count())

    @given(OPERATIONS)
    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def holds(operations: list[tuple[str, int, int]]) -> None:
        asyncio.run_coroutine_threadsafe(play(next(paths), operations), loop).result(timeout=60)

    await asyncio.to_thread(holds)


async def play(path: Path, operations: list[tuple[str, int, int]]) -> None:
    store = await open_store(f"sqlite:///{path}", durability="normal")
    said: dict[int, list[int]] = {}
    try:
        for what, whose, times in operations:
            await operate(store, path, said, (what, whose, times))
        await store.messages.compact_index()
        await found(store, said)
    finally:
        await store.close()
    check_index(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM search_parts WHERE is_stale").fetchone() == (0,)


async def operate(store: Store, path: Path, said: dict[int, list[int]], operation: tuple[str, int, int]) -> None:
    what, whose, times = operation
    if what == "say":
        if whose not in said:
            await store.conversations.create(f"chat {whose}", now=at(1), user_id=f"user {whose}")
        for _ in range(times):
            number = (await store.messages.save_user(f"chat {whose}", f"card of {whose}", now=at(1))).id
            said.setdefault(whose, []).append(number)
    elif what == "search":
        await found(store, said)
    elif what == "compact":
        await store.messages.compact_index()
    elif said:
        newest = max(said, key=lambda one: max(said[one]))
        gone = newest if what == "forget newest" else whose
        await store.users.delete(f"user {gone}", compact=False)
        said.pop(gone, None)


async def found(store: Store, said: dict[int, list[int]]) -> None:
    """Everything is found by everybody's words, and what is somebody's by theirs."""
    everything = {one.message.id: one.message.content for one in await store.messages.search("card", limit=500)}
    assert everything == {number: f"card of {whose}" for whose, numbers in said.items() for number in numbers}
    for whose, numbers in said.items():
        own = await store.messages.search(str(whose), user_id=f"user {whose}", limit=500)
        assert {one.message.id for one in own} == set(numbers)


async def test_catching_up_is_done_in_batches_that_grow_and_shrink(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await fill(path, 40)
    store = await open_store(f"sqlite:///{path}")
    try:
        paces = Paces(indexing=Pace(rows=20))
        index = SearchIndex(store._database)  # type: ignore[attr-defined]

        assert await index.catch_up(paces) == 80
        assert paces.indexing.rows > 20
        assert await index.catch_up() == 0
    finally:
        await store.close()
    check_index(path)


def test_a_pace_halves_after_a_long_batch_and_grows_slowly_after_quick_ones() -> None:
    pace = Pace(rows=100)
    sizes = []
    for seconds, rows in ((0.1, 1.0), (0.1, 0.5), (0.2, 1.0), (0.9, 1.0)):
        pace.took(Spent(HOLD_AT_MOST_S * seconds), int(pace.rows * rows))
        sizes.append(pace.rows)
    for _ in range(9):
        pace.took(Spent(10.0), pace.rows)

    assert sizes == [126, 126, 126, 63]  # quick; quick but not full; neither; long
    assert (pace.rows, pace.longest_s) == (pace.least, 10.0)


async def test_words_of_deleted_messages_are_nowhere_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await fill(path, 200)
    store = await open_store(f"sqlite:///{path}")
    await store.messages.search(SECRET)
    for number in range(200):
        await store.users.delete(f"user {number}", compact=False)
    before = contents(path)
    await store.messages.compact_index()
    after = contents(path)
    await store.close()

    assert SECRET.encode() in before
    assert SECRET.encode() not in after


def contents(path: Path) -> bytes:
    """The file with all that stood in its log."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


class Failing(sqlite3.Connection):
    """Fails at one of its changes, as a process does that is killed there; the next ones fail as well."""

    left: int | None = None

    def execute(self, statement: str, values: Any = ()) -> Any:
        if self.left is not None and statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE", "DROP", "CREATE")):
            self.left -= 1
            if self.left < 0:
                raise sqlite3.OperationalError("killed")
        return super().execute(statement, values)


async def fill_in_parts(path: Path, conversations: int) -> None:
    """Five at a time are written and indexed."""
    for first in range(0, conversations, 5):
        await fill(path, 5, first)
        async with reopened(path) as store:
            await store.messages.search("card")


async def test_work_at_the_index_that_ends_at_any_change_is_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "PART", 10)
    monkeypatch.setattr(search_index, "SMALL", 0)
    whole = tmp_path / "whole.db"
    await fill_in_parts(whole, 20)
    async with reopened(whole) as store:
        for number in range(0, 20, 3):
            await store.users.delete(f"user {number}", compact=False)
    ended = 0
    for changes in count():
        path = tmp_path / f"{changes}.db"
        shutil.copyfile(whole, path)
        if await compacted(path, changes):
            break
        ended += 1
        async with reopened(path) as store:
            assert len(await store.messages.search("card", limit=100)) == 26
            await store.messages.compact_index()
        check_index(path)
    assert ended > 20


async def compacted(path: Path, changes: int) -> bool:
    """Whether compacting got through without so many changes failing."""

    def driver(place: str, busy_timeout_s: float) -> sqlite3.Connection:
        return open_file(place, busy_timeout_s, Failing)

    database = await SqliteDatabase.open(str(path), SqliteSettings("normal", driver=driver), queue_limit=10)
    writer = database._writer._conn
    assert isinstance(writer, Failing)
    writer.left = changes
    try:
        await SearchIndex(database).compact()
    except OperationFailed:
        return False
    finally:
        writer.left = None
        await database.close()
    return True


@asynccontextmanager
async def reopened(path: Path) -> AsyncIterator[Store]:
    store = await open_store(f"sqlite:///{path}", durability="normal")
    try:
        yield store
    finally:
        await store.close()


async def test_several_may_work_at_the_index_while_others_search_and_talk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "PART", 10)
    monkeypatch.setattr(search_index, "SMALL", 0)
    path = tmp_path / "bot.db"
    await fill_in_parts(path, 40)
    async with reopened(path) as one, reopened(path) as two, reopened(path) as three:
        for number in range(0, 40, 3):
            await one.users.delete(f"user {number}", compact=False)

        async def talk() -> None:
            for number in range(30):
                await three.commit(
                    turn(1, conversation=f"later {number}", messages=(MessageRow("user", "later", "{}"),))
                )
                assert len(await three.messages.search("card", limit=100)) == 52
                assert len(await three.messages.search("later", limit=100)) == number + 1

        await asyncio.gather(one.messages.compact_index(), two.messages.compact_index(), talk())
        await one.messages.compact_index()
    check_index(path)


async def many_parts(path: Path) -> list[int]:
    """A database whose index is in several parts, of which the first is gone; their numbers."""
    await fill_in_parts(path, 20)
    async with reopened(path) as store:
        await store.users.delete("user 0", compact=False)
        await store.messages.compact_index()
    with closing(sqlite3.connect(path)) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM search_parts ORDER BY number")]


async def test_parts_that_came_and_went_are_no_finding_and_one_that_is_missing_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "PART", 10)
    path = tmp_path / "bot.db"
    numbers = await many_parts(path)
    sound = inspect_database(str(path), now=at(1))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"DROP TABLE messages_index_{numbers[-1]}")
    damaged = inspect_database(str(path), now=at(1))

    assert len(numbers) > 2
    assert 1 not in numbers
    assert [one.code for one in sound.findings if one.code.startswith("schema")] == []
    (found,) = [one for one in damaged.findings if one.code == "schema-differs"]
    assert f"messages_index_{numbers[-1]} is missing" in found.what


async def test_a_database_with_many_parts_can_be_copied_and_brought_down_to_the_old_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "PART", 10)
    path, copy = tmp_path / "bot.db", tmp_path / "copy.db"
    await many_parts(path)
    backup(f"sqlite:///{path}", str(copy))
    async with reopened(copy) as store:
        assert len(await store.messages.search("card", limit=100)) == 38
    check_index(copy)
    migrate(f"sqlite:///{path}", to="1", accept_loss=True)

    with closing(sqlite3.connect(path)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        assert connection.execute("SELECT count(*) FROM chat_history").fetchone() == (38,)
    assert {name for name in names if "index" in name or "search" in name} == set()
