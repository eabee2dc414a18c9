"""An export as Markdown. What people wrote is shown as they wrote it, and never read as markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fsm_engine.engine.exports.collect import Exported

VOICES = {"user": "User", "assistant": "Bot", "system": "Note"}
_MARKUP = re.compile(r"([\\`*_\[\]<>&|~$])")
_AT_LINE_START = re.compile(r"^(\s*\d*)([#+=.)-])")


def as_markdown(exported: Exported) -> str:
    """The conversations one after the other: what was said, then the answers that were understood."""
    return "\n".join(_lines(exported)) + "\n"


def heading(conversation: Mapping[str, Any]) -> str:
    """What a conversation is called where it has no title."""
    return str(conversation["title"] or f"Conversation {conversation['id']}")


def _lines(exported: Exported) -> Iterator[str]:
    if exported.user_id is not None:
        yield f"# Conversations of user {_escaped(exported.user_id)}"
        yield ""
    for conversation in exported.conversations:
        yield from _conversation(conversation)
    yield f"Exported {exported.exported_at}."


def _conversation(conversation: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {_escaped(heading(conversation))}"
    yield ""
    yield f"- conversation: {_escaped(conversation['id'])}"
    yield f"- status: {conversation['status']}"
    yield f"- from {conversation['created_at']} to {conversation['last_message_at'] or conversation['updated_at']}"
    yield ""
    for message in conversation["messages"]:
        yield f"**{VOICES[message['role']]}**, {message['created_at'][:19].replace('T', ' ')}"
        yield ""
        for line in message["content"].splitlines() or [""]:
            yield f"> {_escaped(line)}  "
        yield ""
    for session in conversation["sessions"]:
        yield from _answers(session)


def _answers(session: Mapping[str, Any]) -> Iterator[str]:
    if not session["answers"]:
        return
    yield f"### Answers, {session['created_at'][:10]} ({session['status']})"
    yield ""
    yield "| flow | question | answer |"
    yield "|---|---|---|"
    for answer in session["answers"]:
        cells = (answer["flow"], answer["step"], shown(answer["response"]))
        yield f"| {' | '.join(_escaped(' '.join(cell.split())) for cell in cells)} |"
    yield ""


def shown(value: Any) -> str:
    """A slot's value for people.

    >>> shown(["a", 2, True, None, {"unit": "kg", "amount": 3}])
    'a, 2, yes, -, unit: kg, amount: 3'
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shown(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def _escaped(text: str) -> str:
    return _AT_LINE_START.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", text))
