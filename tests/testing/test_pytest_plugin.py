"""`pytest flows` plays transcripts: run for real, in a process of its own."""

import subprocess
import sys
from pathlib import Path

PASSING = "transcript: somebody begins\nturns:\n  - user: begin\n    at: name\n"
FAILING = "transcript: somebody is greeted wrongly\nturns:\n  - user: begin\n    bot: Good evening!\n"


def run_pytest(place: Path, *arguments: str) -> tuple[int, str]:
    # An editable install registers the plugin; naming it as well would be refused, so its entry point is ignored.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def write(folder: Path, **transcripts: str) -> None:
    (folder / "transcripts").mkdir()
    for name, text in transcripts.items():
        (folder / "transcripts" / f"{name}.yaml").write_text(text)


def test_each_transcript_is_a_test_with_its_title(folder: Path) -> None:
    write(folder, one=PASSING, two="# a comment stands first\ntranscript: again\nturns:\n  - start: hello\n")

    code, output = run_pytest(folder.parent, "flows", "--collect-only")

    assert code == 0
    assert "flows/transcripts/one.yaml::somebody begins" in output
    assert "flows/transcripts/two.yaml::again" in output
    assert "2 tests collected" in output


def test_a_failing_transcript_tells_its_line_and_what_would_have_passed(folder: Path) -> None:
    write(folder, one=PASSING, two=FAILING)

    code, output = run_pytest(folder.parent, "flows")

    assert code == 1
    assert "1 failed, 1 passed" in output
    assert "flows/transcripts/two.yaml:4:10: 'somebody is greeted wrongly', turn 1: the bot does not say this" in output
    assert "expected: Good evening!" in output
    assert "Who are you?" in output
    assert "Traceback" not in output
    assert "pytest_plugin.py" not in output


def test_one_file_can_be_played_alone_from_anywhere(folder: Path) -> None:
    write(folder, one=PASSING, two=FAILING)

    code, output = run_pytest(folder / "transcripts", "one.yaml")

    assert code == 0, output
    assert "1 passed" in output


def test_flows_that_cannot_run_give_one_failure_with_every_problem(folder: Path) -> None:
    write(folder, one=PASSING, two=FAILING)
    text = (folder / "hello.yaml").read_text()
    (folder / "hello.yaml").write_text(text.replace("number}.", "nmber}.") + "    goto: nowhere\n")

    code, output = run_pytest(folder.parent, "flows")

    assert code == 1
    assert "1 failed" in output
    assert "passed" not in output
    assert "unknown-slot" in output
    assert "unknown-step" in output
    assert "flows/hello.yaml:" in output


def test_the_folder_of_a_transcript_is_the_one_with_the_bot_file(folder: Path) -> None:
    (folder / "part").mkdir()
    (folder / "part" / "other.yaml").write_text((folder / "hello.yaml").read_text().replace("hello", "other"))
    (folder / "part" / "one.yaml").write_text(
        "transcript: from the other part\nturns:\n  - start: hello\n    at: name\n"
    )

    code, output = run_pytest(folder.parent, "flows")

    assert code == 0, output
    assert "1 passed" in output


def test_other_yaml_files_are_left_alone(folder: Path) -> None:
    (folder / "compose.yaml").write_text("services:\n  db: {}\n")

    code, output = run_pytest(folder.parent, "flows", "--collect-only")

    assert code == 5, output  # pytest's code for "no tests"


def test_the_plugin_imports_nothing_of_the_engine_before_it_finds_a_transcript() -> None:
    program = (
        "import sys, fsm_engine.testing.pytest_plugin\n"
        "print([name for name in sys.modules if name.startswith(('fsm_engine.engine', 'fsm_engine.core', 'yaml'))])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.strip() == "[]"
