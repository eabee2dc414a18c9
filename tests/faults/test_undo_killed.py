"""A process dies at every point of a dialogue in which two actions are done and taken back again; another goes on.

proves: P5, A3, A4
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from fsm_engine.failpoints import EXIT_CODE, FAILPOINTS
from tests.faults.figures import IS_LONG, record, size
from tests.faults.forks import Forks
from tests.faults.trips import CANCELLED, ORDER, bank_of


def rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "bot.db")) as bot:
        return bot.execute(statement).fetchall()


def deaths(hits: Mapping[str, int]) -> list[str]:
    """Those around actions at every hit; the others, which other tests go through as well, at some."""
    return [
        f"{name}:{hit}:{how}"
        for name in FAILPOINTS
        for hit in range(1, hits.get(name, 0) + 1)
        for how in (("exit", "kill") if IS_LONG else ("kill",))
        if IS_LONG or name.startswith("action.") or hit == size(3, 0)
    ]


def is_all_taken_back_once(folder: Path, replies: dict[str, str], expected: dict[str, str], where: str) -> None:
    effects = bank_of(folder).ledger()
    assert tuple(action for action, _ in effects) == ORDER, where
    (hotel, train, no_train, no_hotel) = [key for _, key in effects]
    assert (no_train, no_hotel) == (f"{train}:undo", f"{hotel}:undo"), where
    assert replies == expected, where
    assert rows(folder, "SELECT action, status FROM audit_log ORDER BY id") == [
        ("hotel.book", "rolled_back"),
        ("train.book", "rolled_back"),
        ("train.cancel", "success"),
        ("hotel.cancel", "success"),
    ], where
    assert rows(folder, "SELECT DISTINCT status FROM transactions") == [("rolled_back",)], where
    assert rows(folder, "SELECT count(*) FROM idempotency_cache") == [(0,)], where


def test_after_a_death_at_any_point_everything_is_taken_back_once_and_in_order(forks: Forks, tmp_path: Path) -> None:
    first = tmp_path / "undisturbed"
    first.mkdir()
    ended, said = forks.run("trip", first, "count")
    assert ended == 0
    expected, hits = dict(said[:-1]), said[-1]
    is_all_taken_back_once(first, expected, expected, "undisturbed")
    calls = died = 0
    for where in deaths(hits):
        folder = tmp_path / where.replace(":", "-")
        folder.mkdir()
        ended, acknowledged = forks.run("trip", folder, where)
        assert ended == (EXIT_CODE if where.endswith("exit") else -9), where
        ended, said = forks.run("trip", folder, "")
        assert ended == 0, where
        died += 1

        assert dict(acknowledged).items() <= dict(said).items(), where
        is_all_taken_back_once(folder, dict(said), expected, where)
        calls += len(bank_of(folder).calls())
    assert died > 20
    record("T13", what="deaths around actions and their undo", deaths=died, effects=died * len(ORDER), calls=calls)


def test_a_death_while_another_process_takes_over_leaves_it_to_the_next(forks: Forks, tmp_path: Path) -> None:
    for left in ("action.after-call:1:kill", "action.after-call:3:kill"):
        for where in ("action.before-take-over:1:kill", "action.after-take-over:1:kill", "action.before-result:1:kill"):
            folder = tmp_path / f"{left}{where}".replace(":", "-")
            folder.mkdir()
            assert forks.run("trip", folder, left)[0] == -9
            assert forks.run("trip", folder, where)[0] == -9, where
            ended, said = forks.run("trip", folder, "")

            assert ended == 0
            assert [number for number, _ in said] == [f"r{number}" for number in range(len(CANCELLED))]
            assert tuple(action for action, _ in bank_of(folder).ledger()) == ORDER
            assert rows(folder, "SELECT DISTINCT status FROM transactions") == [("rolled_back",)]
