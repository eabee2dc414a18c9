"""A folder of flow files to ``Flows``: flows compiled against what they can see, bot texts, risk policy, intents."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fsm_engine.core.checks import check_bot, check_flow, check_folder
from fsm_engine.core.classifying import Learn, build, phrases_of
from fsm_engine.core.compile import CompiledFlow, FlowCompiler, flows_run_by, own_slots
from fsm_engine.core.flows import CompiledDigression, CompiledRisk, Flows, saying_slots
from fsm_engine.core.language_checks import check_languages
from fsm_engine.core.machine import TooTangled
from fsm_engine.core.migration_checks import check_migrations
from fsm_engine.core.nearest import did_you_mean
from fsm_engine.core.texts import CompiledText, TextCompiler
from fsm_engine.model.flow import Bot, Flow, LevelPolicy, Resource, RiskPolicy
from fsm_engine.model.folder import FlowFolder
from fsm_engine.model.problem import Position, Problem
from fsm_engine.model.slot import SlotType
from fsm_engine.understanding.intent_training import train
from fsm_engine.understanding.sayings import SAYINGS

DEFAULT_RISK = RiskPolicy(
    name="default",
    at=Position("(default)", 1, 1),
    levels={
        "medium": LevelPolicy(resources=True),
        "high": LevelPolicy(resources=True, afterwards="ask again"),
    },
    resources={"": (Resource("Find a Helpline", "findahelpline.com: free helplines in more than 100 countries"),)},
)
"""In force where a folder has no risk policy: the risk stage is the engine's and cannot be left out."""

MOST_NAMES = 20
"""How often a stored source is compiled anew, each time with all unknown names that the time before has met."""


def compile_folder(
    folder: FlowFolder, types: Collection[str] = (), *, learn: Learn = train
) -> tuple[Flows, list[Problem]]:
    """All flows, ready to run, and what is wrong with them; with an error among the problems they must not run.

    ``types`` are the names of registered Python types. ``learn`` makes the table of a bot whose intents are learned; it
    may know the table from an earlier time.
    """
    problems = check_folder(folder)
    visible = visible_slots(folder.flows)
    compiled: dict[str, CompiledFlow] = {}
    for flow in folder.flows.values():
        result, found = compile_flow(flow, visible[flow.name], frozenset(folder.flows), types)
        problems += found
        if result is not None:
            compiled[flow.name] = result
    texts, bot_problems = _bot_texts(folder.bot)
    digressions, digression_problems = _digressions(folder)
    risk, risk_problems = _risk(folder)
    classifier, intent_problems = build(phrases_of(folder), folder.bot.intents, learn)
    nudge, nudge_problems = _nudge(folder.bot)
    problems += nudge_problems + bot_problems + digression_problems + risk_problems + intent_problems
    problems += [*check_bot(folder), *check_languages(folder)]
    flows = Flows(
        folder,
        compiled,
        classifier=classifier,
        digressions=digressions,
        bot_texts=texts,
        risk=risk,
        nudge=nudge,
    )
    return flows, sorted(problems)


def compile_flow(
    flow: Flow, visible: Mapping[str, SlotType], flow_names: frozenset[str], types: Collection[str] = ()
) -> tuple[CompiledFlow | None, list[Problem]]:
    """One flow and its problems; None where it is too tangled for a machine."""
    compiler = FlowCompiler(flow, visible, flow_names)
    try:
        compiled = compiler.compile()
    except TooTangled as error:
        return None, [Problem(flow.at, error.code, str(error))]
    return compiled, [*compiler.problems, *check_flow(compiled, types), *check_migrations(compiled, visible)]


def compile_stored(flow: Flow, flows: Mapping[str, Flow]) -> CompiledFlow | None:
    """An older version, among newer ones of the flows that it runs; None where it is too tangled for a machine.

    It was sound among those of its time. What it knows of their slots and they have no more, or of another type, may be
    among the session's answers still, and is a value of no known type.
    """
    around = {**flows, flow.name: flow}
    slots = visible_slots(around)[flow.name]
    own = own_slots(flow)
    for _ in range(MOST_NAMES):
        compiler = FlowCompiler(flow, slots, frozenset(around))
        try:
            compiled = compiler.compile()
        except TooTangled:
            return None
        if not compiler.texts.failures:
            break
        names = {error.name for _, error in compiler.texts.failures if error.name and error.code == "unknown-slot"}
        others = {name for name in slots if name not in own}
        slots |= dict.fromkeys(names or others, SlotType("value"))
    return compiled


def visible_slots(flows: Mapping[str, Flow]) -> dict[str, dict[str, SlotType]]:
    """The slots that each flow may name: its own, those of flows that it runs, and all that its callers can see."""
    own = {name: own_slots(flow) for name, flow in flows.items()}
    runs = {name: {written.text for written in flows_run_by(flow)} & flows.keys() for name, flow in flows.items()}
    below = {name: _closure(name, runs) for name in flows}
    visible: dict[str, dict[str, SlotType]] = {}
    for name in flows:
        slots: dict[str, SlotType] = {}
        for caller in flows:
            if name in below[caller]:
                for seen in (*sorted(below[caller]), caller):
                    slots.update(own[seen])
        for run in sorted(below[name]):
            slots.update(own[run])
        slots.update(own[name])
        visible[name] = slots
    return visible


def _closure(name: str, runs: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    open_ends = list(runs[name])
    while open_ends:
        current = open_ends.pop()
        if current not in found:
            found.add(current)
            open_ends.extend(runs[current])
    return found


def _bot_texts(bot: Bot) -> tuple[dict[str, CompiledText], list[Problem]]:
    keys = {
        "opening": bot.opening,
        "fallback": bot.fallback,
        "apology": bot.apology,
        "welcome_back": bot.coming_back.say if bot.coming_back else None,
    }
    written = {**bot.texts, **{name: text for name, text in keys.items() if text is not None}}
    texts: dict[str, CompiledText] = {}
    problems: list[Problem] = []
    for name, text in written.items():
        if name not in SAYINGS:
            hint = did_you_mean(name, SAYINGS)
            problems.append(Problem(text.at, "unknown-saying", f"the engine has no text called '{name}'.{hint}"))
            continue
        compiler = TextCompiler(saying_slots(name))
        texts[name] = compiler.text(text)
        problems += _failures(compiler)
    return texts, problems


def _nudge(bot: Bot) -> tuple[CompiledText | None, list[Problem]]:
    compiler = TextCompiler({})
    text = compiler.text(bot.nudge.say) if bot.nudge else None
    return text, _failures(compiler)


def _failures(compiler: TextCompiler) -> list[Problem]:
    return [Problem(written.at, error.code, str(error)) for written, error in compiler.failures]


def _digressions(folder: FlowFolder) -> tuple[dict[str, CompiledDigression], list[Problem]]:
    digressions: dict[str, CompiledDigression] = {}
    problems: list[Problem] = []
    for number, digression in enumerate(folder.bot.digressions):
        compiler = TextCompiler({})
        speech = compiler.speech(digression.say) if digression.say else None
        problems += _failures(compiler)
        run = digression.run
        if run is not None and run.text not in folder.flows:
            hint = did_you_mean(run.text, folder.flows)
            problems.append(Problem(run.at, "unknown-flow", f"there is no flow called '{run.text}'.{hint}"))
        name = f"digression:{number}"
        first = folder.bot.languages[0]
        asked_by = {language or first: group[0].text for language, group in digression.phrases.items() if group}
        digressions[name] = CompiledDigression(name, speech, run.text if run else None, asked_by)
    return digressions, problems


def _risk(folder: FlowFolder) -> tuple[CompiledRisk, list[Problem]]:
    policy = _policy_in_force(folder)
    compiler = TextCompiler({})
    says = {level: compiler.text(entry.say) for level, entry in policy.levels.items() if entry.say is not None}
    return CompiledRisk(policy, says), _failures(compiler)


def _policy_in_force(folder: FlowFolder) -> RiskPolicy:
    """The one the bot file names; without a bot file that names one, the only one there is; else the default."""
    if folder.bot.risk is not None:
        return folder.risks.get(folder.bot.risk.text, DEFAULT_RISK)
    return next(iter(folder.risks.values())) if len(folder.risks) == 1 else DEFAULT_RISK
