"""The flows an engine runs: loaded, held against what is registered, with older versions that sessions stand in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from fsm_engine.actions import Actions
from fsm_engine.core.bundle import compile_stored
from fsm_engine.core.checks import actions_of, unknown_types
from fsm_engine.core.flows import Flows
from fsm_engine.engine.risk_stage import RiskHook, RiskStage, build_risk_stage
from fsm_engine.errors import FlowError, SessionCorrupted
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.flow import Flow
from fsm_engine.model.problem import Problem
from fsm_engine.model.session import Frame
from fsm_engine.storage.records import FlowVersion
from fsm_engine.storage.store import Store

FlowsArgument: TypeAlias = str | Path | Sequence[str | Path] | Flows


@dataclass(frozen=True, slots=True)
class ReadFlows:
    """Flows that were read and found sound, and the risk stage of their policy."""

    flows: Flows
    risk: RiskStage

    def versions(self, now: str) -> list[FlowVersion]:
        """The source of every flow, to be kept for sessions that will outlive it."""
        sources = self.flows.folder.sources
        return [
            FlowVersion(flow.source_hash, flow.name, flow.version, sources[flow.source_hash], now)
            for flow in self.flows.folder.flows.values()
            if flow.source_hash in sources
        ]


class FlowSource:
    """Current flows and their risk stage; replaced as a whole by `use`."""

    def __init__(self, where: FlowsArgument, actions: Actions | None, risk_hooks: Mapping[str, RiskHook]) -> None:
        self._where = where
        self._actions = actions
        self._risk_hooks = risk_hooks
        self.flows: Flows
        self.risk: RiskStage
        self.use(self.read())

    def read(self) -> ReadFlows:
        """Reads the files again; the flows in use stay. Their sources must be stored before they are used.

        Raises:
            FlowError: with every problem of every file.
        """
        types = self._actions.types if self._actions is not None else {}
        flows = self._where if isinstance(self._where, Flows) else load_flows(self._where, types=types)
        _must_have_readers(flows, types)
        if self._actions is not None:
            _must_be_registered(flows, self._actions)
        return ReadFlows(flows, build_risk_stage(flows.risk.policy, self._risk_hooks))

    def use(self, read: ReadFlows) -> None:
        """What turns are taken with from now on."""
        self.flows = read.flows
        self.risk = read.risk

    def versions(self, now: str) -> list[FlowVersion]:
        """The sources of the flows in use."""
        return ReadFlows(self.flows, self.risk).versions(now)

    async def settle(self, frames: Sequence[Frame], store: Store) -> Flows:
        """The flows in use, with the sources of older versions that these frames stand in brought back.

        What a turn is computed with from here on: a reload replaces the flows of later turns, not of this one.
        """
        flows = self.flows
        await bring_back(flows, frames, store)
        return flows


async def bring_back(flows: Flows, frames: Sequence[Frame], store: Store) -> None:
    """Adds to ``flows.pinned`` what these frames stand in and the files do not have any more, as far as it is stored.

    Raises:
        SessionCorrupted: a stored source is damaged.
    """
    for frame in frames:
        if flows.current_for(frame) is None:
            stored = await store.flow_versions.get(frame.source_hash)
            if stored is not None:
                _pin(flows, frame, stored)


def _pin(flows: Flows, frame: Frame, stored: FlowVersion) -> None:
    from fsm_engine.flow_files.parse_source import parse_source, source_hash

    if not isinstance(stored.source, str) or source_hash(stored.source) != frame.source_hash:
        raise SessionCorrupted(
            f"flow '{frame.flow}' version {frame.version}: its stored source is damaged. Put the file of that version"
            " back, or restore a backup."
        )
    flow, problems = parse_source(stored.source, f"{stored.name} version {stored.version}")
    if not isinstance(flow, Flow):
        raise FlowError(problems)
    compiled = compile_stored(flow, flows.folder.flows)
    if compiled is not None:
        flows.pinned[flow.source_hash] = compiled


def _missing(name: str, message: str, actions: Actions) -> Iterator[str]:
    """What is not registered of an action: itself, its undo, or its query."""
    registered = actions.get(name)
    if registered is None:
        yield f"{message}{actions.hint(name)}"
        return
    for word, other in (("undo", registered.undo), ("query", registered.query)):
        if other is not None and actions.get(other) is None:
            hint = actions.hint(other)
            yield f"action '{name}' names '{other}' as its {word}, and no such action is registered.{hint}"


def _must_be_registered(flows: Flows, actions: Actions) -> None:
    problems: list[Problem] = []
    for flow in flows.folder.flows.values():
        for name, problem in actions_of(flow):
            problems += [Problem(problem.at, problem.code, text) for text in _missing(name, problem.message, actions)]
    if problems:
        raise FlowError(sorted(problems))


def _must_have_readers(flows: Flows, types: Collection[str]) -> None:
    """Flows that were loaded elsewhere may use types that are registered there and not here."""
    problems = [problem for flow in flows.folder.flows.values() for problem in unknown_types(flow, types)]
    if problems:
        raise FlowError(sorted(problems))
