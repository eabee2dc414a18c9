"""T27: the whole engine in simulated worlds, and promises broken on purpose, each of which a simulation finds."""

# proves: C3, C4, C5, A4, M7, S3

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fsm_engine.engine.risk_stage import RiskStage
from fsm_engine.model.session import Mood
from fsm_engine.storage.records import LoadedConversation
from fsm_engine.storage.sqlite import SqliteStore
from fsm_engine.storage.store import Store
from fsm_engine.storage.turn_rows import TurnToCommit
from fsm_engine.testing.simulation.run import simulate
from fsm_engine.testing.simulation.settings import Figures, Result, Settings
from fsm_engine.understanding.risk_phrases import NOTHING_HEARD, Heard
from tests.faults.figures import SEED, record, size

ROOT = Path(__file__).parents[2]
FLOWS = ROOT / "flows"
STEPS = 3000
SEEDS_UNTIL_FOUND = 8


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """What is broken on purpose is logged thousands of times."""
    caplog.set_level("CRITICAL", logger="fsm_engine")


def test_no_world_breaks_a_promise() -> None:
    total = Figures()
    results = [simulate(seed, FLOWS, Settings(STEPS)) for seed in range(SEED, SEED + size(5, 300))]
    for result in results:
        total.add(result.figures)
    record("T27", what="simulated worlds", seeds=len(results), **total.as_dict())

    assert [str(result.violation) for result in results if not result.is_sound] == []
    assert total.turns > 40 * len(results)
    assert min(total.kills, total.duplicates, total.cancelled, total.refused, total.reloads, total.actions) > 0
    assert total.virtual_s > 3600


def test_a_seed_gives_the_same_world_in_every_process() -> None:
    first, second = (digests_with(hash_seed) for hash_seed in ("1", "77"))

    assert first == second
    assert len(set(first)) == len(first)


def digests_with(hash_seed: str) -> list[str]:
    words = ["sim", "--seeds", str(size(2, 10)), "--steps", "1500", "--json"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-m", "fsm_engine.cli", *words], env=environment, capture_output=True, text=True, check=True
    )
    return [one["digest"] for one in json.loads(ran.stdout)["seeds"]]


# Promises broken on purpose


class Broken:
    """A store that keeps its promises but for what subclasses make of them."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


class ForgetsRequests(Broken):
    async def load(self, conversation_id: str, request_id: str | None) -> LoadedConversation | None:
        return await self.store.load(conversation_id, None)

    async def commit(self, turn: TurnToCommit) -> None:
        await self.store.commit(turn._replace(request_id=None, fingerprint=None))


class ActsBeforeItSaysSo(Broken):
    async def commit(self, turn: TurnToCommit) -> None:
        await self.store.commit(turn._replace(audit=tuple(row for row in turn.audit if row.status != "pending")))


class StoresOnlyNineOfTen(Broken):
    turns = 0

    async def commit(self, turn: TurnToCommit) -> None:
        self.turns += 1
        if self.turns % 10:
            await self.store.commit(turn)


class SaysBeforeItSaves(Broken):
    """The answer to a turn that cannot be stored is the same as if it were."""

    async def commit(self, turn: TurnToCommit) -> None:
        try:
            await self.store.commit(turn)
        except Exception:  # noqa: BLE001 - that is what is broken
            return


class ForgetsAnswers(Broken):
    """Writes the state of the turn before: a lost update."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.last: dict[str, str] = {}

    async def commit(self, turn: TurnToCommit) -> None:
        stale = self.last.get(turn.session_id, turn.state_json)
        self.last[turn.session_id] = turn.state_json
        await self.store.commit(turn._replace(state_json=stale))


class DropsDetections(Broken):
    async def commit(self, turn: TurnToCommit) -> None:
        await self.store.commit(turn._replace(detections=()))


class AnswersTooEarly(Broken):
    """Does not wait for what cancelled callers still have under way."""

    async def settle(self) -> None:
        return

    async def load(self, conversation_id: str, request_id: str | None) -> LoadedConversation | None:
        assert isinstance(self.store, SqliteStore)
        self.store._database._settled = self.store._database._abandoned
        return await self.store.load(conversation_id, request_id)


class Anybody(str):
    """A user id that is everybody's."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


class LetsEverybodyIn(Broken):
    async def load(self, conversation_id: str, request_id: str | None) -> LoadedConversation | None:
        loaded = await self.store.load(conversation_id, request_id)
        if loaded is None:
            return None
        return replace(loaded, conversation=replace(loaded.conversation, user_id=Anybody("anybody")))


STORES: Sequence[type[Broken]] = (
    ForgetsRequests,
    ActsBeforeItSaysSo,
    StoresOnlyNineOfTen,
    SaysBeforeItSaves,
    ForgetsAnswers,
    DropsDetections,
    AnswersTooEarly,
    LetsEverybodyIn,
)
FOUND_AS: dict[type[Broken], set[str]] = {
    ForgetsRequests: {"every turn answers one request, reports one action or comes by itself"},
    ActsBeforeItSaysSo: {"the intent is stored before the act"},
    StoresOnlyNineOfTen: {"acknowledged means stored"},
    SaysBeforeItSaves: {"acknowledged means stored", "replies of one request are identical"},
    ForgetsAnswers: {"a replay gives the same bytes"},
    DropsDetections: {"detections as found"},
    AnswersTooEarly: {"a cancelled turn has one answer"},
    LetsEverybodyIn: {"every turn answers one request, reports one action or comes by itself"},
}


@pytest.mark.parametrize("broken", STORES)
def test_a_store_that_breaks_a_promise_is_found(broken: type[Broken]) -> None:
    settings = Settings(STEPS, wrap_store=broken)
    found = first_violation(settings)

    assert found.violation is not None
    assert found.violation.invariant in FOUND_AS[broken]
    assert f"seed {found.seed}, step {found.violation.step}, virtual time" in str(found.violation)
    assert simulate(found.seed, FLOWS, settings).violation == found.violation


def test_a_database_that_takes_turns_on_old_versions_is_found() -> None:
    def drop_the_version_check(path: Path) -> None:
        change_trigger(path, lambda sql: sql.replace("AND version = NEW.base_version", "").replace(
            "AND turn = NEW.turn - 1", ""
        ))  # fmt: skip

    assert first_violation(Settings(STEPS, prepare=drop_the_version_check)).violation is not None


def test_a_database_that_numbers_messages_twice_is_found() -> None:
    def count_wrongly(path: Path) -> None:
        change_trigger(path, lambda sql: sql.replace("message_count + NEW.message_total", "message_count + 1"))

    found = first_violation(Settings(STEPS, prepare=count_wrongly))

    assert found.violation is not None
    assert found.violation.invariant == "messages are counted"


def test_an_engine_that_skips_the_risk_stage_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def finds_nothing(stage: RiskStage, text: str, language: str, moods: Sequence[Mood]) -> Heard:
        return NOTHING_HEARD

    monkeypatch.setattr(RiskStage, "assess", finds_nothing)

    found = first_violation(Settings(STEPS))

    assert found.violation is not None
    assert found.violation.invariant == "every message has been through the risk stage"


def first_violation(settings: Settings) -> Result:
    """Of the first seed that finds one; the last result when none does."""
    for seed in range(SEED, SEED + SEEDS_UNTIL_FOUND):
        result = simulate(seed, FLOWS, settings)
        if not result.is_sound:
            break
    return result


def change_trigger(path: Path, change: Callable[[str], str]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        name = "turn_intake_writes"
        (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
        changed = change(sql)
        assert changed != sql
        connection.executescript(f"DROP TRIGGER {name};{changed}")
