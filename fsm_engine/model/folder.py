"""Everything that a folder of flow files holds, read and checked for shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fsm_engine.model.flow import Bot, Flow, RiskPolicy
from fsm_engine.model.transcript import Transcript


@dataclass(frozen=True, slots=True)
class FlowFolder:
    """``sources`` maps the content hash of each flow file to its text, for sessions that stay on it."""

    flows: Mapping[str, Flow]
    bot: Bot = field(default_factory=Bot)
    risks: Mapping[str, RiskPolicy] = field(default_factory=dict)
    transcripts: tuple[Transcript, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
