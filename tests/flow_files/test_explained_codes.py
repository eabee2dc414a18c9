"""Every problem code is explained to authors, and every explanation belongs to a code in use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_file_reading import HERE

import fsm_engine
from fsm_engine.model.problem_codes import EXPLANATIONS

PACKAGE = Path(fsm_engine.__file__).parent
_MAKES_PROBLEMS = {"error", "warn", "Problem", "_problem", "_report", "Fix", "BadType", "ExpressionError"}
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+|tag|tab|reference|directive|backslash")


def _codes_in(tree: ast.AST) -> Iterator[str]:
    """The codes among the arguments of calls that make problems."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in _MAKES_PROBLEMS:
            for argument in node.args:
                parts = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
                texts = [part.value for part in parts if isinstance(part, ast.Constant)]
                yield from (text for text in texts if isinstance(text, str) and _CODE.fullmatch(text))


def codes_in_use() -> set[str]:
    return {code for path in PACKAGE.rglob("*.py") for code in _codes_in(ast.parse(path.read_text(encoding="utf-8")))}


def test_every_code_that_the_program_uses_is_explained() -> None:
    found = codes_in_use()

    assert len(found) > 50
    assert found - set(EXPLANATIONS) == set()


def test_no_code_of_a_tested_message_lacks_an_explanation() -> None:
    lines = [line for path in (HERE / "bad").glob("*.txt") for line in path.read_text(encoding="utf-8").splitlines()]
    codes = {line.split(": ")[1].split(" ")[1] for line in lines}

    assert codes - set(EXPLANATIONS) == set()


@pytest.mark.parametrize("code", sorted(EXPLANATIONS))
def test_an_explanation_has_a_wrong_and_a_right_example(code: str) -> None:
    text = EXPLANATIONS[code]

    assert re.search(r"^Wrong: \S", text, re.MULTILINE)
    assert re.search(r"^Right: +\S", text, re.MULTILINE)
    assert text.endswith("\n")
    assert max(len(line) for line in text.splitlines()) <= 120
