"""`fsm-engine erase`: counts, a question, and the proof."""

# proves: M6

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fsm_engine.engine.engine import Engine
from fsm_engine.testing.clock import VirtualClock
from fsm_engine.testing.generate import converse
from tests.cli.conftest import Run

NAME = "Bartholomew Aquamarine"


@pytest.fixture(autouse=True)
async def stored(place: Path) -> None:
    """Two conversations of ana and one of ben."""
    async with Engine.open(f"sqlite:///{place / 'bot.db'}", flows=place / "flows", clock=VirtualClock()) as engine:
        for chat, user, name in (("chat 1", "ana", NAME), ("chat 2", "ana", "Ana Other"), ("bens", "ben", "Ben Stone")):
            for text in ("begin", name, "tea"):
                await engine.turn(chat, text, user_id=user)


def conversations(place: Path) -> list[str]:
    with closing(sqlite3.connect(place / "bot.db")) as connection:
        return [id_ for (id_,) in connection.execute("SELECT id FROM conversations ORDER BY id")]


def test_a_dry_run_counts_and_changes_nothing(run_here: Run, place: Path) -> None:
    before = (place / "bot.db").read_bytes()
    done = run_here("erase", "--user", "ana", "--dry-run", "bot.db")

    assert done.code == 0
    assert "would be erased" in done.out
    assert "Nothing was changed." in done.out
    assert (place / "bot.db").read_bytes() == before
    counted = json.loads(run_here("erase", "--user", "ana", "--dry-run", "--json", "bot.db").out)
    assert (counted["erased"], counted["deleted"]["messages"]) == (False, 12)
    assert counted["conversations"] == ["chat 1", "chat 2"]


def test_a_user_is_erased_and_the_bytes_are_searched(run_here: Run, place: Path) -> None:
    done = run_here("erase", "--user", "ana", "--yes", "sqlite:///bot.db")

    assert done.code == 0
    assert "Nothing is left: " in done.out
    assert conversations(place) == ["bens"]
    assert b"Aquamarine" not in (place / "bot.db").read_bytes()


def test_one_conversation_is_erased_for_programs(run_here: Run, place: Path) -> None:
    told = json.loads(run_here("erase", "--conversation", "chat 1", "--yes", "--json", "bot.db").out)

    assert (told["erased"], told["left"], told["log_in_use"], told["conversations"]) == (True, [], False, ["chat 1"])
    assert told["texts_looked_for"] > 10
    assert conversations(place) == ["bens", "chat 2"]
    assert b"Aquamarine" not in (place / "bot.db").read_bytes()


def test_nobody_is_erased_without_being_agreed_to(run: Run, place: Path) -> None:
    done = run("erase", "--user", "ana", "bot.db", typed="y\n")

    assert done.code == 2
    assert done.err == "fsm-engine: erase: cannot be undone. Look with --dry-run, then add --yes.\n"
    assert len(conversations(place)) == 3


def test_an_unknown_user_is_no_error(run_here: Run) -> None:
    done = run_here("erase", "--user", "nobody", "bot.db")

    assert done.code == 0
    assert "erased (0)" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bot.db",), "name either --user ID or --conversation ID"),
        (("--user", "a", "--conversation", "b", "bot.db"), "name either --user ID or --conversation ID"),
        (("--user", "a", "missing.db"), "there is no such database"),
        (("--user", "a", "postgresql://host/db"), "no PostgreSQL store yet"),
    ],
)
def test_what_cannot_be_done_is_refused(run_here: Run, place: Path, words: tuple[str, ...], said: str) -> None:
    done = run_here("erase", *words)

    assert done.code == 2
    assert said in done.err
    assert not (place / "missing.db").exists()


def test_what_is_left_is_told_with_exit_code_1(run_here: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsm_engine.storage.erasing.TRIES", 3)
    with closing(sqlite3.connect(place / "bot.db", isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM messages").fetchall()

        done = run_here("erase", "--user", "ana", "--yes", "bot.db")
        told = json.loads(run_here("erase", "--user", "nobody else", "--yes", "--json", "bot.db").out)
    assert done.code == 1
    assert "left: bot.db, byte " in done.out
    assert "End what takes so long, then erase again." in done.out
    assert (told["log_in_use"], told["left"]) == (True, [])
    again = run_here("erase", "--user", "ana", "--yes", "bot.db")
    assert again.code == 0
    assert b"Aquamarine" not in (place / "bot.db").read_bytes()


async def test_a_bot_goes_on_meanwhile(run: Run, place: Path) -> None:
    async with Engine.open(f"sqlite:///{place / 'bot.db'}", flows=place / "flows", clock=VirtualClock()) as engine:
        await engine.turn("chat 1", "begin", user_id="ana")
        erasing = asyncio.create_task(asyncio.to_thread(run, "erase", "--user", "ana", "--yes", "--json", "bot.db"))
        turns = 0
        while not erasing.done():
            await converse(engine, f"new {turns}", ["begin", "Cleo Stone"])
            turns += 1
        done = await erasing
        reply = await engine.turn("chat 1", "begin", user_id="ana")

    told = json.loads(done.out)
    assert (done.code, told["left"]) == (0, [])
    assert turns > 0
    assert reply.session.turn == 1
    assert len(conversations(place)) == turns + 2
