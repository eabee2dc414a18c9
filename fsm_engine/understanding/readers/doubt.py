"""Words by which people say that they do not know, have not decided, or do not mean what they name.

All tables are spelled as ``wording.plain_spelling`` leaves them. English and Spanish are always both looked for:
people mix them, and a doubt that is missed becomes a wrong value.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product
from typing import Final

from fsm_engine.understanding.readers.word_tables import word_list

_WORD: Final = re.compile(r"\w+")
_IGNORANCE = re.compile(
    r"\b(?:"
    r"(?:not|never|un|isn't|am not)[ -]?(?:really |quite |entirely |too |very |so |100% |completely |all that )?"
    r"(?:sure|certain|decided)"
    r"|(?:do not|don'?t|didn'?t|did not|doesn'?t) (?:really |actually |even |quite )?(?:know|remember|recall)"
    r"|no (?:idea|clue)|dunno|idk|who knows|beats me|(?:have|has)n'?t decided|have not decided"
    r"|(?:can'?t|cannot|can not|couldn'?t) (?:really )?(?:decide|remember|recall|tell|say)\b(?! no\b)"
    r"|(?:do not|don'?t) (?:mind|care)|(?:you|u) (?:choose|decide|pick)|surprise me|elige tu|lo que sea"
    r"|hard to (?:say|tell)|wish i knew|(?:it |that )?(?:all )?depends"
    r"|(?:i )?forgot|yes and no|no (?:strong )?(?:preference|opinion)"
    r"|(?:no|ni) (?:lo |la |le |me )?(?:se|sabria|sabemos|recuerdo|acuerdo)(?: decir\w*| bien| seguro)?(?= |$"
    r"|[,.!?;])"
    r"|(?:no|ni) (?:estoy|esta|estamos) (?:muy |del todo |tan )?segur[oa]s?|ni (?:la menor |la mas minima )?idea"
    r"|no tengo (?:ni )?idea|quien sabe|yo que se|vete a saber|(?:me )?da (?:igual|lo mismo)|(?:eso )?depende"
    r"|no (?:lo )?he decidido|se me olvido|si y no"
    r")\b"
)
_UNSURE: Final = word_list("sure certain decided")
_SHOWS_IGNORANCE: Final = frozenset(
    word_list(
        """
    know remember recall idea clue dunno idk knows beats decide tell say mind care choose pick surprise elige sea hard
    knew depends forgot yes preference opinion se sabria sabemos recuerdo acuerdo seguro segura seguros seguras sabe
    saber igual mismo depende decidido olvido si
    """
    )
).union(_UNSURE, map("".join, product(("not", "never", "un", "t"), _UNSURE)))
"""Words of which one stands in all that `_IGNORANCE` matches: a message without them is not searched."""
_HEDGE = re.compile(
    r"\b(?:maybe|perhaps|possibly|probably|mayb|prolly|might|could be|may be|i (?:guess|suppose|think|believe|reckon)"
    r"|sort of|kind of|kinda|sorta|more or less|whatever|whichever|any(?: of them)?|either"
    r"|let me (?:think|check|see)|(?:i )?(?:need|have) to think(?: about it)?|we'?ll see|we will see|ask me later"
    r"|not yet decided|still thinking|hmm+|umm+|uhh+|erm+"
    r"|quizas?|tal vez|talvez|a lo mejor|puede (?:ser|que)|posiblemente|probablemente|igual|supongo|creo|me parece"
    r"|pienso|diria|mas o menos|ya veremos|ya vere|lo pensare|tengo que pensarlo|dejame pensar(?:lo)?|cualquiera)\b"
)
_SHOWS_HEDGE: Final = frozenset(
    word_list(
        """
    maybe perhaps possibly probably mayb prolly might could may guess suppose think believe reckon sort kind kinda sorta
    less whatever whichever any either let see later decided thinking quiza quizas vez talvez mejor puede posiblemente
    probablemente igual supongo creo parece pienso diria menos veremos vere pensare pensarlo dejame cualquiera
    """
    )
)
"""As `_SHOWS_IGNORANCE`; hums ("hmmm") have no spelling of their own and are looked for beside it."""
_FILLER = re.compile(
    r"\b(?:well|um|uh|er|oh|so|just|like|honestly|sorry|to be honest|tbh|really|right now|yet|at the moment"
    r"|it|that|i|me|but|is|be|for now|now|please|thanks|thank you|yes|no|not|si"
    r"|pues|bueno|eh|este|la verdad|sinceramente|lo|siento|ahora|mismo|de momento|todavia|aun|gracias|que|eso"
    r"|es|por favor)\b"
)
_NEGATION = re.compile(
    r"(?:\b(?:not|never|no|nor|neither|without|except|dont|doesnt|didnt|isnt|wasnt|wont|cant|cannot|wouldnt|arent"
    r"|nunca|jamas|tampoco|sin|ni|excepto|salvo|menos que|instead of|rather than|anything but"
    r"|(?:todo|todos|todas|cualquiera|cualquier cosa) menos|en vez de"
    r"|en lugar de)\b(?!\.)|n't\b"
    r"|\b(?:todo|todos|todas|cualquiera|cualquier cosa)$)"  # the "menos" behind it was read as a sign
)
_SHOWS_NEGATION: Final = frozenset(
    word_list(
        """
    not never no nor neither without except dont doesnt didnt isnt wasnt wont cant cannot wouldnt arent t nunca jamas
    tampoco sin ni excepto salvo menos instead rather anything vez lugar todo todos todas cualquiera cosa
    """
    )
)
"""As `_SHOWS_IGNORANCE`."""
_NOT_A_REFUSAL = re.compile(
    r"\b(?:not|no) (?:only|more than|less than|fewer than|later than|earlier than|just|problem|worries|doubt"
    r"|mas de|menos de|mas tarde de|antes de|despues de|solo)\b|\bwhy not\b|\bpor que no\b|\bcomo no\b"
)
_CLAUSE_ENDS = re.compile(
    r"[,;:!?\n]|\.(?:\s|$)|\b(?:(?<!anything )but|pero|sino|rather(?! than)|instead(?! of)|and|y)\b"
)
_TAKEN_BACK = re.compile(
    r"\W*(?:(?:is|was) (?:not|wrong|old|no longer)|isn'?t|wasn'?t|(?:no|ya no) (?:es|era|funciona)|es (?:viejo"
    r"|vieja|antigu[oa]|falso))\b|\s*no(?=\s*(?:[,.;!]|$))"
)
_CORRECTION = re.compile(
    r"(?i)\b(?:no,? wait|wait,? no|i mean|i meant|or rather|scratch that|make that|correction"
    r"|mejor dicho|quiero decir|digo|no,? perdon|no,? espera)\b[\s,:.]*"
)
_SHOWS_CORRECTION: Final = frozenset(
    word_list("wait mean meant rather scratch make correction dicho decir digo perdon espera")
)
"""As `_SHOWS_IGNORANCE`, of ASCII text: other signs than those of ASCII match without regard to capitals too."""
_NEAR_WORDS = 5
"""A negation more words away than this belongs to something else in the sentence."""


def is_unsure(folded: str) -> bool:
    """True when the user says not to know, or when nothing but hedges and fillers is left of the answer."""
    if says_not_to_know(folded):
        return True
    if not _holds_hedge(folded):
        return False
    rest = _FILLER.sub(" ", _HEDGE.sub(" ", folded))
    return not any(character.isalnum() for character in rest)


def says_not_to_know(folded: str) -> bool:
    """True for "I don't know", "not sure" and the like; a hedge before a value ("maybe savings") is none of these."""
    return not _SHOWS_IGNORANCE.isdisjoint(_words(folded)) and _IGNORANCE.search(folded) is not None


def is_hedged(folded: str) -> bool:
    """True when the user leans to an answer without standing by it ("maybe 5", "I think so")."""
    return folded.endswith("?") or _holds_hedge(folded)


def _holds_hedge(folded: str) -> bool:
    has_hum = "mm" in folded or "uhh" in folded or "erm" in folded
    if not has_hum and _SHOWS_HEDGE.isdisjoint(_words(folded)):
        return False
    return _HEDGE.search(folded) is not None


@lru_cache(maxsize=8)  # a reader asks several things of one message
def _words(folded: str) -> frozenset[str]:
    return frozenset(_WORD.findall(folded))


def is_turned_down(before: str, after: str = "") -> bool:
    """True when the words around a value turn it down: "not …", "I don't want …", "… is not mine".

    Only the clause that leads up to the value counts: in "no, 5" and "not now but 5" the 5 stands.
    """
    if _TAKEN_BACK.match(after):
        return True
    if not before or _SHOWS_NEGATION.isdisjoint(_words(before)):
        return False
    clause = _CLAUSE_ENDS.split(before)[-1]
    near = " ".join(clause.split()[-_NEAR_WORDS:])
    return _NEGATION.search(_NOT_A_REFUSAL.sub(" ", near)) is not None


def after_correction(folded: str) -> str:
    """What stands after the last "I mean" or "no, wait"; the whole text when the user does not correct himself."""
    if folded.isascii() and _SHOWS_CORRECTION.isdisjoint(_words(folded.lower())):
        return folded
    ends = [match.end() for match in _CORRECTION.finditer(folded)]
    return folded[ends[-1] :] if ends and ends[-1] < len(folded) else folded
