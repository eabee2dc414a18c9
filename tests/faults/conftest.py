from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.forks import Forks


@pytest.fixture(scope="session")
def fork_server() -> Iterator[Forks]:
    with Forks() as server:
        yield server


@pytest.fixture
def forks(fork_server: Forks) -> Iterator[Forks]:
    """Processes for this test; none of them outlives it."""
    yield fork_server
    fork_server.forget_all()
