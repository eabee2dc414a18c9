# ruff: noqa: ASYNC220, ASYNC221, ASYNC240 - tests run one at a time, so blocking the loop blocks nobody
"""Start-up: what is wrong is said in one line, and nothing half-made stays behind. proves: D1, D3, D5, D6"""

# proves: D3, D6

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fsm_engine.errors import InvalidArgument, StartUpError
from fsm_engine.storage import open_store
from fsm_engine.storage.schema import APPLICATION_ID, schema_script
from fsm_engine.storage.sqlite_file import (
    SqliteSettings,
    check_library,
    connect,
    create_schema,
    inspect,
    remove_if_empty,
)
from tests.turns import turn

NOBODY = 65534


async def refusal(path: Path | str, **settings: float) -> str:
    with pytest.raises(StartUpError) as refused:
        await open_store(f"sqlite:///{path}", busy_timeout_s=settings.get("busy_timeout_s", 0.1))
    message = str(refused.value)
    assert "\n" not in message
    assert str(path) in message
    return message


async def test_a_fresh_file_gets_its_schema_and_keeps_its_turns(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/bot.db")
    await store.commit(turn(1))
    await store.close()

    store = await open_store(f"sqlite:///{tmp_path}/bot.db")
    assert (await store.load("chat", None)) is not None
    await store.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bot.db"]


async def test_a_relative_path_has_three_slashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await (await open_store("sqlite:///bot.db")).close()

    assert (tmp_path / "bot.db").exists()


async def test_an_empty_file_is_fresh(tmp_path: Path) -> None:
    (tmp_path / "bot.db").touch()
    store = await open_store(f"sqlite:///{tmp_path}/bot.db")
    await store.commit(turn(1))
    await store.close()

    assert inspect(f"{tmp_path}/bot.db") == "current"


async def test_a_database_in_memory_is_each_store_s_own() -> None:
    first, second = await open_store("sqlite:///:memory:"), await open_store("sqlite:///:memory:")
    await first.commit(turn(1))

    assert await second.load("chat", None) is None
    await first.close()
    await second.close()


@pytest.mark.parametrize(
    "address", ["bot.db", "", "sqlite://", "sqlite:///", "mysql://x/y", "sqlite:///a.db?mode=ro", "sqlite:///file:a.db"]
)
async def test_an_address_that_is_none_is_refused_with_examples(address: str) -> None:
    with pytest.raises(InvalidArgument, match=r"sqlite:///bot\.db"):
        await open_store(address)


async def test_a_password_in_a_wrong_address_is_not_repeated() -> None:
    with pytest.raises(InvalidArgument) as refused:
        await open_store("mysql://root:secret@host/db")

    assert "secret" not in str(refused.value)


async def test_postgresql_is_refused_for_now() -> None:
    with pytest.raises(StartUpError, match="PostgreSQL"):
        await open_store("postgresql://host/db")


@pytest.mark.parametrize(
    "settings",
    [{"durability": "none"}, {"row_key": b""}, {"row_key": b"x" * 65}, {"busy_timeout_s": -1}, {"queue_limit": 0}],
)
async def test_a_setting_that_cannot_be_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument):
        await open_store("sqlite:///:memory:", **settings)  # type: ignore[arg-type]


async def test_a_missing_folder_is_named_and_not_made(tmp_path: Path) -> None:
    assert "no folder" in await refusal(tmp_path / "nowhere" / "bot.db")
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert "is a folder" in await refusal(tmp_path)


async def test_a_link_to_a_file_that_is_not_there_yet_makes_that_file(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to("bot.db")
    await (await open_store(f"sqlite:///{tmp_path}/link.db")).close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["bot.db", "link.db"]


async def test_links_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    (tmp_path / "one.db").symlink_to("other.db")
    (tmp_path / "other.db").symlink_to("one.db")
    (tmp_path / "lost.db").symlink_to(tmp_path / "nowhere" / "bot.db")

    assert "lead in a circle" in await refusal(tmp_path / "one.db")
    assert f"there is no folder {tmp_path}/nowhere" in await refusal(tmp_path / "lost.db")
    with pytest.raises(StartUpError, match="circle"):
        inspect(str(tmp_path / "one.db"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lost.db", "one.db", "other.db"]


async def test_what_is_no_ordinary_file_is_named_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.db")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.db"))

    assert "is a named pipe" in await refusal(tmp_path / "pipe.db")
    assert "is a socket" in await refusal(tmp_path / "socket.db")
    assert "is a device" in await refusal("/dev/null")
    with pytest.raises(StartUpError, match="named pipe"):
        inspect(str(tmp_path / "pipe.db"))


async def test_a_path_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    assert "a part of its path is a file" in await refusal(tmp_path / "file" / "bot.db")
    assert "name is too long" in await refusal(tmp_path / ("x" * 300))


async def test_a_text_file_is_no_database_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("remember the milk\n" * 200)

    assert "not a SQLite database" in await refusal(path)
    assert path.read_text() == "remember the milk\n" * 200
    assert list(tmp_path.iterdir()) == [path]


async def test_another_program_s_database_is_left_alone(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "other.db")
    other.executescript("CREATE TABLE songs (title TEXT); PRAGMA user_version = 2;")
    other.close()
    before = (tmp_path / "other.db").read_bytes()

    assert "another program" in await refusal(tmp_path / "other.db")
    assert (tmp_path / "other.db").read_bytes() == before


async def test_an_older_schema_is_told_how_to_upgrade(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old.db")
    old.execute("CREATE TABLE chat_history (id INTEGER PRIMARY KEY, session_id TEXT, role TEXT, message TEXT, ts TEXT)")
    old.close()

    assert "fsm-engine migrate" in await refusal(tmp_path / "old.db")


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    newer = sqlite3.connect(tmp_path / "newer.db")
    newer.executescript(f"PRAGMA user_version = 3; PRAGMA application_id = {APPLICATION_ID}; CREATE TABLE t (x);")
    newer.close()

    message = await refusal(tmp_path / "newer.db")
    assert "version 3" in message
    assert "newer" in message


async def test_a_damaged_file_is_called_damaged(tmp_path: Path) -> None:
    await (await open_store(f"sqlite:///{tmp_path}/bot.db")).close()
    path = tmp_path / "bot.db"
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)

    assert "damaged" in await refusal(path)


async def test_a_locked_database_is_called_locked(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await (await open_store(f"sqlite:///{path}")).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    assert "locked" in await refusal(path)
    other.close()
    await (await open_store(f"sqlite:///{path}")).close()


async def test_a_reader_that_holds_up_the_write_ahead_log_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.executescript(schema_script())
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN")
    other.execute("SELECT * FROM users").fetchall()
    opening = asyncio.create_task(open_store(f"sqlite:///{path}", busy_timeout_s=10))
    done, _ = await asyncio.wait([opening], timeout=0.1)
    assert not done
    other.execute("COMMIT")

    await (await opening).close()
    other.close()
    write_ahead_log = b"\2\2"
    assert path.read_bytes()[18:20] == write_ahead_log


def test_a_sqlite_library_that_is_too_old_is_refused() -> None:
    check_library((3, 38, 0))
    with pytest.raises(StartUpError, match=r"3\.37\.2: is too old, 3\.38\.0"):
        check_library((3, 37, 2))


def test_only_an_empty_file_is_cleared_away_after_a_failure(tmp_path: Path) -> None:
    for name, content in (("empty", ""), ("full", "x")):
        (tmp_path / name).write_text(content)
        remove_if_empty(tmp_path / name)

    assert [path.name for path in tmp_path.iterdir()] == ["full"]


async def test_a_fresh_file_that_another_program_holds_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    assert "locked" in await refusal(path)
    assert path.exists()
    other.close()


async def test_looking_at_a_database_makes_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    assert inspect(str(path)) == "missing"
    assert list(tmp_path.iterdir()) == []

    path.touch()
    assert inspect(str(path)) == "fresh"
    await (await open_store(f"sqlite:///{path}")).close()
    before = path.read_bytes()
    assert inspect(str(path)) == "current"
    assert path.read_bytes() == before
    path.write_text("remember the milk" * 100)
    with pytest.raises(StartUpError, match="not a SQLite database"):
        inspect(str(path))


async def test_looking_at_a_database_in_use_disturbs_nobody(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/bot.db")
    await store.commit(turn(1))
    assert inspect(f"{tmp_path}/bot.db") == "current"
    await store.commit(turn(2))
    await store.close()


# The child only opens a file and ends; newer Pythons warn of threads, which the test runner may have.
FORKS = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def refusal_as_nobody(path: Path) -> str:
    """What opening says to an ordinary user: root may write everywhere, so a test run by root changes its user."""
    schema_script()  # read before: the user may not be allowed to
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        said = "opened"
        try:
            if os.geteuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            connect(str(path), SqliteSettings(busy_timeout_s=0.1)).close()
        except StartUpError as error:
            said = f"{type(error).__name__}: {error}"
        finally:
            os.write(write_end, said.encode())
            os._exit(0)
    os.close(write_end)
    os.waitpid(child, 0)
    with os.fdopen(read_end) as pipe:
        return pipe.read()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own ones are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        inner = Path(name, "mine")
        inner.mkdir()
        yield inner
        inner.chmod(0o755)


@FORKS
def test_a_folder_that_cannot_be_written_is_told(folder: Path) -> None:
    folder.chmod(0o555)

    assert refusal_as_nobody(folder / "bot.db").startswith(f"StartUpError: database {folder}/bot.db: cannot be written")
    assert list(folder.iterdir()) == []


@FORKS
def test_a_file_that_cannot_be_written_is_told(folder: Path) -> None:
    connect(str(folder / "bot.db"), SqliteSettings()).close()
    (folder / "bot.db").chmod(0o444)
    folder.chmod(0o555)

    assert refusal_as_nobody(folder / "bot.db").startswith(f"StartUpError: database {folder}/bot.db: cannot be written")


@FORKS
def test_a_folder_that_may_not_be_entered_is_told(folder: Path) -> None:
    folder.chmod(0o600)

    refused = refusal_as_nobody(folder / "bot.db")
    assert refused.startswith(f"StartUpError: database {folder}/bot.db: its folder may not be looked into")


@FORKS
def test_a_log_of_another_user_is_told(folder: Path) -> None:
    folder.chmod(0o777)
    writer = connect(str(folder / "bot.db"), SqliteSettings())
    for file in folder.iterdir():
        file.chmod(0o666 if file.name == "bot.db" else 0o600)

    refused = refusal_as_nobody(folder / "bot.db")
    writer.close()
    assert refused.startswith(f"StartUpError: database {folder}/bot.db: cannot be written")
    assert "-wal, -shm" in refused


LIMITED = """
    import asyncio, resource, sys
    from fsm_engine.errors import StartUpError
    from fsm_engine.storage import open_store
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        asyncio.run(open_store(sys.argv[1]))
    except StartUpError as error:
        print(error)
"""


def test_a_disk_without_room_for_the_schema_is_told_and_nothing_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(LIMITED), f"sqlite:///{tmp_path}/bot.db"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.startswith(f"database {tmp_path}/bot.db: cannot be opened")
    assert list(tmp_path.iterdir()) == []


KILLED = """
    import os, signal, sqlite3, sys
    from fsm_engine.storage.schema import schema_script
    from fsm_engine.storage.sqlite_file import create_schema
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")  # makes SQLite write pages before it commits
    connection.create_function("die", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
    create_schema(connection, schema_script().replace(sys.argv[2], "SELECT die(); " + sys.argv[2], 1))
"""


@pytest.mark.parametrize("before", ["CREATE TABLE users", "CREATE TABLE turns", "CREATE VIEW turn_details", "COMMIT;"])
async def test_a_process_killed_while_it_makes_the_schema_leaves_none_of_it(tmp_path: Path, before: str) -> None:
    path = tmp_path / "bot.db"
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), path, before], check=False, timeout=30)
    assert killed.returncode == -9
    left = sqlite3.connect(path)
    assert left.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    left.close()

    store = await open_store(f"sqlite:///{path}")
    await store.commit(turn(1))
    await store.close()


TOGETHER = """
    import asyncio, sys, time
    from fsm_engine.storage import open_store
    async def main():
        store = await open_store(sys.argv[1])
        await store.conversations.create(sys.argv[3], now="2026")
        await store.close()
    while time.time() < float(sys.argv[2]):
        pass
    asyncio.run(main())
"""


async def test_processes_that_open_a_fresh_file_at_once_all_work(tmp_path: Path) -> None:
    url, start = f"sqlite:///{tmp_path}/bot.db", str(time.time() + 0.5)
    script = textwrap.dedent(TOGETHER)
    programs = [subprocess.Popen([sys.executable, "-c", script, url, start, f"chat {number}"]) for number in range(4)]

    assert [program.wait(timeout=30) for program in programs] == [0, 0, 0, 0]
    store = await open_store(url)
    assert len(await store.conversations.with_status("active")) == 4
    await store.close()


def test_a_schema_that_another_process_was_quicker_to_make_is_taken_as_it_is(tmp_path: Path) -> None:
    connection = connect(str(tmp_path / "bot.db"), SqliteSettings())
    create_schema(connection, schema_script())

    assert not connection.in_transaction
    connection.close()


def test_a_schema_that_stops_half_way_is_undone_and_told(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        create_schema(connection, schema_script().replace("CREATE TABLE turns", "CREATE TABEL turns"))

    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    connection.close()


async def test_tasks_that_open_a_fresh_file_at_once_all_work(tmp_path: Path) -> None:
    stores = await asyncio.gather(*(open_store(f"sqlite:///{tmp_path}/bot.db") for _ in range(8)))

    await asyncio.gather(*(store.commit(turn(1, conversation=f"{number}")) for number, store in enumerate(stores)))
    loaded = [await stores[0].load(f"{number}", None) for number in range(len(stores))]
    await asyncio.gather(*(store.close() for store in stores))

    assert None not in loaded


@pytest.mark.parametrize("steps", range(6))
async def test_opening_that_is_cancelled_leaves_nothing_open(tmp_path: Path, steps: int) -> None:
    url = f"sqlite:///{tmp_path}/bot.db"
    opening = asyncio.create_task(open_store(url))
    for _ in range(steps):
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening])

    assert opening.cancelled()
    assert sorted(path.name for path in tmp_path.iterdir()) in ([], ["bot.db"])
    await (await open_store(url)).close()


def test_the_script_that_travels_is_the_one_at_the_root() -> None:
    assert schema_script() == (Path(__file__).parents[2] / "schema_v2.sql").read_text()


def test_a_file_that_another_program_has_written_anew_is_read_anew(tmp_path: Path) -> None:
    """A statement that is prepared then meets a schema that SQLite has not read again yet."""
    path = str(tmp_path / "bot.db")
    with closing(connect(path, SqliteSettings())) as one, closing(connect(path, SqliteSettings())) as other:
        one.execute("VACUUM")
        other.execute("INSERT INTO turn_intake (conversation_id, base_version) SELECT 'chat', 0 WHERE false").fetchall()
        assert other.execute("SELECT count(*) FROM conversations").fetchall() == [(0,)]
