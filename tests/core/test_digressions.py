"""Other flows, and questions to the bot, in the middle of a flow."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine.core.flows import Flows
from fsm_engine.core.walk import MAX_FRAMES
from fsm_engine.model.session import Status
from fsm_engine.model.turn import IntentGuess
from tests.support.flow_texts import flows_of
from tests.support.talk import Talk

BOT = """
bot: b
digressions:
  - {say: Only we can see it., phrases: [who can see this, is this private]}
  - {run: help_me, phrases: [explain all this]}
"""
ACCOUNT = """
flow: account
title: opening an account
start: {phrases: [open an account]}
steps:
  - {ask: name, type: text, prompt: name?}
  - {ask: age, type: whole number, prompt: age?}
"""
GOALS = """
flow: goals
title: setting a goal
start: {phrases: [set a goal]}
steps:
  - {ask: goal, type: text, prompt: goal?}
  - {run: details}
"""
DETAILS = "flow: details\nsteps:\n  - {ask: day, type: text, prompt: day?}"
HELP = "flow: help_me\ntitle: an explanation\nsteps:\n  - {ask: topic, type: text, prompt: topic?}"


@pytest.fixture
def flows(tmp_path: Path) -> Flows:
    return flows_of(tmp_path, BOT, ACCOUNT, GOALS, DETAILS, HELP)


@pytest.fixture
def talk(flows: Flows) -> Talk:
    talk = Talk(flows)
    talk.start("account")
    talk.say("Ana")
    return talk


def stack(talk: Talk) -> list[str]:
    return [frame.flow for frame in talk.state.frames]


def test_a_question_to_the_bot_is_answered_and_the_open_question_asked_again(talk: Talk) -> None:
    assert talk.say("who can see this?") == ["Only we can see it.", "age?"]
    assert talk.last.intent is not None
    assert talk.last.intent.name == "digression:0"


def test_another_flow_runs_on_top_and_a_bridge_leads_back(talk: Talk) -> None:
    assert talk.say("set a goal") == ["goal?"]
    assert stack(talk) == ["account", "goals"]
    assert talk.say("run") == ["day?"]
    assert stack(talk) == ["account", "goals", "details"]
    said = talk.say("Monday")
    assert len(said) == 2
    assert said[1] == "age?"
    assert talk.slots == {"name": "Ana"}


def test_attempts_at_the_open_question_are_kept_while_another_flow_runs(talk: Talk) -> None:
    talk.say("x")
    talk.say_all("set a goal", "run", "Monday")

    assert talk.state.frames[0].attempts == 1


def test_a_flow_does_not_interrupt_itself(talk: Talk) -> None:
    talk.say_all("set a goal", "set a goal")

    assert stack(talk) == ["account", "goals", "details"]


def test_a_flow_that_the_bot_file_runs_does_not_interrupt_itself(talk: Talk) -> None:
    assert talk.say("explain all this") == ["topic?"]
    talk.say("explain all this")

    assert stack(talk) == ["account"]


def test_cancelling_the_flow_in_between_goes_back(talk: Talk) -> None:
    talk.say("set a goal")

    assert talk.say_all("cancel", "yes")[-1] == "age?"
    assert (stack(talk), talk.status) == (["account"], Status.ACTIVE)


def test_cancelling_inside_what_the_flow_in_between_runs_goes_back_too(talk: Talk) -> None:
    talk.say_all("set a goal", "run")

    assert "setting a goal" in talk.say("cancel")[0]
    assert talk.say("yes")[-1] == "age?"
    assert (stack(talk), talk.status) == (["account"], Status.ACTIVE)


def test_the_flow_in_between_ends_with_the_session_when_a_person_takes_over(talk: Talk) -> None:
    talk.say_all("set a goal", "human")

    assert talk.status is Status.HANDED_OFF


def test_starting_again_begins_the_first_flow(talk: Talk) -> None:
    said = talk.say_all("set a goal", "start over", "yes")

    assert said[-1] == "name?"
    assert (stack(talk), talk.slots) == (["account"], {})


def test_a_deep_stack_is_not_made_deeper(tmp_path: Path) -> None:
    flows = flows_of(
        tmp_path,
        *(
            f"flow: f{number}\nstart: {{phrases: [go to level{number}]}}\n"
            f"steps: [{{ask: s{number}, type: whole number, prompt: s{number}?}}]"
            for number in range(MAX_FRAMES + 1)
        ),
    )
    talk = Talk(flows)
    talk.start("f0")
    for number in range(1, MAX_FRAMES):
        talk.say("x", intents=(IntentGuess(f"f{number}", 1.0),))
    said = talk.say("x", intents=(IntentGuess(f"f{MAX_FRAMES}", 1.0),))

    assert len(talk.state.frames) == MAX_FRAMES
    assert "finish this first" in said[0]
    assert said[1] == f"s{MAX_FRAMES - 1}?"


def test_where_two_intents_fit_the_user_chooses(talk: Talk) -> None:
    said = talk.say("hm", intents=(IntentGuess("goals", 0.9), IntentGuess("digression:0", 0.88)))

    assert "setting a goal" in said[0]
    assert talk.last.messages[0].options == ("setting a goal", "who can see this")
    assert talk.last.expects is not None
    assert talk.last.expects.options == ("setting a goal", "who can see this")
    assert talk.say("setting a goal") == ["goal?"]


def test_the_second_of_two_intents_can_be_chosen(talk: Talk) -> None:
    talk.say("hm", intents=(IntentGuess("goals", 0.9), IntentGuess("digression:0", 0.88)))

    assert talk.say("the second") == ["Only we can see it.", "age?"]


def test_other_words_at_which_flow_are_an_answer(talk: Talk) -> None:
    talk.say("hm", intents=(IntentGuess("goals", 0.9), IntentGuess("digression:0", 0.88)))
    talk.say("41")

    assert talk.slots["age"] == 41


def test_a_question_to_the_bot_before_any_flow_is_answered(flows: Flows) -> None:
    talk = Talk(flows)

    assert talk.say("is this private?") == ["Only we can see it."]
    assert stack(talk) == []


def test_the_first_words_can_start_a_flow(flows: Flows) -> None:
    assert Talk(flows).say("open an account") == ["name?"]


def test_a_session_that_comes_back_is_offered_to_go_on(talk: Talk) -> None:
    said = talk.come_back("hello")

    assert "opening an account" in said[0]
    assert talk.last.messages[1].options == ("Go on", "Start again")
    assert talk.last.expects is not None
    assert talk.last.expects.options == ("Go on", "Start again")


@pytest.mark.parametrize("words", ["go on", "continue", "yes", "1"])
def test_going_on_asks_the_open_question(talk: Talk, words: str) -> None:
    talk.come_back("hello")

    assert talk.say(words) == ["age?"]
    assert talk.slots == {"name": "Ana"}


@pytest.mark.parametrize("words", ["start again", "restart", "2"])
def test_starting_again_after_coming_back_asks_the_first_question(talk: Talk, words: str) -> None:
    talk.come_back("hello")

    assert talk.say(words)[-1] == "name?"
    assert talk.slots == {}


def test_an_answer_right_after_coming_back_is_taken(talk: Talk) -> None:
    talk.come_back("hello")
    talk.say("41")

    assert talk.slots["age"] == 41


def test_an_offer_with_one_choice_offers_that(tmp_path: Path) -> None:
    bot = "bot: b\ncoming_back: {say: 'Back at {flow}.', offer: [restart]}"
    talk = Talk(flows_of(tmp_path, ACCOUNT, bot))
    talk.start("account")
    said = talk.come_back("hello")

    assert said[0] == "Back at opening an account."
    assert talk.last.messages[1].options == ("Start again",)


def test_an_answer_of_the_flow_below_can_be_changed_from_the_flow_in_between(talk: Talk) -> None:
    talk.say("set a goal")
    said = talk.say("actually my name is Ana Lopez")

    assert said[0].endswith("I changed name.")
    assert said[1:] == ["goal?"]
    assert talk.state.frames[0].slots == {"name": "Ana Lopez"}
    assert stack(talk) == ["account", "goals"]


BELOW = """
flow: below
start: {phrases: [go below]}
steps:
  - {ask: size, type: "one of small, large", prompt: size?}
  - {ask: extra, type: text, prompt: "extra for {size}?"}
  - {ask: age, type: whole number, prompt: age?}
  - {ask: last, type: text, prompt: last?}
"""
ABOVE = (
    "flow: above\nsteps:\n  - {ask: first, type: whole number, prompt: first?}\n  - {run: details}\n  - {end: Over.}"
)
INNER = "flow: details\nsteps:\n  - {ask: day, type: text, prompt: day?}"


def test_what_depends_on_an_answer_changed_from_above_is_asked_when_its_flow_goes_on(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, BELOW, GOALS, INNER))
    talk.start("below")
    talk.say_all("small", "ham", "set a goal", "no, my size should be large", "run", "Monday")

    assert talk.step == "age"
    assert talk.say("30") == ["extra for large?"]
    assert talk.say("cheese")[-1] == "last?"
    assert talk.slots == {"size": "large", "age": 30, "extra": "cheese"}


def test_an_answer_of_the_flow_that_runs_another_can_be_changed_too(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, ABOVE, INNER))
    talk.start("above")
    talk.say_all("1", "change my first to 2")

    assert talk.step == "day"
    assert talk.state.frames[0].slots == {"first": 2}
    assert talk.say("Monday") == ["Over."]


def test_a_word_from_the_name_of_a_flow_asks_for_it_where_nothing_is_open(flows: Flows) -> None:
    talk = Talk(flows)
    talk.say("hello")

    assert talk.say("the account, please") == ["name?"]


def test_a_word_from_two_names_is_asked_about(tmp_path: Path) -> None:
    close = "flow: close\ntitle: closing an account\nstart: {phrases: [shut it]}\n"
    more = close + "steps:\n  - {ask: why, type: text, prompt: why?}"
    talk = Talk(flows_of(tmp_path, BOT, ACCOUNT, HELP, more))
    talk.say("account")

    assert talk.last.expects is not None
    assert talk.last.expects.options == ("opening an account", "closing an account")
    assert talk.say("closing") == ["why?"]


@pytest.mark.parametrize("words", ["2", "yes", "an", "my account is locked again", "opener", ""])
def test_other_words_ask_for_nothing(flows: Flows, words: str) -> None:
    talk = Talk(flows)
    talk.say("hello")
    talk.say(words)

    assert talk.step is None


def test_a_flow_that_waits_below_is_promised_for_later_and_costs_no_attempt(talk: Talk) -> None:
    talk.say("set a goal")
    said = talk.say("open an account")

    assert said == ["Let's finish this first, please. Then we can get to that.", "goal?"]
    assert stack(talk) == ["account", "goals"]
    assert talk.state.frames[-1].attempts == 0
