"""The commands for whoever safeguards users: `risk list`, `risk show`, `risk review` and `risk evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fsm_engine.cli.exits import EXIT_CODES, told_in_one_line
from fsm_engine.cli.options import AsJson, DatabaseFile, StoredIn
from fsm_engine.storage.open import DEFAULT_DATABASE

risk = typer.Typer(
    help="Look at what the risk stage found, review it, and measure the detector.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DetectionId = Annotated[int, typer.Argument(metavar="ID", min=1, help="The detection's number in the list.")]


@risk.command("list", epilog=EXIT_CODES)
def list_detections(
    database: DatabaseFile = DEFAULT_DATABASE,
    level: Annotated[str | None, typer.Option(help="Only low, medium or high.")] = None,
    category: Annotated[str | None, typer.Option(help="Only this category, such as self_harm.")] = None,
    review: Annotated[
        str | None,
        typer.Option(help="Only what nobody reviewed (none), what somebody did (any), true alarms, or false ones."),
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="From this day (UTC) on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Up to the end of this day (UTC).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many, newest first.")] = 100,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a new CSV file, which only you may read.")
    ] = None,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Leave out words, sessions and names: for reports by number.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List risk detections, newest first.

    What people wrote is shown, so see who stands behind you. --anonymous leaves it out.

    \b
    Examples:
      fsm-engine risk list --review none --level high
      fsm-engine risk list bot.db --since 2026-01-01 --csv risks.csv
      fsm-engine risk list --anonymous --json --limit 100000
    """
    from fsm_engine.cli.risk import Wanted, list_stored

    with told_in_one_line():
        wanted = Wanted(level, category, review, since, until)
        list_stored(database, wanted, limit=limit, csv=csv, anonymous=anonymous, as_json=as_json)


@risk.command("show", epilog=EXIT_CODES)
def show_detection(detection: DetectionId, database: StoredIn = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """Show one detection, whose it is, and what was said before and after it, the words in question marked.

    \b
    Examples:
      fsm-engine risk show 17
      fsm-engine risk show 17 --database bot.db --json
    """
    from fsm_engine.cli.risk_showing import show_stored

    with told_in_one_line():
        show_stored(database, detection, as_json=as_json)


@risk.command("review", epilog=EXIT_CODES)
def review_detection(
    detection: DetectionId,
    verdict: Annotated[str, typer.Option(help="true or false: whether it was right to raise the alarm.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who looked at it.")],
    database: StoredIn = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Record that a person looked at a detection, when, and what they found.

    The first review stands. Verdicts tell how good the detector is: fsm-engine risk evaluate --from-reviews bot.db

    \b
    Examples:
      fsm-engine risk review 17 --verdict true --by sara
      fsm-engine risk review 18 --verdict false --by sara --database bot.db
    """
    from fsm_engine.cli.risk import review_stored

    with told_in_one_line():
        review_stored(database, detection, verdict=verdict, by=by, as_json=as_json)


@risk.command("evaluate", epilog=EXIT_CODES)
def evaluate(
    cases: Annotated[
        list[Path] | None, typer.Argument(metavar="[CASES]...", help="Files of labelled messages, or folders of them.")
    ] = None,
    from_reviews: Annotated[
        str | None, typer.Option(metavar="DATABASE", help="Take reviewed detections of this database as cases, too.")
    ] = None,
    flows: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Measure the phrases of this folder's risk policy.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="End with 1 when a goal is missed on the messages that are held out.")
    ] = False,
    write: Annotated[
        Path | None, typer.Option(metavar="PAGE", help="Put the figures between the marks of this page, too.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how many risks the detector finds, and how often it is wrong.

    A case is a message with what should be found in it: {text: …, kind: …, category: …, level: none|low|medium|high,
    language: en, earlier: […]}. A third of them, chosen by a hash of the text, is held out: tune on the others only.
    Of reviewed detections only what was found is known, so they tell of false alarms and not of misses.

    \b
    Examples:
      fsm-engine risk evaluate tests/risk/cases
      fsm-engine risk evaluate tests/risk/cases --check --json
      fsm-engine risk evaluate --from-reviews bot.db --flows flows
    """
    from fsm_engine.cli.risk_evaluating import Sources, run_evaluation

    with told_in_one_line():
        run_evaluation(Sources(tuple(cases or ()), from_reviews, flows), check=check, page=write, as_json=as_json)
