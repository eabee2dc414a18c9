"""A turn as the row that goes into the schema's view ``turn_intake``, in the order of the view's columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import orjson

from fsm_engine.errors import InvalidArgument
from fsm_engine.storage.records import AnswerRow, AuditRow, DetectionRow, MessageRow, TurnToCommit
from fsm_engine.storage.seal import Seal

Sql: TypeAlias = str | int | float | bytes | None


def intake_row(turn: TurnToCommit, seal: Seal) -> tuple[Sql, ...]:
    """The values of one turn. Raises `InvalidArgument` for text that not every store can keep."""
    heard = turn.classification
    closes_session, closes_as = turn.closes_session or (None, None)
    row: tuple[Sql, ...] = (
        turn.conversation_id,
        turn.base_version,
        turn.user_id,
        turn.title,
        turn.session_id,
        turn.turn,
        turn.state_json,
        seal.of_state(turn.session_id, turn.turn, storable(turn.state_json)),
        turn.status,
        turn.flow,
        turn.step,
        turn.intent,
        turn.now,
        turn.expires_at,
        turn.completed_at,
        turn.request_id,
        turn.fingerprint,
        turn.event_json,
        turn.reply_json,
        seal.of_turn(turn.session_id, turn.turn, storable(turn.event_json), storable(turn.reply_json)),
        turn.flow_hash,
        turn.caused_by,
        len(turn.messages),
        json_rows(_message(message) for message in turn.messages),
        json_rows(_answer(answer) for answer in turn.answers if answer.response_json is not None),
        json_rows((answer.flow, answer.step) for answer in turn.answers if answer.response_json is None),
        json_rows(_detection(found, _place_of_user(turn.messages)) for found in turn.detections),
        json_rows(_audit(row) for row in turn.audit),
        heard.user_message if heard else None,
        heard.intent if heard else None,
        heard.confidence if heard else None,
        heard.method if heard else None,
        heard.step if heard else None,
        closes_session,
        closes_as,
        int(turn.drop_messages),
    )
    for value in row:
        if type(value) is str:
            storable(value)
    return row


def storable(text: str) -> str:
    """The text itself. Raises `InvalidArgument` when it holds NUL or a lone surrogate."""
    try:
        # Plain ASCII, the common case, is known without a look at the characters.
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument("store: a text holds a lone surrogate. Clean texts before they are stored.") from error
    if "\0" in text:
        raise InvalidArgument("store: a text holds a NUL character. Clean texts before they are stored.")
    return text


def json_rows(rows: Iterable[Sequence[Sql]]) -> str | None:
    """Rows as one JSON array of arrays, None when there are none: the view then skips their table."""
    listed = list(rows)
    if not listed:
        return None
    try:
        encoded = orjson.dumps(listed)
    except TypeError as error:
        raise InvalidArgument("store: a text holds a lone surrogate. Clean texts before they are stored.") from error
    if b"\\u0000" in encoded:  # may be an escaped backslash before u0000
        for row in listed:
            for value in row:
                if isinstance(value, str):
                    storable(value)
    return encoded.decode()


def _message(row: MessageRow) -> tuple[Sql, ...]:
    return (row.role, row.content, row.metadata_json)


def _answer(row: AnswerRow) -> tuple[Sql, ...]:
    return (row.flow, row.step, row.slot, row.response_json, row.raw, row.attempts)


def _audit(row: AuditRow) -> tuple[Sql, ...]:
    return (row.key, row.intent, row.action, row.input_json, row.output_json, row.status, row.error)


def _detection(row: DetectionRow, place: int | None) -> tuple[Sql, ...]:
    return (
        row.phrase,
        row.user_message,
        row.category,
        row.level,
        row.detector,
        row.detector_version,
        int(row.resources_shown),
        place,
    )


def _place_of_user(messages: Sequence[MessageRow]) -> int | None:
    """Where the user's message stands among those of the turn, counted from 0."""
    return next((place for place, message in enumerate(messages) if message.role == "user"), None)
