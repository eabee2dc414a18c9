"""Each kind of damage is found, named and tied to whom it touches; a sound database is left as it is. proves: D5"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from fsm_engine import Engine
from fsm_engine.errors import StartUpError
from fsm_engine.storage import inspection as inspection_module
from fsm_engine.storage.findings import Finding, Inspection
from fsm_engine.storage.inspection import inspect_database
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.surroundings import has_reset_fault
from tests.support.bots import BUY, ORDER, Bot

NOW = "2026-03-04T09:29:59.000000Z"
ALWAYS_NOTED = {"old-sqlite", "readable-by-all"}


def found(bot: Bot, *, now: str = NOW) -> dict[str, Finding]:
    """By code, without what only tells of this machine."""
    inspection = inspect_database(str(bot.database), now=now)
    return {finding.code: finding for finding in inspection.findings if finding.code not in ALWAYS_NOTED}


@pytest.fixture
async def bot(tmp_path: Path) -> Bot:
    """Three conversations: two active, one over and begun anew."""
    bot = Bot(tmp_path, ORDER)
    async with bot.open() as engine:
        for chat in ("one", "two", "three"):
            await engine.turn(chat, "I want to order", user_id="ana", request_id=f"r {chat}")
            await engine.turn(chat, "aquamarine soup")
        await engine.turn("three", "no wish")
        bot.clock.advance(1)
        await engine.turn("three", "I want to order")
    return bot


def session_of(bot: Bot, chat: str) -> str:
    ((id_,),) = bot.rows(
        "SELECT s.id FROM sessions AS s JOIN conversations AS c ON c.key = s.conversation WHERE c.id = ? ORDER BY 1 LIMIT 1",
        chat,
    )
    return str(id_)


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in folder.glob("bot.db*")}


def test_a_sound_database_is_called_sound_and_not_a_byte_changes(bot: Bot, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    inspection = inspect_database(str(bot.database), now=NOW)

    assert snapshot(tmp_path) == before
    assert inspection.is_sound
    assert {finding.code for finding in inspection.findings} <= ALWAYS_NOTED
    assert inspection.facts["sessions"] == 4
    assert inspection.facts["turns"] == 8
    assert inspection.facts["open_elsewhere"] is False


# What is done to the file, the finding it leads to, whether that names sessions or conversations, and of whom.
DAMAGE = {
    "state": ("UPDATE sessions SET state_json = replace(state_json, 'soup', 'soap') WHERE key = 2", "session-damaged", "sessions", ["two"]),
    "state hash": ("UPDATE sessions SET state_hash = zeroblob(16) WHERE key = 1", "session-damaged", "sessions", ["one"]),
    "state no text": ("UPDATE sessions SET state_json = CAST(x'fffe' AS TEXT) WHERE key = 2", "session-damaged", "sessions", ["two"]),
    "another's state": ("UPDATE sessions SET state_json = (SELECT state_json FROM sessions WHERE key = 2) WHERE key = 1", "session-damaged", "sessions", ["one"]),
    "journal": ("UPDATE turns SET reply_json = replace(reply_json, 'dish', 'fish') WHERE session = 1 AND number = 1", "turn-damaged", "sessions", ["one"]),
    "journal line gone": ("DELETE FROM turns WHERE session = 2 AND number = 1", "journal-incomplete", "sessions", ["two"]),
    "journal number": ("UPDATE turns SET number = 9 WHERE session = 2 AND number = 2", "journal-incomplete", "sessions", ["two"]),
    "version ahead": ("UPDATE conversations SET version = 9 WHERE id = 'one'", "version-differs", "conversations", ["one"]),
    "version behind": ("UPDATE conversations SET version = 1 WHERE id = 'one'", "version-differs", "conversations", ["one"]),
    "count": ("UPDATE conversations SET message_count = 99 WHERE id = 'two'", "message-count", "conversations", ["two"]),
    "message gone": ("DROP TRIGGER messages_are_counted; DELETE FROM messages WHERE id = 1", "message-count", "conversations", ["one"]),
    "numbering": ("UPDATE conversations SET last_message = 1 WHERE id = 'two'", "message-numbers", "conversations", ["two"]),
    "said nothing": ("DELETE FROM messages WHERE session = 2 AND turn = 2", "messages-missing", "sessions", ["two"]),
    "flow": ("DELETE FROM flow_versions", "flow-missing", "sessions", ["one", "two", "three"]),
    "orphans": ("PRAGMA foreign_keys = OFF; DELETE FROM sessions WHERE key = 2", "references", None, []),
    "constraint": ("PRAGMA ignore_check_constraints = ON; UPDATE conversations SET status = 'odd' WHERE id = 'one'", "constraint", None, []),
    "trigger": ("DROP TRIGGER messages_are_append_only", "schema-differs", None, []),
    "index": ("DROP INDEX sessions_by_status; CREATE INDEX sessions_by_status ON sessions (turn)", "schema-differs", None, []),
    "header": ("PRAGMA application_id = 7", "identity", None, []),
    "header version": ("PRAGMA user_version = 0", "identity", None, []),
    "unknown action": ("INSERT INTO audit_log (idempotency_key, session, action, input_data, status, created_at, updated_at) VALUES ('k', 2, 'buy', '{}', 'unknown', '2026', '2026')", "actions-unknown", "sessions", ["two"]),
    "old action": ("INSERT INTO audit_log (idempotency_key, session, action, input_data, status, created_at, updated_at) VALUES ('k', 2, 'buy', '{}', 'pending', '2026-03-04T09:19:00.000000Z', '2026')", "actions-pending", "sessions", ["two"]),
    "nobody told": ("INSERT INTO deliveries VALUES (1, 'd', 2, 1, 'notify', 'nurse', '{}', 'pending', 0, '2026', NULL, '2026-03-04T09:19:00.000000Z', NULL)", "risk-notices-open", "sessions", ["two"]),
    "nobody reminded": ("INSERT INTO deliveries VALUES (1, 'd', 2, 1, 'messages', NULL, '[]', 'pending', 3, '2026', 'exception', '2026-03-04T09:19:00.000000Z', NULL)", "messages-undelivered", "sessions", ["two"]),
    "given up": ("INSERT INTO deliveries VALUES (1, 'd', 2, 1, 'messages', NULL, '[]', 'given_up', 3, '2026', 'rejected', '2026', NULL)", "deliveries-given-up", "sessions", ["two"]),
}  # fmt: skip
# ruff: noqa: E501 - a table


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found_and_tied_to_whom_it_touches(bot: Bot, tmp_path: Path, damage: str) -> None:
    script, code, kind, chats = DAMAGE[damage]
    ids = {chat: session_of(bot, chat) for chat in ("one", "two")}
    ((ids["three"],),) = bot.rows("SELECT id FROM sessions WHERE key = (SELECT max(key) FROM sessions)")
    with closing(sqlite3.connect(bot.database, isolation_level=None)) as connection:
        connection.executescript(script)
    before = snapshot(tmp_path)
    findings = found(bot)

    assert code in findings
    finding = findings[code]
    assert finding.severity in ("error", "warning")
    if kind is not None:
        named = {"sessions": finding.sessions, "conversations": finding.conversations}
        assert sorted(named[kind]) == sorted(ids[chat] if kind == "sessions" else chat for chat in chats)
    assert finding.works
    assert finding.do
    assert snapshot(tmp_path) == before
    assert "soup" not in repr(findings)
    assert "soap" not in repr(findings)


def test_one_damaged_row_leads_to_one_finding(bot: Bot) -> None:
    bot.change("UPDATE turns SET event_json = replace(event_json, 'soup', 'soap') WHERE session = 1 AND number = 2")

    assert list(found(bot)) == ["turn-damaged"]


@pytest.mark.parametrize("again", ["deleted sessions", "made empty", "young action", "expired", "own table"])
def test_what_is_as_it_should_be_needs_nobody(bot: Bot, again: str) -> None:
    script = {
        "deleted sessions": "DELETE FROM sessions WHERE key = 3",
        "made empty": "INSERT INTO conversations (id, version, created_at, updated_at) VALUES ('new', 1, 'n', 'n')",
        "young action": "INSERT INTO audit_log (idempotency_key, session, action, input_data, status, created_at, updated_at)"
        " VALUES ('k', 2, 'buy', '{}', 'pending', '2026-03-04T09:29:00.000000Z', '2026')",
        "expired": "UPDATE sessions SET expires_at = '2026-03-04T09:00:00.000000Z', state_hash = substr(state_hash, 1, 16)"
        " WHERE key = 1",
        "own table": "CREATE TABLE notes (note)",
    }[again]
    bot.change("PRAGMA foreign_keys = ON")
    with closing(sqlite3.connect(bot.database)) as connection:
        connection.executescript(f"PRAGMA foreign_keys = ON; {script};")
    inspection = inspect_database(str(bot.database), now=NOW)

    assert inspection.is_sound, inspection.findings
    noted = {finding.code for finding in inspection.findings} - ALWAYS_NOTED
    assert (
        noted
        == {
            "deleted sessions": {"turns-deleted"},
            "made empty": set(),
            "young action": set(),
            "expired": {"session-expired"},
            "own table": {"schema-extra"},
        }[again]
    )


async def test_messages_dropped_on_completion_are_not_missed(tmp_path: Path) -> None:
    bot = Bot(tmp_path, ORDER, "bot: b\nkeep: {drop_messages_on_completion: true}\n")
    async with bot.open() as engine:
        for text in ("I want to order", "Soup", "no wish", "I want to order"):
            await engine.turn("chat", text)

    assert found(bot) == {}


async def test_an_action_that_a_crash_left_behind_is_found(tmp_path: Path) -> None:
    bot = Bot(tmp_path, BUY)
    async with bot.open() as engine:
        engine.action("shop.buy")(lambda call: 7)
        await engine.start("chat", "buy")
        await engine.turn("chat", "Soup")
    bot.change("UPDATE audit_log SET status = 'pending'")

    assert found(bot)["actions-pending"].sessions == (session_of(bot, "chat"),)


def test_pages_that_are_damaged_end_no_check_of_the_others(bot: Bot) -> None:
    with closing(sqlite3.connect(bot.database)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'turns'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with bot.database.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)
    bot.change("UPDATE sessions SET state_hash = zeroblob(16) WHERE key = 1")
    findings = found(bot)

    assert {"structure", "unreadable-rows"} <= set(findings)


@pytest.mark.parametrize("seed", range(4))
def test_a_file_with_any_bytes_changed_is_inspected_or_refused(bot: Bot, seed: int) -> None:
    content = bytearray(bot.database.read_bytes())
    for number in range(300):
        content[(seed * 7919 + number * 104_729 + 100) % len(content)] ^= 0x5A
    bot.database.write_bytes(content)
    try:
        inspection = inspect_database(str(bot.database), now=NOW)
    except StartUpError:
        return  # the damage is where the file says what it is
    assert not inspection.is_sound


@pytest.mark.parametrize("mode", [0o646, 0o666])
def test_a_file_that_everybody_may_change_is_told_of(bot: Bot, mode: int) -> None:
    bot.database.chmod(mode)

    assert found(bot)["writable-by-all"].severity == "warning"


def test_a_file_that_only_its_owner_may_read_is_not_even_noted(bot: Bot) -> None:
    bot.database.chmod(0o600)

    inspection = inspect_database(str(bot.database), now=NOW)
    assert {finding.code for finding in inspection.findings} == ({"old-sqlite"} if has_reset_fault() else set())


def test_a_log_that_has_grown_is_told_of(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection_module, "LOG_TOO_LARGE", 1000)
    with closing(sqlite3.connect(bot.database)) as other:
        other.execute("UPDATE conversations SET title = 'x'")
        other.commit()

        assert found(bot)["log-large"].severity == "warning"


def test_a_network_file_system_is_told_of(bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretended = tmp_path / "mountinfo"
    pretended.write_text(f"180 27 0:61 / {tmp_path} rw - nfs4 nas:/export rw\n")
    monkeypatch.setattr("fsm_engine.storage.surroundings._MOUNTS", pretended)

    assert found(bot)["network-file-system"].severity == "warning"


TALKING = """
import asyncio, sys
from tests.support.bots import ORDER, Bot
from pathlib import Path
async def main():
    bot = Bot(Path(sys.argv[1]), ORDER)
    async with bot.open() as engine:
        await engine.turn("live", "I want to order")
        print("open", flush=True)
        for number in range(10_000):
            line = await asyncio.to_thread(sys.stdin.readline)
            if not line:
                break
            await engine.turn("live", f"soup {number}")
            print("said", flush=True)
asyncio.run(main())
"""


def start_talking(folder: Path) -> subprocess.Popen[str]:
    program = subprocess.Popen(
        [sys.executable, "-c", TALKING, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "open\n"
    return program


def test_a_bot_that_runs_is_not_disturbed_and_its_newest_turns_are_seen(bot: Bot, tmp_path: Path) -> None:
    program = start_talking(tmp_path)
    before = snapshot(tmp_path)
    inspection = inspect_database(str(bot.database), now=NOW)
    assert snapshot(tmp_path) == before
    out, _ = program.communicate("one\ntwo\n", timeout=30)

    assert program.returncode == 0
    assert out == "said\nsaid\n"
    assert inspection.facts["turns"] == 9
    assert inspection.facts["open_elsewhere"] is True
    codes = {finding.code for finding in inspection.findings}
    assert ("shared-with-old-sqlite" in codes) is has_reset_fault()
    assert codes <= {"shared-with-old-sqlite", "readable-by-all"}


def test_what_a_killed_bot_left_is_seen_and_left(bot: Bot, tmp_path: Path) -> None:
    program = start_talking(tmp_path)
    os.kill(program.pid, signal.SIGKILL)
    program.communicate(timeout=30)
    before = snapshot(tmp_path)
    assert before["bot.db-wal"][1] != b""
    inspection = inspect_database(str(bot.database), now=NOW)

    assert snapshot(tmp_path) == before
    assert inspection.facts["turns"] == 9
    assert inspection.facts["open_elsewhere"] is False
    assert inspection.is_sound
    (tmp_path / "bot.db-shm").unlink()
    assert inspect_database(str(bot.database), now=NOW).facts["turns"] == 9
    assert {name: kept for name, kept in snapshot(tmp_path).items() if "shm" not in name} == {
        name: kept for name, kept in before.items() if "shm" not in name
    }


def test_it_may_be_asked_in_a_program_that_has_the_file_open(bot: Bot) -> None:
    with Engine.open_sync(bot.address, flows=bot.flows, clock=bot.clock) as engine:
        engine.turn("one", "no wish")
        assert inspect_database(str(bot.database), now=NOW).facts["turns"] == 9
        engine.turn("one", "I want to order")

        blocked = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode = DELETE')"
        tried = subprocess.run(
            [sys.executable, "-c", blocked, bot.database], capture_output=True, text=True, check=False
        )
        assert "locked" in tried.stderr, "the locks of this process are gone"
    assert found(bot) == {}


def test_rows_under_another_key_are_all_damaged(bot: Bot) -> None:
    inspection = inspect_database(str(bot.database), now=NOW, seal=Seal(b"another"))

    counts = {finding.code: finding.count for finding in inspection.findings}
    assert (counts["session-damaged"], counts["turn-damaged"]) == (4, 8)


def test_what_it_does_is_told(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection_module, "_STEPS_PER_TELL", 10)
    told: list[tuple[str, int, int | None]] = []
    inspect_database(str(bot.database), now=NOW, tell=lambda *stage: told.append(stage))

    stages = dict.fromkeys(stage for stage, _, _ in told)
    assert list(stages) == [
        "checking the structure of the file", "reading sessions", "reading turns", "reading conversations"
    ]  # fmt: skip
    assert ("reading sessions", 4, 4) in told


def refused(path: Path) -> str:
    with pytest.raises(StartUpError) as error:
        inspect_database(str(path), now=NOW)
    return str(error.value)


def test_what_is_no_database_of_a_bot_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "notes.txt").write_text("remember the milk\n" * 200)
    os.mkfifo(tmp_path / "pipe")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other, other:
        other.execute("CREATE TABLE songs (title)")
    with closing(sqlite3.connect(tmp_path / "old.db")) as old, old:
        old.execute("CREATE TABLE chat_history (id INTEGER PRIMARY KEY, session_id, role, message, ts)")

    assert "there is no such file" in refused(tmp_path / "missing.db")
    assert "is empty" in refused(tmp_path / "empty.db")
    assert "is not a SQLite database" in refused(tmp_path / "notes.txt")
    assert "is a named pipe" in refused(tmp_path / "pipe")
    assert "is a folder" in refused(tmp_path)
    assert "belongs to another program" in refused(tmp_path / "other.db")
    assert "fsm-engine migrate" in refused(tmp_path / "old.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.db", "notes.txt", "old.db", "other.db", "pipe"]


def test_a_newer_schema_is_refused(bot: Bot) -> None:
    bot.change("PRAGMA user_version = 3")

    assert "Install the fsm_engine that wrote it" in refused(bot.database)


def test_a_file_that_changes_meanwhile_is_looked_at_again(bot: Bot, tmp_path: Path) -> None:
    copy = tmp_path / "changed"
    shutil.copyfile(bot.database, copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE conversations SET message_count = 99 WHERE id = 'two'")
    changed = False

    def change_once(stage: str, done: int, in_all: int | None) -> None:
        nonlocal changed
        if not changed and stage == "reading conversations":
            changed = True
            shutil.copyfile(copy, bot.database)

    inspection: Inspection = inspect_database(str(bot.database), now=NOW, tell=change_once)
    assert changed
    assert "message-count" in {finding.code for finding in inspection.findings}
