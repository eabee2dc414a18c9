"""`fsm-engine risk list` and `risk review`: what was found, for those who look after users."""

from __future__ import annotations

import asyncio
import csv as csv_files
import io
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fsm_engine.cli.exits import Refused
from fsm_engine.cli.places import must_exist
from fsm_engine.cli.screen import print_json, print_table
from fsm_engine.model.flow import LEVELS
from fsm_engine.understanding.risk_rules import CATEGORIES

if TYPE_CHECKING:
    from fsm_engine.storage import Store
    from fsm_engine.storage.records import StoredDetection
    from fsm_engine.storage.reviews import RiskSearch, Verdict

T = TypeVar("T")

PAGE = 1000
LONGEST_NAME = 200
_PERSONAL = ("id", "session_id", "message_id", "phrase", "start", "end", "read_as", "user_message", "reviewed_by")
_VERDICTS: dict[str, Verdict] = {"true": "true_alarm", "false": "false_alarm"}
_REVIEWS = ("none", "any", *_VERDICTS)
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which detections, as options say it."""

    level: str | None = None
    category: str | None = None
    review: str | None = None
    since: str | None = None
    until: str | None = None


def list_stored(database: str, wanted: Wanted, *, limit: int, csv: Path | None, anonymous: bool, as_json: bool) -> None:
    """Prints detections, or writes them to a file.

    Raises:
        Refused: there is no such database, an option has a value that it cannot have, or the file is there already.
    """
    search = _search(wanted)
    must_exist(database)
    found = asyncio.run(with_store(database, lambda store: _pages(store, search, limit + 1)))
    has_more = len(found) > limit
    rows = [_fields(one, anonymous=anonymous) for one in found[:limit]]
    if csv is not None:
        _write_csv(csv, _columns(anonymous=anonymous), rows)
        print(f"{csv}: {len(rows)} detections.")
    elif as_json:
        print_json(rows)
    else:
        _print(found[:limit], anonymous=anonymous)
    if has_more:
        print(f"These are the newest {limit}, and there are more: see --limit.", file=sys.stderr)
    if not found and wanted.category is not None and wanted.category not in CATEGORIES:
        print(f"The shipped categories are {', '.join(CATEGORIES)}; hooks may have their own.", file=sys.stderr)


def review_stored(database: str, detection_id: int, *, verdict: str, by: str, as_json: bool) -> None:
    """Records a review.

    Raises:
        Refused: no such database or detection, no such verdict, no name, or somebody reviewed it before.
    """
    from fsm_engine.model.times import utc_now, utc_text

    if verdict not in _VERDICTS:
        raise Refused(f"--verdict {verdict}: is not known. Choose true (it was right to raise it) or false.")
    name = by.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise Refused(f"--by: takes a name of 1 to {LONGEST_NAME} characters.")
    must_exist(database)
    now = utc_text(utc_now())

    async def work(store: Store) -> StoredDetection:
        await detection_of(store, detection_id)
        return await store.risk.review(detection_id, reviewed_by=name, verdict=_VERDICTS[verdict], now=now)

    one = asyncio.run(with_store(database, work))
    if one.reviewed_at != now or one.reviewed_by != name:
        raise Refused(
            f"detection {detection_id}: was reviewed before, on {one.reviewed_at} by {one.reviewed_by}, as "
            f"{(one.verdict or '').replace('_', ' ')}. The first review stands."
        )
    if as_json:
        print_json(_fields(one, anonymous=False))
    else:
        print(f"Detection {detection_id}: {_VERDICTS[verdict].replace('_', ' ')}, reviewed by {name}.")


def _search(wanted: Wanted) -> RiskSearch:
    from fsm_engine.storage.reviews import RiskSearch

    if wanted.level is not None and wanted.level not in LEVELS:
        raise Refused(f"--level {wanted.level}: is not known. Choose one of {', '.join(LEVELS)}.")
    if wanted.review is not None and wanted.review not in _REVIEWS:
        raise Refused(f"--review {wanted.review}: is not known. Choose one of {', '.join(_REVIEWS)}.")
    return RiskSearch(
        level=wanted.level,
        category=wanted.category,
        verdict=_VERDICTS.get(wanted.review or ""),
        reviewed=None if wanted.review is None else wanted.review != "none",
        since=_day("--since", wanted.since, 0),
        until=_day("--until", wanted.until, 1),
    )


def _day(option: str, written: str | None, days_later: int) -> str | None:
    if written is None:
        return None
    try:
        return (date.fromisoformat(written) + timedelta(days=days_later)).isoformat()
    except (ValueError, OverflowError) as error:
        raise Refused(f"{option} {written}: is no date. Write it like 2026-01-31.") from error


async def with_store(database: str, work: Callable[[Store], Awaitable[T]]) -> T:
    """What the work gives that is done with the opened store."""
    from fsm_engine.storage import open_store

    store = await open_store(database)
    try:
        return await work(store)
    finally:
        await store.close()


async def _pages(store: Store, search: RiskSearch, limit: int) -> list[StoredDetection]:
    found: list[StoredDetection] = []
    while len(found) < limit:
        asked = min(PAGE, limit - len(found))
        page = await store.risk.find(search, before=found[-1].id if found else None, limit=asked)
        found += page
        if len(page) < asked:
            break
    return found


async def detection_of(store: Store, detection_id: int) -> StoredDetection:
    """The detection of that number. Raises `Refused` when there is none."""
    one = await store.risk.get(detection_id)
    if one is None:
        raise Refused(f"risk: there is no detection {detection_id}. See: fsm-engine risk list")
    return one


def _fields(one: StoredDetection, *, anonymous: bool) -> dict[str, Any]:
    row = asdict(one)
    if anonymous:
        row["detected_at"] = row["detected_at"][:10]
        row["reviewed_at"] = row["reviewed_at"] and row["reviewed_at"][:10]
    return {key: value for key, value in row.items() if not (anonymous and key in _PERSONAL)}


def _print(found: Sequence[StoredDetection], *, anonymous: bool) -> None:
    columns = ("id", "at", "level", "category", "phrase", "help", "reviewed by", "verdict")
    rows = [
        (
            None if anonymous else one.id,
            one.detected_at[: 10 if anonymous else 19],
            one.level,
            one.category,
            None if anonymous else "damaged" if one.is_damaged else one.phrase,
            "shown" if one.resources_shown else None,
            None if anonymous else one.reviewed_by,
            one.verdict and one.verdict.replace("_", " "),
        )
        for one in found
    ]
    print_table("risk detections", columns, rows)


def _columns(*, anonymous: bool) -> list[str]:
    from fsm_engine.storage.records import StoredDetection

    return [field.name for field in fields(StoredDetection) if not (anonymous and field.name in _PERSONAL)]


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """A table for spreadsheets: text that they would take for a formula begins with an apostrophe.

    It begins with a byte order mark: without one some of them read accents as two letters.
    """
    written = io.StringIO(newline="")
    writer = csv_files.writer(written)
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Refused(f"{path}: is there already. Name a new file, or remove this one first.") from error
    with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as file:
        file.write(written.getvalue())


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_SIGNS) else value
