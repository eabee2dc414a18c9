"""Values to JSON bytes and back, checked on the way in: the only place that knows how state and turns are stored."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from fsm_engine.model.slot import Json

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # costs 40 ms, and programs that only import the package do not need it

    return TypeAdapter(kind)


def encode(value: object) -> bytes:
    """The JSON of a model value; equal values give equal bytes within one process and across processes."""
    return orjson.dumps(value)


def decode(kind: type[T], data: bytes | str) -> T:
    """The value that `encode` wrote. Raises pydantic's ``ValidationError`` (a ``ValueError``) on anything else."""
    hashable_kind: Any = kind
    value: T = _adapter(hashable_kind).validate_json(data)
    return value


def as_json(value: object) -> tuple[Json, int]:
    """What is left of a value from outside once it is stored, and how many bytes of JSON that is.

    NaN becomes null, as JSON has none; NUL characters go, as not every database takes them. Raises ``TypeError`` (or
    ``ValueError``) for what is no JSON, is nested too deeply, or holds a lone surrogate or a number over 64 bits.
    """
    data = orjson.dumps(value)
    plain: Json = orjson.loads(data)
    return _without_nul(plain) if b"\\u0000" in data else plain, len(data)


def _without_nul(value: Json) -> Json:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {key.replace("\0", ""): _without_nul(item) for key, item in value.items()}
    return value
