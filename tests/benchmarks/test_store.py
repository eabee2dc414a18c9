"""The generated database that store calls are measured in is one that the engine could have written."""

# proves: D8

from pathlib import Path
from random import Random

from benchmarks.store import FLOW, NOW, TURNS, calls, fill
from fsm_engine import Engine
from fsm_engine.storage.inspection import inspect_database


async def test_the_generated_rows_are_sound_and_every_call_is_answered(tmp_path: Path) -> None:
    (tmp_path / "talk.yaml").write_text(FLOW, encoding="utf-8")
    path = tmp_path / "filled.db"
    fill(path, users=2)
    inspection = inspect_database(str(path), now=NOW)

    async with Engine.open(f"sqlite:///{path}", flows=tmp_path) as engine:
        for call in calls(engine, 2, Random(1)).values():
            await call()
        history = await engine.history("chat-1", limit=2 * TURNS)

    assert [(one.code, one.examples) for one in inspection.findings if one.severity != "note"] == []
    assert len(history) == 2 * TURNS
