"""What a simulation finds wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that does not hold. ``virtual_s`` counts from the start of the run."""

    seed: int
    step: int
    virtual_s: float
    invariant: str
    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"seed {self.seed}, step {self.step}, virtual time {self.virtual_s:.6f} s: {self.invariant}\n"
            f"  where:    {self.where}\n"
            f"  expected: {self.expected}\n"
            f"  found:    {self.found}"
        )


class Violated(Exception):
    """Ends a run."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(str(violation))
        self.violation = violation
