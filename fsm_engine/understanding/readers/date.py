"""A day, as ISO 8601 ("2026-11-22"), seen from the turn's clock in the user's time zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from fsm_engine.model.slot import DoesNotFit, Fits, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import bounds, doubt, reasons
from fsm_engine.understanding.readers.day_arithmetic import day_of_month, day_or_none
from fsm_engine.understanding.readers.day_phrases import Around, FoundDay, days_in
from fsm_engine.understanding.readers.word_tables import word_list
from fsm_engine.understanding.readers.wording import language_of, plain_spelling

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_ISO_WEEK = re.compile(r"([0-9]{4})-?[Ww]([0-9]{2})-?([1-7])")
_HALF_A_YEAR = re.compile(r"\b(?:half a year|medio ano)\b")
_BARE_DAY = re.compile(r"(?:the |el |dia )?([0-9]{1,2})")
_LOOSE = re.compile(r"\b(?:(?<!day )(?:before|after)(?! next)|around|about|antes|despues|sobre|alrededor)\b")
_MONTH_FIRST_REGIONS = frozenset(word_list("US PR GU AS VI MP UM PH FM PW MH"))
_MIXED_REGIONS = frozenset({"CA"})
_OWN_LANGUAGES = frozenset({"en", "es"})
_LONGEST_FOR_DATEPARSER = 200


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The day that the user names.

    A day without a year is the next one, or the last one where the bounds allow no day ahead. "12/5" is read in the
    order of the region (month first in the US and a few others, day first elsewhere); where the region is unknown and
    the language is English, or in Canada, which writes both, either order is a candidate.
    """
    today = bounds.today_of(context)
    iso = _ISO.fullmatch(text)
    if iso is not None:
        day = day_or_none(int(iso[1]), int(iso[2]), int(iso[3]))
        return _bounded([] if day is None else [day], slot_type, today, is_certain=True)
    week = _ISO_WEEK.fullmatch(text)
    if week is not None:
        day = _day_of_week(int(week[1]), int(week[2]), int(week[3]))
        return _bounded([] if day is None else [day], slot_type, today, is_certain=True)
    folded = _HALF_A_YEAR.sub("6 months", plain_spelling(text))
    if doubt.is_unsure(folded):
        return DoesNotFit(reasons.UNSURE)
    folded = doubt.after_correction(folded)
    around = around_of(slot_type, context, today)
    found = days_in(folded, around) or _bare_day(folded, around) or _in_other_languages(text, slot_type, context, today)
    if not found:
        return DoesNotFit(reasons.NOT_A_DATE)
    kept = [day for day in found if not doubt.is_turned_down(folded[: day.start], folded[day.end :])]
    if not kept:
        return DoesNotFit(reasons.REFUSED)
    named, is_sure = named_days(kept, folded)
    is_certain = is_sure and not doubt.is_hedged(folded) and not _LOOSE.search(folded)
    return _bounded(named, slot_type, today, is_certain=is_certain)


def _day_of_week(year: int, week: int, day: int) -> date | None:
    """A day by its ISO week; None where the year has no such week."""
    try:
        return date.fromisocalendar(year, week, day)
    except ValueError:
        return None


def around_of(slot_type: SlotType, context: ReadingContext, today: date) -> Around:
    """What the meaning of the words depends on."""
    high = bounds.bound_day(slot_type.high, today)
    return Around(
        today=today,
        is_past=high is not None and high <= today,
        is_month_first=_is_month_first(slot_type.region or context.region, language_of(context.language)),
    )


def _is_month_first(region: str | None, language: str) -> bool | None:
    if region is None:
        return None if language == "en" else False
    if region.upper() in _MIXED_REGIONS:
        return None
    return region.upper() in _MONTH_FIRST_REGIONS and language == "en"


def _bare_day(folded: str, around: Around) -> list[FoundDay]:
    """ "15" alone is the next 15th; not sure."""
    match = _BARE_DAY.fullmatch(folded.strip(" .,!?"))
    day = day_of_month(int(match[1]), around.today, is_past=around.is_past) if match is not None else None
    return [] if day is None else [FoundDay(0, len(folded), (day,), is_sure=False)]


def named_days(found: Sequence[FoundDay], folded: str) -> tuple[list[date], bool]:
    """The days, and whether they are sure; the weekday of "Friday 27 November" is no day of its own.

    A weekday that is not that of its date leaves the date unsure.
    """
    kept: list[FoundDay] = []
    is_sure = True
    for index, day in enumerate(found):
        following = found[index + 1] if index + 1 < len(found) else None
        if following is None or not day.is_weekday or not _is_doubled(day, following, folded):
            kept.append(day)
            continue
        weekdays = {one.weekday() for one in day.days}
        is_sure = is_sure and all(one.weekday() in weekdays for one in following.days)
    named = list(dict.fromkeys(day for one in kept for day in one.days))
    return named, is_sure and all(one.is_sure for one in kept)


def _is_doubled(weekday: FoundDay, following: FoundDay, folded: str) -> bool:
    between = folded[weekday.end : following.start].strip(" ,.")
    return not following.is_weekday and between in {"", "the", "el", "dia", "el dia"}


def _bounded(named: Sequence[date], slot_type: SlotType, today: date, *, is_certain: bool) -> Reading:
    if not named:
        return DoesNotFit(reasons.NOT_A_DATE)
    problems = [bounds.day_problem(day, slot_type, today) for day in named]
    fitting = [day for day, problem in zip(named, problems, strict=True) if problem is None]
    if len(fitting) > 1:
        return SeveralFit(tuple(day.isoformat() for day in fitting))
    if fitting:
        return Fits(fitting[0].isoformat(), certain=is_certain and len(named) == 1)
    return DoesNotFit(problems[0] or reasons.NOT_A_DATE)


def _in_other_languages(text: str, slot_type: SlotType, context: ReadingContext, today: date) -> list[FoundDay]:
    """What dateparser makes of the text in a language that has no table here; English and Spanish never go there.

    It costs milliseconds and finds dates in words that are none, so it is asked last and never sure.
    """
    language = language_of(context.language)
    if language in _OWN_LANGUAGES or len(text) > _LONGEST_FOR_DATEPARSER:
        return []
    from dateparser.date import DateDataParser

    local_now: datetime = context.now.astimezone(bounds.zone(context.timezone)).replace(tzinfo=None)
    settings = {
        "RELATIVE_BASE": local_now,
        "PREFER_DATES_FROM": "past" if around_of(slot_type, context, today).is_past else "future",
        "DATE_ORDER": "DMY",
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    try:
        data = DateDataParser(languages=[language], settings=settings).get_date_data(text)
    except (ValueError, OverflowError, RecursionError):
        return []
    if data.date_obj is None or data.period not in {"day", "time"}:
        return []
    return [FoundDay(0, len(text), (data.date_obj.date(),), is_sure=False)]
