"""Rows as values, as they can be read back; what a turn writes stands in `turn_rows`.

Times are UTC text, ``2026-01-31T09:30:00.000000Z``; names that end in ``_json`` hold JSON text. No text may hold NUL or
a lone surrogate: ``understanding.text`` removes both before anything is stored, and a store refuses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fsm_engine.storage.reviews import Verdict

Role = Literal["user", "assistant", "system"]


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """One line of a session's journal. ``caused_by`` is the turn whose action this turn reports."""

    session_id: str
    number: int
    request_id: str | None
    fingerprint: str | None
    event_json: str
    reply_json: str
    flow_hash: str
    caused_by: int | None
    created_at: str


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session after its last turn. In a list, a damaged one ``is_damaged`` and has an empty ``state_json``."""

    id: str
    key: int
    conversation_id: str
    user_id: str | None
    turn: int
    state_json: str
    status: str
    flow: str | None
    step: str | None
    intent: str | None
    created_at: str
    last_activity: str
    expires_at: str | None
    completed_at: str | None
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """A thread. ``version`` rises with every turn. What `load` gives leaves out the last two."""

    id: str
    key: int
    user_id: str | None
    version: int
    title: str | None
    status: str
    message_count: int
    created_at: str
    updated_at: str
    last_message_at: str | None = None
    archived_at: str | None = None


@dataclass(frozen=True, slots=True)
class LoadedConversation:
    """What a turn starts from: the thread, its latest session, and the turn that the request id made earlier.

    ``seen`` holds that turn and then the turns it caused, in order; empty when the request id is new.
    """

    conversation: StoredConversation
    session: StoredSession | None
    seen: tuple[StoredTurn, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message; ``number`` orders the messages of a conversation. ``session_id`` None: the session is deleted."""

    id: int
    conversation_id: str
    number: int
    session_id: str | None
    turn: int | None
    user_id: str | None
    role: str
    content: str
    metadata_json: str
    request_id: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    session_id: str
    flow: str
    step: str
    slot: str
    response_json: str
    raw: str
    attempts: int
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class StoredAudit:
    """What is known of one action. ``session_id`` None: the session is deleted. A damaged one shows no input.

    ``private``, ``repeats`` and ``undoes`` as in `AuditRow`.
    """

    id: int
    key: str
    user_id: str | None
    session_id: str | None
    turn: int | None
    intent: str | None
    action: str
    input_json: str
    output_json: str | None
    status: str
    error: str | None
    created_at: str
    updated_at: str
    private: str | None = None
    repeats: str | None = None
    undoes: str | None = None
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """Who runs a pending action. ``fence`` counts who has run it; ``owner`` None: nobody said so."""

    status: str
    owner: str | None
    until: str | None
    fence: int


@dataclass(frozen=True, slots=True)
class StoredDetection:
    """``message_id`` None: the message is deleted. ``reviewed_by`` and ``verdict`` None: no person has looked at it.

    ``start`` and ``end``: where the phrase stands in the message, in characters, the end not included; None when that
    is not told. ``read_as``: the plain words that were seen in it, None when they are those that were typed.

    In a list over sessions, a damaged one ``is_damaged`` and has no texts.
    """

    id: int
    session_id: str
    turn: int
    message_id: int | None
    phrase: str
    start: int | None
    end: int | None
    read_as: str | None
    user_message: str
    category: str
    level: str
    detector: str
    detector_version: str
    detected_at: str
    resources_shown: bool
    reviewed_at: str | None
    reviewed_by: str | None
    verdict: Verdict | None
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class StoredClassification:
    session_id: str
    turn: int
    user_message: str
    intent: str | None
    confidence: float
    method: str
    step: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class FlowVersion:
    """The source of a flow file, by its content hash."""

    hash: str
    name: str
    version: int
    source: str
    created_at: str


@dataclass(frozen=True, slots=True)
class StoredUser:
    id: str
    created_at: str


@dataclass(frozen=True, slots=True)
class DeletedUser:
    """How many rows of each kind went with a user."""

    conversations: int
    sessions: int
    messages: int
    answers: int


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message that a search found; a higher ``score`` fits better. ``snippet`` shows the words among others."""

    message: StoredMessage
    snippet: str
    score: float


@dataclass(frozen=True, slots=True)
class StoredTransaction:
    """What an action did to the business. ``rollback_json`` is enough to undo it; ``audit_key`` names the action.

    ``status``: pending, completed, failed, rolled_back, or stuck (its undo failed: a person must look).
    """

    id: int
    key: str
    audit_key: str
    user_id: str | None
    status: str
    rollback_json: str | None
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class StoredResult:
    """The first result of a request, given again until it expires; ``first_key`` is the action's that gave it, and
    ``conversation`` the database's own key of where."""

    key: str
    user_id: str | None
    result_json: str
    created_at: str
    expires_at: str
    first_key: str | None = None
    conversation: int | None = None


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """What a session had collected when it was completed (``complete``), or when somebody asked (``partial``)."""

    id: int
    session_id: str
    kind: str
    data_json: str
    generated_at: str
