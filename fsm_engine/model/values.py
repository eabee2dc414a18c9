"""Values that are made anew for every turn: frozen to the type checker, and at run time plain slotted dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def turn_value(cls: type[T]) -> type[T]:
    """As ``@dataclass(frozen=True, slots=True)``, without the guard that a frozen class has at run time.

    Its own constructor has to go past that guard: 140 ns a field, which adds up to a twentieth of a turn. Only for what
    no bot gets to see.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
