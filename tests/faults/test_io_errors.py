"""Every call to a file fails once, in every way it can: a typed error at most, and never half a turn. proves: P2, D5"""

# proves: C5, D5, D6

from __future__ import annotations

from collections import Counter
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fsm_engine.engine.engine import Engine
from fsm_engine.errors import FsmEngineError, NotFound, StorageError
from fsm_engine.model.turn import Reply
from fsm_engine.testing.io_faults import Kind, OneFault
from fsm_engine.testing.sqlite_calls import WatchedFiles, watched_files
from tests.faults.figures import SEED, record, size
from tests.faults.recorded_talk import engine_on, send
from tests.faults.whole_turns import halves_in, requests_in
from tests.support.conversations import SHIPPED, Event
from tests.support.replies import as_first

CHAT = "chat"
RUNS = ([Event(start="errand"), Event("milk"), Event(start="goals")], [Event("I want to hurt myself"), Event("yes")])
"""What is said in two runs of the program on one file; the second one opens it as the first one left it."""
OFTEN_CHECKPOINTED = "PRAGMA wal_autocheckpoint = 20"


@dataclass(slots=True)
class Seen:
    """What one fault led to. ``wrong`` says what must not be."""

    replies: list[Reply] = field(default_factory=list)
    errors: list[FsmEngineError] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def whole_life(path: Path, fault: OneFault) -> Seen:
    """Both runs, with one call to a file failing somewhere."""
    seen = Seen()
    with watched_files(fault, setting=OFTEN_CHECKPOINTED) as files:
        for events in RUNS:
            try:
                await one_run(files, path, events, seen)
            except Exception as error:  # noqa: BLE001 - whatever it is, it should not have come out
                seen.wrong.append(f"{type(error).__name__} came out: {error}")
    seen.wrong += halves_in(path, SHIPPED)
    if requests_in(path) != {CHAT: [f"r{number}" for number in range(len(seen.replies))]}:
        seen.wrong.append(f"stored: {requests_in(path)}")
    return seen


async def one_run(files: WatchedFiles, path: Path, events: list[Event], seen: Seen) -> None:
    def opened() -> AbstractAsyncContextManager[Engine]:
        # The same ids in every life, as they choose between wordings.
        return engine_on(files, path, busy_timeout_s=0, new_id=lambda now: f"session of r{len(seen.replies)}")

    async with AsyncExitStack() as stack:
        try:
            engine = await stack.enter_async_context(opened())
        except StorageError as error:
            seen.errors.append(error)
            engine = await stack.enter_async_context(opened())
        for event in events:
            seen.replies.append(await sent(engine, event, f"r{len(seen.replies)}", seen))


async def sent(engine: Engine, event: Event, request_id: str, seen: Seen) -> Reply:
    """The reply, after a second delivery if the first one failed; what `outcome` says in between must be the truth."""
    before = await turn_of(engine)
    try:
        return as_first(await send(engine, CHAT, event, request_id))
    except StorageError as error:
        seen.errors.append(error)
    stored = await engine.outcome(CHAT, request_id)
    if (stored is None) != (await turn_of(engine) == before):
        seen.wrong.append(f"outcome gives {stored}, and the session went from {before} to {await turn_of(engine)}")
    reply = await send(engine, CHAT, event, request_id)
    if reply.duplicate != (stored is not None):
        seen.wrong.append(f"outcome gave {stored}, and the second delivery {reply}")
    return as_first(reply)


async def turn_of(engine: Engine) -> tuple[str, int] | None:
    """Session and turn of the conversation; a look that fails is looked again, as there is one fault only."""
    for _ in range(2):
        try:
            view = await engine.session(CHAT)
        except NotFound:
            return None
        except StorageError:
            continue
        return view.id, view.turn
    raise AssertionError("a second fault")


def said(replies: list[Reply]) -> list[list[str]]:
    return [[message.text for message in reply.messages] for reply in replies]


@pytest.mark.parametrize("kind", ["error", "full", "busy"])
async def test_a_call_to_a_file_that_fails_costs_at_most_a_typed_error(kind: Kind) -> None:
    with TemporaryDirectory() as folder:
        unharmed = await whole_life(Path(folder, "bot.db"), none := OneFault(kind, nth=0))
    assert unharmed.wrong == []
    assert unharmed.errors == []

    wrong: list[str] = []
    hit: Counter[str] = Counter()
    told: Counter[str] = Counter()
    step = size(5, 1)
    for nth in range(1 + SEED % step, none.counted + 1, step):
        with TemporaryDirectory() as folder:
            seen = await whole_life(Path(folder, "bot.db"), fault := OneFault(kind, nth))
        if fault.hit is not None:
            hit[fault.hit.verb] += 1
        told.update(type(error).__name__ for error in seen.errors)
        if said(seen.replies) != said(unharmed.replies):
            seen.wrong.append(f"said: {said(seen.replies)}")
        wrong += [f"call {nth}, {fault.hit and fault.hit.verb}: {what}" for what in seen.wrong]

    record(
        "T5",
        what=f"{kind} at each call",
        faults=hit.total(),
        told=told.total(),
        unnoticed=hit.total() - told.total(),
        **hit,
    )
    assert wrong == []
    # A lock that passes is waited for: the write is tried again, and nobody hears of it.
    felt = hit.total() if kind == "busy" else told.total()
    assert felt > 2, "the faults were hardly felt: the test sees nothing"
