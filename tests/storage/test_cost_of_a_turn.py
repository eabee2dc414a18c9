"""What a turn costs, counted in steps of SQLite's machine and in calls of the database, not in time."""

# proves: D8

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from benchmarks.dialogue import FLOWS, TURNS_PER_DIALOGUE, bank, converse, texts_of
from fsm_engine import Engine
from fsm_engine.storage import sql
from fsm_engine.storage.intake import intake_row
from fsm_engine.storage.open import open_store
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.turn_rows import AuditRow, TurnToCommit
from tests.storage.full_turn import full_turn

FEW, MANY = 20, 600


def asked(conversation: str, name: str = "pay", **more: Any) -> AuditRow:
    return AuditRow(f"{name} {conversation}", "f", name, "pending", "{}", owner="me", fence=1, **more)


def done(conversation: str, name: str = "pay", **more: Any) -> AuditRow:
    return AuditRow(f"{name} {conversation}", "f", name, "success", "{}", "1", fence=1, **more)


def story(conversation: str) -> list[TurnToCommit]:
    """A payment is asked for and made; then it is taken back."""
    made = done(
        conversation, effect="completed", rollback_json="{}", cache_key=f"cache {conversation}", cache_until="9"
    )
    undoes = {"undoes": f"pay {conversation}"}
    undone = done(conversation, "undo", undone_as="rolled_back", **undoes)
    actions = [asked(conversation), made, asked(conversation, "undo", **undoes), undone]
    return [full_turn(number, conversation, audit=(action,)) for number, action in enumerate(actions, 1)]


async def steps_with(path: Path, conversations: int) -> list[int]:
    """Steps that each turn of one more story takes in a database that holds so many payments."""
    store = await open_store(f"sqlite:///{path}")
    for number in range(conversations):
        for turn in story(f"chat {number}")[:2]:
            await store.commit(turn)
    await store.close()
    counted = []
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for turn in story("one more"):
            steps = [0]

            def count(steps: list[int] = steps) -> int:
                steps[0] += 1
                return 0

            connection.set_progress_handler(count, 1)
            connection.execute(sql.intake(1), intake_row(turn, Seal()))
            connection.set_progress_handler(None, 0)
            counted.append(steps[0])
    return counted


async def test_a_turn_takes_as_many_steps_among_many_actions_as_among_few(tmp_path: Path) -> None:
    few, many = await steps_with(tmp_path / "few.db", FEW), await steps_with(tmp_path / "many.db", MANY)

    assert [round(more / less, 1) for less, more in zip(few, many, strict=True)] == [1.0] * len(few)


async def test_a_dialogue_asks_the_database_once_for_each_turn_that_it_stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call costs a trip to the database's thread: none for what is held, for a check that may be asked twice, or
    for whether the same request has its result already, which the turn that asks for it brings back.
    """
    calls: list[str] = []
    ask: Any = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, function: Any, *values: Any) -> Any:
        calls.extend([one.split(maxsplit=1)[0] for one in values if isinstance(one, str)])
        return await ask(self, function, *values)

    async with Engine.open(f"sqlite:///{tmp_path}/bot.db", flows=FLOWS, actions=bank()) as engine:
        await converse(engine, "c", 0)
        monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
        for number, text in enumerate(texts_of(7)):  # other answers: not the same request again
            await engine.turn("c", text, request_id=f"1-{number}")
        monkeypatch.undo()

    assert calls == ["INSERT"] * TURNS_PER_DIALOGUE
