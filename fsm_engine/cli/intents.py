"""`fsm-engine intents`: what the bot makes of messages, one at a time or a labelled file at once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsm_engine.cli.exits import Exit, Refused, leave
from fsm_engine.cli.labelled_messages import read_labelled
from fsm_engine.cli.places import flows_folder, runnable_flows
from fsm_engine.cli.screen import print_json, print_table, progress_bar
from fsm_engine.core.classifying import build, phrases_of
from fsm_engine.flow_files.parse_intents import METHODS
from fsm_engine.understanding.intent_evaluation import NONE, Evaluation, Judged, Labelled, evaluate, judge

if TYPE_CHECKING:
    from fsm_engine.core.flows import Flows
    from fsm_engine.understanding.intents import Classifier

NOTHING = "(nothing)"
MISTAKES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `fsm-engine intents evaluate` was asked for. ``held_out`` is the share of the rows that ``seed`` draws."""

    methods: tuple[str, ...]
    held_out: float
    seed: int
    at_least: float
    plot: Path | None
    as_json: bool


def evaluate_file(file: Path, given: Path | None, wanted: Wanted) -> None:
    """Prints how well the bot understands the file; leaves with `Exit.PROBLEMS` below the accuracy that is wanted.

    Raises:
        Refused: the file cannot be used, there is no such method, or a method needs a library that is not there.
        FlowError: the flows have errors.
    """
    flows = runnable_flows(flows_folder(given))
    cases = _drawn(read_labelled(file, phrases_of(flows.folder).keys()), wanted)
    settings = flows.bot.intents
    found: dict[str, Evaluation] = {}
    with progress_bar("messages") as tell:
        for method in wanted.methods or (settings.method,):
            classifier = classifier_of(flows, method)
            tell(len(found) * len(cases), len(cases) * max(1, len(wanted.methods)))
            found[method] = evaluate(cases, classifier.classify, maybe=settings.maybe, margin=settings.margin)
    if wanted.plot is not None:
        from fsm_engine.cli.plot import draw_reliability

        draw_reliability({method: each.bins for method, each in found.items()}, wanted.plot)
    if wanted.as_json:
        print_json({"file": str(file), "methods": [_as_json(method, each) for method, each in found.items()]})
    else:
        _print(found)
    if min(each.accuracy for each in found.values()) < wanted.at_least:
        leave(Exit.PROBLEMS)


def try_text(text: str, given: Path | None, *, method: str | None, as_json: bool) -> None:
    """Prints what the bot would take a message for.

    Raises:
        Refused: there is no such method, or it needs a library that is not there.
        FlowError: the flows have errors.
    """
    flows = runnable_flows(flows_folder(given))
    settings = flows.bot.intents
    classifier = classifier_of(flows, method or settings.method)
    guesses = classifier.classify(text)
    judged = judge(Labelled(text, NONE), guesses, maybe=settings.maybe, margin=settings.margin)
    told = [{"intent": guess.name, "confidence": guess.confidence, "method": guess.method} for guess in guesses]
    if as_json:
        print_json({"guesses": told, "understood": _what_follows(flows, judged)})
        return
    print_table("guesses", ("intent", "confidence", "method"), [tuple(guess.values()) for guess in told])
    print(_what_follows(flows, judged))


def classifier_of(flows: Flows, method: str) -> Classifier:
    """The classifier of one method over the phrases of these flows.

    Raises:
        Refused: there is no such method, or it needs a library that is not there.
    """
    from fsm_engine.flow_files.intent_cache import learned

    if method not in METHODS:
        raise Refused(f"--method {method}: is none of {', '.join(METHODS)}.")
    settings = replace(flows.bot.intents, method=method)  # type: ignore[arg-type]
    if settings.method == flows.bot.intents.method:
        return flows.classifier
    classifier, problems = build(phrases_of(flows.folder), settings, learned)
    if problems:
        raise Refused(f"--method {method}: {problems[0].message}")
    return classifier


def _drawn(cases: list[Labelled], wanted: Wanted) -> list[Labelled]:
    """The share of the rows that is wanted, the same for the same seed, in the order of the file."""
    count = max(1, round(len(cases) * wanted.held_out))
    places = sorted(random.Random(wanted.seed).sample(range(len(cases)), count))  # noqa: S311 - a draw, no secret
    return [cases[place] for place in places]


def _what_follows(flows: Flows, judged: Judged) -> str:
    settings = flows.bot.intents
    if judged.offered:
        return f"The bot asks which is meant: {', '.join(judged.offered)}."
    if judged.guessed == NONE:
        return "The bot takes it for none of its intents."
    if judged.confidence >= settings.sure:
        return f"The bot follows '{judged.guessed}', also in the middle of a question."
    return f"The bot follows '{judged.guessed}' where nothing else is open (in a question from {settings.sure:g} on)."


def _print(found: dict[str, Evaluation]) -> None:
    columns = ("method", "messages", "accuracy", "missed", "mistaken", "false alarms", "asked (well)", "calib. error")
    print_table("how well intents are told", columns, [_summary(*item) for item in found.items()])
    if len(found) > 1:
        return
    (result,) = found.values()
    shares = [(language, f"{accuracy:.3f}") for language, accuracy in result.accuracy_by_language().items()]
    if len(shares) > 1:
        print_table("languages", ("language", "accuracy"), shares)
    rows = [(name_of(each.intent), each.messages, _dash(each.precision), _dash(each.recall)) for each in result.intents]
    print_table("intents", ("intent", "messages", "precision", "recall"), rows)
    print_table("taken for another", ("is", "was taken for", "times"), _mistakes(result))
    bins = [(f"{b.low:.1f} to {b.high:.1f}", b.messages, f"{b.confidence:.3f}", f"{b.right:.3f}") for b in result.bins]
    print_table("can the confidence be trusted?", ("confidence", "messages", "says", "is right"), bins)


def _summary(method: str, result: Evaluation) -> tuple[object, ...]:
    return (
        method,
        len(result.judged),
        f"{result.accuracy:.3f}",
        result.missed,
        result.mistaken,
        result.false_alarms,
        f"{result.asked} ({result.asked_well})",
        f"{result.calibration_error:.3f}",
    )


def _mistakes(result: Evaluation) -> Sequence[tuple[object, ...]]:
    pairs = [(pair, count) for pair, count in result.confusion.items() if pair[0] != pair[1]]
    pairs.sort(key=lambda each: (-each[1], each[0]))
    return [(name_of(right), name_of(taken), count) for (right, taken), count in pairs[:MISTAKES_SHOWN]]


def name_of(intent: str) -> str:
    """The intent as it is printed."""
    return intent or NOTHING


def _dash(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def _as_json(method: str, result: Evaluation) -> dict[str, Any]:
    return {
        "method": method,
        "messages": len(result.judged),
        "accuracy": result.accuracy,
        "accuracy_by_language": result.accuracy_by_language(),
        "missed": result.missed,
        "mistaken": result.mistaken,
        "false_alarms": result.false_alarms,
        "asked": result.asked,
        "asked_well": result.asked_well,
        "calibration_error": result.calibration_error,
        "intents": [
            {"intent": each.intent, "messages": each.messages, "precision": each.precision, "recall": each.recall}
            for each in result.intents
        ],
        "confusion": [
            {"intent": right, "taken_for": taken, "messages": count}
            for (right, taken), count in sorted(result.confusion.items())
        ],
        "reliability": [
            {"low": b.low, "high": b.high, "messages": b.messages, "confidence": b.confidence, "right": b.right}
            for b in result.bins
        ],
    }
