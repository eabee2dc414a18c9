"""The commands of `fsm-engine`: their names, options and help. The work is in a module of its own for each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsm_engine.cli import database_commands
from fsm_engine.cli.care import care
from fsm_engine.cli.exits import EXIT_CODES, told_in_one_line
from fsm_engine.cli.intent_commands import intents
from fsm_engine.cli.options import AsJson, Database, DatabaseFile, StoredIn
from fsm_engine.cli.places import DEFAULT_CONVERSATION, address_of
from fsm_engine.cli.risk_commands import risk
from fsm_engine.cli.timer_commands import timers
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
app.add_typer(risk, name="risk", epilog=EXIT_CODES)
app.add_typer(intents, name="intents", epilog=EXIT_CODES)
app.add_typer(timers, name="timers", epilog=EXIT_CODES)
app.add_typer(care)
database_commands.add_to(app)

Folder = Annotated[
    Path | None,
    typer.Argument(metavar="FOLDER", help="Flow files; ./flows where there is one, else the shipped flows."),
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"fsm-engine {version('fsm_engine')}")
        raise typer.Exit


def _address(database: str | None) -> str | None:
    return None if database is None else address_of(database)


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

    Ctrl-D or Ctrl-C leaves, and nothing is lost: the same command goes on where you stopped. Reminders and nudges of
    this conversation come while it is open.

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
def check(
    folder: Folder = None,
    actions: Annotated[
        str | None, typer.Option(help="Where the flows' own types are registered, as module:registry.")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(help="Tell too what these flows would make of the sessions in this database.", callback=_address),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find every problem in flow files.

    All files are read in one run, and each problem comes with its line. With a database, it is also told how many
    open sessions stand in which version of a flow, which of them move to the newest one, and why others do not.
    Nothing is changed.

    \b
    Examples:
      fsm-engine check
      fsm-engine check myflows --json
      fsm-engine check newflows --database sqlite:///bot.db
      fsm-engine check myflows --actions mybot.actions:registry
    """
    from fsm_engine.cli.checking import check_folder

    with told_in_one_line():
        check_folder(folder, as_json=as_json, actions=actions, database=database)


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


@app.command("sim", epilog=EXIT_CODES)
def simulate(
    seeds: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many worlds, one seed each.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 1,
    steps: Annotated[
        int | None, typer.Option(min=1, max=10_000_000, help="Callbacks until a world calms down; 8000 if not given.")
    ] = None,
    as_json: AsJson = False,
    trace: Annotated[Path | None, typer.Option(help="Write what happens in the one world into this file.")] = None,
) -> None:
    """Run the whole engine in simulated worlds.

    Users, processes that are killed, failing disks, hanging actions and changed flow files, in virtual time.
    Every promise is checked on the way. The same seed gives the same run again, on every machine.

    \b
    Examples:
      fsm-engine sim
      fsm-engine sim --seeds 500 --json
      fsm-engine sim --seeds 1 --seed 17 --trace seed-17.txt
    """
    from fsm_engine.cli.simulating import Wanted, run_simulations

    with told_in_one_line():
        run_simulations(Wanted(seeds, seed, steps, as_json, trace))


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
    database: StoredIn = DEFAULT_DATABASE,
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
      fsm-engine sessions list --user 42 --database bot.db
    """
    from fsm_engine.cli.sessions import list_stored

    with told_in_one_line():
        list_stored(database, user=user, status=status, limit=limit, as_json=as_json)


@sessions.command("show", epilog=EXIT_CODES)
def show_session(
    session_id: Annotated[
        str, typer.Argument(help="The id of a session, or of a conversation for its latest session.")
    ],
    database: StoredIn = DEFAULT_DATABASE,
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


@app.command("audit", epilog=EXIT_CODES)
def show_audit(
    database: DatabaseFile = DEFAULT_DATABASE,
    user: Annotated[str | None, typer.Option(help="Only actions for this user, newest first.")] = None,
    session: Annotated[str | None, typer.Option(help="The whole trail of this session, oldest first.")] = None,
    key: Annotated[str | None, typer.Option(help="The action with this idempotency key.")] = None,
    status: Annotated[
        str | None, typer.Option(help="Only pending, success, failure, unknown, rolled_back or stuck ones.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what was done in the world: actions, what they were sent and returned, and what was taken back.

    Private answers are masked.

    \b
    Examples:
      fsm-engine audit
      fsm-engine audit --user telegram:42 --json bot.db
      fsm-engine audit --session 019ccf2a-6a00-7e52-9dfe-ac3f5bd4af7b
      fsm-engine audit --status unknown bot.db
    """
    from fsm_engine.cli.auditing import Asked
    from fsm_engine.cli.auditing import show_audit as show

    with told_in_one_line():
        show(database, Asked(user, session, key, status, limit), as_json=as_json)


@app.command("recover", epilog=EXIT_CODES)
def recover_actions(
    folder: Folder = None,
    database: Database = DEFAULT_DATABASE,
    actions: Annotated[str | None, typer.Option(help="The functions that the flows call, as module:registry.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Finish actions that a dead process left behind.

    What may be called again is; what can be asked about is asked about; the rest becomes unknown, for a person.
    What a living process runs is left alone, and bots may go on meanwhile.
    Exit code 1: something is left that a person has to look at.

    \b
    Examples:
      fsm-engine recover --actions mybot.actions:registry --dry-run
      fsm-engine recover myflows --database sqlite:///bot.db --actions mybot.actions:registry --json
    """
    from fsm_engine.cli.auditing import recover

    with told_in_one_line():
        recover(folder, database, actions, dry_run=dry_run, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def doctor(database: DatabaseFile = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """Look a database over, without changing it.

    Says of each finding what is wrong, which sessions or conversations it touches, what still works and what to do.
    A bot may go on meanwhile. Exit codes: 0 sound, 1 somebody has to do something, 2 it cannot be read.

    \b
    Examples:
      fsm-engine doctor
      fsm-engine doctor bot.db
      fsm-engine doctor --json sqlite:////var/lib/bot.db
    """
    from fsm_engine.cli.doctor import examine

    with told_in_one_line():
        examine(database, as_json=as_json)


@app.command("erase", epilog=EXIT_CODES)
def erase_person(
    database: DatabaseFile = DEFAULT_DATABASE,
    user: Annotated[str | None, typer.Option(help="Erase this user with all their conversations.")] = None,
    conversation: Annotated[str | None, typer.Option(help="Erase this conversation.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be erased.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a user or a conversation, and prove it.

    Every row of theirs goes, the log is emptied, and then the bytes of the files are searched for what was erased.
    The audit keeps that something was done, without whom or with what. Exit code 1: something is left.
    A bot may go on meanwhile. Backups are not reached.

    \b
    Examples:
      fsm-engine erase --user telegram:42 --dry-run
      fsm-engine erase --user telegram:42 --yes bot.db
      fsm-engine erase --conversation 7f3a --yes --json sqlite:////var/lib/bot.db
    """
    from fsm_engine.cli.erasing import erase

    with told_in_one_line():
        erase(database, user=user, conversation=conversation, dry_run=dry_run, confirmed=yes, as_json=as_json)


def main() -> None:
    """The entry point of the command."""
    app(prog_name="fsm-engine")
