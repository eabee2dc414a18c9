"""Words that only lead up to an answer or see it off: "it's", "I'd say", "please", "me gustaría".

All tables are spelled as ``wording.plain_spelling`` leaves them.
"""

from __future__ import annotations

import re

from fsm_engine.understanding.readers.word_tables import phrase_list

_LEAD_IN = re.compile(
    r"^(?:(?:"
    r"well|um+|uh+|hmm+|er+|oh|ah|hi|hello|hey|so|ok|okay|sure|yes|yeah|yep|please|sorry|honestly|actually|just|then"
    r"|it'?s|it is|its|that'?s|that is|that would be|it would be|it'?d be|this is|they are|they'?re"
    r"|i'?d say|i would say|let'?s say|i'?d (?:like|prefer|love|rather have|go (?:with|for)|choose|pick)"
    r"|i would (?:like|prefer|love|rather have|choose|pick)|i (?:want|need|choose|pick|prefer|take|like)"
    r"|i'?ll (?:take|have|go (?:with|for)|pick|choose)"
    r"|i will (?:take|have|choose)|i (?:think|guess)|let'?s (?:go with|do|take|make it)|go (?:with|for)|give me"
    r"|make it|put(?: me down for)?"
    r"|my (?:answer|choice|preference|pick) (?:is|would be)|the answer is|about|around|roughly|approximately"
    r"|maybe|probably|to|for|in|with"
    r"|the|a|an|my|option|number|choice"
    r"|pues|bueno|eh|hola|vale|si|por favor|perdon|es|son|seria|serian|yo diria|diria|digamos|quiero|querria"
    r"|quisiera|prefiero|elijo|escojo"
    r"|me (?:gustaria|quedo con|gusta)|necesito|dame|deme|ponme|pon|mi (?:respuesta|eleccion|opcion"
    r"|preferencia) es|la respuesta es|creo que|unos|unas"
    r"|mas o menos|aproximadamente|alrededor de|el|la|los|las|un|una|mi|opcion|numero|en|con|para|de"
    r")(?:[\s,:.!]+|$))+"
)
_SEND_OFF = frozenset(
    phrase_list(
        """
        please|pls|plz|thanks|thank you|thx|cheers|sir|mate|i think|i guess|i'd say|for me|instead|then|one|account
        option|ones|por favor|porfa|gracias|creo|diria|para mi|entonces|opcion|cuenta
        """
    )
)
_SEPARATORS = " .,!?;:\"'()"
_LONGEST_SEND_OFF = 2
_MOST_SEND_OFFS = 6


def without_lead_in(folded: str) -> str:
    """The text from its first word that says something; the whole text when no word does."""
    match = _LEAD_IN.match(folded)
    if match is None:
        return folded
    return folded[match.end() :] or folded


def without_send_off(folded: str) -> str:
    """The text up to its last word that says something; the whole text when no word does."""
    rest = folded.strip(_SEPARATORS)
    for _ in range(_MOST_SEND_OFFS):
        shorter = _without_last_phrase(rest)
        if shorter == rest:
            break
        rest = shorter
    return rest or folded


def _without_last_phrase(text: str) -> str:
    for length in range(_LONGEST_SEND_OFF, 0, -1):
        words = text.rsplit(maxsplit=length)
        if " ".join(words[-length:]) in _SEND_OFF:
            return words[0].rstrip(_SEPARATORS) if len(words) > length else ""
    return text
