"""Type phrases (``whole number 0..10``) and their mapping form (``{one of: [a, b]}``) to ``SlotType``.

Each kind has a small grammar for the rest of its phrase; ``KINDS`` lists them. A single word that is no kind may name a
registered Python type, which is known only where bots are opened; a word too near to a kind is taken for a misspelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from fsm_engine.flow_files.authors_help import did_you_mean, nearest, shown
from fsm_engine.flow_files.bounds import BadBounds, day_bounds, money_bounds, number_bounds
from fsm_engine.flow_files.iso_codes import COUNTRIES, unknown_country
from fsm_engine.flow_files.option_words import option_with
from fsm_engine.flow_files.patterns import check_pattern
from fsm_engine.flow_files.shapes import LONGEST_NAME, Fields, as_full_list, scalar
from fsm_engine.flow_files.yaml_source import Source, YamlEntry, YamlMap, YamlNode, YamlText
from fsm_engine.model.slot import Option, SlotType

MOST_CHOICES = 200
_MISSPELT = 0.8  # "emial" is meant to be "email"; "rate" is not "date" but may be somebody's own type
_LIKE_A_KIND = 0.7  # where more follows, it is nobody's own
LONGEST_OPTION = 200
_TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*")
_TEXT = re.compile(r"(?P<bounds>\S*\.\.\S*)?(?:(?:^|\s+)matching\s+(?P<pattern>.+))?", re.DOTALL)
_JOINED = re.compile(r"\S\s+(?:or|and)\s+\S|^(?:or|and)\s+\S")


class BadType(Exception):
    """Carries a problem's code and words up to the node of the phrase; never leaves this room."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def parse_type(source: Source, node: YamlNode) -> SlotType | None:
    """None, with a problem, when the type cannot be understood."""
    if isinstance(node, YamlMap):
        return _mapping_form(source, node)
    text = scalar(source, node, "'type'")
    return None if text is None else _understood(source, text, text.text)


def _understood(source: Source, node: YamlNode, phrase: str) -> SlotType | None:
    try:
        found = type_phrase(phrase)
    except BadType as problem:
        source.error(node, problem.code, str(problem))
        return None
    except BadBounds as problem:
        source.error(node, "bad-bounds", str(problem))
        return None
    pattern = found.pattern if found.item is None else found.item.pattern
    if pattern is not None:
        check_pattern(source, node, pattern)
    return found


def type_phrase(phrase: str) -> SlotType:
    """The type that a phrase names; its pattern is not yet checked. Raises ``BadType`` or ``BadBounds``."""
    words = phrase.strip()
    for kind, read in KINDS.items():
        if words == kind:
            return read(kind, "")
        if words.startswith(f"{kind} "):
            return read(kind, words[len(kind) :].strip())
    is_name = _TYPE_NAME.fullmatch(words) is not None and len(words) <= LONGEST_NAME
    guess = nearest(words, KINDS, likeness=_MISSPELT) if is_name else nearest(words, KINDS)
    if guess is None and is_name:
        return SlotType(kind=words)
    if guess is None:  # "dat today..today+7": the name is at the beginning, and up to three words long
        beginnings = [" ".join(words.split()[:length]) for length in (3, 2, 1)]
        near = (nearest(beginning, KINDS, likeness=_LIKE_A_KIND) for beginning in beginnings)
        guess = next((kind for kind in near if kind is not None), None)
    hint = f"; did you mean '{guess}'?" if guess else f"; types are {', '.join(KINDS)}"
    raise BadType("unknown-type", f"unknown type {shown(phrase)}{hint}")


def _plain(kind: str, rest: str) -> SlotType:
    if rest:
        raise BadType("bad-type", f"nothing can follow the type '{kind}', not even {shown(rest)}")
    return SlotType(kind=kind)


def _text(kind: str, rest: str) -> SlotType:
    match = _TEXT.fullmatch(rest)
    if match is None:
        message = f"after 'text' come bounds of its length (1..60), 'matching PATTERN' or both, not {shown(rest)}"
        raise BadType("bad-type", message)
    low, high = number_bounds(match["bounds"] or "..", "a length", is_whole=True, least=0)
    return SlotType(kind=kind, low=low, high=high, pattern=match["pattern"])


def _number(kind: str, rest: str) -> SlotType:
    low, high = number_bounds(rest or "..", f"a {kind}", is_whole=kind == "whole number")
    return SlotType(kind=kind, low=low, high=high)


def _money(kind: str, rest: str) -> SlotType:
    low, high, currency = money_bounds(rest)
    return SlotType(kind=kind, low=low, high=high, currency=currency)


def _day(kind: str, rest: str) -> SlotType:
    low, high = day_bounds(rest)
    return SlotType(kind=kind, low=low, high=high)


def _region(kind: str, rest: str) -> SlotType:
    if rest and rest not in COUNTRIES:
        raise BadType("unknown-country", unknown_country(rest))
    return SlotType(kind=kind, region=rest or None)


def _one_of(kind: str, rest: str) -> SlotType:
    options = [option.strip() for option in rest.split(",")]
    if options and _JOINED.search(options[-1]):
        message = f"put commas between the options of '{kind}', or write them as a list: {{{kind}: [a, b or c]}}"
        raise BadType("bad-options", message)
    return SlotType(kind=kind, options=checked_options(kind, [Option(option) for option in options]))


def checked_options(kind: str, options: list[Option]) -> tuple[Option, ...]:
    """The options, once it is clear that a user can tell them apart. Raises ``BadType``."""
    seen: set[str] = set()
    for option in options:
        if not option.value:
            raise BadType("bad-options", f"'{kind}' needs its options, with commas between them: {kind} a, b, c")
        if len(option.value) > LONGEST_OPTION:
            message = f"an option has {len(option.value)} characters and may have {LONGEST_OPTION}"
            raise BadType("bad-options", message)
        if option.value.casefold() in seen:
            raise BadType("bad-options", f"the option {shown(option.value)} is listed twice")
        seen.add(option.value.casefold())
    if len(options) < 2:
        raise BadType("bad-options", f"'{kind}' needs at least two options, with commas between them: {kind} a, b, c")
    if len(options) > MOST_CHOICES:
        raise BadType("too-many-items", f"'{kind}' has {len(options)} options and may have {MOST_CHOICES}")
    return tuple(options)


def _list_of(kind: str, rest: str) -> SlotType:
    if not rest:
        raise BadType("bad-type", "'list of' needs the type of its items: list of person name")
    if rest.startswith("list of"):
        raise BadType("bad-type", _NESTED_LIST)
    return _listed(type_phrase(rest))


def _listed(item: SlotType) -> SlotType:
    if item.kind in ("list of", "some of"):
        raise BadType("bad-type", _NESTED_LIST)
    return SlotType(kind="list of", item=item)


_NESTED_LIST = "a list of lists cannot be asked for in one answer; collect it with repeat:"

# Longer phrases stand before those that they begin with: "date and time" before "date".
KINDS: Mapping[str, Callable[[str, str], SlotType]] = {
    "text": _text,
    "person name": _plain,
    "email": _plain,
    "phone": _region,
    "url": _plain,
    "number": _number,
    "whole number": _number,
    "percent": _number,
    "money": _money,
    "date and time": _day,
    "date": _day,
    "time": _plain,
    "duration": _plain,
    "yes or no": _plain,
    "one of": _one_of,
    "some of": _one_of,
    "list of": _list_of,
    "country": _plain,
    "language": _plain,
    "postcode": _region,
    "iban": _plain,
    "card number": _plain,
}


def _mapping_form(source: Source, node: YamlMap) -> SlotType | None:
    """``{KIND: the rest of the phrase}``; options as a list, or as a mapping to the words that mean the same."""
    entry = next(iter(node.entries.values()), None)
    kind = "" if entry is None else entry.key.text
    if entry is None or kind not in KINDS:
        hint = did_you_mean(kind, KINDS) if kind else ""
        source.error(node, "unknown-type", f"unknown type {shown(kind)}; its mapping form is {{TYPE: …}}{hint}")
        return None
    if kind in ("one of", "some of") and not isinstance(entry.value, YamlText):
        Fields(source, node, f"the type '{kind}'", (kind,))
        return _options_form(source, kind, entry)
    if kind == "list of" and isinstance(entry.value, YamlMap):
        Fields(source, node, "the type 'list of'", (kind,))
        return _list_form(source, entry.value)
    return _phrase_form(source, node, kind, entry.value)


def _phrase_form(source: Source, node: YamlMap, kind: str, value: YamlNode) -> SlotType | None:
    fields = Fields(source, node, f"the type '{kind}'", (kind, "matching") if kind == "text" else (kind,))
    is_bare = isinstance(value, YamlText) and value.is_empty
    rest = None if is_bare else scalar(source, value, f"'{kind}'")
    if not is_bare and rest is None:
        return None
    found = _understood(source, value, f"{kind} {'' if rest is None else rest.text}".strip())
    pattern = fields.written("matching")
    if found is None or pattern is None:
        return found
    check_pattern(source, node.entries["matching"].value, pattern.text)
    return replace(found, pattern=pattern.text)


def _list_form(source: Source, value: YamlMap) -> SlotType | None:
    item = _mapping_form(source, value)
    if item is None:
        return None
    try:
        return _listed(item)
    except BadType as problem:
        source.error(value, problem.code, str(problem))
    return None


def _options_form(source: Source, kind: str, entry: YamlEntry) -> SlotType | None:
    if isinstance(entry.value, YamlMap):
        options = [option_with(source, o.key.text, o.value) for o in entry.value.entries.values()]
    else:
        items = as_full_list(source, entry.value, f"'{kind}'", most=MOST_CHOICES)
        texts = (scalar(source, item, f"an option of '{kind}'") for item in items)
        options = [Option(text.text) for text in texts if text is not None]
    try:
        return SlotType(kind=kind, options=checked_options(kind, options))
    except BadType as problem:
        source.error(entry.value, problem.code, str(problem))
    return None
