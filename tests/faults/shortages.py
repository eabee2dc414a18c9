"""Programs that run out of disk, of rights or of file handles, and have them back, without a restart.

Each is a coroutine of `tests.faults.programs`; it says what it counted, and fails where a promise is broken.
``python -m tests.faults.shortages FOLDER`` runs the one for a small disk, where ``FOLDER/small`` is one.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import stat
import sys
from collections.abc import Callable, Coroutine
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fsm_engine import Engine, FlowError, FsmEngineError, OperationFailed, Reply, StartUpError
from fsm_engine.failpoints import armed
from tests.faults.bank import Bank
from tests.faults.talking import identity, opened

NOBODY = 65_534
TURNS = 40


class Filler:
    """A file that takes all the room that is left on its disk."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "filler"

    def fill(self) -> None:
        with self._file.open("wb", buffering=0) as file:
            for block in (65_536, 512):
                try:
                    while True:
                        file.write(b"\xa5" * block)
                except OSError:
                    continue

    def free(self) -> None:
        self._file.unlink()


class FileSizeLimit:
    """No file of this process may grow: what the kernel says is EFBIG."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        largest = max(file.stat().st_size for file in self._folder.glob("bot.db*"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, self._before[1]))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


async def out_of_disk(folder: str, bank_folder: str, disk: Filler | FileSizeLimit) -> dict[str, int]:
    """Two conversations talk until the disk is full, once between two turns and once in the middle of an action."""
    place, bank = Path(folder), Bank(Path(bank_folder) / "bank.db", knows_keys=True)
    async with opened(place, bank) as engine:
        await engine.turn("chat", "I want to pay", request_id="r0")
        earlier = [identity(await engine.turn("talk", "repeat", request_id=f"early {n}")) for n in range(3)]
        disk.fill()
        refused = await talk_until_refused(engine)
        await must_be_readable(engine, earlier)
        disk.free()
        await talk(engine)
        with armed("action.after-call", how=lambda _: disk.fill()):
            refused += await must_be_refused(engine.turn("chat", "25", request_id="r1"))
        await must_be_readable(engine, earlier)
        disk.free()
        reply = await engine.turn("chat", "25", request_id="r1")
        assert reply.session.step == "note"
        await must_be_readable(engine, earlier)
    assert len(bank.effects()) == 1
    return {"acknowledged_before": len(earlier), "refused": refused, "effects": len(bank.effects())}


async def talk(engine: Engine) -> None:
    """Takes all of the turns; those that are stored already change nothing."""
    for number in range(TURNS):
        await engine.turn("talk", "x" * 900, request_id=f"late {number}")


async def talk_until_refused(engine: Engine) -> int:
    """How many turns were refused; there is room for some of them, as the log is larger than what is in it."""
    refused = 0
    for number in range(TURNS):
        try:
            await engine.turn("talk", "x" * 900, request_id=f"late {number}")
        except OperationFailed:
            refused += 1
            assert await engine.outcome("talk", f"late {number}") is None
    assert refused > 0, "the disk was not full"
    return refused


async def must_be_refused(call: Coroutine[Any, Any, Reply]) -> int:
    try:
        await call
    except OperationFailed as error:
        assert "database" in str(error)  # noqa: PT017 - this is no test function
        return 1
    raise AssertionError("a turn was acknowledged with the disk full")


async def must_be_readable(engine: Engine, earlier: list[str]) -> None:
    """What was acknowledged before is there, with the replies that were given."""
    for number, known in enumerate(earlier):
        reply = await engine.outcome("talk", f"early {number}")
        assert reply is not None
        assert identity(reply) == known
    assert len(await engine.history("talk", 100)) >= 2 * len(earlier)
    await engine.session("chat")


async def file_size_limit(folder: str) -> dict[str, int]:
    """`out_of_disk` with a limit that every system has."""
    return await out_of_disk(folder, folder, FileSizeLimit(Path(folder)))


async def no_right_to_write(folder: str) -> dict[str, int]:
    """The database's file and folder become read-only, while an engine is open and while none is."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)  # for root nothing is read-only
    place = Path(folder) / "home"
    place.mkdir()
    bank = Bank(Path(folder) / "bank.db", knows_keys=True)
    async with opened(place, bank) as engine:
        earlier = [identity(await engine.turn("talk", "repeat", request_id=f"early {n}")) for n in range(3)]
        await engine.turn("chat", "I want to pay", request_id="r0")
        with read_only(place):
            await engine.turn("chat", "25", request_id="r1")  # its handles are open
            await must_be_readable(engine, earlier)
    before = sorted(place.iterdir())
    with read_only(place):
        refused = await must_not_open(place, bank, StartUpError)
    assert sorted(place.iterdir()) == before
    with read_only(place):
        refused += await must_not_open(place, bank, StartUpError, name="new.db")
    assert sorted(place.iterdir()) == before
    async with opened(place, bank) as engine:
        await must_be_readable(engine, earlier)
        await engine.turn("chat", "a bicycle", request_id="r2")
    assert len(bank.effects()) == 1
    return {"acknowledged_before": len(earlier), "refused": refused, "effects": len(bank.effects())}


@contextmanager
def read_only(folder: Path) -> Any:
    files = [*folder.iterdir(), folder]
    modes = [stat.S_IMODE(file.stat().st_mode) for file in files]
    for file in files:
        file.chmod(0o555 if file.is_dir() else 0o444)
    try:
        yield
    finally:
        for file, mode in zip(files, modes, strict=True):
            file.chmod(mode)


async def must_not_open(folder: Path, bank: Bank, error: type[FsmEngineError], **options: Any) -> int:
    try:
        async with opened(folder, bank, **options):
            pass
    except error:
        return 1
    raise AssertionError("an engine opened where none can")


async def out_of_file_handles(folder: str, flow_files: str) -> dict[str, int]:
    """No file can be opened for a while: what is open goes on, the rest says so."""
    place, bank = Path(folder), Bank(Path(folder) / "bank.db", knows_keys=True)
    async with opened(place, bank, flows=flow_files) as engine:
        earlier = [identity(await engine.turn("talk", "repeat", request_id=f"early {n}")) for n in range(3)]
        await engine.turn("chat", "I want to pay", request_id="r0")
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        refused = await refused_without_handles(engine)
        await must_be_readable(engine, earlier)
        refused += await must_not_open(place, bank, StartUpError)
        refused += await must_not_open(place, bank, FlowError, flows=flow_files)
        refused += await must_not_reload(engine)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        await engine.reload_flows()
        await engine.turn("chat", "25", request_id="r1")
        await must_be_readable(engine, earlier)
    async with opened(place, bank) as engine:
        await must_be_readable(engine, earlier)
    assert len(bank.effects()) == 1
    return {"acknowledged_before": len(earlier), "refused": refused, "effects": len(bank.effects())}


async def refused_without_handles(engine: Engine) -> int:
    """How many turns were refused: those that need a library that was never needed before."""
    knows_the_library = "babel.lists" in sys.modules
    refused = 0
    for number in range(TURNS):
        try:
            await engine.turn("new", "hello", request_id=f"during {number}")
        except OperationFailed:
            refused += 1
    assert refused or knows_the_library
    return refused


async def must_not_reload(engine: Engine) -> int:
    try:
        await engine.reload_flows()
    except FlowError:
        return 1
    raise AssertionError("flow files were read without a file handle")


SHORTAGES: dict[str, Callable[..., Coroutine[Any, Any, dict[str, int]]]] = {
    "file size limit": file_size_limit,
    "no right to write": no_right_to_write,
    "out of file handles": out_of_file_handles,
}

if __name__ == "__main__":
    home = Path(sys.argv[1])
    small = home / "small"
    counted = asyncio.run(out_of_disk(str(small), str(home), Filler(small)))
    sys.stdout.write(json.dumps(counted))
