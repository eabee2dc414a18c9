"""The ``intents:`` of a bot file: how intents are told, and from which confidence on a guess is followed."""

from __future__ import annotations

import re
from typing import Final, Literal, cast

from fsm_engine.flow_files.authors_help import shown
from fsm_engine.flow_files.shapes import Fields, choice, scalar
from fsm_engine.flow_files.yaml_source import YamlMap
from fsm_engine.model.flow import IntentSettings

METHODS: Final = ("rule_based", "ml", "hybrid")
_SHARE = re.compile(r"0(?:\.[0-9]{1,4})?|1(?:\.0{1,4})?")
_DEFAULTS = IntentSettings()


def parse_intents(fields: Fields) -> IntentSettings:
    """A method alone, or a mapping with thresholds; what cannot be read has the value that it has when left out."""
    node = fields.get("intents")
    if node is None:
        return _DEFAULTS
    at = fields.source.at(node)
    if not isinstance(node, YamlMap):
        return IntentSettings(_method(choice(fields.source, node, "'intents'", METHODS)), at=at)
    inner = Fields(fields.source, node, "'intents'", ("method", "sure", "maybe", "margin"))
    settings = IntentSettings(
        method=_method(inner.choice("method", METHODS)),
        sure=_share(inner, "sure", _DEFAULTS.sure),
        maybe=_share(inner, "maybe", _DEFAULTS.maybe),
        margin=_share(inner, "margin", _DEFAULTS.margin),
        at=at,
    )
    if settings.maybe > settings.sure:
        message = f"'maybe' is {settings.maybe:g} and 'sure' is {settings.sure:g}; 'maybe' is the lower one"
        fields.source.error(node, "thresholds-crossed", message)
    return settings


def _method(word: str | None) -> Literal["rule_based", "ml", "hybrid"]:
    return cast("Literal['rule_based', 'ml', 'hybrid']", word or _DEFAULTS.method)


def _share(fields: Fields, key: str, default: float) -> float:
    node = fields.get(key)
    text = None if node is None else scalar(fields.source, node, f"'{key}'")
    if text is None:
        return default
    if _SHARE.fullmatch(text.text):
        return float(text.text)
    fields.source.error(text, "bad-share", f"'{key}' is a number from 0 to 1 such as 0.85, not {shown(text.text)}")
    return default
