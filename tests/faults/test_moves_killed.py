"""T2: a process dies at every failpoint of the turns that move a session to newer flows: it has moved, or it has not.
proves: P1, P2, P3, P12
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from fsm_engine.failpoints import EXIT_CODE
from tests.faults import moves
from tests.faults.figures import record
from tests.faults.forks import Forks
from tests.faults.test_crash_points import every_hit, stored_in


async def begin(folder: Path) -> None:
    async with moves.opened(folder, version=1) as engine:
        await engine.start("chat", "plan", request_id="start")
        for number, text in enumerate(moves.BEFORE):
            await engine.turn("chat", text, request_id=f"r{number}")


def test_after_a_death_at_any_point_a_session_has_moved_as_if_nothing_had_happened(
    forks: Forks, tmp_path: Path
) -> None:
    (tmp_path / "begun").mkdir()
    asyncio.run(begin(tmp_path / "begun"))
    undisturbed = shutil.copytree(tmp_path / "begun", tmp_path / "undisturbed")
    ended, said = forks.run("move", undisturbed, "count")
    assert ended == 0
    replies, hits, tables = said[:-1], said[-1], stored_in(undisturbed)
    deaths = 0
    for failpoint in every_hit(hits):
        folder = shutil.copytree(tmp_path / "begun", tmp_path / failpoint.replace(":", "-"))
        ended, acknowledged = forks.run("move", folder, failpoint)
        assert ended == EXIT_CODE, failpoint
        assert acknowledged == replies[: len(acknowledged)], failpoint
        ended, again = forks.run("move", folder, "")
        deaths += 1

        assert (ended, again) == (0, replies), failpoint
        assert stored_in(folder) == tables, failpoint
    record("T2 while a session moves", deaths=deaths, turns=len(replies), differences=0)
    assert deaths > 20
