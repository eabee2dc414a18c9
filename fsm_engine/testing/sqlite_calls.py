"""Every call that SQLite makes to its files, shown to a watcher that may let it through or answer with an error.

Works on the SQLite that ``apsw`` carries, never on the one that the engine uses in production. A file system written
with apsw itself would see neither the shared wal-index nor how SQLite takes an error in its stride: there an error is a
Python exception, and reaches the caller even where SQLite goes on, as it does after a checkpoint that failed. So the
functions of SQLite's own file system are wrapped in C, by the public layout of ``sqlite3_vfs`` and
``sqlite3_io_methods`` (sqlite.org/c3ref/vfs.html, sqlite.org/c3ref/io_methods.html).
"""

from __future__ import annotations

import ctypes
import sqlite3
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast, get_args

import apsw

from fsm_engine.testing.apsw_connection import ApswConnection

Verb = Literal["open", "delete", "access", "read", "write", "truncate", "sync", "size", "lock", "shm-map", "shm-lock"]
VERBS: Final[frozenset[Verb]] = frozenset(get_args(Verb))
Watch: TypeAlias = Callable[["Call"], int]
"""Is shown a call before it is made; 0 lets it through, any other result code is answered in its place."""

_NAME: Final = "fsm_engine_watched"


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``offset`` and ``data`` are set for writes, ``offset`` is the new size for a truncation.

    ``creates``: an opening that makes the file. ``syncs_folder``: a deletion that is to survive a power cut.
    """

    verb: Verb
    path: str
    offset: int = 0
    data: bytes = b""
    creates: bool = False
    syncs_folder: bool = False


_METHODS: Final = (
    ("xClose", (c_void_p,)),
    ("xRead", (c_void_p, c_void_p, c_int, c_int64)),
    ("xWrite", (c_void_p, c_void_p, c_int, c_int64)),
    ("xTruncate", (c_void_p, c_int64)),
    ("xSync", (c_void_p, c_int)),
    ("xFileSize", (c_void_p, c_void_p)),
    ("xLock", (c_void_p, c_int)),
    ("xUnlock", (c_void_p, c_int)),
    ("xCheckReservedLock", (c_void_p, c_void_p)),
    ("xFileControl", (c_void_p, c_int, c_void_p)),
    ("xSectorSize", (c_void_p,)),
    ("xDeviceCharacteristics", (c_void_p,)),
    ("xShmMap", (c_void_p, c_int, c_int, c_int, c_void_p)),
    ("xShmLock", (c_void_p, c_int, c_int, c_int)),
    ("xShmBarrier", (c_void_p,)),
    ("xShmUnmap", (c_void_p, c_int)),
    ("xFetch", (c_void_p, c_int64, c_int, c_void_p)),
    ("xUnfetch", (c_void_p, c_int64, c_void_p)),
)
_WATCHED_METHODS: Final[dict[str, Verb]] = {
    "xRead": "read",
    "xWrite": "write",
    "xTruncate": "truncate",
    "xSync": "sync",
    "xFileSize": "size",
    "xLock": "lock",
    "xShmMap": "shm-map",
    "xShmLock": "shm-lock",
}
_OPEN: Final = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_DELETE: Final = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_ACCESS: Final = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int, c_void_p)
_TYPES: Final = {name: CFUNCTYPE(c_int, *arguments) for name, arguments in _METHODS}


class _Methods(ctypes.Structure):
    _fields_ = [("iVersion", c_int), *_TYPES.items()]


class _FileSystem(ctypes.Structure):
    """``sqlite3_vfs``; what is behind the fields that are used is copied as it is."""


_FileSystem._fields_ = [  # apart from the class, because it points to its own kind
    ("iVersion", c_int),
    ("szOsFile", c_int),
    ("mxPathname", c_int),
    ("pNext", POINTER(_FileSystem)),
    ("zName", c_char_p),
    ("pAppData", c_void_p),
    ("xOpen", _OPEN),
    ("xDelete", _DELETE),
    ("xAccess", _ACCESS),
    ("others", c_void_p * 12),
]


class WatchedFiles:
    """A file system of SQLite, made by `watched_files`; ``connect`` is a driver for `SqliteSettings`.

    ``setting`` is a script that each connection runs when it is opened, such as a pragma.
    """

    def __init__(self, watch: Watch, verbs: Set[Verb], setting: str) -> None:
        self._watch = watch
        self._verbs = verbs
        self._setting = setting
        self._path_of: dict[int, str] = {}
        self._tables: dict[int, tuple[_Methods, _Methods]] = {}
        self._base = _default_file_system()
        self.system = _copy_of(self._base)
        self.system.zName = _NAME.encode()
        self.system.xOpen = _OPEN(self._open)
        self.system.xDelete = _DELETE(self._delete)
        self.system.xAccess = _ACCESS(self._access)

    def connect(self, path: str, busy_timeout_s: float) -> sqlite3.Connection:
        """A connection to the file at ``path``; it keeps this file system alive."""
        opened = ApswConnection(path, vfs=_NAME, busy_timeout_s=busy_timeout_s, keeps=self)
        if self._setting:
            opened.executescript(self._setting)
        return cast(sqlite3.Connection, opened)

    def _ask(self, call: Call) -> int:
        return self._watch(call) if call.verb in self._verbs else apsw.SQLITE_OK

    def _open(self, system: int, name: int | None, file: int, flags: int, out_flags: int) -> int:
        path = ctypes.string_at(name).decode() if name else ""
        creates = bool(flags & apsw.SQLITE_OPEN_CREATE) and not Path(path).exists()
        refused = self._ask(Call("open", path, creates=creates)) if path else apsw.SQLITE_OK
        if refused:
            c_void_p.from_address(file).value = None  # nothing is open, so there is nothing to close
            return refused
        result: int = self._base.xOpen(system, name, file, flags, out_flags)
        table = c_void_p.from_address(file).value
        if result == apsw.SQLITE_OK and path and table:
            self._path_of[file] = path
            c_void_p.from_address(file).value = ctypes.addressof(self._watched(table))
        return result

    def _delete(self, system: int, name: bytes, syncs_folder: int) -> int:
        refused = self._ask(Call("delete", name.decode(), syncs_folder=bool(syncs_folder)))
        return refused or self._base.xDelete(system, name, syncs_folder)

    def _access(self, system: int, name: bytes, flags: int, found: int) -> int:
        return self._ask(Call("access", name.decode())) or self._base.xAccess(system, name, flags, found)

    def _watched(self, table: int) -> _Methods:
        """The functions of a file, those of interest shown to the watcher first."""
        if table not in self._tables:
            base = _Methods.from_address(table)
            made = _copy_of(base)
            for name, verb in _WATCHED_METHODS.items():
                if verb in self._verbs:
                    setattr(made, name, _TYPES[name](partial(self._pass_on, verb, getattr(base, name))))
            self._tables[table] = base, made
        return self._tables[table][1]

    def _pass_on(self, verb: Verb, function: Callable[..., int], file: int, *rest: Any) -> int:
        if verb == "shm-lock" and rest[-1] & apsw.SQLITE_SHM_UNLOCK:  # cannot fail, so nobody is asked
            return function(file, *rest)
        return self._watch(_call(verb, self._path_of[file], rest)) or function(file, *rest)


def _call(verb: Verb, path: str, rest: tuple[Any, ...]) -> Call:
    if verb == "write":
        data, amount, offset = rest
        return Call(verb, path, offset, ctypes.string_at(data, amount))
    return Call(verb, path, rest[0] if verb == "truncate" else 0)


@contextmanager
def watched_files(watch: Watch, *, verbs: Set[Verb] = VERBS, setting: str = "") -> Iterator[WatchedFiles]:
    """Shows ``watch`` those calls, by whichever thread they are made; one of these may be entered at a time."""
    files = WatchedFiles(watch, verbs, setting)
    first = _default_file_system()
    files.system.pNext = first.pNext
    first.pNext = ctypes.pointer(files.system)
    try:
        yield files
    finally:
        first.pNext = files.system.pNext


def _default_file_system() -> _FileSystem:
    found = POINTER(_FileSystem)()
    connection = apsw.Connection(":memory:")
    connection.file_control("main", apsw.SQLITE_FCNTL_VFS_POINTER, ctypes.addressof(found))
    connection.close()
    return found.contents


def _copy_of(structure: Any) -> Any:
    return type(structure).from_buffer_copy(structure)
