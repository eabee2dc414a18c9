"""The outbox: what must reach somebody while nobody waits for a reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from fsm_engine.storage import sql_deliveries as sql
from fsm_engine.storage.due import StoredDelivery
from fsm_engine.storage.repositories.base import Repository, at_most, one_of
from fsm_engine.storage.row_seals import delivery_of

_STATUSES = ("pending", "delivered", "given_up")


@dataclass(frozen=True, slots=True)
class Takers:
    """What there is somebody for: messages, and the names that are notified. The rest stays pending.

    ``conversation``: only what belongs to this one.
    """

    messages: bool = False
    names: Sequence[str] = ()
    conversation: str | None = None

    @property
    def values(self) -> tuple[int, str, str | None]:
        return int(self.messages), orjson.dumps(list(self.names)).decode(), self.conversation


class Deliveries(Repository):
    """Entries are written by turns and go with their session."""

    async def claim(self, takers: Takers, *, now: str, until: str, limit: int = 16) -> list[StoredDelivery]:
        """Some that are due, oldest first; no other process gets them before ``until``, and their attempt is counted.

        Of what goes to one address for one session only the first is given, so that the order stays.
        """
        keys = await self._change((sql.CLAIM_DELIVERIES, (*takers.values, now, until, at_most(limit))))
        if not keys:
            return []
        wanted = orjson.dumps([key for (key,) in keys]).decode()
        return await self._sound(delivery_of, sql.DELIVERIES_BY_KEY, wanted)

    async def next_at(self, takers: Takers) -> str | None:
        """When the next one is due, which may be past; None when none is pending."""
        rows = await self._database.rows(sql.NEXT_DELIVERY, *takers.values)
        return rows[0][0] if rows else None

    async def delivered(self, delivery: StoredDelivery, *, now: str) -> bool:
        """Whether it was pending till now."""
        return bool(await self._change((sql.DELIVERED, (delivery.key, delivery.attempts, now))))

    async def failed(self, delivery: StoredDelivery, *, error: str, again_at: str | None) -> bool:
        """Notes why this attempt failed, and when the next may come; None gives it up. False: another one runs."""
        status = "given_up" if again_at is None else "pending"
        values = (delivery.key, delivery.attempts, error, status, again_at or delivery.next_attempt_at)
        return bool(await self._change((sql.DELIVERY_FAILED, values)))

    async def kept_from_reply(self, session_id: str, turns: Sequence[int], *, now: str) -> frozenset[int]:
        """Of these turns, those whose messages come to the user by the outbox, and not with a reply to a delivery.

        Messages that nobody has tried to hand over, or that were given up, go with the reply: those are delivered from
        now on, and every later call says the same of them.
        """
        wanted = session_id, orjson.dumps(list(turns)).decode()
        rows = await self._database.rows(sql.MESSAGES_OF_TURNS, *wanted)
        by_outbox = {turn for turn, status, attempts in rows if attempts and status != "given_up"}
        waiting = {turn for turn, status, attempts in rows if not attempts and status == "pending"}
        if not waiting:
            return frozenset(by_outbox)
        given = await self._change((sql.GIVE_WITH_REPLY, (*wanted, now)))
        return frozenset(by_outbox | (waiting - {turn for (turn,) in given}))

    async def of_session(self, session_id: str, *, user_id: str | None = None) -> list[StoredDelivery]:
        """All of a session, oldest first; a damaged one is marked."""
        return await self._sound(delivery_of, sql.DELIVERIES_OF_SESSION, session_id, user_id)

    async def with_status(self, status: str, *, after: int = 0, limit: int = 100) -> list[StoredDelivery]:
        """A page of those with a status, behind the key ``after``, oldest first."""
        values = (one_of(_STATUSES, "status", status), after, at_most(limit))
        return await self._sound(delivery_of, sql.DELIVERIES_WITH_STATUS, *values)
