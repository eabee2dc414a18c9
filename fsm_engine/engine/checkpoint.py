"""One outcome as the rows of one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
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
from fsm_engine.model.turn import Answer, Outcome, Reply, StageNotes, Turn, TurnKind
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
    return TurnToCommit(
        conversation_id=held.conversation_id,
        conversation_key=held.conversation_key,
        base_version=held.version,
        user_id=held.user_id,
        title=_title(taken.turn) if held.version == 0 else None,
        session_id=state.session_id,
        session_key=held.session_key if state.turn > 1 else None,
        turn=state.turn,
        state_json=encode(state).decode(),
        status=state.status.value,
        flow=top.flow if top else None,
        step=top.step if top else None,
        intent=outcome.intent.name if outcome.intent else None,
        now=now,
        expires_at=None if is_over else utc_text(moment + timedelta(seconds=idle_seconds(state, flows))),
        completed_at=now if is_over else None,
        request_id=request.request_id if request else None,
        fingerprint=request.fingerprint if request else None,
        event_json=encode(taken.turn).decode(),
        reply_json=encode(taken.reply).decode(),
        flow_hash=top.source_hash if top else "",
        caused_by=taken.caused_by,
        messages=_messages(taken),
        answers=tuple(_answer(answer) for answer in _last_of_each_step(outcome.answers)),
        detections=_detections(taken),
        classification=_classification(taken, flows),
        audit=(*taken.audit, *_pending_action(taken)),
        deliveries=_deliveries(taken),
        timers=_timers(taken),
        closes_session=taken.closes,
        drop_messages=state.status is Status.COMPLETED and flows.bot.keep.drop_messages_on_completion,
        after_session=held.state.session_id if state.turn == 1 and held.state is not None else None,
        looks_up=taken.kept_as.key if taken.kept_as is not None else None,
    )


def idle_seconds(state: SessionState, flows: Flows) -> float:
    """After how long without a message the session expires."""
    for frame in reversed(state.frames):
        found = flows.current_for(frame)
        if found is not None and found.flow.expires_s is not None:
            return found.flow.expires_s
    return flows.bot.expires_s


def _title(turn: Turn) -> str:
    words = turn.text if turn.kind is TurnKind.TEXT else (turn.flow or "").replace("_", " ")
    return " ".join(words.split())[:MAX_TITLE]


def _messages(taken: TurnTaken) -> tuple[MessageRow, ...]:
    rows = []
    if taken.turn.kind is TurnKind.TEXT:
        rows.append(MessageRow("user", taken.turn.text, _user_metadata(taken)))
    for message in taken.outcome.messages:
        extra = {key: value for key, value in (("options", message.options), ("media", message.media)) if value}
        rows.append(MessageRow("assistant", message.text, encode(extra).decode() if extra else "{}"))
    return tuple(rows)


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


def _last_of_each_step(answers: Sequence[Answer]) -> Iterable[Answer]:
    """What a step ended the turn with; a store keeps no order between answers given and answers taken back."""
    return {(answer.flow, answer.step): answer for answer in answers}.values()


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
        user_message=taken.turn.text[:MAX_DETECTED_TEXT],
        intent=guess.name if guess else None,
        confidence=guess.confidence if guess else 0.0,
        method=guess.method if guess else flows.bot.intents.method,
        step=frames[-1].step if frames else None,
    )


def _pending_action(taken: TurnTaken) -> tuple[AuditRow, ...]:
    """The intent to act, on record before anything is done, with the lease of the engine that is about to do it."""
    action = taken.outcome.action
    return () if action is None else (pending_row(action, taken.owner, taken.turn.now),)


def _deliveries(taken: TurnTaken) -> tuple[DeliveryRow, ...]:
    """What must reach somebody who does not wait for the reply; of several notices to one, the gravest."""
    outcome, state = taken.outcome, taken.outcome.state
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
