"""Why an answer did not fit: every reason code that a reader gives, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EMPTY: Final = "empty"
UNSURE: Final = "unsure"
REFUSED: Final = "refused"
TOO_LONG: Final = "too_long"
TOO_SHORT: Final = "too_short"
NO_MATCH: Final = "no_match"
NOT_A_NAME: Final = "not_a_name"
NOT_AN_EMAIL: Final = "not_an_email"
NOT_A_PHONE: Final = "not_a_phone"
NO_COUNTRY_CODE: Final = "no_country_code"
NOT_A_URL: Final = "not_a_url"
NOT_A_NUMBER: Final = "not_a_number"
NOT_WHOLE: Final = "not_whole"
TOO_PRECISE: Final = "too_precise"
TOO_SMALL: Final = "too_small"
TOO_BIG: Final = "too_big"
NOT_MONEY: Final = "not_money"
NO_CURRENCY: Final = "no_currency"
WRONG_CURRENCY: Final = "wrong_currency"
NOT_A_DATE: Final = "not_a_date"
NOT_A_TIME: Final = "not_a_time"
NOT_A_DURATION: Final = "not_a_duration"
TOO_EARLY: Final = "too_early"
TOO_LATE: Final = "too_late"
NOT_YES_OR_NO: Final = "not_yes_or_no"
UNKNOWN_OPTION: Final = "unknown_option"
TOO_FEW: Final = "too_few"
TOO_MANY: Final = "too_many"
NOT_A_COUNTRY: Final = "not_a_country"
NOT_A_LANGUAGE: Final = "not_a_language"
NOT_A_POSTCODE: Final = "not_a_postcode"
NOT_AN_IBAN: Final = "not_an_iban"
NOT_A_CARD_NUMBER: Final = "not_a_card_number"

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        EMPTY: "The message holds nothing that can be read: no characters, or only spaces and invisible ones.",
        UNSURE: "The user does not know or has not decided (“not sure”, “maybe”, “no sé”).",
        REFUSED: "The user names a value only to turn it down (“not 5”, “no quiero 5”).",
        TOO_LONG: "A text above its upper bound, or a message too long for the kind (1,000 characters).",
        TOO_SHORT: "A text below its lower bound.",
        NO_MATCH: "A text that the author's pattern does not match from end to end.",
        NOT_A_NAME: "No name of a person: a question, a sentence, digits, an address.",
        NOT_AN_EMAIL: "No well-formed e-mail address in the message.",
        NOT_A_PHONE: "No telephone number that exists in the numbering plan.",
        NO_COUNTRY_CODE: "A number without a country code, and no region is known to complete it.",
        NOT_A_URL: "No web address (http or https) in the message.",
        NOT_A_NUMBER: "No number in digits or words.",
        NOT_WHOLE: "A number with a fraction where whole ones are asked for.",
        TOO_PRECISE: "More digits than can be kept: 15 significant ones, or more decimals than the currency has.",
        TOO_SMALL: "A number or amount below its lower bound.",
        TOO_BIG: "A number or amount above its upper bound, or beyond what can be kept exactly.",
        NOT_MONEY: "No amount of money in the message.",
        NO_CURRENCY: "An amount without a currency, and neither the type nor the region gives one.",
        WRONG_CURRENCY: "An amount in another currency than the type asks for.",
        NOT_A_DATE: "No day in the message, or one that no calendar has (30 February).",
        NOT_A_TIME: "No time of day in the message.",
        NOT_A_DURATION: "No length of time in the message.",
        TOO_EARLY: "A day before the first allowed one.",
        TOO_LATE: "A day after the last allowed one.",
        NOT_YES_OR_NO: "Neither a yes nor a no, or both at once.",
        UNKNOWN_OPTION: "None of the options, nor near enough to one.",
        TOO_FEW: "Fewer entries than asked for.",
        TOO_MANY: "More entries than asked for.",
        NOT_A_COUNTRY: "No country by name or ISO code.",
        NOT_A_LANGUAGE: "No language by name or ISO code.",
        NOT_A_POSTCODE: "No postcode of the country asked for.",
        NOT_AN_IBAN: "No IBAN with the right length and check digits.",
        NOT_A_CARD_NUMBER: "No card number with the right length and check digit.",
    }
)
"""What each code means, for authors, tests and logs."""
