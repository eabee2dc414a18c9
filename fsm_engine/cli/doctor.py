"""`fsm-engine doctor`: what is wrong with a database, what still works, and what to do."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from fsm_engine.cli.exits import Exit, leave
from fsm_engine.cli.screen import harmless, print_json, print_table, staged_progress

if TYPE_CHECKING:
    from fsm_engine.storage.findings import Finding, Inspection

_IDS_SHOWN = 10


def examine(database: str, *, as_json: bool) -> None:
    """Prints what an inspection finds; ends the program with 1 when somebody has to do something.

    Raises:
        StartUpError: the database cannot be read.
    """
    from fsm_engine.model.times import utc_now, utc_text
    from fsm_engine.storage.inspection import inspect_database
    from fsm_engine.storage.open import sqlite_path

    path = sqlite_path(database)
    with staged_progress() as tell:
        inspection = inspect_database(path, now=utc_text(utc_now()), tell=tell)
    if as_json:
        print_json({**asdict(inspection), "sound": inspection.is_sound})
    else:
        _print(inspection)
    if not inspection.is_sound:
        leave(Exit.PROBLEMS)


def _print(inspection: Inspection) -> None:
    print_table(f"database {inspection.database}", ("what", "value"), list(inspection.facts.items()))
    for finding in inspection.findings:
        _print_finding(finding)
    to_do = sum(finding.severity != "note" for finding in inspection.findings)
    print("The database is sound." if inspection.is_sound else f"Findings that need somebody: {to_do}.")


def _print_finding(finding: Finding) -> None:
    times = f" ({finding.count} times)" if finding.count > 1 else ""
    print(harmless(f"{finding.severity}: {finding.code}{times}: {finding.what}"))
    for name, ids in (("sessions", finding.sessions), ("conversations", finding.conversations)):
        if ids:
            more = f" and {len(ids) - _IDS_SHOWN} more (see --json)" if len(ids) > _IDS_SHOWN else ""
            print(harmless(f"    {name}: {', '.join(ids[:_IDS_SHOWN])}{more}"))
    print(harmless(f"    still works: {finding.works}"))
    print(harmless(f"    do: {finding.do}"))
    print()
