"""Write transactions counted in the database file itself, from outside, so that no tool must tell.

With a rollback journal each one raises the change counter in the file's header; with a write-ahead log each one ends
in a frame that carries the database's size (https://www.sqlite.org/fileformat2.html, sections 1.3.6 and 4.1).
"""

from __future__ import annotations

import struct
from pathlib import Path

_CHANGE_COUNTER_AT = 24
_LOG_HEADER = struct.Struct(">8I")
_FRAME_HEADER = struct.Struct(">6I")


def transactions_in(database: Path) -> int:
    """Of an open database whose log has not been started anew; differences count, not the number itself."""
    log = database.with_name(f"{database.name}-wal")
    if log.exists() and log.stat().st_size:
        return _commits(log.read_bytes())
    header = database.read_bytes()[:100]
    return int.from_bytes(header[_CHANGE_COUNTER_AT : _CHANGE_COUNTER_AT + 4], "big")


def _commits(log: bytes) -> int:
    _magic, _version, page_size, _sequence, *salts, _sum1, _sum2 = _LOG_HEADER.unpack_from(log)
    found = 0
    for at in range(_LOG_HEADER.size, len(log) - _FRAME_HEADER.size, _FRAME_HEADER.size + page_size):
        _page, size_after_commit, *frame_salts, _sum1, _sum2 = _FRAME_HEADER.unpack_from(log, at)
        if frame_salts != salts:
            break
        found += size_after_commit > 0
    return found
