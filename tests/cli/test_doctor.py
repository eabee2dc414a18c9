"""`fsm-engine doctor`: its words, its JSON and its exit codes."""

# proves: D5

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fsm_engine.engine.engine import Engine
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
async def stored(place: Path) -> None:
    async with Engine.open(f"sqlite:///{place / 'fsm_engine.db'}", flows=place / "flows") as engine:
        for number in range(12):
            await engine.turn(f"chat {number}", "begin")


def damage(place: Path, statement: str) -> None:
    with closing(sqlite3.connect(place / "fsm_engine.db")) as connection, connection:
        connection.execute(statement)


def test_a_sound_database_ends_with_0(run_here: Run, place: Path) -> None:
    before = {file.name: file.read_bytes() for file in place.glob("fsm_engine.db*")}
    done = run_here("doctor")

    assert done.code == 0
    assert done.out.endswith("The database is sound.\n")
    assert {file.name: file.read_bytes() for file in place.glob("fsm_engine.db*")} == before


def test_a_finding_ends_with_1_and_says_what_where_and_what_to_do(run_here: Run, place: Path) -> None:
    damage(place, "UPDATE sessions SET state_hash = zeroblob(16)")
    done = run_here("doctor", "fsm_engine.db")

    assert done.code == 1
    assert "error: session-damaged (12 times): The stored state does not match its hash" in done.out
    assert "and 2 more (see --json)" in done.out
    assert "    still works: All other sessions." in done.out
    assert "    do: Restore a backup." in done.out
    assert done.out.endswith("Findings that need somebody: 1.\n")


def test_programs_get_all_of_it(run_here: Run, place: Path) -> None:
    damage(place, "UPDATE conversations SET message_count = 9 WHERE id = 'chat 3'")
    done = run_here("doctor", "--json", "sqlite:///fsm_engine.db")

    assert done.code == 1
    told = json.loads(done.out)
    assert told["sound"] is False
    assert told["facts"]["conversations"] == 12
    (finding,) = [one for one in told["findings"] if one["severity"] == "error"]
    assert finding == {
        "code": "message-count",
        "severity": "error",
        "what": "message_count is not the number of messages that are stored.",
        "works": "Turns and histories; counts shown to people are wrong.",
        "do": "Restore a backup if messages are missing; else set message_count to their number.",
        "count": 1,
        "sessions": [],
        "conversations": ["chat 3"],
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.db", "there is no such file"),
        ("flows", "is a folder"),
        ("flows/hello.yaml", "is not a SQLite database"),
        ("mysql://x/y", "is no address of a database"),
    ],
)
def test_what_cannot_be_read_ends_with_2(run_here: Run, place: Path, name: str, said: str) -> None:
    done = run_here("doctor", name)

    assert done.code == 2
    assert done.out == ""
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not (place / "missing.db").exists()


def test_a_person_sees_how_far_it_has_come(run: Run) -> None:
    done = run("doctor", more={"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"})

    assert done.code == 0
    assert "reading" in done.err or "checking" in done.err or "opening" in done.err
    assert "reading" not in done.out
