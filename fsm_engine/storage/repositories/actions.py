"""What was done in the world: the audit, the transactions that can be undone, and results to give again."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

import orjson

from fsm_engine.errors import InvalidArgument, NotFound
from fsm_engine.storage import sql, sql_actions
from fsm_engine.storage.database import Step
from fsm_engine.storage.records import Lease, StoredAudit, StoredResult, StoredTransaction
from fsm_engine.storage.repositories.base import ANY_KEY, Repository, at_most, found, must_be_there, one_of
from fsm_engine.storage.row_seals import action_seal, audit_of, of_owner, sound_audit
from fsm_engine.storage.turn_rows import AuditRow

_STATUSES = ("pending", "success", "failure", "rolled_back", "unknown", "stuck")


class Audit(Repository):
    """One row for every action; it outlives the session that it tells of."""

    async def log(
        self,
        row: AuditRow,
        *,
        now: str,
        user_id: str | None = None,
        session_id: str | None = None,
        turn: int | None = None,
    ) -> StoredAudit:
        """Records an action that was run past a turn. Raises `IntegrityViolated` when its key is recorded already.

        The rows of a turn's actions are written with the turn, and are what `Engine.recover` goes by.
        """
        done = (row.action, row.input_json, row.output_json, row.status, row.error)
        steps: list[Step] = [(sql_actions.ADD_AUDIT, (row.key, user_id, session_id, turn, row.intent, *done, now))]
        if session_id is not None and turn is not None:
            steps.append(
                (sql.ADD_SEAL, (session_id, turn, action_seal(session_id, user_id, turn, now, row, self._seal)))
            )
        await self._change(*steps)
        return found(await self.by_key(row.key), "action", row.key)

    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredAudit]:
        """The whole trail, oldest first. Raises `SessionCorrupted` when a row is damaged, as do all of one session."""
        return await self._sound(sound_audit, sql_actions.AUDIT_OF_SESSION, session_id, user_id)

    async def of_user(self, user_id: str, *, limit: int = 50) -> list[StoredAudit]:
        """Newest first; a damaged row is marked."""
        return of_owner(user_id, await self._sound(audit_of, sql_actions.AUDIT_OF_USER, user_id, at_most(limit)))

    async def with_status(self, status: str, *, limit: int = 1000, after: int = 0) -> list[StoredAudit]:
        """Oldest first, from the one after id ``after``: what is ``pending`` at start was cut off by a crash.

        A damaged row is marked.
        """
        values = (one_of(_STATUSES, "status", status), at_most(limit), after)
        return await self._sound(audit_of, sql_actions.AUDIT_WITH_STATUS, *values)

    async def latest(self, *, limit: int = 50, before: int = ANY_KEY) -> list[StoredAudit]:
        """Newest first, from the one before id ``before``; a damaged row is marked."""
        return await self._sound(audit_of, sql_actions.LATEST_AUDIT, at_most(limit), before)

    async def by_key(self, key: str, *, user_id: str | None = None) -> StoredAudit | None:
        rows = await self._sound(sound_audit, sql_actions.AUDIT_BY_KEY, key, user_id)
        return rows[0] if rows else None

    async def update(
        self, key: str, *, status: str, now: str, output_json: str | None = None, error: str | None = None
    ) -> None:
        """Records how an action went, outside a turn. Raises `NotFound` when no action has the key."""
        if not await self._change((sql_actions.UPDATE_AUDIT, (key, status, output_json, error, now))):
            raise NotFound("audit: no action has this idempotency key. Write its row with the turn that asks for it.")

    async def lease(self, key: str) -> Lease | None:
        """Who runs the action, None when no action has the key."""
        return await self._first(Lease, sql_actions.LEASE, key)

    async def take_over(self, key: str, *, fence: int, owner: str, until: str) -> int | None:
        """The new fence, for one of those who saw ``fence``; None when another was first, or the action has ended."""
        taken = await self._change((sql_actions.TAKE_OVER, (key, fence, owner, until)))
        return int(taken[0][0]) if taken else None

    async def renew(self, key: str, *, fence: int, until: str) -> bool:
        """Whether the lease still is that of ``fence``, and so goes on until then."""
        return bool(await self._change((sql_actions.RENEW_LEASE, (key, fence, until))))

    async def release(self, owner: str) -> int:
        """Gives up every lease of an engine that runs nothing any more; how many there were."""
        return len(await self._change((sql_actions.RELEASE_LEASES, (owner,))))


class Transactions(Repository):
    """What actions changed, with what is needed to change it back."""

    async def record(
        self,
        key: str,
        *,
        audit_key: str,
        now: str,
        rollback_json: str | None = None,
        status: Literal["pending", "completed", "failed"] = "pending",
    ) -> StoredTransaction:
        """Records a transaction of the action whose audit row has ``audit_key``.

        Raises:
            NotFound: no action has that key.
            IntegrityViolated: the transaction's own key is recorded already.
        """
        rows = await self._change((sql_actions.ADD_TRANSACTION, (key, audit_key, status, rollback_json, now)))
        must_be_there(rows, "action", audit_key)
        return found(await self.get(key), "transaction", key)

    async def get(self, key: str, *, user_id: str | None = None) -> StoredTransaction | None:
        return await self._first(StoredTransaction, sql_actions.TRANSACTION, key, user_id)

    async def end(self, key: str, status: Literal["completed", "failed"], *, now: str) -> bool:
        """Whether this call ended it: one that is not pending any more stays as it is."""
        return bool(await self._change((sql_actions.END_TRANSACTION, (key, status, now))))

    async def mark_rolled_back(self, key: str, *, now: str) -> bool:
        """Whether this call did it: True once, for a completed transaction; its action's audit row says so as well."""
        return bool(
            await self._change(
                (sql_actions.ROLL_BACK_TRANSACTION, (key, now)), (sql_actions.ROLL_BACK_AUDIT, (key, now))
            )
        )


class Idempotency(Repository):
    """Results of requests, so that the same request again gets the first result instead of a second effect."""

    async def put(
        self, key: str, result_json: str, *, now: str, expires_at: str, user_id: str | None = None
    ) -> StoredResult:
        """Keeps a result until ``expires_at``; what is kept for the key: an earlier result that holds stays."""
        if expires_at <= now:
            raise InvalidArgument(f"idempotency: a result that expires at {expires_at} is out of date at {now}.")
        await self._change((sql_actions.KEEP_RESULT, (key, user_id, result_json, now, expires_at)))
        return found(await self.get(key, now=now), "result", key)

    async def get(self, key: str, *, now: str, user_id: str | None = None) -> StoredResult | None:
        """None when there is none, or it is out of date at ``now``."""
        return await self._first(StoredResult, sql_actions.RESULT, key, now, user_id)

    async def clean_up(self, now: str, *, limit: int = 1000) -> int:
        """Deletes results that are out of date, at most ``limit``; how many there were."""
        return len(await self._change((sql_actions.DELETE_OLD_RESULTS, (now, at_most(limit)))))


def request_key(whose: str | None, action: str, slots: Mapping[str, Any]) -> str:
    """The key of a request: the same for the same user, action and slots, in whatever order they come.

    ``whose`` is ``user:…``, or ``conversation:…`` of somebody unknown.

    >>> request_key("user:42", "transfer", {"to": "Ana", "amount": "5.00"})
    'ff1d6224134bed4ce7e1e37d464ac1c5b63fe42231a6c4295d0d8a7b784ead75'
    """
    content = orjson.dumps([whose, action, dict(slots)], option=orjson.OPT_SORT_KEYS)
    return sha256(content).hexdigest()
