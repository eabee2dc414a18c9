"""What the engine hands over by itself, while nobody waits for a reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fsm_engine.model.turn import Message, Notice


@dataclass(frozen=True, slots=True)
class Delivery:
    """Messages for a conversation (``messages``), or somebody to be told of a risk (``notify``).

    The same one may come again, when nobody knows whether it arrived: ``id`` is then the same, and ``attempt``, counted
    from 1, is higher.
    """

    id: str
    kind: Literal["messages", "notify"]
    conversation_id: str
    session_id: str
    turn: int
    attempt: int
    messages: tuple[Message, ...] = ()
    notice: Notice | None = None

    @property
    def text(self) -> str:
        """All messages as one text, a line each."""
        return "\n".join(message.text for message in self.messages)
