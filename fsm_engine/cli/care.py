"""The commands for what is kept: `stats`, `archive`, `purge` and `export`. Their work is in modules of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsm_engine.cli.exits import EXIT_CODES, told_in_one_line
from fsm_engine.cli.options import AsJson, DatabaseFile
from fsm_engine.storage.open import DEFAULT_DATABASE

care = typer.Typer(rich_markup_mode=None)

Flows = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Flow files whose bot file says in `keep:` how long things are kept."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; print what would go.")]
Days = Annotated[
    float | None,
    typer.Option(min=0.0, max=36_500.0, metavar="DAYS", help="Other than the bot file's, or the default."),
]


@care.command(epilog=EXIT_CODES)
def stats(
    database: DatabaseFile = DEFAULT_DATABASE,
    flow: Annotated[str | None, typer.Option(help="Only this flow.")] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Only sessions that began on this day (UTC) or later."),
    ] = None,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the funnel as well, into a .png or .svg file.")
    ] = None,
) -> None:
    """Show how far people come.

    For each step: how many sessions reached it, answered it, and ended there unfinished; and sessions by week.
    Sessions that were purged are counted in. Drawing needs the extra: pip install 'fsm_engine[stats]'

    \b
    Examples:
      fsm-engine stats
      fsm-engine stats sqlite:///bot.db --flow create_account --since 2026-01-01
      fsm-engine stats --plot funnel.svg
    """
    from fsm_engine.cli.stats import show_stats

    with told_in_one_line():
        show_stats(database, flow=flow, since=since, as_json=as_json, plot=plot)


@care.command(epilog=EXIT_CODES)
def archive(
    database: DatabaseFile = DEFAULT_DATABASE,
    idle_days: Days = None,
    move_messages: Annotated[
        bool,
        typer.Option("--move-messages", help="Move their old messages to the archive table."),
    ] = False,
    move_days: Days = None,
    flows: Flows = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put idle conversations aside.

    Those that nobody has written in for --idle-days (90, or what `keep: messages:` says) become archived. Nothing is
    lost: whoever writes again has the conversation open again. With --move-messages, messages older than --move-days
    (as many as --idle-days) go out of history and search, to the table messages_archive. Bots may run meanwhile.

    \b
    Examples:
      fsm-engine archive --dry-run
      fsm-engine archive sqlite:///bot.db --idle-days 30
      fsm-engine archive --flows flows --move-messages
    """
    from fsm_engine.cli.retention import run_archive

    with told_in_one_line():
        run_archive(
            database,
            idle_days=idle_days,
            move_days=move_days,
            moves=move_messages,
            flows=flows,
            dry_run=dry_run,
            as_json=as_json,
        )


@care.command(epilog=EXIT_CODES)
def purge(
    database: DatabaseFile = DEFAULT_DATABASE,
    sessions_days: Days = None,
    messages_days: Days = None,
    flows: Flows = None,
    dry_run: DryRun = False,
    compact: Annotated[bool, typer.Option("--compact", help="Write the file anew as well; turns wait for it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove for good what is old.

    Sessions go after --sessions-days (30) without activity, messages after --messages-days (90), deleted conversations
    with all that is in them; anonymous counts stay. A risk that nobody reviewed holds its session back for 90 days. A
    bot file's `keep:` gives other ages than these. What a delivery was answered is known only as long as its session.
    Bots may run meanwhile. The file becomes no smaller unless --compact writes it anew: about 10 s a gigabyte, in
    which turns wait.

    \b
    Examples:
      fsm-engine purge --dry-run
      fsm-engine purge sqlite:///bot.db --sessions-days 14
      fsm-engine purge --flows flows
    """
    from fsm_engine.cli.retention import run_purge

    with told_in_one_line():
        run_purge(
            database,
            sessions_days=sessions_days,
            messages_days=messages_days,
            flows=flows,
            dry_run=dry_run,
            compact=compact,
            as_json=as_json,
        )


@care.command(epilog=EXIT_CODES)
def export(
    database: DatabaseFile = DEFAULT_DATABASE,
    conversation: Annotated[str | None, typer.Option(metavar="ID", help="One conversation.")] = None,
    user: Annotated[str | None, typer.Option(metavar="ID", help="All conversations of a user.")] = None,
    form: Annotated[str, typer.Option("--format", help="json, md (Markdown) or pdf.")] = "json",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A new file, which only you may read; else it is printed."),
    ] = None,
    font: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A further font for the PDF, such as one for Chinese.")
    ] = None,
) -> None:
    """Write out what is stored of a conversation or a user.

    The PDF needs the extra: pip install 'fsm_engine[export]'

    \b
    Examples:
      fsm-engine export --conversation telegram:42
      fsm-engine export sqlite:///bot.db --user 42 --format pdf --out ana.pdf
      fsm-engine export --user 42 --format md > ana.md
    """
    from fsm_engine.cli.export import write_export

    with told_in_one_line():
        write_export(database, conversation=conversation, user=user, form=form, out=out, fonts=font or ())
