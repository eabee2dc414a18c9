"""`fsm-engine check` and `fsm-engine explain`."""

import json
from pathlib import Path

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
