"""What can be known of a migration from the new file alone: the names that it leads to. Old names are not looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from fsm_engine.core.compile import CompiledFlow
from fsm_engine.core.nearest import did_you_mean
from fsm_engine.core.version_names import names_by
from fsm_engine.model.flow import Migration, Remind
from fsm_engine.model.problem import Problem


def check_migrations(flow: CompiledFlow, visible: Collection[str]) -> Iterator[Problem]:
    """Names that the flow does not have, and versions that no migration comes from. ``visible`` are slots in sight."""
    migrations = sorted(flow.flow.migrate, key=lambda one: one.from_version)
    for number, migration in enumerate(migrations):
        later = migrations[number + 1 :]
        yield from _renamed(migration, later, visible)
        yield from _moved(flow, migration, later)
        yield from _asked_again(flow, migration, later)
        yield from _gap(migration, later[0].from_version if later else flow.flow.version)


def _renamed(migration: Migration, later: Sequence[Migration], visible: Collection[str]) -> Iterator[Problem]:
    after, taken = names_by(later), dict[str, str]()
    for old, new in migration.rename_slots.items():
        at, final = migration.place("rename_slots", old), after.slot(new)
        if old == new:
            yield Problem(at, "bad-migration", f"'{old}' keeps its name; leave it out")
        elif taken.setdefault(new, old) != old:
            message = f"'{taken[new]}' and '{old}' would both be '{new}', and a slot holds one answer"
            yield Problem(at, "bad-migration", message)
        elif final not in visible:
            hint = did_you_mean(final, visible)
            yield Problem(at, "unknown-slot", f"{_called(new, final)} is not a slot that this flow can see.{hint}")


def _called(name: str, final: str) -> str:
    return f"'{name}'" if name == final else f"'{name}', which becomes '{final}' in a later migration,"


def _moved(flow: CompiledFlow, migration: Migration, later: Sequence[Migration]) -> Iterator[Problem]:
    after = names_by(later)
    for old, new in migration.move_steps.items():
        at, final = migration.place("move_steps", old), after.steps.get(new, new)
        index = flow.index_of.get(final, flow.asks.get(final))
        if index is None:
            known = [name for name in flow.index_of if " " not in name]
            hint = did_you_mean(final, known)
            yield Problem(at, "unknown-step", f"{_called(new, final)} is not a step of this flow.{hint}")
        elif not flow.nodes[index].waits and not isinstance(flow.nodes[index].step, Remind):
            message = f"no conversation waits at '{flow.nodes[index].name}'. Name the question that follows it."
            yield Problem(at, "migration-no-place", message, "warning")


def _asked_again(flow: CompiledFlow, migration: Migration, later: Sequence[Migration]) -> Iterator[Problem]:
    after = names_by(later)
    for slot in migration.ask_again:
        at, final = migration.place("ask_again", slot), after.slot(slot)
        index = flow.asks.get(final)
        if index is not None and flow.nodes[index].inside >= 0:
            around = flow.nodes[flow.nodes[index].inside].name
            message = f"'{final}' is asked for in each round of '{around}'. Ask again for '{around}'."
            yield Problem(at, "bad-migration", message)
        elif index is None and slot in migration.rename_slots:
            message = f"'{slot}' is '{migration.rename_slots[slot]}' now. Ask again for it by that name."
            yield Problem(at, "bad-migration", message)
        elif index is None:
            hint = did_you_mean(final, flow.asks)
            yield Problem(at, "unknown-slot", f"{_called(slot, final)} is not asked for by this flow.{hint}")


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
