"""T10: 64 coroutines in each of four processes talk in one conversation, one process is killed; the history checker
finds nothing. proves: P1, P3, P4
"""

from __future__ import annotations

import signal
from itertools import pairwise
from pathlib import Path
from typing import Any

from fsm_engine.testing.history import findings
from tests.faults.figures import record, size
from tests.faults.forks import Child, Forks
from tests.faults.seen import HALF_TURNS, Call, final_state, operations, rows
from tests.faults.talking import bank_of

PROCESSES = 4
COROUTINES = 64


def calls_of(process: int, coroutine: int, turns: int) -> list[Call]:
    """What one coroutine does: some turns that leave the question open, and a look at the journal among them."""
    client = f"{process}.{coroutine}"
    said = [
        {"client": client, "conversation": "chat", "request_id": f"{client}-{number}", "text": "repeat"}
        for number in range(turns)
    ]
    look = {"client": f"look {client}", "conversation": "chat"}
    at = (process + coroutine) % (turns + 1)
    return [*said[:at], look, *said[at:]]


def test_many_writers_in_many_processes_see_one_history(forks: Forks, tmp_path: Path) -> None:
    bank_of(tmp_path)
    workers = [forks.start("work", tmp_path) for _ in range(PROCESSES)]
    assert [worker.hear() for worker in workers] == ["ready"] * PROCESSES
    opening = {"client": "opener", "conversation": "chat", "request_id": "opening", "text": "let us talk"}
    workers[0].tell([opening])
    answers: list[dict[str, Any]] = [workers[0].hear()]
    orders = [
        [calls_of(process, coroutine, size(2, 6)) for coroutine in range(COROUTINES)] for process in range(PROCESSES)
    ]
    for worker, order in zip(workers, orders, strict=True):
        for calls in order:
            worker.tell(calls)
    answers += killed_half_way(workers[0], answers=COROUTINES)
    for worker in workers[1:]:
        answers += worker_ends(worker)

    sent = [opening, *(call for order in orders for calls in order for call in calls)]
    seen = operations(sent, answers)
    final = final_state(tmp_path, "chat")
    conflicts = alternations(final.log)
    found = findings(seen, final)
    assert found == []
    assert rows(tmp_path, HALF_TURNS) == []
    assert conflicts > 2 * PROCESSES, "the processes never met: the test proves nothing"
    acknowledged = [one for one in seen if one.outcome == "acknowledged" and one.request_id is not None]
    record(
        "T10",
        what=f"{COROUTINES} coroutines in each of {PROCESSES} processes, one of them killed",
        turns=final.version,
        acknowledged=len(acknowledged),
        unknown=sum(one.outcome == "unknown" and one.request_id is not None for one in seen),
        refused=sum(one.outcome == "refused" for one in seen),
        looks=sum(one.log is not None for one in seen),
        changes_of_process=conflicts,
        findings=len(found),
    )


def killed_half_way(worker: Child, *, answers: int) -> list[Any]:
    """What it had said when it was killed, some time after so many answers."""
    said = [worker.hear() for _ in range(answers)]
    worker.kill()
    said += worker.hear_all()
    assert worker.wait() == -signal.SIGKILL
    return said


def worker_ends(worker: Child) -> list[Any]:
    worker.no_more_orders()
    said = list(worker.hear_all())
    assert worker.wait() == 0
    return said


def alternations(log: tuple[str | None, ...]) -> int:
    """How often a turn follows on one that another process took."""
    processes = [(request_id or "").partition(".")[0] for request_id in log]
    return sum(one != other for one, other in pairwise(processes))
