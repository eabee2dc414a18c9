"""What every part of a flow file is made of: mappings with known words, names, numbers, durations, lists.

Each function takes a node and gives its value, or reports a problem and gives a value that lets parsing go on.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import TypeVar

from fsm_engine.flow_files.authors_help import clipped, did_you_mean, shown
from fsm_engine.flow_files.yaml_source import Source, YamlEntry, YamlList, YamlMap, YamlNode, YamlText
from fsm_engine.model.problem import Written
from fsm_engine.model.slot import Json

T = TypeVar("T")

LONGEST_NAME = 60
LONGEST_TEXT = 5000
LONGEST_LIST = 1000

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_DOTTED_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_DURATION = re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,3})?) ?([a-z]+)")
_JSON_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}")

# Words of the expression language, which Python's parser reads for us: a slot of that name could not be compared.
_RESERVED = frozenset({"none", "true", "false", "and", "or", "not", "in", "today", "count", "has", "lower", "length"})
_RESERVED_WORDS = _RESERVED | {word.lower() for word in keyword.kwlist}

_SECONDS: Mapping[str, float] = {
    unit: seconds
    for units, seconds in (
        ("ms millisecond milliseconds", 0.001),
        ("s sec second seconds", 1.0),
        ("min minute minutes", 60.0),
        ("h hour hours", 3600.0),
        ("day days", 86400.0),
        ("week weeks", 604800.0),
    )
    for unit in units.split()
}
DAY_S = 86400.0
YEAR_S = 366 * DAY_S


class Fields:
    """One mapping of a file. Making it reports every word that does not belong there, with the nearest that does."""

    __slots__ = ("_entries", "node", "source", "what")

    def __init__(self, source: Source, node: YamlMap, what: str, known: Collection[str]) -> None:
        self.source = source
        self.node = node
        self.what = what
        self._entries: dict[str, YamlEntry] = node.entries
        for word in node.entries:
            if word not in known:
                self._report_unknown(known)
                break

    def _report_unknown(self, known: Collection[str]) -> None:
        for word, entry in self.node.entries.items():
            if word not in known:
                hint = did_you_mean(word, known) or f"; it knows {', '.join(known)}"
                self.source.error(entry.key, "unknown-key", f"unknown word {shown(word)} in {self.what}{hint}")

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def get(self, key: str) -> YamlNode | None:
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    def require(self, key: str) -> YamlNode | None:
        """The value of a word that must be there; its absence is a problem of the mapping."""
        entry = self._entries.get(key)
        if entry is None:
            self.source.error(self.node, "missing-key", f"{self.what} needs '{key}:'")
            return None
        return entry.value

    def written(self, key: str) -> Written | None:
        """One piece of text, such as a guard or the name of a step; it is looked into elsewhere."""
        entry = self._entries.get(key)
        return None if entry is None else written(self.source, entry.value, f"'{key}'")

    def whole_number(self, key: str, low: int, high: int) -> int | None:
        entry = self._entries.get(key)
        return None if entry is None else whole_number(self.source, entry.value, f"'{key}'", low, high)

    def truth(self, key: str) -> bool:
        """False when the word is absent."""
        entry = self._entries.get(key)
        return entry is not None and truth(self.source, entry.value, f"'{key}'")

    def duration_s(self, key: str, most_s: float) -> float | None:
        entry = self._entries.get(key)
        return None if entry is None else duration_s(self.source, entry.value, f"'{key}'", most_s)

    def choice(self, key: str, allowed: Collection[str]) -> str | None:
        entry = self._entries.get(key)
        return None if entry is None else choice(self.source, entry.value, f"'{key}'", allowed)

    def unreadable(self) -> Written:
        """Stands in for a value that was reported as a problem."""
        return Written("", self.source.at(self.node))

    def names(self, key: str) -> tuple[Written, ...]:
        """Names of slots: a list, or a single one."""
        entry = self._entries.get(key)
        return () if entry is None else names(self.source, entry.value, f"'{key}'")


def as_map(source: Source, node: YamlNode, what: str) -> YamlMap | None:
    if isinstance(node, YamlMap):
        return node
    source.error(node, "wrong-shape", f"{what} is written as 'word: value' lines, not as {_shape(node)}")
    return None


def as_list(source: Source, node: YamlNode, what: str, *, most: int = LONGEST_LIST) -> list[YamlNode]:
    """The items of a list that may be empty; too long a list is cut with a problem."""
    if not isinstance(node, YamlList):
        source.error(node, "wrong-shape", f"{what} is a list (each item on a line that starts with '- ')")
        return []
    if len(node.items) > most:
        message = f"{what} has {len(node.items)} items and may have {most}"
        source.error(node.items[most], "too-many-items", message)
    return node.items[:most]


def as_full_list(source: Source, node: YamlNode, what: str, *, most: int = LONGEST_LIST) -> list[YamlNode]:
    """The items of a list that must not be empty."""
    items = as_list(source, node, what, most=most)
    if not items and isinstance(node, YamlList):
        source.error(node, "empty-list", f"{what} is empty")
    return items


def many(source: Source, node: YamlNode, what: str, read: Callable[[Source, YamlNode, str], T | None]) -> tuple[T, ...]:
    """Each item of a list as ``read`` understands it; items that it refuses are left out."""
    values = (read(source, item, what) for item in as_list(source, node, what))
    return tuple(value for value in values if value is not None)


def _shape(node: YamlNode) -> str:
    if isinstance(node, YamlText):
        return f"the text {shown(node.text)}" if not node.is_empty else "nothing"
    return "a list" if isinstance(node, YamlList) else "a mapping"


def scalar(source: Source, node: YamlNode, what: str) -> YamlText | None:
    """A text that is not empty and not too long."""
    if not isinstance(node, YamlText):
        if isinstance(node, YamlMap) and lacks_quotes(node):
            source.error(node, "needs-quotes", "a text that starts with `{` needs quotes")
        else:
            source.error(node, "wrong-shape", f"{what} is one text, not {_shape(node)}")
        return None
    if not node.text.strip():
        hint = "; everything after ` #` is a comment; quote the text to keep it" if node.is_cut else ""
        source.error(node, "missing-value", f"{what} has no value{hint}")
        return None
    if len(node.text) > LONGEST_TEXT:
        message = f"{what} has {len(node.text)} characters and may have {LONGEST_TEXT}"
        source.error(node, "text-too-long", message)
        return None
    return node


def lacks_quotes(node: YamlMap) -> bool:
    """``{name}`` as YAML reads it: words without values, in braces."""
    return node.is_flow and any(isinstance(e.value, YamlText) and e.value.is_empty for e in node.entries.values())


def written(source: Source, node: YamlNode, what: str) -> Written | None:
    text = scalar(source, node, what)
    return None if text is None else Written(text.text, source.at(text))


def said(source: Source, node: YamlNode, what: str) -> Written | None:
    """A text for people: warns where a comment may have swallowed its end."""
    text = scalar(source, node, what)
    if text is None:
        return None
    if text.is_cut:
        source.warn(text, "comment-in-text", "everything after ` #` is a comment; quote the text to keep it")
    return Written(text.text, source.at(text))


def name(source: Source, node: YamlNode, what: str, *, dots: bool = False) -> str | None:
    """A name: a letter, then letters, digits and underscores, at most 60; dots only where an action is named."""
    pattern = _DOTTED_NAME if dots else _NAME
    if isinstance(node, YamlText) and len(node.text) <= LONGEST_NAME and pattern.fullmatch(node.text):
        return node.text
    text = scalar(source, node, f"the name of {what}")
    if text is None:
        return None
    rule = "letters, digits and _ only (a to z without accents), a letter first, at most 60"
    with_dots = ", parts joined by dots" if dots else ""
    source.error(text, "bad-name", f"{what} cannot be called {shown(text.text)}; use {rule}{with_dots}")
    return None


def action_name(fields: Fields, key: str) -> Written | None:
    """The name of a registered Python function, with its place."""
    node = fields.require(key) if key == "do" else fields.get(key)
    action = None if node is None else name(fields.source, node, "an action", dots=True)
    return None if node is None or action is None else Written(action, fields.source.at(node))


def is_blank(node: YamlNode) -> bool:
    return isinstance(node, YamlText) and node.is_empty


def slot_name(source: Source, node: YamlNode, what: str) -> str | None:
    """A name that conditions can use: no word of the expression language."""
    slot = name(source, node, what)
    if slot is not None and slot.lower() in _RESERVED_WORDS:
        message = f"'{slot}' has a meaning of its own in conditions; call the slot something else, such as '{slot}_1'"
        source.error(node, "reserved-name", message)
        return None
    return slot


def names(source: Source, node: YamlNode, what: str) -> tuple[Written, ...]:
    if isinstance(node, YamlText):
        one = scalar(source, node, what)
        if one is not None and "," in one.text:
            items = clipped(", ".join(part.strip() for part in one.text.split(",")))
            source.error(one, "wrong-shape", f"{what} is a list; put it into brackets: [{items}]")
            return ()
        return () if one is None else (Written(one.text, source.at(one)),)
    return many(source, node, what, written)


def whole_number(source: Source, node: YamlNode, what: str, low: int, high: int) -> int | None:
    text = scalar(source, node, what)
    if text is None:
        return None
    if _WHOLE_NUMBER.fullmatch(text.text) and low <= int(text.text) <= high:
        return int(text.text)
    source.error(text, "bad-number", f"{what} is a whole number from {low} to {high}, not {shown(text.text)}")
    return None


def truth(source: Source, node: YamlNode, what: str) -> bool:
    text = scalar(source, node, what)
    word = "" if text is None else text.text.lower()
    if text is not None and word not in ("true", "yes", "false", "no"):
        source.error(text, "bad-value", f"{what} is true or false, not {shown(text.text)}")
    return word in ("true", "yes")


def choice(source: Source, node: YamlNode, what: str, allowed: Collection[str]) -> str | None:
    text = scalar(source, node, what)
    if text is None or text.text in allowed:
        return None if text is None else text.text
    hint = did_you_mean(text.text, allowed)
    source.error(text, "bad-value", f"{what} is one of {', '.join(allowed)}, not {shown(text.text)}{hint}")
    return None


def duration_s(source: Source, node: YamlNode, what: str, most_s: float) -> float | None:
    """Seconds of ``30 minutes``, ``30 s``, ``800 ms``; more than none, at most ``most_s``."""
    text = scalar(source, node, what)
    if text is None:
        return None
    match = _DURATION.fullmatch(text.text)
    if match is None or match[2] not in _SECONDS:
        message = f"{what} is a length of time such as '30 s', '10 minutes', '2 hours' or '30 days'"
        source.error(text, "bad-duration", f"{message}, not {shown(text.text)}")
        return None
    seconds = float(Decimal(match[1]) * Decimal(str(_SECONDS[match[2]])))
    if not 0 < seconds <= most_s:
        message = f"{what} is more than 0 and at most {spoken_duration(most_s)}, not {shown(text.text)}"
        source.error(text, "bad-duration", message)
        return None
    return seconds


def spoken_duration(seconds: float) -> str:
    for unit, size in (("days", DAY_S), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:g} seconds"


def as_json(node: YamlNode) -> Json:
    """A value of a transcript. Plain true, false, null and numbers are those, unless a digit would go (007, 1.10)."""
    if isinstance(node, YamlList):
        return [as_json(item) for item in node.items]
    if isinstance(node, YamlMap):
        return {key: as_json(entry.value) for key, entry in node.entries.items()}
    return node.text if node.style else _plain_json(node.text)


def _plain_json(text: str) -> Json:
    if _JSON_WHOLE_NUMBER.fullmatch(text):
        return int(text)
    if _JSON_NUMBER.fullmatch(text) and str(float(text)) == text:
        return float(text)
    words: dict[str, Json] = {"true": True, "false": False, "null": None, "": None}
    return words.get(text, text)
