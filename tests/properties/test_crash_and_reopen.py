"""A process that dies at any turn, and a new one on the same file: the conversation is that of a process that lived."""

from __future__ import annotations

from contextlib import AsyncExitStack
from enum import StrEnum
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fsm_engine.engine.engine import Engine
from fsm_engine.model.turn import Reply
from fsm_engine.testing.clock import VirtualClock
from fsm_engine.testing.database_files import KilledFiles, table_digests
from tests.support.conversations import (
    PATIENCE_MS,
    REFUSED,
    WAYS,
    Bank,
    Event,
    deliver,
    hold,
    opened,
    whole_conversations,
)
from tests.support.replies import as_first

# proves: C3, C5, C6, S1, S2, A4


class Crash(StrEnum):
    """When the process dies, as seen from one delivery. A delivery without an answer comes again."""

    NEVER = "never"
    BEFORE_THE_COMMIT = "before the commit"
    IN_THE_ACTION = "in the action"
    BEFORE_THE_REPLY = "before the reply"
    AFTER_THE_REPLY = "after the reply"


class Mortal:
    """An engine that dies and comes back."""

    def __init__(self, path: Path) -> None:
        self.clock = VirtualClock()
        self._path = path
        self._bank = Bank()
        self._leave = AsyncExitStack()
        self._engine: Engine

    async def open(self) -> None:
        self._engine = await self._leave.enter_async_context(opened(self._path, self.clock, self._bank))

    async def close(self) -> None:
        await self._leave.aclose()

    async def answer(self, event: Event, number: int, crash: Crash) -> Reply:
        """The reply that reaches the user in the end."""
        files = KilledFiles(self._path) if crash is Crash.BEFORE_THE_COMMIT else None
        in_action: list[KilledFiles] = []
        if crash is Crash.IN_THE_ACTION:
            self._bank.while_acting = lambda: in_action.append(KilledFiles(self._path))
        reply = await deliver(self._engine, event, number)
        self._bank.while_acting = None
        if crash in (Crash.BEFORE_THE_REPLY, Crash.AFTER_THE_REPLY):
            files = KilledFiles(self._path)
        elif in_action:
            (files,) = in_action
        if files is None:
            return reply
        await self._come_back(files)
        return reply if crash is Crash.AFTER_THE_REPLY else await deliver(self._engine, event, number)

    async def _come_back(self, files: KilledFiles) -> None:
        await self.close()
        files.put_back()
        await self.open()


async def check(events: list[Event], crashes: list[Crash]) -> None:
    with TemporaryDirectory() as folder:
        living, dying = Path(folder, "living.db"), Path(folder, "dying.db")
        expected = await hold(living, events)
        mortal = Mortal(dying)
        await mortal.open()
        replies = []
        for number, (event, crash) in enumerate(zip(events, cycle(crashes), strict=False)):
            mortal.clock.advance(event.wait_s)
            replies.append(await mortal.answer(event, number, crash))
        await mortal.close()

        assert [as_first(reply) for reply in replies] == expected
        assert table_digests(dying) == table_digests(living)


CRASHES = st.lists(st.sampled_from(list(Crash)), min_size=1, max_size=6)
ACCOUNT = [Event(start="create_account"), *map(Event, WAYS["create_account"][0])]
ERRAND = [Event(start="errand"), Event("milk")]
REFUSED_ACCOUNT = [Event(REFUSED) if "@" in event.text else event for event in ACCOUNT]


@settings(max_examples=8, deadline=PATIENCE_MS)
@given(events=whole_conversations(), crashes=CRASHES)
@example(events=ACCOUNT, crashes=[Crash.IN_THE_ACTION])
@example(events=ERRAND, crashes=[Crash.IN_THE_ACTION])
@example(events=REFUSED_ACCOUNT, crashes=[Crash.IN_THE_ACTION])
async def test_a_conversation_with_crashes_leaves_what_one_without_leaves(
    events: list[Event], crashes: list[Crash]
) -> None:
    await check(events, crashes)


@pytest.mark.parametrize("crash", [Crash.BEFORE_THE_COMMIT, Crash.BEFORE_THE_REPLY])
@pytest.mark.parametrize("flow", sorted(WAYS))
async def test_every_flow_survives_a_crash_at_every_turn(flow: str, crash: Crash) -> None:
    for way in WAYS[flow][:1]:
        await check([Event(start=flow), *map(Event, way)], [crash])


@pytest.mark.slow
@settings(max_examples=300, deadline=PATIENCE_MS)
@given(events=whole_conversations(longest=20), crashes=CRASHES)
async def test_a_long_conversation_with_crashes_leaves_what_one_without_leaves(
    events: list[Event], crashes: list[Crash]
) -> None:
    await check(events, crashes)
