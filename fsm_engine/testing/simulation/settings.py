"""How long a simulation runs, with how many, and what it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from fsm_engine.storage.store import Store
from fsm_engine.testing.simulation.violations import Violation

DEFAULT_STEPS = 8000


@dataclass(frozen=True, slots=True)
class Settings:
    """``steps``: callbacks until the world calms down; what is under way is then brought to its end.

    ``users`` None: as many as the seed says.

    ``wrap_store`` and ``prepare`` (called with the file, once it has its schema) are for whoever breaks something on
    purpose, to see it found.
    """

    steps: int = DEFAULT_STEPS
    users: int | None = None
    processes: int = 3
    keeps_trace: bool = False
    wrap_store: Callable[[Store], Store] = lambda store: store
    prepare: Callable[[Path], None] = lambda path: None


@dataclass(slots=True)
class Figures:
    """What happened in a run; all but ``virtual_s`` are counts."""

    steps: int = 0
    virtual_s: float = 0.0
    messages: int = 0
    deliveries: int = 0
    acknowledged: int = 0
    duplicates: int = 0
    cancelled: int = 0
    refused: int = 0
    turns: int = 0
    sessions: int = 0
    detections: int = 0
    actions: int = 0
    timers: int = 0
    kills: int = 0
    reloads: int = 0
    clock_jumps: int = 0
    faults: int = 0

    def add(self, other: Figures) -> None:
        """Sums up the figures of several runs."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    def as_dict(self) -> dict[str, int | float]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Result:
    """One run. ``digest`` is that of the trace and of every row of every table; ``trace`` is empty unless kept."""

    seed: int
    figures: Figures
    digest: str
    violation: Violation | None = None
    trace: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        return self.violation is None
