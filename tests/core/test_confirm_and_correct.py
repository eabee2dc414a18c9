"""Confirming, correcting, going back, cancelling, starting again."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine.model.session import Status
from fsm_engine.model.turn import ActionResult
from tests.support.flow_texts import asking, flows_of
from tests.support.talk import Talk

ORDER = """
flow: order
title: your order
steps:
  - {ask: size, type: "one of small, large", prompt: size?}
  - {ask: extra, type: text, prompt: "extra for {size}?", optional: true}
  - {ask: colour, type: text, prompt: colour?}
  - {ask: deposit, type: whole number, prompt: deposit?, when: size == "large"}
  - confirm: sure
    review: [size, extra, colour, deposit]
    prompt: ok?
  - {end: Done.}
"""


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    talk = Talk(flows_of(tmp_path, ORDER))
    talk.start("order")
    return talk


def removed(talk: Talk) -> list[str]:
    return [answer.slot for answer in talk.last.answers if answer.is_removed]


def test_a_confirmation_shows_the_answers_that_there_are(talk: Talk) -> None:
    talk.say_all("small", "skip", "red")

    assert [message.text for message in talk.last.messages] == ["Size: small\nColour: red", "ok?"]


def test_yes_goes_on(talk: Talk) -> None:
    assert talk.say_all("small", "skip", "red", "yes") == ["Done."]
    assert talk.status is Status.COMPLETED


def test_no_asks_what_to_change_and_offers_what_was_answered(talk: Talk) -> None:
    talk.say_all("small", "skip", "red", "no")

    assert talk.last.messages[0].options == ("size", "extra", "colour")
    assert talk.last.expects is not None
    assert talk.last.expects.options == ("size", "extra", "colour")
    assert talk.say("colour") == ["colour?"]
    assert talk.say("blue")[-1] == "ok?"
    assert talk.slots == {"size": "small", "colour": "blue"}


def test_no_with_the_new_value_changes_it(talk: Talk) -> None:
    talk.say_all("small", "skip", "red")
    said = talk.say("no, my colour is blue")

    assert talk.slots["colour"] == "blue"
    assert said[-1] == "ok?"


def test_nothing_to_change_after_all_goes_back_to_the_confirmation(talk: Talk) -> None:
    talk.say_all("small", "skip", "red", "no")

    assert talk.say("no")[-1] == "ok?"
    assert talk.say("yes") == ["Done."]


def test_unclear_answers_are_asked_again_and_then_given_up(talk: Talk) -> None:
    talk.say_all("small", "skip", "red")

    assert talk.say("maybe")[-1] == "ok?"
    assert talk.say("hm")[-1] == "ok?"
    talk.say("dunno")
    assert talk.status is Status.HANDED_OFF


def test_a_correction_asks_again_what_depends_on_it_and_nothing_else(talk: Talk) -> None:
    talk.say_all("small", "cheese", "red")
    said = talk.say("change my size to large")

    assert said[-1] == "extra for large?"
    assert removed(talk) == ["extra"]
    assert talk.say("cheese") == ["deposit?"]
    assert talk.say("50")[-1] == "ok?"
    assert talk.slots == {"size": "large", "extra": "cheese", "colour": "red", "deposit": 50}


def test_a_correction_takes_back_answers_to_questions_that_no_longer_apply(talk: Talk) -> None:
    talk.say_all("large", "skip", "red", "50")
    talk.say("change my size to small")

    assert "deposit" in removed(talk)
    talk.say("skip")
    assert talk.step == "sure"
    assert talk.slots == {"size": "small", "colour": "red"}


def test_a_correction_on_the_way_returns_to_the_open_question(talk: Talk) -> None:
    talk.say_all("small", "cheese")

    assert talk.say("actually my extra is ham")[-1] == "colour?"
    assert talk.slots == {"size": "small", "extra": "ham"}


def test_a_correction_without_a_value_asks_the_question(talk: Talk) -> None:
    talk.say_all("small", "cheese")

    assert talk.say("change my extra") == ["extra for small?"]
    assert talk.say("ham") == ["colour?"]


def test_a_correction_of_an_answer_that_was_not_given_is_no_correction(talk: Talk) -> None:
    talk.say("small")
    talk.say("actually my colour is blue")

    assert "colour" not in talk.slots


def test_a_correction_whose_value_does_not_fit_asks_the_question(talk: Talk) -> None:
    talk.say_all("small", "cheese")

    assert talk.say("change my size to seventeen") == ["size?"]
    assert "size" not in talk.slots


def test_a_correction_that_a_check_refuses_says_why_and_asks(tmp_path: Path) -> None:
    flow = """
flow: f
steps:
  - {ask: age, type: whole number, prompt: age?, checks: [{must: age > 17, error: Too young.}]}
  - {ask: name, type: text, prompt: name?}
"""
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("f")
    talk.say("20")

    assert talk.say("change my age to 12") == ["Too young.", "age?"]
    assert talk.say("30") == ["name?"]


def test_i_made_a_mistake_offers_every_answer(talk: Talk) -> None:
    talk.say_all("small", "cheese", "I made a mistake")

    assert talk.last.messages[0].options == ("size", "extra")
    assert talk.say("the first one") == ["size?"]


def test_help_while_choosing_what_to_change_goes_back_to_the_question(talk: Talk) -> None:
    talk.say_all("small", "cheese", "I made a mistake")

    assert talk.say("help")[-1] == "colour?"
    assert talk.pending is None


SAYS = """
flow: f
steps:
  - {ask: a, type: text, prompt: a?}
  - {say: "Noted {a}."}
  - {do: book, send: [a], save_as: booked}
  - {ask: b, type: text, prompt: b?}
  - {say: Nearly there.}
  - {ask: c, type: text, prompt: c?}
"""


def test_on_the_way_back_from_a_correction_nothing_is_said_or_done_twice(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, SAYS), answers={"book": "1"})
    talk.start("f")
    talk.say_all("x", "y")
    said = talk.say("change my a to z")

    assert said[-1] == "c?"
    assert not {"Noted z.", "Nearly there."} & set(said)
    assert len(talk.calls) == 1


def test_what_lies_ahead_is_said_again_after_a_correction(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, SAYS), answers={"book": "1"})
    talk.start("f")

    talk.say("x")
    talk.say("change my a to z")
    assert talk.say("y") == ["Nearly there.", "c?"]


BRANCH = """
flow: f
steps:
  - {ask: kind, type: "one of car, bike", prompt: kind?}
  - choose:
      - {when: kind == "bike", goto: bell}
      - {otherwise: , goto: doors}
  - {ask: doors, type: whole number, prompt: doors?, goto: last}
  - {ask: bell, type: yes or no, prompt: bell?}
  - {say: A bike.}
  - {ask: last, type: text, prompt: last?}
  - {say: "Noted."}
  - {ask: again, type: "one of once, twice", prompt: again?}
  - choose:
      - {when: again == "twice", goto: last}
  - {confirm: sure, review: [kind], prompt: ok?}
"""


def test_a_correction_that_leads_round_the_open_question_goes_on_speaking(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, BRANCH))
    talk.start("f")
    talk.say("car")

    assert talk.say("change my kind to bike")[-1] == "bell?"
    assert talk.say("yes") == ["A bike.", "last?"]
    assert talk.say("x") == ["Noted.", "again?"]
    assert talk.say("twice") == ["last?"]
    assert talk.say("x") == ["Noted.", "again?"]


def test_back_asks_the_question_before(talk: Talk) -> None:
    talk.say_all("small", "cheese")

    assert talk.say("back")[-1] == "extra for small?"
    assert talk.say("back")[-1] == "size?"
    assert talk.slots == {}
    assert talk.say("back")[-1] == "size?"


def test_back_passes_over_what_the_bot_says_and_does(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, SAYS), answers={"book": "1"})
    talk.start("f")
    talk.say_all("x", "y")

    assert talk.say("back")[-1] == "b?"
    assert talk.say("back")[-1] == "a?"
    assert len(talk.calls) == 1


def test_back_reaches_a_question_that_was_skipped(talk: Talk) -> None:
    talk.say_all("small", "skip")

    assert talk.say("back")[-1] == "extra for small?"
    assert talk.say("ham") == ["colour?"]


def test_back_reaches_a_confirmation(tmp_path: Path) -> None:
    flow = ORDER.replace("  - {end: Done.}", "  - {ask: more, type: text, prompt: more?}")
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("order")
    talk.say_all("small", "skip", "red", "yes")

    assert talk.say("back")[-1] == "ok?"
    assert talk.say("yes") == ["more?"]


def test_cancel_asks_first_where_answers_would_be_lost(talk: Talk) -> None:
    talk.say("small")

    assert "your order" in talk.say("cancel")[0]
    assert talk.last.expects is not None
    assert talk.last.expects.kind == "yes or no"
    assert talk.say("no")[-1] == "extra for small?"
    talk.say("cancel")
    talk.say("yes")
    assert talk.status is Status.CANCELLED


def test_cancel_without_an_answer_to_lose_is_done_at_once(talk: Talk) -> None:
    talk.say("cancel")

    assert talk.status is Status.CANCELLED


def test_other_words_at_really_cancel_are_an_answer_to_the_open_question(talk: Talk) -> None:
    talk.say_all("small", "cancel", "ham")

    assert talk.slots == {"size": "small", "extra": "ham"}


def test_cancel_before_anything_has_begun_says_so(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, ORDER))

    assert talk.say("cancel") == ["There is nothing to cancel at the moment."]


def test_restart_is_asked_back_before_answers_are_lost(talk: Talk) -> None:
    talk.say_all("small", "ham")

    assert "your order" in talk.say("start over")[0]
    assert talk.last.expects is not None
    assert talk.last.expects.options == ("yes", "no")
    assert talk.say("no")[-1] == "colour?"
    assert talk.slots == {"size": "small", "extra": "ham"}


def test_restart_without_answers_is_not_asked_back(talk: Talk) -> None:
    assert talk.say("start over")[-1] == "size?"
    assert talk.pending is None


def test_restart_asks_everything_again(talk: Talk) -> None:
    talk.say_all("small", "ham", "start over")
    said = talk.say("yes")

    assert said[-1] == "size?"
    assert talk.slots == {}
    assert removed(talk) == ["size", "extra"]


def test_a_person_is_one_word_away(talk: Talk) -> None:
    talk.say("human")

    assert talk.status is Status.HANDED_OFF
    assert talk.last.expects is None


def test_what_have_i_said_shows_the_answers(talk: Talk) -> None:
    assert talk.say("what have I said?") == ["You have not told me anything yet.", "size?"]
    talk.say("small")

    assert "Size: small" in talk.say("what have I said?")[0]


def test_repeat_asks_the_open_question_again(talk: Talk) -> None:
    talk.say("small")

    assert talk.say("repeat") == ["extra for small?"]


def test_words_that_the_bot_file_leaves_out_are_answers(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, asking("a", "b"), "bot: x\nanytime: [help]"))
    talk.start("f")
    talk.say_all("cancel", "back")

    assert talk.status is Status.COMPLETED


def test_what_have_i_said_cannot_be_left_out(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, asking("a"), "bot: x\nanytime: [help]"))
    talk.start("f")

    assert talk.say("what have I said?")[-1] == "a?"


def test_a_check_is_asked_again_for_a_corrected_answer(tmp_path: Path) -> None:
    flow = """
flow: f
steps:
  - {ask: mail, type: email, prompt: mail?, checks: [{call: is_free, error: Taken.}]}
  - {ask: b, type: text, prompt: b?}
"""
    talk = Talk(flows_of(tmp_path, flow), answers={"is_free": [True, ActionResult(ok=False), True]})
    talk.start("f")
    talk.say("a@example.com")

    assert talk.say("actually my mail is b@example.com") == [
        "I cannot check that at the moment. Please try again in a little while.",
        "mail?",
    ]
    assert talk.say("b@example.com") == ["b?"]


REVIEW = """
flow: review
steps:
  - {ask: name, type: person name, prompt: name?}
  - {ask: phone, type: phone US, prompt: phone?}
  - {ask: size, type: "one of small, large", prompt: size?}
  - {ask: deposit, type: money USD, prompt: deposit?}
  - {confirm: sure, review: [name, phone, size, deposit], prompt: sure?}
"""


@pytest.mark.parametrize(
    ("words", "slot", "value"),
    [
        ("202-555-0199", "phone", "+12025550199"),
        ("large", "size", "large"),
        ("large instead", "size", "large"),
        ("hmm, actually 50", "deposit", {"amount": "50.00", "currency": "USD"}),
        ("50 instead", "deposit", {"amount": "50.00", "currency": "USD"}),
        ("on second thought, 50", "deposit", {"amount": "50.00", "currency": "USD"}),
        ("$70", "deposit", {"amount": "70.00", "currency": "USD"}),
    ],
)
def test_a_new_value_at_the_review_is_taken(tmp_path: Path, words: str, slot: str, value: object) -> None:
    talk = Talk(flows_of(tmp_path, REVIEW))
    talk.start("review")
    talk.say_all("Ana Lopez", "2025550143", "small", "30 dollars")

    talk.say(words)

    assert talk.slots[slot] == value
    assert talk.step == "sure"


@pytest.mark.parametrize(("words", "step"), [("the name", "name"), ("name", "name"), ("deposit", "deposit")])
def test_the_name_of_an_answer_at_the_review_asks_for_it(tmp_path: Path, words: str, step: str) -> None:
    talk = Talk(flows_of(tmp_path, REVIEW))
    talk.start("review")
    talk.say_all("Ana Lopez", "2025550143", "small", "30 dollars")

    talk.say(words)

    assert talk.step == step


@pytest.mark.parametrize("words", ["maybe", "what is that", "50 people told me so", "Bob"])
def test_other_words_at_the_review_change_nothing(tmp_path: Path, words: str) -> None:
    talk = Talk(flows_of(tmp_path, REVIEW))
    talk.start("review")
    talk.say_all("Ana Lopez", "2025550143", "small", "30 dollars")
    before = dict(talk.slots)

    talk.say(words)

    assert (talk.slots, talk.step) == (before, "sure")


def test_a_question_about_an_answer_at_the_review_takes_nothing_back(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, REVIEW))
    talk.start("review")
    talk.say_all("Ana Lopez", "2025550143", "small", "30 dollars")

    talk.say("what size?")

    assert (talk.step, talk.slots["size"]) == ("sure", "small")


@pytest.mark.parametrize("word", ["cancel", "start over"])
def test_a_doubt_about_stopping_is_no_answer_to_the_review(tmp_path: Path, word: str) -> None:
    talk = Talk(flows_of(tmp_path, REVIEW))
    talk.start("review")
    talk.say_all("Ana Lopez", "2025550143", "small", "30 dollars")
    asked = talk.say(word)

    assert len(talk.say("hmm, maybe")) == len(asked) == 1
    assert talk.state.pending is not None
    talk.say("no")
    assert (talk.step, talk.status, talk.state.pending) == ("sure", Status.ACTIVE, None)
    assert talk.slots["name"] == "Ana Lopez"


def test_two_answers_that_are_named_at_the_review_are_offered(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, REVIEW))
    talk.start("review")
    talk.say_all("Ana Lopez", "2025550143", "small", "30 dollars", "change name and phone")

    assert talk.last.expects is not None
    assert talk.last.expects.options == ("name", "phone")
    talk.say("phone")
    assert talk.step == "phone"


def test_never_mind_before_a_yes_is_a_yes(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, REVIEW))
    talk.start("review")
    talk.say_all("Ana Lopez", "2025550143", "small", "30 dollars", "never mind, looks good")

    assert talk.status is Status.COMPLETED
