"""A new value for an answer that was just given: "no, savings", "I meant 30", "mejor corriente".

The words say that something is put right, but not which answer; the value must tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fsm_engine.understanding.readers.wording import plain_spelling, visible

LONGEST: Final = 120
"""Characters; whoever puts a value right does not tell a story."""

_ASIDE: Final = MappingProxyType(
    {
        "en": r"no+|nope|nah|oh|ah|hm+|well|yes|yeah|yep|ok|okay|hold on|hang on|never mind",
        "es": r"no+|ay|uy|oh|ah|bueno|pues|si|vale|ok|un momento",
    }
)
"""Words that put something right only with a comma behind them: "no savings" is another thing."""
_TURN: Final = MappingProxyType(
    {
        "en": r"wait|sorry|oops|whoops|actually|but|rather|correction|scratch that|on second thoughts?|better",
        "es": r"espera|espere|perdon|perdona|perdone|disculpa|ups|en realidad|de hecho|pero|mejor dicho|mejor"
        r"|pensandolo (?:bien|mejor)",
    }
)
_MEANT: Final = MappingProxyType(
    {
        "en": r"i meant to say|i meant|i mean|i wanted to say",
        "es": r"quise decir|queria decir|quiero decir|digo",
    }
)
_CHANGED: Final = MappingProxyType(
    {
        "en": r"make (?:it|that)|(?:it|that) should (?:be|have been)|let'?s say|put(?= [$€£]?\d)",
        "es": r"mas bien|que sea|pon(?:me)?(?= [$€£]?\d)|deberia ser|tenia que ser",
    }
)


_INSTEAD: Final = MappingProxyType(
    {"en": r"[\s,]+(?:instead|rather|after all)$", "es": r"[\s,]+(?:mejor|en vez de eso|en su lugar)$"}
)
"""Behind a value they put it in another's place: "savings instead"."""


@dataclass(frozen=True, slots=True)
class SecondThought:
    """``words`` hold the new value. ``is_meant``: the user says that another one was meant or is to be ("make it 30").

    ``is_said``: in so many words, "I meant …"; "make it shorter" may be an answer like any other.
    """

    words: str
    is_meant: bool
    is_said: bool = False


def second_thought(text: str, language: str) -> SecondThought | None:
    """The value that the user puts in an earlier one's place, or None where the words put nothing right.

    >>> second_thought("No, savings", "en"), second_thought("savings", "en")
    (SecondThought(words='savings', is_meant=False, is_said=False), None)
    >>> second_thought("perdón, quise decir 30", "es")
    SecondThought(words='30', is_meant=True, is_said=True)
    """
    if len(text) > LONGEST:
        return None
    words = visible(text)
    plain = plain_spelling(words).rstrip(" .!")
    words = words[: len(plain)] if len(plain) < len(words) else words
    if len(plain) != len(words):  # positions must stay
        return None
    aside, meant, instead = _COMPILED.get(language[:2].lower(), _COMPILED["en"])
    lead = aside.match(plain)
    start = lead.end() if lead is not None else 0
    means = meant.match(plain, start)
    if means is not None:
        start = means.end()
    behind = instead.search(plain, start)
    rest = words[start : len(plain) if behind is None else behind.start()].strip(" ,.;:!?")
    if not rest or not (start or behind):
        return None
    return SecondThought(rest, means is not None, means is not None and means["said"] is not None)


def _compiled(language: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    aside, turn, meant = _ASIDE[language], _TURN[language], f"{_MEANT[language]}|{_CHANGED[language]}"
    follows = rf"\s+(?=(?:{aside}|{turn}|{meant})\b)"
    leads = re.compile(rf"(?:(?:{turn})(?:\s*[,.;:!…-]+\s*|\s+)|(?:{aside})(?:\s*[,.;:!…-]+\s*|{follows}))+")
    return (
        leads,
        re.compile(rf"(?:(?P<said>{_MEANT[language]})|{_CHANGED[language]})\b[\s,:]*"),
        re.compile(_INSTEAD[language]),
    )


_COMPILED: Final[Mapping[str, tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]]] = MappingProxyType(
    {language: _compiled(language) for language in _ASIDE}
)
