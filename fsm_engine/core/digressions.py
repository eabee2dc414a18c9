"""Entering flows by what the user wants: the first flow of a session, and others that interrupt it."""

from __future__ import annotations

from fsm_engine.core.draft import Draft
from fsm_engine.core.questions import spoken_name
from fsm_engine.core.walk import MAX_FRAMES, resume, start_flow
from fsm_engine.model.session import Pending
from fsm_engine.model.slot import Fits, Option, SlotType
from fsm_engine.model.turn import IntentGuess
from fsm_engine.understanding import readers
from fsm_engine.understanding.intents import EXACT, SMALL_WORDS, word_stem
from fsm_engine.understanding.text import fold

LONGEST_BY_TITLE = 3
"""Words of a message that asks for a flow by its title alone; a longer one says something of its own."""


def follow_intent(draft: Draft, threshold: float) -> bool:
    """Enters what the user wants, when a guess reaches the threshold; False when none does."""
    likely = [guess for guess in draft.turn.intents if guess.confidence >= threshold]
    if not likely:
        return False
    guesses = [guess for guess in likely if _leads_somewhere(draft, guess)]
    if not guesses and likely[0].confidence >= EXACT and _waits_below(draft, likely[0]):
        draft.say("digression_too_deep")
        resume(draft)
        return True
    if not guesses:
        return False
    best = guesses[0]
    margin = draft.flows.bot.intents.margin
    close = [guess for guess in guesses if best.confidence - guess.confidence < margin and best.confidence < EXACT]
    draft.intent = best
    if len(close) > 1:
        _offer(draft, tuple(guess.name for guess in close))
    else:
        enter_intent(draft, best.name)
    return True


def _offer(draft: Draft, intents: tuple[str, ...]) -> None:
    draft.pending = Pending("which_flow", intents)
    draft.ask_to_choose("which_flow", tuple(_title(draft, intent) for intent in intents))


def _leads_somewhere(draft: Draft, guess: IntentGuess) -> bool:
    """Something the bot file answers, or a flow that is not under way already."""
    digression = draft.flows.digressions.get(guess.name)
    if digression is not None and digression.run is None:
        return True
    name = _flow_of(draft, guess)
    return name is not None and all(frame.flow.name != name for frame in draft.frames)


def _flow_of(draft: Draft, guess: IntentGuess) -> str | None:
    digression = draft.flows.digressions.get(guess.name)
    return digression.run if digression is not None else draft.flows.flow_of_intent.get(guess.name)


def _waits_below(draft: Draft, guess: IntentGuess) -> bool:
    """A flow that another one has interrupted: it goes on when that one is done."""
    places = [place for place, frame in enumerate(draft.frames) if frame.is_digression]
    waiting = draft.frames[: places[-1]] if places else ()
    return any(frame.flow.name == _flow_of(draft, guess) for frame in waiting)


def _title(draft: Draft, intent: str) -> str:
    """A flow's title; what the bot file answers is called by the first phrase that asks for it."""
    digression = draft.flows.digressions.get(intent)
    if digression is None:
        return flow_title(draft, draft.flows.flow_of_intent[intent])
    languages = (draft.language, draft.flows.first_language, *digression.asked_by)
    return next(digression.asked_by[language] for language in languages if language in digression.asked_by)


def flow_title(draft: Draft, name: str) -> str:
    """What a flow is called in speech: its title, else its name."""
    flow = draft.flows.compiled.get(name)
    if flow is None or flow.title is None:
        return spoken_name(name)
    return draft.voice().fill(flow.title, name)


def enter_intent(draft: Draft, intent: str) -> None:
    """Runs what an intent leads to; an open question below is asked again afterwards."""
    draft.misses = 0
    digression = draft.flows.digressions.get(intent)
    if digression is not None and digression.speech is not None:
        draft.speak(digression.speech, intent, draft.number)
        resume(draft)
        return
    name = digression.run if digression is not None else draft.flows.flow_of_intent[intent]
    if name is None or len(draft.frames) >= MAX_FRAMES:
        draft.say("digression_too_deep")
        resume(draft)
        return
    start_flow(draft, draft.flows.flow(name), is_digression=bool(draft.frames))


def answer_which_flow(draft: Draft, text: str) -> bool:
    """Enters the one that the user chose; False when the words choose none."""
    assert draft.pending is not None
    known = draft.flows.digressions.keys() | draft.flows.flow_of_intent.keys()  # files may have changed since it asked
    intents = [str(intent) for intent in draft.pending.candidates if intent in known]
    draft.pending = None
    options = tuple(Option(intent, (_title(draft, intent),)) for intent in intents)
    reading = readers.read(text, SlotType("one of", options=options), draft.reading_context())
    if isinstance(reading, Fits):
        enter_intent(draft, str(reading.value))
    return isinstance(reading, Fits)


def _follow_title(draft: Draft) -> bool:
    """Where nothing is open, a word or two from the name of a flow ask for it; where two have them, which is asked."""
    words = fold(draft.turn.text).split()
    told = {word_stem(word) for word in words if word not in SMALL_WORDS}
    if not told or len(words) > LONGEST_BY_TITLE:
        return False
    intents = tuple(intent for intent in draft.flows.flow_of_intent if told <= _words_of_name(draft, intent))
    if len(intents) == 1:
        enter_intent(draft, intents[0])
    elif intents:
        _offer(draft, intents)
    return bool(intents)


def _words_of_name(draft: Draft, intent: str) -> set[str]:
    name = f"{draft.flows.flow_of_intent[intent]} {_title(draft, intent)}"
    return {word_stem(word) for word in fold(name.replace("_", " ")).split()}


def greet_or_follow(draft: Draft) -> None:
    """No flow is under way: enters the one that is wanted, else says what can be done here."""
    if follow_intent(draft, draft.flows.bot.intents.maybe) or _follow_title(draft):
        return
    if draft.number == 1:
        draft.say("opening")
        return
    draft.misses += 1
    draft.say("fallback")
    if draft.misses >= 2 and draft.flows.flow_of_intent:
        _offer(draft, tuple(draft.flows.flow_of_intent))
    if draft.misses >= 3:
        draft.say("help_offer_human")
