"""Exit codes, and what is said when a command cannot go on: one line, no traceback, no file left behind."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run

CHAT = ("chat", "--plain")


def newer_database(place: Path) -> None:
    with closing(sqlite3.connect(place / "newer.db")) as connection:
        connection.executescript("PRAGMA application_id = 0x46534D45; PRAGMA user_version = 99; CREATE TABLE t (a);")


def files_in(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if "__pycache__" not in path.parts}


CHATS = [
    (("nowhere",), "fsm-engine: nowhere: there is no such file or folder"),
    (("--database", "bot.db"), "fsm-engine: database: 'bot.db' is no address of a database. Write sqlite:///"),
    (("--database", "sqlite:///no/bot.db"), "fsm-engine: database no/bot.db: there is no folder no. Make it"),
    (("--database", "sqlite:///flows"), "fsm-engine: database flows: is a folder."),
    (("--database", "sqlite:////proc/bot.db"), "fsm-engine: database /proc/bot.db: cannot be written"),
    (("--database", "sqlite:///newer.db"), "fsm-engine: database newer.db: has schema version 99"),
    (("--database", "sqlite:///flows/bot.yaml"), "fsm-engine: database flows/bot.yaml: is not a SQLite"),
    (("--actions", "mybot"), "fsm-engine: --actions mybot: is not module:registry."),
    (("--actions", "no.such:thing"), "fsm-engine: --actions no.such:thing: no.such cannot be imported"),
    (("--actions", "os:path"), "fsm-engine: --actions os:path: path is a module, not an Actions."),
    (("--conversation", ""), "fsm-engine: --conversation: has 0 characters."),
]
OTHERS = [
    (("check", "nowhere"), "fsm-engine: nowhere: there is no such file or folder"),
    (("check", "empty"), "fsm-engine: empty: there is no flow here"),
    (("test", "nowhere"), "fsm-engine: nowhere: there is no such file or folder"),
    (("test", "--database-dir", "flows/bot.yaml"), "fsm-engine: flows/bot.yaml: file exists."),
    (("explain", "unknown-stepp"), "fsm-engine: explain: there is no code 'unknown-stepp'."),
    (("sessions", "list", "--database", "sqlite:///no.db"), "fsm-engine: no.db: there is no such database."),
    (("sessions", "list", "--database", "sqlite:///newer.db"), "fsm-engine: database newer.db: has schema version 99"),
    (("sessions", "show", "x", "--database", "sqlite:///no.db"), "fsm-engine: no.db: there is no such database."),
    (("sessions", "list", "--status", "asleep"), "fsm-engine: --status asleep: is not known. Choose one of active,"),
]


def refused(run: Run, place: Path, words: tuple[str, ...], told: str) -> None:
    (place / "empty").mkdir()
    newer_database(place)
    before = files_in(place)

    done = run(*words)

    assert done.code == 2
    assert done.err.startswith(told)
    assert done.err.count("\n") == 1
    assert done.out == ""
    assert files_in(place) == before


@pytest.mark.parametrize(("words", "told"), CHATS)
def test_a_chat_that_cannot_be_had_ends_with_2_and_one_line(
    run: Run, place: Path, words: tuple[str, ...], told: str
) -> None:
    refused(run, place, (*CHAT, *words), told)


@pytest.mark.parametrize(("words", "told"), OTHERS)
def test_what_cannot_be_done_ends_with_2_and_one_line(
    run_here: Run, place: Path, words: tuple[str, ...], told: str
) -> None:
    refused(run_here, place, words, told)


@pytest.mark.parametrize(
    "words", [("frob",), ("check", "--frob"), ("sessions", "frob"), ("sessions", "list", "--limit", "0")]
)
def test_wrong_usage_ends_with_2(run_here: Run, words: tuple[str, ...]) -> None:
    done = run_here(*words)

    assert done.code == 2
    assert "Try 'fsm-engine" in done.err


@pytest.mark.parametrize("words", [("check",), ("test",), CHAT])
def test_flows_with_problems_end_with_1_and_every_problem_and_no_database(
    run: Run, place: Path, words: tuple[str, ...]
) -> None:
    (place / "flows" / "more.yaml").write_text(
        "flow: more\nversion: 1\nsteps:\n  - say: Hi {nobody}.\n    goto: nowhere\n"
    )
    before = files_in(place)

    done = run(*words, typed="begin\n")

    assert done.code == 1
    assert "flows/more.yaml:4:10: error unknown-slot:" in done.out + done.err
    assert "flows/more.yaml:5:11: error unknown-step:" in done.out + done.err
    assert "Traceback" not in done.err
    assert files_in(place) == before


def test_help_tells_every_command_and_the_exit_codes(run_here: Run) -> None:
    done = run_here("--help")

    assert done.code == 0
    for command in ("chat", "check", "explain", "test", "demo", "sessions"):
        assert f"\n  {command} " in done.out
    assert "Exit codes: 0 all is well" in done.out


@pytest.mark.parametrize("command", ["chat", "check", "explain", "test", "demo", "sessions list", "sessions show"])
def test_every_command_has_help_with_examples_and_exit_codes(run_here: Run, command: str) -> None:
    done = run_here(*command.split(), "--help")

    assert done.code == 0
    assert f"  Examples:\n    fsm-engine {command}" in done.out
    assert "Exit codes: 0" in done.out


def test_the_version_is_told(run_here: Run) -> None:
    assert run_here("--version").out.startswith("fsm-engine 0.")


def test_help_imports_nothing_of_the_engine() -> None:
    program = (
        "import sys\nfrom fsm_engine.cli.app import main\nsys.argv = ['fsm-engine', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = ('fsm_engine.core', 'fsm_engine.engine', 'yaml', 'aiosqlite', 'rich')\n"
        "print('HEAVY', [name for name in sys.modules if name.startswith(heavy)])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert "HEAVY []" in done.stdout
