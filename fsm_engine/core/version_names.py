"""What the slots and steps of an older version of a flow are called in the newest one.

A migration leads from its `from` to the next one that the file declares, the last one to the version of the file: so an
author adds a migration for each version and leaves those of earlier versions as they were. Names that a migration does
not mention stay as they are.

Steps are found again, in this order, by what `move_steps` says, by the slot that they ask for, by the name that an
author gave them, and those that are no questions by what stands in them, one after the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace

from fsm_engine.core.compile import CompiledFlow, Node
from fsm_engine.model.flow import (
    ANY_LANGUAGE,
    Ask,
    Choose,
    Confirm,
    Do,
    Flow,
    Migration,
    Remind,
    Repeat,
    Run,
    Say,
    Speech,
    Step,
)


@dataclass(frozen=True, slots=True)
class Names:
    """From one version to the newest: old names to new ones, and slots, by their new names, to be asked for again.

    ``steps`` holds what `move_steps` says, and each renamed slot as the step that is called after it.
    """

    slots: Mapping[str, str]
    steps: Mapping[str, str]
    ask_again: frozenset[str]

    def slot(self, old: str) -> str:
        return self.slots.get(old, old)


def names_since(flow: Flow, version: int) -> Names | None:
    """What changed since an older version; None when the flow does not declare how to come here from it."""
    migrations = sorted(flow.migrate, key=lambda one: one.from_version)
    if version >= flow.version or version not in {one.from_version for one in migrations}:
        return None
    return names_by(one for one in migrations if one.from_version >= version)


def names_by(migrations: Iterable[Migration]) -> Names:
    """All that migrations rename, one after the other."""
    slots: dict[str, str] = {}
    steps: dict[str, str] = {}
    ask_again: set[str] = set()
    for migration in migrations:
        slots = _then(slots, migration.rename_slots)
        steps = _then(steps, {**migration.rename_slots, **migration.move_steps})
        ask_again = {migration.rename_slots.get(slot, slot) for slot in ask_again} | set(migration.ask_again)
    return Names(slots, steps, frozenset(ask_again))


def _then(first: Mapping[str, str], then: Mapping[str, str]) -> dict[str, str]:
    return {**then, **{old: then.get(new, new) for old, new in first.items()}}


def step_names(old: CompiledFlow, new: CompiledFlow, names: Names) -> dict[str, str]:
    """Each step of the old version that the new one has, with its name there."""
    found: dict[str, str] = {}
    asked = {names.slot(slot) for slot in old.asks}
    for node in old.nodes:
        name = _declared(node, new, names) or _by_own_name(node, new, asked)
        if name is not None:
            found[node.name] = name
    _find_alike(old, new, found)
    for node in old.nodes:
        same = new.index_of.get(node.name)
        is_free = node.name not in found and node.name not in found.values()
        if is_free and same is not None and _is_alike(node, new.nodes[same]):
            found[node.name] = node.name
    return found


def _declared(node: Node, new: CompiledFlow, names: Names) -> str | None:
    """By `move_steps`, or by the slot that is asked for."""
    step = node.step
    by_name = _called(new, names.steps.get(node.name))
    by_slot = _called(new, names.slot(step.slot)) if isinstance(step, (Ask, Repeat)) else None
    candidates = [name for name in (by_name, by_slot) if name is not None]
    return next((name for name in candidates if _is_alike(node, new.node(name))), by_name)


def _called(new: CompiledFlow, name: str | None) -> str | None:
    """The step of that name, or the one that asks for the slot of that name."""
    if name is None or name in new.index_of:
        return name
    index = new.asks.get(name)
    return new.nodes[index].name if index is not None else None


def _by_own_name(node: Node, new: CompiledFlow, asked: Set[str]) -> str | None:
    """By a name that an author gave; unless it asks now for what another step asked for (``asked``)."""
    index = new.index_of.get(node.name)
    if index is None or " " in node.name or not _is_alike(node, new.nodes[index]):
        return None
    step = new.nodes[index].step
    return None if isinstance(step, (Ask, Repeat)) and step.slot in asked else node.name


def _is_alike(node: Node, other: Node) -> bool:
    return type(node.step) is type(other.step)


def _find_alike(old: CompiledFlow, new: CompiledFlow, found: dict[str, str]) -> None:
    """Steps that say or do the same, where both versions have as many of them left."""
    taken = set(found.values())
    before, after = _by_content(old, set(found)), _by_content(new, taken)
    for content, nodes in before.items():
        if len(nodes) == len(after[content]):
            found.update(zip(nodes, after[content], strict=True))


def _by_content(flow: CompiledFlow, without: set[str]) -> defaultdict[tuple[object, ...], list[str]]:
    found: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
    for node in flow.nodes:
        if node.name not in without and not isinstance(node.step, (Ask, Confirm, Repeat)):
            found[content_of(node.step)].append(node.name)
    return found


def content_of(step: Step) -> tuple[object, ...]:
    """What tells a step from others of its kind, without places in the file."""
    kind = type(step).__name__
    if isinstance(step, Do):
        return kind, step.action.text
    if isinstance(step, Run):
        return kind, step.flow.text
    if isinstance(step, Choose):
        return kind, *((case.when and case.when.text, case.run and case.run.text) for case in step.cases)
    if isinstance(step, Remind):
        due = replace(step.due, slot=None, moment=None)
        return kind, step.due.slot and step.due.slot.text, step.due.moment and step.due.moment.text, due
    if isinstance(step, Say):
        return kind, words_of(step.speech)
    return (kind,)


def words_of(speech: Speech) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What is said, by language."""
    variations = speech.text.variations
    return tuple(
        (language or ANY_LANGUAGE, tuple(one.text for one in variations[language])) for language in sorted(variations)
    )
