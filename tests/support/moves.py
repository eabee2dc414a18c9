"""Conversations with the pure core that begin on one version of their flows and go on on another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fsm_engine.core.flows import Flows
from fsm_engine.core.migrating import moves_of, targets_of
from tests.support.flow_texts import flows_of
from tests.support.talk import Talk


class MovingTalk(Talk):
    """Each message moves the session, where the flows that are in force declare how."""

    def say(self, text: str, **parts: Any) -> list[str]:
        return super().say(text, moves_to=targets_of(self.flows, self.state), **parts)

    def go_on_with(self, flows: Flows) -> None:
        """What `FlowSource` does after a reload: newer flows, and the old sources among them."""
        for old in (*self.flows.compiled.values(), *self.flows.pinned.values()):
            flows.pinned.setdefault(old.flow.source_hash, old)
        self.flows = flows

    def reasons(self) -> list[str]:
        """Why frames stay on their version."""
        return [move for move in moves_of(self.flows, self.state) if isinstance(move, str)]

    @property
    def version(self) -> int:
        """Of the innermost frame."""
        return self.state.frames[-1].version


def talk_with(folder: Path, first: str | tuple[str, ...], *texts: str, flow: str = "f", **answers: Any) -> MovingTalk:
    """A conversation in which these texts were said, on the first version."""
    files = (first,) if isinstance(first, str) else first
    talk = MovingTalk(flows_of(folder / "1", *files), answers=answers.pop("answers", {}))
    talk.start(flow, **answers)
    for text in texts:
        talk.say(text)
    return talk


def moved_to(talk: MovingTalk, folder: Path, newer: str | tuple[str, ...], number: int = 2) -> MovingTalk:
    """The same conversation, with newer files from now on."""
    files = (newer,) if isinstance(newer, str) else newer
    talk.go_on_with(flows_of(folder / str(number), *files))
    return talk
