"""Times as they are stored: one form, everywhere."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The default clock."""
    return datetime.now(UTC)


def utc_text(moment: datetime) -> str:
    """``2026-11-22T03:04:05.678901Z``: sorts as time does."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='microseconds')[:26]}Z"
