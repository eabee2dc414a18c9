"""All figures of the README and docs/performance.md, in one run.

python -m benchmarks [--json]
"""

from __future__ import annotations

import sys

from benchmarks import engine, resume, start_up
from benchmarks.table import show


def main() -> int:
    found = [*start_up.figures(), *engine.figures(), *resume.figures()]
    show("fsm_engine", found)
    return 0 if all(figure.is_met for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
