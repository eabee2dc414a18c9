"""The commands for what comes by itself: `timers run` and `timers list`. Their work is in a module of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsm_engine.cli.exits import EXIT_CODES, told_in_one_line
from fsm_engine.cli.options import AsJson, Database, StoredIn
from fsm_engine.storage.address import DEFAULT_DATABASE

timers = typer.Typer(help="Reminders and nudges.", no_args_is_help=True, rich_markup_mode=None)


@timers.command("run", epilog=EXIT_CODES)
def run(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="Flow files; ./flows where there is one, else the shipped flows."),
    ] = None,
    database: Database = DEFAULT_DATABASE,
    deliver: Annotated[
        str | None,
        typer.Option(metavar="MODULE:FUNCTION", help="What takes the messages, and notices of risks, to people."),
    ] = None,
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="Again and again, such as '30 s', until Ctrl-C or SIGTERM.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Only what is due now; what happens without --every.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send reminders that are due, and nudges.

    Each becomes a turn of its conversation, in one process however many run this. Its messages go to the function,
    which gets a Delivery, until it has taken them. Without a function they are printed, a line of JSON each with
    --json, and count as delivered; notices of risks then wait.

    \b
    Examples:
      fsm-engine timers run
      fsm-engine timers run myflows --deliver mybot.bot:deliver --every '30 s'
      fsm-engine timers run --database sqlite:///bot.db --json
    """
    from fsm_engine.cli.timers import run_timers

    with told_in_one_line():
        run_timers(folder, database, deliver=deliver, every=None if once else every, as_json=as_json)


@timers.command("list", epilog=EXIT_CODES)
def list_timers(
    database: StoredIn = DEFAULT_DATABASE,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the next ones first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List reminders that are to come, the next ones first.

    \b
    Examples:
      fsm-engine timers list
      fsm-engine timers list --database sqlite:///bot.db --json
    """
    from fsm_engine.cli.timers import list_pending

    with told_in_one_line():
        list_pending(database, limit=limit, as_json=as_json)
