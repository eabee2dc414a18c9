"""Every phrase for a type gives the type that it says."""

from __future__ import annotations

from decimal import Decimal

import babel
import pytest
from babel.numbers import get_territory_currencies
from flow_file_reading import ask_of, codes_of

from fsm_engine.flow_files.iso_codes import COUNTRIES, CURRENCIES, LANGUAGES
from fsm_engine.flow_files.type_phrases import KINDS
from fsm_engine.model.slot import DayBound, Option, SlotType

ABC = (Option("a"), Option("b"), Option("c"))
TYPES = {
    "text": SlotType("text"),
    "text 1..60": SlotType("text", low=Decimal(1), high=Decimal(60)),
    "text ..60": SlotType("text", high=Decimal(60)),
    r"text matching [A-Z]{3} \d+": SlotType("text", pattern=r"[A-Z]{3} \d+"),
    "text 3.. matching [a-z]+": SlotType("text", low=Decimal(3), pattern="[a-z]+"),
    "person name": SlotType("person name"),
    "email": SlotType("email"),
    "phone": SlotType("phone"),
    "phone US": SlotType("phone", region="US"),
    "url": SlotType("url"),
    "number": SlotType("number"),
    "number -1.5..2.5": SlotType("number", low=Decimal("-1.5"), high=Decimal("2.5")),
    "whole number 0..10": SlotType("whole number", low=Decimal(0), high=Decimal(10)),
    "percent 0..100": SlotType("percent", low=Decimal(0), high=Decimal(100)),
    "money": SlotType("money"),
    "money USD": SlotType("money", currency="USD"),
    "money 25 USD..": SlotType("money", low=Decimal(25), currency="USD"),
    "money ..99.95 EUR": SlotType("money", high=Decimal("99.95"), currency="EUR"),
    "money 25..100 USD": SlotType("money", low=Decimal(25), high=Decimal(100), currency="USD"),
    "money 25 USD..100 USD": SlotType("money", low=Decimal(25), high=Decimal(100), currency="USD"),
    "money 1..5": SlotType("money", low=Decimal(1), high=Decimal(5)),
    "date": SlotType("date"),
    "date today..today+14": SlotType("date", low=DayBound(0), high=DayBound(14)),
    "date today - 30 ..": SlotType("date", low=DayBound(-30)),
    "date 2024-01-01..today": SlotType("date", low=DayBound(day="2024-01-01"), high=DayBound(0)),
    "time": SlotType("time"),
    "date and time": SlotType("date and time"),
    "date and time today..": SlotType("date and time", low=DayBound(0)),
    "duration": SlotType("duration"),
    "yes or no": SlotType("yes or no"),
    "one of a, b, c": SlotType("one of", options=ABC),
    "some of a, b, c": SlotType("some of", options=ABC),
    "one of checking account, savings account": SlotType(
        "one of", options=(Option("checking account"), Option("savings account"))
    ),
    "list of person name": SlotType("list of", item=SlotType("person name")),
    "list of one of a, b, c": SlotType("list of", item=SlotType("one of", options=ABC)),
    "country": SlotType("country"),
    "language": SlotType("language"),
    "postcode": SlotType("postcode"),
    "postcode GB": SlotType("postcode", region="GB"),
    "iban": SlotType("iban"),
    "card number": SlotType("card number"),
    "customer_number": SlotType("customer_number"),
    "accounts.number": SlotType("accounts.number"),
    "rate": SlotType("rate"),
    "{text: 1..60}": SlotType("text", low=Decimal(1), high=Decimal(60)),
    "{text: 1..60, matching: '[a-z]+'}": SlotType("text", low=Decimal(1), high=Decimal(60), pattern="[a-z]+"),
    "{text: , matching: '[a-z]+'}": SlotType("text", pattern="[a-z]+"),
    "{phone: US}": SlotType("phone", region="US"),
    "{one of: [a, b, c]}": SlotType("one of", options=ABC),
    "{one of: ['now, or never', today or tomorrow]}": SlotType(
        "one of", options=(Option("now, or never"), Option("today or tomorrow"))
    ),
    "{some of: {a: [x, y], b: z}}": SlotType("some of", options=(Option("a", ("x", "y")), Option("b", ("z",)))),
    "{list of: email}": SlotType("list of", item=SlotType("email")),
    "{list of: {one of: [a, b, c]}}": SlotType("list of", item=SlotType("one of", options=ABC)),
}


@pytest.mark.parametrize("phrase", TYPES)
def test_a_phrase_gives_its_type(phrase: str) -> None:
    assert ask_of("", kind=phrase).type == TYPES[phrase]


def test_every_kind_of_type_is_tested_here() -> None:
    assert {kind for kind in KINDS if not any(found.kind == kind for found in TYPES.values())} == set()


@pytest.mark.parametrize(
    "phrase",
    [
        "list of " * 600 + "text",
        "{list of: {list of: text}}",
        "{one of: a list}",
        "{one of: [a, [b]]}",
        "{one of: [a, b], matching: x}",
        "{email: now, then: x}",
        "{}",
        "[text]",
        "one of " + ", ".join(f"o{number}" for number in range(201)),
        f"one of a, {'b' * 201}",
        "number 1..2..3",
        "number 1...2",
        "number ١..٣",
        "number 1_0..",
        "money x",
        "date today+999999..",
        "text matching " + "(" * 400,
        "text matching " + "a" * 501,
        f"{'x' * 61}",
    ],
)
def test_a_phrase_that_makes_no_sense_is_a_problem(phrase: str) -> None:
    assert codes_of(f"flow: f\nsteps:\n  - ask: a\n    type: {phrase}\n    prompt: a\n") != []


def test_a_pattern_in_a_list_is_checked_too() -> None:
    assert codes_of("flow: f\nsteps:\n  - ask: a\n    type: list of text matching (?=x)\n    prompt: a\n") == [
        "bad-pattern"
    ]


def test_the_iso_codes_are_those_that_babel_knows() -> None:
    english = babel.Locale("en")
    in_use = {currency for country in COUNTRIES for currency in get_territory_currencies(country)}

    assert set(english.territories) >= COUNTRIES
    assert set(english.languages) >= LANGUAGES
    assert set(english.currencies) >= CURRENCIES
    assert {"US", "GB", "JO", "XK"} <= COUNTRIES
    assert len(COUNTRIES) == 250
    assert {"USD", "EUR", "GBP", "JOD"} <= in_use & CURRENCIES
