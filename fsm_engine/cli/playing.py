"""`fsm-engine test`: plays all transcripts of a folder."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsm_engine.cli.exits import Exit, leave
from fsm_engine.cli.places import flows_folder, runnable_flows
from fsm_engine.cli.screen import progress, quiet_logs

if TYPE_CHECKING:
    from fsm_engine.core.flows import Flows
    from fsm_engine.testing.transcripts import TranscriptResult


@dataclass(frozen=True, slots=True)
class Play:
    """One transcript that was played, and how long that took."""

    result: TranscriptResult
    seconds: float


def play_folder(given: Path | None, *, as_json: bool, database_dir: Path | None) -> None:
    """Plays, prints the failures and a closing line; leaves with `Exit.PROBLEMS` when a transcript failed."""
    folder = flows_folder(given)
    flows = runnable_flows(folder)
    total = len(flows.folder.transcripts)
    with (
        quiet_logs(),
        _place_for_databases(database_dir) as place,
        progress("playing", total, is_shown=not as_json) as advance,
    ):
        plays = asyncio.run(_play_all(flows, place, advance))
    failed = [play for play in plays if not play.result.passed]
    if as_json:
        _print_json(folder, plays)
    else:
        for play in failed:
            print(f"{play.result.failure}\n")
        if database_dir is not None:
            print(f"The databases are in {place}.")
        print(f"{len(plays) - len(failed)} passed, {len(failed)} failed")
    if failed:
        leave(Exit.PROBLEMS)


async def _play_all(flows: Flows, place: Path, advance: Callable[[], None]) -> list[Play]:
    from fsm_engine.testing.transcripts import play
    from fsm_engine.testing.wordings import Wordings

    wordings = Wordings(flows)
    plays = []
    for number, transcript in enumerate(flows.folder.transcripts, start=1):
        path = place / f"{number:03}-{Path(transcript.at.file).stem}.db"
        started = time.perf_counter()
        result = await play(transcript, flows, database_path=path, wordings=wordings)
        plays.append(Play(result, time.perf_counter() - started))
        advance()
    return plays


@contextmanager
def _place_for_databases(kept_in: Path | None) -> Iterator[Path]:
    """A new folder inside the one that was named, so that nothing there is overwritten; else one that goes away."""
    if kept_in is None:
        with tempfile.TemporaryDirectory(prefix="fsm_engine_test_") as place:
            yield Path(place)
    else:
        kept_in.mkdir(parents=True, exist_ok=True)
        yield Path(tempfile.mkdtemp(prefix=time.strftime("%Y%m%d-%H%M%S-"), dir=kept_in))


def _print_json(folder: Path, plays: Sequence[Play]) -> None:
    import orjson

    content = {
        "folder": str(folder),
        "passed": sum(play.result.passed for play in plays),
        "failed": sum(not play.result.passed for play in plays),
        "transcripts": [_as_json(play) for play in plays],
    }
    print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())


def _as_json(play: Play) -> dict[str, Any]:
    result = play.result
    entry: dict[str, Any] = {
        "title": result.title,
        "file": result.at.file,
        "passed": result.passed,
        "turns": result.turns,
        "seconds": round(play.seconds, 4),
    }
    if result.failure is not None:
        mismatch = result.failure.mismatch
        entry["failure"] = {
            "line": mismatch.at.line,
            "column": mismatch.at.column,
            "turn": result.failure.turn,
            "message": mismatch.what,
            "expected": mismatch.expected,
            "found": mismatch.found,
            "would_pass": mismatch.would_pass,
        }
    return entry
