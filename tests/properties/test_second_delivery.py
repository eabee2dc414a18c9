"""A delivery that comes again, at any time and also at once, gets the first one's reply and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fsm_engine.engine.engine import Engine
from fsm_engine.model.turn import Reply
from fsm_engine.testing.clock import VirtualClock
from fsm_engine.testing.database_files import table_digests
from tests.support.conversations import PATIENCE_MS, WAYS, Bank, Event, deliver, hold, opened, whole_conversations
from tests.support.replies import as_first

# proves: C5, C6, A2, A4


@dataclass(frozen=True, slots=True)
class Repeats:
    """What comes along with one delivery: itself again ``at_once`` times, and an earlier one (``back`` deliveries
    before it) ``late`` times while it is under way. ``afterwards``: once more when all have their replies."""

    at_once: int = 0
    late: int = 0
    back: int = 1
    afterwards: int = 0


async def check(events: Sequence[Event], repeats: Sequence[Repeats], *, engines: int) -> None:
    with TemporaryDirectory() as folder:
        once, often = Path(folder, "once.db"), Path(folder, "often.db")
        expected = await hold(once, events)
        async with AsyncExitStack() as stack:
            clock, bank = VirtualClock(), Bank()
            several = [await stack.enter_async_context(opened(often, clock, bank)) for _ in range(engines)]
            for number, (event, repeat) in enumerate(zip(events, cycle(repeats), strict=False)):
                clock.advance(event.wait_s)
                await check_one(several, events, expected, number, repeat)

        assert table_digests(often) == table_digests(once)


async def check_one(
    engines: Sequence[Engine], events: Sequence[Event], expected: Sequence[Reply], number: int, repeat: Repeats
) -> None:
    earlier = max(0, number - repeat.back)
    numbers = [number] * (1 + repeat.at_once) + [earlier] * repeat.late
    replies = await asyncio.gather(
        *(
            deliver(engine, events[each], each, is_late=each != number)
            for engine, each in zip(cycle(engines), numbers, strict=False)
        )
    )
    again = [
        await deliver(engine, events[number], number, is_late=True)
        for engine in engines
        for _ in range(repeat.afterwards)
    ]

    assert [as_first(reply) for reply in replies] == [expected[each] for each in numbers]
    assert [as_first(reply) for reply in again] == [expected[number]] * len(again)
    assert all(reply.duplicate for reply in again)
    if len(engines) == 1:
        assert [reply.duplicate for reply in replies] == [False, *[True] * (len(replies) - 1)]


UP_TO_5 = st.integers(0, 5)
REPEATS = st.lists(
    st.builds(Repeats, at_once=UP_TO_5, late=UP_TO_5, back=st.integers(1, 9), afterwards=UP_TO_5),
    min_size=1,
    max_size=6,
)
ACCOUNT = [Event(start="create_account"), *map(Event, WAYS["create_account"][0])]
ERRAND = [Event(start="errand"), Event("milk"), Event("thank you")]
STARTS = [Event(start=flow) for flow in sorted(WAYS)]


@settings(max_examples=30, deadline=PATIENCE_MS)
@given(events=whole_conversations(), repeats=REPEATS)
@example(events=ACCOUNT, repeats=[Repeats(at_once=5, late=5, afterwards=5)])
@example(events=ERRAND, repeats=[Repeats(at_once=2, late=1, afterwards=2)])
async def test_repeated_deliveries_get_equal_replies_and_change_nothing(
    events: list[Event], repeats: list[Repeats]
) -> None:
    await check(events, repeats, engines=1)


@settings(max_examples=20, deadline=PATIENCE_MS)
@given(events=whole_conversations(), repeats=REPEATS)
@example(events=ACCOUNT, repeats=[Repeats(at_once=5, late=5, afterwards=5)])
@example(events=ERRAND, repeats=[Repeats(at_once=1, late=1, afterwards=1)])
@example(events=STARTS, repeats=[Repeats(at_once=4, late=4, back=5, afterwards=4)])
async def test_deliveries_repeated_to_two_engines_get_equal_replies_and_change_nothing(
    events: list[Event], repeats: list[Repeats]
) -> None:
    await check(events, repeats, engines=2)


@pytest.mark.slow
@settings(max_examples=600, deadline=PATIENCE_MS)
@given(events=whole_conversations(longest=20), repeats=REPEATS, engines=st.integers(1, 3))
async def test_deliveries_repeated_in_long_conversations_change_nothing(
    events: list[Event], repeats: list[Repeats], engines: int
) -> None:
    await check(events, repeats, engines=engines)
