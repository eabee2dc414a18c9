"""What comes by itself later: when a reminder is due (``remind:``), and the nudge of a question left open."""

from __future__ import annotations

import re
from datetime import date, time

from fsm_engine.flow_files.authors_help import shown
from fsm_engine.flow_files.parse_texts import parse_text
from fsm_engine.flow_files.shapes import YEAR_S, Fields, as_map, duration_s, scalar
from fsm_engine.flow_files.yaml_source import YamlText
from fsm_engine.model.flow import Due, Nudge
from fsm_engine.model.problem import Written

FARTHEST_S = 10 * YEAR_S
_IN = re.compile(r"in (?P<shift>.+)")
_ABOUT = re.compile(
    r"(?:(?P<shift>.+?) (?P<way>before|after) )?"
    r"(?:(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})|(?P<slot>[^\W\d]\w*))"
    r"(?:(?: at|(?<=[0-9])) (?P<clock>[0-9]{1,2}:[0-9]{2}))?"
)
_QUIET = re.compile(r"([0-9]{1,2}:[0-9]{2}) (?:to|until|-) ([0-9]{1,2}:[0-9]{2})")
MOST_NUDGES = 10
_SAMPLES = "'in 2 hours', 'due', 'due at 18:00', '1 day before appointment' or '2030-12-24 at 18:00'"


def parse_due(fields: Fields) -> Due | None:
    """What stands behind ``remind:``; None, with a problem, when it cannot be read."""
    node = fields.require("remind")
    text = None if node is None else scalar(fields.source, node, "'remind'")
    if text is None:
        return None
    ahead = _IN.fullmatch(text.text)
    if ahead is not None:
        shift_s = _shift_s(fields, text, ahead["shift"])
        return None if shift_s is None else Due(shift_s=shift_s)
    about = _ABOUT.fullmatch(text.text)
    if about is None or not (_is_day(about["day"]) and _is_clock(about["clock"])):
        message = f"'remind' is a time such as {_SAMPLES}, not {shown(text.text)}"
        fields.source.error(text, "bad-reminder", message)
        return None
    return _about(fields, text, about)


def _about(fields: Fields, text: YamlText, about: re.Match[str]) -> Due | None:
    shift_s = 0.0 if about["shift"] is None else _shift_s(fields, text, about["shift"])
    if shift_s is None:
        return None
    at = fields.source.at(text)
    clock = about["clock"] and about["clock"].zfill(5)
    return Due(
        slot=Written(about["slot"], at) if about["slot"] else None,
        moment=Written(about["day"], at) if about["day"] else None,
        clock=clock,
        shift_s=-shift_s if about["way"] == "before" else shift_s,
    )


def _shift_s(fields: Fields, text: YamlText, words: str) -> float | None:
    """One duration; ``an hour`` and ``a day`` are one of them."""
    counted = re.sub(r"^an? ", "1 ", words)
    part = YamlText(counted, text.line, text.column, text.style, is_cut=False)
    return duration_s(fields.source, part, "the time of 'remind'", FARTHEST_S)


def parse_nudge(fields: Fields) -> Nudge | None:
    """What stands behind ``nudge:``; None, with a problem where it cannot be read, or when there is none."""
    node = fields.get("nudge")
    mapping = None if node is None else as_map(fields.source, node, "'nudge'")
    if mapping is None:
        return None
    inner = Fields(fields.source, mapping, "'nudge'", ("after", "say", "at_most", "quiet"))
    after, say_node = inner.require("after"), inner.require("say")
    after_s = None if after is None else inner.duration_s("after", YEAR_S)
    say = None if say_node is None else parse_text(fields.source, say_node, "'say'")
    at_most, quiet = inner.whole_number("at_most", 0, MOST_NUDGES), _quiet(inner)
    if after_s is None or say is None:
        return None
    return Nudge(after_s, say, 1 if at_most is None else at_most, quiet)


def _quiet(fields: Fields) -> tuple[str, str] | None:
    node = fields.get("quiet")
    text = None if node is None else scalar(fields.source, node, "'quiet'")
    if text is None:
        return None
    hours = _QUIET.fullmatch(text.text)
    if hours is None or not (_is_clock(hours[1]) and _is_clock(hours[2])):
        message = f"'quiet' is from one time of day to another, such as '22:00 to 8:00', not {shown(text.text)}"
        fields.source.error(text, "bad-value", message)
        return None
    return hours[1].zfill(5), hours[2].zfill(5)


def _is_day(text: str | None) -> bool:
    try:
        return text is None or bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_clock(text: str | None) -> bool:
    try:
        return text is None or bool(time.fromisoformat(text.zfill(5)).isoformat())
    except ValueError:
        return False
