"""What comes by itself later: when a reminder is due (``remind:``), and the nudge of a question left open."""

from __future__ import annotations

import re
from datetime import date, time

from fsm_engine.flow_files.authors_help import shown
from fsm_engine.flow_files.shapes import YEAR_S, Fields, duration_s, scalar
from fsm_engine.flow_files.yaml_source import YamlText
from fsm_engine.model.flow import Due
from fsm_engine.model.problem import Written

FARTHEST_S = 10 * YEAR_S
_IN = re.compile(r"in (?P<shift>.+)")
_ABOUT = re.compile(
    r"(?:(?P<shift>.+?) (?P<way>before|after) )?"
    r"(?:(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})|(?P<slot>[^\W\d]\w*))"
    r"(?:(?: at|(?<=[0-9])) (?P<clock>[0-9]{1,2}:[0-9]{2}))?"
)
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
