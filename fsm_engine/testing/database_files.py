"""What a SQLite file holds, and what of it a killed process leaves behind: for tests and demonstrations."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

_WITH_LOG = ("", "-wal")


class KilledFiles:
    """The database and its write-ahead log as they were on disk at one moment, as if the program had died then.

    Copied while no turn is under way. `put_back` restores them once the program under test has let go of the files:
    whatever it did on its way out is undone, and who opens the database next must recover it from its log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._aside = TemporaryDirectory(prefix="fsm_engine_killed_")
        for ending in _WITH_LOG:
            file = Path(f"{path}{ending}")
            if file.exists():
                shutil.copyfile(file, self._copy(ending))

    def put_back(self) -> None:
        """Call it once."""
        with self._aside:
            for ending in (*_WITH_LOG, "-shm"):
                Path(f"{self._path}{ending}").unlink(missing_ok=True)
            for ending in _WITH_LOG:
                if self._copy(ending).exists():
                    shutil.copyfile(self._copy(ending), f"{self._path}{ending}")

    def _copy(self, ending: str) -> Path:
        return Path(self._aside.name, f"copy{ending}")


def table_digests(path: Path) -> Mapping[str, str]:
    """A digest of every row of every table, by the table's name: equal digests, equal contents."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: _digest(connection, name) for name in sorted(names)}


def _digest(connection: sqlite3.Connection, table: str) -> str:
    rows = sorted(repr(row) for row in connection.execute(f'SELECT * FROM "{table}"'))  # noqa: S608 - a table's own name
    return blake2b("\n".join(rows).encode(), digest_size=16).hexdigest()
