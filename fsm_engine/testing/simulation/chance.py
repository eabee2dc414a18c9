"""Everything random in a simulation, from its seed."""

from __future__ import annotations

from random import Random


def stream(seed: int, what: str) -> Random:
    """A generator for one part of the world: what another part draws does not change what this one gets.

    Seeded with a text, it is the same in every process, whatever PYTHONHASHSEED says.
    """
    return Random(f"{seed} {what}")  # noqa: S311 - repeatable is what it must be, not secret
