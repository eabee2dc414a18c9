"""The account dialogue on other tools, beside this engine and the floor, in less than three minutes.

    python -m benchmarks.peers [--json] [--write]

``--write`` puts the tables into docs/performance.md. Tools that are not installed get a row that says so. To measure
all of them, in an environment of their own:

    pip install -e . apache-burr 'chatsky[sqlite]' 'sqlalchemy<2.1' langgraph langgraph-checkpoint-sqlite \\
        python-statemachine
"""

from __future__ import annotations

import json
import sys

from rich.console import Console

from benchmarks.page import replace_block
from benchmarks.peers.registry import PEERS
from benchmarks.peers.report import as_json, markdown, show
from benchmarks.peers.trial import measure


def main() -> int:
    """0; how other tools fare is nothing to fail over."""
    with Console(stderr=True).status("starting") as status:
        trials = measure(PEERS, progress=status.update)
    if "--json" in sys.argv:
        print(json.dumps(as_json(trials), indent=1))
    else:
        show(trials)
    if "--write" in sys.argv:
        replace_block("peers", markdown(trials))
    return 0


if __name__ == "__main__":
    sys.exit(main())
