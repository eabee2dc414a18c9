"""Labelled messages to measure risk detectors with: read from files, or made of what people reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from fsm_engine.errors import UsageError
from fsm_engine.storage.records import StoredDetection
from fsm_engine.understanding.risk_evaluation import EvaluationRow
from fsm_engine.understanding.risk_rules import CATEGORIES

_KEYS = {"text", "kind", "category", "level", "language", "earlier"}
_NEEDED = ("text", "kind", "category", "level")
_LEVELS = ("none", "low", "medium", "high")
REVIEWED = "reviewed"
"""The kind of cases that are made of reviews."""


class CasesUnreadable(UsageError):
    """A file of cases is not what it should be."""

    code = "cases-unreadable"


def read_cases(paths: Iterable[Path]) -> list[EvaluationRow]:
    """The cases of files, and of all .yaml files in folders, in the order of their names.

    Raises:
        CasesUnreadable: a file or folder holds no cases, or one has a part that it cannot have.
    """
    return [row for path in paths for file in _files(path) for row in _read(file)]


def cases_of_reviews(detections: Sequence[StoredDetection]) -> list[EvaluationRow]:
    """One case for each reviewed message: at risk when one of its detections was a true alarm."""
    reviewed = [one for one in detections if one.verdict is not None and not one.is_damaged]
    in_order = sorted(reviewed, key=lambda one: (one.session_id, one.turn, one.id))
    return [_of_message([*group]) for _, group in groupby(in_order, key=lambda one: (one.session_id, one.turn))]


def _of_message(detections: Sequence[StoredDetection]) -> EvaluationRow:
    first = next((one for one in detections if one.verdict == "true_alarm"), None)
    if first is None:
        return EvaluationRow(detections[0].user_message, REVIEWED, "none", "none")
    level = max((one.level for one in detections if one.verdict == "true_alarm"), key=_LEVELS.index)
    return EvaluationRow(first.user_message, REVIEWED, first.category, level)


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise CasesUnreadable(f"{path}: no cases are there. Name a .yaml file, or a folder of them.")
    return files


def _read(file: Path) -> list[EvaluationRow]:
    import yaml

    try:
        rows = yaml.load(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark is not None else str(file)
        raise CasesUnreadable(f"{where}: is no YAML. Write a list of cases: - {{text: …, kind: …}}") from error
    if not isinstance(rows, list):
        raise CasesUnreadable(f"{file}: is no list of cases. Write: - {{text: …, kind: …, category: …, level: …}}")
    return [_row(row, f"{file}: case {number}") for number, row in enumerate(rows, start=1)]


def _row(row: Any, where: str) -> EvaluationRow:
    if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in _NEEDED):
        raise CasesUnreadable(f"{where}: lacks one of {', '.join(_NEEDED)}, which are texts.")
    if unknown := sorted(row.keys() - _KEYS):
        raise CasesUnreadable(f"{where}: '{unknown[0]}' is not known. Use {', '.join(sorted(_KEYS))}.")
    if row["level"] not in _LEVELS:
        raise CasesUnreadable(f"{where}: the level '{row['level']}' is not known. Use one of {', '.join(_LEVELS)}.")
    if row["category"] not in (*CATEGORIES, "none"):
        known = ", ".join((*CATEGORIES, "none"))
        raise CasesUnreadable(f"{where}: the category '{row['category']}' is not known. Use one of {known}.")
    earlier = row.get("earlier", [])
    if not isinstance(earlier, list) or not all(isinstance(text, str) for text in earlier):
        raise CasesUnreadable(f"{where}: 'earlier' is a list of the user's messages before, oldest first.")
    language = str(row.get("language", "en"))
    return EvaluationRow(row["text"], row["kind"], row["category"], row["level"], language, tuple(earlier))
