"""Static checks: what can be known to go wrong before a flow has its first user."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from fsm_engine.core.compile import CompiledFlow, Node, flows_run_by, own_slots, walk_steps
from fsm_engine.core.machine import exits
from fsm_engine.core.nearest import did_you_mean
from fsm_engine.core.reminders import due_moment
from fsm_engine.model.flow import (
    Ask,
    Choose,
    Confirm,
    Do,
    End,
    Flow,
    Handoff,
    Remind,
    Repeat,
    Say,
    Speech,
    Step,
    Text,
)
from fsm_engine.model.folder import FlowFolder
from fsm_engine.model.problem import Problem
from fsm_engine.model.transcript import Transcript
from fsm_engine.understanding import readers


def check_flow(flow: CompiledFlow, types: Collection[str] = ()) -> list[Problem]:
    """What is wrong inside one flow: steps nobody reaches, circles without a question, unused defaults.

    ``types`` are the names of registered Python types.
    """
    return [*_unreachable(flow), *_circles(flow), *_defaults(flow.flow), *unknown_types(flow.flow, types)]


def _unreachable(flow: CompiledFlow) -> Iterator[Problem]:
    seen: set[int] = set()
    open_ends = [0] if flow.nodes else []
    while open_ends:
        index = open_ends.pop()
        if index in seen or index < 0:
            continue
        seen.add(index)
        open_ends.extend(_ways_out(flow.nodes[index]))
    for node in flow.nodes:
        if node.index not in seen:
            yield Problem(
                node.step.at,
                "unreachable-step",
                f"no way leads to step '{node.name}'. Send a goto there, or remove it.",
                "warning",
            )


def _ways_out(node: Node) -> list[int]:
    """As `exits`, without the ways that a step's own `goto` or `otherwise` closes."""
    if node.goto is not None and node.when is None and not isinstance(node.step, (Choose, Repeat)):
        return [index for index in exits(node) if index != node.next] or [node.goto]
    if isinstance(node.step, Choose) and node.cases and node.cases[-1].when is None:
        leads = [case.goto if case.goto is not None else node.next for case in node.cases]
        return leads if node.when is None else [*leads, node.next]
    return exits(node)


def _circles(flow: CompiledFlow) -> Iterator[Problem]:
    """A circle of steps none of which waits for the user; bounded by ``at_most``, but never what an author means."""
    for node in flow.nodes:
        targets = [node.goto, *(case.goto for case in node.cases)]
        for target in targets:
            if target is not None and target <= node.index and not _meets_a_question(flow, target, node.index):
                yield Problem(
                    node.step.at,
                    "endless-circle",
                    f"'{node.name}' goes back to '{flow.nodes[target].name}', and no question lies between: the bot "
                    "would repeat itself without listening. Go back to a question instead.",
                )


def _meets_a_question(flow: CompiledFlow, first: int, last: int) -> bool:
    return any(isinstance(node.step, (Ask, Confirm, Repeat)) for node in flow.nodes[first : last + 1])


def texts_of(step: Step) -> Iterator[Text]:
    """Every text that a step may say."""
    for speech in _speeches(step):
        if speech is not None:
            yield from (speech.text, *speech.options)
    if isinstance(step, (Ask, Confirm)):
        if step.help is not None:
            yield step.help
        yield from step.again
    if isinstance(step, Ask):
        yield from (check.error for check in step.checks)
    if isinstance(step, (Ask, Repeat)) and step.called is not None:
        yield step.called


def _speeches(step: Step) -> Iterator[Speech | None]:
    if isinstance(step, (Say, End, Handoff, Remind)):
        yield step.speech
    elif isinstance(step, (Ask, Confirm)):
        yield step.prompt
    elif isinstance(step, Repeat):
        yield step.ask_more
    elif isinstance(step, Choose):
        yield from (case.say for case in step.cases)


def _defaults(flow: Flow) -> Iterator[Problem]:
    for step in walk_steps(flow.steps):
        if isinstance(step, Ask) and step.default is not None and not step.optional and step.give_up.kind != "skip":
            yield Problem(
                step.default.at,
                "default-never-used",
                f"'{step.name}' has a default, but it can be neither skipped nor given up. Add optional: true.",
                "warning",
            )


def unknown_types(flow: Flow, registered: Collection[str]) -> Iterator[Problem]:
    """Types that neither ship nor are registered."""
    for step in walk_steps(flow.steps):
        if not isinstance(step, Ask):
            continue
        kind = step.type.kind if step.type.item is None else step.type.item.kind
        if not kind:
            continue  # that it cannot be understood is a problem already
        if kind in readers.KINDS or (kind in registered and step.type.item is None):
            continue
        if kind in registered:
            message = f"'{kind}' is a registered type, and lists of those cannot be read. Collect it with repeat:"
        else:
            hint = did_you_mean(kind, (*readers.KINDS, *registered))
            message = f"there is no type '{kind}'.{hint} A type of your own must be registered."
        yield Problem(step.at, "unknown-type", message)


def past_reminders(flows: Mapping[str, Flow], today: date) -> Iterator[Problem]:
    """Reminders at a fixed day that is over in every time zone. A bot that runs goes on with them: a warning."""
    for flow in flows.values():
        for step in walk_steps(flow.steps):
            moment = step.due.moment if isinstance(step, Remind) else None
            if isinstance(step, Remind) and moment is not None:
                due = due_moment(step.due, None, datetime.combine(today, time(), UTC), "UTC")
                if due is None or due < datetime.combine(today, time(), UTC) - timedelta(days=1):
                    message = f"'{moment.text}' has passed. Move it, or take the step out."
                    yield Problem(moment.at, "reminder-past", message, "warning")


def check_folder(folder: FlowFolder) -> list[Problem]:
    """What is wrong between flows: one slot with two types, an intent claimed twice, a flow that runs itself."""
    return [
        *_slot_types(folder.flows),
        *_intents(folder.flows),
        *_run_circles(folder.flows),
        *(problem for transcript in folder.transcripts for problem in _transcript(transcript, folder)),
    ]


def _slot_types(flows: Mapping[str, Flow]) -> Iterator[Problem]:
    for flow in flows.values():
        mine = own_slots(flow)
        for run in flows_run_by(flow):
            other = own_slots(flows[run.text]) if run.text in flows else {}
            for slot in sorted(mine.keys() & other.keys()):
                kinds = {mine[slot].kind, other[slot].kind}
                if len(kinds) > 1 and "" not in kinds:
                    yield Problem(
                        run.at,
                        "slot-type-differs",
                        f"slot '{slot}' is a {mine[slot].kind} here and a {other[slot].kind} in flow '{run.text}', "
                        "whose answers come back to this flow. Rename one of them.",
                    )


def _intents(flows: Mapping[str, Flow]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for flow in flows.values():
        if flow.start is None:
            continue
        owner = owners.setdefault(flow.start.intent, flow.name)
        if owner != flow.name:
            yield Problem(
                flow.at, "intent-taken", f"intent '{flow.start.intent}' already starts flow '{owner}'. Choose another."
            )


def _run_circles(flows: Mapping[str, Flow]) -> Iterator[Problem]:
    for flow in flows.values():
        for run in flows_run_by(flow):
            if run.text in flows and _reaches(run.text, flow.name, flows):
                yield Problem(
                    run.at, "endless-run", f"flow '{flow.name}' runs '{run.text}', which runs '{flow.name}' again."
                )


def _reaches(start: str, goal: str, flows: Mapping[str, Flow]) -> bool:
    seen: set[str] = set()
    open_ends = [start]
    while open_ends:
        name = open_ends.pop()
        if name == goal:
            return True
        if name not in seen and name in flows:
            seen.add(name)
            open_ends.extend(run.text for run in flows_run_by(flows[name]))
    return False


def _transcript(transcript: Transcript, folder: FlowFolder) -> Iterator[Problem]:
    named = [transcript.flow, *(turn.start for turn in transcript.turns)]
    for written in named:
        if written is not None and written.text not in folder.flows:
            hint = did_you_mean(written.text, folder.flows)
            yield Problem(written.at, "unknown-flow", f"there is no flow called '{written.text}'.{hint}")


def check_bot(folder: FlowFolder) -> list[Problem]:
    """What is wrong with the bot file as seen from the folder."""
    bot = folder.bot
    if bot.risk is not None and bot.risk.text not in folder.risks:
        hint = did_you_mean(bot.risk.text, folder.risks)
        return [Problem(bot.risk.at, "unknown-risk-policy", f"there is no risk policy called '{bot.risk.text}'.{hint}")]
    if bot.risk is None and len(folder.risks) > 1:
        names = ", ".join(sorted(folder.risks))
        at = bot.at or min(policy.at for policy in folder.risks.values())
        return [Problem(at, "risk-policy-unclear", f"there are several risk policies ({names}). Name one: risk: …")]
    return []


def actions_of(flow: Flow) -> Iterator[tuple[str, Problem]]:
    """Every Python action that a flow names, with the problem it is where nothing of that name is registered."""
    for step in walk_steps(flow.steps):
        named = [step.action, step.undo] if isinstance(step, Do) else []
        if isinstance(step, Ask):
            named = [check.call for check in step.checks]
        for written in named:
            if written is not None:
                message = f"no action called '{written.text}' is registered."
                yield written.text, Problem(written.at, "unknown-action", message)
