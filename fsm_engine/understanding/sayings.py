"""What the engine itself says, by name and language. A bot file overrides any of it under ``texts:``.

Each saying has one or more variations; all variations of one name, in every language, use the same placeholders, which
are filled in like the slots of an author's text. The ``again_…`` names end in the reason codes of the readers; where a
code has no saying, or the type has no such bound, `again` is said.

The sayings about risk keep to the rules for safe messaging: they ask openly, offer help and people at once, never
blame, argue, name a method or end the conversation, and never take one "I'm fine" for the end of the matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fsm_engine.understanding.sayings_en import ENGLISH
from fsm_engine.understanding.sayings_es import SPANISH


@dataclass(frozen=True, slots=True)
class Occasion:
    """When something is said, and what can be filled in."""

    when: str
    placeholders: tuple[str, ...] = ()


OCCASIONS: Final[Mapping[str, Occasion]] = {
    "opening": Occasion("A conversation begins and the bot file has no opening."),
    "fallback": Occasion("No flow is open and the message fits none."),
    "which_flow": Occasion("The message fits several flows.", ("options",)),
    "completed": Occasion("A flow ends without words of its own."),
    "welcome_back": Occasion("The user returns to an unfinished session.", ("flow",)),
    "welcome_back_offer": Occasion("After that, where going on and starting again are offered."),
    "flow_changed": Occasion("The flow has a new version and some questions are asked again."),
    "again": Occasion("An answer does not fit and nothing more exact can be said."),
    "again_empty": Occasion("The message holds nothing to read."),
    "again_unsure": Occasion("The user does not know."),
    "again_refused": Occasion("The user names a value only to turn it down."),
    "again_too_long": Occasion("A text has too many characters.", ("maximum",)),
    "again_too_short": Occasion("A text has too few characters.", ("minimum",)),
    "again_no_match": Occasion("A text has not the form that is asked for."),
    "again_not_a_name": Occasion("No name of a person."),
    "again_not_an_email": Occasion("No e-mail address."),
    "again_not_a_phone": Occasion("No telephone number."),
    "again_no_country_code": Occasion("A telephone number without a country code, where one is needed."),
    "again_not_a_url": Occasion("No web address."),
    "again_not_a_number": Occasion("No number."),
    "again_not_whole": Occasion("A fraction where a whole number is asked for."),
    "again_too_precise": Occasion("More digits than can be kept."),
    "again_too_small": Occasion("A number or amount below the least one.", ("minimum",)),
    "again_too_big": Occasion("A number or amount above the greatest one.", ("maximum",)),
    "again_not_money": Occasion("No amount of money."),
    "again_no_currency": Occasion("An amount without a currency."),
    "again_wrong_currency": Occasion("An amount in another currency.", ("currency",)),
    "again_not_a_date": Occasion("No day."),
    "again_not_a_time": Occasion("No time of day."),
    "again_not_a_duration": Occasion("No length of time."),
    "again_too_early": Occasion("A day before the first one.", ("minimum",)),
    "again_too_late": Occasion("A day after the last one.", ("maximum",)),
    "again_not_yes_or_no": Occasion("Neither yes nor no."),
    "again_unknown_option": Occasion("None of the options.", ("options",)),
    "again_too_few": Occasion("Fewer entries than asked for.", ("minimum",)),
    "again_too_many": Occasion("More entries than asked for.", ("maximum",)),
    "again_not_a_country": Occasion("No country."),
    "again_not_a_language": Occasion("No language."),
    "again_not_a_postcode": Occasion("No postcode of the country."),
    "again_not_an_iban": Occasion("No IBAN, or one with a slip in it."),
    "again_not_a_card_number": Occasion("No card number, or one with a slip in it."),
    "again_confirm": Occasion("Neither yes, no nor a correction where answers are to be confirmed."),
    "which_one": Occasion("Several values fit an answer.", ("options",)),
    "option_continue": Occasion("A button: go on where we stopped."),
    "option_restart": Occasion("A button: start again."),
    "help_generic": Occasion("The user asks for help and the question has no help text; also after two misses."),
    "help_offer_human": Occasion("After three misses."),
    "nothing_to_go_back_to": Occasion("Back, at the first question."),
    "back_done": Occasion("Back: before the earlier question is asked again."),
    "cannot_skip": Occasion("Skip, at a question that needs an answer."),
    "skipped": Occasion("Skip, at an optional question."),
    "cancel_really": Occasion("Cancel: asked back before answers are lost.", ("flow",)),
    "cancel_kept": Occasion("The user does not want to cancel after all."),
    "cancelled": Occasion("The flow is cancelled."),
    "nothing_to_cancel": Occasion("Cancel, where no flow is open."),
    "restart_really": Occasion("Restart: asked back before answers are lost.", ("flow",)),
    "restarted": Occasion("The flow starts from its first question."),
    "handoff": Occasion("The conversation goes to a person because the user asked."),
    "give_up_handoff": Occasion("The same, because a question could not be answered."),
    "give_up_cancel": Occasion("A question could not be answered and the flow ends."),
    "too_long": Occasion("The message is over the limit and was not read.", ("limit",)),
    "nothing_said_yet": Occasion('"What have I said?", before any answer.'),
    "said_so_far": Occasion('"What have I said?"', ("answers",)),
    "which_to_change": Occasion("The user wants to change an answer and does not say which.", ("options",)),
    "nothing_to_change": Occasion("The user wants to change an answer and there is none."),
    "noted": Occasion("A message answered later questions too.", ("answers",)),
    "changed": Occasion("An earlier answer was changed.", ("slot",)),
    "digression_bridge": Occasion("After another flow, before the open question is asked again."),
    "digression_too_deep": Occasion("Another flow is asked for, but too many are open."),
    "ask_more": Occasion("After each round of a repeat that has no words of its own."),
    "action_waiting": Occasion("An action takes longer than its waiting time."),
    "action_busy": Occasion("The user writes while an action runs."),
    "action_failed": Occasion("An action failed for good."),
    "action_rejected": Occasion("An action was refused, and would be again."),
    "action_try_later": Occasion("An action cannot be done at the moment; nothing happened."),
    "action_later": Occasion("It is unclear whether an action worked; a person looks into it."),
    "undone": Occasion("What was done before is taken back: after a cancellation, a correction or a failure."),
    "undo_stuck": Occasion("Something that was done could not be taken back; a person looks into it."),
    "check_unavailable": Occasion("An answer cannot be checked at the moment."),
    "apology": Occasion("Something failed on our side."),
    "risk_resources_lead": Occasion("Before the list of people to turn to."),
    "risk_resource": Occasion("One of them.", ("name", "contact")),
    "risk_resource_hours": Occasion("One of them, with opening hours.", ("name", "contact", "hours")),
    "risk_check_in": Occasion("The dialogue pauses until the user is safe."),
    "risk_thanks_safe": Occasion("The user says that they are safe; the dialogue goes on."),
    "risk_stay": Occasion("The user is not safe, or it is not clear."),
}
"""Every name, when it is said and what its texts may fill in."""

LANGUAGES: Final = ("en", "es")

SAYINGS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    name: {"en": ENGLISH[name], "es": SPANISH[name]} for name in OCCASIONS
}
"""Variations by name and language."""


def variations(name: str, language: str) -> tuple[str, ...]:
    """The variations of a saying; English where the language has none. Raises `KeyError` for an unknown name."""
    by_language = SAYINGS[name]
    return by_language.get(language[:2].lower(), by_language["en"])
