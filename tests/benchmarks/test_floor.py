"""What the engine is measured against writes what the engine writes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.dialogue import copies, recorded_turns
from benchmarks.floor import bare_turns_per_second
from fsm_engine.storage.open import open_store


def rows_by_table(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()
            for name in names
            if not name.startswith(("sqlite_", "messages_fts"))
        }


async def test_the_floor_writes_the_very_same_rows(tmp_path: Path) -> None:
    turns = copies(await recorded_turns(), 3)
    bare_turns_per_second(tmp_path / "floor.db", turns)
    store = await open_store(f"sqlite:///{tmp_path}/store.db")
    for turn in turns:
        await store.commit(turn)
    await store.close()

    floor, stored = rows_by_table(tmp_path / "floor.db"), rows_by_table(tmp_path / "store.db")

    assert sum(map(len, stored.values())) > len(turns)
    assert floor == stored
