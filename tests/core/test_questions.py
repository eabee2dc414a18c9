"""One question: skipped, filled beforehand, refused by a check, asked again, given up."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine.model.session import Status
from fsm_engine.model.turn import ActionResult
from tests.support.flow_texts import flows_of
from tests.support.talk import Talk


def talk_of(tmp_path: Path, steps: str, *others: str, **answers: object) -> Talk:
    talk = Talk(flows_of(tmp_path, f"flow: f\nsteps:\n{steps}", *others), answers=answers)
    talk.start("f")
    return talk


OPTIONAL = """
  - {ask: a, type: text, prompt: a?, optional: true}
  - {ask: b, type: text, prompt: b?}
"""


def test_an_optional_question_can_be_skipped(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, OPTIONAL)

    assert talk.say("skip") == ["b?"]
    assert talk.slots == {}
    assert talk.state.frames[0].skipped == ("a",)


def test_a_question_that_must_be_answered_cannot_be_skipped(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, OPTIONAL)
    talk.say("x")

    assert talk.say("skip") == ["I am sorry, I need an answer to this one to go on.", "b?"]


def test_a_skipped_question_takes_its_default(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, "  - {ask: n, type: whole number, prompt: n?, optional: true, default: 7}")
    talk.say("skip")

    assert talk.slots == {"n": 7}
    assert talk.state.frames[0].skipped == ()


PREFILL = """
  - {ask: name, type: text, prompt: name?}
  - {ask: nick, type: text, prompt: nick?, prefill: lower(name)}
  - {ask: end, type: text, prompt: end?}
"""


def test_a_prefilled_question_is_not_asked(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, PREFILL)

    assert talk.say("ANA") == ["end?"]
    assert talk.slots == {"name": "ANA", "nick": "ana"}


def test_a_prefill_without_a_value_leaves_the_question_to_be_asked(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, PREFILL.replace("type: text, prompt: name?", "type: text, optional: true, prompt: name?"))

    assert talk.say("skip") == ["nick?"]


def test_a_prefilled_answer_that_the_user_wants_to_change_is_asked_for(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, PREFILL)
    talk.say("ANA")

    assert talk.say("change my nick") == ["nick?"]
    assert talk.say("Nan") == ["end?"]
    assert talk.slots == {"name": "ANA", "nick": "Nan"}


def test_a_prefilled_answer_follows_the_answer_it_was_made_from_when_that_is_corrected(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, PREFILL)
    talk.say_all("ANA", "actually my name is BEN")

    assert talk.slots == {"name": "BEN", "nick": "ben"}


def test_a_prefilled_answer_follows_the_answer_it_was_made_from_when_the_user_goes_back(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, PREFILL)
    talk.say_all("ANA", "back", "BEN")

    assert talk.slots == {"name": "BEN", "nick": "ben"}


@pytest.mark.parametrize(
    ("kind", "expression", "value"),
    [
        ("money", "price", {"amount": "20", "currency": "USD"}),
        ("date", "due", "2026-03-10"),
        ("date", "due + 7", "2026-03-17"),
        ("number", "count(tags)", 2),
        ("number", "size / 4", 0.5),
        ("number", "size * 10000000000 * 10000000000", 2e20),
        ("list of text", "tags", ["x", "y"]),
        ("list of number", "[size, 3]", [2, 3]),
        ("yes or no", "size > 1", True),
    ],
)
def test_a_prefill_keeps_the_value_as_its_slot_would_have_it(
    tmp_path: Path, kind: str, expression: str, value: object
) -> None:
    steps = f"""
  - {{ask: price, type: money, prompt: price?}}
  - {{ask: due, type: date, prompt: due?}}
  - {{ask: size, type: whole number, prompt: size?}}
  - {{ask: tags, type: list of text, prompt: tags?}}
  - {{ask: copy, type: {kind}, prompt: copy?, prefill: "{expression}"}}
"""
    talk = Talk(flows_of(tmp_path, f"flow: f\nsteps:\n{steps}"))
    talk.start("f", price={"amount": "20", "currency": "USD"}, due="2026-03-10", size=2, tags=["x", "y"])

    assert talk.slots["copy"] == value


MUST = """
  - {ask: low, type: whole number, prompt: low?}
  - ask: high
    type: whole number
    prompt: high?
    checks:
      - {must: high > low, error: "It must be more than {low}."}
      - {must: high < 100, error: Too much.}
"""


def test_an_answer_that_a_check_refuses_is_not_stored(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, MUST)
    talk.say("5")

    assert talk.say("4") == ["It must be more than 5."]
    assert talk.say("200") == ["Too much."]
    assert talk.slots == {"low": 5}
    talk.say("6")
    assert talk.slots == {"low": 5, "high": 6}


def test_answers_that_checks_refuse_count_as_attempts(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, MUST)
    talk.say_all("5", "4", "3")

    assert talk.say("2") == ["I am sorry, I cannot work this out. I am passing you on to a person who can help."]
    assert talk.status is Status.HANDED_OFF


CALL = """
  - ask: email
    type: email
    prompt: email?
    checks: [{call: is_free, error: It is taken.}]
"""


def test_a_registered_check_sees_the_answer_and_refuses_with_anything_but_true(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, CALL, is_free=[False, "yes", 1, True])

    assert talk.say("a@example.com") == ["It is taken."]
    assert talk.say("b@example.com") == ["It is taken."]
    assert talk.calls[0] == ("is_free", {"email": "a@example.com"})
    assert talk.slots == {}


def test_a_check_that_cannot_be_asked_says_so_and_not_that_the_answer_is_wrong(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, CALL, is_free=[ActionResult(ok=False, error="timeout"), True])

    assert talk.say("a@example.com") == ["I cannot check that at the moment. Please try again in a little while."]
    talk.say("a@example.com")
    assert talk.slots == {"email": "a@example.com"}


AGAIN = """
  - ask: n
    type: whole number 1..9
    prompt: n?
    help: Any of nine numbers.
    attempts: {attempts}
    again: [One to nine., Please.]
    give_up: {give_up}
  - {{ask: m, type: text, prompt: m?}}
  - {{ask: last, type: text, prompt: last?}}
"""


def test_reasks_come_in_their_order_and_the_last_one_repeats(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, AGAIN.format(attempts=4, give_up="handoff"))

    assert [talk.say("x")[0] for _ in range(3)] == ["One to nine.", "Please.", "Please."]
    assert talk.say("x") == ["I am sorry, I cannot work this out. I am passing you on to a person who can help."]


def test_an_answer_that_fits_makes_the_attempts_count_from_the_start(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, AGAIN.format(attempts=2, give_up="handoff"))
    talk.say_all("x", "5")

    assert talk.state.frames[0].attempts == 0
    assert talk.last.answers[0].attempts == 2


def test_one_attempt_means_that_there_is_no_second(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, AGAIN.format(attempts=1, give_up="cancel"))

    assert "I have to stop here" in talk.say("x")[0]
    assert talk.status is Status.CANCELLED


def test_giving_up_by_skipping_goes_on_without_the_answer(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, AGAIN.format(attempts=1, give_up="skip"))

    assert talk.say("x") == ["m?"]
    assert talk.slots == {}


def test_giving_up_with_goto_goes_on_there(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, AGAIN.format(attempts=1, give_up="goto last"))

    assert talk.say("x") == ["last?"]


def test_without_reasks_of_its_own_a_question_says_the_reason_and_then_its_help(tmp_path: Path) -> None:
    steps = AGAIN.format(attempts=4, give_up="handoff").replace("    again: [One to nine., Please.]\n", "")
    talk = talk_of(tmp_path, steps)

    assert talk.say("12") == ["That is too high. It should be at most 9.", "n?"]
    assert talk.say("12") == ["That is too high. It should be at most 9.", "Any of nine numbers.", "n?"]


WHICH = """
  - {ask: pet, type: "one of big dog, small dog, cat", prompt: pet?}
  - {ask: end, type: text, prompt: end?}
"""


@pytest.mark.parametrize(("words", "pet"), [("the small one", "small dog"), ("1", "big dog"), ("2", "small dog")])
def test_where_two_values_fit_the_user_chooses(tmp_path: Path, words: str, pet: str) -> None:
    talk = talk_of(tmp_path, WHICH)

    assert "big dog" in talk.say("a dog")[0]
    assert talk.last.expects is not None
    assert talk.last.expects.options == ("big dog", "small dog")
    talk.say(words)
    assert talk.slots == {"pet": pet}


def test_other_words_at_which_one_are_read_as_a_new_answer(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, WHICH)
    talk.say_all("a dog", "cat")

    assert talk.slots == {"pet": "cat"}


def test_help_at_which_one_asks_the_question_again(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, WHICH)
    talk.say("a dog")

    assert talk.say("help")[-1] == "pet?"
    assert talk.pending is None


def test_a_bots_own_reading_is_taken_for_the_open_question(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, "  - {ask: n, type: whole number, prompt: n?}\n  - {ask: m, type: money, prompt: m?}")
    talk.say("what my model has read", entities={"n": 4})
    talk.say("this too", entities={"m": {"amount": "20", "currency": "USD"}})

    assert talk.slots == {"n": 4, "m": {"amount": "20.00", "currency": "USD"}}


def test_a_bots_own_reading_that_does_not_fit_is_asked_for_again(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, "  - {ask: n, type: whole number 1..9, prompt: n?}")

    assert talk.say("five", entities={"n": [1, {"x": None}]})[-1] == "n?"
    assert talk.slots == {}


def test_questions_say_what_answer_they_await(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, WHICH + "  - {confirm: c, review: [pet], prompt: ok?}")
    assert talk.last.expects is not None
    first = talk.last.expects
    talk.say_all("cat", "x")

    assert (first.kind, first.slot, first.options) == ("one of", "pet", ("big dog", "small dog", "cat"))
    assert talk.last.expects.options == ("yes", "no")
    talk.say("yes")
    assert talk.last.expects is None


DO = """
  - {ask: a, type: text, prompt: a?}
  - {do: make, send: [a], save_as: made, give_up: GIVE_UP}
  - {ask: b, type: text, prompt: "{made} b?"}
  - {end: Made.}
"""


def test_an_action_gets_what_is_sent_and_its_value_is_kept(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, DO.replace("GIVE_UP", "handoff"), make="12")

    assert talk.say("x") == ["12 b?"]
    assert talk.calls == [("make", {"a": "x"})]


def test_of_a_record_that_an_action_returns_the_part_of_the_slots_name_is_kept(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, DO.replace("GIVE_UP", "handoff"), make={"made": 7, "other": 8})
    talk.say("x")

    assert talk.slots["made"] == 7


@pytest.mark.parametrize(
    ("give_up", "step", "status"),
    [
        ("handoff", "make", Status.HANDED_OFF),
        ("cancel", "make", Status.CANCELLED),
        ("skip", "b", Status.ACTIVE),
        ("goto b", "b", Status.ACTIVE),
    ],
)
def test_an_action_that_fails_says_so_and_gives_up_as_the_flow_says(
    tmp_path: Path, give_up: str, step: str, status: Status
) -> None:
    talk = talk_of(tmp_path, DO.replace("GIVE_UP", give_up), make=ActionResult(ok=False, error="exception"))

    assert talk.say("x")[0] == "I am sorry, that did not work."
    assert (talk.step, talk.status) == (step, status)


def test_going_back_after_an_action_does_not_run_it_before_its_question_is_answered(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, DO.replace("GIVE_UP", "skip"), make=ActionResult(ok=False, error="exception"))
    talk.say("x")

    assert talk.say("back")[-1] == "a?"
    assert len(talk.calls) == 1


def test_an_action_whose_end_is_unknown_is_not_said_to_have_failed(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, DO.replace("GIVE_UP", "skip"), make=ActionResult(ok=False, error="unknown"))

    assert "I am not sure whether that went through" in talk.say("x")[0]


def test_each_visit_of_an_action_has_a_key_of_its_own(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, DO.replace("GIVE_UP", "skip"), make="1")
    talk.say_all("x", "restart", "yes", "y", "back", "back")
    talk.say_all("z", "w")

    assert len(talk.calls) == 3
    assert len(set(talk.keys)) == len(talk.keys)


def test_from_the_third_miss_on_a_person_is_offered(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, AGAIN.format(attempts=5, give_up="handoff"))
    talk.say_all("x", "x")

    assert "human" not in " ".join(message.text for message in talk.last.messages)
    talk.say("x")
    assert 'Say "human"' in talk.last.messages[-1].text
    talk.say("human")
    assert talk.status is Status.HANDED_OFF


@pytest.mark.parametrize("words", ["back", "skip", "repeat", "start over"])
def test_without_an_open_question_the_bot_says_what_it_can_do(tmp_path: Path, words: str) -> None:
    talk = Talk(
        flows_of(
            tmp_path,
            "flow: f\nsteps:\n  - {ask: name, type: text, prompt: name?}\n",
            "bot: b\nopening: Hello! I can ask for a name.",
        )
    )
    talk.say("hm")

    assert talk.say(words) == ["Hello! I can ask for a name."]
