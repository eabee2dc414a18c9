from __future__ import annotations

import pytest

from fsm_engine.model.pauses import (
    BETWEEN_CALLS,
    BETWEEN_DELIVERIES,
    BETWEEN_LOOKS,
    BETWEEN_STORINGS,
    BETWEEN_WRITES,
    Pauses,
)


@pytest.mark.parametrize(
    ("pauses", "shortest", "longest"),
    [
        (BETWEEN_WRITES, [0.0125, 0.025, 0.05, 0.5], [0.025, 0.05, 0.1, 1.0]),
        (BETWEEN_CALLS, [0.0, 0.0, 0.0, 0.0], [0.2, 0.4, 0.8, 10.0]),
        (BETWEEN_DELIVERIES, [2.0, 4.0, 8.0, 3600.0], [3.0, 6.0, 12.0, 5400.0]),
        (BETWEEN_STORINGS, [1.0, 2.0, 4.0, 64.0], [1.0, 2.0, 4.0, 64.0]),
        (BETWEEN_LOOKS, [0.02, 0.04, 0.08, 0.5], [0.02, 0.04, 0.08, 0.5]),
    ],
)
def test_pauses_double_up_to_a_limit_and_chance_spreads_them(
    pauses: Pauses, shortest: list[float], longest: list[float]
) -> None:
    ends = [sorted(pauses.before(retry, chance) for chance in (0.0, 1.0)) for retry in (0, 1, 2, 40)]

    assert ends == [list(pair) for pair in zip(shortest, longest, strict=True)]


def test_no_number_of_tries_is_too_many() -> None:
    assert BETWEEN_DELIVERIES.before(10**9) == 3600.0
