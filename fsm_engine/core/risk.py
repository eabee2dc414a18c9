"""What follows when a message may tell of a risk: help first, then the flow goes on; nobody is blocked."""

from __future__ import annotations

from collections.abc import Sequence

from fsm_engine.core.answers import read_yes_no
from fsm_engine.core.draft import Draft
from fsm_engine.core.walk import resume
from fsm_engine.model.flow import LEVELS, Level, Resource
from fsm_engine.model.session import Pending, Status
from fsm_engine.model.turn import Message, Notice, RiskFinding
from fsm_engine.understanding.anytime import anytime_word

UNCLEAR_AT_MOST = 3
"""Unclear answers to "are you safe?" after which the flow goes on all the same."""


def highest(findings: Sequence[RiskFinding]) -> Level | None:
    """The gravest level among findings; None when there are none."""
    if not findings:  # nearly always
        return None
    return max((finding.level for finding in findings), key=LEVELS.index)


def respond_to_risk(draft: Draft) -> bool:
    """Says and does what the policy asks for at the level of this message; True when the message is used up by it."""
    level = highest(draft.turn.risk)
    if level is None:
        return False
    policy = draft.flows.risk.level(level)
    say_for_level(draft, level, draft.turn.risk)
    if policy.afterwards == "pause until safe":
        draft.pending = Pending("safe")
        draft.say("risk_check_in")
        return True
    if policy.afterwards == "handoff":
        draft.say("handoff")
        draft.end(Status.HANDED_OFF)
        return True
    is_paused = draft.pending is not None and draft.pending.kind == "safe"
    if policy.afterwards == "ask again" and (draft.frames or is_paused):
        ask_what_stands_open(draft)
        return True
    return False


def ask_what_stands_open(draft: Draft) -> None:
    """Whether the user is safe, if that was asked; else the flow's question. Others of the engine's own lapse."""
    if draft.pending is not None and draft.pending.kind == "safe":
        draft.say("risk_check_in")
        return
    draft.pending = None
    resume(draft)


def say_for_level(draft: Draft, level: Level, findings: Sequence[RiskFinding]) -> None:
    """The policy's words and resources: the words once per session and level, the resources at the policy's rate."""
    policy = draft.flows.risk.level(level)
    count = draft.risk_counts.get(level, 0)
    draft.risk_counts[level] = count + 1
    text = draft.flows.risk.says.get(level)
    if text is not None and count == 0:
        draft.speak_text(text, f"risk {level}", draft.number)
    if policy.resources and _may_show_again(draft, level):
        _show_resources(draft)
        draft.help_shown[level] = draft.number
    if policy.notify is not None:
        category = next(finding.category for finding in findings if finding.level == level)
        draft.notify.append(Notice(policy.notify, level, category))


def _may_show_again(draft: Draft, level: Level) -> bool:
    """Whether the same helplines would not nag: none were shown lately, or the risk is graver than it was then."""
    as_grave = LEVELS[LEVELS.index(level) :]
    last = max(draft.help_shown.get(one, 0) for one in as_grave)
    return last == 0 or draft.number - last > draft.flows.risk.policy.help_again_after


def _show_resources(draft: Draft) -> None:
    region = draft.turn.region or draft.flows.bot.region
    lines = [_line_of(draft, resource) for resource in draft.flows.risk.resources_for(region)]
    if lines:
        draft.messages.append(Message("\n".join([draft.saying("risk_resources_lead"), *lines])))
        draft.resources_shown = True


def _line_of(draft: Draft, resource: Resource) -> str:
    if not resource.hours:
        return draft.saying("risk_resource", name=resource.name, contact=resource.contact)
    return draft.saying("risk_resource_hours", name=resource.name, contact=resource.contact, hours=resource.hours)


def answer_are_you_safe(draft: Draft, text: str) -> bool:
    """A clear yes goes back to the flow, a no shows help again and keeps asking.

    Anything else is met with care, and asked no more than three times: nobody is held up for ever. False then, and
    when a person is asked for: the words are for the rules that follow.
    """
    assert draft.pending is not None
    word = anytime_word(text, draft.language)
    if word == "human":
        draft.pending = None
        return False
    decision = False if word == "help" else read_yes_no(draft, text)
    if decision:
        draft.pending = None
        draft.say("risk_thanks_safe")
        resume(draft)
        return True
    unclear = 0 if decision is False else len(draft.pending.candidates) + 1
    if unclear >= UNCLEAR_AT_MOST:
        draft.pending = None
        return False
    draft.pending = Pending("safe", ("unclear",) * unclear)
    draft.say("risk_stay")
    if decision is False:
        _show_resources(draft)
    return True


def respond_to_flags(draft: Draft, earlier: int) -> None:
    """Findings that steps added on the way (`flag:`) are answered as the policy says, without stopping the flow."""
    flagged = draft.findings[earlier:]
    level = highest(flagged)
    if level is not None:
        say_for_level(draft, level, flagged)
