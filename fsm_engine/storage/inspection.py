"""Looking a database over without changing a byte of it: what `fsm-engine doctor` reports.

How the file is opened decides what stays unchanged. Without a log beside it, nobody has it open, and SQLite is told
that nothing changes it: no lock, no file is made. With a log and its index, SQLite may write neither. Only with a log
whose index is missing (a copy that forgot it) must SQLite make the index anew: ``-shm``, which holds no data.
"""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from fsm_engine.errors import StartUpError
from fsm_engine.storage import inspection_rows as checks
from fsm_engine.storage import sql_inspection as sql
from fsm_engine.storage.findings import Finding, Inspection
from fsm_engine.storage.inspection_rows import Progress, Rows
from fsm_engine.storage.schema import APPLICATION_ID, SCHEMA_VERSION, schema_script
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.settings import seal_of
from fsm_engine.storage.sql_search import drop_table, new_part
from fsm_engine.storage.sqlite_file import file_kind, must_be_ours, read_only, start_up_error
from fsm_engine.storage.surroundings import (
    has_reset_fault,
    is_open_elsewhere,
    mount_of,
    network_concern,
    sharing_concern,
    system_mounts,
)

LOG_TOO_LARGE = 64 * 1024 * 1024
PROBLEMS_SHOWN = 20
_STEPS_PER_TELL = 1_000_000  # of SQLite's virtual machine: several times a second
_OURS = {"sessions", "conversations", "turns", "messages"}
_NOT_OF_THE_SCHEMA = {"table alembic_version"}
_RESTORE = "Restore a backup."


def _silent(what: str, done: int, in_all: int | None) -> None:
    pass


def inspect_database(path: str, *, now: str, seal: Seal | None = None, tell: Progress = _silent) -> Inspection:
    """Everything that can be found wrong with a database file; ``now`` as stored times are written; without a
    ``seal``, rows are held against the environment's.

    Raises:
        StartUpError: there is no such file, it cannot be read, or is no database of this version.
    """
    if file_kind(Path(path)) is None:
        raise StartUpError(f"database {path}: there is no such file. Name the file of a bot.")
    while True:
        before = _state_of_files(path)
        inspection = _inspect(path, _address(path), now, seal or seal_of(None), tell)
        if Path(f"{path}-wal").exists() or _state_of_files(path) == before:
            return inspection
        # A program opened and closed it meanwhile, while SQLite was told that nobody would: nothing found counts.


def _address(path: str) -> str:
    real = os.path.realpath(path)
    if not Path(f"{real}-wal").exists():
        return f"{read_only(real)}&immutable=1"
    return f"{read_only(real)}&readonly_shm=1" if Path(f"{real}-shm").exists() else read_only(real)


def _state_of_files(path: str) -> tuple[int, int, bool]:
    found = Path(path).stat()
    return found.st_size, found.st_mtime_ns, Path(f"{path}-wal").exists()


def _inspect(path: str, address: str, now: str, seal: Seal, tell: Progress) -> Inspection:
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.text_factory = _any_text
            identity = list(_identity(connection, path))
            rows = Rows(connection, tell)
            findings = [
                *identity,
                *_surroundings(path),
                *_guarded("schema", lambda: _schema(connection)),
                *_guarded("structure", lambda: _structure(connection, tell)),
                *_guarded("constraints", lambda: _constraints(connection)),
                *_guarded("references", lambda: _references(connection)),
                *_guarded("sessions", lambda: checks.session_findings(rows, seal, now)),
                *_guarded("turns", lambda: checks.turn_findings(rows, seal)),
                *_guarded("conversations", lambda: checks.conversation_findings(rows)),
                *_guarded("audit", lambda: checks.audit_findings(connection, now)),
                *_guarded("deliveries", lambda: checks.delivery_findings(connection, now)),
                *rows.findings(),
            ]
            return Inspection(path, _facts(connection, path), tuple(findings))
    except sqlite3.Error as error:
        raise start_up_error(path, error) from error


def _any_text(raw: bytes) -> str:
    """Text that is no UTF-8 is damage, which is looked for here."""
    return raw.decode(errors="surrogateescape")


def _guarded(check: str, findings: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings of one check; damage that ends it is one of them, and the other checks go on."""
    try:
        yield from list(findings())
    except sqlite3.Error as error:
        yield Finding(
            "check-ended",
            "error",
            f"The check of {check} could not go on: {error}.",
            "What other checks say is right. Sessions whose rows can be read go on.",
            _RESTORE,
        )


def _identity(connection: sqlite3.Connection, path: str) -> Iterator[Finding]:
    """Raises `StartUpError` for what is no database of this version; damaged numbers in its header are a finding."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables:
        raise StartUpError(f"database {path}: is empty. A bot that opens it makes its tables.")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, version) == (APPLICATION_ID, SCHEMA_VERSION):
        return
    is_damaged = tables >= _OURS and (application != APPLICATION_ID or version < SCHEMA_VERSION)
    if not is_damaged:
        must_be_ours(connection, path)
    yield Finding(
        "identity",
        "error",
        f"The header says application {application} and version {version}; the tables are those of {APPLICATION_ID} and"
        f" {SCHEMA_VERSION}.",
        "Nothing: the engine refuses the file.",
        f"When nothing else is found, run: PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version ="
        f" {SCHEMA_VERSION}; else restore a backup.",
    )


def _schema(connection: sqlite3.Connection) -> Iterator[Finding]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        fresh.executescript(schema_script())
        _make_search_parts(fresh, connection)
        wanted = _objects(fresh)
    found = {name: text for name, text in _objects(connection).items() if name not in _NOT_OF_THE_SCHEMA}
    missing = sorted(wanted.keys() - found.keys())
    different = sorted(name for name in wanted.keys() & found.keys() if wanted[name] != found[name])
    extra = sorted(found.keys() - wanted.keys())
    if missing or different:
        names = ", ".join([*(f"{name} is missing" for name in missing), *(f"{name} differs" for name in different)])
        yield Finding(
            "schema-differs",
            "error",
            f"The schema is not that of schema_v2.sql: {names}.",
            "What does not need these; turns may fail or go unchecked.",
            "Make them as schema_v2.sql has them, or restore a backup.",
            len(missing) + len(different),
        )
    if extra:
        yield Finding(
            "schema-extra",
            "note",
            f"The database holds what the schema does not: {', '.join(extra)}.",
            "Everything.",
            "Nothing. What a person is erased from does not include tables of your own.",
            len(extra),
        )


def _make_search_parts(fresh: sqlite3.Connection, connection: sqlite3.Connection) -> None:
    """The tables of the search index, which come and go, as the database says that it has them."""
    try:
        numbers = {number for (number,) in connection.execute(sql.SEARCH_PARTS)}
    except sqlite3.Error:  # what is missing is found by its name
        return
    for number in numbers - {1}:
        for statement in new_part(number):
            fresh.execute(statement)
    if 1 not in numbers:
        fresh.execute(drop_table(1))


def _objects(connection: sqlite3.Connection) -> dict[str, str]:
    return {name: " ".join((text or "").split()) for name, text in connection.execute(sql.OBJECTS)}


def _structure(connection: sqlite3.Connection, tell: Progress) -> Iterator[Finding]:
    connection.set_progress_handler(lambda: tell("checking the structure of the file", 0, None), _STEPS_PER_TELL)
    problems: list[str] = []
    try:
        problems += [
            line for (line,) in connection.execute(f"PRAGMA integrity_check({PROBLEMS_SHOWN})") if line != "ok"
        ]
    except sqlite3.DatabaseError as error:
        problems.append(f"the check could not go on ({error})")
    connection.set_progress_handler(None, 0)
    if problems:
        lines = "; ".join(" ".join(problem.split()) for problem in problems)
        yield Finding(
            "structure",
            "error",
            f"SQLite finds the file damaged: {lines}.",
            "Sessions whose rows can be read; damaged ones raise an error instead of wrong data.",
            "Restore a backup. Where only an index is named, REINDEX mends it.",
            len(problems),
        )


def _constraints(connection: sqlite3.Connection) -> Iterator[Finding]:
    """SQLite forgets a table's CHECKs when it opens a file for reading only, so they are asked here."""
    for table, text in re.findall(r"^CREATE TABLE (\w+) \((.*?)^\)", schema_script(), re.MULTILINE | re.DOTALL):
        broken = " OR ".join(f"NOT ({condition})" for condition in _conditions(text))
        if not broken:
            continue
        (count,) = connection.execute(f"SELECT count(*) FROM {table} WHERE {broken}").fetchone()  # noqa: S608 - ours
        if count:
            yield Finding(
                "constraint",
                "error",
                f"Rows of {table} hold values that its CHECK constraints do not allow.",
                "Everything else; such rows may be in no list.",
                _RESTORE,
                count,
            )


def _conditions(text: str) -> Iterator[str]:
    """What stands in the brackets of each CHECK."""
    for found in re.finditer(r"CHECK \(", text):
        depth, end = 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield text[found.end() : end - 1]


def _references(connection: sqlite3.Connection) -> Iterator[Finding]:
    found: dict[tuple[str, str], int] = {}
    for table, _rowid, parent, _number in connection.execute("PRAGMA foreign_key_check"):
        found[table, parent] = found.get((table, parent), 0) + 1
    for (table, parent), count in sorted(found.items()):
        yield Finding(
            "references",
            "error",
            f"Rows of {table} belong to rows of {parent} that do not exist.",
            f"Everything else; look-ups pass these rows of {table} over.",
            "Restore a backup if rows are missing; else delete the rows that PRAGMA foreign_key_check lists.",
            count,
        )


def _surroundings(path: str) -> Iterator[Finding]:
    network = network_concern(path, system_mounts())
    sharing = sharing_concern(path)
    everything = "Everything, as long as it lasts."
    if network is not None:
        yield Finding("network-file-system", "warning", network, everything, "Move the file to a local disk.")
    if sharing is not None:
        yield Finding("shared-with-old-sqlite", "warning", sharing, everything, "Update SQLite, or use one process.")
    elif has_reset_fault():
        yield Finding(
            "old-sqlite",
            "note",
            f"SQLite {sqlite3.sqlite_version} can damage a file when several processes write to it.",
            "Everything, with one process.",
            "Use SQLite 3.51.3 or newer before several processes share the file.",
        )
    yield from _log(path)
    yield from _rights(path)


def _log(path: str) -> Iterator[Finding]:
    size = _size(f"{path}-wal")
    if size > LOG_TOO_LARGE:
        yield Finding(
            "log-large",
            "warning",
            f"The write-ahead log has {size // 2**20} MiB, more than the engine lets it keep.",
            "Everything; opening and reading get slower.",
            "End programs that keep a transaction open, or open and close the engine once.",
        )


def _rights(path: str) -> Iterator[Finding]:
    mode = Path(path).stat().st_mode
    shown = stat.filemode(mode)
    if mode & stat.S_IWOTH:
        yield Finding(
            "writable-by-all",
            "warning",
            f"Every user of this machine may change the file ({shown}).",
            "Everything.",
            "Run: chmod o-rwx on the file and those beside it (-wal, -shm).",
        )
    elif mode & stat.S_IROTH:
        yield Finding(
            "readable-by-all",
            "note",
            f"Every user of this machine may read the file ({shown}).",
            "Everything.",
            "Where that is not wanted, run: chmod o-rwx on it, or close its folder.",
        )
    if not os.access(path, os.W_OK) or not os.access(Path(path).absolute().parent, os.W_OK):
        yield Finding(
            "not-writable",
            "warning",
            "This user may not write the file, or not into its folder.",
            "Looking at it.",
            "Run the bot as a user who may, or give this one the right.",
        )


def _facts(connection: sqlite3.Connection, path: str) -> dict[str, str | int | bool | None]:
    mount = mount_of(path, system_mounts())
    facts: dict[str, str | int | bool | None] = {
        "sqlite": sqlite3.sqlite_version,
        "schema": SCHEMA_VERSION,
        "bytes": _size(path),
        "log_bytes": _size(f"{path}-wal"),
        "file_system": mount.kind if mount else None,
        "mode": stat.filemode(Path(path).stat().st_mode),
        "open_elsewhere": is_open_elsewhere(path) if Path(f"{path}-wal").exists() else False,
    }
    for name, statement in sql.FACTS.items():
        try:
            (facts[name],) = connection.execute(statement).fetchone()
        except sqlite3.Error:
            facts[name] = None
    return facts


def _size(path: str) -> int:
    return Path(path).stat().st_size if Path(path).exists() else 0
