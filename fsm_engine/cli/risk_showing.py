"""`fsm-engine risk show`: one detection, whose it is, and what was said around it, for whoever looks after the user."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from fsm_engine.cli.places import must_exist
from fsm_engine.cli.risk import PAGE, detection_of, with_store
from fsm_engine.cli.screen import print_json, print_table, with_words_shown
from fsm_engine.storage.open import DEFAULT_DATABASE

if TYPE_CHECKING:
    from rich.text import Text

    from fsm_engine.storage import Store
    from fsm_engine.storage.records import StoredDetection, StoredMessage

AROUND = 5
"""Messages shown before and after one that was detected."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A detection with whose it is, None where that is not known any more, and the messages around its own."""

    detection: StoredDetection
    conversation_id: str | None
    user_id: str | None
    around: Sequence[StoredMessage]


def show_stored(database: str, detection_id: int, *, as_json: bool) -> None:
    """Prints a detection with what was said around it. Raises `Refused` when there is no such database or detection."""
    must_exist(database)
    case = asyncio.run(with_store(database, lambda store: _read(store, detection_id)))
    if as_json:
        _print_json(case)
        return
    print_table(f"detection {detection_id}", ("what", "value"), [*_told(case)])
    rows = [
        ("▶" if _is_detected(each, case) else "", each.role, _shown(each, case), each.created_at[:19])
        for each in case.around
    ]
    print_table("said around it", ("", "role", "text", "at (UTC)"), rows)
    if case.detection.reviewed_at is None:
        where = "" if database == DEFAULT_DATABASE else f" --database {database}"
        print(f"To review it: fsm-engine risk review {detection_id} --verdict true|false --by NAME{where}")


def _print_json(case: _Case) -> None:
    said = [
        {
            "number": each.number,
            "role": each.role,
            "text": each.content,
            "at": each.created_at,
            "is_detected": _is_detected(each, case),
        }
        for each in case.around
    ]
    whose = {"conversation_id": case.conversation_id, "user_id": case.user_id}
    print_json({**asdict(case.detection), **whose, "messages": said})


def _told(case: _Case) -> Iterator[tuple[str, object]]:
    one = case.detection
    yield "level", one.level
    yield "category", one.category
    yield "words", one.phrase or None
    if one.read_as is not None:
        yield "read as", one.read_as
    if one.start is not None:
        yield "where", f"characters {one.start} to {one.end}"
    yield "message", _marked(one.user_message, one)
    yield "found by", f"{one.detector} {one.detector_version}"
    yield "found at (UTC)", one.detected_at[:19]
    yield "helplines", "shown" if one.resources_shown else "not shown with this message"
    yield "user", case.user_id
    yield "conversation", case.conversation_id
    yield "session", f"{one.session_id}, turn {one.turn}"
    if one.reviewed_at is None:
        yield "review", "nobody has looked at it"
        return
    yield "review", f"{(one.verdict or '').replace('_', ' ')}, by {one.reviewed_by}, {one.reviewed_at[:19]}"


def _is_detected(message: StoredMessage, case: _Case) -> bool:
    return message.id == case.detection.message_id


def _shown(message: StoredMessage, case: _Case) -> str | Text:
    return _marked(message.content, case.detection) if _is_detected(message, case) else message.content


def _marked(text: str, one: StoredDetection) -> str | Text:
    """The text with the words in question marked, when they stand in it: a detection keeps the beginning of it only."""
    if one.start is None or one.end is None or one.end > len(text):
        return text
    return with_words_shown(text, one.start, one.end)


async def _read(store: Store, detection_id: int) -> _Case:
    one = await detection_of(store, detection_id)
    session = await store.sessions.get(one.session_id)
    if session is None:
        return _Case(one, None, None, ())
    around = await _around(store, session.conversation_id, one.message_id)
    return _Case(one, session.conversation_id, session.user_id, around)


async def _around(store: Store, conversation_id: str, message_id: int | None) -> Sequence[StoredMessage]:
    """The message with some before and after it, as far as they are still in the history."""
    seen: list[StoredMessage] = []
    at: int | None = None
    while page := await store.messages.page(conversation_id, after=seen[-1].number if seen else 0, limit=PAGE):
        if at is None:
            seen = seen[-AROUND:]
        seen += page
        at = next((index for index, each in enumerate(seen) if each.id == message_id), None)
        if at is not None and len(seen) > at + AROUND:
            break
    return () if at is None else seen[max(0, at - AROUND) : at + AROUND + 1]
