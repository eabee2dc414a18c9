"""`fsm-engine risk evaluate`: how many risks the detector finds, and how often it is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsm_engine.cli.exits import Exit, Refused, leave
from fsm_engine.cli.places import address_of, must_exist, runnable_flows
from fsm_engine.cli.screen import print_json, print_table

if TYPE_CHECKING:
    from fsm_engine.storage.records import StoredDetection
    from fsm_engine.understanding.risk_evaluation import Detects, EvaluationRow, Goal, PartReport, Report, Share

START, END = "<!-- risk figures -->", "<!-- end of risk figures -->"
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Sources:
    """Where cases come from, and whose phrases are measured: those of flows, or the shipped ones."""

    cases: tuple[Path, ...]
    reviews: str | None
    flows: Path | None


def run_evaluation(sources: Sources, *, check: bool, page: Path | None, as_json: bool) -> None:
    """Prints the figures; ends with `Exit.PROBLEMS` when they are to be checked and a goal is missed.

    Raises:
        Refused: there are no cases, or the page has no marks.
        CasesUnreadable: a file of cases is not what it should be.
    """
    from fsm_engine.understanding.risk_evaluation import evaluate, goals

    report = evaluate(_rows(sources), _detector(sources.flows))
    reached = goals(report.held_out)
    if page is not None:
        _write(page, page_of_figures(report))
    if as_json:
        print_json({**_as_json(report), "goals": [_goal_as_json(goal) for goal in reached]})
    else:
        _print(report, reached)
    if check and not all(goal.is_met for goal in reached):
        leave(Exit.PROBLEMS)


def page_of_figures(report: Report) -> str:
    """The table of docs/risk.md."""
    from fsm_engine.understanding.risk_evaluation import goals

    wanted = {goal.name: goal for goal in goals(report.held_out)}
    lines = ["| kind | held out | goal | open part |", "|---|---|---|---|"]
    opened, held = report.development, report.held_out
    for kind, share in held.recall_by_kind.items():
        lines.append(
            _line(f"found: {kind.replace('_', ' ')}", share, wanted.get(kind), opened.recall_by_kind.get(kind))
        )
    for kind, share in held.false_alarms_by_kind.items():
        name = f"**false alarms**: {kind.replace('_', ' ')}"
        lines.append(_line(name, share, wanted.get(f"false alarms {kind}"), opened.false_alarms_by_kind.get(kind)))
    return "\n".join(lines)


def _line(name: str, share: Share, goal: Goal | None, opened: Share | None) -> str:
    verdict = "" if goal is None else f"{goal.says}: {'reached' if goal.is_met else '**missed**'}"
    return f"| {name} | {_of(share)} | {verdict} | {'' if opened is None else _of(opened)} |"


def _of(share: Share) -> str:
    return f"{share.count} of {share.of} ({100 * share.value:.1f} %)"


def _rows(sources: Sources) -> list[EvaluationRow]:
    from fsm_engine.testing.risk_cases import cases_of_reviews, read_cases

    rows = read_cases(sources.cases)
    if sources.reviews is not None:
        database = address_of(sources.reviews)
        must_exist(database)
        rows += cases_of_reviews(asyncio.run(_reviewed(database)))
    if not rows:
        raise Refused("risk evaluate: there are no cases. Name files of labelled messages, or --from-reviews DATABASE.")
    return rows


async def _reviewed(database: str) -> list[StoredDetection]:
    from fsm_engine.storage import open_store
    from fsm_engine.storage.reviews import RiskSearch

    store = await open_store(database)
    try:
        found: list[StoredDetection] = []
        search = RiskSearch(reviewed=True)
        while page := await store.risk.find(search, before=found[-1].id if found else None, limit=_PAGE):
            found += page
        return found
    finally:
        await store.close()


def _detector(flows: Path | None) -> Detects:
    from fsm_engine.engine.risk_stage import PhrasesOf
    from fsm_engine.understanding.risk_phrases import build_detector

    return build_detector() if flows is None else PhrasesOf(runnable_flows(flows).risk.policy)


def _print(report: Report, reached: Sequence[Goal]) -> None:
    for name, part in (("held out", report.held_out), ("open part", report.development)):
        if not part.levels:
            print(f"{name}: no message belongs to it.\n")
            continue
        shares = [
            ("found", part.recall_by_kind),
            ("found", part.recall_by_category),
            ("found", part.recall_by_language),
        ]
        shares.append(("false alarms", part.false_alarms_by_kind))
        rows = [
            (what, kind, share.count, share.of, f"{share.value:.3f}")
            for what, of in shares
            for kind, share in of.items()
        ]
        print_table(name, ("what", "of", "count", "messages", "share"), rows)
        levels = [(wanted, found, count) for (wanted, found), count in sorted(part.levels.items())]
        print_table(f"{name}: level expected and found", ("expected", "found", "messages"), levels)
    goals = [(goal.name, goal.says, _of(goal.share), "yes" if goal.is_met else "no") for goal in reached]
    if goals:
        print_table("goals on what is held out", ("of", "goal", "reached", "met"), goals)


def _as_json(report: Report) -> dict[str, Any]:
    return {"held_out": _part_as_json(report.held_out), "open": _part_as_json(report.development)}


def _part_as_json(part: PartReport) -> dict[str, Any]:
    return {
        "recall_by_kind": _shares_as_json(part.recall_by_kind),
        "recall_by_category": _shares_as_json(part.recall_by_category),
        "recall_by_language": _shares_as_json(part.recall_by_language),
        "false_alarms_by_kind": _shares_as_json(part.false_alarms_by_kind),
        "false_alarms_per_1000": {kind: part.false_alarms_per_1000(kind) for kind in part.false_alarms_by_kind},
        "category_named": {"count": part.named.count, "of": part.named.of, "share": part.named.value},
        "levels": [
            {"expected": wanted, "found": found, "messages": count}
            for (wanted, found), count in sorted(part.levels.items())
        ],
    }


def _shares_as_json(shares: Mapping[str, Share]) -> dict[str, Any]:
    return {name: {"count": one.count, "of": one.of, "share": one.value} for name, one in shares.items()}


def _goal_as_json(goal: Goal) -> dict[str, Any]:
    return {"of": goal.name, "goal": goal.says, "share": goal.share.value, "is_met": goal.is_met}


def _write(page: Path, figures: str) -> None:
    text = page.read_text(encoding="utf-8")
    before, start, rest = text.partition(START)
    _old, end, after = rest.partition(END)
    if not start or not end:
        raise Refused(f"{page}: has no place for figures. Put {START} and {END} on lines of their own.")
    page.write_text(f"{before}{start}\n{figures}\n{end}{after}", encoding="utf-8")
