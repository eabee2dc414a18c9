"""Rows as values: what a turn writes, and what can be read back.

Times are UTC text, ``2026-01-31T09:30:00.000000Z``; names that end in ``_json`` hold JSON text. No text may hold NUL or
a lone surrogate: ``understanding.text`` removes both before anything is stored, and a store refuses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from fsm_engine.storage.reviews import Verdict

Role = Literal["user", "assistant", "system"]


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One thing said, by the user or by the bot."""

    role: Role
    content: str
    metadata_json: str


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """The answer to one step of one flow. ``response_json`` None takes the stored answer away.

    ``row_hash`` is the store's own.
    """

    flow: str
    step: str
    slot: str
    response_json: str | None
    raw: str
    attempts: int
    row_hash: str | None = None


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """What one detector found in the user's message of this turn."""

    level: str
    category: str
    phrase: str
    detector: str
    detector_version: str
    user_message: str
    resources_shown: bool


@dataclass(frozen=True, slots=True)
class ClassificationRow:
    """What the user's message was taken to want; ``intent`` None when nothing fitted."""

    user_message: str
    intent: str | None
    confidence: float
    method: str
    step: str | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An action of this turn. A ``key`` that is stored already gets the new status, output and error only.

    While it is pending: ``owner`` runs it, until ``lease_until`` nobody else may, and ``fence`` counts who has run it;
    its end is refused under another fence. ``private`` is a JSON array of slots, ``undoes`` the key of what it takes
    back. At its end: ``repeats`` is the key of the action whose result was given again; ``effect`` is the status of its
    transaction, with ``rollback_json``; its output is kept under ``cache_key`` until ``cache_until``; ``undone_as`` is
    what becomes of the transaction that it takes back.
    """

    key: str
    intent: str | None
    action: str
    status: str
    input_json: str
    output_json: str | None = None
    error: str | None = None
    private: str | None = None
    undoes: str | None = None
    owner: str | None = None
    lease_until: str | None = None
    fence: int | None = None
    repeats: str | None = None
    effect: str | None = None
    rollback_json: str | None = None
    cache_key: str | None = None
    cache_until: str | None = None
    undone_as: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """What must reach somebody who does not wait for it; ``id`` is new to the database. ``target``: who is notified."""

    id: str
    kind: str
    payload_json: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class TimerRow:
    """What becomes of a timer: ``pending`` (set, or moved to another time), ``fired`` or ``cancelled``.

    ``session_id`` None: the turn's own session.
    """

    name: str
    flow: str
    step: str
    due_at: str
    status: str
    session_id: str | None = None


class TurnToCommit(NamedTuple):
    """All rows of one turn. Made for every turn, and a named tuple takes a third of the time of a dataclass to make.

    ``base_version`` is the version of the conversation that the turn was computed from, 0 when there is none yet;
    ``title`` counts only then. ``turn`` 1 opens the session. The keys are those that `load` gave; a store may look the
    ids up instead. ``closes_session`` names an earlier session of the conversation and the status that it ends with.
    ``after_session``, given with ``turn`` 1, is the one that the conversation had last: where it is not there, the turn
    was computed from a conversation that is gone, and is refused like one from another version.
    ``drop_messages`` deletes the messages of the session, this turn's too, once all else is written.
    """

    conversation_id: str
    base_version: int
    session_id: str
    turn: int
    state_json: str
    status: str
    now: str
    event_json: str
    reply_json: str
    flow_hash: str
    conversation_key: int | None = None
    session_key: int | None = None
    user_id: str | None = None
    title: str | None = None
    flow: str | None = None
    step: str | None = None
    intent: str | None = None
    expires_at: str | None = None
    completed_at: str | None = None
    request_id: str | None = None
    fingerprint: str | None = None
    caused_by: int | None = None
    messages: tuple[MessageRow, ...] = ()
    answers: tuple[AnswerRow, ...] = ()
    detections: tuple[DetectionRow, ...] = ()
    classification: ClassificationRow | None = None
    audit: tuple[AuditRow, ...] = ()
    deliveries: tuple[DeliveryRow, ...] = ()
    timers: tuple[TimerRow, ...] = ()
    closes_session: tuple[str, str] | None = None
    drop_messages: bool = False
    after_session: str | None = None


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

    In a list over sessions, a damaged one ``is_damaged`` and has no texts.
    """

    id: int
    session_id: str
    turn: int
    message_id: int | None
    phrase: str
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
