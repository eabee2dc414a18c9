"""Options and arguments that several commands have, said once."""

from __future__ import annotations

from typing import Annotated

import typer

from fsm_engine.cli.places import address_of

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Database = Annotated[
    str,
    typer.Option(help="Where conversations are kept: sqlite:///PATH or sqlite:////FULL/PATH.", envvar="DATABASE_URL"),
]
"""For commands that may begin a new database: a misspelt address must not become the name of a file."""

StoredIn = Annotated[
    str,
    typer.Option(
        "--database",
        help="A database file, or its address: sqlite:///PATH or sqlite:////FULL/PATH.",
        envvar="DATABASE_URL",
        callback=address_of,
    ),
]
"""For commands about something in a database that there is; they get its address."""

DatabaseFile = Annotated[
    str,
    typer.Argument(
        metavar="[DATABASE]",
        help="A database file, or its address: sqlite:///PATH or sqlite:////FULL/PATH.",
        envvar="DATABASE_URL",
        callback=address_of,
    ),
]
"""For commands that look after a database that there is; they get its address."""
