"""`fsm-engine migrate`: which schema a database has, and giving it another one."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from fsm_engine.cli.exits import Exit, Refused, leave
from fsm_engine.cli.reports import print_json, progress_bar
from fsm_engine.cli.screen import print_table
from fsm_engine.errors import WouldLose

if TYPE_CHECKING:
    from fsm_engine.storage.migrating import Migrated


def upgrade_database(database: str, to: str, *, as_json: bool) -> None:
    """Brings the database up to a revision and tells what that did."""
    from fsm_engine.storage.migrating import migrate

    with progress_bar("moving messages") as progress:
        done = migrate(database, to, direction="up", progress=progress)
    _tell(database, done, as_json=as_json)


def downgrade_database(database: str, to: str | None, *, may_lose: bool, as_json: bool) -> None:
    """Takes the database down to a revision, by default the one before its own.

    What that revision cannot hold is listed, and goes only when it may: the program ends with `Exit.UNUSABLE`.
    """
    from fsm_engine.storage.migrating import migrate

    target = to or _one_below(database)
    try:
        with progress_bar("moving messages") as progress:
            done = migrate(database, target, direction="down", accept_loss=may_lose, progress=progress)
    except WouldLose as error:
        print(f"fsm-engine: {database}: revision {target} cannot hold everything. Lost would be:", file=sys.stderr)
        for loss in error.losses:
            print(f"  {loss}", file=sys.stderr)
        again = shlex.join(["fsm-engine", "migrate", "downgrade", database, "--to", target, "--yes"])
        print(f"Nothing was changed. Make a backup; to go on, run: {again}", file=sys.stderr)
        leave(Exit.UNUSABLE)
    else:
        _tell(database, done, as_json=as_json)


def _one_below(database: str) -> str:
    from fsm_engine.storage.migrating import BASE, history

    numbers = [BASE, *(one.number for one in history())]
    here = next((one.number for one in history(database) if one.is_current), None)
    if here is None:
        raise Refused(f"{database}: holds nothing, so there is nothing to downgrade. Check the address.")
    return numbers[numbers.index(here) - 1]


def _tell(database: str, done: Migrated, *, as_json: bool) -> None:
    if as_json:
        print_json({"database": database, **asdict(done)})
    elif done.before == done.after:
        print(f"{database}: is at revision {done.after} already.")
    else:
        way = f"from revision {done.before or 'base'} to {done.after or 'base'}"
        print(f"{database}: {way}, {done.rows} messages moved.")


def show_current(database: str, *, as_json: bool) -> None:
    """Prints the revision of a database."""
    from fsm_engine.storage.migrating import current, history

    here, head = current(database), history()[-1].number
    if as_json:
        print_json({"database": database, "revision": here, "is_head": here == head})
    else:
        advice = "" if here in (None, head) else f" (an older one; upgrade: {shlex.join(_upgrade(database))})"
        print(f"{database}: {here or 'base: it holds nothing yet'}{advice}")


def _upgrade(database: str) -> list[str]:
    return ["fsm-engine", "migrate", database]


def show_history(database: str, *, as_json: bool) -> None:
    """Prints all revisions, and which of them the database has, where there is one."""
    from fsm_engine.cli.places import is_there
    from fsm_engine.storage.migrating import history

    revisions = history(database if is_there(database) else None)
    if as_json:
        print_json([asdict(one) for one in revisions])
        return
    rows = [(one.number, one.title, "here" if one.is_current else "") for one in revisions]
    print_table("revisions", ("revision", "what it makes", database), rows)
