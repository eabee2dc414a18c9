"""The commands of `fsm-engine`: their names, options and help. The work is in a module of its own for each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsm_engine.cli import database_commands
from fsm_engine.cli.exits import EXIT_CODES, told_in_one_line
from fsm_engine.cli.places import DEFAULT_CONVERSATION
from fsm_engine.storage.open import DEFAULT_DATABASE

app = typer.Typer(
    name="fsm-engine",
    help="Write conversations in YAML, try them, test them, and look at what became of them.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
sessions = typer.Typer(help="Look at stored sessions.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(sessions, name="sessions", epilog=EXIT_CODES)
database_commands.add_to(app)

Folder = Annotated[
    Path | None,
    typer.Argument(metavar="FOLDER", help="Flow files; ./flows where there is one, else the shipped flows."),
]
Database = Annotated[
    str,
    typer.Option(help="Where conversations are kept: sqlite:///PATH or sqlite:////FULL/PATH.", envvar="DATABASE_URL"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"fsm-engine {version('fsm_engine')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Write conversations in YAML, try them, test them, and look at what became of them."""


@app.command(epilog=EXIT_CODES)
def chat(
    folder: Folder = None,
    database: Database = DEFAULT_DATABASE,
    conversation: Annotated[
        str, typer.Option(help="Which conversation; it goes on where it stood.")
    ] = DEFAULT_CONVERSATION,
    plain: Annotated[bool, typer.Option("--plain", help="No colours: for pipes and screen readers.")] = False,
    locale: Annotated[str | None, typer.Option(help="The user's language, such as es or en-GB.")] = None,
    actions: Annotated[str | None, typer.Option(help="The functions that the flows call, as module:registry.")] = None,
) -> None:
    """Talk with a bot.

    Ctrl-D or Ctrl-C leaves, and nothing is lost: the same command goes on where you stopped.

    \b
    Examples:
      fsm-engine chat
      fsm-engine chat myflows --actions mybot.actions:registry
      fsm-engine chat --conversation ana --locale es
      printf 'make a plan\\nSam\\n' | fsm-engine chat --plain
    """
    from fsm_engine.cli.chat import ChatSettings
    from fsm_engine.cli.chat import chat as talk

    with told_in_one_line():
        talk(ChatSettings(folder, database, conversation, plain, locale, actions))


@app.command(epilog=EXIT_CODES)
def check(folder: Folder = None, as_json: AsJson = False) -> None:
    """Find every problem in flow files.

    All files are read in one run, and each problem comes with its line.

    \b
    Examples:
      fsm-engine check
      fsm-engine check myflows --json
    """
    from fsm_engine.cli.checking import check_folder

    with told_in_one_line():
        check_folder(folder, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def explain(
    code: Annotated[str | None, typer.Argument(help="The code of a problem; without it, all codes are listed.")] = None,
) -> None:
    """Tell what the code of a problem means.

    \b
    Examples:
      fsm-engine explain unknown-step
      fsm-engine explain
    """
    from fsm_engine.cli.checking import explain_code

    with told_in_one_line():
        explain_code(code)


@app.command("test", epilog=EXIT_CODES)
def play(
    folder: Folder = None,
    as_json: AsJson = False,
    database_dir: Annotated[
        Path | None, typer.Option(help="Keep the databases of the plays in this folder, to look into them.")
    ] = None,
) -> None:
    """Play all transcripts of a folder as tests.

    Each is a written conversation, and the bot is held to what it says there.

    \b
    Examples:
      fsm-engine test
      fsm-engine test myflows --database-dir plays
    """
    from fsm_engine.cli.playing import play_folder

    with told_in_one_line():
        play_folder(folder, as_json=as_json, database_dir=database_dir)


@app.command(epilog=EXIT_CODES)
def demo() -> None:
    """See it work with the shipped flows.

    A chat that is kept in .demo/demo.db. Without a terminal it plays a scripted conversation instead,
    whose process is killed half-way, goes on with it in a new process, and shows every row that was written.

    \b
    Examples:
      fsm-engine demo
      fsm-engine demo < /dev/null
    """
    from fsm_engine.cli.demo import run_demo

    with told_in_one_line():
        run_demo()


@sessions.command("list", epilog=EXIT_CODES)
def list_sessions(
    database: Database = DEFAULT_DATABASE,
    user: Annotated[str | None, typer.Option(help="Only sessions of this user.")] = None,
    status: Annotated[
        str | None, typer.Option(help="Only sessions that are active, completed, cancelled, handed_off or expired.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List sessions, newest first.

    \b
    Examples:
      fsm-engine sessions list
      fsm-engine sessions list --status active --json
      fsm-engine sessions list --user 42 --database sqlite:///bot.db
    """
    from fsm_engine.cli.sessions import list_stored

    with told_in_one_line():
        list_stored(database, user=user, status=status, limit=limit, as_json=as_json)


@sessions.command("show", epilog=EXIT_CODES)
def show_session(
    session_id: Annotated[
        str, typer.Argument(help="The id of a session, or of a conversation for its latest session.")
    ],
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Show one session: where it stands, its answers, what was said, risk detections and actions.

    \b
    Examples:
      fsm-engine sessions show terminal
      fsm-engine sessions show 019ccf2a-6a00-7e52-9dfe-ac3f5bd4af7b --json
    """
    from fsm_engine.cli.sessions import show_stored

    with told_in_one_line():
        show_stored(database, session_id, as_json=as_json)


def main() -> None:
    """The entry point of the command."""
    app(prog_name="fsm-engine")
