"""A file that begins with ``transcript:``: one conversation, written down as a test."""

from __future__ import annotations

from fsm_engine.flow_files.parse_texts import language_code
from fsm_engine.flow_files.patterns import check_pattern
from fsm_engine.flow_files.shapes import YEAR_S, Fields, as_full_list, as_json, as_list, as_map, said, scalar, written
from fsm_engine.flow_files.yaml_source import Source, YamlList, YamlMap, YamlNode, YamlText
from fsm_engine.model.flow import LEVELS
from fsm_engine.model.session import Status
from fsm_engine.model.slot import Json
from fsm_engine.model.transcript import Ends, Expected, Transcript, TranscriptTurn

TRANSCRIPT_KEYS = ("transcript", "flow", "locale", "actions", "turns", "ends")
MOST_TURNS = 1000
MOST_MESSAGES = 50
_HAPPENINGS = ("user", "start", "crash", "later", "repeat")
_EXPECTATIONS = ("bot", "slots", "at", "status", "risk")
_STATUSES = tuple(status.value for status in Status)
_RISKS = (*LEVELS, "none")


def parse_transcript(source: Source, mapping: YamlMap) -> Transcript | None:
    """None, with a problem, when the transcript has no title."""
    fields = Fields(source, mapping, "a transcript", TRANSCRIPT_KEYS)
    node = mapping.entries["transcript"].value
    title = said(source, node, "'transcript'")
    turns_node = fields.require("turns")
    items = [] if turns_node is None else as_full_list(source, turns_node, "'turns'", most=MOST_TURNS)
    turns = (_turn(source, item) for item in items)
    parsed = Transcript(
        title="" if title is None else title.text,
        at=source.at(node),
        flow=fields.written("flow"),
        locale=_locale(fields),
        actions=_values(fields, "actions"),
        turns=tuple(turn for turn in turns if turn is not None),
        ends=_ends(fields),
    )
    return None if title is None else parsed


def _locale(fields: Fields) -> str | None:
    node = fields.get("locale")
    text = None if node is None else scalar(fields.source, node, "'locale'")
    return None if text is None else language_code(fields.source, text)


def _turn(source: Source, node: YamlNode) -> TranscriptTurn | None:
    mapping = as_map(source, node, "a turn")
    if mapping is None:
        return None
    fields = Fields(source, mapping, "a turn", (*_HAPPENINGS, *_EXPECTATIONS))
    happenings = [word for word in _HAPPENINGS if word in fields]
    if len(happenings) != 1:
        message = "one thing happens in a turn: 'user:', 'start:', 'crash:', 'later:' or 'repeat:'"
        source.error(mapping, "keys-together" if happenings else "missing-key", message)
        return None
    for word in ("crash", "repeat"):
        if word in fields and not fields.truth(word):
            source.error(fields.require(word) or mapping, "bad-value", f"'{word}' is true, or is left out")
    user = fields.get("user")
    bot = fields.get("bot")
    return TranscriptTurn(
        at=source.at(mapping),
        user=None if user is None else _typed(source, user),
        start=fields.written("start"),
        crash=fields.truth("crash"),
        later_s=fields.duration_s("later", YEAR_S),
        repeat=fields.truth("repeat"),
        bot=None if bot is None else _expected(source, bot),
        is_list=isinstance(bot, YamlList),
        slots=_values(fields, "slots"),
        step=_text(fields, "at"),
        status=fields.choice("status", _STATUSES),
        risk=fields.choice("risk", _RISKS),
    )


def _typed(source: Source, node: YamlNode) -> str | None:
    """What the user types; quotes without anything inside are an empty message."""
    if isinstance(node, YamlText) and node.style and not node.text.strip():
        return node.text
    text = said(source, node, "'user'")
    return None if text is None else text.text


def _text(fields: Fields, key: str) -> str | None:
    found = fields.written(key)
    return None if found is None else found.text


def _expected(source: Source, node: YamlNode) -> tuple[Expected, ...]:
    """One expected text, or all messages of the turn in order; an empty list says that the bot is silent."""
    items: list[YamlNode] = [node]
    if isinstance(node, YamlList):
        items = as_list(source, node, "'bot'", most=MOST_MESSAGES)
    found = (_one_expected(source, item) for item in items)
    return tuple(expected for expected in found if expected is not None)


def _one_expected(source: Source, node: YamlNode) -> Expected | None:
    if not isinstance(node, YamlMap):
        text = said(source, node, "'bot'")
        return None if text is None else Expected(source.at(node), text=text.text)
    fields = Fields(source, node, "what the bot says", ("contains", "matches"))
    if ("contains" in fields) == ("matches" in fields):
        message = "what the bot says is a text, {contains: …} or {matches: …}"
        source.error(node, "keys-together" if "contains" in fields else "missing-key", message)
        return None
    contains, matches = fields.get("contains"), fields.get("matches")
    if contains is not None:
        part = written(source, contains, "'contains'")
        return None if part is None else Expected(source.at(node), contains=part.text)
    pattern = None if matches is None else scalar(source, matches, "'matches'")
    if pattern is None:
        return None
    check_pattern(source, pattern, pattern.text)
    return Expected(source.at(node), matches=pattern.text)


def _values(fields: Fields, key: str) -> dict[str, Json]:
    node = fields.get(key)
    mapping = None if node is None else as_map(fields.source, node, f"'{key}'")
    return {} if mapping is None else {word: as_json(entry.value) for word, entry in mapping.entries.items()}


def _ends(fields: Fields) -> Ends | None:
    node = fields.get("ends")
    mapping = None if node is None else as_map(fields.source, node, "'ends'")
    if mapping is None:
        return None
    inner = Fields(fields.source, mapping, "'ends'", ("status", "at", "slots"))
    return Ends(status=inner.choice("status", _STATUSES), step=_text(inner, "at"), slots=_values(inner, "slots"))
