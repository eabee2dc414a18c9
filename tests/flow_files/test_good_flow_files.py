"""Good files load without a problem and give the model that their author means."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flow_file_reading import HERE, ask_of, flow_of, plain, problems_of, step_of

from fsm_engine.flow_files.folder import read_folder
from fsm_engine.flow_files.parse_source import parse_source, source_hash
from fsm_engine.model.flow import (
    ANY_LANGUAGE,
    Ask,
    Choose,
    Confirm,
    Do,
    End,
    Flag,
    GiveUp,
    Handoff,
    Repeat,
    Run,
    Say,
)
from fsm_engine.model.problem import Position, Written
from fsm_engine.model.slot import DayBound, Option, SlotType

GOOD, PROBLEMS = read_folder(HERE / "good")
EVERY = {step.name: step for step in GOOD.flows["every_step"].steps}


def test_the_good_files_have_no_problem() -> None:
    assert PROBLEMS == []
    assert sorted(GOOD.flows) == ["create_account", "every_step"]


def test_the_example_flow_has_its_steps_in_order_with_the_names_that_its_author_knows() -> None:
    flow = GOOD.flows["create_account"]

    assert [(type(step), step.name) for step in flow.steps] == [
        (Say, "say 1"),
        (Ask, "name"),
        (Ask, "email"),
        (Ask, "phone"),
        (Ask, "account_type"),
        (Ask, "opening_deposit"),
        (Confirm, "details"),
        (Do, "accounts.create"),
        (End, "end 1"),
    ]
    assert flow.version == 1
    assert plain(flow.title) == {ANY_LANGUAGE: ["Open a bank account"]}
    assert flow.start is not None
    assert flow.start.intent == "create_account"
    assert [phrase.text for phrase in flow.start.phrases[ANY_LANGUAGE]][:2] == [
        "I want to open an account",
        "create an account",
    ]


def test_an_ask_step_keeps_everything_that_its_author_wrote() -> None:
    email = GOOD.flows["create_account"].steps[2]

    assert isinstance(email, Ask)
    assert (email.slot, email.type, email.private, email.optional, email.attempts) == (
        "email",
        SlotType("email"),
        True,
        False,
        3,
    )
    assert plain(email.prompt.text) == {ANY_LANGUAGE: ["Which e-mail address should we use, {name}?"]}
    assert plain(email.help) == {ANY_LANGUAGE: ["We use it only to confirm the account."]}
    assert [plain(text)[ANY_LANGUAGE] for text in email.again] == [
        ["That does not look like an e-mail address. It should look like name@example.com."],
        ["Still not quite. Please type only the address."],
    ]
    (check,) = email.checks
    assert check.call is not None
    assert check.call.text == "accounts.email_is_free"
    assert check.must is None
    assert email.give_up == GiveUp("handoff")


def test_options_carry_the_words_that_same_as_gives_them() -> None:
    account_type = GOOD.flows["create_account"].steps[4]

    assert isinstance(account_type, Ask)
    assert account_type.type == SlotType(
        "one of", options=(Option("checking", ("current", "everyday")), Option("savings", ("save", "deposit")))
    )


def test_a_guard_stays_as_written_with_its_place() -> None:
    deposit = GOOD.flows["create_account"].steps[5]
    file = (HERE / "good" / "create_account.yaml").as_posix()

    assert deposit.when == Written('account_type == "savings"', Position(file, 33, 11))
    assert deposit.at == Position(file, 32, 5)


def test_a_do_step_keeps_what_it_sends_and_how_it_is_undone() -> None:
    create = GOOD.flows["create_account"].steps[7]

    assert isinstance(create, Do)
    assert [slot.text for slot in create.send] == ["name", "email", "phone", "account_type", "opening_deposit"]
    assert create.undo is not None
    assert (create.save_as, create.undo.text, create.retry, create.time_limit_s) == (
        "account_number",
        "accounts.close",
        2,
        30.0,
    )


def test_a_do_step_may_say_how_long_a_caller_waits_for_it() -> None:
    save, create = EVERY["save"], GOOD.flows["create_account"].steps[7]

    assert isinstance(save, Do)
    assert isinstance(create, Do)
    assert (save.waiting_s, create.waiting_s) == (2.0, None)


def test_a_say_step_has_variations_buttons_and_media() -> None:
    say = EVERY["say 1"]

    assert isinstance(say, Say)
    assert plain(say.speech.text) == {ANY_LANGUAGE: ["Hello!", "Hi there!"]}
    assert [plain(option) for option in say.speech.options] == [{ANY_LANGUAGE: ["Start"]}, {ANY_LANGUAGE: ["Not now"]}]
    assert [address.text for address in say.speech.media] == ["https://example.com/hello.png"]
    assert say.flag == Flag("greeting", "low")


def test_a_text_by_language_may_stand_in_a_mapping_with_its_buttons() -> None:
    welcome = EVERY["welcome"]

    assert isinstance(welcome, Say)
    assert plain(welcome.speech.text) == {"en": ["Welcome"], "es": ["Hola", "Buenas"]}
    assert [plain(option) for option in welcome.speech.options] == [{ANY_LANGUAGE: ["Go"]}]


def test_re_asks_by_language_are_counted_within_each_language() -> None:
    goal = EVERY["goal"]

    assert isinstance(goal, Ask)
    assert [plain(text) for text in goal.again] == [
        {"en": ["Which goal?"], "es": ["¿Qué meta?"]},
        {"en": ["Any goal will do."], "es": ["¿Qué meta?"]},
    ]


def test_give_up_may_lead_to_a_step_a_bounded_number_of_times() -> None:
    goal = EVERY["goal"]

    assert isinstance(goal, Ask)
    assert goal.give_up.kind == "goto"
    assert goal.give_up.step is not None
    assert (goal.give_up.step.text, goal.at_most) == ("welcome", 2)


def test_the_cases_of_choose_say_run_and_go_and_the_last_has_no_guard() -> None:
    choose = EVERY["choose 1"]

    assert isinstance(choose, Choose)
    first, last = choose.cases
    assert first.say is not None
    assert (first.when and first.when.text, first.run and first.run.text, first.goto and first.goto.text) == (
        "count(kinds) > 1",
        "strengths",
        "due",
    )
    assert (last.when, last.run, last.goto) == (None, None, None)
    assert last.say is not None
    assert choose.at_most == 5


def test_otherwise_may_hold_its_own_mapping() -> None:
    choose = EVERY["second_choice"]

    assert isinstance(choose, Choose)
    last = choose.cases[-1]
    assert (last.when, last.run and last.run.text) == (None, "strengths")


def test_a_repeat_counts_rounds_and_asks_for_more() -> None:
    people = EVERY["people"]

    assert isinstance(people, Repeat)
    assert (people.slot, people.at_least, people.rounds_at_most, people.at_most) == ("people", 0, 3, None)
    assert [step.name for step in people.steps] == ["person"]
    assert people.ask_more is not None
    assert [plain(option) for option in people.ask_more.options] == [{ANY_LANGUAGE: ["yes"]}, {ANY_LANGUAGE: ["no"]}]


def test_runs_handoffs_and_ends_are_read() -> None:
    run, handoff, silent, last = EVERY["strengths"], EVERY["handoff 1"], EVERY["handoff 2"], EVERY["last"]

    assert isinstance(run, Run)
    assert isinstance(handoff, Handoff)
    assert isinstance(silent, Handoff)
    assert isinstance(last, End)
    assert run.flow.text == "strengths"
    assert handoff.speech is not None
    assert (silent.speech, last.speech) == (None, None)


def test_a_migration_renames_slots_and_moves_steps() -> None:
    (migration,) = GOOD.flows["every_step"].migrate

    assert migration.from_version == 2
    assert migration.rename_slots == {"goal_text": "goal"}
    assert migration.move_steps == {"goal_when": "due", "say 2": "due"}
    assert migration.ask_again == ("confidence",)


def test_a_folder_keeps_the_exact_source_of_each_flow_under_its_hash() -> None:
    flow = GOOD.flows["create_account"]
    text = (HERE / "good" / "create_account.yaml").read_text(encoding="utf-8")

    assert GOOD.sources[flow.source_hash] == text
    assert flow.source_hash == source_hash(text)
    assert len(GOOD.sources) == 2


def test_a_stored_source_parses_to_the_same_flow_again() -> None:
    flow = GOOD.flows["create_account"]

    again, problems = parse_source(GOOD.sources[flow.source_hash], flow.at.file)

    assert (again, problems) == (flow, [])


def test_a_byte_order_mark_changes_nothing() -> None:
    text = "flow: f\nsteps:\n  - say: hi\n"

    assert parse_source("\ufeff" + text, "f.yaml") == parse_source(text, "f.yaml")


def test_a_comment_after_two_blanks_is_meant_as_one() -> None:
    assert problems_of("flow: f\nsteps:\n  - say: hi  # greet\n") == []


@pytest.mark.parametrize("word", ["yes", "no", "on", "NO", "007", "1.10", "12:30", "null", "1e3", "0x10", "2030-01-01"])
def test_a_plain_word_is_the_text_that_the_author_typed(word: str) -> None:
    say = step_of(f"say: {word}")

    assert isinstance(say, Say)
    assert plain(say.speech.text) == {ANY_LANGUAGE: [word]}


def test_a_text_over_several_lines_keeps_its_lines_in_a_block_and_loses_the_last_line_end() -> None:
    say = step_of("say: |\n  one\n  two\n")

    assert isinstance(say, Say)
    assert plain(say.speech.text) == {ANY_LANGUAGE: ["one\ntwo"]}


def test_step_names_that_python_libraries_use_are_ordinary_names() -> None:
    flow = flow_of("flow: trigger\nsteps:\n  - say: a\n    name: to_x\n  - say: b\n    name: trigger\n")

    assert [step.name for step in flow.steps] == ["to_x", "trigger"]


def test_a_flow_needs_neither_version_nor_title_nor_start() -> None:
    flow = flow_of("flow: f\nsteps:\n  - say: hi\n")

    assert (flow.version, flow.title, flow.start, flow.expires_s) == (1, None, None, None)


def test_an_intent_is_called_after_its_flow_unless_it_has_a_name() -> None:
    flow = flow_of("flow: f\nstart: {phrases: [go]}\nsteps:\n  - say: hi\n")

    assert flow.start is not None
    assert flow.start.intent == "f"


def test_same_as_reaches_the_items_of_a_list() -> None:
    answer = ask_of("same_as: {a: x}", kind="list of one of a, b")

    assert answer.type.item == SlotType("one of", options=(Option("a", ("x",)), Option("b")))


def test_bounds_are_exact_numbers_and_days() -> None:
    assert ask_of("", kind="money 25 USD..").type == SlotType("money", low=Decimal(25), currency="USD")
    assert ask_of("", kind="date today-30..").type == SlotType("date", low=DayBound(-30))


def test_what_can_be_read_of_a_bad_file_is_kept() -> None:
    parsed, problems = parse_source("flow: f\nsteps:\n  - say: hi\n  - sya: ho\n  - end: bye\n", "f.yaml")

    assert [problem.code for problem in problems] == ["unknown-step-kind"]
    assert [step.name for step in getattr(parsed, "steps", ())] == ["say 1", "say 2", "end 1"]
