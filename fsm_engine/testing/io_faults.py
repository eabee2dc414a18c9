"""One call to a file that fails, as disks, file systems and other programs make it fail."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Final, Literal

import apsw

from fsm_engine.testing.sqlite_calls import Call, Verb

Kind = Literal["error", "full", "busy"]

CODES: Final[Mapping[Kind, Mapping[Verb, int]]] = {
    "error": {
        "open": apsw.SQLITE_CANTOPEN,
        "delete": apsw.SQLITE_IOERR_DELETE,
        "access": apsw.SQLITE_IOERR_ACCESS,
        "read": apsw.SQLITE_IOERR_READ,
        "write": apsw.SQLITE_IOERR_WRITE,
        "truncate": apsw.SQLITE_IOERR_TRUNCATE,
        "sync": apsw.SQLITE_IOERR_FSYNC,
        "size": apsw.SQLITE_IOERR_FSTAT,
        "lock": apsw.SQLITE_IOERR_LOCK,
        "shm-map": apsw.SQLITE_IOERR_SHMMAP,
        "shm-lock": apsw.SQLITE_IOERR_SHMLOCK,
    },
    "full": {"write": apsw.SQLITE_FULL, "sync": apsw.SQLITE_FULL, "shm-map": apsw.SQLITE_IOERR_SHMSIZE},
    "busy": {"lock": apsw.SQLITE_BUSY, "shm-lock": apsw.SQLITE_BUSY},
}
"""What SQLite's own file system answers when the call fails in this way; calls that are not named cannot."""


class OneFault:
    """A watcher that fails the ``nth`` call (from 1) that can fail in this way, and no other. ``hit`` is that call."""

    def __init__(self, kind: Kind, nth: int) -> None:
        self.hit: Call | None = None
        self.counted = 0
        self._codes = CODES[kind]
        self._nth = nth
        self._lock = Lock()

    def __call__(self, call: Call) -> int:
        if call.verb not in self._codes:
            return apsw.SQLITE_OK
        with self._lock:  # calls come from the threads of several connections
            self.counted += 1
            if self.counted != self._nth:
                return apsw.SQLITE_OK
            self.hit = call
        return self._codes[call.verb]
