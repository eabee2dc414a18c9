"""`fsm-engine check` and `fsm-engine explain`: what is wrong with flow files, and what that means."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from fsm_engine.cli.exits import Exit, Refused, leave
from fsm_engine.cli.places import checked_flows, flows_folder, must_exist, registered_actions
from fsm_engine.cli.screen import print_json, print_table, progress_bar

if TYPE_CHECKING:
    from fsm_engine.core.flows import Flows
    from fsm_engine.engine.moves_ahead import Ahead, MovesAhead
    from fsm_engine.model.folder import FlowFolder
    from fsm_engine.model.problem import Problem


def check_folder(given: Path | None, *, as_json: bool, actions: str | None = None, database: str | None = None) -> None:
    """Prints all problems; leaves with `Exit.PROBLEMS` when one of them is an error.

    ``actions`` names the registry, as ``module:registry``, whose types the flows may use. With a ``database`` and no
    error, it is told as well what becomes of the sessions in it.

    Raises:
        Refused: there is no such folder or database.
    """
    folder = flows_folder(given)
    if database is not None:
        must_exist(database)
    registry = registered_actions(actions, folder)
    flows, problems = checked_flows(folder, registry.types if registry is not None else ())
    errors = sum(problem.severity == "error" for problem in problems)
    ahead = asyncio.run(_moves_ahead(flows, database)) if database is not None and not errors else None
    if as_json:
        _print_json(folder, flows.folder, problems, ahead)
    else:
        for problem in problems:
            print(problem)
        print(_summary(folder, flows.folder, errors, len(problems) - errors))
        if ahead is not None:
            _print_ahead(ahead)
    if errors:
        leave(Exit.PROBLEMS)


async def _moves_ahead(flows: Flows, database: str) -> MovesAhead:
    from fsm_engine.engine.moves_ahead import moves_ahead
    from fsm_engine.model.times import utc_now, utc_text
    from fsm_engine.storage import open_store

    store = await open_store(database)
    try:
        with progress_bar("looking at sessions") as progress:
            return await moves_ahead(flows, store, utc_text(utc_now()), progress=progress)
    finally:
        await store.close()


def _print_ahead(ahead: MovesAhead) -> None:
    columns = ("flow", "version", "becomes", "sessions", "why", "asked again", "read again")
    rows = [
        (
            one.flow,
            one.version,
            f"moves to {one.to_version}" if one.becomes == "moves" else one.becomes,
            count,
            one.reason or None,
            ", ".join(sorted(ahead.asked_again.get(one, ()))) or None,
            ", ".join(sorted(ahead.read_again.get(one, ()))) or None,
        )
        for one, count in sorted(ahead.counts.items(), key=_by_name)
    ]
    if rows:
        print_table("flows of open sessions", columns, rows)
    damaged = f", {ahead.damaged} of them damaged" if ahead.damaged else ""
    print(f"{_counted(ahead.sessions, 'open session')}{damaged}. Nothing was changed.")


def _by_name(entry: tuple[Ahead, int]) -> tuple[str, int, str, str]:
    one, _ = entry
    return one.flow, one.version, one.becomes, one.reason


def _ahead_as_json(ahead: MovesAhead) -> dict[str, object]:
    return {
        "open": ahead.sessions,
        "damaged": ahead.damaged,
        "flows": [
            {
                **asdict(one),
                "sessions": count,
                "asked_again": sorted(ahead.asked_again.get(one, ())),
                "read_again": sorted(ahead.read_again.get(one, ())),
            }
            for one, count in sorted(ahead.counts.items(), key=_by_name)
        ],
    }


def _print_json(folder: Path, found: FlowFolder, problems: Sequence[Problem], ahead: MovesAhead | None) -> None:
    content: dict[str, object] = {
        "folder": str(folder),
        "ok": all(problem.severity != "error" for problem in problems),
        "flows": sorted(found.flows),
        "transcripts": len(found.transcripts),
        "problems": [
            {
                "file": problem.at.file,
                "line": problem.at.line,
                "column": problem.at.column,
                "severity": problem.severity,
                "code": problem.code,
                "message": problem.message,
            }
            for problem in problems
        ],
    }
    if ahead is not None:
        content["sessions"] = _ahead_as_json(ahead)
    print_json(content)


def _summary(folder: Path, found: FlowFolder, errors: int, warnings: int) -> str:
    counts = [_counted(errors, "error")] if errors else []
    counts += [_counted(warnings, "warning")] if warnings else []
    contents = f"{_counted(len(found.flows), 'flow')}, {_counted(len(found.transcripts), 'transcript')}"
    hint = " 'fsm-engine explain CODE' tells what a code means." if counts else ""
    return f"{folder}: {contents}, {' and '.join(counts) or 'no problems'}.{hint}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def explain_code(code: str | None) -> None:
    """Prints what a code means, or all codes.

    Raises:
        Refused: there is no such code.
    """
    from fsm_engine.model.problem_codes import EXPLANATIONS

    if code is None:
        print("\n".join(sorted(EXPLANATIONS)))
        return
    explanation = EXPLANATIONS.get(code.strip().lower())
    if explanation is None:
        from fsm_engine.core.nearest import did_you_mean

        hint = did_you_mean(code, EXPLANATIONS)
        raise Refused(f"explain: there is no code '{code}'.{hint} 'fsm-engine explain' lists all codes.")
    print(f"{code.strip().lower()}\n\n{explanation.strip()}", file=sys.stdout)
