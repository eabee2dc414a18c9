"""One outcome as the rows of one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from fsm_engine.core.flows import Flows
from fsm_engine.engine.action_rows import KeptAs, pending_row
from fsm_engine.engine.held import Held
from fsm_engine.engine.requests import Request
from fsm_engine.model.codec import encode
from fsm_engine.model.flow import LEVELS
from fsm_engine.model.session import SessionState, Status
from fsm_engine.model.times import utc_text
from fsm_engine.model.turn import Answer, Message, Outcome, Reply, StageNotes, Turn, TurnKind
from fsm_engine.storage.turn_rows import (
    AnswerRow,
    AuditRow,
    ClassificationRow,
    DeliveryRow,
    DetectionRow,
    MessageRow,
    TimerRow,
    TurnToCommit,
)

MAX_TITLE = 200
MAX_DETECTED_TEXT = 1000


class TurnTaken(NamedTuple):
    """A turn that was computed: what came in, what it was computed from, what came out.

    ``is_pushed``: no caller waits for the reply, so its messages are delivered. ``kept_as`` is how the result of the
    action that it asks for is kept.
    """

    request: Request | None
    held: Held
    before: SessionState
    turn: Turn
    outcome: Outcome
    reply: Reply
    caused_by: int | None = None
    closes: tuple[str, str] | None = None
    audit: tuple[AuditRow, ...] = ()
    is_pushed: bool = False
    owner: str | None = None
    kept_as: KeptAs | None = None


def rows_of(taken: TurnTaken, flows: Flows) -> TurnToCommit:
    """Everything that the turn writes."""
    request, held, outcome = taken.request, taken.held, taken.outcome
    state, moment = outcome.state, taken.turn.now
    now = utc_text(moment)
    top = state.frames[-1] if state.frames else None
    is_over = state.status is not Status.ACTIVE
    return TurnToCommit(  # what speaks for itself goes by place: thirty names would take longer than all the rest
        held.conversation_id,
        held.version,
        state.session_id,
        state.turn,
        encode(state).decode(),
        str(state.status),
        now,
        encode(taken.turn).decode(),
        encode(taken.reply).decode(),
        top.source_hash if top else "",
        held.conversation_key,
        held.session_key if state.turn > 1 else None,
        held.user_id,
        _title(taken.turn) if held.version == 0 else None,
        top.flow if top else None,
        top.step if top else None,
        outcome.intent.name if outcome.intent else None,
        expires_at=None if is_over else utc_text(moment + flows.idle(state.frames)),
        completed_at=now if is_over else None,
        request_id=request.request_id if request else None,
        fingerprint=request.fingerprint if request else None,
        caused_by=taken.caused_by,
        messages=_messages(taken),
        answers=_answers(outcome.answers),
        detections=_detections(taken) if outcome.findings else (),
        classification=_classification(taken, flows),
        audit=_audit(taken),
        deliveries=_deliveries(taken),
        timers=_timers(taken),
        closes_session=taken.closes,
        drop_messages=state.status is Status.COMPLETED and flows.bot.keep.drop_messages_on_completion,
        after_session=held.state.session_id if state.turn == 1 and held.state is not None else None,
        looks_up=taken.kept_as.key if taken.kept_as is not None else None,
    )


def _title(turn: Turn) -> str:
    words = turn.text if turn.kind is TurnKind.TEXT else (turn.flow or "").replace("_", " ")
    return " ".join(words.split())[:MAX_TITLE]


def _messages(taken: TurnTaken) -> tuple[MessageRow, ...]:
    rows = [MessageRow("assistant", message.text, _bot_metadata(message)) for message in taken.outcome.messages]
    if taken.turn.kind is TurnKind.TEXT:
        rows.insert(0, MessageRow("user", taken.turn.text, _user_metadata(taken)))
    return tuple(rows)


def _bot_metadata(message: Message) -> str:
    if not message.options and not message.media:
        return "{}"
    extra = {"options": message.options, "media": message.media}
    return encode({name: values for name, values in extra.items() if values}).decode()


def _user_metadata(taken: TurnTaken) -> str:
    metadata = dict(taken.request.metadata) if taken.request else {}
    if taken.turn.is_too_long:
        metadata["refused"] = "too_long"
    if taken.turn.stages is not None:
        metadata["stages"] = _notes_of(taken.turn.stages)
    return orjson.dumps(metadata).decode() if metadata else "{}"


def _notes_of(notes: StageNotes) -> dict[str, object]:
    """What a bot's own stages did, for whoever looks at the message: the journal has the rest."""
    return {"failed": list(notes.failed)} if notes.failed else {"changed": "reply" if notes.messages else "refused"}


def _answers(answers: Sequence[Answer]) -> tuple[AnswerRow, ...]:
    """What each step ended the turn with; a store keeps no order between answers given and answers taken back."""
    if len(answers) > 1:
        answers = list({(answer.flow, answer.step): answer for answer in answers}.values())
    return tuple([_answer(answer) for answer in answers])


def _answer(answer: Answer) -> AnswerRow:
    response = None if answer.is_removed else encode(answer.value).decode()
    return AnswerRow(answer.flow, answer.step, answer.slot, response, answer.raw, answer.attempts)


def _detections(taken: TurnTaken) -> tuple[DetectionRow, ...]:
    text = taken.turn.text[:MAX_DETECTED_TEXT]
    return tuple(
        DetectionRow(
            level=finding.level,
            category=finding.category,
            phrase=finding.phrase,
            detector=finding.detector,
            detector_version=finding.detector_version,
            user_message=text,
            resources_shown=taken.outcome.resources_shown,
            start=finding.start,
            end=finding.end,
            read_as=finding.read_as or None,
        )
        for finding in taken.outcome.findings
    )


def _classification(taken: TurnTaken, flows: Flows) -> ClassificationRow | None:
    if taken.turn.kind is not TurnKind.TEXT:
        return None
    guess = taken.outcome.intent
    frames = taken.before.frames
    return ClassificationRow(
        taken.turn.text[:MAX_DETECTED_TEXT],
        guess.name if guess else None,
        guess.confidence if guess else 0.0,
        guess.method if guess else flows.bot.intents.method,
        frames[-1].step if frames else None,
    )


def _audit(taken: TurnTaken) -> tuple[AuditRow, ...]:
    """With the intent to act, on record before anything is done, and the lease of the engine that is about to do it."""
    action = taken.outcome.action
    return taken.audit if action is None else (*taken.audit, pending_row(action, taken.owner, taken.turn.now))


def _deliveries(taken: TurnTaken) -> tuple[DeliveryRow, ...]:
    """What must reach somebody who does not wait for the reply; of several notices to one, the gravest."""
    outcome, state = taken.outcome, taken.outcome.state
    if not outcome.notify and not taken.is_pushed:  # nearly always
        return ()
    rows = []
    if taken.is_pushed and outcome.messages:
        rows.append(DeliveryRow(f"{state.session_id}:{state.turn}", "messages", encode(outcome.messages).decode()))
    if outcome.notify:
        by_target = {one.target: one for one in sorted(outcome.notify, key=lambda one: LEVELS.index(one.level))}
        rows += [
            DeliveryRow(f"{state.session_id}:{state.turn}:{name}", "notify", encode(notice).decode(), name)
            for name, notice in by_target.items()
        ]
    return tuple(rows)


def _timers(taken: TurnTaken) -> tuple[TimerRow, ...]:
    """What the turn does to timers. Those of a session that it cancels, or that goes on in this one, end with it."""
    if not taken.outcome.timers and taken.closes is None:  # nearly always
        return ()
    rows = [
        TimerRow(one.timer.name, one.timer.flow, one.timer.step, one.timer.due, one.status)
        for one in taken.outcome.timers
    ]
    closed = taken.held.state
    is_dropped = taken.closes is not None and (taken.turn.carried_over or taken.closes[1] == Status.CANCELLED)
    if is_dropped and closed is not None:
        rows += [
            TimerRow(one.name, one.flow, one.step, one.due, Status.CANCELLED.value, closed.session_id)
            for one in closed.timers
        ]
    return tuple(rows)
