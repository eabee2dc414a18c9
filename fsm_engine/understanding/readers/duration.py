"""A length of time, as ISO 8601: "P14D", "PT1H30M", "P1Y6M"."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from fsm_engine.model.slot import DoesNotFit, Fits, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import doubt, reasons
from fsm_engine.understanding.readers.number_words import is_and_a_half
from fsm_engine.understanding.readers.quantities import Message, Quantity, quantities_in
from fsm_engine.understanding.readers.word_tables import word_list
from fsm_engine.understanding.readers.wording import plain_spelling

_SECONDS: Final = {
    unit: seconds
    for names, seconds in (
        ("s sec secs second seconds segundo segundos seg", 1),
        ("m min mins minute minutes minuto minutos minutito minutitos", 60),
        ("h hr hrs hour hours hora horas", 3600),
        ("d day days dia dias", 86400),
        ("w wk wks week weeks semana semanas", 604800),
        ("fortnight fortnights quincena quincenas", 1209600),
    )
    for unit in names.split()
}
_MONTHS: Final = {
    unit: months
    for names, months in (("month months mes meses mo", 1), ("y yr yrs year years ano anos", 12))
    for unit in names.split()
}
_ARTICLES: Final = frozenset(word_list("a an one un una the"))
_ISO: Final = re.compile(
    r"p(?:([0-9]{1,4})y)?(?:([0-9]{1,4})m)?(?:([0-9]{1,5})w)?(?:([0-9]{1,6})d)?"
    r"(?:t(?:([0-9]{1,6})h)?(?:([0-9]{1,7})m)?(?:([0-9]{1,8})s)?)?"
)
_GLUED: Final = re.compile(r"(?<=[0-9])(?=[a-z])|(?<=[0-9][hm])(?=[0-9])")
_CLOCK: Final = re.compile(r"([0-9]{1,3}):([0-5][0-9])")
_HOUR_PARTS: Final = (
    (re.compile(r"\b(?:three|3|tres) (?:quarters of an|cuartos de) ho(?:ur|ra)\b"), "45 minutes"),
    (re.compile(r"\b(?:a|one|un) (?:quarter of an|cuarto de) ho(?:ur|ra)\b"), "15 minutes"),
)
_OR: Final = frozenset(word_list("or to o u a - –"))
_AND: Final = frozenset(word_list("and y"))
_HOURS: Final = frozenset(word_list("h hr hrs hour hours hora horas"))
_MOST_SECONDS: Final = 10**10
_MOST_MONTHS: Final = 12 * 1000


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The length of time that the user gives; weeks become days, months and years are kept as such.

    At most about 300 years of seconds, 1,000 years of months. "1:30" alone is one hour and a half, not certain.
    """
    folded = plain_spelling(text)
    if doubt.is_unsure(folded):
        return DoesNotFit(reasons.UNSURE)
    found = _clock_or_iso(folded.strip(" .!"))
    if found is not None:
        return _reading(*found, is_certain=folded.startswith("p"))
    for pattern, minutes in _HOUR_PARTS:
        folded = pattern.sub(minutes, folded)
    message = Message(_GLUED.sub(" ", doubt.after_correction(folded)))
    either = _either(message, context)
    if either is not None:
        return either
    months, seconds, is_found, is_refused = _sum(message, context)
    if not is_found:
        return DoesNotFit(reasons.REFUSED if is_refused else reasons.NOT_A_DURATION)
    return _reading(months, seconds, is_certain=not doubt.is_hedged(folded))


def _clock_or_iso(folded: str) -> tuple[Decimal, Decimal] | None:
    clock = _CLOCK.fullmatch(folded)
    if clock is not None:
        return Decimal(0), Decimal(int(clock[1]) * 3600 + int(clock[2]) * 60)
    iso = _ISO.fullmatch(folded)
    if iso is None or not any(iso.groups()):
        return None
    years, months, weeks, days, hours, minutes, seconds = (int(group or 0) for group in iso.groups())
    return Decimal(years * 12 + months), Decimal((weeks * 7 + days) * 86400 + hours * 3600 + minutes * 60 + seconds)


def _either(message: Message, context: ReadingContext) -> Reading | None:
    """ "2 or 3 days", "10 to 15 minutes": both, to choose from, where nothing else is named."""
    units = [index for index, word in enumerate(message.words) if word in _SECONDS or word in _MONTHS]
    by_end = {quantity.end: quantity for quantity in quantities_in(message, context)}
    second = by_end.get(units[0]) if len(units) == 1 else None
    first = by_end.get(second.start - 1) if second is not None else None
    if first is None or second is None or message.words[second.start - 1] not in _OR:
        return None
    if doubt.is_turned_down(message.before(first.start), message.after(units[0] + 1)):
        return DoesNotFit(reasons.REFUSED)
    unit = message.words[units[0]]
    counts = [one.value for one in (first, second)]
    readings = [
        _reading(count * _MONTHS.get(unit, 0), count * _SECONDS.get(unit, 0), is_certain=False) for count in counts
    ]
    values = tuple(dict.fromkeys(str(reading.value) for reading in readings if isinstance(reading, Fits)))
    return SeveralFit(values) if len(values) > 1 else readings[0]


def _sum(message: Message, context: ReadingContext) -> tuple[Decimal, Decimal, bool, bool]:
    """Months and seconds of all lengths named, whether there were any, and whether some were turned down."""
    months = seconds = Decimal(0)
    is_found = is_refused = False
    by_end = {quantity.end: quantity for quantity in quantities_in(message, context)}
    for index, word in enumerate(message.words):
        if word not in _SECONDS and word not in _MONTHS:
            continue
        counted = _count_before(message, index, by_end)
        if counted is None:
            continue
        count, start = counted
        if doubt.is_turned_down(message.before(start), message.after(index + 1)):
            is_refused = True
            continue
        is_found = True
        count += Decimal("0.5") if is_and_a_half(message.words[index + 1 : index + 4]) else Decimal(0)
        seconds += count * _SECONDS.get(word, 0)
        months += count * _MONTHS.get(word, 0)
        if word in _HOURS:
            seconds += _minutes_behind(message, index, by_end)
    return months, seconds, is_found, is_refused


def _minutes_behind(message: Message, index: int, by_end: dict[int, Quantity]) -> Decimal:
    """Seconds of the bare minutes that end the message behind its hours: "2h 30", "una hora y veinte"."""
    last = by_end.get(len(message.words))
    between = message.words[index + 1 : last.start] if last is not None else ["?"]
    is_minutes = last is not None and 1 <= last.value < 60 and last.value == last.value.to_integral_value()
    return last.value * 60 if is_minutes and last is not None and _AND.issuperset(between) else Decimal(0)


def _count_before(message: Message, index: int, by_end: dict[int, Quantity]) -> tuple[Decimal, int] | None:
    """How many of the unit at ``index``, and the word at which the number starts: "2", "half an", "a couple of"."""
    for skipped in (0, 1):
        quantity = by_end.get(index - skipped)
        if quantity is not None and (not skipped or message.words[index - 1] in {"of", "de", "a", "an", "more", "mas"}):
            return quantity.value, quantity.start
    if index and message.words[index - 1] in _ARTICLES:
        return Decimal(1), index - 1
    return (Decimal(1), index) if is_and_a_half(message.words[index + 1 : index + 4]) else None


def _reading(months: Decimal, seconds: Decimal, *, is_certain: bool) -> Reading:
    if months < 0 or seconds < 0:
        return DoesNotFit(reasons.TOO_SMALL)
    if months > _MOST_MONTHS or seconds > _MOST_SECONDS:
        return DoesNotFit(reasons.TOO_BIG)
    if months != months.to_integral_value():
        return DoesNotFit(reasons.TOO_PRECISE)
    if seconds != seconds.to_integral_value():
        return DoesNotFit(reasons.TOO_PRECISE)
    return Fits(iso_duration(int(months), int(seconds)), certain=is_certain)


def iso_duration(months: int, seconds: int) -> str:
    """The duration in ISO 8601, in years, months, days, hours, minutes and seconds, those that are not 0.

    >>> iso_duration(18, 5400)
    'P1Y6MT1H30M'
    """
    years, months = divmod(months, 12)
    days, seconds = divmod(seconds, 86400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    day_part = "".join(f"{count}{unit}" for count, unit in ((years, "Y"), (months, "M"), (days, "D")) if count)
    time_part = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if count)
    if not day_part and not time_part:
        return "PT0S"
    return f"P{day_part}" + (f"T{time_part}" if time_part else "")
