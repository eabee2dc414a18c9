"""T12, the test of the tests: each guard of the engine is switched off in turn, and some test fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.faults.figures import record
from tests.faults.forks import ROOT
from tests.faults.plants import PLANTS, VARIABLE

NOTICED_BY: dict[str, tuple[str, ...]] = {
    "no version check": (
        "tests/contract/test_store_turns.py::test_of_two_turns_from_one_version_the_second_is_refused",
        "tests/engine/test_turns.py::test_two_engines_over_one_file_lose_nothing",
        "tests/faults/test_many_writers.py::test_many_writers_in_many_processes_see_one_history",
    ),
    "no request id check": (
        "tests/contract/test_store_turns.py::test_a_request_id_is_stored_once_per_conversation",
        "tests/engine/test_turns.py::test_one_delivery_to_two_engines_at_once_is_one_turn",
        "tests/faults/test_duplicate_deliveries.py::test_a_message_delivered_several_times_at_once_is_one_turn_with_one_effect",
    ),
    "no row hash": (
        "tests/storage/test_faults.py::test_damage_to_a_session_is_noticed_and_stays_with_it",
        "tests/storage/test_faults.py::test_a_damaged_reply_is_not_served_again",
    ),
    "no full synchronous": (
        "tests/storage/test_schema.py::test_the_connection_is_set_for_safety",
        "tests/faults/test_power_loss.py::test_a_power_cut_loses_no_acknowledged_turn_and_leaves_no_half_of_one",
    ),
    "no intent first": (
        "tests/engine/test_actions_and_crashes.py::test_the_intent_to_act_is_in_the_database_before_the_action_runs",
        "tests/faults/test_crash_points.py::test_after_a_death_while_it_recovers_the_dialogue_ends_as_if_nothing_had_happened",
    ),
    "no risk stage": (
        "tests/engine/test_risk_stage.py::test_a_detection_is_stored_with_its_message_and_what_was_shown",
        "tests/engine/test_risk_stage.py::test_every_message_is_read_whatever_it_says_and_wherever_it_is_said",
    ),
    "no lease": (
        "tests/engine/test_leases.py::test_a_second_delivery_elsewhere_waits_for_the_result_however_long_it_takes",
        "tests/faults/test_effects_shared.py::test_a_second_process_that_waits_for_a_call_gets_the_reply_of_the_first",
    ),
    "no fence": ("tests/faults/test_effects_shared.py::test_of_two_processes_that_take_over_at_once_one_does",),
    "no result given again": (
        "tests/engine/test_results_given_again.py::test_the_same_request_of_the_same_user_gets_the_first_result_in_any_conversation",
        "tests/faults/test_effects.py::test_a_request_that_is_made_twice_is_done_once_wherever_the_process_is_killed",
    ),
    "no look at the file": (
        "tests/faults/test_file_taken_away.py::test_no_turn_is_acknowledged_in_a_file_that_is_not_in_its_place",
        "tests/faults/test_file_taken_away.py::test_what_was_acknowledged_before_is_in_the_files_that_were_moved",
    ),
    "no telling once": (
        "tests/engine/test_waiting.py::test_of_two_actions_in_a_row_each_is_told_once",
        "tests/faults/test_told_once_killed.py::test_of_an_outbox_and_a_second_delivery_at_the_same_moment_one_tells_it",
    ),
    "no expiry": ("tests/faults/test_clock_jumps.py::test_an_expired_session_does_not_come_back_when_the_clock_does",),
    "no withdrawal": (
        "tests/contract/test_store_callers.py::test_a_turn_that_was_not_taken_is_withdrawn_with_its_caller",
    ),
    "no end of threads": (
        "tests/faults/test_exit.py::test_a_sync_engine_that_nobody_closes_is_closed_at_the_end_of_the_program",
    ),
    "no rollback": (
        "tests/contract/test_store_lookups.py::test_a_turn_is_no_part_of_a_change_that_is_undone[sqlite-file]",
    ),
    "no typed errors": (
        "tests/faults/test_io_errors.py::test_a_call_to_a_file_that_fails_costs_at_most_a_typed_error[full]",
    ),
    "no order": (
        "tests/engine/test_turns.py::test_turns_of_one_conversation_are_taken_in_the_order_in_which_they_were_asked_for",
    ),
    "no undo once": ("tests/faults/test_effects.py::test_what_is_taken_back_is_so_once_and_in_reverse_order_or_stuck",),
}
"""For each plant the tests that must notice it: each of them, not one of them. That they pass without it, the suite
shows."""


def failures(tests: tuple[str, ...], plant: str) -> list[str]:
    """The ids of those tests that fail with one guard switched off."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FAULT", "PYTEST"))}
    options = ["-q", "-rf", "-p", "tests.faults.plants", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=ROOT,
        env={**environment, VARIABLE: plant},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 1, f"{plant}: {ran.stdout[-4000:]}{ran.stderr}"
    return re.findall(r"^FAILED (\S+)", ran.stdout, re.MULTILINE)


def test_every_plant_has_tests_that_must_notice_it() -> None:
    assert NOTICED_BY.keys() == PLANTS.keys()


HANGS = "no end of threads"
"""Noticed when a program's time is over."""


@pytest.mark.parametrize(
    "plant", [pytest.param(one, marks=pytest.mark.slow) if one == HANGS else one for one in PLANTS]
)
def test_a_guard_that_is_switched_off_is_noticed(plant: str) -> None:
    failed = failures(NOTICED_BY[plant], plant)
    unnoticed = [test for test in NOTICED_BY[plant] if not any(one.startswith(test) for one in failed)]

    assert unnoticed == []
    record("T12", what=plant, noticed_by=len(NOTICED_BY[plant]), unnoticed=len(unnoticed))
