"""T2: a process dies at every failpoint, at every hit of a dialogue; what comes after it cannot be told from a dialogue
without a mishap. proves: P1, P2, P3, P5, A4, C5
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fsm_engine.failpoints import EXIT_CODE, FAILPOINTS, FailpointReached, armed, counted
from fsm_engine.testing.clock import VirtualClock
from fsm_engine.testing.database_files import table_digests
from tests.faults.figures import IS_LONG, record, size
from tests.faults.forks import Forks
from tests.faults.talking import DIALOGUE, bank_of, identity, opened

LEFT_PENDING = "action.after-call:1:exit"
"""Where a process dies that leaves an action to recover."""


@dataclass(frozen=True)
class Undisturbed:
    """A dialogue without a mishap: its replies by request, its tables, and how often each failpoint was reached."""

    replies: dict[str, str]
    tables: Mapping[str, str]
    hits: Mapping[str, int]


def undisturbed(forks: Forks, folder: Path, *, knows_keys: bool = True) -> Undisturbed:
    folder.mkdir()
    ended, said = forks.run("converse", folder, "count", knows_keys)

    assert ended == 0
    return Undisturbed(dict(said[:-1]), stored_in(folder), said[-1])


def stored_in(folder: Path) -> Mapping[str, str]:
    """All tables but the outbox, which holds what an action led to while nobody waited for it, and what seals it."""
    with closing(sqlite3.connect(folder / "bot.db")) as bot:
        names = [name for _, name, *_ in bot.execute("PRAGMA table_info (turns)") if name != "row_hash"]
        turns = bot.execute(f"SELECT {', '.join(names)} FROM turns ORDER BY session, number").fetchall()
    digests = table_digests(folder / "bot.db")
    return {name: digests[name] for name in digests if name not in ("deliveries", "turns")} | {"turns": repr(turns)}


def every_hit(hits: Mapping[str, int]) -> Iterator[str]:
    for name in FAILPOINTS:
        for hit in range(1, hits.get(name, 0) + 1):
            yield f"{name}:{hit}:exit"


def die_and_come_back(forks: Forks, folder: Path, failpoint: str, *, knows_keys: bool = True) -> dict[str, str]:
    """The replies to a whole dialogue, after a process died in it at this point."""
    folder.mkdir(exist_ok=True)
    ended, acknowledged = forks.run("converse", folder, failpoint, knows_keys)
    assert ended == EXIT_CODE, failpoint
    ended, said = forks.run("converse", folder, "", knows_keys)
    assert ended == 0, failpoint
    assert dict(acknowledged).items() <= dict(said).items(), failpoint
    return dict(said)


def test_after_a_death_at_any_point_the_dialogue_ends_as_if_nothing_had_happened(forks: Forks, tmp_path: Path) -> None:
    expected = undisturbed(forks, tmp_path / "undisturbed")
    deaths = effects = 0
    for failpoint in every_hit(expected.hits):
        folder = tmp_path / failpoint.replace(":", "-")
        replies = die_and_come_back(forks, folder, failpoint)
        deaths += 1

        assert replies == expected.replies, failpoint
        assert stored_in(folder) == expected.tables, failpoint
        assert len(bank_of(folder).effects()) == 1, failpoint
        assert len(set(bank_of(folder).calls())) == 1, failpoint
        effects += len(bank_of(folder).effects())
    record("T2", what="deaths at every point", failpoints=len(expected.hits), deaths=deaths, effects=effects)


def test_after_a_death_while_it_recovers_the_dialogue_ends_as_if_nothing_had_happened(
    forks: Forks, tmp_path: Path
) -> None:
    expected = undisturbed(forks, tmp_path / "undisturbed")
    left = tmp_path / "left"
    left.mkdir()
    assert forks.run("converse", left, LEFT_PENDING, True)[0] == EXIT_CODE
    hits = forks.run("converse", shutil.copytree(left, tmp_path / "recovering"), "count", True)[1][-1]
    # tests/engine/test_outbox.py and tests/faults/test_timers_killed.py die there
    elsewhere = {name for name in FAILPOINTS if name.startswith(("delivery.", "timer."))}
    elsewhere.add("action.before-renewal")  # no action here lasts so long
    assert hits.keys() | expected.hits.keys() == set(FAILPOINTS) - elsewhere
    deaths = effects = 0
    for failpoint in every_hit(hits):
        if not IS_LONG and failpoint.startswith(("turn.", "check.")) and not failpoint.endswith(":1:exit"):
            continue  # the first hits are those of the recovery; the test above has been at the others
        folder = shutil.copytree(left, tmp_path / failpoint.replace(":", "-"))
        replies = die_and_come_back(forks, folder, failpoint)
        deaths += 1

        assert replies == expected.replies, failpoint
        assert stored_in(folder) == expected.tables, failpoint
        assert len(bank_of(folder).effects()) == 1, failpoint
        effects += len(bank_of(folder).effects())
    record("T2", what="deaths while recovering", failpoints=len(hits), deaths=deaths, effects=effects)


def test_an_action_that_knows_no_keys_is_called_once_and_what_is_in_doubt_says_so(forks: Forks, tmp_path: Path) -> None:
    expected = undisturbed(forks, tmp_path / "undisturbed", knows_keys=False)
    deaths = unknown = done = 0
    for failpoint in every_hit(expected.hits):
        if not IS_LONG and not failpoint.startswith(("action.", "store.after-statement:")):
            continue
        folder = tmp_path / failpoint.replace(":", "-")
        replies = die_and_come_back(forks, folder, failpoint, knows_keys=False)
        deaths += 1

        with closing(sqlite3.connect(folder / "bot.db")) as bot:
            ((status, turns),) = bot.execute("SELECT status, (SELECT count(*) FROM turns) FROM audit_log")
        effects = len(bank_of(folder, knows_keys=False).effects())
        assert (status, effects) in {("success", 1), ("unknown", 0), ("unknown", 1)}, failpoint
        assert turns == len(DIALOGUE) + 1, failpoint
        assert status == "unknown" or replies == expected.replies, failpoint
        unknown += status == "unknown"
        done += effects
    assert unknown >= 3
    record("T2", what="deaths around an action without keys", deaths=deaths, effects=done, unknown=unknown)


async def test_an_error_at_any_point_leaves_an_engine_that_goes_on(tmp_path: Path) -> None:
    with counted() as hits:
        expected = await converse(tmp_path / "undisturbed")
    errors = effects = 0
    for failpoint in every_hit(hits):
        name, hit, _ = failpoint.split(":")
        if name.startswith("store.") and name.endswith("-close"):
            continue  # closing is the end; there is nothing that could go on
        if int(hit) > size(3, 99):
            continue
        folder = tmp_path / failpoint.replace(":", "-")
        with armed(name, hit=int(hit)):
            replies = await converse(folder, must_fail=True)
        errors += 1

        assert replies == expected, failpoint
        assert table_digests(folder / "bot.db") == table_digests(tmp_path / "undisturbed" / "bot.db"), failpoint
        assert len(bank_of(folder).effects()) == 1, failpoint
        effects += len(bank_of(folder).effects())
    record("T2", what="errors at every point", errors=errors, effects=effects)


async def converse(folder: Path, *, must_fail: bool = False) -> list[str]:
    """The replies to the dialogue; what fails is sent once more, to the same engine."""
    folder.mkdir()  # noqa: ASYNC240 - nobody else waits
    failed = 0
    session_id = ""
    replies = []
    async with opened(folder, bank_of(folder), clock=VirtualClock(), new_id=lambda _: session_id) as engine:
        for number, text in enumerate(DIALOGUE):
            session_id = f"session of r{number}"
            try:
                reply = await engine.turn("chat", text, request_id=f"r{number}")
            except FailpointReached:
                failed += 1
                reply = await engine.turn("chat", text, request_id=f"r{number}")
            replies.append(identity(reply))
    assert failed == must_fail
    return replies
