"""`fsm-engine migrate`, `backup` and `restore`, as operators use them. proves: D2, D7"""

# proves: D2, D7

from __future__ import annotations

import json
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fsm_engine import migrate
from tests.cli.conftest import Run
from tests.support.old_files import contents, make_old, talk

OLD = "sqlite:///old.db"


@pytest.fixture
def old(place: Path) -> Path:
    make_old(place / "old.db", talk("chat", 6))
    return place / "old.db"


def said_command(text: str) -> list[str]:
    """The command that a message tells to run, without its first word."""
    found = re.search(r"fsm-engine (migrate .*)$", text.strip(), re.MULTILINE)
    assert found is not None, text
    return shlex.split(found.group(1))


def test_the_command_that_the_store_tells_of_upgrades_the_file(run_here: Run, old: Path) -> None:
    refused = run_here("sessions", "list", "--database", OLD)
    assert refused.code == 2

    done = run_here(*said_command(refused.err))

    assert (done.code, done.out) == (0, "sqlite:///old.db: from revision 1 to 2, 6 messages moved.\n")
    assert run_here("sessions", "list", "--database", OLD).code == 0
    again = run_here("migrate", OLD, "--json")
    assert json.loads(again.out) == {
        "database": OLD,
        "before": "2",
        "after": "2",
        "rows": 0,
        "losses": [],
    }


def test_a_path_with_a_space_is_told_so_that_a_shell_reads_it(run_here: Run, old: Path) -> None:
    old.rename(old.with_name("my old.db"))
    refused = run_here("sessions", "list", "--database", "sqlite:///my old.db")

    assert run_here(*said_command(refused.err)).code == 0


def test_a_database_of_the_environment_is_upgraded(run_here: Run, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", OLD)

    assert "from revision 1 to 2" in run_here("migrate", "upgrade").out
    assert run_here("migrate", "current").out == "sqlite:///old.db: 2\n"


def test_current_and_history_tell_where_a_database_is(run_here: Run, old: Path) -> None:
    current = run_here("migrate", "current", OLD)
    assert said_command(current.out.replace(")", "")) == ["migrate", OLD]
    assert json.loads(run_here("migrate", "current", OLD, "--json").out) == {
        "database": OLD,
        "revision": "1",
        "is_head": False,
    }
    listed = json.loads(run_here("migrate", "history", OLD, "--json").out)
    assert [(one["number"], one["is_current"]) for one in listed] == [("1", True), ("2", False)]
    assert "chat_history: one table, a row per message" in run_here("migrate", "history", OLD).out
    assert run_here("migrate", "history", "sqlite:///missing.db").code == 0


def test_a_downgrade_lists_what_would_be_lost_and_goes_on_with_yes(run: Run, old: Path) -> None:
    before = contents(old)
    run("migrate", OLD)
    assert run("migrate", "downgrade", OLD).code == 0
    assert contents(old) == before

    run("migrate", OLD)
    run("chat", "--plain", "--database", OLD, typed="begin\nAna\n")
    refused = run("migrate", "downgrade", OLD)
    assert refused.code == 2
    assert "  rows of sessions: 1\n" in refused.err
    assert "Nothing was changed" in refused.err
    assert run("migrate", "current", OLD).out == "sqlite:///old.db: 2\n"

    done = run(*said_command(refused.err))
    assert (done.code, done.err) == (0, "")
    with closing(sqlite3.connect(old)) as connection:
        added = connection.execute("SELECT session_id, role, message FROM chat_history WHERE id > 6").fetchall()
    assert added[:2] == [("terminal", "user", "begin"), ("terminal", "bot", "What is your name?")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("migrate", "current", "sqlite:///missing.db"), "there is no such file"),
        (("migrate", "downgrade", "sqlite:///missing.db"), "there is no such file"),
        (("migrate", "upgrade", OLD, "--to", "9"), "Choose one of base, 1, 2, head"),
        (("migrate", "downgrade", OLD, "--to", "2"), "Use: fsm-engine migrate upgrade"),
        (("migrate", "upgrade", OLD, "--to", "base"), "Use: fsm-engine migrate downgrade"),
        (("migrate", "mysql://ana:secret@db/x"), "'mysql://…@db/x' is no address"),
        (("migrate", "upgrad"), "Did you mean 'upgrade'"),
        (("backup", "sqlite:///missing.db", "copy.db"), "there is no such file"),
        (("backup", OLD, "old.db"), "not overwritten"),
        (("backup", OLD, "a.db", "b.db"), "takes a database and a file"),
        (("restore", "missing.db", "sqlite:///new.db"), "there is no such file"),
        (("restore", "old.db", OLD, "--force"), "is the backup itself"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(
    run_here: Run, place: Path, old: Path, words: tuple[str, ...], told: str
) -> None:
    before = old.read_bytes()

    done = run_here(*words)

    assert done.code == 2
    assert told in done.err
    assert old.read_bytes() == before
    assert sorted(file.name for file in place.iterdir()) == ["flows", "old.db"]


def test_a_backup_is_made_and_restored(run: Run, place: Path, old: Path) -> None:
    run("migrate", OLD)
    made = run("backup", OLD, "copy.db")
    assert (made.code, made.err) == (0, "")
    assert re.fullmatch(r"copy\.db: [\d,]+ bytes, checked, [\d,]+ rows compared\.\n", made.out)
    by_environment = run("backup", "again.db", "--json", more={"DATABASE_URL": OLD})
    assert json.loads(by_environment.out)["path"] == "again.db"

    refused = run("restore", "copy.db", OLD)
    assert (refused.code, "--force" in refused.err) == (2, True)
    restored = run("restore", "sqlite:///copy.db", OLD, "--force", "--json")

    assert json.loads(restored.out)["seals_broken"] == 0
    assert contents(place / "copy.db", "messages") == contents(old, "messages")


COMMANDS = (
    "migrate",
    "migrate upgrade",
    "migrate downgrade",
    "migrate current",
    "migrate history",
    "backup",
    "restore",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run_here: Run, command: str) -> None:
    done = run_here(*command.split(), "--help")

    assert done.code == 0
    assert "Usage: fsm-engine" in done.out
    assert "fsm-engine migrate DATABASE" in done.out if command == "migrate" else "Examples:" in done.out


@pytest.mark.parametrize("words", [("migrate", "bot.db"), ("migrate", "current", "bot.db"), ("stats", "bot.db")])
def test_a_plain_file_name_is_enough_where_a_database_is_looked_after(
    run_here: Run, place: Path, words: tuple[str, ...]
) -> None:
    migrate(f"sqlite:///{place}/bot.db")

    assert run_here(*words).code == 0
