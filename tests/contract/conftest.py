"""One suite over every store: a store that joins `STORES` must pass all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fsm_engine.storage import Store, open_store

STORES = ("sqlite-file", "sqlite-memory")


@pytest.fixture(params=STORES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return {"sqlite-file": f"sqlite:///{tmp_path}/bot.db", "sqlite-memory": "sqlite:///:memory:"}[request.param]


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = await open_store(url)
    yield opened
    await opened.close()
