"""The commands for whoever keeps the database: `migrate`, `backup` and `restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from fsm_engine.cli.exits import EXIT_CODES, told_in_one_line
from fsm_engine.cli.options import AsJson, DatabaseFile
from fsm_engine.cli.places import address_of
from fsm_engine.storage.address import DEFAULT_DATABASE


class _UpgradesByItself(TyperGroup):
    """A group in which a database where a command should stand means: upgrade that database."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts `upgrade` before an address, or a file that is there."""
        if not any(word in self.commands for word in args) and any(
            "://" in word or Path(word).is_file() for word in args
        ):
            args = ["upgrade", *args]
        return super().parse_args(ctx, args)


migrate = typer.Typer(
    cls=_UpgradesByItself,
    help="Bring a database to another version of its schema.\n\n"
    "`fsm-engine migrate DATABASE` alone upgrades it to the newest one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@migrate.command(epilog=EXIT_CODES)
def upgrade(
    database: DatabaseFile = DEFAULT_DATABASE,
    to: Annotated[str, typer.Option(metavar="REV", help="Stop at this revision.")] = "head",
    as_json: AsJson = False,
) -> None:
    """Upgrade a database, keeping every row.

    It is one transaction: whatever happens, the database is the old one or the new one.

    \b
    Examples:
      fsm-engine migrate sqlite:///bot.db
      fsm-engine migrate upgrade sqlite:///bot.db --json
    """
    from fsm_engine.cli.migrating import upgrade_database

    with told_in_one_line():
        upgrade_database(database, to, as_json=as_json)


@migrate.command(epilog=EXIT_CODES)
def downgrade(
    database: DatabaseFile = DEFAULT_DATABASE,
    to: Annotated[
        str | None, typer.Option(metavar="REV", help="The revision to go down to; without it, one step.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="What the older schema cannot hold may go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a database down to an older schema, for a program that knows no other.

    What the older schema cannot hold is listed first, and nothing happens without --yes.

    \b
    Examples:
      fsm-engine migrate downgrade sqlite:///bot.db
      fsm-engine migrate downgrade sqlite:///bot.db --to 1 --yes
    """
    from fsm_engine.cli.migrating import downgrade_database

    with told_in_one_line():
        downgrade_database(database, to, may_lose=yes, as_json=as_json)


@migrate.command(epilog=EXIT_CODES)
def current(database: DatabaseFile = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """Tell which revision a database has.

    \b
    Examples:
      fsm-engine migrate current
      fsm-engine migrate current sqlite:///bot.db --json
    """
    from fsm_engine.cli.migrating import show_current

    with told_in_one_line():
        show_current(database, as_json=as_json)


@migrate.command(epilog=EXIT_CODES)
def history(database: DatabaseFile = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """List all revisions, and mark the one that a database has.

    \b
    Examples:
      fsm-engine migrate history
      fsm-engine migrate history sqlite:///bot.db --json
    """
    from fsm_engine.cli.migrating import show_history

    with told_in_one_line():
        show_history(database, as_json=as_json)


def backup(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[DATABASE] TARGET", help="The database's address, unless DATABASE_URL names it; a file."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Copy a database while bots use it.

    The copy is checked, and has its name only when it is whole. A file that is there is not overwritten.

    \b
    Examples:
      fsm-engine backup sqlite:///bot.db bot-monday.db
      DATABASE_URL=sqlite:///bot.db fsm-engine backup bot-monday.db --json
    """
    from fsm_engine.cli.backing_up import back_up

    with told_in_one_line():
        back_up(words, as_json=as_json)


def restore(
    backup: Annotated[str, typer.Argument(metavar="BACKUP", help="A file that `fsm-engine backup` has made.")],
    database: Annotated[str, typer.Argument(metavar="DATABASE", help="A file, or its address.", callback=address_of)],
    force: Annotated[bool, typer.Option("--force", help="Replace the database that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of a database that nobody has open.

    \b
    Examples:
      fsm-engine restore bot-monday.db sqlite:///bot.db
      fsm-engine restore bot-monday.db sqlite:///bot.db --force
    """
    from fsm_engine.cli.backing_up import put_back

    with told_in_one_line():
        put_back(backup, database, force=force, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Makes these commands of the program."""
    app.add_typer(migrate, name="migrate", epilog=EXIT_CODES)
    app.command(epilog=EXIT_CODES)(backup)
    app.command(epilog=EXIT_CODES)(restore)
