"""One of the author's options: by its words, a synonym, its number or a near spelling."""

from __future__ import annotations

from collections.abc import Sequence

from fsm_engine.model.slot import DoesNotFit, Fits, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import doubt, reasons
from fsm_engine.understanding.readers.choices import (
    Choices,
    choices_of,
    chosen_by_number,
    exact_choice,
    near_choices,
    partial_choices,
    spotted_choices,
    with_digits,
)
from fsm_engine.understanding.readers.lead_ins import without_lead_in, without_send_off
from fsm_engine.understanding.readers.wording import plain_spelling

_BOTH = frozenset({"both", "both of them", "ambos", "ambas", "los dos", "las dos", "dos"})


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The value of the option meant. Two options that fit equally well are candidates.

    Looked for in this order: the option's own words or a synonym alone; in a sentence (not where turned down);
    its number; some of its words; a near spelling. "Not checking" of two options does not say the other one: people
    also mean neither.
    """
    folded = plain_spelling(text)
    choices = choices_of(slot_type.options, context.language)
    exact = exact_choice(choices, folded.strip(" .,!?;:'\"()"))
    if exact is not None:
        return Fits(exact, certain=not folded.endswith("?"))
    spotted, turned_down = spotted_choices(choices, doubt.after_correction(folded))
    is_unsure = doubt.says_not_to_know if spotted else doubt.is_unsure
    if is_unsure(_without_labels(folded, spotted, choices)):
        return DoesNotFit(reasons.UNSURE)
    if spotted:
        return _reading(spotted, is_certain=not doubt.is_hedged(folded))
    if turned_down:
        return DoesNotFit(reasons.REFUSED)
    core = without_send_off(without_lead_in(folded))
    return _by_less(choices, folded, core)


def _by_less(choices: Choices, folded: str, core: str) -> Reading:
    """The options that number, part or near spelling point to."""
    exact = exact_choice(choices, core) or exact_choice(choices, with_digits(core))
    if exact is not None:
        return Fits(exact)
    if core in _BOTH and len(choices.values) == 2:
        return SeveralFit(choices.values)
    numbered = chosen_by_number(choices, folded, core)
    if numbered is not None:
        return Fits(numbered)
    for found in (partial_choices(choices, core), near_choices(choices, core)):
        if found:
            return _reading(found, is_certain=False)
    return DoesNotFit(reasons.UNKNOWN_OPTION)


def _reading(values: Sequence[str], *, is_certain: bool) -> Reading:
    if len(values) == 1:
        return Fits(values[0], certain=is_certain)
    return SeveralFit(tuple(values))


def _without_labels(folded: str, values: Sequence[str], choices: Choices) -> str:
    """The message without the options named in it, so that an option called "not sure" is no doubt."""
    for value in values:
        for name in choices.names[value]:
            folded = folded.replace(name, " ")
    return folded
