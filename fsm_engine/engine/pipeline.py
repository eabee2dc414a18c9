"""A turn on its way through the registered stages: before the state machine, and after it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from fsm_engine.core.advance import advance
from fsm_engine.core.flows import Flows
from fsm_engine.engine import stage_answers
from fsm_engine.engine.intent_hooks import sound_guesses
from fsm_engine.engine.opening import NewId, Opening
from fsm_engine.engine.replies import view_of
from fsm_engine.engine.requests import Request
from fsm_engine.engine.stages import Stage, StageContext, StageFailed, StageFailure, Stages
from fsm_engine.errors import FsmEngineError
from fsm_engine.model.codec import plain_copy
from fsm_engine.model.flow import Bot
from fsm_engine.model.session import SessionState
from fsm_engine.model.turn import Outcome, StageNotes, Turn, TurnKind
from fsm_engine.understanding.text import canonical_text

log = logging.getLogger("fsm_engine.stages")

T = TypeVar("T")


class Pipeline:
    """Asks the stages that are registered, in order. Nothing of it ever raises because of what a function did."""

    def __init__(self, stages: Stages, new_id: NewId) -> None:
        self.stages = stages
        self._new_id = new_id

    async def understand(self, request: Request, opening: Opening, turn: Turn, bot: Bot) -> tuple[Opening, Turn]:
        """The opening and the turn as the stages before the state machine want them."""
        context = StageContext(
            turn.text,
            opening.language,
            view_of(opening.state, request.conversation_id),
            request.user_id,
            plain_copy(dict(request.metadata)),  # type: ignore[arg-type]
        )
        try:
            if self.stages.has(Stage.SESSION):
                opening = await self._ask(
                    Stage.SESSION, lambda answer: stage_answers.session(answer, opening, bot, self._new_id), context
                )
                turn = _read_as(turn, opening)
                context = replace(context, language=opening.language)
            if turn.kind is TurnKind.TEXT and not turn.is_too_long:
                turn = await self._read(request, turn, context)
        except StageFailed as failed:
            return opening, replace(turn, stages=await self._notes(failed.failure, context))
        return opening, turn

    async def _read(self, request: Request, turn: Turn, context: StageContext) -> Turn:
        text = turn.text
        if self.stages.has(Stage.VALIDATE):
            refusal = await self._ask(Stage.VALIDATE, stage_answers.words, text, context)
            if refusal is not None:
                return replace(turn, stages=StageNotes(instead=refusal))
        if self.stages.has(Stage.CLASSIFY) and request.intent is None:
            turn = replace(turn, intents=await self._ask(Stage.CLASSIFY, sound_guesses, text, context))
        if self.stages.has(Stage.EXTRACT):
            found = await self._ask(Stage.EXTRACT, stage_answers.entities, text, context)
            turn = replace(turn, entities={**(found or {}), **turn.entities})
        if self.stages.has(Stage.VERIFY) and turn.entities:
            given = plain_copy(dict(turn.entities))
            kept = await self._ask(Stage.VERIFY, stage_answers.entities, given, context)
            turn = turn if kept is None else replace(turn, entities=kept)
        return turn

    async def before_reply(
        self, flows: Flows, state: SessionState, turn: Turn, outcome: Outcome, conversation_id: str
    ) -> tuple[Turn, Outcome]:
        """The turn and its outcome with what is said instead. Words about risk, and apologies, are not asked about."""
        if not self.stages.has(Stage.BEFORE_REPLY) or outcome.findings or turn.stages is not None:
            return turn, outcome
        if not outcome.messages:
            return turn, outcome
        language = turn.language or state.language
        context = StageContext(turn.text, language, view_of(state, conversation_id))
        try:
            said = await self._ask(Stage.BEFORE_REPLY, stage_answers.messages, outcome.messages, context)
        except StageFailed as failed:
            turn = replace(turn, stages=await self._notes(failed.failure, context))
            return turn, advance(flows, state, turn)
        if said is None:
            return turn, outcome
        return replace(turn, stages=StageNotes(messages=said)), replace(outcome, messages=said)

    async def _ask(self, stage: Stage, check: Callable[[Any], T], *arguments: Any) -> T:
        """Raises StageFailed."""
        answer = await self.stages.ask(stage, *arguments)
        try:
            return check(answer)
        except (stage_answers.Nonsense, FsmEngineError, TypeError, ValueError, AttributeError) as error:
            raise StageFailed(StageFailure(stage, "nonsense", type(answer).__name__)) from error

    async def _notes(self, failure: StageFailure, context: StageContext) -> StageNotes:
        """What the journal keeps of a failure, with what `recover` says to the user, if it does."""
        log.error("a stage failed (%s); the user is asked to send the message again", failure)
        failed, instead = [str(failure)], None
        if self.stages.has(Stage.RECOVER):
            try:
                instead = await self._ask(Stage.RECOVER, stage_answers.words, failure, context)
            except StageFailed as again:
                log.error("another stage failed as well (%s)", again.failure)
                failed.append(str(again.failure))
        return StageNotes(failed=tuple(canonical_text(each, limit=200).text for each in failed), instead=instead)


def _read_as(turn: Turn, opening: Opening) -> Turn:
    return replace(
        turn,
        language=opening.language,
        timezone=opening.timezone,
        region=opening.region,
        carried_over=opening.carried_over,
        moods_before=opening.moods_before,
        carried_timers=opening.carried_timers,
    )
