"""Times as they are stored: one form, everywhere."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson


def utc_now() -> datetime:
    """The default clock."""
    return datetime.now(UTC)


def utc_text(moment: datetime) -> str:
    """``2026-11-22T03:04:05.678901Z``: sorts as time does."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    if moment.microsecond == 0:  # orjson would leave them out
        return f"{moment.isoformat(timespec='microseconds')[:26]}Z"
    return orjson.dumps(moment, option=orjson.OPT_UTC_Z)[1:-1].decode()  # a fifth of the time that `isoformat` takes
