"""What an inspection of a database finds, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]
IDS_KEPT = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: ``error`` where data is damaged, ``warning`` where somebody has to do something,
    ``note`` where all is well and worth knowing.

    ``count`` says how often; ``sessions`` and ``conversations`` name those it touches, `IDS_KEPT` at most, by id only.
    """

    code: str
    severity: Severity
    what: str
    works: str
    do: str
    count: int = 1
    sessions: tuple[str, ...] = ()
    conversations: tuple[str, ...] = ()


@dataclass(slots=True)
class Touched:
    """Counts what a finding touches while rows go by."""

    ids: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, id_: str | None) -> None:
        """A damaged id is shown with its unreadable characters replaced, None with a question mark."""
        self.count += 1
        if len(self.ids) < IDS_KEPT:
            shown = "?" if id_ is None else str(id_).encode(errors="replace").decode()
            if shown not in self.ids[-1:]:
                self.ids.append(shown)


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that was found in a database, and what it is."""

    database: str
    facts: Mapping[str, str | int | bool | None]
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nobody has to do anything."""
        return all(finding.severity == "note" for finding in self.findings)
