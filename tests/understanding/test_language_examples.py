"""The examples in the docstrings of the language modules are run."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from fsm_engine.understanding import anytime, correction_phrases, intents, text


@pytest.mark.parametrize("module", [anytime, correction_phrases, intents, text], ids=lambda module: module.__name__)
def test_the_examples_of_a_docstring_give_what_they_say(module: ModuleType) -> None:
    result = doctest.testmod(module)

    assert result.attempted > 0
    assert result.failed == 0
