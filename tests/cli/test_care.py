"""`fsm-engine stats`, `archive` and `purge`. proves: R3, R5, M8"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fsm_engine.engine.engine import Engine
from fsm_engine.testing.clock import VirtualClock
from fsm_engine.testing.generate import converse
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
async def stored(place: Path) -> None:
    """Two conversations of long ago and one of today, in the database that commands look at when told nothing else."""
    url = f"sqlite:///{place / 'fsm_engine.db'}"
    clock = VirtualClock(datetime.now(UTC) - timedelta(days=100))
    async with Engine.open(url, flows=place / "flows", clock=clock) as engine:
        await converse(engine, "ana", ["begin", "Ana Lopez", "tea"])
        await converse(engine, "ben", ["begin", "12", "Ben Stone"])
        clock.advance(100 * 86_400)
        await converse(engine, "cleo", ["begin", "Cleo Hill"])


FUNNEL = [
    ("hello", "name", 3, 3, 0, 1.0),
    ("hello", "drink", 3, 1, 1, 1.0),
]


def funnel(run_here: Run, *words: str) -> list[tuple[object, ...]]:
    found = json.loads(run_here("stats", "--json", *words).out)["funnel"]
    return [tuple(step.values()) for step in found]


def test_the_funnel_is_printed_the_most_reached_step_first(run_here: Run) -> None:
    assert funnel(run_here) == FUNNEL
    out = run_here("stats").out
    assert "funnel (2)" in out
    assert "1 (33 %)" in out
    assert "weeks (2)" in out


def test_stats_are_limited_to_a_flow_and_a_day(run_here: Run) -> None:
    today = datetime.now(UTC).date().isoformat()

    assert funnel(run_here, "--flow", "other") == []
    assert funnel(run_here, "--since", today) == [("hello", "name", 1, 1, 0, 1.0), ("hello", "drink", 1, 0, 0, None)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "yesterday"), "--since yesterday: is no date. Write it like 2026-01-31."),
        (("--plot", "funnel.gif"), "--plot funnel.gif: can be a .png or an .svg file."),
        (("--flow", "other", "--plot", "funnel.svg"), "--plot: no session has reached a step yet"),
        (("sqlite:///none.db",), "none.db: there is no such database."),
    ],
)
def test_stats_that_cannot_be_are_refused_in_one_line(run_here: Run, words: tuple[str, ...], said: str) -> None:
    done = run_here("stats", *words)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_the_funnel_is_drawn_with_its_steps_by_name(run_here: Run, place: Path) -> None:
    assert run_here("stats", "--plot", "funnel.svg").code == 0
    assert run_here("stats", "--plot", "funnel.png").code == 0

    drawing = (place / "funnel.svg").read_text()
    assert drawing.index(">hello<") < drawing.index(">name<") < drawing.index(">drink<")
    assert "1 of 3 (33 %)" in drawing
    assert "gave up" in drawing
    assert (datetime.now(UTC) - timedelta(days=datetime.now(UTC).weekday())).date().isoformat() in drawing
    assert (place / "funnel.png").read_bytes().startswith(b"\x89PNG")


def test_a_purge_counts_first_and_then_removes_what_is_old(run_here: Run) -> None:
    counted = json.loads(run_here("purge", "--dry-run", "--json").out)
    removed = json.loads(run_here("purge", "--json").out)
    again = json.loads(run_here("purge", "--json").out)

    assert (counted["dry_run"], counted["sessions"], counted["messages"]) == (True, 2, 13)
    assert (removed["sessions"], removed["messages"], removed["empty_conversations"]) == (2, 13, 2)
    assert (again["sessions"], again["messages"]) == (0, 0)
    assert [one["conversation_id"] for one in json.loads(run_here("sessions", "list", "--json").out)] == ["cleo"]
    assert funnel(run_here) == FUNNEL


def test_how_long_things_are_kept_comes_from_options_or_from_the_bot_file(run_here: Run, place: Path) -> None:
    (place / "flows" / "bot.yaml").write_text("bot: little\nkeep: {sessions: 120 days, messages: 110 days}\n")

    def sessions_and_messages(*words: str) -> tuple[int, int]:
        found = json.loads(run_here("purge", "--dry-run", "--json", *words).out)
        return found["sessions"], found["messages"]

    assert sessions_and_messages("--flows", "flows") == (0, 0)
    assert sessions_and_messages("--flows", "flows", "--sessions-days", "99") == (2, 0)
    assert sessions_and_messages("--messages-days", "101") == (2, 0)


def test_idle_conversations_are_archived_and_their_messages_moved(run_here: Run) -> None:
    counted = json.loads(run_here("archive", "--dry-run", "--json").out)
    archived = json.loads(run_here("archive", "--json").out)
    moved = json.loads(run_here("archive", "--move-messages", "--json").out)

    assert [(one["conversations"], one["messages"]) for one in (counted, archived, moved)] == [(2, 0), (2, 0), (0, 13)]
    people = run_here("archive", "--dry-run")
    assert "conversations archived" in people.out
    assert "Nothing was changed." in people.out


@pytest.mark.parametrize("days", ["-1", "1e9", "inf", "nan", "soon"])
def test_an_age_that_cannot_be_is_wrong_usage(run_here: Run, days: str) -> None:
    assert run_here("purge", "--sessions-days", days).code == 2
    assert run_here("archive", "--idle-days", days).code == 2


def test_an_age_of_nothing_means_everything_that_is_over(run_here: Run) -> None:
    removed = json.loads(run_here("purge", "--messages-days", "0", "--sessions-days", "0", "--json").out)

    assert (removed["sessions"], removed["messages"]) == (2, 17)


def test_a_compact_purge_makes_the_file_smaller(run_here: Run, place: Path) -> None:
    file = place / "fsm_engine.db"
    run_here("purge", "--messages-days", "0", "--json")
    before = file.stat().st_size
    done = json.loads(run_here("purge", "--compact", "--json").out)

    assert (done["log_in_use"], done["messages"]) == (False, 0)
    assert file.stat().st_size < before


@pytest.mark.parametrize("command", ["stats", "archive", "purge", "export"])
def test_help_shows_how_it_is_used(run_here: Run, command: str) -> None:
    done = run_here(command, "--help")

    assert done.code == 0
    assert f"fsm-engine {command} " in done.out.partition("Examples:")[2]


def test_the_command_purges_as_a_process_of_its_own(run: Run) -> None:
    done = run("purge", "--json")

    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["sessions"] == 2
