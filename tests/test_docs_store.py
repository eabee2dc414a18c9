"""The page for operators names every method of the store, and none that there is not."""

# proves: S4, M1, M3

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import get_type_hints

from fsm_engine.storage.store import Store

PAGE = Path(__file__).parents[1] / "docs" / "operations.md"
OF_THE_ENGINE = {"flow_versions"}  # what sessions run on is the engine's own affair


def test_the_table_of_repositories_is_that_of_the_code() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("<!-- store -->")[2].partition("<!-- end of store -->")[0]
    told = {
        name: set(re.findall(r"`(\w+)`", methods))
        for name, methods in re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
    }

    there = {
        name: {method for method, _ in inspect.getmembers(kind, inspect.isfunction) if not method.startswith("_")}
        for name, kind in get_type_hints(Store).items()
        if name not in OF_THE_ENGINE
    }
    assert told == there
