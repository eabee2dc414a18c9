"""What can be known of a migration from the new file alone: the names that it leads to.

Old names are not looked at, nor new ones of all migrations but the last: a later version may have dropped them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain, islice
from typing import Final

from fsm_engine.core.compile import CompiledFlow
from fsm_engine.core.nearest import did_you_mean
from fsm_engine.model.flow import Migration, Remind
from fsm_engine.model.problem import Problem

MOST_NAMES: Final = 20
"""Names that lead nowhere of which a run tells: for each, all known names are looked through for the nearest."""


def check_migrations(flow: CompiledFlow, visible: Collection[str]) -> Iterator[Problem]:
    """Names that the flow does not have, and versions that no migration comes from. ``visible`` are slots in sight."""
    migrations = sorted(flow.flow.migrate, key=lambda one: one.from_version)
    leads_to = [*(one.from_version for one in migrations[1:]), flow.flow.version]
    for migration, version in zip(migrations, leads_to, strict=False):
        yield from _contradictions(migration)
        yield from _gap(migration, version)
    if migrations:
        last = migrations[-1]
        yield from islice(chain(_renamed(last, visible), _moved(flow, last), _asked_again(flow, last)), MOST_NAMES)


def _contradictions(migration: Migration) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for old, new in migration.rename_slots.items():
        at = migration.place("rename_slots", old)
        if old == new:
            yield Problem(at, "bad-migration", f"'{old}' keeps its name; leave it out")
        elif taken.setdefault(new, old) != old:
            message = f"'{taken[new]}' and '{old}' would both be '{new}', and a slot holds one answer"
            yield Problem(at, "bad-migration", message)
    for slot in migration.ask_again:
        if slot in migration.rename_slots and slot not in taken:
            message = f"'{slot}' is '{migration.rename_slots[slot]}' now. Ask again for it by that name."
            yield Problem(migration.place("ask_again", slot), "bad-migration", message)


def _gap(migration: Migration, leads_to: int) -> Iterator[Problem]:
    first, last = migration.from_version + 1, leads_to - 1
    if first > last:
        return
    between = f"version {first}" if first == last else f"versions {first} to {last}"
    message = (
        f"the migration from version {migration.from_version} leads to version {leads_to}, and none comes from"
        f" {between}: conversations that stand there stay there."
    )
    yield Problem(migration.at, "migration-gap", message, "warning")


def _renamed(migration: Migration, visible: Collection[str]) -> Iterator[Problem]:
    for old, new in migration.rename_slots.items():
        if new not in visible:
            message = f"'{new}' is not a slot that this flow can see.{did_you_mean(new, visible)}"
            yield Problem(migration.place("rename_slots", old), "unknown-slot", message)


def _moved(flow: CompiledFlow, migration: Migration) -> Iterator[Problem]:
    for old, new in migration.move_steps.items():
        at = migration.place("move_steps", old)
        index = flow.index_of.get(new, flow.asks.get(new))
        if index is None:
            hint = did_you_mean(new, [name for name in flow.index_of if " " not in name])
            yield Problem(at, "unknown-step", f"'{new}' is not a step of this flow.{hint}")
        elif not flow.nodes[index].waits and not isinstance(flow.nodes[index].step, Remind):
            message = f"no conversation waits at '{new}'. Name the question that follows it."
            yield Problem(at, "migration-no-place", message, "warning")


def _asked_again(flow: CompiledFlow, migration: Migration) -> Iterator[Problem]:
    for slot in migration.ask_again:
        at, index = migration.place("ask_again", slot), flow.asks.get(slot)
        if index is not None and flow.nodes[index].inside >= 0:
            around = flow.nodes[flow.nodes[index].inside].name
            message = f"'{slot}' is asked for in each round of '{around}'. Ask again for '{around}'."
            yield Problem(at, "bad-migration", message)
        elif index is None and slot not in migration.rename_slots:
            hint = did_you_mean(slot, flow.asks)
            yield Problem(at, "unknown-slot", f"'{slot}' is not asked for by this flow.{hint}")
