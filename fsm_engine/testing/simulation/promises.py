"""What clients were told, held against the file: acknowledgements, second deliveries, denials, refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from fsm_engine.engine.replies import stored_reply
from fsm_engine.errors import Busy, DatabaseUnavailable, OperationFailed
from fsm_engine.model.codec import encode
from fsm_engine.model.turn import Reply
from fsm_engine.testing.simulation.bank import IDEMPOTENT, Account, Bank
from fsm_engine.testing.simulation.journal_checks import Complain, JournalChecks
from fsm_engine.testing.simulation.processes import Process
from fsm_engine.testing.simulation.records import AuditRecord, Records

MAY_FAIL: Final = (DatabaseUnavailable, OperationFailed, Busy)
"""What a caller may get besides a reply: the database's faults, typed."""


@dataclass(slots=True, eq=False)
class Delivery:
    """One message of a user, under one request id, however often it is delivered.

    ``floor`` is the last turn of the conversation that anybody had been told of when it was first sent, -1 for none.
    ``begun`` counts deliveries, ``under_way`` those that have not ended, and ``given_up_in`` are the processes in which
    one was cancelled. ``is_denied``: `outcome` said that nothing was stored.
    """

    conversation_id: str
    request_id: str
    user_id: str | None
    text: str = ""
    flow: str | None = None
    locale: str | None = None
    floor: int = -1
    begun: int = 0
    under_way: int = 0
    given_up_in: dict[Process, None] = field(default_factory=dict)
    is_denied: bool = False
    reply: bytes | None = None

    @property
    def name(self) -> str:
        return f"{self.conversation_id}/{self.request_id}"


@dataclass(slots=True)
class Promises:
    """The books of all clients."""

    journal: JournalChecks
    complain: Complain
    deliveries: dict[tuple[str, str], Delivery] = field(default_factory=dict)
    last_told: dict[str, int] = field(default_factory=dict)

    def begin(self, delivery: Delivery) -> None:
        """A delivery is on its way."""
        name = delivery.conversation_id, delivery.request_id
        self.deliveries[name] = delivery
        self.journal.sent.add(name)
        self._check_denied(delivery)
        delivery.is_denied = False
        delivery.under_way += 1
        delivery.begun += 1
        if delivery.begun == 1:
            delivery.floor = self.last_told.get(delivery.conversation_id, -1)

    def acknowledge(self, delivery: Delivery, reply: Reply) -> None:
        """A client has a reply in its hands."""
        seen = self.journal.seen(delivery.conversation_id, delivery.request_id)
        if not seen:
            self.complain(
                "acknowledged means stored", where=delivery.name, expected="its turn in the journal", found="none"
            )
            return
        told = encode(_plain(reply))
        for what, other in (("what is stored", encode(_plain(stored_reply(seen)))), ("the first", delivery.reply)):
            if other is not None and other != told:
                self.complain(
                    "replies of one request are identical", where=delivery.name, expected=f"as {what}", found="another"
                )
        delivery.reply = told
        position = self.journal.position(delivery.conversation_id, delivery.request_id)
        if position <= delivery.floor:
            self.complain(
                "later messages are later turns",
                where=delivery.name,
                expected=f"a turn after number {delivery.floor}",
                found=f"number {position}",
            )
        last = self.last_told.get(delivery.conversation_id, -1)
        self.last_told[delivery.conversation_id] = max(last, position)

    def deny(self, delivery: Delivery, stored: Reply | None) -> None:
        """`outcome` has answered, after a cancellation, while no other delivery of the request was under way."""
        seen = self.journal.seen(delivery.conversation_id, delivery.request_id)
        if (stored is not None) != bool(seen):
            self.complain(
                "a cancelled turn has one answer",
                where=delivery.name,
                expected="stored" if seen else "nothing stored",
                found="stored" if stored is not None else "nothing stored",
            )
        delivery.is_denied = stored is None

    def refuse(self, delivery: Delivery, error: BaseException) -> None:
        """A delivery ended with an error."""
        if not isinstance(error, MAY_FAIL):
            allowed = ", ".join(kind.__name__ for kind in MAY_FAIL)
            self.complain(
                "only faults of the database reach a caller",
                where=delivery.name,
                expected=allowed,
                found=f"{type(error).__name__}: {error}",
            )

    def check_denied(self) -> None:
        """Whether nothing came of any delivery that was denied."""
        for delivery in self.deliveries.values():
            self._check_denied(delivery)

    def _check_denied(self, delivery: Delivery) -> None:
        if delivery.is_denied and self.journal.seen(delivery.conversation_id, delivery.request_id):
            self.complain(
                "a cancelled turn has one answer", where=delivery.name, expected="nothing stored, ever", found="a turn"
            )


def _plain(reply: Reply) -> Reply:
    return replace(reply, duplicate=False)


def check_before_effect(records: Records, complain: Complain) -> Callable[[str, str], None]:
    """What the bank asks before it does anything: the audit row must be there already."""

    def check(key: str, action: str) -> None:
        status = records.audit_status(key)
        if status is None:
            complain("the intent is stored before the act", where=action, expected="an audit row", found=f"none: {key}")

    return check


def check_books(records: Records, bank: Bank, complain: Complain) -> None:
    """At the end, when nothing is pending: the bank's effects are those that the audit calls a success."""
    audit = {row.key: row for row in records.audit()}
    for key in {**audit, **bank.accounts}:
        found = audit.get(key), bank.accounts.get(key)
        wrong = _wrong_about(*found)
        if wrong:
            complain("effects = audit rows with success", where=f"key {key}", expected=wrong, found=_told(*found))


def _wrong_about(row: AuditRecord | None, account: Account | None) -> str | None:
    """What should be otherwise."""
    if row is None:
        return "an audit row for every effect"
    effects = account.effects if account is not None else 0
    calls = account.calls if account is not None else []
    rules = (
        (row.status == "pending", "nothing pending"),
        (row.status in {"success", "rolled_back"} and effects != (row.repeats is None), "one effect, none if repeated"),
        (row.status == "failure" and effects != 0, "no effect after a failure"),
        (row.error == "rejected" and (effects != 0 or "refused" not in calls), "a refusal, and no effect"),
        (effects > 1, "at most one effect"),
        (row.error == "unknown" and IDEMPOTENT[row.action], "called again, as its key allows"),
        (row.status == "failure" and bool(calls) and calls[-1] == "returned" and len(calls) == 1, "a success"),
    )
    return next((wanted for is_wrong, wanted in rules if is_wrong), None)


def _told(row: AuditRecord | None, account: Account | None) -> str:
    audit = f"audit {row.status} ({row.error})" if row is not None else "no audit row"
    bank = f"{account.effects} effects after calls {account.calls}" if account is not None else "the bank knows nothing"
    return f"{audit}; {bank}"
