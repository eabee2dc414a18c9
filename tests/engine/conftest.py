from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.bots import Bot

MakeBot = Callable[..., Bot]


@pytest.fixture
def make_bot(tmp_path: Path) -> MakeBot:
    """A bot of these flow files, in a folder of its own."""

    def make(*flows: str) -> Bot:
        return Bot(tmp_path, *flows)

    return make
