"""`fsm-engine chat`: talking, leaving in every way there is, and coming back."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from tests.cli.conftest import COMMAND, Run

CHAT = ("chat", "--plain")


def test_a_piped_conversation_is_shown_with_labels_and_choices(run: Run) -> None:
    done = run(*CHAT, typed="begin\nAna Lopez\n\ntea\n")

    assert done.code == 0
    assert done.err == ""
    lines = done.out.splitlines()
    assert lines[1:] == [
        "you: begin",
        "bot: What is your name?",
        "you: Ana Lopez",
        "bot: Which drink?",
        "     (tea | coffee)",
        "you: ",
        "you: tea",
        "bot: Here is your tea, Ana Lopez.",
        "--   This session is completed. A new message begins another.",
        "--   Your conversation is kept. To go on: fsm-engine chat --plain",
    ]
    assert lines[0].startswith("--   A new conversation.")
    assert 'Try: "begin"' in lines[0]


def test_a_chat_goes_on_where_it_stood_with_the_open_question(run: Run) -> None:
    run(*CHAT, typed="begin\nAna Lopez\n")

    done = run(*CHAT, typed="coffee\n")

    assert done.out.splitlines()[:5] == [
        "--   Going on where the conversation stood (hello, at drink). Ctrl-D leaves, and nothing is lost.",
        "you: Ana Lopez",
        "bot: Which drink?",
        "     (tea | coffee)",
        "you: coffee",
    ]
    assert "bot: Here is your coffee, Ana Lopez." in done.out


def test_after_the_end_a_new_session_begins(run: Run) -> None:
    run(*CHAT, typed="begin\nAna Lopez\ntea\n")

    done = run(*CHAT, typed="begin\n")

    assert done.out.startswith("--   The last session is completed.")
    assert "bot: What is your name?" in done.out


def test_conversations_and_databases_are_kept_apart(run: Run, place: Path) -> None:
    run(*CHAT, "--conversation", "ana", "--database", "sqlite:///one.db", typed="begin\nAna Lopez\n")

    same = run(*CHAT, "--conversation", "ana", more={"DATABASE_URL": "sqlite:///one.db"})
    other = run(*CHAT, "--conversation", "ben", "--database", "sqlite:///one.db")

    assert "at drink" in same.out
    assert "A new conversation" in other.out
    assert not (place / "fsm_engine.db").exists()


def test_the_command_to_go_on_is_told_with_its_options(run: Run) -> None:
    done = run(
        "chat", "flows", "--conversation", "ana maria", "--locale", "en-GB", "--database", "sqlite:///one.db", "--plain"
    )

    told = "fsm-engine chat flows --database sqlite:///one.db --conversation 'ana maria' --locale en-GB --plain"
    assert done.out.endswith(f"To go on: {told}\n")


def test_bytes_that_are_no_text_do_not_end_the_chat(place: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*COMMAND, *CHAT],
        cwd=place,
        env={**environment, "PYTHONIOENCODING": "utf-8:strict"},
        input=b"begin\n\xff\xfe\nAna Lopez\n",
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0
    assert b"Which drink?" in done.stdout


def test_the_shipped_flows_run_with_demonstration_actions(run: Run, place: Path) -> None:
    (place / "flows").rename(place / "other")

    typed = "I want to open an account\nAhmed Ali\ntaken@example.com\nahmed@example.com\nskip\nchecking\nyes\n"
    done = run(*CHAT, typed=typed)

    assert done.code == 0
    assert "That address already has an account." in done.out
    assert "Your checking account number is " in done.out


def pour_in(place: Path) -> None:
    """Lets the flow call an action before it ends."""
    flow = place / "flows" / "hello.yaml"
    calls = "  - do: drinks.pour\n    send: [drink]\n    save_as: cup\n    give_up: cancel\n  - end"
    flow.write_text(flow.read_text().replace("  - end", calls).replace("{drink},", "{cup},"))


def pouring(cup: str) -> str:
    """A module of the user's with that action."""
    return (
        "from fsm_engine import Actions\n"
        "registry = Actions()\n"
        "@registry.action('drinks.pour')\n"
        "def pour(call):\n"
        f"    return {{'cup': {cup}}}\n"
    )


def test_what_could_be_said_first_is_told_in_the_users_language(run: Run, place: Path) -> None:
    (place / "flows").rename(place / "other")

    done = run(*CHAT, "--locale", "es-MX", typed="quiero abrir una cuenta\n")

    assert 'Try: "quiero abrir una cuenta", ' in done.out
    assert "bot: ¿Cuál es tu nombre completo?" in done.out


def test_missing_actions_are_told_once_and_do_not_spoil_the_chat(run: Run, place: Path) -> None:
    pour_in(place)

    done = run(*CHAT, typed="begin\nAna Lopez\ntea\n")

    assert done.err == ""
    assert done.out.count("the flows call drinks.pour: add --actions module:registry") == 1
    assert "--   (error: action 'drinks.pour' is not registered." in done.out
    assert done.code == 0


def test_own_actions_are_found_beside_the_flows(run: Run, place: Path) -> None:
    pour_in(place)
    (place / "bar.py").write_text(pouring("'cup of ' + call.slots['drink']"))

    done = run(*CHAT, "--actions", "bar:registry", typed="begin\nAna Lopez\ntea\n")

    assert "bot: Here is your cup of tea, Ana Lopez." in done.out


def test_what_looks_like_markup_or_terminal_codes_is_shown_as_text(run: Run, place: Path) -> None:
    pour_in(place)
    (place / "bar.py").write_text(pouring("'[red]cup[/red] \\x1b[31m'"))

    done = run(*CHAT, "--actions", "bar:registry", typed="begin\nAna Lopez\ntea\n")

    assert "bot: Here is your [red]cup[/red] \N{REPLACEMENT CHARACTER}[31m, Ana Lopez." in done.out
    assert "\x1b" not in done.out


def test_actions_that_are_not_registered_are_problems_of_the_flows(run: Run, place: Path) -> None:
    pour_in(place)
    (place / "bar.py").write_text("from fsm_engine import Actions\nregistry = Actions()\n")

    done = run(*CHAT, "--actions", "bar:registry", typed="begin\n")

    assert done.code == 1
    assert "error unknown-action: no action called 'drinks.pour' is registered." in done.err
    assert not (place / "fsm_engine.db").exists()


def test_a_killed_chat_goes_on_at_the_last_reply(run: Run, place: Path, environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [*COMMAND, *CHAT], cwd=place, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as talking:
        assert talking.stdin is not None
        assert talking.stdout is not None
        talking.stdin.write("begin\nAna Lopez\n")
        talking.stdin.flush()
        while "Which drink?" not in talking.stdout.readline():
            pass
        os.kill(talking.pid, signal.SIGKILL)
    done = run(*CHAT, typed="tea\n")

    assert talking.returncode == -signal.SIGKILL
    assert "bot: Here is your tea, Ana Lopez." in done.out


def open_chat(place: Path, environment: dict[str, str], *more: str) -> "pexpect.spawn[str]":
    return pexpect.spawn(
        sys.executable,
        [*COMMAND[1:], "chat", *more],
        cwd=str(place),
        env=environment,
        encoding="utf-8",
        timeout=20,
        dimensions=(40, 100),
        preexec_fn=_hear_interrupts,
    )


def _hear_interrupts() -> None:
    """As in any terminal, also where the tests themselves run in the background and ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def terminal(place: Path, environment: dict[str, str]) -> "pexpect.spawn[str]":
    """A chat in a terminal of its own, after its first answer."""
    talking = open_chat(place, environment)
    talking.expect("you> ")
    talking.sendline("begin")
    talking.expect("What is your name")
    talking.expect("you> ")
    return talking


@pytest.mark.parametrize("leave", ["sendintr", "sendeof"])
def test_leaving_in_a_terminal_keeps_the_conversation(terminal: "pexpect.spawn[str]", run: Run, leave: str) -> None:
    getattr(terminal, leave)()
    terminal.expect("Your conversation is kept. To go on: fsm-engine chat")
    terminal.expect(pexpect.EOF)
    terminal.close()
    done = run(*CHAT)

    assert (terminal.exitstatus, terminal.signalstatus) == (0, None)
    assert "at name" in done.out
    assert "bot: What is your name?" in done.out


def test_choices_are_shown_in_a_terminal(terminal: "pexpect.spawn[str]") -> None:
    terminal.sendline("Ana Lopez")

    terminal.expect("Which drink")
    terminal.expect(r"\[tea\]  \[coffee\]")
    terminal.expect("you> ")  # what is typed before a line is asked for may be lost
    terminal.sendeof()
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 0


def test_an_action_that_hangs_can_be_left_and_is_run_again(place: Path, environment: dict[str, str], run: Run) -> None:
    pour_in(place)
    (place / "bar.py").write_text(
        "import asyncio, pathlib\n"
        "from fsm_engine import Actions\n"
        "registry = Actions()\n"
        "@registry.action('drinks.pour', idempotent=True)\n"
        "async def pour(call):\n"
        "    if not pathlib.Path('poured').exists():\n"
        "        pathlib.Path('poured').touch()\n"
        "        await asyncio.Event().wait()\n"
        "    return {'cup': 'cup'}\n"
    )
    run(*CHAT, typed="begin\nAna Lopez\n")
    talking = open_chat(place, environment, "--actions", "bar:registry")
    talking.expect("you> ")
    talking.sendline("tea")
    while not (place / "poured").exists():
        talking.expect([".", pexpect.TIMEOUT], timeout=0.05)
    talking.sendintr()
    talking.expect("Your conversation is kept")
    talking.expect(pexpect.EOF)
    talking.close()

    done = run(*CHAT, "--actions", "bar:registry", typed="begin\n")

    assert (talking.exitstatus, talking.signalstatus) == (0, None)
    assert "bot: What is your name?" in done.out
    assert json.loads(run("sessions", "list", "--json").out)[1]["status"] == "completed"
