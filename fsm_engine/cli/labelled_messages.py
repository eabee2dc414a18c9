"""CSV files of labelled messages: columns ``text`` and ``intent``, ``language`` if wanted; others are left alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from fsm_engine.cli.exits import Refused
from fsm_engine.core.nearest import did_you_mean
from fsm_engine.understanding.intent_evaluation import NONE, Labelled

LARGEST_FILE: Final = 64 * 2**20
"""Bytes."""

_SHOWN_AT_MOST = 20
_NEEDED = ("text", "intent")


def read_labelled(path: Path, intents: Collection[str]) -> list[Labelled]:
    """Every row of the file; an empty intent means that the message asks for nothing that the bot does.

    Raises:
        Refused: the file is no such table, or rows of it cannot be used; the message names their lines.
    """
    rows = csv.DictReader(io.StringIO(_content(path), newline=""), strict=True)
    try:
        _check_header(path, rows.fieldnames)
        found, wrong = _rows(rows, intents)
    except csv.Error as error:
        raise Refused(f"{path}: line {rows.line_num}: {error}. Look for a quote that is not closed there.") from error
    if wrong:
        more = [f"… and {len(wrong) - _SHOWN_AT_MOST} more"] if len(wrong) > _SHOWN_AT_MOST else []
        raise Refused("\n".join([f"{path}: {len(wrong)} rows cannot be used.", *wrong[:_SHOWN_AT_MOST], *more]))
    if not found:
        raise Refused(f"{path}: there is no row below the header. Write one message a line: text,intent")
    return found


def _content(path: Path) -> str:
    if path.stat().st_size > LARGEST_FILE:
        raise Refused(f"{path}: is larger than {LARGEST_FILE // 2**20} MiB. Split it.")
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(f"{path}: line {line}: is not UTF-8 text. Save the file as UTF-8.") from error


def _check_header(path: Path, columns: Collection[str] | None) -> None:
    if columns is None:
        raise Refused(f"{path}: is empty. The first line names the columns: text,intent,language")
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        given = ", ".join(f"'{name}'" for name in list(columns)[:10])
        semicolons = " Columns are told apart by commas." if any(";" in name for name in columns) else ""
        raise Refused(
            f"{path}: line 1: there is no column '{missing[0]}' among {given}.{semicolons} "
            "The first line names the columns: text,intent,language"
        )


def _rows(rows: csv.DictReader[str], intents: Collection[str]) -> tuple[list[Labelled], list[str]]:
    found: list[Labelled] = []
    wrong: list[str] = []
    for row in rows:
        problems = list(_problems(row, intents))
        if problems:
            wrong += [f"  line {rows.line_num}: {problem}" for problem in problems]
        else:
            found.append(Labelled(row["text"].strip(), row["intent"].strip(), (row.get("language") or "").strip()))
    return found, wrong


def _problems(row: Mapping[str, str | None], intents: Collection[str]) -> Iterator[str]:
    extra = row.get(None)  # type: ignore[call-overload]
    text, intent = row["text"], row["intent"]
    if extra is not None:
        yield "has more values than the header has columns; a text with a comma needs quotes"
    elif text is None or intent is None:
        yield "has fewer values than the header has columns; write a comma for an empty intent"
    elif not text.strip():
        yield "has no text"
    elif intent.strip() != NONE and intent.strip() not in intents:
        yield f"the bot has no intent '{intent.strip()[:80]}'.{did_you_mean(intent.strip()[:80], intents)}"
