"""The risk stage: every user message is read by every detector before anything else happens to it.

A detector that fails or is late counts as *not cleared*: that is a finding of its own, at the level that the policy
names. Nothing a detector does can stop the turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fsm_engine.actions import call_function
from fsm_engine.core.nearest import did_you_mean
from fsm_engine.engine.stages import must_take
from fsm_engine.errors import FlowError, HookError
from fsm_engine.model.flow import LEVELS, HookDetector, Level, PhraseDetector, RiskPolicy
from fsm_engine.model.problem import Problem
from fsm_engine.model.session import MOODS_KEPT, Mood
from fsm_engine.model.turn import RiskFinding
from fsm_engine.understanding.risk_phrases import LEXICON_VERSION, Heard, RiskDetector, build_detector, gravest_mood
from fsm_engine.understanding.text import canonical_text

log = logging.getLogger("fsm_engine.risk")

RiskHook = Callable[[str], Any]
"""Takes the user's text; returns None (nothing found), a level, a RiskFinding, or several of these."""

MAX_FINDINGS_PER_DETECTOR = 50
MAX_PHRASE = 500
NOT_CLEARED = "not_cleared"


@dataclass(frozen=True, slots=True)
class _Hook:
    name: str
    function: RiskHook
    time_limit_s: float
    if_unavailable: Level


class RiskStage:
    """All detectors of one policy. Phrase detectors are asked in place, hooks side by side."""

    def __init__(self, phrases: Sequence[RiskDetector], hooks: Sequence[_Hook]) -> None:
        self._phrases = tuple(phrases)
        self._hooks = tuple(hooks)

    @property
    def asks_outside(self) -> bool:
        """Whether a message is also shown to registered hooks."""
        return bool(self._hooks)

    async def assess(self, text: str, language: str, moods: Sequence[Mood] = ()) -> Heard:
        """What all detectors found. Never raises. ``moods`` are those of the user's messages before, oldest first."""
        heard = self.by_phrases(text, language, moods)
        if not self._hooks:
            return heard
        found = await asyncio.gather(*(_ask(hook, text) for hook in self._hooks))
        findings = (*heard.findings, *(finding for some in found for finding in some))
        return Heard(findings, gravest_mood(findings, heard.mood))

    def by_phrases(self, text: str, language: str, moods: Sequence[Mood] = ()) -> Heard:
        """What the phrase detectors found; no hook is asked. Never raises."""
        first, *others = (_by_phrases(detector, text, language, moods) for detector in self._phrases)
        if not others:
            return first
        findings = tuple(finding for heard in (first, *others) for finding in heard.findings)
        return Heard(findings, gravest_mood(findings, first.mood))


def not_read_whole(heard: Heard) -> Heard:
    """The same of a message so long that its middle was dropped: what nobody has read is not cleared."""
    findings = (*heard.findings, RiskFinding("medium", NOT_CLEARED, "", "length"))
    return Heard(findings, gravest_mood(findings, heard.mood))


class PhrasesOf:
    """The phrase detectors of a policy as one detector, to be measured by itself.

    Raises:
        FlowError: the policy names a lexicon that does not exist.
    """

    def __init__(self, policy: RiskPolicy) -> None:
        phrases = tuple(detector for detector in policy.detectors if isinstance(detector, PhraseDetector))
        self._stage = build_risk_stage(replace(policy, detectors=phrases), {})

    def detect(self, text: str, *, language: str = "en", earlier: Sequence[str] = ()) -> tuple[RiskFinding, ...]:
        """What the stage finds in a message after those before it."""
        moods: list[Mood] = []
        for message in earlier:
            moods.append(self._stage.by_phrases(message, language, moods[-MOODS_KEPT:]).mood)
        return self._stage.by_phrases(text, language, moods[-MOODS_KEPT:]).findings


def _by_phrases(detector: RiskDetector, text: str, language: str, moods: Sequence[Mood]) -> Heard:
    try:
        return detector.listen(text, language=language, moods=moods)
    except Exception as error:
        log.exception("the phrase detector failed with %s; the message counts as not cleared", type(error).__name__)
        return Heard((RiskFinding("medium", NOT_CLEARED, "", "phrases"),), "distress")


async def _ask(hook: _Hook, text: str) -> Sequence[RiskFinding]:
    try:
        async with asyncio.timeout(hook.time_limit_s):
            answer = await call_function(hook.function, text)
        return _findings(hook.name, answer, text)
    except TimeoutError:
        log.warning(
            "risk hook '%s' took longer than %s s; the message counts as not cleared", hook.name, hook.time_limit_s
        )
    except Exception as error:  # noqa: BLE001 - whatever a hook raises must not cost a turn
        log.error("risk hook '%s' failed with %s; the message counts as not cleared", hook.name, type(error).__name__)
    return (RiskFinding(hook.if_unavailable, NOT_CLEARED, "", hook.name),)


def _findings(name: str, answer: Any, message: str) -> list[RiskFinding]:
    if answer is None:
        return []
    if isinstance(answer, (str, RiskFinding)):
        answer = [answer]
    if not isinstance(answer, Iterable):
        raise HookError(f"risk hook '{name}' returned a {type(answer).__name__}. Return None, a level or RiskFindings.")
    found = []
    for item in answer:
        finding = RiskFinding(item, "unspecified", "", name) if isinstance(item, str) else item  # type: ignore[arg-type]
        if not isinstance(finding, RiskFinding) or finding.level not in LEVELS:
            raise HookError(f"risk hook '{name}' returned something that is no level of {', '.join(LEVELS)}.")
        found.append(_storable(name, finding, message))
        if len(found) > MAX_FINDINGS_PER_DETECTOR:
            raise HookError(f"risk hook '{name}' returned too much: at most {MAX_FINDINGS_PER_DETECTOR} findings.")
    return found


def _storable(name: str, finding: RiskFinding, message: str) -> RiskFinding:
    """The finding as it can be stored, so that what a hook writes into it cannot cost the turn that it warns of."""
    texts = (finding.category, finding.phrase, finding.detector, finding.detector_version, finding.read_as)
    if any(not isinstance(text, str) or len(text) > MAX_PHRASE for text in texts):
        raise HookError(f"risk hook '{name}': the parts of a finding are texts of at most {MAX_PHRASE} characters.")
    category, phrase, detector, version, read_as = (canonical_text(text, limit=MAX_PHRASE).text for text in texts)
    start, end = _span(name, finding, message)
    return RiskFinding(finding.level, category, phrase, detector, version, start, end, read_as)


def _span(name: str, finding: RiskFinding, message: str) -> tuple[int, int] | tuple[None, None]:
    """Where the words stand, if that is told and can be: the finding counts without it all the same."""
    start, end = finding.start, finding.end
    if start is None and end is None:
        return None, None
    if type(start) is int and type(end) is int and 0 <= start < end <= len(message):
        return start, end
    log.warning(
        "risk hook '%s': the span of a finding must be two whole numbers with 0 <= start < end <= the length of the "
        "message. The finding is kept without it.",
        name,
    )
    return None, None


def build_risk_stage(policy: RiskPolicy, hooks: Mapping[str, RiskHook]) -> RiskStage:
    """The stage of a policy. Hooks that are registered but that it does not name are asked as well.

    Raises:
        FlowError: the policy names a hook that is not registered, or a lexicon that does not exist.
    """
    phrases: list[RiskDetector] = []
    asked: dict[str, _Hook] = {}
    problems: list[Problem] = []
    for detector in policy.detectors:
        if isinstance(detector, PhraseDetector):
            phrases += _phrase_detector(detector, policy, problems)
            continue
        name = detector.hook.text
        if name in hooks:
            asked[name] = _Hook(name, hooks[name], detector.time_limit_s, detector.if_unavailable)
        else:
            problems.append(_unknown_hook(detector, hooks))
    if problems:
        raise FlowError(problems)
    for name, function in hooks.items():
        asked.setdefault(name, _Hook(name, function, time_limit_s=0.8, if_unavailable="medium"))
    if not phrases:
        phrases.append(build_detector())
    return RiskStage(phrases, tuple(asked.values()))


def _unknown_hook(detector: HookDetector, hooks: Mapping[str, RiskHook]) -> Problem:
    name = detector.hook.text
    return Problem(
        detector.hook.at, "unknown-hook", f"no risk hook called '{name}' is registered.{did_you_mean(name, hooks)}"
    )


def _phrase_detector(detector: PhraseDetector, policy: RiskPolicy, problems: list[Problem]) -> list[RiskDetector]:
    add = {category: [written.text for written in group] for category, group in detector.add.items()}
    try:
        return [build_detector(detector.lexicon, add, version=f"{policy.version}+{LEXICON_VERSION}")]
    except ValueError as error:
        problems.append(Problem(policy.at, "unknown-lexicon", str(error)))
        return []


def named_hooks(hooks: Sequence[RiskHook] | Mapping[str, RiskHook]) -> dict[str, RiskHook]:
    """Hooks by name, a function by its own.

    Raises:
        HookError: one has no name, or cannot be called with a text.
    """
    named = dict(hooks) if isinstance(hooks, Mapping) else {_name_of(hook): hook for hook in hooks}
    for name, hook in named.items():
        must_take(hook, f"risk hook '{name}'", 1, "def my_hook(text): ...")
    return named


def _name_of(hook: RiskHook) -> str:
    name = getattr(hook, "__name__", None)
    if not callable(hook) or name is None:
        raise HookError(f"risk hook {type(hook).__name__}: pass functions, or a mapping of names to functions.")
    return str(name)
