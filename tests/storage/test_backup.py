# ruff: noqa: ASYNC221, ASYNC240 - tests run one at a time, so blocking the loop blocks nobody
"""Copies of a database in use, and putting them back. proves: D7"""

# proves: D7

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fsm_engine.errors import InvalidArgument, OperationFailed, StartUpError
from fsm_engine.storage import open_store
from fsm_engine.storage.backup import backup, restore
from fsm_engine.storage.file_places import side_files
from tests.storage.full_turn import full_turn
from tests.support import loading
from tests.support.old_files import contents, make_old, talk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy.db"


async def fill(url: str, turns: int = 5, conversations: int = 2) -> None:
    store = await open_store(url)
    for name in (f"chat {number}" for number in range(conversations)):
        for number in range(1, turns + 1):
            await store.commit(full_turn(number, name))
    await store.close()


def everything(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables}


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def test_a_backup_holds_every_row_and_restores_to_the_same(
    tmp_path: Path, path: Path, url: str, copy: Path
) -> None:
    await fill(url)
    made = backup(url, copy)
    restored = restore(copy, f"sqlite:///{tmp_path}/again.db")

    assert everything(copy) == everything(tmp_path / "again.db") == everything(path)
    assert (made.size, made.seals_broken) == (copy.stat().st_size, 0)
    assert min(made.rows_compared, restored.rows_compared) >= 10 * 4
    assert made.seals_checked >= 12
    assert names(tmp_path) == ["again.db", "bot.db", "copy.db"]
    store = await open_store(f"sqlite:///{tmp_path}/again.db")
    await store.commit(full_turn(6, "chat 0"))
    await store.close()


async def test_a_backup_under_way_holds_up_nobody(
    path: Path, url: str, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fsm_engine.storage.backup.PAGES_PER_STEP", 8)
    await fill(url, turns=30)
    store = await open_store(url, busy_timeout_s=0)
    loop, number = asyncio.get_running_loop(), 30

    def write_a_turn(done: int, total: int) -> None:
        nonlocal number
        number += 1
        assert number < 500, "every turn makes the copy begin anew"
        asyncio.run_coroutine_threadsafe(store.commit(full_turn(number, "chat 0")), loop).result(10)

    before = everything(path)
    await asyncio.to_thread(backup, url, copy, progress=write_a_turn)
    await store.close()

    assert number > 35
    assert everything(copy) == before


@pytest.fixture
def load(path: Path) -> Iterator[subprocess.Popen[str]]:
    with loading.start(path, 16) as program:
        yield program
        program.kill()


def journals(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        found: dict[str, list[tuple[Any, ...]]] = {}
        for session, *line in connection.execute(
            "SELECT s.id, t.* FROM turns AS t JOIN sessions AS s ON s.key = t.session ORDER BY t.session, t.number"
        ):
            found.setdefault(session.removeprefix("session of "), []).append(tuple(line))
        return found


def test_a_restored_backup_is_a_prefix_of_each_journal_with_all_that_was_acknowledged_before(
    tmp_path: Path, path: Path, url: str, copy: Path, load: subprocess.Popen[str]
) -> None:
    assert load.stdout is not None
    before = loading.acknowledged([load.stdout.readline() for _ in range(600)])

    backup(url, copy)
    after = [load.stdout.readline() for _ in range(400)]
    load.kill()
    load.wait()
    restore(copy, f"sqlite:///{tmp_path}/again.db")

    final, restored = journals(path), journals(tmp_path / "again.db")
    assert len(before) == len(restored) == 16
    for name, lines in restored.items():
        assert [line[1] for line in lines] == list(range(1, len(lines) + 1))
        assert lines == final[name][: len(lines)]
        assert len(lines) >= before[name]
    assert sum(map(len, restored.values())) < sum(map(len, final.values()))
    assert loading.acknowledged(after)


def test_an_old_file_can_be_backed_up_before_it_is_migrated(path: Path, url: str, copy: Path) -> None:
    make_old(path, talk("chat", 10))

    assert backup(url, copy).rows_compared >= 10
    assert contents(copy) == contents(path)


async def test_a_file_that_is_there_is_not_overwritten(path: Path, url: str, copy: Path) -> None:
    await fill(url)
    for file in (copy, *side_files(copy)):
        file.write_text("mine")
        with pytest.raises(StartUpError, match="not overwritten"):
            backup(url, copy)
        assert file.read_text() == "mine"
        file.unlink()


async def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path, url: str, copy: Path) -> None:
    await fill(url)

    with pytest.raises(StartUpError, match="not overwritten"):
        backup(url, copy, progress=lambda done, total: copy.write_text("mine") and None)

    assert copy.read_text() == "mine"
    assert names(tmp_path) == ["bot.db", "copy.db"]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        ("", "there is no such file"),
        ("VACUUM", "holds nothing"),
        ("CREATE TABLE songs (title)", "another program"),
        ("PRAGMA application_id = 1179864389; PRAGMA user_version = 3; CREATE TABLE t (x)", "newer fsm_engine"),
    ],
)
def test_what_is_no_database_of_the_engine_is_not_backed_up(
    tmp_path: Path, path: Path, url: str, copy: Path, make: str, told: str
) -> None:
    if make:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(make)
        path.touch()

    with pytest.raises(StartUpError, match=told):
        backup(url, copy)
    with pytest.raises(StartUpError, match=told):
        restore(path, f"sqlite:///{copy}")
    assert names(tmp_path) == (["bot.db"] if make else [])


def test_a_database_in_memory_has_no_backup(copy: Path) -> None:
    with pytest.raises(InvalidArgument, match="has no file"):
        backup("sqlite:///:memory:", copy)


async def test_a_missing_folder_is_named(tmp_path: Path, url: str) -> None:
    await fill(url, 1)
    with pytest.raises(StartUpError, match="there is no folder"):
        backup(url, tmp_path / "nowhere" / "copy.db")


def damage(path: Path) -> None:
    """Overwrites a page of messages: the file still opens."""
    with closing(sqlite3.connect(path)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'messages'").fetchall()
        ((size,),) = connection.execute("PRAGMA page_size").fetchall()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)


async def test_a_damaged_database_gives_no_backup_that_looks_good(
    tmp_path: Path, path: Path, url: str, copy: Path
) -> None:
    await fill(url, turns=60)
    damage(path)

    with pytest.raises(OperationFailed, match="damaged"):
        backup(url, copy)
    assert names(tmp_path) == ["bot.db"]


async def test_rows_under_a_broken_seal_are_counted(path: Path, url: str, copy: Path) -> None:
    await fill(url)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sessions SET state_hash = x'00' WHERE id = 'session of chat 1'")

    broken = backup(url, copy, random=Random(1)).seals_broken
    under_another_key = restore(copy, f"sqlite:///{path}", force=True, row_key=b"another")

    assert broken >= 1
    assert under_another_key.seals_broken == under_another_key.seals_checked


async def test_a_disk_without_room_is_told_and_nothing_stays(tmp_path: Path, url: str, copy: Path) -> None:
    await fill(url, turns=30)
    script = """
        import resource, sys
        from fsm_engine.errors import OperationFailed
        from fsm_engine.storage.backup import backup
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            backup(*sys.argv[1:])
        except OperationFailed as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), url, str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.startswith(f"backup {copy}: ")
    assert names(tmp_path) == ["bot.db"]


# ----------------------------------------------------------------------------------------------------------------------
# Restoring over what is there


async def test_a_database_is_replaced_only_when_that_is_said(path: Path, url: str, copy: Path) -> None:
    await fill(url, turns=2)
    backup(url, copy)
    await fill(url.replace("bot", "other"), turns=3)
    other = path.with_name("other.db")
    other.chmod(0o640)
    before = other.read_bytes()

    with pytest.raises(StartUpError, match="--force"):
        restore(copy, f"sqlite:///{other}")
    assert other.read_bytes() == before

    restore(copy, f"sqlite:///{other}", force=True)
    assert everything(other) == everything(copy)
    assert other.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("where", ["this process", "another process"])
async def test_a_database_that_is_open_is_not_replaced(path: Path, url: str, copy: Path, where: str) -> None:
    await fill(url, turns=2)
    backup(url, copy)
    if where == "this process":
        store = await open_store(url)
        with pytest.raises(StartUpError, match="is open in another program"):
            restore(copy, url, force=True)
        await store.commit(full_turn(3, "chat 0"))
        await store.close()
    else:
        with loading.start(path, 2) as program:
            assert program.stdout is not None
            program.stdout.readline()
            with pytest.raises(StartUpError, match="is open in another program"):
                restore(copy, url, force=True)
            assert program.stdout.readline()
            program.kill()

    restore(copy, url, force=True)
    assert everything(path) == everything(copy)


async def test_the_log_of_a_killed_bot_is_gone_with_its_database(path: Path, url: str, copy: Path) -> None:
    await fill(url, turns=2)
    backup(url, copy)
    with loading.start(path, 4) as program:
        assert program.stdout is not None
        program.stdout.readline()
        program.send_signal(signal.SIGKILL)
    assert path.with_name("bot.db-wal").stat().st_size

    restore(copy, url, force=True)

    assert everything(path) == everything(copy)
    assert not any(file.exists() for file in side_files(path))


@pytest.mark.parametrize("header", [True, False])
async def test_a_database_that_cannot_be_read_any_more_is_replaced(
    path: Path, url: str, copy: Path, header: bool
) -> None:
    await fill(url, turns=2)
    backup(url, copy)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE sessions SET status = 'cancelled'")
        log = path.with_name("bot.db-wal").read_bytes()
    assert len(log) > 4096
    with path.open("r+b") as file:
        file.seek(0 if header else 100)
        file.write(b"\xa5" * 5000)
    path.with_name("bot.db-wal").write_bytes(log)
    path.with_name("bot.db-journal").write_bytes(b"of something else")

    restore(copy, url, force=True)

    assert everything(path) == everything(copy)
    assert not any(file.exists() for file in side_files(path))


async def test_a_database_that_cannot_be_read_but_is_open_is_not_replaced(path: Path, url: str, copy: Path) -> None:
    await fill(url, turns=2)
    backup(url, copy)
    with loading.start(path, 2) as program:
        assert program.stdout is not None
        program.stdout.readline()
        with path.open("r+b") as file:
            file.write(b"\xa5" * 100)
        with pytest.raises(StartUpError, match="is open in another program"):
            restore(copy, url, force=True)
        program.kill()


async def test_a_log_without_its_database_does_not_get_into_the_restored_one(path: Path, url: str, copy: Path) -> None:
    await fill(url, turns=2)
    backup(url, copy)
    with loading.start(path, 4) as program:
        assert program.stdout is not None
        program.stdout.readline()
        program.kill()
    path.unlink()

    with pytest.raises(StartUpError, match=r"bot\.db-wal: is there already"):
        restore(copy, url)
    restore(copy, url, force=True)

    assert everything(path) == everything(copy)


async def test_a_damaged_backup_is_refused_and_the_database_stays(path: Path, url: str, copy: Path) -> None:
    await fill(url, turns=60)
    backup(url, copy)
    damage(copy)
    before = everything(path)

    with pytest.raises(OperationFailed, match="damaged"):
        restore(copy, url, force=True)
    assert everything(path) == before
    store = await open_store(url)
    await store.commit(full_turn(61, "chat 0"))
    await store.close()


async def test_a_database_is_not_restored_from_itself(path: Path, url: str) -> None:
    await fill(url, turns=2)

    with pytest.raises(InvalidArgument, match="is the backup itself"):
        restore(path, url, force=True)


WAITING = """
    import sqlite3, sys
    connection = sqlite3.connect(sys.argv[1], timeout=30)
    print("open", flush=True)
    try:
        print(connection.execute("SELECT count(*) FROM turns").fetchone())
    except sqlite3.DatabaseError as error:
        print(error.sqlite_errorname)
"""


async def test_a_program_that_came_in_during_a_restore_does_not_go_on_in_the_old_file(
    path: Path, url: str, copy: Path
) -> None:
    await fill(url, turns=2)
    backup(url, copy)
    came: list[subprocess.Popen[str]] = []

    def come_in(done: int, total: int) -> None:
        if not came:
            command = [sys.executable, "-c", textwrap.dedent(WAITING), str(path)]
            came.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            assert came[0].stdout is not None
            assert came[0].stdout.readline() == "open\n"

    restore(copy, url, force=True, progress=come_in)

    assert came[0].communicate(timeout=60)[0] == "SQLITE_NOTADB\n"
    assert everything(path) == everything(copy)


KILLED = """
    import os, signal, sys
    from fsm_engine.storage import backup as module
    module.PAGES_PER_STEP = 4
    left = int(sys.argv[1])
    def die(done, total):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    getattr(module, sys.argv[2])(*sys.argv[3:], progress=die, **({"force": True} if sys.argv[2] == "restore" else {}))
"""


@pytest.mark.parametrize("steps", [0, 3])
async def test_what_a_killed_backup_leaves_is_cleared_away_by_the_next(
    tmp_path: Path, url: str, copy: Path, steps: int
) -> None:
    await fill(url, turns=20)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(steps), "backup", url, str(copy)]
    assert subprocess.run(command, timeout=60, check=False).returncode == -signal.SIGKILL
    left = [name for name in names(tmp_path) if name.endswith(".partial")]
    assert (len(left), copy.exists()) == (1, False)

    backup(url, copy)

    assert names(tmp_path) == ["bot.db", "copy.db"]


async def test_a_backup_under_way_is_not_cleared_away_by_another(tmp_path: Path, url: str, copy: Path) -> None:
    await fill(url, turns=20)
    seen: list[int] = []

    def begin_another(done: int, total: int) -> None:
        if not seen:
            seen.append(len([name for name in names(tmp_path) if name.endswith(".partial")]))
            script = "import sys; from fsm_engine.storage.backup import backup; backup(*sys.argv[1:])"
            subprocess.run([sys.executable, "-c", script, url, str(copy)], timeout=60, check=True)
            seen.append(len([name for name in names(tmp_path) if name.endswith(".partial")]))

    with pytest.raises(StartUpError, match="is there by now"):
        backup(url, copy, progress=begin_another)

    assert seen == [1, 1]
    assert names(tmp_path) == ["bot.db", "copy.db"]
    assert copy.stat().st_nlink == 1
