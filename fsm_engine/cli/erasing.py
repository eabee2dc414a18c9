"""`fsm-engine erase`: everything of one user or one conversation, with the proof that nothing is left."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fsm_engine.cli.exits import Exit, Refused, leave
from fsm_engine.cli.places import must_exist
from fsm_engine.cli.screen import print_json, print_table, progress_bar

if TYPE_CHECKING:
    from fsm_engine.storage.erasing import Erased, Subject
    from fsm_engine.storage.traces import Trace

_TRACES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Outcome:
    erased: Erased
    texts: int
    traces: Sequence[Trace] | None
    """None when there was no erasing."""
    log_in_use: str | None = None


def erase(
    database: str, *, user: str | None, conversation: str | None, dry_run: bool, confirmed: bool, as_json: bool
) -> None:
    """Erases, looks for what is left, and prints both.

    Raises:
        Refused: neither or both are named, there is no such database, or nobody agreed.
    """
    from fsm_engine.storage.erasing import Subject

    if (user is None) == (conversation is None):
        raise Refused("erase: name either --user ID or --conversation ID.")
    must_exist(database)
    subject = Subject(user, conversation)
    planned = asyncio.run(_counted(database, subject))
    if dry_run:
        _print(_Outcome(planned, 0, None), as_json=as_json)
        return
    if not confirmed:
        _must_be_agreed_to(planned)
    outcome = _erase(database, subject, planned)
    _print(outcome, as_json=as_json)
    if outcome.traces or outcome.log_in_use:
        leave(Exit.PROBLEMS)


def _must_be_agreed_to(planned: Erased) -> None:
    """Asks where somebody can answer. Raises `Refused` where nobody can, or when the answer is no."""
    if not any(planned.deleted.values()) and not any(planned.stripped.values()):
        return  # nothing to lose; the log is emptied, which an earlier run may not have been able to
    if not sys.stdin.isatty():
        raise Refused("erase: cannot be undone. Look with --dry-run, then add --yes.")
    import typer

    rows = sum(planned.deleted.values())
    if not typer.confirm(f"Erase {rows} rows, of {len(planned.conversations)} conversations? It cannot be undone."):
        raise Refused("erase: nothing was erased.")


async def _counted(address: str, subject: Subject) -> Erased:
    from fsm_engine.storage import open_store

    store = await open_store(address)
    try:
        return await store.erasing.counts(subject)
    finally:
        await store.close()


def _erase(address: str, subject: Subject, planned: Erased) -> _Outcome:
    from fsm_engine.errors import DatabaseUnavailable
    from fsm_engine.storage.erasing import LOG_IN_USE
    from fsm_engine.storage.open import sqlite_path
    from fsm_engine.storage.traces import traces_left

    texts: set[str] = set()
    log_in_use = None
    erased = planned
    try:
        erased = asyncio.run(_erased(address, subject, texts))
    except DatabaseUnavailable as error:
        if error.code != LOG_IN_USE:
            raise
        log_in_use = str(error)
    with progress_bar("looking for what is left") as tell:
        traces = traces_left(sqlite_path(address), texts, tell)
    return _Outcome(erased, len(texts), traces, log_in_use)


async def _erased(address: str, subject: Subject, texts: set[str]) -> Erased:
    """Fills ``texts`` with what must be nowhere afterwards, before it is gone."""
    from uuid import uuid4

    from fsm_engine.model.times import utc_now, utc_text
    from fsm_engine.storage import open_store

    store = await open_store(address)
    try:
        texts |= await store.erasing.texts(subject)
        return await store.erasing.erase(subject, now=utc_text(utc_now()), record=uuid4().hex)
    finally:
        await store.close()


def _print(outcome: _Outcome, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(outcome))
        return
    is_done = outcome.traces is not None
    deleted = {
        **outcome.erased.deleted,
        **{f"{name} (kept, stripped)": n for name, n in outcome.erased.stripped.items()},
    }
    print_table("erased" if is_done else "would be erased", ("table", "rows"), _present(deleted))
    if outcome.traces is None:
        print("Nothing was changed.")
        return
    for trace in outcome.traces[:_TRACES_SHOWN]:
        print(f"left: {trace.file}, byte {trace.offset}")
    if outcome.log_in_use:
        print(outcome.log_in_use)
    elif outcome.traces:
        print(
            f"{len(outcome.traces)} pieces of erased texts are left. Stop the bot, run VACUUM on the file, look again."
        )
    else:
        print(f"Nothing is left: {outcome.texts} texts were looked for in the bytes of the file and its log.")


def _present(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(table, count) for table, count in counts.items() if count]


def _as_json(outcome: _Outcome) -> dict[str, Any]:
    traces = outcome.traces
    return {
        "erased": traces is not None,
        "deleted": outcome.erased.deleted,
        "stripped": outcome.erased.stripped,
        "conversations": outcome.erased.conversations,
        "texts_looked_for": outcome.texts,
        "left": [{"file": trace.file, "offset": trace.offset} for trace in traces or ()],
        "log_in_use": outcome.log_in_use is not None,
    }
