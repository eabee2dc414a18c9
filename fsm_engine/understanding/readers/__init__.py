"""One module per slot type; each reads a value from free text and never raises on what a user typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Final

from fsm_engine.errors import InvalidArgument
from fsm_engine.model.slot import DoesNotFit, Reading, ReadingContext, SlotType
from fsm_engine.understanding.readers import reasons
from fsm_engine.understanding.readers.wording import has_picture, visible, without_pictures

Reader = Callable[[str, SlotType, ReadingContext], Reading]

_MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "text": "text",
        "person name": "person_name",
        "email": "email_address",
        "phone": "phone",
        "url": "url",
        "number": "number",
        "whole number": "whole_number",
        "percent": "percent",
        "money": "money",
        "date": "date",
        "time": "time_of_day",
        "date and time": "date_and_time",
        "duration": "duration",
        "yes or no": "yes_or_no",
        "one of": "one_of",
        "some of": "some_of",
        "list of": "list_of",
        "country": "country",
        "language": "language",
        "postcode": "postcode",
        "iban": "iban",
        "card number": "card_number",
    }
)
KINDS: Final[tuple[str, ...]] = tuple(_MODULES)
"""Every kind of the flow language, spelled as authors write it."""

_KEEPS_LINES: Final = frozenset({"text", "list of"})
_FREE_TEXT: Final = frozenset({"text", "person name"})
LENGTH_LIMIT: Final = 1000
"""Characters of a message that a kind other than ``text`` looks at; longer messages do not fit."""


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """What the words say as a value of that type. Never raises on any text, whatever stands in it.

    Raises:
        InvalidArgument: the type is of a kind that the flow language does not have.
    """
    reader = _reader(slot_type.kind)
    if slot_type.kind in _KEEPS_LINES:
        return reader(text, slot_type, context)
    if len(text) > LENGTH_LIMIT:
        return DoesNotFit(reasons.TOO_LONG)
    words = visible(text)
    if not words:
        return DoesNotFit(reasons.EMPTY)
    if not words.isascii() and slot_type.kind != "yes or no":
        words = _without_pictures(words, slot_type)
    return reader(words, slot_type, context)


def _without_pictures(words: str, slot_type: SlotType) -> str:
    """The answer without emoji around it, unless they may be the answer: an option is called by one."""
    bare = without_pictures(words)
    if bare == words:
        return words
    called = [word for option in slot_type.options for word in (option.value, *option.synonyms)]
    called += [word for option in slot_type.options for group in option.words.values() for word in group]
    return words if any(map(has_picture, called)) else bare


def is_free_text(slot_type: SlotType) -> bool:
    """True for kinds that take nearly any words, so that intents must be looked for first."""
    return slot_type.kind in _FREE_TEXT


@cache
def _reader(kind: str) -> Reader:
    """The reader of one kind; its module, and the libraries that it needs, are imported on first use."""
    module = _MODULES.get(kind)
    if module is None:
        raise InvalidArgument(f"readers: unknown kind of slot {kind!r}. Known kinds: {', '.join(KINDS)}.")
    reader: Reader = import_module(f"{__name__}.{module}").read
    return reader
