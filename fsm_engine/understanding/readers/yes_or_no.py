"""Yes or no. A doubt is neither: "maybe", "I think so" and "creo que sí" are asked again."""

from __future__ import annotations

import re

from fsm_engine.model.slot import DoesNotFit, Fits, Reading, ReadingContext, SlotType
from fsm_engine.understanding.readers import doubt, reasons
from fsm_engine.understanding.readers.wording import plain_spelling, without_pictures
from fsm_engine.understanding.readers.yes_no_words import (
    DOUBTFUL,
    FILLERS,
    NEGATED,
    NEITHER,
    NO_EMOJI,
    NO_PHRASES,
    NO_STARTS,
    YES_EMOJI,
    YES_PHRASES,
    YES_STARTS,
)

_CLAUSES = re.compile(r"[,.;!:()\"\n]+|\s-+\s|\b(?:but|pero|because|porque|though|aunque)\b")
_HUMS = re.compile(r"\b(?:hm+|um+|uhm*|er+m*)\b(?! huh)")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_SKIN_TONES = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f]")


_TELLING_PICTURES = "".join((*YES_EMOJI, *NO_EMOJI, "🤷", "🤔"))


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """True for yes, False for no; what says both, neither or nothing clear does not fit."""
    folded = _without_hums(plain_spelling(without_pictures(text, kept=_TELLING_PICTURES)))
    answer = _answer(folded)
    if answer is not None and (folded in YES_PHRASES or folded in NO_PHRASES):
        return Fits(answer)
    if doubt.is_unsure(folded) or DOUBTFUL.search(folded):
        return DoesNotFit(reasons.UNSURE)
    if answer is None:
        return DoesNotFit(reasons.NOT_YES_OR_NO)
    return Fits(answer, certain=not doubt.is_hedged(folded))


def _without_hums(folded: str) -> str:
    """ "hmm no" is a no; "hmm" alone stays what it is."""
    return _HUMS.sub("", folded).lstrip(" ,.") or folded


def _answer(folded: str) -> bool | None:
    """The answer on which all clauses agree; None when they do not, or when none gives one.

    After a correction ("yes, no wait, no") only what follows it counts.
    """
    folded = _SKIN_TONES.sub("", folded)
    if not folded.isascii():
        emoji = _emoji_answer(folded)
        if emoji is not None or not any(character.isalnum() for character in folded):
            return emoji if emoji is None or _words_answer(folded) in (None, emoji) else None
    return _words_answer(doubt.after_correction(folded))


def _emoji_answer(folded: str) -> bool | None:
    says_yes = any(emoji in folded for emoji in YES_EMOJI)
    says_no = any(emoji in folded for emoji in NO_EMOJI)
    return says_yes if says_yes != says_no else None


def _words_answer(folded: str) -> bool | None:
    whole = _phrase_answer(folded.strip(" .,!?;:'\"¡¿)("))
    if whole is not None:
        return whole
    answers = [_clause_answer(clause) for clause in _CLAUSES.split(folded)]
    said = [answer for answer in answers if answer is not None]
    if not said:
        return None
    return said[0] if all(answer == said[0] for answer in said) else None


def _phrase_answer(phrase: str) -> bool | None:
    if phrase in YES_PHRASES:
        return True
    return False if phrase in NO_PHRASES else None


def _clause_answer(clause: str) -> bool | None:
    phrase = clause.strip(" ?'¡¿")
    if not phrase or phrase in NEITHER:
        return None
    for spelling in (phrase, _STRETCHED.sub(r"\1", phrase), _STRETCHED.sub(r"\1\1", phrase)):
        answer = _phrase_answer(spelling)
        if answer is not None:
            return answer
    words = [word for word in _STRETCHED.sub(r"\1", phrase).split() if word not in FILLERS]
    answer = _phrase_answer(" ".join(words))
    return answer if answer is not None or not words else _by_first_words(words)


def _by_first_words(words: list[str]) -> bool | None:
    """ "yes I want that" and "no quiero": the first words decide, unless a later negation takes a yes back."""
    for length in (4, 3, 2, 1):
        start = " ".join(words[:length])
        if start in NO_STARTS:
            is_about_a_figure = start == "not" and any(word[0].isdigit() for word in words[length:])
            return None if is_about_a_figure else False  # "not 5" turns the 5 down, and nothing else
        if start in YES_STARTS:
            rest = words[length:]
            if not rest:
                return True
            later = _phrase_answer(" ".join(rest))
            if later is not None:
                return later if later or start in NEGATED else None
            return None if doubt.is_turned_down(" ".join(rest)) else True
    return None
