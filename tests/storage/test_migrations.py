# ruff: noqa: ASYNC221 - tests run one at a time, so blocking the loop blocks nobody
"""From the old table to conversations and back: every row is kept, and what cannot be is told first. proves: D2, D3"""

# proves: D2, D3

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from fsm_engine.errors import InvalidArgument, StartUpError, WouldLose
from fsm_engine.storage import open_store
from fsm_engine.storage.migrating import current, history, migrate
from fsm_engine.storage.schema import APPLICATION_ID, SCHEMA_VERSION, schema_script
from tests.storage.full_turn import full_turn
from tests.support.old_files import ODD_VALUES, PLAIN, TYPELESS, contents, make_old, talk, write_odd_bytes

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def test_each_old_session_becomes_a_conversation_with_its_messages_in_order(path: Path, url: str) -> None:
    one, other = talk("telegram:1", 6), talk("telegram:2", 4, first_id=100)
    make_old(path, sorted([*one, *other], key=lambda row: row[4]), PLAIN.replace("PRIMARY KEY AUTOINCREMENT", ""))

    done = migrate(url)

    assert (done.before, done.after, done.rows, done.losses) == ("1", "2", 10, ())
    for session, written in (("telegram:1", one), ("telegram:2", other)):
        messages = rows(
            path,
            "SELECT m.number, m.role, m.content, m.created_at, m.session FROM messages AS m"
            f" JOIN conversations AS c ON c.key = m.conversation WHERE c.id = '{session}' ORDER BY m.number",
        )
        assert messages == [
            (
                number,
                "user" if role == "user" else "assistant",
                text,
                f"{ts.replace(' ', 'T')}.000000Z",
                None,
            )
            for number, (_, _, role, text, ts) in enumerate(written, 1)
        ]
    assert rows(path, "SELECT id, title, status, message_count, last_message, created_at FROM conversations") == [
        ("telegram:1", "telegram:1 says 0", "active", 6, 6, "2024-05-06T07:00:00.000000Z"),
        ("telegram:2", "telegram:2 says 0", "active", 4, 4, "2024-05-06T07:00:00.000000Z"),
    ]


async def test_an_upgraded_conversation_goes_on_under_its_old_id(path: Path, url: str) -> None:
    make_old(path, talk("chat", 3))
    migrate(url)

    store = await open_store(url)
    loaded = await store.load("chat", None)
    assert loaded is not None
    assert loaded.session is None
    await store.commit(full_turn(1, "chat", base_version=loaded.conversation.version, user_id=None))
    messages = await store.messages.last("chat")
    await store.close()

    assert [message.number for message in messages] == [1, 2, 3, 4, 5]
    assert [message.content for message in messages[:3]] == ["chat says 0", "chat says 1", "chat says 2"]


DEFINITIONS = {
    "typeless": (TYPELESS,),
    "plain": (PLAIN,),
    "with index, trigger and a gap": (
        PLAIN,
        "CREATE INDEX by_session ON chat_history (session_id)",
        "CREATE TABLE counted (n)",
        "CREATE TRIGGER counts AFTER INSERT ON chat_history BEGIN INSERT INTO counted VALUES (NEW.id); END",
        "PRAGMA user_version = 7",
        "UPDATE sqlite_sequence SET seq = 12345",
    ),
    "with more columns": (
        'CREATE TABLE "chat_history" (id INTEGER, session_id, role, message, ts, "a ""b"" c" DEFAULT 3.0, rowid TEXT)',
        "UPDATE chat_history SET rowid = 'row ' || id",
    ),
    "without row numbers": (
        "CREATE TABLE chat_history (id NOT NULL, session_id, role, message, ts, PRIMARY KEY (id)) WITHOUT ROWID",
    ),
}


def odd_rows() -> Iterator[tuple[Any, ...]]:
    """Every odd value in every column that may hold it, and the same session under ids of several types."""
    for number, (value, column) in enumerate(product(ODD_VALUES, ("session_id", "role", "message", "ts"))):
        row = {"session_id": "s", "role": "user", "message": "hello", "ts": "2024-01-02 03:04:05"} | {column: value}
        yield (number + 1, *row.values())
    for number, session in enumerate(("42", 42, 42.0, b"42", "42~2", "x" * 300, "line\nbreak")):
        yield (1000 + number, session, "bot", "one of several", 1_700_000_000 + number)
    yield (2000, "big", "user", "m" * 1_000_000, "2024-01-02T03:04:05+02:00")


@pytest.mark.parametrize("form", DEFINITIONS)
def test_odd_rows_are_kept_and_given_back_byte_for_byte(path: Path, url: str, form: str) -> None:
    definition, *more = DEFINITIONS[form]
    make_old(path, odd_rows(), definition, *more)
    if form != "without row numbers":
        write_odd_bytes(path)
    before = contents(path)
    (count,) = rows(path, "SELECT count(*) FROM chat_history")[0]

    up, down = migrate(url), migrate(url, "1")

    assert up.rows == down.rows == count
    assert contents(path) == before


def test_ids_that_occur_twice_are_kept_apart(path: Path, url: str) -> None:
    twice = [(1, "a", "user", "first", None), (1, "a", "user", "second", None), (None, "a", "bot", "third", None)]
    make_old(path, [*twice, *twice], TYPELESS, "DELETE FROM chat_history WHERE rowid = 2")
    before = contents(path)

    migrate(url)

    assert [text for (text,) in rows(path, "SELECT content FROM messages ORDER BY number")] == [
        "first",
        "third",
        "first",
        "second",
        "third",
    ]
    migrate(url, "1")
    assert contents(path) == before


async def test_odd_rows_can_be_read_through_the_store(path: Path, url: str) -> None:
    make_old(path, odd_rows(), TYPELESS)
    write_odd_bytes(path)
    migrate(url, now=NOW)

    store = await open_store(url)
    conversations = await store.conversations.with_status("active", limit=100)
    read = [len(await store.messages.last(one.id, limit=1000)) for one in conversations]
    await store.close()

    assert sum(read) == len(list(odd_rows())) + 4
    assert read == [one.message_count for one in conversations]
    assert rows(path, "SELECT count(*) FROM messages WHERE instr(content, char(0)) OR instr(metadata, '\\u0000')") == [
        (0,)
    ]


def test_a_row_without_a_readable_time_gets_that_of_the_row_before(path: Path, url: str) -> None:
    times = ["rubbish", "2024-01-02 03:04:05", None, "2023-01-01"]
    make_old(path, [(number, "s", "user", "x", ts) for number, ts in enumerate(times)] + [(9, "t", "bot", "x", "?")])

    migrate(url, now=NOW)

    assert [time[:10] for (time,) in rows(path, "SELECT created_at FROM messages ORDER BY conversation, number")] == [
        "2024-01-02",
        "2024-01-02",
        "2024-01-02",
        "2023-01-01",
        "2026-01-31",
    ]


async def test_messages_that_came_since_are_given_back_as_old_rows(path: Path, url: str) -> None:
    make_old(path, [*talk("chat", 3), (9, None, "user", "from nobody", "2024-05-06 07:00:00")])
    old = rows(path, "SELECT * FROM chat_history")
    migrate(url)
    store = await open_store(url)
    await store.commit(full_turn(1, "chat", base_version=1, user_id=None))
    await store.commit(full_turn(1, "new", user_id="ana"))
    await store.close()

    with pytest.raises(WouldLose) as asked:
        migrate(url, "1")
    assert current(url) == "2"
    done = migrate(url, "1", accept_loss=True)

    listed = {loss.what: loss.rows for loss in done.losses}
    assert [str(loss) for loss in asked.value.losses] == [str(loss) for loss in done.losses]
    assert listed["rows of sessions"] == listed["rows of turns"] == 2
    assert listed["rows of users"] == 1
    assert listed["request ids and metadata of messages"] == 4
    assert listed["conversations with an owner, with another status than active, or without messages"] == 1
    assert "rows of timers" not in listed
    now = rows(path, "SELECT * FROM chat_history")
    assert now[: len(old)] == old
    assert now[len(old) :] == [
        (10, "chat", "user", "message 1", "2026-01-31 12:00:01"),
        (11, "chat", "bot", "reply 1", "2026-01-31 12:00:01"),
        (12, "new", "user", "message 1", "2026-01-31 12:00:01"),
        (13, "new", "bot", "reply 1", "2026-01-31 12:00:01"),
    ]


async def test_archived_messages_are_given_back_too(path: Path, url: str) -> None:
    make_old(path, talk("chat", 4))
    before = contents(path)
    migrate(url)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO messages_archive SELECT *, 'now' FROM messages WHERE number < 3")
        connection.execute("DELETE FROM messages WHERE number < 3")

    done = migrate(url, "1", accept_loss=True)

    assert [str(loss) for loss in done.losses] == ["marks of archived messages: 2"]
    assert contents(path) == before


async def test_what_an_old_constraint_refuses_is_listed(path: Path, url: str) -> None:
    strict = PLAIN.replace("message TEXT", "message TEXT CHECK (length(message) < 8)").replace("ts TEXT", "ts INTEGER")
    make_old(path, [(1, "chat", "user", "short", 1_700_000_000)], strict)
    migrate(url)
    store = await open_store(url)
    await store.commit(full_turn(1, "chat", base_version=1, user_id=None))
    await store.close()

    done = migrate(url, "1", accept_loss=True)

    assert {loss.what: loss.rows for loss in done.losses}["messages that the old table refuses"] == 1
    assert rows(path, "SELECT id, message, ts FROM chat_history") == [
        (1, "short", 1_700_000_000),
        (2, "reply 1", 1_769_860_801),
    ]


def schema_of(path: Path) -> list[tuple[Any, ...]]:
    marks = ("user_version", "application_id", "journal_mode", "encoding", "auto_vacuum", "page_size")
    found = rows(
        path, "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name <> 'alembic_version' ORDER BY 1, 2"
    )
    spaced = [(*names, " ".join((text or "").split())) for *names, text in found]
    return spaced + [rows(path, f"PRAGMA {name}")[0] for name in marks]


def test_revisions_from_nothing_make_what_the_script_makes(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "script.db")) as connection:
        connection.executescript(schema_script())
    migrate(f"sqlite:///{tmp_path}/revisions.db")
    make_old(tmp_path / "old.db", talk("a", 5), PLAIN.replace(" AUTOINCREMENT", ""))
    migrate(f"sqlite:///{tmp_path}/old.db")

    made = schema_of(tmp_path / "revisions.db")
    assert made == schema_of(tmp_path / "script.db")
    kept_form = [
        row for row in schema_of(tmp_path / "old.db") if row[:3] != ("table", "earlier_schema", "earlier_schema")
    ]
    assert kept_form == made


async def test_a_file_that_the_engine_made_is_at_head_and_is_stamped_when_it_is_migrated(path: Path, url: str) -> None:
    await (await open_store(url)).close()
    assert current(url) == "2"
    assert rows(path, "SELECT name FROM sqlite_schema WHERE name = 'alembic_version'") == []

    assert migrate(url).before == "2"

    assert rows(path, "SELECT version_num FROM alembic_version") == [("2",)]
    await (await open_store(url)).close()


@pytest.mark.parametrize("target", ["1", "2"])
def test_the_marks_of_the_file_agree_with_alembic(path: Path, url: str, target: str) -> None:
    make_old(path, talk("a", 2))
    migrate(url)
    migrate(url, target)

    at_head = target == "2"
    assert rows(path, "SELECT version_num FROM alembic_version") == [(target,)]
    assert rows(path, "PRAGMA user_version") == [(SCHEMA_VERSION if at_head else 0,)]
    assert rows(path, "PRAGMA application_id") == [(APPLICATION_ID if at_head else 0,)]


def test_marks_that_disagree_are_refused(path: Path, url: str) -> None:
    migrate(url)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '1'")

    with pytest.raises(StartUpError, match="is at revision 2, and its table alembic_version says 1"):
        migrate(url)


def test_going_to_base_and_up_again_leaves_an_empty_database(path: Path, url: str) -> None:
    migrate(url)
    migrate(url, "base")
    assert (current(url), rows(path, "SELECT name FROM sqlite_schema")) == (None, [("sqlite_sequence",)])

    migrate(url)
    assert [(one.number, one.is_current) for one in history(url)] == [("1", False), ("2", True)]


def test_dropping_the_old_table_needs_consent(path: Path, url: str) -> None:
    make_old(path, talk("a", 5))
    before = path.read_bytes()

    with pytest.raises(WouldLose, match="rows of chat_history: 5"):
        migrate(url, "base")
    assert path.read_bytes() == before


def refused(url: str, path: Path, **options: Any) -> str:
    """Why a file is not migrated; it is left as it was."""
    before = path.read_bytes()
    with pytest.raises((StartUpError, InvalidArgument)) as error:
        migrate(url, **options)
    assert path.read_bytes() == before
    return str(error.value)


def test_an_old_table_without_a_column_is_refused(path: Path, url: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE chat_history (id, session_id, role, message)")

    assert "chat_history has no column 'ts'" in refused(url, path)


def test_an_old_view_is_refused(path: Path, url: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE VIEW chat_history AS SELECT 1 AS id, 2 AS session_id, 3 AS role, 4 AS message, 5 AS ts"
        )

    assert "is a view, not a table" in refused(url, path)


def test_a_table_of_the_bot_under_a_needed_name_is_refused(path: Path, url: str) -> None:
    make_old(path, talk("a", 2), PLAIN, "CREATE TABLE users (name)")

    assert "has a table 'users' of its own" in refused(url, path)


def test_other_tables_of_the_bot_stay(path: Path, url: str) -> None:
    make_old(path, talk("a", 2), PLAIN, "CREATE TABLE songs (title)", "INSERT INTO songs VALUES ('x')")
    before = contents(path), contents(path, "songs")
    migrate(url)

    assert rows(path, "SELECT title FROM songs") == [("x",)]
    migrate(url, "1")
    assert (contents(path), contents(path, "songs")) == before


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 3", "schema version 3"),
        ("CREATE TABLE songs (title)", "another program"),
    ],
)
def test_a_newer_or_foreign_file_is_refused(path: Path, url: str, statement: str, told: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(statement)

    assert told in refused(url, path)


def test_a_revision_that_is_not_there_is_refused_with_those_that_are(path: Path, url: str) -> None:
    make_old(path, [])

    assert "Choose one of base, 1, 2, head" in refused(url, path, to="3")
    assert "no downgrade" in refused(url, path, direction="down")


@pytest.mark.parametrize("address", ["sqlite:///:memory:", "bot.db"])
def test_an_address_that_is_no_file_is_refused(address: str) -> None:
    with pytest.raises(InvalidArgument, match=r"sqlite:///bot\.db"):
        migrate(address)


def test_a_locked_file_is_called_locked(path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsm_engine.storage.migrating._LOCK_TIMEOUT_S", 0.05)
    make_old(path, talk("a", 2))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "is locked" in refused(url, path)
        other.execute("ROLLBACK")
    migrate(url)


MIGRATING = """
    import resource, sys
    from fsm_engine.storage.migrating import migrate
    if len(sys.argv) > 2:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    print(migrate(sys.argv[1]).before)
"""


def start(url: str, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(MIGRATING), url, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_of_two_programs_that_upgrade_at_once_one_does_it(path: Path, url: str) -> None:
    make_old(path, talk("a", 600))
    ended = [program.communicate(timeout=60) for program in [start(url), start(url)]]

    assert sorted(out for out, _ in ended) == ["1\n", "2\n"], ended
    assert rows(path, "SELECT count(*) FROM messages") == [(600,)]


def test_a_disk_without_room_leaves_the_old_file(path: Path, url: str) -> None:
    make_old(path, talk("a", 2000))
    before = contents(path)

    _, err = start(url, str(path.stat().st_size + 4096)).communicate(timeout=60)

    assert "StartUpError" in err
    assert contents(path) == before
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != path.stat().st_size + 4096
    migrate(url)
    assert rows(path, "SELECT count(*) FROM messages") == [(2000,)]


def test_nothing_that_was_said_stays_in_pages_that_nobody_uses(path: Path, url: str) -> None:
    make_old(path, [(1, "a", "user", "a secret of mine", "2024-01-01")])
    migrate(url)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; DELETE FROM conversations")

    assert b"a secret of mine" not in path.read_bytes()


def test_progress_tells_how_many_rows_are_done(path: Path, url: str) -> None:
    make_old(path, talk("a", 2500))
    told: list[tuple[int, int]] = []

    migrate(url, progress=lambda done, total: told.append((done, total)))

    assert told == [(1000, 2500), (2000, 2500), (2500, 2500)]


async def test_a_store_upgrades_an_older_file_when_asked_to(path: Path, url: str) -> None:
    make_old(path, talk("chat", 3))

    with pytest.raises(StartUpError, match=f"fsm-engine migrate {url}"):
        await open_store(url)
    store = await open_store(url, upgrade=True)
    messages = await store.messages.last("chat")
    await store.close()

    assert len(messages) == 3
    stores = await asyncio.gather(*(open_store(url, upgrade=True) for _ in range(3)))
    await asyncio.gather(*(store.close() for store in stores))


async def test_what_a_killed_upgrade_left_does_not_stop_the_next(path: Path, url: str) -> None:
    make_old(path, talk("chat", 3))
    script = (
        "import os, signal, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA cache_size = 1')\n"
        "c.execute('UPDATE chat_history SET message = ?', ('x' * 100_000,)); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, path], timeout=60, check=False)
    assert path.with_name("bot.db-journal").exists()
    shutil.copytree(path.parent, path.parent / "again")

    assert current(f"sqlite:///{path.parent}/again/bot.db") == "1"
    store = await open_store(url, upgrade=True)
    messages = await store.messages.last("chat")
    await store.close()

    assert [message.content for message in messages] == ["chat says 0", "chat says 1", "chat says 2"]


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_upgraded_and_given_back(path: Path, url: str) -> None:
    make_old(path, (row for n in range(2000) for row in talk(f"chat {n}", 50, first_id=1 + n * 50)))
    before = contents(path)

    up, down = migrate(url), migrate(url, "1")

    assert (up.rows, down.rows, down.losses) == (100_000, 100_000, ())
    assert contents(path) == before
