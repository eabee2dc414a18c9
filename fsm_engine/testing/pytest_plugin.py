"""Collects transcripts as pytest items: `pytest flows` plays every file that begins with ``transcript:``.

Loaded by every pytest run where the package is installed, so it imports nothing of the engine before it finds a
transcript.
"""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fsm_engine.core.flows import Flows
    from fsm_engine.model.problem import Problem
    from fsm_engine.model.transcript import Transcript
    from fsm_engine.testing.transcripts import TranscriptFailure
    from fsm_engine.testing.wordings import Wordings

_ENDINGS = (".yaml", ".yml")
_LONGEST_PREAMBLE = 8192  # bytes; comments may stand before a file's first key


class FlowsOfFolder:
    """One folder of flows, loaded once per run."""

    def __init__(self, folder: Path) -> None:
        from fsm_engine.flow_files.load import check_flows
        from fsm_engine.testing.wordings import Wordings

        self.problems: list[Problem]
        self.flows: Flows
        self.flows, found = check_flows(folder)
        self.problems = [problem for problem in found if problem.severity == "error"]
        self.wordings: Wordings = Wordings(self.flows)
        self.transcripts: Mapping[Path, Transcript] = {
            Path(transcript.at.file).resolve(): transcript for transcript in self.flows.folder.transcripts
        }
        self.is_reported = False


def pytest_configure(config: pytest.Config) -> None:
    """Python 3.12.0 to 3.12.3 warn of numbered parameters by mistake (python/cpython#117995), at every statement."""
    if (3, 12) <= sys.version_info < (3, 12, 4):
        config.addinivalue_line("filterwarnings", "ignore:Binding \\d+ \\('.\\d+'\\) is a named:DeprecationWarning")


_LOADED = pytest.StashKey[dict[Path, FlowsOfFolder]]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Takes transcripts, and leaves all other files alone."""
    if file_path.suffix.lower() not in _ENDINGS or first_key(file_path) != "transcript":
        return None
    file: pytest.Collector = TranscriptFile.from_parent(parent, path=file_path)
    return file


def first_key(path: Path) -> str | None:
    """The word before the first colon, comments left aside; None when the file does not begin with one."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_LONGEST_PREAMBLE).decode("utf-8-sig", errors="replace")
    except OSError:
        return None
    for line in beginning.splitlines():
        if line.strip() and not line.startswith(("#", "---")):
            word, colon, _ = line.partition(":")
            return word.strip("\"' ") if colon else None
    return None


def folder_of(transcript: Path) -> Path:
    """The nearest folder above that holds a bot file; without one anywhere, the nearest that holds a flow."""
    for kind in ("bot", "flow"):
        for folder in transcript.parents:
            files = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in _ENDINGS and path.is_file())
            if any(first_key(path) == kind for path in files):
                return folder
    return transcript.parent


class TranscriptFile(pytest.File):
    """One file with one transcript; the first of a folder whose flows cannot run reports their problems instead."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item at most."""
        loaded = self._load(folder_of(self.path))
        transcript = loaded.transcripts.get(self.path.resolve())
        if loaded.problems:
            if not loaded.is_reported:
                loaded.is_reported = True
                yield FlowProblemsItem.from_parent(self, name="flow files", problems=loaded.problems)
        elif transcript is not None:
            yield TranscriptItem.from_parent(self, name=transcript.title, transcript=transcript, loaded=loaded)

    def _load(self, folder: Path) -> FlowsOfFolder:
        folders = self.config.stash.setdefault(_LOADED, {})
        if folder not in folders:
            folders[folder] = FlowsOfFolder(Path(os.path.relpath(folder, self.config.invocation_params.dir)))
        return folders[folder]


class TranscriptFailed(Exception):
    """Carries a failure from the play to its report."""

    def __init__(self, failure: TranscriptFailure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class TranscriptItem(pytest.Item):
    """One transcript as a test."""

    def __init__(self, *, transcript: Transcript, loaded: FlowsOfFolder, **other: Any) -> None:
        super().__init__(**other)
        self._transcript = transcript
        self._loaded = loaded

    def runtest(self) -> None:
        """Plays the transcript in a database of its own."""
        from fsm_engine.testing.transcripts import play

        with TemporaryDirectory(prefix="fsm_engine_transcript_") as place:
            playing = play(
                self._transcript,
                self._loaded.flows,
                database_path=Path(place, "transcript.db"),
                wordings=self._loaded.wordings,
            )
            result = asyncio.run(playing)
        if result.failure is not None:
            raise TranscriptFailed(result.failure) from result.failure.cause

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The failure in the author's words; where the engine failed, its traceback as well."""
        if not isinstance(excinfo.value, TranscriptFailed):
            return super().repr_failure(excinfo, style)
        cause = excinfo.value.failure.cause
        trace = "" if cause is None else "\n\n" + "".join(traceback.format_exception(cause))
        return f"{excinfo.value.failure}{trace}"

    def reportinfo(self) -> tuple[Path, int, str]:
        """Lines count from 0 here."""
        return self.path, self._transcript.at.line - 1, self.name


class FlowProblemsItem(pytest.Item):
    """Fails with every problem of a folder whose flows cannot run."""

    def __init__(self, *, problems: list[Problem], **other: Any) -> None:
        super().__init__(**other)
        self._problems = problems

    def runtest(self) -> None:
        """Never passes."""
        from fsm_engine.errors import FlowError

        raise FlowError(self._problems)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The problems, a line each."""
        return str(excinfo.value)
