"""What every store promises."""

from __future__ import annotations

from typing import Protocol

from fsm_engine.storage.erasing import Erasing
from fsm_engine.storage.records import LoadedConversation, StoredResult
from fsm_engine.storage.repositories import (
    Analytics,
    Audit,
    Conversations,
    Deliveries,
    FlowVersions,
    Idempotency,
    Intents,
    Messages,
    Responses,
    Retention,
    Risk,
    Sessions,
    Summaries,
    Timers,
    Transactions,
    Users,
)
from fsm_engine.storage.turn_rows import TurnToCommit


class Store(Protocol):
    """Conversations that survive the program.

    * A turn that `commit` returned from is stored whole: its state, answers, messages, journal line, detections,
      classification, audit rows, deliveries and timers, in one transaction. Killing the process then loses none of it,
      nor does a power cut with durability ``full``.
    * A turn that `commit` raised for is not stored at all, unless the database was lost (`DatabaseUnavailable`,
      `OperationFailed`) or the caller was cancelled: then it is stored whole or not at all, and ``load`` with its
      request id tells which.
    * Of several turns computed from the same version of a conversation one is stored, from whatever process.
    * Any number of tasks of one event loop may call at once. Cancelling a call at any moment leaves no transaction,
      lock or connection held, and the other calls go on.
    * Every error is one of `fsm_engine.errors`. After a full disk, a lost lock or a lost connection the same store
      works again as soon as the cause is gone.
    """

    users: Users
    conversations: Conversations
    messages: Messages
    sessions: Sessions
    responses: Responses
    audit: Audit
    transactions: Transactions
    idempotency: Idempotency
    risk: Risk
    intents: Intents
    summaries: Summaries
    timers: Timers
    deliveries: Deliveries
    analytics: Analytics
    retention: Retention
    flow_versions: FlowVersions
    erasing: Erasing

    async def load(self, conversation_id: str, request_id: str | None) -> LoadedConversation | None:
        """The conversation with its latest session, and what the request id led to; None when there is no such one.

        Raises:
            SessionCorrupted: the session's row, or a journal line of this request, is damaged.
        """
        ...

    async def commit(self, turn: TurnToCommit) -> StoredResult | None:
        """Returns when the turn is stored, with the result that is kept under its ``looks_up`` and holds at its time.

        Raises:
            VersionConflict: the conversation is not at ``base_version`` any more (or exists, where that is 0).
            DuplicateRequest: the request id is stored already in this conversation.
            IntegrityViolated: a row does not fit the schema, or the session is not at the turn before this one.
            InvalidArgument: a text holds NUL or a lone surrogate, or a number is too large.
            DatabaseUnavailable: locked for longer than the busy timeout, or the store is closed.
            OperationFailed: the disk is full or read-only, or reading or writing failed.
            Busy: too many calls wait already.
        """
        ...

    async def settle(self) -> None:
        """Returns when each turn whose caller was cancelled before is stored or never will be."""
        ...

    async def close(self) -> None:
        """Does what was asked for before, then lets go of the database. A second call changes nothing."""
        ...
