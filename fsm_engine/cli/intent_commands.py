"""The commands `fsm-engine intents …`: their options and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsm_engine.cli.exits import EXIT_CODES, told_in_one_line
from fsm_engine.cli.options import AsJson

intents = typer.Typer(
    help="See what a bot makes of messages.", no_args_is_help=True, rich_markup_mode=None, epilog=EXIT_CODES
)

_Folder = Annotated[
    Path | None,
    typer.Argument(metavar="[FOLDER]", help="Flow files; ./flows where there is one, else the shipped flows."),
]
_METHODS = "rule_based, ml or hybrid; what the bot file says if not given."


@intents.command("evaluate", epilog=EXIT_CODES)
def evaluate(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Columns text,intent and, if wanted, language.")],
    folder: _Folder = None,
    method: Annotated[list[str] | None, typer.Option(help=f"{_METHODS} May be given several times.")] = None,
    held_out: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Only this share of the rows, drawn by the seed.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Draws the rows that are held out.")] = 1,
    at_least: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Exit code 1 when the accuracy of a method is below.")
    ] = 0.0,
    plot: Annotated[
        Path | None, typer.Option(help="Draw confidence against accuracy into this .png or .svg file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how well a bot understands labelled messages.

    An empty intent means that the message asks for nothing that the bot does. Printed are the accuracy, precision and
    recall of each intent, what was taken for what, and how far the confidence can be trusted.

    \b
    Examples:
      fsm-engine intents evaluate messages.csv
      fsm-engine intents evaluate messages.csv myflows --method rule_based --method hybrid
      fsm-engine intents evaluate messages.csv --method ml --at-least 0.8 --json
    """
    from fsm_engine.cli.intents import Wanted, evaluate_file

    with told_in_one_line():
        evaluate_file(file, folder, Wanted(tuple(method or ()), held_out, seed, at_least, plot, as_json))


@intents.command("try", epilog=EXIT_CODES)
def try_one(
    text: Annotated[str, typer.Argument(help="What a user might say.")],
    folder: _Folder = None,
    method: Annotated[str | None, typer.Option(help=_METHODS)] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a bot would take one message for.

    \b
    Examples:
      fsm-engine intents try "could I get an account?"
      fsm-engine intents try "una cuenta" myflows --method ml --json
    """
    from fsm_engine.cli.intents import try_text

    with told_in_one_line():
        try_text(text, folder, method=method, as_json=as_json)
