"""The README cannot lag: its example runs and prints what it says, its flow loads, and what it names is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fsm_engine import load_flows

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str, after: str = "") -> str:
    """The first fenced block of a language behind a heading or sentence."""
    found = re.search(rf"```{language}\n(.*?)```", README[README.index(after) :], re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_example_prints_what_the_readme_says(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    (tmp_path / "example.py").write_text(block("python"), encoding="utf-8")

    ran = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert ran.stderr == ""
    assert ran.stdout == block("", after="It prints:")


def test_the_flow_at_the_top_loads(tmp_path: Path) -> None:
    (tmp_path / "visit.yaml").write_text(block("yaml"), encoding="utf-8")

    assert list(load_flows(tmp_path).compiled) == ["pick_a_day"]


ROWS = re.findall(r"^\| ([A-Z]\d[^|]*) \|[^|]*\| `([^`]+)` \|$", README, re.MULTILINE)


@pytest.mark.parametrize(("rows", "shown_by"), ROWS)
def test_what_shows_a_row_exists_and_names_the_row(rows: str, shown_by: str) -> None:
    path = ROOT / shown_by
    assert path.exists()
    files = [path] if path.is_file() else sorted(path.rglob("*.py")) or sorted(path.rglob("*.yaml"))
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)

    if path.suffix == ".py" or any(file.suffix == ".py" for file in files):
        proven = set(re.findall(r"\b([A-Z]\d+)\b", " ".join(re.findall(r"proves: (.*)", text))))
        assert {row.strip() for row in rows.split(",")} <= proven


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
