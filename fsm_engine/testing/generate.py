"""Generated conversations: Hypothesis strategies for what people type, and a helper that has it answered.

>>> from hypothesis import find
>>> find(messages(), lambda text: text.startswith("actually"))
'actually my email is ali@example.com'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from fsm_engine.model.flow import ANYTIME_WORDS
from fsm_engine.testing.typed import CORRECTIONS, HOSTILE, ORDINARY, OTHER_ANYTIME

if TYPE_CHECKING:
    from fsm_engine.engine.engine import Engine
    from fsm_engine.model.turn import Reply


def messages() -> st.SearchStrategy[str]:
    """One message: an ordinary answer, an anytime word, a correction, nonsense or something hostile."""
    return st.one_of(
        st.sampled_from(ORDINARY),
        st.sampled_from((*ANYTIME_WORDS, *OTHER_ANYTIME)),
        st.sampled_from(CORRECTIONS),
        nonsense(),
        st.sampled_from(HOSTILE),
    )


def nonsense() -> st.SearchStrategy[str]:
    """Any characters at all, lone surrogates among them; mostly short."""
    any_character = st.characters(exclude_categories=())
    return st.text(any_character, max_size=60)


def conversations(*, first: Sequence[str] = (), longest: int = 12) -> st.SearchStrategy[list[str]]:
    """The messages of one conversation: ``first``, then 1 to ``longest`` of any kind."""
    return st.lists(messages(), min_size=1, max_size=longest).map(lambda texts: [*first, *texts])


async def converse(engine: Engine, conversation_id: str, texts: Iterable[str]) -> list[Reply]:
    """The replies to the texts, sent one after the other with the request ids ``1``, ``2``, …"""
    return [
        await engine.turn(conversation_id, text, request_id=str(number)) for number, text in enumerate(texts, start=1)
    ]
