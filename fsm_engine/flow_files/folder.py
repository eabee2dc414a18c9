"""A folder of flow files, or a list of them, to one ``FlowFolder``.

Only regular files inside the folder are read, never more than 1 MiB of each: links that lead out of the folder, pipes,
devices and folders that are called ``x.yaml`` are problems, and nothing can make the walk wait or leave its place.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fsm_engine.flow_files.authors_help import shown
from fsm_engine.flow_files.parse_source import Parsed, parse_source
from fsm_engine.flow_files.yaml_source import MOST_BYTES
from fsm_engine.model.flow import Bot, Flow, RiskPolicy
from fsm_engine.model.folder import FlowFolder
from fsm_engine.model.problem import Position, Problem
from fsm_engine.model.transcript import Transcript

MOST_FILES = 5000
DEEPEST_FOLDER = 20
_ENDINGS = (".yaml", ".yml")


def read_folder(where: str | Path | Sequence[str | Path]) -> tuple[FlowFolder, list[Problem]]:
    """What a folder (with all below it), a file or a list of both holds, and every problem of all files, sorted.

    Never raises on what it finds. Files whose name or folder starts with a dot are not looked at; each file counts
    once, however many ways lead to it.
    """
    places = [where] if isinstance(where, str | Path) else list(where)
    walk = _Walk()
    for place in places:
        walk.visit(Path(place))
    shelf = _Shelf(problems=walk.problems)
    for path in walk.files:
        text = _text_of(path, shelf.problems)
        if text is not None:
            shelf.add(text, *parse_source(text, path.as_posix()))
    if not shelf.flows and all(problem.severity == "warning" for problem in shelf.problems):
        shelf.problems.append(_problem(Path(places[0]) if places else Path(), "no-flows", _NO_FLOWS))
    return shelf.folder(), sorted(shelf.problems)


_NO_FLOWS = "there is no flow here; a flow is a .yaml file that begins with 'flow: NAME'"


def _problem(path: Path, code: str, message: str) -> Problem:
    return Problem(Position(path.as_posix(), 1, 1), code, message)


class _Walk:
    """Finds the files to read; ``seen`` holds device and inode of each, so that links give no file twice."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.problems: list[Problem] = []
        self._seen: set[tuple[int, int]] = set()

    def visit(self, place: Path) -> None:
        """A place that the caller named itself: links to it are followed."""
        try:
            status = place.stat()
        except (OSError, ValueError):
            message = "there is no such file or folder; check the name and where the program was started"
            self.problems.append(_problem(place, "folder-missing", message))
            return
        if stat.S_ISDIR(status.st_mode):
            self._folder(place, place.resolve(), depth=0)
        else:
            self._file(place, status)

    def _folder(self, folder: Path, root: Path, *, depth: int) -> None:
        if depth > DEEPEST_FOLDER:
            self.problems.append(_problem(folder, "too-deep", f"more than {DEEPEST_FOLDER} folders inside each other"))
            return
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self.problems.append(_problem(folder, "unreadable-file", f"the folder cannot be read: {error.strerror}"))
            return
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = folder / entry.name
            if entry.is_symlink():
                self._link(path, root)
            elif entry.is_dir(follow_symlinks=False):
                self._subfolder(path, root, depth=depth + 1)
            elif entry.name.lower().endswith(_ENDINGS):
                self._file(path, entry.stat(follow_symlinks=False))

    def _subfolder(self, path: Path, root: Path, *, depth: int) -> None:
        if path.name.lower().endswith(_ENDINGS):
            self.problems.append(_problem(path, "not-a-file", "this is a folder that is called like a file; rename it"))
            return
        self._folder(path, root, depth=depth)

    def _link(self, path: Path, root: Path) -> None:
        """Links to files inside the folder are read (mounted settings come that way), all others refused."""
        try:
            target = path.resolve(strict=True)
            status = target.stat()
        except (OSError, RuntimeError):
            self.problems.append(_problem(path, "bad-link", "this link leads nowhere; delete it"))
            return
        if not target.is_relative_to(root) or stat.S_ISDIR(status.st_mode):
            message = "links that leave the folder or lead to another folder are not followed; copy the files instead"
            self.problems.append(_problem(path, "bad-link", message))
        elif path.name.lower().endswith(_ENDINGS):
            self._file(path, status)

    def _file(self, path: Path, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            self.problems.append(_problem(path, "not-a-file", "this is a pipe or device, not a file; delete it"))
            return
        identity = (status.st_dev, status.st_ino)
        if identity in self._seen:
            return
        self._seen.add(identity)
        if len(self.files) < MOST_FILES:
            self.files.append(path)
        elif len(self._seen) == MOST_FILES + 1:
            self.problems.append(_problem(path, "too-many-files", f"more than {MOST_FILES} files; split the folder"))


def _text_of(path: Path, problems: list[Problem]) -> str | None:
    try:
        content = _bytes_of(path)
    except OSError as error:
        problems.append(_problem(path, "unreadable-file", f"the file cannot be read: {error.strerror}"))
        return None
    if len(content) > MOST_BYTES:
        message = f"the file is larger than {MOST_BYTES // 1024} KiB; split it"
        problems.append(_problem(path, "file-too-large", message))
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = "the file is not UTF-8 text; save it as UTF-8"
        problems.append(Problem(Position(path.as_posix(), line, column), "not-utf8", message))
        return None


def _bytes_of(path: Path) -> bytes:
    """At most one byte more than a file may have. Opening never waits, should a pipe have taken the file's place."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is not a regular file")
        return file.read(MOST_BYTES + 1)


@dataclass(slots=True)
class _Shelf:
    """What was parsed, by kind and name; names are unique per kind, and the first one stays."""

    problems: list[Problem]
    flows: dict[str, Flow] = field(default_factory=dict)
    bots: list[Bot] = field(default_factory=list)
    risks: dict[str, RiskPolicy] = field(default_factory=dict)
    transcripts: dict[str, Transcript] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def add(self, text: str, parsed: Parsed | None, problems: list[Problem]) -> None:
        self.problems.extend(problems)
        if isinstance(parsed, Flow):
            if self._is_new("flow", parsed.name, parsed.at, self.flows.get(parsed.name)):
                self.flows[parsed.name] = parsed
                self.sources[parsed.source_hash] = text
        elif isinstance(parsed, RiskPolicy):
            if self._is_new("risk policy", parsed.name, parsed.at, self.risks.get(parsed.name)):
                self.risks[parsed.name] = parsed
        elif isinstance(parsed, Transcript):
            if self._is_new("transcript", parsed.title, parsed.at, self.transcripts.get(parsed.title)):
                self.transcripts[parsed.title] = parsed
        elif isinstance(parsed, Bot):
            self._add_bot(parsed)

    def _is_new(self, kind: str, name: str, at: Position, first: Flow | RiskPolicy | Transcript | None) -> bool:
        if first is None:
            return True
        message = f"the {kind} {shown(name)} is already defined at {first.at}; give one of them another name"
        self.problems.append(Problem(at, "duplicate-name", message))
        return False

    def _add_bot(self, bot: Bot) -> None:
        if self.bots and bot.at is not None:
            message = f"a folder has one bot file, and there is one at {self.bots[0].at}"
            self.problems.append(Problem(bot.at, "several-bots", message))
        self.bots.append(bot)

    def folder(self) -> FlowFolder:
        return FlowFolder(
            flows=self.flows,
            bot=self.bots[0] if self.bots else Bot(),
            risks=self.risks,
            transcripts=tuple(self.transcripts.values()),
            sources=self.sources,
        )
