"""Generated conversations: Hypothesis strategies for what people type, and a helper that has it answered.

>>> from hypothesis import find
>>> find(messages(), lambda text: text.startswith("actually"))
'actually my email is ali@example.com'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from fsm_engine.model.flow import ANYTIME_WORDS

if TYPE_CHECKING:
    from fsm_engine.engine.engine import Engine
    from fsm_engine.model.turn import Reply

ORDINARY: Final = (
    "yes",
    "no",
    "yeah sure",
    "not really",
    "👍",
    "I want to open an account",
    "make a plan",
    "Ahmed Ali",
    "my name is Ana Lopez",
    "ahmed@example.com",
    "415 555 2671",
    "checking",
    "savings please",
    "$50",
    "twenty dollars",
    "7",
    "about four",
    "tomorrow",
    "next Friday",
    "drawing and football",
    "my aunt",
    "message",
    "I'm Ahmed Ali, ahmed@example.com",
    "¿quién puede ver esto?",
)
CORRECTIONS: Final = (
    "actually my email is ali@example.com",
    "change my name",
    "my phone is 415 555 2672",
    "I meant savings",
    "no, my name is Sam Stone",
    "change it",
)
OTHER_ANYTIME: Final = ("what did you ask?", "what have I said?", "go back", "start over", "stop", "atrás", "ayuda")
HOSTILE: Final = (
    "",
    " ",
    "\n\n",
    "\x00",
    "\ud800",
    "\u202etxet desrever\u202c",
    "y\u200be\u200bs",
    "a" + "\u0301" * 500,
    "' OR 1=1; DROP TABLE sessions; --",
    "{name} {0} {{ {session.id} {count(people)}",
    "{% for x in y %}${jndi:ldap://x}%s%n",
    "<script>alert(1)</script>",
    "\x1b[2J\x1b[31mred",
    "__class__.__mro__",
    "../../etc/passwd",
    "1e309",
    "-0",
    "٣",
    "99999999999999999999999999",
    "NaN",
    '"cancel"',
    "cancel cancel cancel",
    "x" * 1_001,
    "x " * 15_000,
)


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
