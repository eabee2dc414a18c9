"""A bot's own classifiers: asked one after the other before the shipped one, and never able to cost a turn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from fsm_engine.actions import call_function
from fsm_engine.engine.stages import must_take
from fsm_engine.errors import HookError
from fsm_engine.model.turn import IntentGuess
from fsm_engine.understanding.text import canonical_id

log = logging.getLogger("fsm_engine.turns")

IntentHook = Callable[[str], Any]
"""Takes the user's text; returns None, an intent's name, an IntentGuess, or several of these."""

TIME_LIMIT_S = 1.0
GUESSES_AT_MOST = 50


def checked_hooks(hooks: Sequence[IntentHook]) -> tuple[IntentHook, ...]:
    """The hooks as they are.

    Raises:
        HookError: one cannot be called with a text.
    """
    for hook in hooks:
        must_take(hook, "intent hook", 1, "def my_hook(text): ...")
    return tuple(hooks)


async def hooked_guesses(hooks: Sequence[IntentHook], text: str, *, maybe: float) -> tuple[IntentGuess, ...]:
    """What the first hook says that is at least ``maybe`` sure; empty when none is: the shipped classifier answers."""
    for hook in hooks:
        try:
            async with asyncio.timeout(TIME_LIMIT_S):
                answer = await call_function(hook, text)
            guesses = sound_guesses(answer)
        except Exception as error:  # noqa: BLE001 - a hook must never cost a turn; the rules answer instead
            log.warning("an intent hook failed with %s; the rules answer instead", type(error).__name__)
            continue
        if guesses and guesses[0].confidence >= maybe:
            return guesses
    return ()


def sound_guesses(answer: Any) -> tuple[IntentGuess, ...]:
    """What a classifier returned, the likeliest first. Raises `FsmEngineError` or `TypeError` for nonsense."""
    if answer is None:
        return ()
    if isinstance(answer, (str, IntentGuess)):
        answer = [answer]
    guesses = [_sound_guess(item) for item in islice(answer, GUESSES_AT_MOST)]
    return tuple(sorted(guesses, key=lambda guess: -guess.confidence))


def _sound_guess(item: Any) -> IntentGuess:
    """Raises `FsmEngineError` for what could not be stored with the turn."""
    guess = item if isinstance(item, IntentGuess) else IntentGuess(item, 1.0, "ml")
    canonical_id(guess.name, what="intent")
    if not 0 <= guess.confidence <= 1 or guess.method not in {"rule_based", "ml", "hybrid"}:
        raise HookError("an intent hook returned a confidence outside 0..1, or an unknown method.")
    return guess
