"""What follows when a message may tell of a risk, and what steps flag themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine.core.flows import Flows
from fsm_engine.core.risk import highest
from fsm_engine.model.session import Status
from fsm_engine.model.turn import RiskFinding
from tests.support.flow_texts import flows_of, problems_of
from tests.support.talk import Talk

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
FLOW = """
flow: f
title: our talk
start: {phrases: [let us talk]}
steps:
  - {ask: a, type: text, prompt: a?}
  - {say: Noted., flag: alone medium, when: a == "alone"}
  - {ask: b, type: text, prompt: b?}
  - {end: Bye.}
"""
CHECK_IN = "Before we go on: are you safe right now?"


@pytest.fixture
def flows(tmp_path: Path) -> Flows:
    return flows_of(tmp_path, FLOW, RISK)


@pytest.fixture
def talk(flows: Flows) -> Talk:
    talk = Talk(flows)
    talk.start("f")
    return talk


def test_help_is_shown_for_the_users_country(talk: Talk) -> None:
    said = talk.warn("x", "medium", region="GB")

    assert "Samaritans: 116 123" in said[1]
    assert talk.last.resources_shown


@pytest.mark.parametrize("region", [None, "JO"])
def test_help_of_the_first_country_is_shown_where_the_users_is_unknown_or_not_listed(
    talk: Talk, region: str | None
) -> None:
    assert "Lifeline: 988 (24/7)" in talk.warn("x", "medium", region=region)[1]


def shows_help(said: list[str]) -> bool:
    return any("988" in text for text in said)


def test_the_words_of_a_level_come_once_and_the_resources_again_after_some_turns(talk: Talk) -> None:
    heard = [talk.warn("x", "medium") for _ in range(6)]

    assert ["That sounds hard." in said for said in heard] == [True] + [False] * 5
    assert [shows_help(said) for said in heard] == [True, False, False, False, True, False]
    assert all(said[-1] == "a?" for said in heard)
    assert talk.state.risk_counts == {"medium": 6}


def test_every_alarm_is_found_and_tells_whether_help_was_shown(talk: Talk) -> None:
    shown = []
    for _ in range(3):
        talk.warn("x", "medium")
        shown.append((len(talk.last.findings), talk.last.resources_shown))

    assert shown == [(1, True), (1, False), (1, False)]


def test_a_graver_alarm_shows_help_at_once_and_a_lesser_one_after_it_does_not(talk: Talk) -> None:
    assert shows_help(talk.warn("x", "medium"))
    assert shows_help(talk.warn("x", "high"))
    assert not shows_help(talk.warn("x", "medium"))


def test_a_policy_may_show_help_every_time(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, FLOW, RISK + "help_again_after: 0\n"))
    talk.start("f")

    assert [shows_help(talk.warn("x", "medium")) for _ in range(3)] == [True] * 3


def test_a_high_risk_pauses_the_flow_until_a_clear_yes(talk: Talk) -> None:
    assert talk.warn("x", "high")[-1] == CHECK_IN
    (notice,) = talk.last.notify
    assert (notice.target, notice.level) == ("safeguarding", "high")
    assert talk.last.expects is not None
    assert talk.last.expects.kind == "yes or no"

    assert talk.say("yes")[-1] == "a?"
    assert talk.slots == {}


def test_no_shows_help_again_and_keeps_asking(talk: Talk) -> None:
    talk.warn("x", "high")

    assert any("988" in text for text in talk.say("no"))
    assert talk.pending == "safe"
    talk.say("no")
    assert talk.pending == "safe"


def test_a_second_risk_while_paused_keeps_the_pause(talk: Talk) -> None:
    talk.warn("x", "high")

    assert talk.warn("y", "medium")[-1] == CHECK_IN
    assert talk.pending == "safe"


def test_a_message_that_is_too_long_while_paused_keeps_the_pause(talk: Talk) -> None:
    talk.warn("x", "high")

    assert talk.say("y" * 2000, is_too_long=True)[-1] == CHECK_IN
    assert talk.pending == "safe"


def test_a_risk_at_really_cancel_drops_that_question(talk: Talk) -> None:
    talk.say_all("1", "cancel")
    talk.warn("x", "medium")

    talk.say("yes")
    assert talk.status is not Status.CANCELLED
    assert talk.slots["b"] == "yes"


def test_a_message_that_is_too_long_at_really_cancel_drops_that_question(talk: Talk) -> None:
    talk.say_all("1", "cancel")
    talk.say("y" * 2000, is_too_long=True)

    talk.say("yes")
    assert talk.status is not Status.CANCELLED


def test_a_risk_before_any_flow_is_met_and_the_bot_goes_on_listening(flows: Flows) -> None:
    talk = Talk(flows)

    assert "That sounds hard." in talk.warn("x", "medium")
    assert talk.say("let us talk") == ["a?"]


def test_a_high_risk_before_any_flow_pauses_and_goes_on(flows: Flows) -> None:
    talk = Talk(flows)
    talk.warn("x", "high")

    assert len(talk.say("yes")) >= 1
    assert talk.pending is None


def test_a_risk_on_coming_back_is_met_first(talk: Talk) -> None:
    talk.say("1")
    later = Talk(talk.flows, session_id="s2")
    said = later.warn("x", "medium", carried_over=talk.state.frames)

    assert said[0] == "That sounds hard."
    assert said[-1] == "b?"
    later.say("two")
    assert later.status is Status.COMPLETED


def test_the_gravest_finding_decides(talk: Talk) -> None:
    findings = tuple(RiskFinding(level, "c", "", "d") for level in ("low", "high", "medium"))  # type: ignore[arg-type]

    assert highest(findings) == "high"
    assert highest(()) is None
    assert talk.say("x", risk=findings)[-1] == CHECK_IN


def test_a_flagged_step_adds_a_finding_and_its_answer_without_stopping_the_flow(talk: Talk) -> None:
    said = talk.say("alone")

    assert said[:2] == ["Noted.", "b?"]
    assert "That sounds hard." in said
    assert [(one.level, one.category, one.detector) for one in talk.last.findings] == [("medium", "alone", "flow")]


def test_a_flag_is_not_raised_where_its_step_is_skipped(talk: Talk) -> None:
    talk.say("x")

    assert talk.last.findings == ()


def test_a_policy_can_hand_over_at_once(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, FLOW, RISK.replace("pause until safe", "handoff")))
    talk.start("f")
    talk.warn("x", "high")

    assert talk.status is Status.HANDED_OFF


def test_without_a_policy_a_high_risk_is_met_with_help_all_the_same(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, FLOW))
    talk.start("f")
    said = talk.warn("x", "high")

    assert any("findahelpline.com" in text for text in said)
    assert said[-1] == "a?"
    assert talk.slots == {}


def test_words_of_a_level_are_said_in_the_users_language(tmp_path: Path) -> None:
    risk = RISK.replace("say: That sounds hard.", "say: {en: That sounds hard., es: Eso suena duro.}")
    talk = Talk(flows_of(tmp_path, FLOW, risk, "bot: b\nlanguages: [en, es]\nrisk: r"))
    talk.start("f", "es")

    assert talk.warn("x", "medium")[0] == "Eso suena duro."


def test_two_policies_and_none_in_force_is_a_problem(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, FLOW, RISK, RISK.replace("risk: r", "risk: s"))

    assert problems == [
        "2.yaml:1:7: error risk-policy-unclear: there are several risk policies (r, s). Name one: risk: …"
    ]
