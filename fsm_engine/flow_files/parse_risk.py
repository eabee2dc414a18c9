"""A file that begins with ``risk:``: how dangerous messages are found, what is said and what is done."""

from __future__ import annotations

from typing import Literal, cast

from fsm_engine.flow_files.authors_help import shown
from fsm_engine.flow_files.parse_bot import country_code
from fsm_engine.flow_files.parse_flow import HIGHEST_VERSION
from fsm_engine.flow_files.parse_texts import parse_text
from fsm_engine.flow_files.shapes import Fields, action_name, as_full_list, as_map, many, name, scalar, written
from fsm_engine.flow_files.yaml_source import Source, YamlList, YamlMap, YamlNode
from fsm_engine.model.flow import (
    HELP_AGAIN_AFTER,
    LEVELS,
    HookDetector,
    LevelPolicy,
    PhraseDetector,
    Resource,
    RiskPolicy,
)
from fsm_engine.model.problem import Written

RISK_KEYS = ("risk", "version", "detectors", "levels", "resources", "help_again_after")
AFTERWARDS = ("carry on", "ask again", "pause until safe", "handoff")
MOST_DETECTORS = 50
MOST_RESOURCES = 20
LONGEST_HOOK_S = 60.0
LONGEST_QUIET = 1000
_TREAT_AS = {f"treat as {level}": level for level in LEVELS}


def parse_risk(source: Source, mapping: YamlMap) -> RiskPolicy | None:
    """None, with a problem, when the policy has no name."""
    fields = Fields(source, mapping, "a risk file", RISK_KEYS)
    node = mapping.entries["risk"].value
    policy = name(source, node, "a risk policy")
    levels = _levels(fields)
    resources = _resources(fields)
    _check_resources(fields, levels)
    quiet = fields.whole_number("help_again_after", 0, LONGEST_QUIET)
    parsed = RiskPolicy(
        name=policy or "",
        at=source.at(node),
        version=fields.whole_number("version", 1, HIGHEST_VERSION) or 1,
        detectors=_detectors(fields),
        levels=levels,
        resources=resources,
        help_again_after=HELP_AGAIN_AFTER if quiet is None else quiet,
    )
    return None if policy is None else parsed


def _detectors(fields: Fields) -> tuple[PhraseDetector | HookDetector, ...]:
    node = fields.require("detectors")
    items = [] if node is None else as_full_list(fields.source, node, "'detectors'", most=MOST_DETECTORS)
    found = (_detector(fields.source, item) for item in items)
    return tuple(detector for detector in found if detector is not None)


def _detector(source: Source, node: YamlNode) -> PhraseDetector | HookDetector | None:
    mapping = as_map(source, node, "a detector")
    if mapping is None:
        return None
    if "hook" in mapping.entries:
        return _hook(Fields(source, mapping, "a detector with 'hook'", ("hook", "time_limit", "if_unavailable")))
    if "phrases" in mapping.entries:
        return _phrases(Fields(source, mapping, "a detector with 'phrases'", ("phrases", "add")))
    source.error(mapping, "missing-key", "a detector has 'phrases:' (a lexicon) or 'hook:' (a registered function)")
    return None


def _hook(fields: Fields) -> HookDetector | None:
    hook = action_name(fields, "hook")
    time_limit_s = fields.duration_s("time_limit", LONGEST_HOOK_S) or 0.8
    treated = fields.choice("if_unavailable", tuple(_TREAT_AS)) or "treat as medium"
    return None if hook is None else HookDetector(hook, time_limit_s, _TREAT_AS[treated])


def _phrases(fields: Fields) -> PhraseDetector | None:
    source = fields.source
    lexicon_node, add_node = fields.require("phrases"), fields.get("add")
    lexicon = None if lexicon_node is None else name(source, lexicon_node, "a lexicon")
    mapping = None if add_node is None else as_map(source, add_node, "'add'")
    added: dict[str, tuple[Written, ...]] = {}
    for entry in [] if mapping is None else mapping.entries.values():
        category = name(source, entry.key, "a category")
        if category is not None:
            added[category] = many(source, entry.value, f"'{category}'", written)
    return None if lexicon is None else PhraseDetector(lexicon, added)


def _levels(fields: Fields) -> dict[str, LevelPolicy]:
    node = fields.require("levels")
    mapping = None if node is None else as_map(fields.source, node, "'levels'")
    if mapping is None:
        return {}
    inner = Fields(fields.source, mapping, "'levels'", LEVELS)
    found: dict[str, LevelPolicy] = {}
    for level in LEVELS:
        value = inner.get(level)
        if value is None:
            message = f"nothing is said about the level '{level}'; it would be recorded, and the conversation carry on"
            fields.source.warn(mapping, "missing-level", message)
            continue
        policy = _level(fields.source, value, level)
        if policy is not None:
            found[level] = policy
    return found


def _level(source: Source, node: YamlNode, level: str) -> LevelPolicy | None:
    mapping = as_map(source, node, f"the level '{level}'")
    if mapping is None:
        return None
    what = f"the level '{level}'"
    fields = Fields(source, mapping, what, ("record", "say", "resources", "notify", "afterwards"))
    say, notify = fields.get("say"), fields.get("notify")
    afterwards = fields.choice("afterwards", AFTERWARDS) or "carry on"
    return LevelPolicy(
        record=fields.truth("record") or "record" not in fields,
        say=None if say is None else parse_text(source, say, "'say'"),
        resources=fields.truth("resources"),
        notify=None if notify is None else name(source, notify, "who is notified", dots=True),
        afterwards=cast("Literal['carry on', 'ask again', 'pause until safe', 'handoff']", afterwards),
    )


def _resources(fields: Fields) -> dict[str, tuple[Resource, ...]]:
    node = fields.get("resources")
    mapping = None if node is None else as_map(fields.source, node, "'resources'")
    found: dict[str, tuple[Resource, ...]] = {}
    for entry in [] if mapping is None else mapping.entries.values():
        code = country_code(fields.source, entry.key)
        items: list[YamlNode] = [entry.value]
        if isinstance(entry.value, YamlList):
            items = as_full_list(fields.source, entry.value, shown(entry.key.text), most=MOST_RESOURCES)
        resources = (_resource(fields.source, item) for item in items)
        if code is not None:
            found[code] = tuple(resource for resource in resources if resource is not None)
    return found


def _resource(source: Source, node: YamlNode) -> Resource | None:
    mapping = as_map(source, node, "a resource")
    if mapping is None:
        return None
    fields = Fields(source, mapping, "a resource", ("name", "contact", "hours"))
    nodes = (fields.require("name"), fields.require("contact"), fields.get("hours"))
    called, contact, hours = (None if part is None else scalar(source, part, "a resource") for part in nodes)
    if called is None or contact is None:
        return None
    return Resource(called.text, contact.text, None if hours is None else hours.text)


def _check_resources(fields: Fields, levels: dict[str, LevelPolicy]) -> None:
    """A level that shows resources has some to show; those that could not be read are reported on their own."""
    promised = next((level for level, policy in levels.items() if policy.resources), None)
    node = fields.get("resources")
    if promised is not None and (node is None or (isinstance(node, YamlMap) and not node.entries)):
        message = f"the level '{promised}' shows resources, and the file lists none; add 'resources:'"
        fields.source.error(node or fields.node, "no-resources", message)
