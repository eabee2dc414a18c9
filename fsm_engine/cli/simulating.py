"""`fsm-engine sim`: runs the whole engine in simulated worlds, and tells which of them broke a promise."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsm_engine.cli.exits import Exit, Refused, leave
from fsm_engine.cli.places import shipped_flows
from fsm_engine.cli.screen import print_table, progress, quiet_logs

if TYPE_CHECKING:
    from fsm_engine.testing.simulation.settings import Figures, Result

_EXPLAINED = {
    "steps": "callbacks run, one at a time",
    "virtual_s": "seconds of virtual time",
    "messages": "messages of users",
    "deliveries": "deliveries of these messages",
    "acknowledged": "deliveries that got their reply",
    "duplicates": "of these, second deliveries",
    "cancelled": "turns cancelled or timed out",
    "refused": "deliveries that ended with an error of the database",
    "turns": "turns committed",
    "sessions": "sessions opened",
    "detections": "risk detections stored",
    "actions": "actions asked for",
    "timers": "reminders and nudges",
    "kills": "processes killed",
    "reloads": "reloads of changed flow files",
    "clock_jumps": "jumps of the clock",
    "faults": "faults of the disk",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command was asked for. ``steps`` None: as many as a simulation has by default."""

    seeds: int
    first_seed: int
    steps: int | None
    as_json: bool
    trace: Path | None


def run_simulations(wanted: Wanted) -> None:
    """Runs the seeds one after the other; leaves with `Exit.PROBLEMS` when one of them found a violation.

    Raises:
        Refused: a trace of several seeds was asked for.
    """
    if wanted.trace is not None and wanted.seeds != 1:
        raise Refused(f"--trace: is for one seed, and --seeds is {wanted.seeds}. Say: --seeds 1 --seed NUMBER.")
    started = time.perf_counter()
    with quiet_logs(), progress("simulating", wanted.seeds, is_shown=not wanted.as_json) as advance:
        results = _run_all(wanted, advance)
    seconds = time.perf_counter() - started
    if wanted.trace is not None:
        wanted.trace.write_text("\n".join(results[0].trace) + "\n", encoding="utf-8")
    if wanted.as_json:
        _print_json(wanted, results, seconds)
    else:
        _print_report(wanted, results, seconds)
    if not all(result.is_sound for result in results):
        leave(Exit.PROBLEMS)


def _run_all(wanted: Wanted, advance: Any) -> list[Result]:
    from fsm_engine.testing.simulation.run import simulate
    from fsm_engine.testing.simulation.settings import DEFAULT_STEPS, Settings

    settings = Settings(steps=wanted.steps or DEFAULT_STEPS, keeps_trace=wanted.trace is not None)
    results = []
    for seed in range(wanted.first_seed, wanted.first_seed + wanted.seeds):
        results.append(simulate(seed, shipped_flows(), settings))
        advance()
    return results


def replay_command(seed: int, wanted: Wanted) -> str:
    """The one command that runs a seed again, and writes down what happens."""
    steps = f" --steps {wanted.steps}" if wanted.steps is not None else ""
    return f"fsm-engine sim --seeds 1 --seed {seed}{steps} --trace seed-{seed}.txt"


def _print_report(wanted: Wanted, results: list[Result], seconds: float) -> None:
    total = _total(results)
    rows: list[tuple[object, ...]] = [
        (_EXPLAINED[one.name], f"{getattr(total, one.name):,.0f}") for one in fields(total)
    ]
    rows += [("seconds of real time", f"{seconds:,.1f}"), ("steps per second", f"{total.steps / seconds:,.0f}")]
    print_table(f"Simulated with seeds {results[0].seed} to {results[-1].seed}", ("what", "how many"), rows)
    if len(results) == 1:
        print(f"digest of the trace: {results[0].digest}")
    for result in results:
        if result.violation is not None:
            print(f"{result.violation}\n  replay:   {replay_command(result.seed, wanted)}\n")
    broken = sum(not result.is_sound for result in results)
    print(f"{len(results) - broken} sound, {broken} with a violation")


def _print_json(wanted: Wanted, results: list[Result], seconds: float) -> None:
    import orjson

    total = _total(results)
    content = {
        "sound": sum(result.is_sound for result in results),
        "violated": sum(not result.is_sound for result in results),
        "seconds": round(seconds, 3),
        "steps_per_second": round(total.steps / seconds),
        "total": total.as_dict(),
        "seeds": [_as_json(result, wanted) for result in results],
    }
    print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())


def _as_json(result: Result, wanted: Wanted) -> dict[str, Any]:
    entry: dict[str, Any] = {"seed": result.seed, "digest": result.digest, "figures": result.figures.as_dict()}
    violation = result.violation
    if violation is not None:
        entry["violation"] = {
            "invariant": violation.invariant,
            "where": violation.where,
            "step": violation.step,
            "virtual_s": violation.virtual_s,
            "expected": violation.expected,
            "found": violation.found,
            "replay": replay_command(result.seed, wanted),
        }
    return entry


def _total(results: list[Result]) -> Figures:
    from fsm_engine.testing.simulation.settings import Figures

    total = Figures()
    for result in results:
        total.add(result.figures)
    return total
