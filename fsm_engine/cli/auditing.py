"""`fsm-engine audit` and `fsm-engine recover`: what was done in the world, and what is still to be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsm_engine.cli.exits import Exit, Refused, leave
from fsm_engine.cli.places import flows_folder, must_exist, registered_actions, runnable_flows
from fsm_engine.cli.screen import print_json, print_table

if TYPE_CHECKING:
    from fsm_engine.actions import Actions
    from fsm_engine.core.flows import Flows
    from fsm_engine.engine.recovery import Unfinished
    from fsm_engine.storage.records import StoredAudit, StoredTransaction

_FOR_A_PERSON = frozenset({"person"})


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose actions: of a user, of a session, the one with a key, or with neither the latest of a status."""

    user: str | None
    session: str | None
    key: str | None
    status: str | None
    limit: int


def show_audit(database: str, asked: Asked, *, as_json: bool) -> None:
    """Prints actions with what became of them; private slots are masked.

    Raises:
        Refused: there is no such database, or several of user, session and key are given.
    """
    chosen = [name for name in ("user", "session", "key") if getattr(asked, name) is not None]
    if len(chosen) > 1:
        raise Refused(f"audit: --{' and --'.join(chosen)} cannot go together. Choose one.")
    must_exist(database)
    found = asyncio.run(_audit(database, asked))
    if as_json:
        print_json([{**asdict(row), "transaction": _transaction(transaction)} for row, transaction in found])
        return
    columns = ("key", "user", "turn", "action", "status", "sent", "result", "error", "transaction", "at")
    rows = [
        (
            row.key, row.user_id, row.turn, row.action, _status(row), row.input_json, row.output_json, row.error,
            transaction.status if transaction else None, row.created_at[:19],
        )
        for row, transaction in found
    ]  # fmt: skip
    print_table("actions", columns, rows)


async def _audit(database: str, asked: Asked) -> list[tuple[StoredAudit, StoredTransaction | None]]:
    from fsm_engine.storage import open_store
    from fsm_engine.storage.masking import masked

    store = await open_store(database)
    try:
        if asked.key is not None:
            one = await store.audit.by_key(asked.key)
            rows = [one] if one is not None else []
        elif asked.session is not None:
            rows = await store.audit.of_session(asked.session)
        elif asked.user is not None:
            rows = await store.audit.of_user(asked.user, limit=asked.limit)
        elif asked.status is not None:
            rows = await store.audit.with_status(asked.status, limit=asked.limit)
        else:
            rows = await store.audit.latest(limit=asked.limit)
        rows = [row for row in rows if asked.status in (None, row.status)]
        return [(masked(row), await store.transactions.get(row.key)) for row in rows]
    finally:
        await store.close()


def _status(row: StoredAudit) -> str:
    if row.is_damaged:
        return "damaged"
    return f"{row.status}, first result" if row.repeats is not None else row.status


def _transaction(one: StoredTransaction | None) -> dict[str, Any] | None:
    """What was sent stands in what an undo needs as well, and is private in part: it is not shown."""
    if one is None:
        return None
    return {"status": one.status, "created_at": one.created_at, "updated_at": one.updated_at}


def recover(folder: Path | None, database: str, actions: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Finishes what dead processes left, and lists what is left for a person. Ends with 1 when anything is.

    Raises:
        Refused: there is no such database, or actions cannot be found.
    """
    must_exist(database)
    place = flows_folder(folder)
    registry = registered_actions(actions, place)
    if registry is None:
        raise Refused(
            "recover: without actions nothing can be finished. Name them: --actions module:registry, "
            "such as --actions mybot.actions:registry"
        )
    finished, left = asyncio.run(_recovered(database, runnable_flows(place), registry, dry_run))
    if as_json:
        print_json({"finished": finished, "dry_run": dry_run, "left": [asdict(one) for one in left]})
    else:
        _print_recovered(finished, left, dry_run)
    if any(one.next in _FOR_A_PERSON for one in left):
        leave(Exit.PROBLEMS)


async def _recovered(database: str, flows: Flows, actions: Actions, dry_run: bool) -> tuple[int, list[Unfinished]]:
    from fsm_engine.engine.engine import Engine
    from fsm_engine.engine.recovery import RECOVERABLE

    async with Engine.open(database, flows=flows, actions=actions) as engine:
        if dry_run:
            left = await engine.unfinished()
            return sum(one.next in RECOVERABLE for one in left), left
        return await engine.recover(), await engine.unfinished()


def _print_recovered(finished: int, left: Sequence[Unfinished], dry_run: bool) -> None:
    print(f"{finished} would be finished" if dry_run else f"{finished} finished")
    if left:
        columns = ("key", "action", "status", "session", "since", "next")
        rows = [(one.key, one.action, one.status, one.session_id, one.created_at[:19], one.next) for one in left]
        print_table("unfinished", columns, rows)
