"""New values without the name of their answer, names that nobody knows, and names in other languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine.model.session import Status
from tests.support.conversations import SHIPPED
from tests.support.flow_texts import flows_of, problems_of
from tests.support.talk import Talk

BANK = {"accounts.email_is_free": True, "accounts.create": {"account_number": "7"}}
CHECKING = ("Ahmed Ali", "a@example.com", "skip", "checking")
SAVINGS = ("Ahmed Ali", "a@example.com", "skip", "savings", "$100")

ORDER = """
flow: order
steps:
  - {ask: age, type: whole number 0..120, prompt: age?}
  - {ask: size, type: "one of small, large", prompt: size?}
  - {ask: day, type: date, prompt: day?}
  - {ask: wrap, type: yes or no, prompt: wrap?}
  - {ask: note, type: text, prompt: note?, optional: true}
  - {confirm: sure, review: [age, size, day, wrap, note], prompt: ok?}
  - {end: Done.}
"""


@pytest.fixture
def order(tmp_path: Path) -> Talk:
    talk = Talk(flows_of(tmp_path, ORDER))
    talk.start("order")
    return talk


def account(*answers: str, language: str = "en") -> Talk:
    talk = Talk(SHIPPED, answers=BANK)
    talk.start("create_account", language)
    for answer in answers:
        talk.say(answer, language=language)
    return talk


@pytest.mark.parametrize("words", ["no, savings", "yes, but savings", "actually savings", "sorry, I meant savings"])
def test_a_confirmation_takes_another_option(words: str) -> None:
    talk = account(*CHECKING)
    said = talk.say(words)

    assert talk.slots["account_type"] == "savings"
    assert "account type" in said[0]
    assert talk.step == "opening_deposit"


@pytest.mark.parametrize("words", ["no, ahorros", "mejor ahorros", "perdón, quise decir de ahorros"])
def test_a_confirmation_takes_another_option_in_spanish(words: str) -> None:
    talk = account(*CHECKING, language="es")
    said = talk.say(words, language="es")

    assert talk.slots["account_type"] == "savings"
    assert "tipo de cuenta" in said[0]


def test_several_new_values_come_in_one_message() -> None:
    talk = account(*SAVINGS)
    said = talk.say("no, $250 and b@example.com")

    assert talk.slots["email"] == "b@example.com"
    assert talk.slots["opening_deposit"] == {"amount": "250.00", "currency": "USD"}
    assert talk.step == "details"
    assert len([line for line in said if "chang" in line]) == 2


def test_a_new_value_that_its_check_refuses_changes_nothing() -> None:
    talk = Talk(SHIPPED, answers={**BANK, "accounts.email_is_free": [True, False]})
    talk.start("create_account")
    talk.say_all(*CHECKING)
    said = talk.say("no, taken@example.com")

    assert said[0].startswith("That address already has an account.")
    assert talk.slots["email"] == "a@example.com"
    assert talk.step == "details"


@pytest.mark.parametrize("words", ["no savings", "no", "nope", "no thanks"])
def test_a_plain_no_asks_what_to_change(words: str) -> None:
    talk = account(*CHECKING)
    talk.say(words)

    assert talk.pending == "which_to_change"
    assert talk.slots["account_type"] == "checking"


def test_what_to_change_may_be_answered_with_the_new_value() -> None:
    talk = account(*CHECKING, "no", "savings")

    assert talk.slots["account_type"] == "savings"


@pytest.mark.parametrize("words", ["tipo de cuenta", "el tipo de cuenta", "cambia el tipo de cuenta", "account type"])
def test_what_to_change_may_be_named_in_the_users_language(words: str) -> None:
    talk = account(*CHECKING, "no", words, language="es")

    assert talk.step == "account_type"


def test_answers_are_called_by_usual_words_of_the_users_language() -> None:
    talk = account(*CHECKING, language="es")

    assert talk.last.messages[0].text.startswith("Nombre: Ahmed Ali\nCorreo electrónico: a@example.com\nTipo de cuenta")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "cambia mi correo a b@example.com"), ("es", "actually my email is b@example.com")],
)
def test_a_correction_in_the_bots_other_language_is_understood(language: str, words: str) -> None:
    talk = account(*CHECKING[:2], language=language)
    talk.say(words, language=language)

    assert talk.slots["email"] == "b@example.com"
    assert talk.step == "phone"


def test_i_meant_changes_the_answer_before(order: Talk) -> None:
    order.say_all("20", "I meant 30")

    assert (order.slots, order.step) == ({"age": 30}, "size")


def test_what_the_open_question_takes_is_its_answer(order: Talk) -> None:
    order.say_all("20", "small", "no, tomorrow")

    assert order.slots["day"] == "2026-03-05"
    order.say("no, large")
    assert order.slots == {"age": 20, "size": "small", "day": "2026-03-05", "wrap": False}


def test_i_meant_goes_before_an_answer_to_a_question_that_takes_anything(order: Talk) -> None:
    order.say_all("20", "small", "tomorrow", "yes", "I meant no")

    assert order.slots["wrap"] is False
    assert "note" not in order.slots


def test_i_meant_with_words_that_fit_nothing_is_an_answer_to_a_question_that_takes_anything(order: Talk) -> None:
    order.say_all("20", "small", "tomorrow", "yes", "I meant the blue one")

    assert order.slots["note"] == "I meant the blue one"


def test_a_wish_to_change_what_has_no_such_name_offers_what_there_is(order: Talk) -> None:
    order.say_all("20", "small")
    said = order.say("I'd like to change my adress")

    assert order.last.messages[0].options == ("age", "size")
    assert "age or size" in said[0]
    assert order.say("size") == ["size?"]


def test_an_answer_to_the_open_question_may_follow_instead(order: Talk) -> None:
    order.say_all("20", "small", "change my adress", "tomorrow")

    assert order.slots["day"] == "2026-03-05"


def test_a_new_value_may_follow_where_nothing_was_named(order: Talk) -> None:
    order.say_all("20", "small", "change my adress", "large")

    assert order.slots["size"] == "large"


CALLED = """
flow: f
steps:
  - ask: kind
    type: one of a4, letter
    called: {en: [sort of paper, paper], es: clase de papel}
    prompt: kind?
  - {repeat: things, called: the list, steps: [{ask: thing, type: text, prompt: thing?}]}
  - {confirm: sure, review: [kind, things], prompt: ok?}
"""


def test_an_author_says_what_an_answer_is_called(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, "bot: b\nlanguages: [en, es]", CALLED))
    talk.start("f")
    talk.say_all("a4", "x", "no")

    assert talk.last.messages[0].text == "Sort of paper: a4\nThe list: x"
    assert talk.say("cambia mi clase de papel a letter", language="es")[0].endswith('"clase de papel".')
    assert talk.say("change the paper", language="en") == ["kind?"]
    assert talk.status is Status.ACTIVE


def test_a_name_that_is_missing_in_a_language_is_reported(tmp_path: Path) -> None:
    texts = ("bot: b\nlanguages: [en, es]", CALLED.replace(", es: clase de papel", ""))

    assert any("es" in problem for problem in problems_of(tmp_path, *texts))


BELOW = """
flow: f
steps:
  - {ask: email, type: email, prompt: email?}
  - {ask: b, type: text, prompt: b?, depends_on: [email]}
  - {run: g, name: inner, goto: c}
  - {say: never}
  - {ask: c, type: text, prompt: c?}
"""
INSIDE = "flow: g\nsteps:\n  - {ask: p, type: text, prompt: p?}\n  - {ask: q, type: whole number, prompt: q?}"


def test_a_flow_that_has_run_is_not_run_again_after_a_correction_below_it(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, BELOW, INSIDE))
    talk.start("f")
    talk.say_all("a@example.com", "2", "3", "actually my email is c@example.com")

    assert talk.say("4") == ["b?"]
    assert talk.say("5") == ["c?"]
    assert talk.slots == {"email": "c@example.com", "b": "5", "p": "3", "q": 4}


@pytest.mark.parametrize(
    "words", ["put my shoes on", "make it rhyme", "let's say hello", "it should be fun", "que sea corto"]
)
def test_words_that_may_be_an_answer_are_one(tmp_path: Path, words: str) -> None:
    steps = "".join(f"  - {{ask: {slot}, type: text, prompt: {slot}?}}\n" for slot in ("one", "two", "three"))
    flow = f"flow: f\nsteps:\n{steps}"
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("f")
    talk.say_all("first", words)

    assert talk.slots == {"one": "first", "two": words}


@pytest.mark.parametrize("words", ["make it 30", "put 30", "it should be 30", "let's say 30"])
def test_a_figure_for_the_answer_before_changes_it(tmp_path: Path, words: str) -> None:
    flow = (
        "flow: f\nsteps:\n  - {ask: age, type: whole number, prompt: age?}\n  - {ask: two, type: text, prompt: two?}\n"
    )
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("f")
    talk.say_all("20", words)

    assert talk.slots == {"age": 30}


def test_what_was_wrong_is_put_right_by_the_value_alone(tmp_path: Path) -> None:
    flow = (
        "flow: f\nsteps:\n  - {ask: age, type: whole number, prompt: age?}\n  - {ask: two, type: text, prompt: two?}\n"
    )
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("f")
    talk.say_all("20", "that's wrong, it should be 25")

    assert talk.slots == {"age": 25}
