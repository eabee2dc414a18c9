"""A file that begins with ``flow:``: one conversation plan."""

from __future__ import annotations

from collections.abc import Callable

from fsm_engine.flow_files.parse_reminders import parse_nudge
from fsm_engine.flow_files.parse_steps import parse_steps
from fsm_engine.flow_files.parse_texts import parse_phrases, parse_text
from fsm_engine.flow_files.shapes import YEAR_S, Fields, as_full_list, as_map, name, scalar, slot_name
from fsm_engine.flow_files.step_parts import Outline
from fsm_engine.flow_files.yaml_source import Source, YamlMap, YamlNode
from fsm_engine.model.flow import Flow, Migration, Start, Step
from fsm_engine.model.problem import Position

FLOW_KEYS = ("flow", "version", "title", "start", "expires", "nudge", "migrate", "steps")
HIGHEST_VERSION = 1_000_000
MOST_MIGRATIONS = 100
MOST_NAMES = 1000
"""That one migration renames: twice as many as a flow has steps."""


def parse_flow(source: Source, mapping: YamlMap) -> Flow | None:
    """None, with a problem, when the flow has no name; steps that could not be read are left out."""
    fields = Fields(source, mapping, "a flow", FLOW_KEYS)
    node = mapping.entries["flow"].value
    flow = name(source, node, "a flow")
    version = fields.whole_number("version", 1, HIGHEST_VERSION) or 1
    title = fields.get("title")
    start = fields.get("start")
    parsed = Flow(
        name=flow or "",
        at=source.at(node),
        version=version,
        steps=_steps(fields),
        title=None if title is None else parse_text(source, title, "'title'"),
        start=None if start is None else _start(source, start, flow or ""),
        migrate=_migrations(fields, version),
        expires_s=fields.duration_s("expires", YEAR_S),
        nudge=parse_nudge(fields),
    )
    return None if flow is None else parsed


def _steps(fields: Fields) -> tuple[Step, ...]:
    node = fields.require("steps")
    return () if node is None else parse_steps(node, Outline(fields.source))


def _start(source: Source, node: YamlNode, flow: str) -> Start | None:
    """The intent is called after its flow unless it has a name of its own."""
    mapping = as_map(source, node, "'start'")
    if mapping is None:
        return None
    fields = Fields(source, mapping, "'start'", ("intent", "phrases"))
    intent_node, phrases = fields.get("intent"), fields.get("phrases")
    intent = flow if intent_node is None else name(source, intent_node, "an intent")
    if intent_node is None and phrases is None:
        source.error(mapping, "missing-key", "'start' needs 'phrases:' or 'intent:'")
    return Start(intent or flow, {} if phrases is None else parse_phrases(source, phrases))


def _migrations(fields: Fields, version: int) -> tuple[Migration, ...]:
    node = fields.get("migrate")
    if node is None:
        return ()
    source = fields.source
    found: dict[int, Migration] = {}
    for item in as_full_list(source, node, "'migrate'", most=MOST_MIGRATIONS):
        migration = _migration(source, item, version)
        if migration is None:
            continue
        if migration.from_version in found:
            message = f"there are two migrations from version {migration.from_version}; put them into one"
            source.error(item, "bad-migration", message)
        found[migration.from_version] = migration
    return tuple(found.values())


def _migration(source: Source, node: YamlNode, version: int) -> Migration | None:
    mapping = as_map(source, node, "a migration")
    if mapping is None:
        return None
    fields = Fields(source, mapping, "a migration", ("from", "rename_slots", "move_steps", "ask_again"))
    from_node = fields.require("from")
    from_version = fields.whole_number("from", 1, HIGHEST_VERSION)
    if from_version is not None and from_node is not None and from_version >= version:
        message = f"a migration comes from an older version, and this file is version {version}; raise 'version:' first"
        source.error(from_node, "bad-migration", message)
    places: dict[str, Position] = {}
    ask_again = fields.names("ask_again")
    migration = Migration(
        at=source.at(mapping),
        from_version=from_version or 0,
        rename_slots=_renamed(fields, "rename_slots", slot_name, places),
        move_steps=_renamed(fields, "move_steps", _step_name, places),
        ask_again=tuple(slot.text for slot in ask_again),
        places=places | {f"ask_again {slot.text}": slot.at for slot in ask_again},
    )
    return None if from_version is None else migration


def _renamed(
    fields: Fields, key: str, read_new: Callable[[Source, YamlNode, str], str | None], places: dict[str, Position]
) -> dict[str, str]:
    """Old names to new ones, whose places are noted; an old name may be one that is no longer allowed."""
    node = fields.get(key)
    mapping = None if node is None else as_map(fields.source, node, f"'{key}'")
    found: dict[str, str] = {}
    if mapping is not None and len(mapping.entries) > MOST_NAMES:
        message = f"'{key}' has {len(mapping.entries)} names and may have {MOST_NAMES}"
        fields.source.error(mapping, "too-many-items", message)
        return found
    for old, entry in {} if mapping is None else mapping.entries.items():
        new = read_new(fields.source, entry.value, "a slot")
        if new is not None:
            found[old] = new
            places[f"{key} {old}"] = fields.source.at(entry.value)
    return found


def _step_name(source: Source, node: YamlNode, what: str) -> str | None:
    """Steps without a name of their own (``say 3``) can be moved to and from as well."""
    text = scalar(source, node, what)
    return None if text is None else text.text
