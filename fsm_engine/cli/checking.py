"""`fsm-engine check` and `fsm-engine explain`: what is wrong with flow files, and what that means."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fsm_engine.cli.exits import Exit, Refused, leave
from fsm_engine.cli.places import checked_flows, flows_folder, registered_actions

if TYPE_CHECKING:
    from fsm_engine.model.folder import FlowFolder
    from fsm_engine.model.problem import Problem


def check_folder(given: Path | None, *, as_json: bool, actions: str | None = None) -> None:
    """Prints all problems; leaves with `Exit.PROBLEMS` when one of them is an error.

    ``actions`` names the registry, as ``module:registry``, whose types the flows may use.
    """
    folder = flows_folder(given)
    registry = registered_actions(actions, folder)
    flows, problems = checked_flows(folder, registry.types if registry is not None else ())
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        _print_json(folder, flows.folder, problems, ok=not errors)
    else:
        for problem in problems:
            print(problem)
        print(_summary(folder, flows.folder, errors, len(problems) - errors))
    if errors:
        leave(Exit.PROBLEMS)


def _print_json(folder: Path, found: FlowFolder, problems: Sequence[Problem], *, ok: bool) -> None:
    import orjson

    content = {
        "folder": str(folder),
        "ok": ok,
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
    print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())


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
