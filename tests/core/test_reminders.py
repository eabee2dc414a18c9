"""Reminders in the pure core: when they are due, what moves them and what takes them back. proves: S3"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from fsm_engine.core.reminders import due_moment
from fsm_engine.flow_files.load import check_flows
from fsm_engine.model.flow import Due
from fsm_engine.model.problem import Position, Written
from fsm_engine.model.session import Status, Timer
from fsm_engine.model.turn import Turn, TurnKind
from tests.support.flow_texts import flows_of, problems_of, write
from tests.support.talk import Talk

GOALS = """
flow: goals
start: {phrases: [set a goal]}
steps:
  - {ask: goal, type: "text 1..60", prompt: What?}
  - {ask: due, type: date, prompt: When?, optional: true}
  - {remind: due, when: has(due), say: "Today: {goal}.", options: [Done]}
  - {ask: helper, type: "text 1..60", prompt: Who helps?}
  - {confirm: plan, review: [goal, due], prompt: Right?}
  - {end: Good luck.}
"""
STRETCH = """
flow: stretch
steps:
  - {remind: in 2 hours, say: Time to stretch.}
  - {ask: more, type: yes or no, prompt: Again?}
  - {say: Again., goto: "remind 1", when: more}
  - {end: Bye.}
"""
FRIDAY = "2026-03-06T09:00:00.000000Z"


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(flows_of(tmp_path, GOALS, STRETCH))


def timers(talk: Talk) -> list[tuple[str, str]]:
    return [(one.due, one.text) for one in talk.state.timers]


def changes(talk: Talk) -> list[tuple[str, str]]:
    return [(one.status, one.timer.due) for one in talk.last.timers]


def fire(talk: Talk, timer: Timer) -> list[str]:
    return talk._take(Turn(TurnKind.TIMER, talk.now, timer=timer.name))


def with_goal(talk: Talk) -> Talk:
    talk.start("goals")
    talk.say_all("run twice", "on friday")
    return talk


def test_a_reminder_is_set_when_its_step_is_reached(talk: Talk) -> None:
    with_goal(talk)

    assert timers(talk) == [(FRIDAY, "Today: run twice.")]
    assert changes(talk) == [("pending", FRIDAY)]
    assert talk.state.timers[0].options == ("Done",)


def test_a_reminder_outlives_the_completed_session(talk: Talk) -> None:
    with_goal(talk).say_all("Ana", "yes")
    (timer,) = talk.state.timers
    said = fire(talk, timer)

    assert (said, talk.status) == (["Today: run twice."], Status.COMPLETED)
    assert (timers(talk), changes(talk)) == ([], [("fired", FRIDAY)])
    assert fire(talk, timer) == []


def test_firing_leaves_the_open_question_as_it_was(talk: Talk) -> None:
    with_goal(talk)
    before = talk.state
    fire(talk, talk.state.timers[0])

    assert [frame.step for frame in talk.state.frames] == [frame.step for frame in before.frames]
    assert talk.last.expects is not None
    assert talk.say("Ana")[-1].endswith("Right?")


def test_another_date_moves_it_and_another_answer_changes_its_words(talk: Talk) -> None:
    with_goal(talk).say("actually the due is saturday")
    assert timers(talk) == [("2026-03-07T09:00:00.000000Z", "Today: run twice.")]
    assert changes(talk) == [("pending", "2026-03-07T09:00:00.000000Z")]

    talk.say("actually my goal is swim")
    assert timers(talk) == [("2026-03-07T09:00:00.000000Z", "Today: swim.")]


def test_while_its_date_is_asked_for_again_it_stays_and_then_moves(talk: Talk) -> None:
    with_goal(talk).say("change my due")
    assert timers(talk) == [(FRIDAY, "Today: run twice.")]
    talk.say("saturday")
    assert timers(talk) == [("2026-03-07T09:00:00.000000Z", "Today: run twice.")]


def test_a_date_that_is_skipped_after_all_takes_it_back(talk: Talk) -> None:
    with_goal(talk).say_all("change my due", "skip")

    assert (timers(talk), changes(talk)) == ([], [("cancelled", FRIDAY)])


def test_a_date_that_has_passed_reminds_of_nothing(talk: Talk) -> None:
    talk.start("goals")
    talk.say_all("run twice", "2026-03-04")
    assert timers(talk) == []

    talk.say("actually the due is friday")
    assert timers(talk) == [(FRIDAY, "Today: run twice.")]


def test_what_has_fired_fires_again_for_another_date_only(talk: Talk) -> None:
    with_goal(talk)
    fire(talk, talk.state.timers[0])
    talk.pass_time(days=-1)
    talk.say("actually my goal is swim")
    assert timers(talk) == []

    talk.say("actually the due is saturday")
    assert timers(talk) == [("2026-03-07T09:00:00.000000Z", "Today: swim.")]


def test_one_that_is_overdue_and_has_not_fired_is_not_lost(talk: Talk) -> None:
    with_goal(talk)
    talk.pass_time(days=3)
    talk.say("Ana")

    assert timers(talk) == [(FRIDAY, "Today: run twice.")]


@pytest.mark.parametrize("words", [("cancel", "yes"), ("restart", "yes")])
def test_cancelling_and_starting_again_take_it_back(talk: Talk, words: tuple[str, ...]) -> None:
    with_goal(talk).say_all(*words)

    assert (timers(talk), changes(talk)) == ([], [("cancelled", FRIDAY)])


def test_asking_for_a_person_does_not(talk: Talk) -> None:
    with_goal(talk).say("human")

    assert (talk.status, timers(talk)) == (Status.HANDED_OFF, [(FRIDAY, "Today: run twice.")])


def test_a_session_that_goes_on_in_another_takes_it_along(talk: Talk) -> None:
    with_goal(talk)
    carried = talk.state
    talk.state = type(carried)("next")
    talk.say("hello", carried_over=carried.frames, carried_timers=carried.timers)
    assert changes(talk) == [("pending", FRIDAY)]
    talk.say_all("continue", "actually the due is saturday")

    assert timers(talk) == [("2026-03-07T09:00:00.000000Z", "Today: run twice.")]


def test_a_time_from_now_counts_from_the_step_and_anew_when_the_flow_comes_back(talk: Talk) -> None:
    talk.start("stretch")
    assert timers(talk) == [("2026-03-04T14:00:00.000000Z", "Time to stretch.")]
    talk.pass_time(minutes=10)
    talk.say("what?")
    assert timers(talk) == [("2026-03-04T14:00:00.000000Z", "Time to stretch.")]
    talk.say("yes")

    assert timers(talk) == [("2026-03-04T14:10:00.000000Z", "Time to stretch.")]


def test_two_runs_of_a_flow_have_a_reminder_each(tmp_path: Path) -> None:
    twice = """
    flow: twice
    steps:
      - {run: one, name: first}
      - {ask: between, type: text, prompt: So?}
      - {run: one, name: second}
      - {ask: last, type: text, prompt: Well?}
    """
    one = "flow: one\nsteps:\n  - {remind: in 1 hour, say: Now.}\n  - {say: Set.}"
    talk = Talk(flows_of(tmp_path, twice, one))
    talk.start("twice")
    talk.pass_time(minutes=1)
    talk.say("fine")

    assert timers(talk) == [("2026-03-04T13:00:00.000000Z", "Now."), ("2026-03-04T13:01:00.000000Z", "Now.")]


def test_each_round_of_a_repeat_has_its_own(tmp_path: Path) -> None:
    flow = """
    flow: pills
    steps:
      - repeat: pills
        at_least: 2
        at_most: 2
        steps:
          - {ask: pill, type: "text 1..60", prompt: Which?}
          - {ask: day, type: date, prompt: When?}
          - {remind: day at 20:30, say: "Take {pill}."}
      - {ask: ok, type: text, prompt: ok?}
    """
    talk = Talk(flows_of(tmp_path, flow))
    talk.start("pills")
    talk.say_all("blue", "friday", "red", "saturday", "fine")

    assert timers(talk) == [
        ("2026-03-06T20:30:00.000000Z", "Take blue."),
        ("2026-03-07T20:30:00.000000Z", "Take red."),
    ]


def test_cancelling_a_flow_that_interrupted_takes_back_its_reminders_only(talk: Talk) -> None:
    talk.start("stretch")
    talk.say_all("set a goal", "run twice", "friday")
    assert len(timers(talk)) == 2
    talk.say_all("cancel", "yes")

    assert timers(talk) == [("2026-03-04T14:00:00.000000Z", "Time to stretch.")]


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ("due", None),
        ("2 hours before due", None),
        ("moment at 18:00", None),
        ("a day after due at 7:05", None),
        ("2030-12-24 at 18:00", None),
        ("2030-12-24 18:00", None),
        ("duee", "unknown-slot: 'duee' is not a slot that this flow can see. Did you mean 'due'?"),
        (
            "goal at 18:00",
            "reminder-not-a-time: 'goal' holds a text, and a reminder needs a date, or a date and time."
            " Known: due, moment.",
        ),
        ("2026-03-01 at 18:00", None),
    ],
)
def test_what_a_reminder_hangs_on_is_checked_before_anybody_waits_for_it(
    tmp_path: Path, when: str, problem: str | None
) -> None:
    flow = f"""
    flow: f
    steps:
      - {{ask: goal, type: text, prompt: What?}}
      - {{ask: due, type: date, prompt: When?}}
      - {{ask: moment, type: date and time, prompt: When exactly?}}
      - {{remind: {when}, say: "{{goal}}!"}}
    """
    assert problems_of(tmp_path, flow) == ([] if problem is None else [f"1.yaml:6:14: error {problem}"])


def test_a_fixed_time_that_has_passed_is_worth_a_warning(tmp_path: Path) -> None:
    write(tmp_path, "flow: f\nsteps:\n  - {remind: 2026-03-04, say: Hi.}\n  - {remind: 9999-12-31, say: Hi.}")

    for today, expected in ((date(2026, 3, 5), []), (date(2026, 3, 6), ["reminder-past"])):
        _, problems = check_flows(tmp_path, today=today)
        assert [problem.code for problem in problems if problem.severity == "warning"] == expected
        assert all(problem.severity == "warning" for problem in problems)


SLOT = Written("due", Position("f", 1, 1))
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "value", "timezone", "moment"),
    [
        (Due(slot=SLOT), "2026-03-06", "UTC", "2026-03-06T09:00+00:00"),
        (Due(slot=SLOT), "2026-03-06", "America/New_York", "2026-03-06T14:00+00:00"),
        (Due(slot=SLOT, clock="18:30"), "2026-03-06", "America/New_York", "2026-03-06T23:30+00:00"),
        (Due(slot=SLOT), "2026-03-06T10:00:00-05:00", "UTC", "2026-03-06T15:00+00:00"),
        (Due(slot=SLOT), "2026-03-06T10:00:00", "America/New_York", "2026-03-06T15:00+00:00"),
        # The clocks go forward in New York on 8 March and back on 1 November: a day before is the same time of day.
        (Due(slot=SLOT, shift_s=-86400), "2026-03-08T18:00:00-04:00", "America/New_York", "2026-03-07T23:00+00:00"),
        (Due(slot=SLOT, shift_s=86400), "2026-10-31", "America/New_York", "2026-11-01T14:00+00:00"),
        (Due(slot=SLOT, shift_s=-7200), "2026-03-08T04:00:00-04:00", "America/New_York", "2026-03-08T06:00+00:00"),
        # There is no 02:30 on that day, and on that other one there are two: the first.
        (Due(slot=SLOT, clock="02:30"), "2026-03-08", "America/New_York", "2026-03-08T07:30+00:00"),
        (Due(slot=SLOT, clock="01:30"), "2026-11-01", "America/New_York", "2026-11-01T05:30+00:00"),
        (Due(slot=SLOT, shift_s=-90000), "2026-03-06", "UTC", "2026-03-05T08:00+00:00"),
        (Due(moment=Written("2026-12-24", SLOT.at), clock="18:00"), None, "UTC", "2026-12-24T18:00+00:00"),
        (Due(shift_s=90), None, "America/New_York", "2026-03-04T12:01:30+00:00"),
        (Due(slot=SLOT), "9999-12-31", "UTC", "9999-12-31T09:00+00:00"),
        (Due(slot=SLOT, clock="23:59"), "9999-12-31", "America/New_York", None),
        (Due(slot=SLOT, shift_s=86400), "9999-12-31", "UTC", None),
        (Due(slot=SLOT, shift_s=-86400), "0001-01-01", "UTC", None),
        (Due(slot=SLOT), None, "UTC", None),
        (Due(slot=SLOT), "soon", "UTC", None),
        (Due(slot=SLOT), 7, "UTC", None),
        (Due(slot=SLOT), ["2026-03-06"], "UTC", None),
    ],
)
def test_when_a_reminder_is_due(due: Due, value: object, timezone: str, moment: str | None) -> None:
    found = due_moment(due, value, NOW, timezone)

    assert (found and found.isoformat(timespec="seconds")) == (
        datetime.fromisoformat(moment).isoformat(timespec="seconds") if moment else None
    )


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("dat today..today+7", "unknown-type: unknown type 'dat today..today+7'; did you mean 'date'?"),
        ("value", "unknown-type: there is no type 'value'."),
        ("moonphase", "unknown-type: there is no type 'moonphase'."),
        ("", "missing-value: 'type' has no value"),
    ],
)
def test_a_type_that_cannot_be_read_makes_nothing_wrong_that_rests_on_it(
    tmp_path: Path, written: str, problem: str
) -> None:
    flow = f"""
        flow: f
        steps:
          - ask: due
            type: {written}
            prompt: when?
          - say: Soon.
            when: due < today() + 3
          - remind: 1 day before due at 18:00
            say: "Tomorrow: {{due | date long}}."
        """

    (found,) = problems_of(tmp_path, flow)

    assert problem in found
