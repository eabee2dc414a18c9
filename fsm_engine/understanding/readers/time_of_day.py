"""A time of day, as ISO 8601 ("17:30:00"), by the clock on the user's wall."""

from __future__ import annotations

from datetime import time, timedelta

from fsm_engine.model.slot import DoesNotFit, Fits, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import bounds, doubt, reasons
from fsm_engine.understanding.readers.clock_phrases import FoundTime, bare_hour, times_in
from fsm_engine.understanding.readers.spans import span_from_now
from fsm_engine.understanding.readers.wording import plain_spelling


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The time that the user names; "in two hours" and "now" count from the turn's clock.

    "half past five" is 17:30, but not certain: see ``clock_phrases``.
    """
    folded = plain_spelling(text)
    if doubt.is_unsure(folded):
        return DoesNotFit(reasons.UNSURE)
    folded = doubt.after_correction(folded)
    region = slot_type.region or context.region
    found = times_in(folded, region)
    bare = None if found else bare_hour(folded)
    if bare is not None:
        found = [bare]
    if not found:
        return _from_now(folded, context)
    kept = [one for one in found if not doubt.is_turned_down(folded[: one.start], folded[one.end :])]
    return _reading(kept, is_certain=not doubt.is_hedged(folded))


def _from_now(folded: str, context: ReadingContext) -> Reading:
    span = span_from_now(folded, context)
    if span is None or not timedelta(0) <= span < timedelta(days=1):
        return DoesNotFit(reasons.NOT_A_TIME)
    now = context.now.astimezone(bounds.zone(context.timezone))
    return Fits(written(((now + span).replace(second=0, microsecond=0)).time()), certain=False)


def _reading(kept: list[FoundTime], *, is_certain: bool) -> Reading:
    if not kept:
        return DoesNotFit(reasons.REFUSED)
    times = list(dict.fromkeys(one.time for one in kept if one.time is not None))
    if not times:
        return DoesNotFit(reasons.NOT_A_TIME)
    if len(times) > 1:
        return SeveralFit(tuple(written(one) for one in times))
    return Fits(written(times[0]), certain=is_certain and all(one.is_sure for one in kept))


def written(value: time) -> str:
    """The time as it is kept: hours, minutes and seconds."""
    return value.isoformat(timespec="seconds")
