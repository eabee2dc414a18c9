"""All flows of a bot, compiled: what `advance` works with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from fsm_engine.core.compile import CompiledFlow
from fsm_engine.core.texts import CompiledSpeech, CompiledText, Template, compile_template
from fsm_engine.errors import NotFound
from fsm_engine.model.flow import Bot, LevelPolicy, Resource, RiskPolicy
from fsm_engine.model.folder import FlowFolder
from fsm_engine.model.session import Frame
from fsm_engine.model.slot import SlotType
from fsm_engine.understanding.intents import Classifier
from fsm_engine.understanding.sayings import SAYINGS
from fsm_engine.understanding.spoken_language import language_teller

_PLACEHOLDER = re.compile(r"\{(\w+)")


@dataclass(frozen=True, slots=True)
class CompiledDigression:
    """Something users may ask at any time; ``name`` is the intent's, ``asked_by`` a phrase for each language."""

    name: str
    speech: CompiledSpeech | None
    run: str | None
    asked_by: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CompiledRisk:
    """The risk policy in force, with its texts compiled."""

    policy: RiskPolicy
    says: Mapping[str, CompiledText]

    def level(self, level: str) -> LevelPolicy:
        return self.policy.levels.get(level) or LevelPolicy()

    def resources_for(self, region: str | None) -> tuple[Resource, ...]:
        """Help in the user's country; where that is unknown or has no entry, in the first country that is listed."""
        listed = self.policy.resources
        return listed.get(region or "") or next(iter(listed.values()), ())


class Flows:
    """Compiled flows with the bot file, the risk policy and the intents. Shared by all sessions and never changed,
    but for ``pinned``: older versions that running sessions still need, by the hash of their source.

    ``bot`` is the bot file, with its ``languages``. ``language_of`` tells which of them a first message is in, or None.
    ``migrating`` are the flows that declare how sessions come to them from an older version.
    """

    def __init__(
        self,
        folder: FlowFolder,
        compiled: Mapping[str, CompiledFlow],
        *,
        classifier: Classifier,
        digressions: Mapping[str, CompiledDigression],
        bot_texts: Mapping[str, CompiledText],
        risk: CompiledRisk,
        nudge: CompiledText | None = None,
    ) -> None:
        self.folder = folder
        self.bot: Bot = folder.bot
        self.languages = self.bot.languages
        self.first_language = self.languages[0]
        self._idle = timedelta(seconds=self.bot.expires_s)
        self._languages_from = {one: tuple(dict.fromkeys((one, *self.languages))) for one in self.languages}
        self.compiled = compiled
        self.classifier = classifier
        self.digressions = digressions
        self.risk = risk
        self.nudge = nudge
        self.pinned: dict[str, CompiledFlow] = {}
        self.migrating = frozenset(name for name, flow in compiled.items() if flow.flow.migrate)
        self.flow_of_intent = {
            flow.flow.start.intent: name for name, flow in compiled.items() if flow.flow.start is not None
        }
        self.language_of = language_teller(_phrases_by_language(folder))
        self._sayings: dict[str, CompiledText] = dict(bot_texts)

    def languages_from(self, language: str) -> tuple[str, ...]:
        """The user's language, and then the bot's other ones."""
        return self._languages_from.get(language) or (language, *self.languages)

    def flow(self, name: str) -> CompiledFlow:
        """The newest version of a flow.

        Raises:
            NotFound: the folder has no such flow.
        """
        found = self.compiled.get(name)
        if found is None:
            raise NotFound(f"there is no flow called '{name}'. Known: {', '.join(sorted(self.compiled)) or 'none'}.")
        return found

    def version(self, name: str, source_hash: str) -> CompiledFlow:
        """One version of a flow.

        Raises:
            NotFound: it is neither the newest nor among the pinned ones.
        """
        newest = self.compiled.get(name)
        found = newest if newest is not None and newest.flow.source_hash == source_hash else None
        found = found or self.pinned.get(source_hash)
        if found is None:
            raise NotFound(
                f"flow '{name}' (source {source_hash[:12]}) is neither in the flow files nor among the stored versions."
                " Restore the file."
            )
        return found

    def current_for(self, frame: Frame) -> CompiledFlow | None:
        """The flow a frame can go on with: its own source, or a newer one that changed wording only.

        None: the frame needs its pinned source.
        """
        current = self.compiled.get(frame.flow)
        if current is not None and current.flow.source_hash == frame.source_hash:
            return current
        if current is not None and current.flow.version == frame.version and _can_hold(current, frame):
            return current
        return self.pinned.get(frame.source_hash)

    def for_frame(self, frame: Frame) -> CompiledFlow:
        """The compiled flow of a frame.

        Raises:
            NotFound: neither the current files nor the pinned sources have it.
        """
        found = self.current_for(frame)
        if found is None:
            raise NotFound(
                f"flow '{frame.flow}' version {frame.version} (source {frame.source_hash[:12]}) is neither in the flow "
                "files nor among the stored versions. Restore the file, or end the session."
            )
        return found

    def idle(self, frames: Sequence[Frame]) -> timedelta:
        """After how long without a message a session that stands there expires."""
        for frame in reversed(frames):
            found = self.current_for(frame)
            if found is not None and found.idle is not None:
                return found.idle
        return self._idle

    def knows_saying(self, name: str) -> bool:
        """Whether there is such a saying, the engine's or the bot file's."""
        return name in self._sayings or name in SAYINGS

    def saying(self, name: str) -> CompiledText:
        """What the engine itself says; compiled when first needed."""
        found = self._sayings.get(name)
        if found is None:
            found = self._sayings[name] = compile_saying(name)
        return found


def _phrases_by_language(folder: FlowFolder) -> dict[str, list[str]]:
    """What users may ask for, by the bot's languages; phrases without a language tell nothing."""
    starts = [flow.start.phrases for flow in folder.flows.values() if flow.start is not None]
    groups = [*starts, *(digression.phrases for digression in folder.bot.digressions)]
    return {
        language: [written.text for group in groups for written in group.get(language, ())]
        for language in folder.bot.languages
    }


def _can_hold(flow: CompiledFlow, frame: Frame) -> bool:
    """Whether every place that a frame knows of is there; an author may have changed more than the wording."""
    node = flow.nodes[flow.index_of[frame.step]] if frame.step in flow.index_of else None
    is_at_rest = node.waits if node is not None else frame.step.startswith("(")
    known = {*frame.trail, *frame.skipped, *frame.rounds, *filter(None, [frame.returning_to])}
    return is_at_rest and known <= flow.index_of.keys()


def saying_slots(name: str) -> dict[str, SlotType]:
    """The placeholders that one of the engine's sayings may use."""
    variations = SAYINGS[name].values()
    return {slot: SlotType("text") for group in variations for text in group for slot in _PLACEHOLDER.findall(text)}


def compile_saying(name: str) -> CompiledText:
    """One of the engine's own sayings, in all its languages."""
    slots = saying_slots(name)
    variations: dict[str, tuple[Template, ...]] = {
        language: tuple(compile_template(text, slots) for text in group) for language, group in SAYINGS[name].items()
    }
    return CompiledText(variations, frozenset(slots))
