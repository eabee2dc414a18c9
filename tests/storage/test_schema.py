"""The script at the project's root. proves: C7, M2, D1, P7"""

# proves: C7, M2

from __future__ import annotations

import inspect
import itertools
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fsm_engine.storage import (
    open_store,
    sql,
    sql_actions,
    sql_analytics,
    sql_deliveries,
    sql_erasing,
    sql_retention,
    sql_search,
)
from fsm_engine.storage.intake import intake_row
from fsm_engine.storage.schema import APPLICATION_ID, SCHEMA_VERSION, schema_script
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.sqlite_file import SqliteSettings, connect
from tests.storage.full_turn import full_turn

ROOT = Path(__file__).parents[2]
TABLES = {
    "users",
    "conversations",
    "sessions",
    "user_responses",
    "messages",
    "search_parts",
    "messages_archive",
    "turns",
    "flow_versions",
    "timers",
    "deliveries",
    "risk_detections",
    "intent_classifications",
    "audit_log",
    "idempotency_cache",
    "transactions",
    "session_summaries",
    "analytics",
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = connect(str(tmp_path / "bot.db"), SqliteSettings())
    yield opened
    opened.close()


def dump(path: Path) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        objects = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").fetchall()
        pragmas = ("user_version", "application_id", "journal_mode", "page_size", "encoding", "auto_vacuum")
        return objects + [connection.execute(f"PRAGMA {pragma}").fetchone() for pragma in pragmas]
    finally:
        connection.close()


async def test_the_script_alone_makes_what_the_store_makes(tmp_path: Path) -> None:
    alone = sqlite3.connect(tmp_path / "alone.db")
    alone.executescript((ROOT / "schema_v2.sql").read_text())
    alone.close()
    await (await open_store(f"sqlite:///{tmp_path}/store.db")).close()

    assert dump(tmp_path / "alone.db") == dump(tmp_path / "store.db")


def run_as_the_shell_does(path: Path) -> None:
    """Line by line until a statement is complete: where the shell is not installed, this stands for it."""
    connection, statement = sqlite3.connect(path, isolation_level=None), ""
    for line in schema_script().splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    connection.close()


def test_the_sqlite_shell_runs_the_script(tmp_path: Path) -> None:
    shell = shutil.which("sqlite3")
    if shell is not None:
        with (ROOT / "schema_v2.sql").open() as script:
            command = [shell, "-bail", str(tmp_path / "shell.db")]
            done = subprocess.run(command, stdin=script, capture_output=True, text=True, check=True)
        assert done.stderr == ""
    else:
        run_as_the_shell_does(tmp_path / "shell.db")

    names = {row[1] for row in dump(tmp_path / "shell.db") if row[0] == "table"}
    assert {name for name in names if not name.startswith(("messages_index", "sqlite_")) or name in TABLES} == TABLES


async def test_a_database_made_by_the_script_is_ready_for_the_store(tmp_path: Path) -> None:
    alone = sqlite3.connect(tmp_path / "bot.db")
    alone.executescript(schema_script())
    alone.close()

    store = await open_store(f"sqlite:///{tmp_path}/bot.db")
    turn_written = full_turn(1)
    await store.commit(turn_written)
    loaded = await store.load(turn_written.conversation_id, turn_written.request_id)
    await store.close()

    assert loaded is not None
    assert [line.event_json for line in loaded.seen] == [turn_written.event_json]


def test_the_database_tells_its_version_and_program(connection: sqlite3.Connection) -> None:
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_the_connection_is_set_for_safety(connection: sqlite3.Connection) -> None:
    settings = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "wal_autocheckpoint")
    }
    full = 2
    assert settings == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "secure_delete": 1,
        "wal_autocheckpoint": 1000,
    }


def test_durability_normal_is_a_choice(tmp_path: Path) -> None:
    connection = connect(str(tmp_path / "bot.db"), SqliteSettings(durability="normal"))
    assert connection.execute("PRAGMA synchronous").fetchone() == (1,)
    connection.close()


def write(connection: sqlite3.Connection, number: int, conversation: str = "chat") -> None:
    row = intake_row(full_turn(number, conversation), Seal())
    connection.execute(sql.intake(1), row)


def test_the_database_refuses_to_change_a_message(connection: sqlite3.Connection) -> None:
    write(connection, 1)

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("UPDATE messages SET content = 'something else'")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("UPDATE messages SET session = NULL WHERE number = 1")


@pytest.mark.parametrize("parent", ["users", "conversations", "sessions"])
def test_what_belongs_to_a_deleted_row_goes_with_it(connection: sqlite3.Connection, parent: str) -> None:
    write(connection, 1)
    write(connection, 1, "other")
    (session,) = connection.execute("SELECT key FROM sessions WHERE id = 'session of chat'").fetchone()
    connection.execute("INSERT INTO timers VALUES (?, 't', 'f', 's', 'due', 'pending', 'now', NULL)", (session,))
    connection.execute(
        "INSERT INTO deliveries VALUES (1, 'd', ?, 1, 'messages', NULL, '[]', 'pending', 0, 'now', NULL, 'now', NULL)",
        (session,),
    )
    connection.execute("INSERT INTO session_summaries VALUES (1, ?, 'partial', '{}', 'now')", (session,))

    names = {"users": "user of chat", "conversations": "chat", "sessions": "session of chat"}
    connection.execute(f"DELETE FROM {parent} WHERE id = ?", (names[parent],))

    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    left = {
        table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in (
            "turns",
            "user_responses",
            "risk_detections",
            "intent_classifications",
            "timers",
            "deliveries",
            "session_summaries",
        )
    }
    assert left == {
        "turns": 1,
        "user_responses": 1,
        "risk_detections": 1,
        "intent_classifications": 1,
        "timers": 0,
        "deliveries": 0,
        "session_summaries": 0,
    }
    messages = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
    assert messages == (4 if parent == "sessions" else 2)
    assert connection.execute("SELECT count(*) FROM audit_log").fetchone() == (2,)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_table_checks_the_types_of_its_columns(connection: sqlite3.Connection, table: str) -> None:
    assert connection.execute("SELECT strict FROM pragma_table_list WHERE name = ?", (table,)).fetchone() == (1,)


# Whoever inspects a whole file (`sql_inspection`), copies or migrates it reads all of it.
MODULES = (sql, sql_actions, sql_analytics, sql_deliveries, sql_erasing, sql_retention, sql_search)
MADE: dict[str, str] = {
    "sql.intake": sql.intake(2),
    "sql.intake that looks up": sql.intake(1, looks_up=True),
    "sql_search.candidates": sql_search.candidates([1, 1]),
    **{f"sql_search.{make.__name__}": make(1) for make in (sql_search.index_more, sql_search.index_anew)},
    **{f"sql_search.{make.__name__}": make(1) for make in (sql_search.merge, sql_search.empty_table)},
    **{f"sql_erasing.TEXTS {place}": text for place, (text, _) in enumerate(sql_erasing.TEXTS)},
}
PUBLIC = {
    f"{module.__name__.rpartition('.')[2]}.{name}": text
    for module in MODULES
    for name, text in vars(module).items()
    if name.isupper() and not name.startswith("_") and isinstance(text, str)
    if f"\n{name} = " in inspect.getsource(module)  # others are another module's
} | MADE
# Going through the caller's own JSON list, through the lines of one request found so far, through a table of one row,
# through the names of event types, through the parts of the full-text index (one for 65,536 messages), and through what
# a search in one found (M: it matches words).
SCANS_ALLOWED = (
    "SCAN q VIRTUAL TABLE INDEX",
    "SCAN json_each VIRTUAL TABLE INDEX",
    "SCAN seen",
    "SCAN types",
    "SCAN search_parts",
    "SCAN sqlite_sequence",
    "SCAN CONSTANT ROW",
    "SCAN 2 CONSTANT ROWS",
    "SCAN (subquery",
)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_no_statement_goes_through_a_whole_table(connection: sqlite3.Connection, name: str) -> None:
    scans = [line for line in plan_of(connection, name) if line.startswith("SCAN")]

    matches = re.compile(r"SCAN messages_index_1 VIRTUAL TABLE INDEX \d+:.*M")
    assert [line for line in scans if not line.startswith(SCANS_ALLOWED) and not matches.match(line)] == []


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_statement_that_sorts_says_how_little(connection: sqlite3.Connection, name: str) -> None:
    plan = plan_of(connection, name)
    if name in MADE and not re.search(r"\.\w+$", name):
        assert not any("TEMP B-TREE" in line for line in plan)
        return

    sorts = any("TEMP B-TREE" in line for line in plan)
    assert sorts == ("Sorts " in comment_over(name)), plan


def plan_of(connection: sqlite3.Connection, name: str) -> list[str]:
    numbers = [int(number) for number in re.findall(r"\?(\d+)", PUBLIC[name])]
    values = (None,) * max(numbers, default=PUBLIC[name].count("?"))
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {PUBLIC[name]}", values)]


def comment_over(name: str) -> str:
    """The lines of comment right before a statement."""
    module_name, _, bare = name.partition(".")
    (module,) = [one for one in MODULES if one.__name__.endswith(f".{module_name}")]
    lines = inspect.getsource(module).splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith((f"{bare} = ", f"def {bare}(")))
    above = reversed(lines[:place])
    return " ".join(reversed(list(itertools.takewhile(lambda one: one.startswith("#"), above))))


def test_what_belongs_to_a_row_is_found_by_an_index_when_the_row_goes(connection: sqlite3.Connection) -> None:
    """Plans of statements do not show what a deletion looks for in other tables."""
    found = connection.execute(
        'SELECT t.name, f."from" FROM pragma_table_list AS t, pragma_foreign_key_list(t.name) AS f'
    ).fetchall()
    assert len(found) > 15
    for table, column in found:
        plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {column} = 1").fetchall()
        assert [row[3] for row in plan if not row[3].startswith("SEARCH")] == [], (table, column)


def steps_of(connection: sqlite3.Connection, work: Callable[[], object]) -> int:
    """Counts the steps of SQLite's own machine, which do not depend on the computer's speed."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    connection.set_progress_handler(count, 1)
    work()
    connection.set_progress_handler(None, 0)
    return counted


def test_a_turn_costs_as_much_with_many_conversations_as_with_few(connection: sqlite3.Connection) -> None:
    write(connection, 1)
    few = steps_of(connection, lambda: write(connection, 2))
    for number in range(300):
        write(connection, 1, f"chat {number}")

    assert steps_of(connection, lambda: write(connection, 3)) == few


@pytest.mark.parametrize("statement", [sql.LOAD, sql.SEEN], ids=["LOAD", "SEEN"])
def test_loading_costs_as_much_after_many_turns_as_after_few(connection: sqlite3.Connection, statement: str) -> None:
    def load() -> None:
        values = ('[["chat","request 1"]]',) if statement is sql.LOAD else ("chat", "request 1")
        assert len(connection.execute(statement, values).fetchall()) == 1

    for number in range(1, 5):
        write(connection, number)
    few = steps_of(connection, load)
    for number in range(5, 300):
        write(connection, number)

    assert steps_of(connection, load) == few


def test_a_deleted_user_is_forgotten_by_the_idempotency_cache(connection: sqlite3.Connection) -> None:
    write(connection, 1)
    for user in ("user of chat", "another"):
        connection.execute(
            "INSERT INTO idempotency_cache VALUES (?1, ?1, '{}', 'now', 'tomorrow', 'first key', NULL)",
            (user,),
        )
    connection.execute("DELETE FROM users WHERE id = 'user of chat'")

    assert connection.execute("SELECT key FROM idempotency_cache").fetchall() == [("another",)]


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_statement_is_named_once(name: str) -> None:
    assert [other for other, text in PUBLIC.items() if text == PUBLIC[name]] == [name]
