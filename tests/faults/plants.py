"""Guards of the engine that can be switched off, one at a time, to see whether the tests notice.

Only tests do this: a process of theirs that finds ``FAULT_PLANT`` in its environment patches the engine before it runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

VARIABLE = "FAULT_PLANT"

PLANTS: Mapping[str, Callable[[], None]] = {}


def plant_from_environment() -> None:
    name = os.environ.get(VARIABLE)
    if name:
        PLANTS[name]()
