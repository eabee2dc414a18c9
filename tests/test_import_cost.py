"""What importing the package pulls in, and the example that it opens with."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys

import fsm_engine

DRIVERS = {"aiosqlite", "asyncpg", "alembic"}
WEB = {"starlette", "uvicorn", "typer", "rich"}
TESTING = {"pytest", "hypothesis"}
READERS_LIBRARIES = {"babel", "dateparser", "phonenumbers", "email_validator", "text_to_num", "pydantic"}


def test_importing_the_package_pulls_in_no_driver_web_or_test_package_and_no_readers_library() -> None:
    program = "import json, sys, fsm_engine; fsm_engine.Engine; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    pulled_in = {name.partition(".")[0] for name in json.loads(done.stdout)}

    assert pulled_in & (DRIVERS | WEB | TESTING | READERS_LIBRARIES) == set()
    assert "fsm_engine" in pulled_in


def test_the_example_of_the_package_runs_from_the_projects_root() -> None:
    result = doctest.testmod(fsm_engine)

    assert (result.attempted, result.failed) == (4, 0)
