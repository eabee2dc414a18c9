"""`fsm-engine check` and `fsm-engine explain`."""

import json
from pathlib import Path

from fsm_engine import Engine
from fsm_engine.model.problem_codes import EXPLANATIONS
from tests.cli.conftest import Run

WARNING = "flow: more\nversion: 1\nsteps:\n  - say: 50% off # today\n"


def test_a_folder_without_problems_says_what_it_holds(run_here: Run) -> None:
    done = run_here("check")

    assert (done.code, done.err) == (0, "")
    assert done.out == "flows: 1 flow, 0 transcripts, no problems.\n"


def test_warnings_alone_are_no_failure(run_here: Run, place: Path) -> None:
    (place / "flows" / "more.yaml").write_text(WARNING)

    done = run_here("check")

    assert done.code == 0
    assert "flows/more.yaml:4:" in done.out
    assert " warning " in done.out
    assert "1 warning." in done.out


def test_problems_are_counted_as_json_too(run_here: Run, place: Path) -> None:
    (place / "flows" / "more.yaml").write_text(WARNING + "    goto: nam\n")

    done = run_here("check", "flows", "--json")

    found = json.loads(done.out)
    assert done.code == 1
    assert found["ok"] is False
    assert found["flows"] == ["hello", "more"]
    error = next(problem for problem in found["problems"] if problem["severity"] == "error")
    assert (error["file"], error["line"], error["column"]) == ("flows/more.yaml", 5, 11)
    assert error["code"] == "unknown-step"
    assert "goes to 'nam', which this flow does not define" in error["message"]


def test_one_file_can_be_checked(run_here: Run) -> None:
    assert run_here("check", "flows/hello.yaml").code == 0


def test_every_code_is_explained(run_here: Run) -> None:
    listed = run_here("explain").out.split()

    assert listed == sorted(EXPLANATIONS)


def test_a_code_is_explained_whatever_its_case(run_here: Run) -> None:
    code = min(EXPLANATIONS)

    done = run_here("explain", code.upper())

    assert done.code == 0
    assert done.out == f"{code}\n\n{EXPLANATIONS[code].strip()}\n"


def test_types_of_a_bots_own_are_known_where_its_registry_is_named(run_here: Run, place: Path) -> None:
    flow = "flow: paint\nsteps:\n  - {ask: shade, type: shade_of_paint, prompt: Which?}\n"
    (place / "flows" / "paint.yaml").write_text(flow)
    (place / "paints.py").write_text(
        "from fsm_engine import Actions\n"
        "registry = Actions()\n"
        "@registry.type('shade_of_paint')\n"
        "def read(text, context):\n"
        "    return text\n"
    )

    unnamed, named = run_here("check"), run_here("check", "--actions", "paints:registry")

    assert unnamed.code == 1
    assert "there is no type 'shade_of_paint'. A type of your own must be registered." in unnamed.out
    assert (named.code, named.err) == (0, "")


NEWER = """
flow: hello
version: 2
migrate:
  - from: 1
    rename_slots: {name: whole_name}
    ask_again: [whole_name]
steps:
  - ask: whole_name
    type: person name
    prompt: What is your whole name?
  - ask: size
    type: one of small, large
    prompt: Which size?
  - end: "{size}, {whole_name}."
"""


def begin(place: Path, *talks: str) -> None:
    """A conversation for each of these texts: empty ones wait at the first question, others at the second."""
    with Engine.open_sync(f"sqlite:///{place / 'bot.db'}", flows=place / "flows") as engine:
        for number, text in enumerate(talks):
            engine.start(f"chat {number}", "hello")
            if text:
                engine.turn(f"chat {number}", text)


# proves: P12
def test_what_becomes_of_open_sessions_is_told_before_new_flows_are_shipped(run_here: Run, place: Path) -> None:
    begin(place, "", "", "Ann Lee")
    with Engine.open_sync(f"sqlite:///{place / 'bot.db'}", flows=place / "flows") as engine:
        engine.turn("chat 0", "cancel")  # no answer yet: it ends at once
    (place / "newer").mkdir()
    (place / "newer" / "hello.yaml").write_text(NEWER)
    stored = (place / "bot.db").read_bytes()

    done = run_here("check", "newer", "--database", "bot.db", "--json")
    shown = run_here("check", "newer", "--database", "sqlite:///bot.db")

    assert (done.code, shown.code) == (0, 0)
    assert json.loads(done.out)["sessions"] == {
        "open": 2,
        "damaged": 0,
        "flows": [
            {
                "flow": "hello", "version": 1, "becomes": "moves", "to_version": 2, "reason": "", "sessions": 1,
                "asked_again": [], "read_again": [],
            },
            {
                "flow": "hello", "version": 1, "becomes": "stays", "to_version": 2, "sessions": 1,
                "reason": "it waits at 'drink', which version 2 does not have, and move_steps does not name",
                "asked_again": [], "read_again": [],
            },
        ],
    }  # fmt: skip
    assert "moves to 2" in shown.out
    assert "it waits at 'drink'" in shown.out
    assert shown.out.endswith("2 open sessions. Nothing was changed.\n")
    assert (place / "bot.db").read_bytes() == stored


def test_it_is_told_which_answers_would_be_asked_for_again(run_here: Run, place: Path) -> None:
    begin(place, "Ann Lee")
    (place / "flows" / "hello.yaml").write_text(NEWER.replace("size", "drink"))

    found = json.loads(run_here("check", "flows", "--database", "bot.db", "--json").out)["sessions"]["flows"]

    assert [(one["becomes"], one["asked_again"]) for one in found] == [("moves", ["whole_name"])]


def test_sessions_of_flows_that_stay_as_they_are_or_are_gone_are_told_too(run_here: Run, place: Path) -> None:
    begin(place, "")
    same = run_here("check", "flows", "--database", "bot.db", "--json")
    (place / "flows" / "hello.yaml").write_text(NEWER.replace("flow: hello", "flow: other"))
    gone = run_here("check", "flows", "--database", "bot.db", "--json")

    assert [one["becomes"] for one in json.loads(same.out)["sessions"]["flows"]] == ["newest"]
    (one,) = json.loads(gone.out)["sessions"]["flows"]
    assert (one["becomes"], one["to_version"], one["reason"]) == ("stays", None, "the files do not have this flow")


def test_a_database_that_is_not_there_is_not_made(run_here: Run, place: Path) -> None:
    done = run_here("check", "flows", "--database", "nothing.db")

    assert done.code == 2
    assert "there is no such database" in done.err
    assert not (place / "nothing.db").exists()


def test_flows_with_errors_are_not_held_against_sessions(run_here: Run, place: Path) -> None:
    begin(place, "")
    (place / "flows" / "hello.yaml").write_text(NEWER.replace("whole_name]", "whole_nam]"))
    done = run_here("check", "flows", "--database", "bot.db", "--json")

    assert done.code == 1
    assert "sessions" not in json.loads(done.out)
