"""A point in time, as ISO 8601 with the offset of the user's time zone ("2026-11-22T17:30:00-05:00")."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fsm_engine.model.slot import DoesNotFit, Fits, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import bounds, doubt, reasons
from fsm_engine.understanding.readers.clock_phrases import FoundTime, times_in
from fsm_engine.understanding.readers.date import around_of, named_days
from fsm_engine.understanding.readers.day_arithmetic import day_or_none
from fsm_engine.understanding.readers.day_phrases import days_in
from fsm_engine.understanding.readers.spans import span_from_now
from fsm_engine.understanding.readers.wording import plain_spelling

_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[t ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?"
    r"(?: ?(z)|([+-])([0-9]{2}):?([0-9]{2}))?"
)


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The point in time that the user names.

    A time without a day is the next such time. A day without a time does not fit (``not_a_time``): midnight is rarely
    meant. A time that the clocks skip in spring is the one that they show instead.
    """
    folded = plain_spelling(text)
    if doubt.is_unsure(folded):
        return DoesNotFit(reasons.UNSURE)
    zone = bounds.zone(context.timezone)
    now = context.now.astimezone(zone)
    iso = _ISO.fullmatch(folded)
    if iso is not None:
        return _bounded([_from_iso(iso, zone)], slot_type, now, is_certain=True)
    folded = doubt.after_correction(folded)
    span = span_from_now(folded, context)
    if span is not None:
        return _bounded([(now + span).replace(microsecond=0)], slot_type, now, is_certain=True)
    return _named(folded, slot_type, context, now)


def _named(folded: str, slot_type: SlotType, context: ReadingContext, now: datetime) -> Reading:
    times = times_in(folded, slot_type.region or context.region)
    without_times = _blanked(folded, times)
    days = days_in(without_times, around_of(slot_type, context, now.date()))
    if not times:
        return DoesNotFit(reasons.NOT_A_TIME if days else reasons.NOT_A_DATE)
    kept = [one for one in times if not doubt.is_turned_down(folded[: one.start], folded[one.end :])]
    kept_days = [day for day in days if not doubt.is_turned_down(folded[: day.start], folded[day.end :])]
    if not kept or (days and not kept_days):
        return DoesNotFit(reasons.REFUSED)
    is_hedged = doubt.is_hedged(folded)
    if not days:
        moments = [_next(one, now) for one in kept]
        return _bounded(moments, slot_type, now, is_certain=False)
    named, is_sure = named_days(kept_days, without_times)
    moments = [_moment(day, one, now) for day in named for one in kept]
    is_certain = is_sure and not is_hedged and all(one.is_sure for one in kept)
    return _bounded(moments, slot_type, now, is_certain=is_certain)


def _blanked(folded: str, times: list[FoundTime]) -> str:
    """The message with its times blanked out, so that "at 5" is no 5th and "de la mañana" no tomorrow."""
    for one in times:
        folded = folded[: one.start] + " " * (one.end - one.start) + folded[one.end :]
    return folded


def _from_iso(match: re.Match[str], zone: ZoneInfo) -> datetime | None:
    day = day_or_none(int(match[1]), int(match[2]), int(match[3]))
    hour, minute, second = int(match[4]), int(match[5]), int(match[6] or 0)
    if day is None or hour > 23 or minute > 59 or second > 59:
        return None
    if match[7] is None and match[8] is None:
        return _existing(day, time(hour, minute, second), zone)
    offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
    moment = datetime.combine(day, time(hour, minute, second), UTC) - (-offset if match[8] == "-" else offset)
    return moment.astimezone(zone)


def _existing(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """That time on the wall; where the clocks skip it, the time that they show instead."""
    return datetime.combine(day, clock, zone).astimezone(UTC).astimezone(zone)


def _zone_of(now: datetime) -> ZoneInfo:
    zone = now.tzinfo
    assert isinstance(zone, ZoneInfo)
    return zone


def _moment(day: date, found: FoundTime, now: datetime) -> datetime | None:
    if found.time is None:
        return None
    moment = _existing(day, found.time, _zone_of(now))
    if found.could_be_later and day == now.date() and moment < now:
        return moment + timedelta(hours=12)
    return moment


def _next(found: FoundTime, now: datetime) -> datetime | None:
    """The first such time from now on, today or tomorrow."""
    today = _moment(now.date(), found, now)
    if today is None or today >= now or found.time is None:
        return today
    return _existing(now.date() + timedelta(days=1), found.time, _zone_of(now))


def _bounded(moments: list[datetime | None], slot_type: SlotType, now: datetime, *, is_certain: bool) -> Reading:
    existing = list(dict.fromkeys(moment for moment in moments if moment is not None))
    if not existing:
        return DoesNotFit(reasons.NOT_A_DATE)
    problems = [bounds.day_problem(moment.date(), slot_type, now.date()) for moment in existing]
    fitting = [moment for moment, problem in zip(existing, problems, strict=True) if problem is None]
    if len(fitting) > 1:
        return SeveralFit(tuple(moment.isoformat(timespec="seconds") for moment in fitting))
    if fitting:
        return Fits(fitting[0].isoformat(timespec="seconds"), certain=is_certain)
    return DoesNotFit(problems[0] or reasons.NOT_A_DATE)
