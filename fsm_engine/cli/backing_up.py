"""`fsm-engine backup` and `fsm-engine restore`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from fsm_engine.cli.exits import Refused
from fsm_engine.cli.places import address_of
from fsm_engine.cli.reports import print_json, progress_bar
from fsm_engine.storage.address import DEFAULT_DATABASE

if TYPE_CHECKING:
    from fsm_engine.storage.backup import Copied

_DATABASE_AND_TARGET = 2


def back_up(words: Sequence[str], *, as_json: bool) -> None:
    """Copies the database that is named first, or that of the environment, to the file that is named last.

    Raises:
        Refused: there are more than two words.
    """
    from fsm_engine.storage.backup import backup

    if len(words) > _DATABASE_AND_TARGET:
        raise Refused(
            "backup: takes a database and a file. Write, for example: fsm-engine backup sqlite:///bot.db copy.db"
        )
    database = words[0] if len(words) == _DATABASE_AND_TARGET else os.environ.get("DATABASE_URL") or DEFAULT_DATABASE
    with progress_bar("copying") as progress:
        copied = backup(address_of(database), words[-1], progress=progress)
    _tell(copied, as_json=as_json)


def put_back(backup: str, database: str, *, force: bool, as_json: bool) -> None:
    """Puts a copy of the backup in the database's place."""
    from fsm_engine.storage.backup import restore

    with progress_bar("copying") as progress:
        copied = restore(backup, database, force=force, progress=progress)
    _tell(copied, as_json=as_json)


def _tell(copied: Copied, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(copied))
        return
    print(f"{copied.path}: {copied.size:,} bytes, checked, {copied.rows_compared:,} rows compared.")
    if copied.seals_broken:
        print(
            f"{copied.seals_broken} of {copied.seals_checked} rows looked at do not fit their seal: they are damaged,"
            " or sealed under a row key of your own."
        )
