"""The full-text index of a SQLite file: it holds what it should, and what is deleted leaves it. proves: M9, P11"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fsm_engine.storage import open_store
from fsm_engine.storage.pace import HOLD_AT_MOST_S, Pace, Spent
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.search import Search
from fsm_engine.storage.turn_rows import MessageRow
from tests.turns import turn

SECRET = "xylophonist"


def check_index(path: Path) -> None:
    """Fails when the index is not that of the messages; looks at all of them."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO messages_index (messages_index, rank) VALUES ('integrity-check', 1)")


async def fill(path: Path, conversations: int) -> None:
    store = await open_store(f"sqlite:///{path}")
    for number in range(conversations):
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
    await store.close()

    check_index(path)


async def test_an_index_that_lacks_a_message_would_be_noticed(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await fill(path, 2)

    with pytest.raises(sqlite3.DatabaseError):
        check_index(path)


async def test_catching_up_is_done_in_batches_that_grow_and_shrink(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await fill(path, 40)
    store = await open_store(f"sqlite:///{path}")
    try:
        pace = Pace(rows=20)
        done = await Search(store._database, Seal()).catch_up(pace)  # type: ignore[attr-defined]

        assert done == 80
        assert pace.rows > 20
        assert await Search(store._database, Seal()).catch_up() == 0  # type: ignore[attr-defined]
    finally:
        await store.close()
    check_index(path)


def test_a_pace_halves_after_a_long_batch_and_grows_slowly_after_quick_ones() -> None:
    pace = Pace(rows=100)
    sizes = []
    for seconds, rows in ((0.2, 1.0), (0.2, 0.5), (0.3, 1.0), (0.9, 1.0)):
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
