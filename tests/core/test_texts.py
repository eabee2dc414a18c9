"""What the bot says: placeholders, formats, languages, variations, and sayings put in other words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fsm_engine.core.formats import FORMATS, format_value, join_words
from fsm_engine.core.guards import ExpressionError, Scope
from fsm_engine.core.texts import compile_template
from fsm_engine.model.slot import SlotType
from fsm_engine.understanding.sayings import SAYINGS
from tests.support.flow_texts import flows_of, problems_of
from tests.support.talk import Talk

SLOTS = {
    "name": SlotType("person name"),
    "price": SlotType("money"),
    "day": SlotType("date"),
    "people": SlotType("list of"),
    "n": SlotType("number"),
    "ok": SlotType("yes or no"),
    "hour": SlotType("time"),
    "moment": SlotType("date and time"),
    "share": SlotType("percent"),
    "days": SlotType("list of", item=SlotType("date")),
}
VALUES = {
    "name": "Ana",
    "price": {"amount": "1234.5", "currency": "USD"},
    "day": "2026-03-10",
    "people": [{"name": "Ana", "age": 3}, {"name": "Ben"}],
    "n": 1234.5,
    "ok": True,
    "hour": "17:30",
    "moment": "2026-03-10T17:30:00",
    "share": 12.5,
    "days": ["2026-03-10"],
}


def filled(source: str, language: str = "en", **more: Any) -> str:
    template = compile_template(source, SLOTS)
    return template.fill(Scope([{**VALUES, **more}], lambda: date(2026, 3, 4)), language)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hi {name}!", "Hi Ana!"),
        ("{ name }", "Ana"),
        ("{price}", "$1,234.50"),
        ("{day}", "Mar 10, 2026"),
        ("{day | date long}", "March 10, 2026"),
        ("{day|date short}", "3/10/26"),
        ("{day  |  date   full}", "Tuesday, March 10, 2026"),
        ("{n}", "1,234.5"),
        ("{n | money}", "$1,234.50"),
        ("{share}", "12.5%"),
        ("{ok}", "yes"),
        ("{hour}", "5:30\u202fPM"),
        ("{people}", "Ana and Ben"),
        ("{count(people)}", "2"),
        ("{n + 1}", "1,235.5"),
        ("{day + 1}", "Mar 11, 2026"),
        ('{name or "friend"}', "Ana"),
        ("{{name}}", "{name}"),
        ("{{{name}}}", "{Ana}"),
        ("", ""),
        ("plain", "plain"),
        ("{price.currency}", "USD"),
    ],
)
def test_a_placeholder_shows_the_value_as_people_read_it(source: str, text: str) -> None:
    assert filled(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{price}", "1.234,50\xa0US$"),
        ("{day}", "10 mar 2026"),
        ("{ok}", "sí"),
        ("{people}", "Ana y Ben"),
        ("{n}", "1.234,5"),
    ],
)
def test_values_are_written_in_the_users_language(source: str, text: str) -> None:
    assert filled(source, "es") == text


def test_a_slot_without_a_value_shows_as_nothing() -> None:
    assert filled("Hi {name}!", name=None) == "Hi !"
    assert filled('Hi {name or "friend"}!', name=None) == "Hi friend!"


@pytest.mark.parametrize(
    "value", ["{n}", "{{n}}", "{0.__class__}", "%(n)s", "${n}", "{{ n }}", "<b>", "\\1", "\x1b[1m"]
)
def test_what_a_user_said_is_never_read_as_a_template(value: str) -> None:
    assert filled("Hi {name}!", name=value) == f"Hi {value}!"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("Hi {name", "text-brace"),
        ("Hi name}", "text-brace"),
        ("{}", "text-brace"),
        ("{ }", "text-brace"),
        ("{nam}", "unknown-slot"),
        ("{name | upper}", "unknown-format"),
        ("{name!r}", "guard-unreadable"),
        ("{name:>10}", "guard-unreadable"),
        ("{name.__class__}", "guard-not-allowed"),
        ("{name.upper()}", "unknown-function"),
        ("{people[0]}", "guard-not-allowed"),
    ],
)
def test_what_placeholders_refuse(source: str, code: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template(source, SLOTS)

    assert caught.value.code == code


@pytest.mark.parametrize("style", [*FORMATS, None, "no such style"])
@pytest.mark.parametrize("language", ["en", "es", "ar", "cr", "xx", ""])
def test_formatting_never_raises(style: str | None, language: str) -> None:
    values = ["x", "", 5, -0.5, True, None, [], {}, [{}], [[1]], {"a": None}, {"amount": "x", "currency": "USD"}]
    values += [{"amount": "1", "currency": "no"}, {"currency": None}, "2026-99-99", "٣", Decimal("1e30"), 1e308]
    values += [{"amount": "NaN", "currency": "USD"}, {"amount": "1E+9999999", "currency": "USD"}, [None, {"x": [1]}]]
    for value in values:
        assert isinstance(format_value(value, language, style=style), str)
        for slot_type in SLOTS.values():
            assert isinstance(format_value(value, language, slot_type=slot_type), str)


@pytest.mark.parametrize(
    ("words", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_words_are_joined_as_in_speech(words: list[str], text: str) -> None:
    assert join_words(words, "en") == text


def test_days_in_a_list_are_shown_as_days() -> None:
    assert filled("{days}") == "Mar 10, 2026"


TWO = """
flow: f
steps:
  - ask: a
    type: text
    prompt: {en: What?, es: "¿Qué?"}
  - say: Only English.
  - {ask: b, type: text, prompt: b?}
"""


def test_a_text_is_said_in_the_users_language_and_falls_back_to_the_first(tmp_path: Path) -> None:
    flows = flows_of(tmp_path, TWO, "bot: b\nlanguages: [en, es]")
    talk = Talk(flows)

    assert talk.start("f", "es") == ["¿Qué?"]
    assert talk.say("x") == ["Only English.", "b?"]
    assert Talk(flows).start("f", "fr") == ["What?"]


def test_a_user_can_change_the_language_from_turn_to_turn(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, TWO, "bot: b\nlanguages: [en, es]"))
    talk.start("f", "en")

    assert talk.say("repetir", language="es") == ["¿Qué?"]
    assert talk.say("ayuda")[-1] == "¿Qué?"


def test_variations_differ_between_visits_and_are_the_same_in_a_replay(tmp_path: Path) -> None:
    flow = "flow: f\nsteps:\n  - {ask: a, type: whole number, prompt: [one?, two?, three?, four?], attempts: 20}"
    flows = flows_of(tmp_path, flow)
    talks = [Talk(flows), Talk(flows)]
    for talk in talks:
        talk.start("f")
    said = [[talk.say("repeat")[0] for _ in range(12)] for talk in talks]

    assert len(set(said[0])) > 1
    assert said[0] == said[1]


def test_buttons_and_media_are_filled_in(tmp_path: Path) -> None:
    flow = """
flow: f
steps:
  - {ask: a, type: text, prompt: a?}
  - ask: b
    type: text
    prompt: b?
    options: ["{a}", other]
    media: ["https://example.com/{a}.png"]
"""
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("f")
    talk.say("x")

    assert talk.last.messages[0].options == ("x", "other")
    assert talk.last.messages[0].media == ("https://example.com/x.png",)


FLOW = """
flow: f
title: the talk
start: {phrases: [let us talk]}
steps:
  - {ask: a, type: whole number 1..9, prompt: a?}
"""
BOT = """
bot: b
opening: Good day.
fallback: Pardon?
texts:
  cannot_skip: This one I need.
  again_too_big: "Not above {maximum}, please."
  cancel_really: "Stop {flow}?"
coming_back: {say: "Back to {flow}."}
"""


def test_a_bot_file_puts_the_engines_sayings_in_other_words(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, FLOW, BOT))

    assert talk.say("hello you") == ["Good day."]
    assert talk.say("blah") == ["Pardon?"]
    talk.say("let us talk")
    assert talk.say("skip") == ["This one I need.", "a?"]
    assert talk.say("12") == ["Not above 9, please.", "a?"]
    assert talk.come_back("hi")[0] == "Back to the talk."


def test_texts_can_override_opening_and_fallback_too(tmp_path: Path) -> None:
    bot = "bot: b\ntexts: {opening: Good day., fallback: Pardon?, welcome_back: Back again.}"
    talk = Talk(flows_of(tmp_path, FLOW, bot))

    assert talk.say("hello you") == ["Good day."]
    assert talk.say("blah") == ["Pardon?"]
    talk.say("let us talk")
    assert talk.come_back("hi")[0] == "Back again."


def test_an_unknown_saying_is_named_with_the_nearest(tmp_path: Path) -> None:
    assert problems_of(tmp_path, FLOW, "bot: b\ntexts: {canot_skip: No.}") == [
        "2.yaml:2:21: error unknown-saying: the engine has no text called 'canot_skip'. Did you mean 'cannot_skip'?"
    ]


def test_a_saying_can_use_only_what_it_is_given(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, FLOW, "bot: b\ntexts: {cannot_skip: 'Not {a}.'}")

    assert [problem.split(": ")[1] for problem in problems] == ["error unknown-slot"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_saying_is_there_in_every_language(tmp_path: Path, language: str) -> None:
    flows = flows_of(tmp_path, FLOW)
    for name in SAYINGS:
        assert flows.saying(name).variations[language]
