"""All figures of docs/performance.md, in one run; ``--write`` puts them there.

python -m benchmarks [--json] [--write]
"""

from __future__ import annotations

import sys

from benchmarks import engine, resume, stages, start_up
from benchmarks.page import write
from benchmarks.table import show


def main() -> int:
    """0 when every goal is met, 1 otherwise."""
    of_stages = stages.figures()  # first, as loading 1,000 flows leaves the collector of garbage much to look through
    parts = {
        "figures": [*engine.figures(), *resume.figures(), *start_up.figures()],
        "stages": of_stages,
    }
    for title, figures in parts.items():
        show(title, figures)
    if "--write" in sys.argv:
        write(parts)
    return 0 if all(figure.is_met for figures in parts.values() for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
