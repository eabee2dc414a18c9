"""Flows written as text inside a test."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from fsm_engine.core.flows import Flows
from fsm_engine.flow_files.load import check_flows, load_flows


def write(folder: Path, *texts: str) -> Path:
    """Writes each text as a file of its own, ``1.yaml``, ``2.yaml`` …, and gives the folder back."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts, start=1):
        (folder / f"{number}.yaml").write_text(dedent(text).strip() + "\n", encoding="utf-8")
    return folder


def flows_of(folder: Path, *texts: str) -> Flows:
    return load_flows(write(folder, *texts))


def problems_of(folder: Path, *texts: str) -> list[str]:
    """What is wrong with the texts, a line each, without the folder in front of the file names."""
    _, problems = check_flows(write(folder, *texts))
    return [str(problem).replace(f"{folder}/", "") for problem in problems]


def asking(*slots: str, flow: str = "f", kind: str = "text 1..60") -> str:
    """A flow that asks for some slots, one after the other: ``slot?``."""
    steps = "".join(f"  - ask: {slot}\n    type: {kind}\n    prompt: {slot}?\n" for slot in slots)
    return f"flow: {flow}\nsteps:\n{steps}"
