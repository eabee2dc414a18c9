"""One call of the bot, checked and made canonical before anything else happens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from hashlib import blake2b
from os import urandom
from typing import Any

import orjson

from fsm_engine.errors import InvalidArgument
from fsm_engine.model.codec import NESTED_AT_MOST, is_too_deep
from fsm_engine.model.slot import Json
from fsm_engine.model.turn import TurnKind
from fsm_engine.model.values import turn_value
from fsm_engine.understanding.text import canonical_id, canonical_text

MAX_METADATA_BYTES = 64 * 1024


@turn_value
class Request:
    """What the bot asked for, by `Engine.turn` or `Engine.start`. ``text`` is canonical; see `understanding.text`."""

    conversation_id: str
    kind: TurnKind
    text: str = ""
    is_too_long: bool = False
    request_id: str | None = None
    user_id: str | None = None
    locale: str | None = None
    intent: str | None = None
    entities: Mapping[str, Json] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    flow: str | None = None
    slots: Mapping[str, Json] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str | None:
        """Tells a second delivery from another message under the same id; None without an id."""
        if self.request_id is None:
            return None
        content = orjson.dumps(
            [self.kind, self.text, self.intent, self.entities, self.flow, self.slots], option=orjson.OPT_SORT_KEYS
        )
        return blake2b(content, digest_size=16).hexdigest()


def text_request(
    conversation_id: str,
    text: str,
    *,
    message_limit: int,
    request_id: str | None,
    user_id: str | None,
    locale: str | None,
    intent: str | None,
    entities: Mapping[str, Json] | None,
    metadata: Mapping[str, Any] | None,
) -> Request:
    """The request of `Engine.turn`.

    Raises:
        InvalidArgument: an id, entity or metadata that cannot be stored; never because of what the text says.
    """
    if not isinstance(text, str):
        raise InvalidArgument(f"turn: text is a {type(text).__name__}. Pass a str.")
    canonical = canonical_text(text, limit=message_limit)
    return Request(
        conversation_id=canonical_id(conversation_id, what="conversation_id"),
        kind=TurnKind.TEXT,
        text=canonical.text,
        is_too_long=canonical.is_too_long,
        request_id=_optional_id(request_id, "request_id"),
        user_id=_optional_id(user_id, "user_id"),
        locale=_optional_id(locale or None, "locale"),
        intent=_optional_id(intent, "intent"),
        entities=plain_json(entities, "entities"),
        metadata=plain_json(metadata, "metadata"),
    )


def start_request(
    conversation_id: str,
    flow: str,
    *,
    slots: Mapping[str, Json] | None,
    request_id: str | None,
    user_id: str | None,
    locale: str | None,
) -> Request:
    """The request of `Engine.start`; raises as `text_request` does."""
    return Request(
        conversation_id=canonical_id(conversation_id, what="conversation_id"),
        kind=TurnKind.START,
        request_id=_optional_id(request_id, "request_id"),
        user_id=_optional_id(user_id, "user_id"),
        locale=_optional_id(locale or None, "locale"),
        flow=flow,
        slots=plain_json(slots, "slots"),
    )


def language_and_region(locale: str | None, languages: Sequence[str]) -> tuple[str | None, str | None]:
    """Which of a bot's languages a locale such as ``es``, ``en-GB`` or ``pt_BR.UTF-8`` asks for, and its country."""
    if not locale:
        return None, None
    first, *others = re.split("[-_.@]", locale)
    region = next((part.upper() for part in others if re.fullmatch("[A-Za-z]{2}", part)), None)
    wanted = (f"{first.lower()}-{region}", first.lower())
    language = next((one for one in wanted if one in languages), None)
    akin = (one for one in languages if one.partition("-")[0] == first.lower())
    return language or next(akin, None), region


def _optional_id(value: object, what: str) -> str | None:
    return None if value is None else canonical_id(value, what=what)


def plain_json(value: Mapping[str, Any] | None, what: str) -> dict[str, Any]:
    """The mapping as it will be stored.

    Raises:
        InvalidArgument: it is not JSON (NaN becomes null, as JSON has none), nested too deeply, or too large.
    """
    if value is not None and not isinstance(value, Mapping):
        raise InvalidArgument(f"turn: {what} is a {type(value).__name__}. Pass a dict.")
    if not value:
        return {}
    try:
        data = orjson.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(
            f"turn: {what} cannot be stored as JSON ({error}). Pass plain dicts and lists."
        ) from error
    if is_too_deep(data):
        raise InvalidArgument(f"turn: {what} is nested more than {NESTED_AT_MOST} levels deep. Flatten it.")
    if len(data) > MAX_METADATA_BYTES:
        raise InvalidArgument(f"turn: {what} has {len(data)} bytes of JSON; {MAX_METADATA_BYTES} are allowed.")
    plain: dict[str, Any] = orjson.loads(data)
    if b"\\u0000" in data and _holds_nul(plain):
        raise InvalidArgument(f"turn: {what} holds a NUL character. Take it out.")
    return plain


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any("\0" in key or _holds_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(_holds_nul(item) for item in value)
    return isinstance(value, str) and "\0" in value


def in_utc(clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """The same clock, telling UTC: half an hour after 01:45 local time is not always 02:15."""
    return lambda: clock().astimezone(UTC)


def rising_id(now: datetime) -> str:
    """A new id that carries nothing but its time of birth (UUID version 7): ids that rise keep indexes dense."""
    milliseconds = int(now.timestamp() * 1000) & 0xFFFF_FFFF_FFFF
    chance = int.from_bytes(urandom(10), "big")
    value = milliseconds << 80 | chance
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
