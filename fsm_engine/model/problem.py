"""What can be wrong with a flow file, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file: line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing an author should mend; ``code`` is one of ``fsm_engine.model.problem_codes``."""

    at: Position
    code: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.at}: {self.severity} {self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class Written:
    """A piece of text that an author wrote, with the place where it stands."""

    text: str
    at: Position
