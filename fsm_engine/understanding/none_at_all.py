"""What people say to an optional question when there is nothing to say: "nothing", "I don't have one", "no tengo"."""

from __future__ import annotations

import re
from typing import Final

from fsm_engine.understanding.text import fold

LONGEST: Final = 60
"""Characters; longer messages say something else as well."""

_BEFORE: Final = r"(?:(?:sorry|well|oh|um+|hm+|pues|bueno|no|nope|nah|perdon|lo siento) )*"
_BEHIND: Final = (
    r"(?: (?:please|thanks|thank you|sorry|really|yet|right now|at the moment|gracias|por ahora|de momento|la verdad))*"
)
_NONE: Final = (
    r"nothing|nothing (?:really|comes to mind|in particular|special|at all|much)|none|none (?:really|at all)"
    r"|not any(?:thing)?|not much|no one|noone|nobody|n a"
    r"|i (?:dont|do not|havent|have not) (?:really |actually )?(?:have|got) (?:one|any|any of (?:those|them))"
    r"|nada|nada (?:especial|en particular|de nada)|ninguno|ninguna|nadie|nadie en particular|no tengo"
    r"|no tengo (?:ninguno|ninguna|uno|una)|no se me ocurre nada|no hay nada|no mucho|no gran cosa"
)
_NO_SUCH_THING: Final = (
    r"i (?:have|ve|ve got|got) (?:none|no \w+(?: \w+)?)"
    r"|i (?:dont|do not|havent|have not) (?:really |actually )?(?:have|got|own|use)"
    r" (?:it|that|those|(?:a|an|any|my own) \w+(?: \w+)?)"
    r"|no tengo (?:un |una |ningun |ninguna )?\w+(?: \w+)?"
)
_BARE = re.compile(f"{_BEFORE}(?:{_NONE}){_BEHIND}")
_ANY = re.compile(f"{_BEFORE}(?:{_NONE}|{_NO_SUCH_THING}){_BEHIND}")


def says_none(text: str, *, of_a_thing: bool) -> bool:
    """Whether the whole message says that there is none.

    ``of_a_thing``: the question wants a number, a date and the like. Where it takes any words, "I have no friends" is
    an answer, and only what says nothing at all is none.

    >>> says_none("I don't have a phone", of_a_thing=True), says_none("I have no hope", of_a_thing=False)
    (True, False)
    """
    pattern = _ANY if of_a_thing else _BARE
    return len(text) <= LONGEST and pattern.fullmatch(fold(text)) is not None
