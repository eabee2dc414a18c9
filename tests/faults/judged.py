"""What a bank's ledger and the engine's audit say of each other, in figures and, where it is wrong, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.faults.bank import Bank
from tests.faults.seen import HALF_TURNS, rows

_EFFECTS = {"success": (1, 1), "rolled_back": (1, 1), "failure": (0, 0), "unknown": (0, 1), "stuck": (0, 1)}
"""For each end in the audit, how often at least and at most the thing was done."""
_ENDS_OF_UNDO = {("success", "rolled_back", "rolled_back"), ("stuck", "success", "stuck")}
"""How an undo ended, what it took back, and that one's transaction."""


class Audited(NamedTuple):
    key: str
    action: str
    status: str
    repeats: str | None
    undoes: str | None


@dataclass(slots=True)
class Judged:
    """``doubles``: done twice. ``missing``: not done, although it is said to be or had to be. ``silent``: done, and the
    audit does not say that it was or may have been.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    effects: int = 0
    calls: int = 0
    doubles: int = 0
    missing: int = 0
    silent: int = 0
    findings: list[str] = field(default_factory=list)

    def add(self, other: Judged) -> None:
        self.statuses += other.statuses
        self.effects += other.effects
        self.calls += other.calls


def audited(folder: Path) -> list[Audited]:
    statement = "SELECT idempotency_key, action, status, repeats, undoes FROM audit_log ORDER BY id"
    return [Audited(*row) for row in rows(folder, statement)]


def judged(folder: Path, bank: Bank, *, is_certain: bool, must_happen: bool) -> Judged:
    """Looks when everything is over; what is still on its way to the bank arrives now.

    ``is_certain``: nothing may be left in doubt. ``must_happen``: nor may anything have failed.
    """
    bank.letters_arrive()
    done = Counter(key for _, key in bank.ledger())
    result = Judged(effects=done.total(), calls=len(bank.calls()))
    for row in audited(folder):
        result.statuses[row.status] += 1
        _hold_against(result, row, done.pop(row.key, 0))
        if is_certain and row.status == "unknown":
            result.findings.append(f"{row.action} is {row.status}, and could have been known")
        if must_happen and row.status in ("failure", "stuck"):
            result.missing += 1
            result.findings.append(f"{row.action} is {row.status}, and could have been done")
    result.silent += done.total()
    result.findings += [f"{count} effects under {key}, of which the audit knows nothing" for key, count in done.items()]
    result.findings += [f"half a turn: {row}" for row in rows(folder, HALF_TURNS)]
    return result


def _hold_against(result: Judged, row: Audited, effects: int) -> None:
    if row.status not in _EFFECTS:
        result.findings.append(f"{row.action} is {row.status} in the end")
        return
    least, most = (0, 0) if row.repeats is not None else _EFFECTS[row.status]
    if least <= effects <= most:
        return
    result.findings.append(f"{row.action} is {row.status} and was done {effects} times")
    result.doubles += effects > 1
    result.missing += effects < least
    result.silent += effects == 1


def undo_findings(folder: Path, bank: Bank, order: Sequence[str]) -> list[str]:
    """What was taken back otherwise than in reverse order, once, and on record. ``order``: of all that may be done."""
    found = []
    done = [action for action, _ in bank.ledger()]
    if done != [action for action in order if action in done]:
        found.append(f"it was done in this order: {done}")
    known = {row.key: row for row in audited(folder)}
    transactions = dict(rows(folder, "SELECT idempotency_key, status FROM transactions"))
    for row in known.values():
        if row.undoes is None:
            continue
        ended = (row.status, known[row.undoes].status, transactions[row.undoes])
        if ended not in _ENDS_OF_UNDO:
            found.append(f"an undo, what it took back, and its transaction: {ended}")
    is_stuck = [row.status for row in known.values() if row.undoes is not None]
    if "stuck" in is_stuck[:-1]:
        found.append("more was taken back after an undo had stuck")
    return found
