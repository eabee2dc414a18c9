"""Guards of the engine that can be switched off, one at a time, to see whether the tests notice.

Only tests do this: a process of theirs that finds ``FAULT_PLANT`` in its environment patches the engine before it runs
anything. Loaded as a pytest plugin (``-p tests.faults.plants``) it does so for a whole run; the processes that fault
tests start do so by themselves. A plant that finds nothing to patch fails, so that it cannot lag behind the engine.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

VARIABLE = "FAULT_PLANT"


def _no_version_check() -> None:
    """A turn commits on whatever version the conversation is at, as its next turn."""
    _change_schema(
        (" AND version = NEW.base_version", ""),
        (" AND turn = NEW.turn - 1", ""),
        ("PRIMARY KEY (session, number)", "CHECK (true)"),
        ("PRIMARY KEY (session, turn)", "CHECK (true)"),
    )


def _no_request_id_check() -> None:
    """Nobody looks whether a request was answered before, neither when it comes in nor when it is stored."""
    from fsm_engine.storage.sqlite import SqliteStore

    _change_schema(("CREATE UNIQUE INDEX turns_by_request", "CREATE INDEX turns_by_request"))
    load = SqliteStore.load

    async def load_unseen(self: SqliteStore, conversation_id: str, request_id: str | None) -> Any:
        loaded = await load(self, conversation_id, request_id)
        return None if loaded is None else replace(loaded, seen=())

    _patch(SqliteStore, "load", load_unseen)


def _no_row_hash() -> None:
    """Any hash will do."""
    from fsm_engine.storage.seal import Seal

    _patch(Seal, "matches", staticmethod(lambda stored, computed: True))


def _no_full_synchronous() -> None:
    """A commit does not wait for the disk, whatever durability was asked for."""
    from fsm_engine.storage import sqlite_file

    settings = sqlite_file._SETTINGS
    _patch(sqlite_file, "_SETTINGS", _replaced(settings, "synchronous = {synchronous}", "synchronous = NORMAL"))


def _no_intent_first() -> None:
    """An action leaves no trace before it runs."""
    from fsm_engine.engine import checkpoint

    _patch(checkpoint, "_audit", lambda taken: taken.audit)


def _no_risk_stage() -> None:
    """No message is read by any detector."""
    from fsm_engine.engine.risk_stage import RiskStage
    from fsm_engine.understanding.risk_phrases import NOTHING_HEARD, Heard

    async def assess(self: RiskStage, text: str, language: str, moods: Sequence[Any] = ()) -> Heard:
        return NOTHING_HEARD

    _patch(RiskStage, "assess", assess)
    _patch(RiskStage, "by_phrases", lambda self, text, language, moods=(): NOTHING_HEARD)


def _no_lease() -> None:
    """Whoever meets a pending action takes it over, also while somebody else runs it."""
    from fsm_engine.engine.leases import Leases

    _patch(Leases, "_has_run_out", lambda self, key, lease: True)


def _no_fence() -> None:
    """Of several that take an action over at the same moment each may have it."""
    from fsm_engine.storage import sql_actions

    _patch(sql_actions, "TAKE_OVER", _replaced(sql_actions.TAKE_OVER, " AND fence = ?2", " AND ?2 = ?2"))


def _no_result_given_again() -> None:
    """Nobody looks whether the same request was carried out before."""
    from fsm_engine.storage.repositories.actions import Idempotency
    from fsm_engine.storage.sqlite import SqliteStore
    from fsm_engine.storage.turn_rows import TurnToCommit

    commit = SqliteStore.commit

    async def get(self: Idempotency, key: str, **options: Any) -> None:
        return None

    async def without_looking(self: SqliteStore, turn: TurnToCommit) -> None:
        await commit(self, turn._replace(looks_up=None))

    _patch(Idempotency, "get", get)
    _patch(SqliteStore, "commit", without_looking)


def _no_undo_once() -> None:
    """An undo that was cut off is begun as if nobody had ever begun it."""
    from fsm_engine.actions import ActionRunner

    run = ActionRunner.run

    async def run_anew(self: ActionRunner, request: Any, session: Any, *, is_in_doubt: bool, undone: Any) -> Any:
        return await run(self, request, session, is_in_doubt=is_in_doubt and request.undoes is None, undone=undone)

    _patch(ActionRunner, "run", run_anew)


def _no_look_at_the_file() -> None:
    """Nobody looks whether the file that is written to still stands in its place."""
    from fsm_engine.storage.surroundings import OpenFiles

    _patch(OpenFiles, "astray", None)


def _no_telling_once() -> None:
    """A second delivery gets all that was stored, whoever else has told it."""
    from fsm_engine.storage.repositories.deliveries import Deliveries

    async def kept_from_reply(self: Deliveries, *asked: Any, **options: Any) -> frozenset[int]:
        return frozenset()

    _patch(Deliveries, "kept_from_reply", kept_from_reply)


def _no_expiry() -> None:
    """A session is not over when its time is, whatever the clock says."""
    from fsm_engine.engine import opening

    _patch(opening, "utc_text", lambda moment: "")


def _no_withdrawal() -> None:
    """What a caller asked for who was cancelled before anybody began with it is carried out, and nobody is told."""
    from fsm_engine.storage.gathering import Gatherer

    def take(self: Any) -> list[Any]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._at_most))]

    _patch(Gatherer, "_take", take)


def _no_end_of_threads() -> None:
    """The threads of a database that was never closed keep the program alive."""
    from fsm_engine.storage import sqlite_database

    _patch(sqlite_database, "Thread", lambda target, daemon: threading.Thread(target=target, daemon=False))


def _no_rollback() -> None:
    """A change of several steps that failed leaves its transaction open."""
    from fsm_engine.storage.sqlite_file import _Connection

    _patch(_Connection, "rollback", lambda self: None)


def _no_typed_errors() -> None:
    """What the driver raises reaches the caller as it is."""
    from contextlib import nullcontext

    from fsm_engine.storage import sqlite_database

    _patch(sqlite_database, "engine_errors", lambda place: nullcontext())


def _no_order() -> None:
    """Turns of one conversation are computed at once, and the last one to be stored tries again."""
    from fsm_engine.engine.held import ConversationOrder

    async def enter(self: ConversationOrder, conversation_id: str) -> None:
        return None

    _patch(ConversationOrder, "enter", enter)
    _patch(ConversationOrder, "leave", lambda self, conversation_id: None)


PLANTS: Mapping[str, Callable[[], None]] = {
    "no version check": _no_version_check,
    "no request id check": _no_request_id_check,
    "no row hash": _no_row_hash,
    "no full synchronous": _no_full_synchronous,
    "no intent first": _no_intent_first,
    "no risk stage": _no_risk_stage,
    "no lease": _no_lease,
    "no fence": _no_fence,
    "no result given again": _no_result_given_again,
    "no undo once": _no_undo_once,
    "no look at the file": _no_look_at_the_file,
    "no telling once": _no_telling_once,
    "no expiry": _no_expiry,
    "no withdrawal": _no_withdrawal,
    "no end of threads": _no_end_of_threads,
    "no rollback": _no_rollback,
    "no typed errors": _no_typed_errors,
    "no order": _no_order,
}


def plant_from_environment() -> None:
    """Switches off what ``FAULT_PLANT`` names, if it names anything."""
    name = os.environ.get(VARIABLE)
    if name:
        PLANTS[name]()


def pytest_configure() -> None:
    plant_from_environment()


def _patch(owner: Any, name: str, value: Any) -> None:
    assert hasattr(owner, name), f"there is no {name} any more: bring the plant up to date"
    setattr(owner, name, value)


def _change_schema(*changes: tuple[str, str]) -> None:
    from fsm_engine.storage import schema, sqlite_file

    script = schema.schema_script()
    for old, new in changes:
        script = _replaced(script, old, new)
    for module in (schema, sqlite_file):
        _patch(module, "schema_script", lambda: script)


def _replaced(text: str, old: str, new: str) -> str:
    assert old in text, f"'{old}' is not there any more: bring the plant up to date"
    return text.replace(old, new)
