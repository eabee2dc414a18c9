"""What a disk may hold when its power fails: of all that was not synced anything may be there, missing, late or torn.

The rules of the disk, as SQLite assumes them (sqlite.org/atomiccommit.html, sqlite.org/psow.html):

* What was in a file when it was synced stays until it is overwritten, cut off or deleted.
* Writes after that reach the disk in any order, or not at all; one write is torn at any 512-byte sector.
* Where a file grew past a write that is missing, anything may stand: zeros or old garbage.
* A file that was made or deleted may be missing or back until its folder is synced. SQLite's file system syncs the
  folder with the first sync of a new journal or log, and with a deletion that asks for it.
* The wal-index survives as garbage: nobody may trust it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

from fsm_engine.testing.sqlite_calls import Call, Verb

SECTOR: Final = 512
RECORDED: Final[frozenset[Verb]] = frozenset({"open", "delete", "write", "truncate", "sync"})
_NEW_NAMES_SYNCED_BY: Final = ("-wal", "-journal")
_GARBAGE_INDEX_BYTES: Final = 32 * 1024

Image: TypeAlias = Mapping[str, bytes]
"""File names and what is in them."""
_Choice: TypeAlias = Callable[[int], bool]
"""Whether the disk has the pending call at this place, counted from 0."""


class Recorder:
    """A watcher that remembers what changed the files, in order; ``len(recorder.calls)`` names the moment."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def __call__(self, call: Call) -> int:
        if call.verb != "open" or call.creates:
            self.calls.append(call)
        return 0


@dataclass(slots=True)
class _File:
    synced: bytes = b""
    pending: list[Call] = field(default_factory=list)
    syncs_folder: bool = False


class Disk:
    """A disk that recorded calls are played to, one by one."""

    def __init__(self) -> None:
        self._now: dict[str, _File] = {}
        self._on_disk: dict[str, _File] = {}
        self._renaming: list[tuple[str, _File | None]] = []

    def take(self, call: Call) -> None:
        """What the call changes; nothing of it is safe before a sync."""
        name = Path(call.path).name
        if call.verb == "open":
            self._name(name, _File(syncs_folder=name.endswith(_NEW_NAMES_SYNCED_BY)))
        elif call.verb == "delete":
            self._name(name, None)
            if call.syncs_folder:
                self._sync_folder()
        elif call.verb == "sync":
            self._sync(self._now[name])
        else:
            self._now[name].pending.append(call)

    def image(self, chance: Random) -> Image:
        """What may be found when the power fails now."""
        names = dict(self._on_disk)
        keeps = _choice(chance, len(self._renaming))
        for place, (name, file) in enumerate(self._renaming):
            if keeps(place):
                _set(names, name, file)
        image = {name: _survives(file, chance) for name, file in names.items()}
        databases = [name for name in image if not name.endswith(_NEW_NAMES_SYNCED_BY)]
        return image | {f"{name}-shm": chance.randbytes(_GARBAGE_INDEX_BYTES) for name in databases}

    def _name(self, name: str, file: _File | None) -> None:
        _set(self._now, name, file)
        self._renaming.append((name, file))

    def _sync(self, file: _File) -> None:
        file.synced = _written(file.synced, file.pending, lambda place: True, lambda hole: bytes(hole))
        file.pending.clear()
        if file.syncs_folder:
            file.syncs_folder = False
            self._sync_folder()

    def _sync_folder(self) -> None:
        self._on_disk = dict(self._now)
        self._renaming.clear()


def images(calls: Sequence[Call], cuts: Sequence[int], seed: int) -> Iterator[tuple[int, Image]]:
    """One image for each cut, a number of calls that were made before the power failed; in ascending order."""
    disk, made = Disk(), 0
    for number, cut in enumerate(sorted(cuts)):
        for call in calls[made:cut]:
            disk.take(call)
        made = cut
        yield cut, disk.image(Random(f"{seed} {cut} {number}"))  # noqa: S311 - chance that can be repeated


def put(image: Image, folder: Path) -> None:
    """Writes the image's files into a folder."""
    for name, contents in image.items():
        (folder / name).write_bytes(contents)


def _set(names: dict[str, _File], name: str, file: _File | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file


def _survives(file: _File, chance: Random) -> bytes:
    pieces = file.pending if chance.random() < 1 / 3 else [piece for call in file.pending for piece in _sectors(call)]
    hole = bytes if chance.random() < 1 / 2 else chance.randbytes
    return _written(file.synced, pieces, _choice(chance, len(pieces)), hole)


def _choice(chance: Random, total: int) -> _Choice:
    """Nothing or all, the first or the last of it, or any of it, more or less."""
    border = chance.randint(0, total)
    share = chance.choice((0.1, 0.5, 0.9))
    any_of_it = [chance.random() < share for _ in range(total)]
    return chance.choice(
        (
            lambda place: False,
            lambda place: True,
            lambda place: place < border,
            lambda place: place >= border,
            lambda place: any_of_it[place],
            lambda place: any_of_it[place],
        )
    )


def _sectors(call: Call) -> Iterator[Call]:
    """The call as the disk carries it out: sector by sector."""
    if call.verb != "write":
        yield call
        return
    start, end = call.offset, call.offset + len(call.data)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        yield Call("write", call.path, start, call.data[start - call.offset : stop - call.offset])
        start = stop


def _written(before: bytes, pieces: Sequence[Call], keeps: _Choice, hole: Callable[[int], bytes]) -> bytes:
    after = bytearray(before)
    for place, piece in enumerate(pieces):
        if not keeps(place):
            continue
        if piece.offset > len(after):
            after += hole(piece.offset - len(after))
        if piece.verb == "truncate":
            del after[piece.offset :]
        else:
            after[piece.offset : piece.offset + len(piece.data)] = piece.data
    return bytes(after)
