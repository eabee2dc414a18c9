"""A migration or a copy killed at any statement, step or moment: the database is the old one or the new one.

proves: D2, D7
"""

# proves: D2, D7

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing, suppress
from pathlib import Path

import pytest

from fsm_engine.storage.backup import backup, restore
from fsm_engine.storage.migrating import current, migrate
from tests.faults.figures import SEED, record, size
from tests.support import loading
from tests.support.old_files import PLAIN, contents, make_old, talk

ROWS = 60

KILLED_AT_A_STATEMENT = """
    import os, signal, sqlite3, sys
    from datetime import UTC, datetime
    url, to, last = sys.argv[1], sys.argv[2], int(sys.argv[3])
    connect, seen = sqlite3.connect, 0

    def count(statement):
        global seen
        seen += 1
        if seen == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def traced(path, *others, **options):
        connection = connect(path, *others, **options)
        if path != ":memory:":
            connection.execute("PRAGMA cache_size = 8")  # SQLite then writes pages long before it commits
            connection.set_trace_callback(count)
        return connection

    sqlite3.connect = traced
    from fsm_engine.storage import migrating
    migrating.migrate(url, to, now=datetime(2026, 1, 31, tzinfo=UTC))
    print(seen)
"""


def run_to(path: Path, to: str, last: int) -> subprocess.CompletedProcess[str]:
    """Migrates in a program that is killed when its statement number ``last`` begins; 0: it ends."""
    command = [sys.executable, "-c", textwrap.dedent(KILLED_AT_A_STATEMENT), f"sqlite:///{path}", to, str(last)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def everything(path: Path) -> list[object]:
    """All that stands in a file, as SQL; reading it first undoes what a dead program left half done."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        tables = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
        found: list[object] = [tables]
        for (name,) in connection.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name"
        ).fetchall():
            found.append((name, connection.execute(f"SELECT * FROM {name.decode()}").fetchall()))
        found += [connection.execute(f"PRAGMA {mark}").fetchone() for mark in ("user_version", "application_id")]
        assert connection.execute("PRAGMA integrity_check").fetchone() == (b"ok",)
        return found


@pytest.mark.parametrize(("start", "to"), [("1", "2"), ("2", "1")], ids=["upgrade", "downgrade"])
def test_a_migration_killed_at_any_statement_leaves_the_old_or_the_new(tmp_path: Path, start: str, to: str) -> None:
    first, path = tmp_path / "first.db", tmp_path / "bot.db"
    make_old(first, talk("a", ROWS), PLAIN, "CREATE INDEX by_session ON chat_history (session_id)")
    if start == "2":
        run_to(first, "2", 0)
    old = everything(first)
    shutil.copy(first, path)
    ended = run_to(path, to, 0)
    assert ended.returncode == 0, ended.stderr
    statements, new = int(ended.stdout), everything(path)
    assert old != new
    points = range(1, statements + 1)
    chosen = sorted({1, statements, *random.Random(SEED).sample(points, min(size(8, statements), statements))})

    kept = 0
    for last in chosen:
        path.unlink()
        for left in tmp_path.glob("bot.db-*"):
            left.unlink()
        shutil.copy(first, path)
        assert run_to(path, to, last).returncode == -signal.SIGKILL
        found = everything(path)
        assert found in (old, new), f"killed at statement {last} of {statements}"
        kept += found == old
        assert current(f"sqlite:///{path}") == (start if found == old else to)
    record(
        "D2",
        what=f"migration {start} to {to} killed",
        statements=statements,
        kills=len(chosen),
        old=kept,
        new=len(chosen) - kept,
        between=0,
    )
    assert kept > len(chosen) // 2


def test_a_migration_killed_at_any_moment_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    first, path = tmp_path / "first.db", tmp_path / "bot.db"
    make_old(first, (row for n in range(40) for row in talk(f"chat {n}", 50, first_id=1 + n * 50)))
    old = contents(first)
    program = (
        "import sys; from fsm_engine.storage.migrating import migrate, _scripts; import sqlalchemy; _scripts()\n"
        "print('ready', flush=True); migrate(sys.argv[1]); print('done', flush=True)"
    )
    chance, kept, changed = random.Random(SEED), 0, 0
    for _ in range(size(6, 100)):
        for left in tmp_path.glob("bot.db*"):
            left.unlink()
        shutil.copy(first, path)
        command = [sys.executable, "-c", program, f"sqlite:///{path}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == "ready\n"
            with suppress(subprocess.TimeoutExpired):
                running.wait(timeout=chance.uniform(0, 0.4))
            running.kill()
        if current(f"sqlite:///{path}") == "1":
            kept += 1
            assert contents(path) == old
        else:
            changed += 1
            assert migrate(f"sqlite:///{path}", "1").losses == ()
            assert contents(path) == old
    record("D2", what="migration killed at a random moment", kills=kept + changed, old=kept, new=changed, between=0)


COPYING = """
    import os, signal, sys
    from fsm_engine.storage import backup as module
    module.PAGES_PER_STEP = 4
    verb, source, target, last = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    steps = 0

    def step(event, _):
        global steps
        if event.startswith(("os.", "open", "sqlite3.", "shutil.", "tempfile.")):
            steps += 1
            if steps == last:
                os.kill(os.getpid(), signal.SIGKILL)

    def copied(done, total):
        if done <= 6 * module.PAGES_PER_STEP:  # a database in use grows; later steps keep their number
            step("os.copied", None)

    sys.addaudithook(step)
    getattr(module, verb)(source, target, progress=copied, **({"force": True} if verb == "restore" else {}))
    last = -1
    print(steps)
"""


def copy_to(verb: str, source: str, target: str, last: int) -> subprocess.CompletedProcess[str]:
    """Copies in a program that is killed at its step ``last``: a call of the system, or a step of SQLite's copying."""
    command = [sys.executable, "-c", textwrap.dedent(COPYING), verb, source, target, str(last)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def clear(folder: Path, name: str) -> None:
    """Takes away what the kill before left, which would be steps of its own."""
    for left in [*folder.glob(f"{name}*"), *folder.glob(f".{name}*")]:
        left.unlink()


def chosen_of(steps: int) -> list[int]:
    return sorted({1, steps - 1, steps, *random.Random(SEED).sample(range(1, steps + 1), min(size(8, steps), steps))})


def test_a_backup_killed_at_any_step_leaves_no_copy_or_a_good_one(tmp_path: Path) -> None:
    path, copy = tmp_path / "bot.db", tmp_path / "copy.db"
    with loading.start(path, 16) as program:
        assert program.stdout is not None
        for _ in range(64):
            program.stdout.readline()
        ended = copy_to("backup", f"sqlite:///{path}", str(copy), 0)
        assert ended.returncode == 0, ended.stderr
        kills, whole = chosen_of(int(ended.stdout)), 0
        for last in kills:
            clear(tmp_path, "copy.db")
            copy_to("backup", f"sqlite:///{path}", str(copy), last)
            if copy.exists():
                whole += 1
                assert everything(copy)
        program.kill()
    left = len(list(tmp_path.glob(".copy.db.*.partial")))
    copy.unlink(missing_ok=True)
    backup(f"sqlite:///{path}", copy)
    record(
        "D7", what="backup killed", kills=len(kills), good=whole, none=len(kills) - whole, torn=0, partial_files=left
    )
    assert list(tmp_path.glob(".copy.db.*.partial")) == []
    assert 0 < whole < len(kills)


def test_a_restore_killed_at_any_step_leaves_the_old_or_the_restored(tmp_path: Path) -> None:
    source, other = tmp_path / "source.db", tmp_path / "other.db"
    make_old(source, talk("restored", 40))
    make_old(other, talk("replaced", 30))
    migrate(f"sqlite:///{source}")
    migrate(f"sqlite:///{other}")
    backup(f"sqlite:///{source}", tmp_path / "copy.db")
    old, new = everything(other), everything(source)
    path = tmp_path / "bot.db"
    shutil.copy(other, path)
    ended = copy_to("restore", str(tmp_path / "copy.db"), f"sqlite:///{path}", 0)
    assert ended.returncode == 0, ended.stderr
    kills, kept = chosen_of(int(ended.stdout)), 0
    for last in kills:
        clear(tmp_path, "bot.db")
        shutil.copy(other, path)
        assert copy_to("restore", str(tmp_path / "copy.db"), f"sqlite:///{path}", last).returncode == -signal.SIGKILL
        found = everything(path)
        assert found in (old, new)
        kept += found == old
    restore(tmp_path / "copy.db", f"sqlite:///{path}", force=True)
    record("D7", what="restore killed", kills=len(kills), old=kept, restored=len(kills) - kept, torn=0)
    assert everything(path) == new
    assert list(tmp_path.glob(".bot.db.*.partial")) == []
    assert 0 < kept < len(kills)
