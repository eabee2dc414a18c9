"""One turn of a conversation: ``advance(flows, state, turn) -> Outcome``. Pure: no I/O, no clock, no chance.

Theory of operation
    A session is a stack of frames. Each frame is one flow, waiting at one place of its machine; the innermost frame's
    place is the *open question*. A turn is read against the open question, changes the top frame, and then walks on
    (`core.walk`) through steps that need no user until the next waiting place. What the world must do comes back as
    data: messages, answers to store, an action to run. What the world must say first comes back as ``Outcome.needs``;
    the shell asks and calls `advance` again with the same state and turn, the result added. So a replay asks nobody.

Rules, in the order in which a message is held against them
    1. Risk. What detectors found in the message is answered before anything else, on every path.
    2. A message over the limit is refused; the open question stands. So it is where a stage of the bot's own failed.
    3. A question of the engine's own (really cancel? which one? are you safe?) takes the answer to it, if it is one.
    4. Anytime words, when the whole message is one.
       Then the session moves to a newer version of its flow, where the turn says so (`core.moving`).
    5. A correction that says so ("actually my e-mail is …", "change my age").
    6. An intent in its exact words: another flow interrupts, or starts.
    7. The open question's reader.
    8. A correction that may be one ("my e-mail is …"), or a new value for an earlier answer ("no, savings").
    9. Answers to later questions, where the open one gets none. Beside an answer to it they are taken too.
    10. An intent that is likely.
    11. No match: asked again in other words, and after the last attempt the flow gives up as it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from fsm_engine.core.answers import give_up, read_answer, read_yes_no, take_reading
from fsm_engine.core.anytime import (
    answer_really,
    back_to_question,
    cancel_session,
    follow_anytime_word,
    restart,
)
from fsm_engine.core.compile import Node
from fsm_engine.core.confirming import answer_confirm, answer_repeat
from fsm_engine.core.corrections import (
    answer_what_to_change,
    ask_what_to_change,
    change_under_review,
    correct,
    correct_below,
    find_correction,
)
from fsm_engine.core.digressions import answer_which_flow, flow_title, follow_intent, greet_or_follow
from fsm_engine.core.draft import Draft, NeedsCall, Question
from fsm_engine.core.flows import Flows
from fsm_engine.core.formats import format_value
from fsm_engine.core.moving import ask_another, move
from fsm_engine.core.nudges import say_nudge
from fsm_engine.core.putting_right import put_right
from fsm_engine.core.questions import expectation, note_answers, store_answer
from fsm_engine.core.reminders import fire, refresh_reminders, timer_changes
from fsm_engine.core.risk import answer_are_you_safe, ask_what_stands_open, respond_to_flags, respond_to_risk
from fsm_engine.core.undo import begin_undo, note_done, take_undo_result, undo_request
from fsm_engine.core.volunteered import take_facts
from fsm_engine.core.walk import go_on, request_action, resume, start_flow, walk
from fsm_engine.model.flow import Ask, Confirm, Do, Repeat
from fsm_engine.model.session import AfterUndo, Pending, SessionState, Status
from fsm_engine.model.slot import DoesNotFit, Fits, Json, Option, SlotType
from fsm_engine.model.turn import ActionRequest, ActionResult, Message, Outcome, StageNotes, Turn, TurnKind
from fsm_engine.understanding import readers
from fsm_engine.understanding.correction_phrases import CorrectionPhrase, asks_for_change
from fsm_engine.understanding.enough import wants_more
from fsm_engine.understanding.intents import EXACT

WORDS_OF_ANY_KIND = frozenset({"text", "person name", "yes or no"})
"""Kinds whose reader may well take a second thought for an answer: "I meant 30", "no, savings"."""


def advance(flows: Flows, state: SessionState, turn: Turn) -> Outcome:
    """The next state and what the turn leads to. The same arguments always give the same outcome.

    Never raises on what a user typed. Raises:
        NotFound: the turn starts a flow, or the state stands in one, that ``flows`` does not have.
    """
    draft = Draft(flows, state, turn)
    if turn.carried_over:
        note_answers(draft)
    try:
        _respond(draft)
    except NeedsCall as call:
        return Outcome(state=state, needs=call.request)
    if len(draft.findings) > len(turn.risk):
        respond_to_flags(draft, len(turn.risk))
    if draft.frames and draft.top.flow.reminders and turn.kind is not TurnKind.TIMER:
        refresh_reminders(draft)
    return Outcome(
        draft.freeze(),
        tuple(draft.messages) if turn.stages is None else _said(draft, turn.stages),
        tuple(draft.answers),
        tuple(draft.findings),
        draft.resources_shown,
        tuple(draft.notify),
        draft.intent or (turn.intents[0] if turn.intents else None),
        action=draft.requested,
        timers=tuple(timer_changes(draft, state)) if draft.timers or state.timers else (),
        expects=expectation(draft),
    )


def _said(draft: Draft, notes: StageNotes) -> tuple[Message, ...]:
    """What is said where the bot's own stages have a say; what an action has led to cannot be taken back."""
    if notes.messages is not None:
        return notes.messages
    if notes.failed and draft.turn.kind is TurnKind.ACTION_RESULT:
        return (Message(notes.instead or draft.saying("apology")),)
    return tuple(draft.messages)


def unfinished_action(flows: Flows, state: SessionState, now: datetime) -> ActionRequest | None:
    """The action that was asked for and never answered, under its first key.

    None when there is none, or when its step is no action any more.
    """
    if state.action is None or not state.frames:
        return None
    draft = Draft(flows, state, Turn(TurnKind.ACTION_RESULT, now))
    if draft.undoing is not None:
        return undo_request(draft)
    node = draft.top.node
    if node is None or not isinstance(node.step, Do):
        return None
    return request_action(draft, node, state.action.key)


def _respond(draft: Draft) -> None:
    turn = draft.turn
    if turn.kind is TurnKind.START and turn.stages is not None and turn.stages.failed:
        _stand_still(draft, turn.stages)
    elif turn.kind is TurnKind.START:
        assert turn.flow is not None
        draft.frames.clear()
        draft.pending = None
        draft.action = None
        draft.timers.clear()
        draft.done = []
        start_flow(draft, draft.flows.flow(turn.flow), slots=turn.slots)
    elif turn.kind is TurnKind.ACTION_RESULT:
        assert turn.result is not None
        _take_result(draft, turn.result)
    elif turn.kind is TurnKind.TIMER:
        fire(draft)
    elif turn.kind is TurnKind.NUDGE:
        say_nudge(draft)
    elif turn.kind is TurnKind.CANCEL:
        cancel_session(draft)
    else:
        _respond_to_text(draft, turn.text)


def _respond_to_text(draft: Draft, text: str) -> None:
    if respond_to_risk(draft):
        return
    if draft.turn.is_too_long:
        draft.say("too_long", limit=draft.flows.bot.message_limit)
        ask_what_stands_open(draft)
        return
    if draft.action is not None:
        draft.say("action_busy")
        return
    if draft.turn.stages is not None and draft.turn.stages.messages is None:
        _stand_still(draft, draft.turn.stages)
        return
    if draft.pending is not None and _answer_pending(draft, text):
        return
    if follow_anytime_word(draft, text):
        return
    node = draft.top.node if draft.frames else None
    if node is None:
        greet_or_follow(draft)
    else:
        _respond_at(draft, node, text)


def _stand_still(draft: Draft, notes: StageNotes) -> None:
    """A stage of the bot's own refused the message, or failed: nothing is read, and everything stays as it was."""
    if notes.instead is not None:
        draft.messages.append(Message(notes.instead))
    else:
        draft.say("apology")


def _answer_pending(draft: Draft, text: str) -> bool:
    assert draft.pending is not None
    kind = draft.pending.kind
    if kind == "came_back":
        _offer_to_go_on(draft)
        return True
    if kind == "safe":
        return answer_are_you_safe(draft, text)
    if kind in {"cancel", "restart"}:
        return answer_really(draft, text, kind)
    if kind == "which_flow":
        return answer_which_flow(draft, text)
    if kind == "coming_back":
        return _answer_coming_back(draft, text)
    if kind == "which_value":
        return _answer_which_value(draft, text)
    if follow_anytime_word(draft, text):
        return True
    return answer_what_to_change(draft, text)


def _offer_to_go_on(draft: Draft) -> None:
    coming_back = draft.flows.bot.coming_back
    offer = coming_back.offer if coming_back else ("continue", "restart")
    draft.pending = Pending("coming_back", tuple(offer))
    words = tuple(draft.saying(f"option_{choice}") for choice in offer)
    draft.say("welcome_back", flow=flow_title(draft, draft.frames[0].flow.name))
    draft.ask_to_choose("welcome_back_offer", words)


def _answer_coming_back(draft: Draft, text: str) -> bool:
    assert draft.pending is not None
    offer = [str(choice) for choice in draft.pending.candidates]
    draft.pending = None
    options = tuple(Option(choice, draft.all_sayings(f"option_{choice}")) for choice in offer)
    reading = readers.read(text, SlotType("one of", options=options), draft.reading_context())
    if isinstance(reading, Fits) and reading.value == "restart":
        restart(draft)
    elif isinstance(reading, Fits) or read_yes_no(draft, text) is True:
        resume(draft)
    else:
        return False
    return True


def _answer_which_value(draft: Draft, text: str) -> bool:
    """The user chose between values that both fitted; other words are read as a new answer."""
    assert draft.pending is not None
    candidates = draft.pending.candidates
    draft.pending = None
    node = draft.top.node if draft.frames else None
    if node is None or not isinstance(node.step, Ask):
        return False
    words = {format_value(candidate, draft.language, slot_type=node.step.type): candidate for candidate in candidates}
    options = tuple(Option(word) for word in words)
    reading = readers.read(text, SlotType("one of", options=options), draft.reading_context())
    if not isinstance(reading, Fits):
        return False
    take_reading(draft, node, Fits(words[str(reading.value)]), text)
    return True


def _respond_at(draft: Draft, node: Node | None, text: str) -> None:
    if draft.turn.moves_to:
        if move(draft):
            return
        node = draft.top.node
    if node is not None and _asks_for_more(draft, node) and wants_more(text) is not None:
        answer_repeat(draft, node, text)  # "no, that's all" has the look of a correction
        return
    correction = find_correction(draft, text)
    if correction is not None and correction.is_explicit:
        correct(draft, correction)
        return
    if correction is None and len(draft.frames) > 1 and correct_below(draft, text):
        return
    if not follow_intent(draft, EXACT):
        _respond_to_open_place(draft, node, correction, text)


def _asks_for_more(draft: Draft, node: Node) -> bool:
    return isinstance(node.step, Repeat) and draft.question is not Question.ANOTHER


def _respond_to_open_place(draft: Draft, node: Node | None, correction: CorrectionPhrase | None, text: str) -> None:
    if node is None or draft.question is Question.ANOTHER:
        ask_another(draft)
    elif isinstance(node.step, Ask):
        _respond_to_question(draft, node, correction, text)
    elif correction is not None:
        correct(draft, correction)
    elif isinstance(node.step, (Confirm, Repeat)):
        _respond_yes_or_no(draft, node, text)
    else:
        resume(draft)


def _respond_to_question(draft: Draft, node: Node, correction: CorrectionPhrase | None, text: str) -> None:
    assert isinstance(node.step, Ask)
    reading = read_answer(draft, node, text)
    if isinstance(reading, Fits) and (correction is None or readers.is_free_text(node.step.type)):
        could_be_both = node.step.type.kind in WORDS_OF_ANY_KIND or not reading.certain
        if not (could_be_both and put_right(draft, text, only_if_meant=True)):
            take_reading(draft, node, reading, text)
    elif correction is not None:
        correct(draft, correction)
    elif put_right(draft, text, only_if_meant=False):
        return
    elif isinstance(reading, DoesNotFit) and draft.facts and take_facts(draft, text):
        resume(draft)
    elif follow_intent(draft, draft.flows.bot.intents.sure):
        return
    elif isinstance(reading, DoesNotFit) and asks_for_change(text, draft.language):
        ask_what_to_change(draft, None)
    else:
        take_reading(draft, node, reading, text)


def _respond_yes_or_no(draft: Draft, node: Node, text: str) -> None:
    if put_right(draft, text, only_if_meant=isinstance(node.step, Repeat)):
        return
    is_neither = read_yes_no(draft, text) is None
    if is_neither and isinstance(node.step, Confirm) and change_under_review(draft, node.step, text):
        return
    if is_neither and follow_intent(draft, draft.flows.bot.intents.sure):
        return
    if isinstance(node.step, Confirm):
        answer_confirm(draft, node, text)
    else:
        answer_repeat(draft, node, text)


def _take_result(draft: Draft, result: ActionResult) -> None:
    """An action has answered: its value is kept and the flow goes on, or the step gives up."""
    if draft.undoing is not None:
        then = take_undo_result(draft, result)
        if then is not None:
            _AFTER_UNDO[then](draft)
        return
    node = draft.top.node if draft.frames else None
    if draft.action is None or draft.status is not Status.ACTIVE:
        return
    key = draft.action.key
    draft.action = None
    if node is None or not isinstance(node.step, Do):
        resume(draft)
        return
    if not result.ok:
        _take_failure(draft, node, node.step, result)
        return
    note_done(draft, node.step, key, result)
    if node.step.save_as is not None and result.value is not None:
        store_answer(draft, draft.top, node.step.save_as, _saved_value(node.step, result), raw="")
    go_on(draft)


def _take_failure(draft: Draft, node: Node, step: Do, result: ActionResult) -> None:
    """The step gives up. Where that ends the flow, what was done before is taken back, unless it is in doubt whether
    this was done as well: then a person looks at all of it."""
    is_in_doubt = result.in_doubt or result.error == "unknown"
    draft.say("action_later" if is_in_doubt else _FAILURES.get(result.error or "", "action_failed"))
    give_up(draft, node, step.give_up)
    if step.give_up.kind in {"handoff", "cancel"} and not is_in_doubt:
        begin_undo(draft, draft.done, AfterUndo.NOTHING)


_FAILURES = {"rejected": "action_rejected", "retryable": "action_try_later", "unavailable": "action_try_later"}
"""What is said of an action that failed, by its error; of all others that it did not work."""


def _walk_on(draft: Draft) -> None:
    node = draft.top.node if draft.frames else None
    if node is not None:
        draft.top.has_jumped = True
        walk(draft, node.index)


_AFTER_UNDO: Mapping[AfterUndo, Callable[[Draft], None]] = {
    AfterUndo.NOTHING: lambda _: None,
    AfterUndo.RESTART: restart,
    AfterUndo.ASK_AGAIN: back_to_question,
    AfterUndo.WALK: _walk_on,
    AfterUndo.OPEN: resume,
}


def _saved_value(step: Do, result: ActionResult) -> Json:
    """The slot's value: the part of that name when the action returned a record that has it, else all of it."""
    if isinstance(result.value, dict) and step.save_as in result.value:
        return result.value[step.save_as]
    return result.value
