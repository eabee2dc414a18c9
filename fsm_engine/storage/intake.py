"""A turn as the row that goes into the schema's view ``turn_intake``, in the order of the view's columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from itertools import chain
from typing import TypeAlias

import orjson

from fsm_engine.errors import InvalidArgument
from fsm_engine.storage.records import FlowVersion
from fsm_engine.storage.row_seals import answer_seal, session_seals, turn_seals
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.turn_rows import (
    AnswerRow,
    AuditRow,
    DeliveryRow,
    DetectionRow,
    MessageRow,
    TimerRow,
    TurnToCommit,
)

Sql: TypeAlias = str | int | float | bytes | None
Record: TypeAlias = MessageRow | AnswerRow | DetectionRow | AuditRow | DeliveryRow | TimerRow | FlowVersion


def intake_row(turn: TurnToCommit, seal: Seal) -> tuple[Sql, ...]:
    """The values of one turn. Raises `InvalidArgument` for text that not every store can keep."""
    row = (*_session(turn, seal), *_journal_line(turn, seal), *_lists(turn, seal), *_rest(turn))
    storable("".join([value for value in row if type(value) is str]))  # one look at all of them
    return row


def _session(turn: TurnToCommit, seal: Seal) -> tuple[Sql, ...]:
    return (
        turn.conversation_id,
        turn.base_version,
        turn.user_id,
        turn.title,
        turn.session_id,
        turn.turn,
        turn.state_json,
        session_seals(turn, seal),
        turn.status,
        turn.flow,
        turn.step,
        turn.intent,
        turn.now,
        turn.expires_at,
        turn.completed_at,
    )


def _journal_line(turn: TurnToCommit, seal: Seal) -> tuple[Sql, ...]:
    return (
        turn.request_id,
        turn.fingerprint,
        turn.event_json,
        turn.reply_json,
        turn_seals(turn, seal),
        turn.flow_hash,
        turn.caused_by,
    )


def _lists(turn: TurnToCommit, seal: Seal) -> tuple[Sql, ...]:
    given, removed = _answers(turn, seal) if turn.answers else ((), ())
    return (
        len(turn.messages),
        json_rows(turn.messages),
        _place_of_user(turn.messages) if turn.detections else None,
        json_rows(given),
        json_rows(removed),
        json_rows(turn.detections),
        json_rows(turn.audit),
        json_rows(turn.deliveries),
        json_rows(turn.timers),
    )


def _rest(turn: TurnToCommit) -> tuple[Sql, ...]:
    heard = turn.classification
    understood = (
        (heard.user_message, heard.intent, heard.confidence, heard.method, heard.step) if heard else (None,) * 5
    )
    return (*understood, *(turn.closes_session or (None, None)), int(turn.drop_messages), turn.after_session)


def _answers(turn: TurnToCommit, seal: Seal) -> tuple[Sequence[AnswerRow], Sequence[AnswerRow]]:
    """Those that are given, with their hashes, and those that are taken away."""
    given = [
        # Made anew by place: `dataclasses.replace` costs several times as much.
        AnswerRow(
            one.flow,
            one.step,
            one.slot,
            one.response_json,
            one.raw,
            one.attempts,
            answer_seal(turn.session_id, one, turn.now, seal),
        )
        for one in turn.answers
        if one.response_json is not None
    ]
    return given, [one for one in turn.answers if one.response_json is None]


def storable(text: str) -> str:
    """The text itself. Raises `InvalidArgument` when it holds NUL or a lone surrogate."""
    if "\0" in text:
        raise InvalidArgument("store: a text holds a NUL character. Clean texts before they are stored.")
    if not text.isascii():  # known without a look at the characters
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidArgument(f"store: {_NOT_JSON}") from error
    return text


def json_rows(rows: Sequence[Record]) -> str | None:
    """Rows as a JSON array of objects, None when there are none: the view then skips their table."""
    if not rows:
        return None
    try:
        encoded = orjson.dumps(rows)
    except TypeError as error:
        raise InvalidArgument(f"store: {_NOT_JSON}") from error
    if b"\\u0000" in encoded:  # may be an escaped backslash before u0000
        for value in chain.from_iterable(astuple(row) for row in rows):
            if isinstance(value, str):
                storable(value)
    return encoded.decode()


_NOT_JSON = "a text holds a lone surrogate, or a number is too large. Clean values before they are stored."


def _place_of_user(messages: Sequence[MessageRow]) -> int | None:
    """Where the user's message stands among those of the turn, counted from 1."""
    return next((place for place, message in enumerate(messages, 1) if message.role == "user"), None)
