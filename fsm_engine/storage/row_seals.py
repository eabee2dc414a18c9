"""Which columns are sealed by which hash, and rows that are held against it before anybody sees them.

* ``sessions.state_hash``: 16 bytes over id, conversation, turn and state; 8 more over the columns that lists show. A
  statement that changes those columns outside a turn cuts the hash to its first 16 bytes.
* ``turns.row_hash``: 16 bytes over the whole journal line; 8 more for each message, detection, classification,
  action and delivery that the turn wrote. Such rows are checked as long as their journal line is there.
* ``user_responses.row_hash``: 8 bytes in hexadecimal over the answer.

Not covered: conversations (title, owner, status, counts, times), a message's number and whether its session is still
there, when a session began and ended and whose it is, how an action or delivery ended, when a timer is due, who
reviewed a detection, counts of messages by role. What no index leads to any more reads as missing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from fsm_engine.errors import SessionCorrupted
from fsm_engine.storage.due import StoredDelivery
from fsm_engine.storage.records import (
    StoredAnswer,
    StoredAudit,
    StoredClassification,
    StoredConversation,
    StoredDetection,
    StoredMessage,
    StoredSession,
    StoredTurn,
)
from fsm_engine.storage.seal import ROW_SEAL_BYTES, SEAL_BYTES, Seal
from fsm_engine.storage.turn_rows import AnswerRow, AuditRow, DeliveryRow, DetectionRow, TurnToCommit

if TYPE_CHECKING:
    from fsm_engine.storage.database import Row

Owned = TypeVar("Owned", StoredConversation, StoredSession, StoredAudit)
_CLOSED_LATER = ("cancelled", "expired")


def session_seals(turn: TurnToCommit, seal: Seal) -> bytes:
    """What ``state_hash`` holds after the turn."""
    state = seal.of_state(turn.conversation_id, turn.session_id, turn.turn, turn.state_json)
    return state + seal.of_row(
        f"session\0{turn.session_id}\0{turn.status}\0{turn.flow}\0{turn.step}\0{turn.intent}\0{turn.now}"
        f"\0{turn.expires_at}"
    )


def turn_seals(turn: TurnToCommit, seal: Seal) -> bytes:
    """What ``row_hash`` holds of the turn's journal line."""
    line = seal.of_turn(
        f"{turn.conversation_id}\0{turn.session_id}\0{turn.turn}\0{turn.request_id}\0{turn.fingerprint}"
        f"\0{turn.flow_hash}\0{turn.caused_by}\0{turn.now}",
        turn.event_json,
        turn.reply_json,
    )
    of_row, session, now = seal.of_row, turn.session_id, f"{turn.turn}\0{turn.now}"
    start = f"message\0{turn.conversation_id}\0{session}\0{now}\0{turn.user_id}\0{turn.request_id}"
    rows = [of_row(f"{start}\0{one.role}\0{one.content}\0{one.metadata_json}") for one in turn.messages]
    rows += [detection_seal(session, turn.turn, turn.now, one, seal) for one in turn.detections]
    heard = turn.classification
    if heard is not None:
        rows.append(
            of_row(
                f"intent\0{session}\0{now}\0{heard.user_message}\0{heard.intent}\0{heard.confidence:.17g}"
                f"\0{heard.method}\0{heard.step}"
            )
        )
    rows += [action_seal(session, turn.user_id, turn.turn, turn.now, one, seal) for one in turn.audit]
    rows += [delivery_seal(turn.conversation_id, session, turn.turn, turn.now, one, seal) for one in turn.deliveries]
    return b"".join((line, *rows))


def detection_seal(session_id: str, turn: int, now: str, one: DetectionRow | StoredDetection, seal: Seal) -> bytes:
    return seal.of_row(
        f"detection\0{session_id}\0{turn}\0{now}\0{one.phrase}\0{one.start}\0{one.end}\0{one.read_as}"
        f"\0{one.user_message}\0{one.category}\0{one.level}"
        f"\0{one.detector}\0{one.detector_version}\0{one.resources_shown:d}"
    )


def action_seal(
    session_id: str | None, user_id: str | None, turn: int | None, now: str, one: AuditRow | StoredAudit, seal: Seal
) -> bytes:
    return seal.of_row(
        f"action\0{session_id}\0{user_id}\0{turn}\0{now}\0{one.key}\0{one.intent}\0{one.action}\0{one.input_json}"
    )


def delivery_seal(
    conversation_id: str, session_id: str, turn: int, now: str, one: DeliveryRow | StoredDelivery, seal: Seal
) -> bytes:
    return seal.of_row(
        f"delivery\0{conversation_id}\0{session_id}\0{turn}\0{now}\0{one.id}\0{one.kind}\0{one.target}"
        f"\0{one.payload_json}"
    )


def answer_seal(session_id: str, answer: AnswerRow, now: str, seal: Seal) -> str:
    """What ``row_hash`` of an answer holds that is written at ``now``."""
    return seal.of_row(
        f"answer\0{session_id}\0{answer.flow}\0{answer.step}\0{answer.slot}\0{answer.response_json}"
        f"\0{answer.raw}\0{answer.attempts}\0{now}"
    ).hex()


def session_of(row: Row, seal: Seal) -> StoredSession:
    """The session of a row that ends with its hash; a damaged one is marked and shows no state."""
    *fields, state_hash = row
    session: StoredSession = StoredSession(*fields)
    return session if _is_sound_session(session, state_hash, seal) else replace(session, state_json="", is_damaged=True)


def sound_session(row: Row, seal: Seal) -> StoredSession:
    """The session of a row. Raises `SessionCorrupted` when it is damaged."""
    session = session_of(row, seal)
    if session.is_damaged:
        raise SessionCorrupted(
            f"session {session.id}: its stored state is damaged, or was written with another row key."
            " Replay its journal, restore a backup, or start a new session."
        )
    return session


def sound_turn(row: Row, seal: Seal) -> StoredTurn:
    """The journal line of a row that ends with its conversation and hash. Raises `SessionCorrupted` when damaged."""
    *fields, conversation_id, row_hash = row
    line = StoredTurn(*fields)
    if _are_texts(line.event_json, line.reply_json) and isinstance(row_hash, bytes):
        columns = (
            f"{conversation_id}\0{line.session_id}\0{line.number}\0{line.request_id}\0{line.fingerprint}"
            f"\0{line.flow_hash}\0{line.caused_by}\0{line.created_at}"
        )
        if Seal.matches(row_hash[:SEAL_BYTES], seal.of_turn(columns, line.event_json, line.reply_json)):
            return line
    raise SessionCorrupted(
        f"session {line.session_id}: line {line.number} of its journal is damaged, or was written with another row key."
        " Restore a backup, or start a new session."
    )


def sound_message(row: Row, seal: Seal) -> StoredMessage:
    """The message of a row that ends with its turn's hashes. Raises `SessionCorrupted` when it is damaged."""
    *fields, row_hash = row
    one: StoredMessage = StoredMessage(*fields)
    if _is_by_itself(one, row_hash):
        return one
    start = f"message\0{one.conversation_id}\0{one.session_id}\0{one.turn}\0{one.created_at}\0{one.user_id}"
    # The turn of an action's result has no request id of its own; its messages show that of the turn that caused it.
    for request_id in (one.request_id, None):
        sealed = seal.of_row(f"{start}\0{request_id}\0{one.role}\0{one.content}\0{one.metadata_json}")
        if _is_among(row_hash, sealed):
            return one
    raise _damaged(one.session_id, f"message {one.number} of conversation {one.conversation_id}")


def detection_of(row: Row, seal: Seal) -> StoredDetection:
    """As `sound_message`, but a damaged one is marked and shows no texts. Who reviewed it is not covered."""
    *fields, row_hash = row
    made: Any = StoredDetection(*fields)  # SQLite has numbers for yes and no
    one: StoredDetection = replace(made, resources_shown=bool(made.resources_shown))
    sealed = detection_seal(one.session_id, one.turn, one.detected_at, one, seal)
    if _is_among(row_hash, sealed) or (one.turn == 0 and row_hash is None):
        return one
    return replace(one, phrase="", start=None, end=None, read_as=None, user_message="", is_damaged=True)


def sound_detection(row: Row, seal: Seal) -> StoredDetection:
    """As `sound_message`."""
    one = detection_of(row, seal)
    if one.is_damaged:
        raise _damaged(one.session_id, f"a risk detection of turn {one.turn}")
    return one


def sound_classification(row: Row, seal: Seal) -> StoredClassification:
    """As `sound_message`."""
    *fields, row_hash = row
    one: StoredClassification = StoredClassification(*fields)
    confidence = f"{one.confidence:.17g}" if isinstance(one.confidence, float) else None
    sealed = seal.of_row(
        f"intent\0{one.session_id}\0{one.turn}\0{one.created_at}\0{one.user_message}\0{one.intent}\0{confidence}"
        f"\0{one.method}\0{one.step}"
    )
    if _is_among(row_hash, sealed):
        return one
    raise _damaged(one.session_id, f"the intent classification of turn {one.turn}")


def delivery_of(row: Row, seal: Seal) -> StoredDelivery:
    """As `detection_of`; how often it was tried and how it ended is not covered."""
    *fields, row_hash = row
    one: StoredDelivery = StoredDelivery(*fields)
    sealed = delivery_seal(one.conversation_id, one.session_id, one.turn, one.created_at, one, seal)
    return one if _is_among(row_hash, sealed) else replace(one, payload_json="null", is_damaged=True)


def audit_of(row: Row, seal: Seal) -> StoredAudit:
    """As `detection_of`; how the action ended is not covered."""
    *fields, row_hash = row
    one: StoredAudit = StoredAudit(*fields)
    sealed = action_seal(one.session_id, one.user_id, one.turn, one.created_at, one, seal)
    if _is_by_itself(one, row_hash) or _is_among(row_hash, sealed):
        return one
    return replace(one, input_json="{}", output_json=None, error=None, is_damaged=True)


def sound_audit(row: Row, seal: Seal) -> StoredAudit:
    """As `sound_message`."""
    one = audit_of(row, seal)
    if one.is_damaged:
        raise _damaged(one.session_id, f"an action of turn {one.turn}")
    return one


def sound_answer(row: Row, seal: Seal) -> StoredAnswer:
    """The answer of a row that ends with its own hash. Raises `SessionCorrupted` when it is damaged."""
    *fields, row_hash = row
    one = StoredAnswer(*fields)
    sealed = seal.of_row(
        f"answer\0{one.session_id}\0{one.flow}\0{one.step}\0{one.slot}\0{one.response_json}\0{one.raw}\0{one.attempts}"
        f"\0{one.updated_at}"
    )
    if row_hash == sealed.hex():
        return one
    raise _damaged(one.session_id, f"its answer to step {one.step} of flow {one.flow}")


def of_owner(user_id: str, rows: list[Owned]) -> list[Owned]:
    """The rows that say that they are this user's: an index that is damaged leads to those of others as well."""
    return [row for row in rows if row.user_id == user_id]


def _is_sound_session(one: StoredSession, state_hash: object, seal: Seal) -> bool:
    if not _are_texts(one.state_json) or not isinstance(state_hash, bytes):
        return False
    state, columns = state_hash[:SEAL_BYTES], state_hash[SEAL_BYTES:]
    if not Seal.matches(state, seal.of_state(one.conversation_id, one.id, one.turn, one.state_json)):
        return False
    # A later session of the conversation closes this one without a turn of its own.
    statuses = (one.status, "active") if one.status in _CLOSED_LATER else (one.status,)
    rest = f"{one.flow}\0{one.step}\0{one.intent}\0{one.last_activity}\0{one.expires_at}"
    return not columns or any(
        Seal.matches(columns, seal.of_row(f"session\0{one.id}\0{status}\0{rest}")) for status in statuses
    )


def _is_by_itself(one: StoredMessage | StoredAudit, row_hash: object) -> bool:
    """Whether no turn wrote the row, or its turn is deleted: then no hash tells whether it is sound, only its types."""
    if one.turn is not None and (one.session_id is not None or row_hash is not None):
        return False
    if isinstance(one, StoredMessage):
        return _are_texts(one.role, one.content, one.metadata_json, one.created_at)
    return _are_texts(one.key, one.action, one.input_json, one.status, one.created_at, one.updated_at)


def _is_among(row_hash: object, sealed: bytes) -> bool:
    """Whether the row was written by the turn with these hashes."""
    seals = row_hash[SEAL_BYTES:] if isinstance(row_hash, bytes) else b""
    return sealed in {seals[at : at + ROW_SEAL_BYTES] for at in range(0, len(seals), ROW_SEAL_BYTES)}


def _damaged(session_id: str | None, what: str) -> SessionCorrupted:
    return SessionCorrupted(
        f"session {session_id}: {what} is damaged, or was written with another row key. Restore a backup."
    )


def _are_texts(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)
