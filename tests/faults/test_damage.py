# ruff: noqa: ASYNC240 - tests run one at a time, so blocking the loop blocks nobody
"""Files that a disk, a program or a person damaged: what is given out was written, or the damage is named. proves: P7"""

# proves: C5, D5

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from fsm_engine.engine.engine import Engine
from fsm_engine.errors import FsmEngineError, SessionCorrupted, StorageError
from fsm_engine.testing.clock import VirtualClock
from tests.faults.figures import SEED, record, size
from tests.faults.recorded_talk import send
from tests.faults.served import Given, Judged, Known, judged, served
from tests.support.conversations import SHIPPED, WAYS, Bank, Event

PAGE = 4096
LOG_HEADER, FRAME_HEADER = 32, 24


@dataclass(frozen=True, slots=True)
class Library:
    """Whole files to be damaged. ``closed`` is a database alone, ``live`` one whose last turns stand in its log;
    ``early`` is the log as it was when a third of the turns had been taken. ``truth`` is what all of them give."""

    folder: Path
    known: Known
    truth: dict[str, Given]

    def lay_out(self, kind: str, folder: Path) -> Path:
        """The files of this kind in a folder of their own."""
        path = folder / "bot.db"
        for ending in ("", "-wal", "-shm"):
            Path(f"{path}{ending}").unlink(missing_ok=True)
            if (self.folder / f"{kind}.db{ending}").exists():
                shutil.copyfile(self.folder / f"{kind}.db{ending}", f"{path}{ending}")
        return path


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return asyncio.run(_library(tmp_path_factory.mktemp("library")))


async def _library(folder: Path) -> Library:
    path = folder / "closed.db"
    chats = {
        f"chat {number}": [Event(start=flow), Event("I want to hurt myself"), Event("I am safe"), *map(Event, way)]
        for number, flow in enumerate(sorted(WAYS))
        for way in WAYS[flow][:1]
    }
    async with _open(path) as engine:
        for chat, events in chats.items():
            for number, event in enumerate(events):
                await send(engine, chat, event, f"r{number}")
            if chat == "chat 2":
                shutil.copyfile(f"{path}-wal", folder / "stale.db-wal")
        for ending in ("", "-wal"):
            shutil.copyfile(f"{path}{ending}", folder / f"live.db{ending}")
    shutil.copyfile(path, folder / "stale.db")
    with closing(sqlite3.connect(path)) as connection:
        sessions = [row[0] for row in connection.execute("SELECT id FROM sessions")]
    known = Known({chat: [f"r{n}" for n in range(len(events))] for chat, events in chats.items()}, sessions, [])
    async with _open(path) as engine:
        return Library(folder, known, await served(engine, known))
