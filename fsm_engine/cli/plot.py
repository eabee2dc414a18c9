"""Drawings: the funnel, and whether confidence can be trusted. Needs the extra ``stats`` (Matplotlib)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from fsm_engine.cli.exits import Refused

if TYPE_CHECKING:
    from fsm_engine.storage.reports import StepFunnel
    from fsm_engine.understanding.intent_evaluation import Bin

FORMATS = (".png", ".svg")
_REACHED, _ANSWERED, _GAVE_UP = "#c6d8ea", "#2f6fad", "#c0392b"


def draw_funnel(steps: Sequence[StepFunnel], path: Path) -> None:
    """One bar a step: who reached it, who answered, who gave up there.

    Raises:
        Refused: there is nothing to draw, the file is neither .png nor .svg, or Matplotlib is not installed.
    """
    _must_be_drawable(path)
    if not steps:
        raise Refused("--plot: no session has reached a step yet, so there is nothing to draw.")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    places = range(len(steps))
    with rc_context({"svg.fonttype": "none"}):
        figure = Figure(figsize=(9, 1.4 + 0.4 * len(steps)), layout="constrained")
        axes = figure.subplots()
        axes.barh(places, [step.reached for step in steps], color=_REACHED, label="reached")
        axes.barh(places, [step.answered for step in steps], color=_ANSWERED, height=0.5, label="answered")
        gave_up, answered = [step.gave_up for step in steps], [step.answered for step in steps]
        axes.barh(places, gave_up, left=answered, color=_GAVE_UP, height=0.5, label="gave up")
        axes.set_yticks(places, [f"{step.flow}: {step.step}" for step in steps], parse_math=False)
        axes.invert_yaxis()
        axes.set_xlabel("sessions")
        axes.legend(loc="lower right")
        figure.savefig(path, format=path.suffix.lower()[1:], dpi=150)


def draw_reliability(bins: Mapping[str, Sequence[Bin]], path: Path) -> None:
    """For each method how often its guesses are right, over how sure it says it is; on the diagonal it says the truth.

    Raises:
        Refused: the file is neither .png nor .svg, or Matplotlib is not installed.
    """
    _must_be_drawable(path)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.fonttype": "none"}):
        figure = Figure(figsize=(6, 6), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=_REACHED, linestyle="--", label="right as often as it says")
        for method, of_method in bins.items():
            says = [each.confidence for each in of_method]
            axes.plot(says, [each.right for each in of_method], marker="o", label=method)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="confidence", ylabel="share that is right")
        axes.legend(loc="upper left")
        figure.savefig(path, format=path.suffix.lower()[1:], dpi=150)


def _must_be_drawable(path: Path) -> None:
    if path.suffix.lower() not in FORMATS:
        raise Refused(f"--plot {path}: can be a .png or an .svg file.")
    if find_spec("matplotlib") is None:
        raise Refused("--plot: Matplotlib is not installed. Run: pip install 'fsm_engine[stats]'")
