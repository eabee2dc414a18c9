"""What a database file stands on: its file system, and who else has it open. Nothing here opens the file.

Opening and closing a file of a SQLite database in a process that has the database open lets go of that process's locks
on it (POSIX locks belong to process and file, not to a descriptor), so SQLite's own descriptors are asked instead.
"""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import struct
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FIRST_WITH_RESET_FAULT = (3, 7, 0)
FIRST_WITHOUT_RESET_FAULT = (3, 51, 3)

_NETWORK_KINDS = re.compile(
    "9p|afs|beegfs|ceph|cifs|coda|davfs|drvfs|fakeowner|gfs2?|glusterfs|gpfs|lustre|ncpfs|nfs4?|ocfs2|orangefs|prl_fs|pvfs2"
    "|smb3|smbfs|vboxsf|virtiofs|vmhgfs"
)
_NETWORK_IN_USER_SPACE = re.compile(
    "blobfuse2?|ceph|ceph-fuse|curlftpfs|davfs|gcsfuse|gdfuse|glusterfs|goofys|grpcfuse|juicefs|mfs|moosefs|mount-s3|osxfs"
    "|rclone|s3fs|seaweedfs|smbnetfs|sshfs|vmhgfs-fuse"
)
_MOUNTS = Path("/proc/self/mountinfo")
_OWN_DESCRIPTORS = Path("/proc/self/fd")
_OCTAL = re.compile(r"\\([0-7]{3})")

# Every connection holds a shared lock on this byte of the -shm file for as long as it may use the log.
_IN_USE_BYTE = 128
_FLOCK = "@hhqqi4x"  # type, whence, start, length, process


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of ``mountinfo``: where a file system hangs, its device, its kind (``ext4``, ``fuse.sshfs``)."""

    point: str
    device: int
    kind: str
    source: str

    @property
    def is_network(self) -> bool:
        """Whether other machines may change the files, or their locks and shared memory may not reach everybody."""
        kind, _, program = self.kind.partition(".")
        if kind == "fuse":
            return _NETWORK_IN_USER_SPACE.fullmatch(program or self.source.partition("#")[0]) is not None
        return _NETWORK_KINDS.fullmatch(kind) is not None


SETTLED_NS: Final = 100_000_000
"""How old the last change of a folder must be to be told from the next one; file systems count time in steps."""


@dataclass(slots=True)
class OpenFiles:
    """A database's file and its log, as they stood in their places when it was opened.

    A file cannot come or go without a change of its folder: while that is as it was when the files were last looked at,
    one look is enough. ``settled`` is how it was then.
    """

    folder: str = ""
    known: tuple[tuple[str, os.stat_result], ...] = ()
    settled: tuple[int, int, int] | None = None

    @classmethod
    def of(cls, path: str) -> OpenFiles:
        """Ask it once the database is open."""
        real = os.path.realpath(path)
        found = ((name, _stat(name)) for name in (real, f"{real}-wal"))
        return cls(os.path.dirname(real), tuple((name, one) for name, one in found if one is not None))  # noqa: PTH120

    @property
    def astray(self) -> str | None:
        """One in whose place there is no file now, or another one. What is written to it is lost with its last user."""
        if not self.known:
            return None
        folder = _stat(self.folder)
        now = None if folder is None else (folder.st_dev, folder.st_ino, folder.st_mtime_ns)
        if now is not None and now == self.settled:
            return None
        for name, known in self.known:
            if _is_another(name, known):
                return name
        self.settled = now if now is not None and time.time_ns() - now[2] > SETTLED_NS else None
        return None


def _is_another(name: str, known: os.stat_result) -> bool:
    try:
        now = os.stat(name)  # noqa: PTH116
    except FileNotFoundError:
        return True
    except OSError:  # who may not look cannot know
        return False
    return now.st_ino != known.st_ino or now.st_dev != known.st_dev


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116
    except OSError:
        return None


def mounts_in(mountinfo: str) -> list[Mount]:
    """The lines that can be read, in order: a later one hides what an earlier one mounted at the same place."""
    mounts = []
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        place, what = before.split(" "), after.split(" ")
        major, colon, minor = place[2].partition(":") if len(place) > 4 else ("", "", "")
        if dash and colon and major.isdigit() and minor.isdigit():
            source = _plain(what[1]) if len(what) > 1 else ""
            mounts.append(Mount(_plain(place[4]), os.makedev(int(major), int(minor)), what[0], source))
    return mounts


def _plain(written: str) -> str:
    """A name as it is: spaces, tabs, line ends and backslashes are written in octal."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), written)


def mount_of(path: str, mounts: Iterable[Mount]) -> Mount | None:
    """The mount that holds the file, or would hold it; None where the system does not tell."""
    real = os.path.realpath(path)
    holding = [mount for mount in mounts if _is_below(real, mount.point)]
    device = _device_of(real)
    of_device = [mount for mount in holding if mount.device == device]  # some file systems show another number
    return max(reversed(of_device or holding), key=lambda mount: len(mount.point), default=None)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder if folder.endswith("/") else f"{folder}/")


def _device_of(path: str) -> int | None:
    for place in (path, os.path.dirname(path)):  # noqa: PTH120 - the text of a path, which may be of no file yet
        try:
            return os.stat(place).st_dev  # noqa: PTH116 - see above
        except OSError:
            continue
    return None


def system_mounts() -> list[Mount]:
    """The mounts that this process sees; none where the system does not tell (only Linux does)."""
    try:
        return mounts_in(_MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return []


def network_concern(path: str, mounts: Iterable[Mount]) -> str | None:
    """What to tell of a file on a network file system; None for a local one."""
    mount = mount_of(path, mounts)
    if mount is None or not mount.is_network:
        return None
    return (
        f"database {path}: stands on a network or shared file system ({mount.kind} at {mount.point}). SQLite's log"
        " needs locks and memory that all users of the file share, which such systems do not give: turns can be lost."
        " Put the file on a local disk."
    )


def has_reset_fault(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite can damage a file when several connections reset its log at the same moment."""
    return FIRST_WITH_RESET_FAULT <= version < FIRST_WITHOUT_RESET_FAULT


def sharing_concern(path: str, version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str | None:
    """What to tell when several processes use a file with a SQLite that can damage it then; None when all is well.

    Ask it while this process has the database open.
    """
    if not has_reset_fault(version) or not is_open_elsewhere(path):
        return None
    return (
        f"database {path}: another process has it open, and SQLite {'.'.join(map(str, version))} can damage a file when"
        " two processes reset its log at the same moment. Use SQLite 3.51.3 or newer in all of them, or one process."
    )


def is_open_elsewhere(path: str) -> bool | None:
    """Whether another process, in whatever container, has the database open as well.

    None where that cannot be known: on other systems than Linux, or when this process has no connection to it.
    """
    if sys.platform != "linux":
        return None
    import fcntl

    descriptor = _own_descriptor(f"{os.path.realpath(path)}-shm")
    if descriptor is None:
        return None
    question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _IN_USE_BYTE, 1, 0)
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, question)
    except OSError:
        return None
    return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)


def _own_descriptor(path: str) -> int | None:
    """A descriptor by which this process has the file open."""
    try:
        wanted = os.stat(path)  # noqa: PTH116
        names = os.listdir(_OWN_DESCRIPTORS)  # noqa: PTH208
    except OSError:
        return None
    for name in names:
        try:
            found = os.fstat(int(name))
        except OSError:  # that of the listing itself is closed by now
            continue
        if stat.S_ISREG(found.st_mode) and os.path.samestat(found, wanted):
            return int(name)
    return None
