"""Drawings: the funnel, and whether confidence can be trusted. Needs the extra ``stats`` (Matplotlib)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from fsm_engine.cli.exits import Refused

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fsm_engine.storage.reports import StepFunnel, WeekOfSessions
    from fsm_engine.understanding.intent_evaluation import Bin

FORMATS = (".png", ".svg")
_STILL_HERE, _ANSWERED, _GAVE_UP = "#c6d8ea", "#2f6fad", "#c0392b"
_WEEKS = 53


def draw_funnel(steps: Sequence[StepFunnel], weeks: Sequence[WeekOfSessions], path: Path) -> None:
    """One bar a step, flow by flow: who answered, who gave up there and who is still there; and a bar a week below.

    Raises:
        Refused: there is nothing to draw, the file is neither .png nor .svg, or Matplotlib is not installed.
    """
    _must_be_drawable(path)
    if not steps:
        raise Refused("--plot: no session has reached a step yet, so there is nothing to draw.")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows = list(_rows(steps))
    heights = [0.4 + 0.32 * len(rows), 1.6]
    with rc_context({"svg.fonttype": "none"}):
        figure = Figure(figsize=(9, 1.5 + sum(heights)), layout="constrained")
        funnel, by_week = figure.subplots(2, 1, height_ratios=heights)
        _draw_steps(funnel, rows)
        _draw_weeks(by_week, weeks[-_WEEKS:])
        figure.suptitle("How far people come", x=0.01, ha="left", fontsize=14)
        figure.legend(*funnel.get_legend_handles_labels(), loc="outside lower left", ncols=3, frameon=False)
        figure.savefig(path, format=path.suffix.lower()[1:], dpi=150)


def _rows(steps: Sequence[StepFunnel]) -> Iterator[StepFunnel | str]:
    """The steps, each flow's behind its name."""
    for flow, of_flow in groupby(steps, key=lambda step: step.flow):
        yield flow
        yield from of_flow


def _draw_steps(axes: Axes, rows: Sequence[StepFunnel | str]) -> None:
    from matplotlib.ticker import MaxNLocator

    places = [place for place, row in enumerate(rows) if not isinstance(row, str)]
    steps = [row for row in rows if not isinstance(row, str)]
    answered, gave_up = [step.answered for step in steps], [step.gave_up for step in steps]
    ended = [sum(both) for both in zip(answered, gave_up, strict=True)]
    here = [step.reached - done for step, done in zip(steps, ended, strict=True)]
    axes.barh(places, answered, color=_ANSWERED, label="answered, completed")
    axes.barh(places, gave_up, left=answered, color=_GAVE_UP, label="gave up")
    axes.barh(places, here, left=ended, color=_STILL_HERE, label="still there")
    for place, step in zip(places, steps, strict=True):
        share = f" {step.answered:,} of {step.reached:,} ({100 * step.answered / step.reached:.0f} %)"
        axes.text(step.reached, place, share, va="center", fontsize=9)
    names = [row if isinstance(row, str) else row.step for row in rows]
    axes.set_yticks(range(len(rows)), names, parse_math=False)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if isinstance(row, str) else "normal")
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 1.22 * max(step.reached for step in steps))  # room for the numbers behind the bars
    axes.invert_yaxis()
    _bare(axes, "sessions that reached a step")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_weeks(axes: Axes, weeks: Sequence[WeekOfSessions]) -> None:
    from matplotlib.ticker import MaxNLocator

    places = range(len(weeks))
    completed, gave_up = [week.completed for week in weeks], [week.gave_up for week in weeks]
    ended = [sum(both) for both in zip(completed, gave_up, strict=True)]
    axes.bar(places, completed, color=_ANSWERED)
    axes.bar(places, gave_up, bottom=completed, color=_GAVE_UP)
    axes.bar(
        places, [week.began - done for week, done in zip(weeks, ended, strict=True)], bottom=ended, color=_STILL_HERE
    )
    shown = range(0, len(weeks), -(-len(weeks) // 9))
    axes.set_xticks(shown, [weeks[place].week for place in shown])
    axes.set_xlim(-0.6, max(len(weeks), 8) - 0.4)
    _bare(axes, "sessions by the week in which they began")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _bare(axes: Axes, label: str) -> None:
    axes.set_xlabel(label, loc="left")
    axes.spines[["top", "right"]].set_visible(False)


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
        axes.plot([0, 1], [0, 1], color=_STILL_HERE, linestyle="--", label="right as often as it says")
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
