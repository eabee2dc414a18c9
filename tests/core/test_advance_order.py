"""In which order a message is held against the rules of `core.advance`."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine.core.flows import Flows
from fsm_engine.errors import NotFound
from fsm_engine.model.session import Status
from fsm_engine.model.turn import ActionResult, Turn, TurnKind
from tests.support.flow_texts import asking, flows_of
from tests.support.talk import NOON, Talk, advance_twice, guess

RISK = """
risk: r
detectors: [{phrases: crisis}]
levels:
  low: {record: true}
  medium: {say: That sounds hard., resources: true, afterwards: ask again}
  high: {say: I am glad you told me., resources: true, notify: safeguarding, afterwards: pause until safe}
resources:
  US: {name: Lifeline, contact: "988", hours: 24/7}
  GB: {name: Samaritans, contact: "116 123"}
"""
PIZZA = """
flow: pizza
title: ordering a pizza
start: {phrases: [order a pizza]}
steps:
  - ask: size
    type: one of small, large
    prompt: Which size?
  - ask: note
    type: text
    optional: true
    prompt: Any note?
  - confirm: order
    review: [size, note]
    prompt: Order it?
  - end: Ordered.
"""
DRINK = """
flow: drink
start: {phrases: [get a drink]}
steps:
  - ask: drink
    type: text
    prompt: Which drink?
"""


@pytest.fixture
def flows(tmp_path: Path) -> Flows:
    return flows_of(tmp_path, PIZZA, DRINK, RISK, "bot: b\nmessage_limit: 20\nrisk: r")


@pytest.fixture
def talk(flows: Flows) -> Talk:
    talk = Talk(flows)
    talk.start("pizza")
    return talk


def test_a_risk_is_answered_before_the_message_is_read_as_an_answer(talk: Talk) -> None:
    said = talk.warn("large", "medium")

    assert said[0] == "That sounds hard."
    assert said[-1] == "Which size?"
    assert talk.slots == {}


def test_a_risk_in_a_message_that_is_too_long_is_answered(talk: Talk) -> None:
    said = talk.warn("x" * 21, "high", is_too_long=True)

    assert said[0] == "I am glad you told me."
    assert talk.pending == "safe"


def test_a_low_risk_is_recorded_and_the_message_is_an_answer_all_the_same(talk: Talk) -> None:
    assert talk.warn("large", "low") == ["Any note?"]
    assert [finding.level for finding in talk.last.findings] == ["low"]


def test_a_message_that_is_too_long_is_refused_and_the_question_stands(talk: Talk) -> None:
    said = talk.say("large" * 10, is_too_long=True)

    assert "at most 20 characters" in said[0]
    assert said[1] == "Which size?"
    assert talk.slots == {}


def test_a_question_of_the_engine_comes_before_anytime_words_and_intents(talk: Talk) -> None:
    talk.say("large")
    talk.say("cancel")

    talk.say("no")
    assert (talk.status, talk.step) == (Status.ACTIVE, "note")
    talk.say("cancel")
    talk.say("yes")
    assert talk.status is Status.CANCELLED


def test_an_anytime_word_comes_before_the_answer_it_could_be(talk: Talk) -> None:
    talk.say("large")

    assert talk.say("help")[-1] == "Any note?"
    assert "note" not in talk.slots


def test_an_anytime_word_inside_an_answer_is_the_answer(talk: Talk) -> None:
    talk.say("large")
    talk.say("help the driver find me")

    assert talk.slots["note"] == "help the driver find me"


def test_a_correction_that_says_so_comes_before_an_intent_and_the_answer(talk: Talk) -> None:
    talk.say("large")
    talk.say("actually my size is small", intents=guess("drink", 1.0))

    assert talk.slots == {"size": "small"}
    assert talk.step == "note"


def test_an_exact_intent_comes_before_the_answer(talk: Talk) -> None:
    talk.say("large")

    assert talk.say("get a drink") == ["Which drink?"]
    assert [frame.flow for frame in talk.state.frames] == ["pizza", "drink"]


def test_the_answer_comes_before_an_intent_that_is_only_likely(talk: Talk) -> None:
    talk.say("large", intents=guess("drink", 0.9))

    assert talk.slots == {"size": "large"}


def test_a_likely_intent_comes_before_a_reask(talk: Talk) -> None:
    assert talk.say("hm", intents=guess("drink", 0.9)) == ["Which drink?"]


def test_an_intent_that_may_be_one_is_not_followed_inside_a_flow(talk: Talk) -> None:
    talk.say("hm", intents=guess("drink", 0.6))

    assert [frame.flow for frame in talk.state.frames] == ["pizza"]
    assert talk.state.frames[0].attempts == 1


def test_a_statement_that_may_be_a_correction_is_an_answer_where_any_words_are_one(talk: Talk) -> None:
    talk.say("large")
    talk.say("my size is small")

    assert talk.slots == {"size": "large", "note": "my size is small"}


def test_a_statement_that_may_be_a_correction_is_one_where_a_yes_or_no_is_awaited(talk: Talk) -> None:
    talk.say_all("large", "skip")
    said = talk.say("my size is small")

    assert talk.slots["size"] == "small"
    assert said[-1] == "Order it?"


def test_an_intent_that_no_flow_has_is_ignored(talk: Talk) -> None:
    talk.say("large", intents=guess("fly_to_the_moon"))

    assert talk.slots == {"size": "large"}
    assert talk.last.intent == guess("fly_to_the_moon")[0]


def test_a_flow_that_is_under_way_is_not_entered_again(talk: Talk) -> None:
    talk.say("order a pizza")

    assert len(talk.state.frames) == 1


def test_a_greeting_gets_the_opening_and_other_words_the_fallback(flows: Flows) -> None:
    talk = Talk(flows)

    assert len(talk.say("hello there")) == 1
    assert "did not understand" in talk.say("blah blah")[0]


def test_the_second_miss_says_what_can_be_done_and_the_third_offers_a_person(flows: Flows) -> None:
    talk = Talk(flows)
    talk.say_all("hello there", "blah")

    assert "ordering a pizza" in talk.say("blah")[1]
    assert talk.last.messages[1].options == ("ordering a pizza", "drink")
    assert 'Say "human"' in talk.say("blah")[-1]


def test_the_offered_flow_can_be_chosen_by_its_name_or_its_number(flows: Flows) -> None:
    for words in ("ordering a pizza", "the first one", "1"):
        talk = Talk(flows)
        talk.say_all("hello there", "blah", "blah")
        assert talk.say(words) == ["Which size?"], words


def test_starting_an_unknown_flow_says_which_flows_there_are(flows: Flows) -> None:
    with pytest.raises(NotFound, match=r"there is no flow called 'nothing'\. Known: drink, pizza\."):
        Talk(flows).start("nothing")


def test_starting_a_flow_leaves_everything_else_behind(talk: Talk) -> None:
    talk.say_all("large", "cancel")

    assert talk.start("drink") == ["Which drink?"]
    assert (len(talk.state.frames), talk.pending) == (1, None)


def test_starting_a_flow_with_some_answers_asks_for_the_rest(flows: Flows) -> None:
    talk = Talk(flows)

    assert talk.start("pizza", size="small") == ["Any note?"]
    assert [(answer.slot, answer.value) for answer in talk.last.answers] == [("size", "small")]


def test_a_result_that_nobody_waits_for_changes_nothing(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, asking("a")))
    talk.start("f")
    outcome = advance_twice(talk.flows, talk.state, Turn(TurnKind.ACTION_RESULT, NOON, result=ActionResult(ok=True)))

    assert outcome.state.frames == talk.state.frames
    assert outcome.messages == ()
