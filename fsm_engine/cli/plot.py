"""The funnel as a drawing. Needs the extra ``stats`` (Matplotlib), which is imported nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fsm_engine.cli.exits import Refused

if TYPE_CHECKING:
    from fsm_engine.storage.reports import StepFunnel

FORMATS = (".png", ".svg")
_REACHED, _ANSWERED, _GAVE_UP = "#c6d8ea", "#2f6fad", "#c0392b"


def draw_funnel(steps: Sequence[StepFunnel], path: Path) -> None:
    """One bar a step: who reached it, who answered, who gave up there.

    Raises:
        Refused: there is nothing to draw, the file is neither .png nor .svg, or Matplotlib is not installed.
    """
    if path.suffix.lower() not in FORMATS:
        raise Refused(f"--plot {path}: can be a .png or an .svg file.")
    if not steps:
        raise Refused("--plot: no session has reached a step yet, so there is nothing to draw.")
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise Refused("--plot: Matplotlib is not installed. Run: pip install 'fsm_engine[stats]'") from error

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
