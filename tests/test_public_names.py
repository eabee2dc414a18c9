"""The public names are all there, and importing the package costs next to nothing."""

import subprocess
import sys

import fsm_engine


def test_every_public_name_can_be_had() -> None:
    for name in fsm_engine.__all__:
        assert getattr(fsm_engine, name).__name__ == name

    assert sorted(fsm_engine._HOME_OF) == sorted(fsm_engine.__all__)


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys, fsm_engine; print([name for name in sys.modules if name.startswith('fsm_engine.')])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.strip() == "[]"
