"""Looking for erased texts in the bytes of a database's files: the proof that nothing of them is left.

A text is looked for in the forms in which it can be stored: plain, and as JSON writes it, with and without escapes.
A long one is cut into pieces, because SQLite spreads a long row over several pages.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import orjson

from fsm_engine.storage.sqlite_file import read_only

SHORTEST = 6
"""Bytes. Anything shorter is found by chance in any large file."""
PIECE = 32
_AT_ONCE = 1000  # more needles in one pattern make it slower than another pass
_BLOCK = 4 * 1024 * 1024
_PATTERN_MEMORY = 256 * 1024 * 1024
_ENDINGS = ("", "-wal", "-journal")

Progress = Callable[[int, int], None]
"""Told bytes done and bytes in all."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Bytes that should be gone: in which file, and where."""

    file: str
    offset: int


def needles_of(texts: Iterable[str]) -> set[bytes]:
    """What to look for; texts that are too short to be told from chance give nothing."""
    return {piece for text in texts for form in _forms(text) for piece in _pieces(form)}


def _forms(text: str) -> set[bytes]:
    plain = text.encode(errors="replace")
    return {plain, orjson.dumps(plain.decode())[1:-1], json.dumps(text)[1:-1].encode()}


def _pieces(form: bytes) -> Iterator[bytes]:
    if len(form) <= PIECE:
        if len(form) >= SHORTEST:
            yield form
        return
    for start in range(0, len(form) - PIECE + 1, PIECE):
        yield form[start : start + PIECE]
    yield form[-PIECE:]


def found_in_rows(path: str, needles: Collection[bytes]) -> set[bytes]:
    """Those that stand in rows which are still there: other people say the same things, and so do flows."""
    with closing(sqlite3.connect(read_only(path), uri=True)) as connection:
        connection.text_factory = bytes
        return {needle for needle, _ in _search(_blocks_of_rows(connection), needles)}


def _blocks_of_rows(connection: sqlite3.Connection) -> Iterator[tuple[int, bytes]]:
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for name in ["sqlite_schema", *(name.decode() for (name,) in names)]:
        quoted = name.replace('"', '""')
        block: list[bytes] = []
        size = 0
        for row in connection.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608 - a table's own name, quoted
            values = [value for value in row if isinstance(value, bytes)]
            block += values
            size += sum(map(len, values))
            if size > _BLOCK:
                yield 0, b"\0".join(block)
                block, size = [], 0
        yield 0, b"\0".join(block)


def traces_left(path: str, texts: Iterable[str], progress: Progress | None = None) -> list[Trace]:
    """Where in the files of a database these erased texts stand although no row says them any more: should be empty.

    Never call it while this process has the database open: closing a file lets go of this process's locks on it.
    """
    needles = needles_of(texts)
    needles -= found_in_rows(path, needles)
    found = found_in_files(path, needles, progress)
    said_meanwhile = found_in_rows(path, found)
    return sorted((trace for needle, trace in found.items() if needle not in said_meanwhile), key=astuple)


def found_in_files(path: str, needles: Collection[bytes], progress: Progress | None = None) -> dict[bytes, Trace]:
    """The first place of each of them in the database file, its log or its journal.

    Never call it while this process has the database open: closing a file lets go of this process's locks on it.
    """
    real = os.path.realpath(path)
    files = [file for file in (Path(f"{real}{ending}") for ending in _ENDINGS) if file.exists()]
    in_all = sum(file.stat().st_size for file in files)
    done = 0
    traces: dict[bytes, Trace] = {}
    for file in files:
        for needle, offset in _search(_blocks_of(file, done, in_all, progress), needles):
            traces.setdefault(needle, Trace(file.name, offset))
        done += file.stat().st_size
    return traces


def _blocks_of(file: Path, before: int, in_all: int, progress: Progress | None) -> Iterator[tuple[int, bytes]]:
    """Blocks that overlap, so that nothing is cut in two."""
    with file.open("rb") as opened:
        start, kept = 0, b""
        while read := opened.read(_BLOCK):
            block = kept + read
            yield start, block
            kept = block[-(PIECE - 1) :]
            start += len(block) - len(kept)
            if progress is not None:
                progress(before + start, in_all)


def _search(blocks: Iterable[tuple[int, bytes]], needles: Collection[bytes]) -> Iterator[tuple[bytes, int]]:
    """Each needle that is found, with its first place; one that is found is not looked for again."""
    ordered = sorted(needles)
    groups = [_Group(ordered[start : start + _AT_ONCE]) for start in range(0, len(ordered), _AT_ONCE)]
    for start, block in blocks:
        for group in groups:
            for needle, place in group.take_from(block):
                yield needle, start + place


class _Group:
    """Needles that are looked for together."""

    def __init__(self, needles: Iterable[bytes]) -> None:
        self._left = set(needles)
        self._make_pattern()

    def take_from(self, block: bytes) -> Iterator[tuple[bytes, int]]:
        before = len(self._left)
        place = -1
        while self._pattern is not None and (found := self._pattern.search(block, place + 1)) is not None:
            place = found.start()
            longest = found.group()
            if longest not in self._left:
                continue  # found before in this block; the pattern is made anew once a block, which takes a while
            for length in range(SHORTEST, len(longest) + 1):
                if longest[:length] in self._left:
                    self._left.discard(longest[:length])
                    yield longest[:length], place
        if len(self._left) < before:
            self._make_pattern()

    def _make_pattern(self) -> None:
        self._pattern: Any = None
        if self._left:
            import re2

            options = re2.Options()
            options.encoding = re2.Options.Encoding.LATIN1
            options.longest_match = True  # what is shorter and begins at the same place is its beginning
            options.max_mem = _PATTERN_MEMORY
            options.never_capture = True
            self._pattern = re2.compile(b"|".join(map(re2.escape, sorted(self._left))), options)
