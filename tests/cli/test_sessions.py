"""`fsm-engine sessions`: what is stored, for people and for programs."""

import json
from pathlib import Path

import pytest

from fsm_engine.engine.engine import Engine
from fsm_engine.testing.clock import VirtualClock
from fsm_engine.testing.generate import converse
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
async def stored(place: Path) -> None:
    """Two conversations in the database that the command looks at when it is told nothing else."""
    url = f"sqlite:///{place / 'fsm_engine.db'}"
    async with Engine.open(url, flows=place / "flows", clock=VirtualClock()) as engine:
        await converse(engine, "ana", ["begin", "Ana Lopez", "tea"])
        await converse(engine, "ben", ["begin", "Ben Stone"])


def test_sessions_are_listed_newest_first(run_here: Run) -> None:
    found = json.loads(run_here("sessions", "list", "--json").out)

    assert [(one["conversation_id"], one["status"], one["step"]) for one in found] == [
        ("ben", "active", "drink"),
        ("ana", "completed", "(over)"),
    ]
    assert all("state_json" not in one for one in found)


def test_a_database_may_be_named_by_its_path(run_here: Run, place: Path) -> None:
    by_path = run_here("sessions", "list", "--database", str(place / "fsm_engine.db"), "--json")
    missing = run_here("sessions", "list", "--database", "missing.db")

    assert len(json.loads(by_path.out)) == 2
    assert (missing.code, "missing.db: there is no such database" in missing.err) == (2, True)


@pytest.mark.parametrize(("status", "names"), [("active", ["ben"]), ("completed", ["ana"]), ("expired", [])])
def test_sessions_are_listed_by_status(run_here: Run, status: str, names: list[str]) -> None:
    found = json.loads(run_here("sessions", "list", "--status", status, "--json").out)

    assert [one["conversation_id"] for one in found] == names


def test_sessions_of_a_user_who_has_none_are_none(run_here: Run) -> None:
    assert json.loads(run_here("sessions", "list", "--user", "42", "--json").out) == []


def test_the_limit_holds(run_here: Run) -> None:
    assert len(json.loads(run_here("sessions", "list", "--limit", "1", "--json").out)) == 1


def test_a_session_is_shown_as_a_table_row(run_here: Run) -> None:
    done = run_here("sessions", "list")

    assert done.code == 0
    assert "sessions (2)" in done.out
    assert "completed" in done.out


def test_one_session_is_shown_by_its_conversation_or_its_own_id(run_here: Run) -> None:
    by_conversation = json.loads(run_here("sessions", "show", "ben", "--json").out)
    by_id = json.loads(run_here("sessions", "show", by_conversation["id"], "--json").out)

    assert by_id == by_conversation
    assert by_id["answers"][0]["value"] == "Ben Stone"
    assert [message["text"] for message in by_id["messages"]] == [
        "begin",
        "What is your name?",
        "Ben Stone",
        "Which drink?",
    ]
    assert by_id["state"]["turn"] == 2


def test_one_session_is_shown_for_people(run_here: Run) -> None:
    out = run_here("sessions", "show", "ana").out

    assert "answers (2)" in out
    assert "messages (6)" in out
    assert "Here is your tea, Ana Lopez." in out


def test_an_unknown_session_is_refused(run_here: Run) -> None:
    done = run_here("sessions", "show", "nobody")

    assert done.code == 2
    assert done.err.startswith("fsm-engine: sessions: there is no session or conversation 'nobody'.")
