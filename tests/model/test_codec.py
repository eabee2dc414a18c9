from __future__ import annotations

from typing import Any

import pytest

from fsm_engine.model.codec import NESTED_AT_MOST, encode, is_too_deep


def nested(levels: int, *, in_lists: bool, beside: int = 0) -> Any:
    value: Any = "[[{{"
    for _ in range(levels):
        value = [*([0] * beside), value] if in_lists else {"a": value}
    return value


@pytest.mark.parametrize("in_lists", [True, False])
@pytest.mark.parametrize("beside", [0, 3])
def test_levels_are_counted_to_the_last_one_allowed(in_lists: bool, beside: int) -> None:
    found = [
        is_too_deep(encode(nested(NESTED_AT_MOST + more, in_lists=in_lists, beside=beside))) for more in (-1, 0, 1, 50)
    ]

    assert found == [False, False, True, True]


def test_many_values_beside_each_other_are_not_deep() -> None:
    assert not is_too_deep(encode([{}] * 5000))
