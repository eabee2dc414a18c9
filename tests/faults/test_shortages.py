"""T7: the disk is full, nothing may be written, no file can be opened: a typed error, what was stored can be read, and
all goes on without a restart when the shortage is over. proves: P2, D5
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.figures import record
from tests.faults.forks import ROOT, Forks
from tests.faults.seen import HALF_TURNS, rows
from tests.faults.talking import PAY, TALK
from tests.support.flow_texts import write

MOUNTED = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
"""Runs a line of shell where it may mount file systems that nobody else sees and that are gone with it."""
MOUNT = 'mount -t tmpfs -o size=3m tmpfs "$1/small"'


def may_mount(folder: Path) -> bool:
    """Whether this system lets a program have a small disk of its own."""
    (folder / "small").mkdir()
    try:
        tried = subprocess.run([*MOUNTED, MOUNT, "sh", str(folder)], capture_output=True, timeout=30, check=False)
    except FileNotFoundError:
        return False
    return tried.returncode == 0


def test_a_full_disk_is_said_and_when_there_is_room_all_goes_on(forks: Forks, tmp_path: Path) -> None:
    limited = tmp_path / "limited"
    limited.mkdir()
    ended, said = forks.run("run short", "file size limit", limited)

    assert ended == 0
    assert rows(limited, HALF_TURNS) == []
    record("T7", what="no file may grow (RLIMIT_FSIZE)", **said[0])
    if may_mount(tmp_path):
        program = f'{MOUNT} && exec "$2" -m tests.faults.shortages "$1"'
        command = [*MOUNTED, program, "sh", str(tmp_path), sys.executable]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

        assert (ran.returncode, ran.stderr) == (0, "")
        record("T7", what="a disk of 3 MB is full", **json.loads(ran.stdout))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of the machine can reach."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def test_what_may_not_be_written_is_said_and_nothing_is_harmed(forks: Forks, open_folder: Path) -> None:
    ended, said = forks.run("run short", "no right to write", open_folder)

    assert ended == 0
    assert rows(open_folder / "home", HALF_TURNS) == []
    record("T7", what="file and folder are read-only", **said[0])


def test_without_file_handles_what_is_open_goes_on(forks: Forks, tmp_path: Path) -> None:
    flow_files = write(tmp_path / "flows", PAY, TALK)
    ended, said = forks.run("run short", "out of file handles", tmp_path, flow_files)

    assert ended == 0
    assert rows(tmp_path, HALF_TURNS) == []
    record("T7", what="no file handle is left (RLIMIT_NOFILE)", **said[0])
