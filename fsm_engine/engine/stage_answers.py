"""What the functions of stages return: checked and made canonical, or refused as nonsense."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fsm_engine.engine.opening import NewId, Opening, open_anew
from fsm_engine.engine.requests import plain_json
from fsm_engine.model.flow import Bot
from fsm_engine.model.slot import Json
from fsm_engine.model.turn import Message
from fsm_engine.understanding.text import canonical_text

LONGEST_TEXT: Final = 10_000
MESSAGES_AT_MOST: Final = 50
OPTIONS_AT_MOST: Final = 50
_SESSION_KEYS = frozenset({"language", "timezone", "region", "new"})


class Nonsense(ValueError):
    """A stage returned what nobody can use. Never holds what it was."""


def words(answer: Any) -> str | None:
    """Something to say, or None. Raises `Nonsense`."""
    return None if answer is None else _text(answer)


def entities(answer: Any) -> dict[str, Json] | None:
    """Values by slot, or None. Raises `Nonsense`, and `InvalidArgument` for what is no JSON."""
    if answer is None:
        return None
    if not isinstance(answer, Mapping) or not all(isinstance(name, str) for name in answer):
        raise Nonsense("entities are a dict of slot names and values")
    return plain_json(answer, "what a stage returned")


def messages(answer: Any) -> tuple[Message, ...] | None:
    """What is said instead, at least one message, or None. Raises `Nonsense`."""
    if answer is None:
        return None
    if isinstance(answer, (str, Message)):
        answer = [answer]
    if not isinstance(answer, Iterable):
        raise Nonsense("messages are a text, a Message, or a list of these")
    found = tuple(_message(item) for item in islice(answer, MESSAGES_AT_MOST + 1))
    if not 0 < len(found) <= MESSAGES_AT_MOST:
        raise Nonsense(f"a reply has 1 to {MESSAGES_AT_MOST} messages")
    return found


def session(answer: Any, opening: Opening, bot: Bot, new_id: NewId) -> Opening:
    """The opening as the stage wants it. Raises `Nonsense`."""
    if answer is None:
        return opening
    if not isinstance(answer, Mapping) or not answer.keys() <= _SESSION_KEYS:
        raise Nonsense("a session is told by language, timezone, region and new")
    if answer.get("new") not in (None, True, False):
        raise Nonsense("new is True or False")
    if answer.get("new"):
        opening = open_anew(opening, new_id)
    return opening._replace(
        language=_one_of(answer.get("language"), bot.languages) or opening.language,
        timezone=_timezone(answer.get("timezone")) or opening.timezone,
        region=_region(answer.get("region")) or opening.region,
    )


def _one_of(value: Any, known: Sequence[str]) -> str | None:
    if value is None:
        return None
    if value in known:
        return str(value)
    raise Nonsense("a language is one of the bot's")


def _timezone(value: Any) -> str | None:
    if value is None:
        return None
    try:
        ZoneInfo(_text(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Nonsense("a time zone is a name such as Europe/London") from error
    return str(value)


def _region(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and len(value) == 2 and value.isascii() and value.isupper()):
        return value
    raise Nonsense("a region is a country's code of two capital letters")


def _message(item: Any) -> Message:
    if isinstance(item, str):
        return Message(_text(item))
    if not isinstance(item, Message):
        raise Nonsense("a message is a text or a Message")
    return Message(_text(item.text), _texts(item.options), _texts(item.media))


def _texts(given: Any) -> tuple[str, ...]:
    if not isinstance(given, (tuple, list)) or len(given) > OPTIONS_AT_MOST:
        raise Nonsense("options and media are tuples of texts")
    return tuple(map(_text, given))


def _text(given: Any) -> str:
    if not isinstance(given, str) or not given.strip() or len(given) > LONGEST_TEXT:
        raise Nonsense(f"a text has 1 to {LONGEST_TEXT} characters")
    return canonical_text(given, limit=LONGEST_TEXT).text
