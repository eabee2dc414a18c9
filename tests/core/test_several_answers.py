"""Several answers in one message: what is certain is taken, said back and not asked again; nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fsm_engine.core.flows import Flows
from fsm_engine.model.slot import Json
from tests.support.conversations import SHIPPED
from tests.support.flow_texts import flows_of
from tests.support.talk import Talk

# proves: A5

FREE = {"accounts.email_is_free": True, "accounts.create": {"account_number": "7"}}

TRIP = """
flow: trip
steps:
  - {ask: name, type: person name, prompt: name?}
  - {ask: age, type: whole number 0..120, prompt: age?}
  - {ask: home, type: country, prompt: home?}
  - {ask: seat, type: "one of window, aisle", same_as: {window: [ventana], aisle: [pasillo]}, prompt: seat?}
  - {ask: budget, type: money USD, prompt: budget?}
  - {ask: leaving, type: date, prompt: leaving?}
  - {ask: wish, type: text, prompt: wish?, optional: true}
  - {confirm: sure, review: [name, age, home, seat, budget, leaving], prompt: ok?}
"""


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Flows:
    return flows_of(tmp_path_factory.mktemp("trip"), "bot: b\nlanguages: [en, es]", TRIP)


def talk_at(flows: Flows, *answers: str, flow: str = "trip") -> Talk:
    talk = Talk(flows, answers=FREE)
    talk.start(flow)
    for answer in answers:
        talk.say(answer)
    return talk


def test_three_answers_in_one_message_leave_one_question() -> None:
    talk = talk_at(SHIPPED, flow="create_account")
    said = talk.say("I'm Ahmed, ahmed@example.com, savings")

    assert talk.slots == {"name": "Ahmed", "email": "ahmed@example.com", "account_type": "savings"}
    assert talk.step == "phone"
    assert "ahmed@example.com" in said[0]
    assert "savings" in said[0]


def test_everything_in_one_message_leads_to_the_confirmation() -> None:
    talk = talk_at(SHIPPED, flow="create_account")
    talk.say("Ahmed Ali, 202-555-0143, ahmed@example.com, a savings account with $50 please")

    assert talk.step == "details"
    assert talk.slots["opening_deposit"] == {"amount": "50.00", "currency": "USD"}


def test_an_amount_whose_question_does_not_arise_is_left_alone() -> None:
    talk = talk_at(SHIPPED, flow="create_account")
    talk.say("Ahmed Ali, checking, $50")

    assert talk.slots == {"name": "Ahmed Ali", "account_type": "checking"}


def test_a_check_that_refuses_leaves_its_question_to_be_asked() -> None:
    talk = Talk(SHIPPED, answers={"accounts.email_is_free": False})
    talk.start("create_account")
    said = talk.say("Ahmed Ali, ahmed@example.com, savings")

    assert talk.slots == {"name": "Ahmed Ali", "account_type": "savings"}
    assert talk.step == "email"
    assert "ahmed@example.com" not in said[0]


def test_a_message_without_an_answer_to_the_open_question_costs_no_attempt(trip: Flows) -> None:
    talk = talk_at(trip)
    said = talk.say("my seat is window")

    assert talk.slots == {"seat": "window"}
    assert said[-1] == "name?"
    assert talk.state.frames[0].attempts == 0


CERTAIN: list[tuple[str, dict[str, Json]]] = [
    ("Ana Lopez, my age is 30", {"name": "Ana Lopez", "age": 30}),
    ("my age is 30 and my name is Ana Lopez", {"name": "Ana Lopez", "age": 30}),
    ("Ana Lopez; Spain; aisle", {"name": "Ana Lopez", "home": "ES", "seat": "aisle"}),
    ("I'm Ana, 20 dollars and 50 cents", {"name": "Ana", "budget": {"amount": "20.50", "currency": "USD"}}),
    ("Ana Lopez, May 3, 2027", {"name": "Ana Lopez", "leaving": "2027-05-03"}),
    (
        "Ana Lopez\nwindow\n$1,200",
        {"name": "Ana Lopez", "seat": "window", "budget": {"amount": "1200.00", "currency": "USD"}},
    ),
    ("budget: $99, name: Ana Lopez", {"name": "Ana Lopez", "budget": {"amount": "99.00", "currency": "USD"}}),
]
DOUBTFUL = [
    "Ana Lopez, 30",
    "Ana Lopez, maybe aisle",
    "Ana Lopez, not the window",
    "Ana Lopez, window or aisle",
    "Ana Lopez, window, aisle",
    "Ana Lopez, I lost $50 yesterday",
    "Ana Lopez, I was in Spain on Friday",
    "Ana Lopez, no",
    "Ana Lopez, I want to see the sea",
    "Ana Lopez, I don't know about the window",
    "Lopez, Ana",
]


@pytest.mark.parametrize(("text", "slots"), CERTAIN, ids=[text for text, _ in CERTAIN])
def test_what_is_certain_is_taken(trip: Flows, text: str, slots: dict[str, Json]) -> None:
    talk = talk_at(trip)
    talk.say(text)

    assert talk.slots == slots


@pytest.mark.parametrize("text", DOUBTFUL)
def test_what_is_not_certain_is_not_taken(trip: Flows, text: str) -> None:
    talk = talk_at(trip)
    talk.say(text)

    assert set(talk.slots) <= {"name"}


def test_spanish_answers_are_parted_too(trip: Flows) -> None:
    talk = Talk(trip)
    talk.start("trip", "es")
    talk.say("me llamo Ana, mi edad es treinta y cinco y quiero pasillo", language="es")

    assert talk.slots == {"name": "Ana", "age": 35, "seat": "aisle"}


def test_a_question_that_takes_any_text_gets_all_of_it(trip: Flows, tmp_path: Path) -> None:
    flow = "flow: f\nsteps:\n  - {ask: note, type: text, prompt: note?}\n  - {ask: email, type: email, prompt: e?}\n"
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("f")
    talk.say("tell ana@example.com, please")

    assert talk.slots == {"note": "tell ana@example.com, please"}


def test_two_questions_of_one_kind_are_both_asked(tmp_path: Path) -> None:
    flow = (
        "flow: f\nsteps:\n  - {ask: n, type: person name, prompt: n?}\n"
        "  - {ask: from_day, type: date, prompt: from?}\n  - {ask: to_day, type: date, prompt: to?}\n"
    )
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("f")
    talk.say("Ana Lopez, May 3, 2027")

    assert talk.slots == {"n": "Ana Lopez"}


def test_the_digits_of_the_open_question_are_no_telephone_number(tmp_path: Path) -> None:
    flow = (
        "flow: f\nsteps:\n  - {ask: number_of_card, type: whole number, prompt: n?}\n"
        "  - {ask: phone, type: phone US, prompt: p?}\n"
    )
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("f")
    talk.say("2025550143")

    assert talk.slots == {"number_of_card": 2025550143}


def test_an_answer_that_depends_on_a_missing_one_is_asked_for(tmp_path: Path) -> None:
    flow = (
        "flow: f\nsteps:\n  - {ask: n, type: person name, prompt: n?}\n  - {ask: goal, type: text, prompt: g?}\n"
        "  - {ask: seat, type: 'one of window, aisle', prompt: s?, depends_on: [goal]}\n"
    )
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("f")
    talk.say("Ana Lopez, window")

    assert talk.slots == {"n": "Ana Lopez"}


def test_going_back_leads_to_the_question_that_was_answered() -> None:
    talk = talk_at(SHIPPED, "Ahmed Ali, ahmed@example.com, savings", flow="create_account")
    talk.say("back")

    assert talk.step == "name"
    talk.say("Ahmed Aly")
    assert talk.step == "phone"


FACTS = {
    "name": ("I'm Ana Lopez", "my name is Ana Lopez"),
    "age": ("my age is 30", "age: 30"),
    "home": ("Spain", "my country is Spain", "home: Spain"),
    "seat": ("window", "I'd like window please", "the window"),
    "budget": ("$50", "fifty dollars", "my budget is 50"),
    "leaving": ("May 3, 2027", "leaving: 3 May 2027"),
}
VALUES: dict[str, Json] = {
    "name": "Ana Lopez",
    "age": 30,
    "home": "ES",
    "seat": "window",
    "budget": {"amount": "50.00", "currency": "USD"},
    "leaving": "2027-05-03",
}


@given(
    order=st.permutations(sorted(FACTS)),
    count=st.integers(2, 6),
    wording=st.integers(0, 5),
    joint=st.sampled_from([", ", "; ", "\n", " and "]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_the_facts_does_not_matter(
    trip: Flows, order: list[str], count: int, wording: int, joint: str
) -> None:
    told = order[:count]
    talk = talk_at(trip)
    talk.say(joint.join(FACTS[slot][wording % len(FACTS[slot])] for slot in told))

    assert talk.slots == {slot: VALUES[slot] for slot in told}
    assert talk.state.frames[0].attempts == 0


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I'm Ana Lopez, my age is 30, and I'd like the aisle", "en"),
        ("Ana Lopez; also my age is 30; plus aisle please", "en"),
        ("soy Ana Lopez, mi edad es 30, y quiero pasillo", "es"),
    ],
)
def test_what_joins_a_part_to_the_one_before_is_no_part_of_it(trip: Flows, text: str, language: str) -> None:
    talk = Talk(trip)
    talk.start("trip", language)
    talk.say(text, language=language)

    assert talk.slots == {"name": "Ana Lopez", "age": 30, "seat": "aisle"}
