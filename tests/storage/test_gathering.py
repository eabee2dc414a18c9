"""Questions of many callers go to the database together, in few calls."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from fsm_engine.errors import Busy
from fsm_engine.storage.gathering import Gatherer


class Slow:
    """Answers with the question's double once it is let go; ``calls`` are the questions of each call."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self._doors: list[asyncio.Event] = []

    async def answer(self, questions: Sequence[int]) -> list[int]:
        door = asyncio.Event()
        self.calls.append(list(questions))
        self._doors.append(door)
        await door.wait()
        if 13 in questions:
            raise ValueError(13)
        return [2 * question for question in questions]

    def let_go(self) -> None:
        for door in self._doors:
            door.set()


async def rest() -> None:
    """Until all that can run has run."""
    for _ in range(10):
        await asyncio.sleep(0)


def asked(gatherer: Gatherer[int, int], *questions: int) -> list[asyncio.Task[int]]:
    return [asyncio.create_task(gatherer.ask(question)) for question in questions]


async def finished(slow: Slow, gatherer: Gatherer[int, int]) -> None:
    while not all(door.is_set() for door in slow._doors) or gatherer._busy_lanes:
        slow.let_go()
        await asyncio.sleep(0)


async def test_a_second_call_starts_while_the_first_is_under_way_and_no_third() -> None:
    slow = Slow()
    gatherer = Gatherer(slow.answer, at_most=2, queue_limit=9, lanes=2)
    tasks = asked(gatherer, 1, 2, 3, 4)
    await rest()
    assert slow.calls == [[1], [2, 3]]
    await finished(slow, gatherer)
    assert [task.result() for task in tasks] == [2, 4, 6, 8]
    assert slow.calls == [[1], [2, 3], [4]]


async def test_what_goes_first_overtakes_those_that_wait() -> None:
    slow = Slow()
    gatherer = Gatherer(slow.answer, at_most=1, queue_limit=9)
    tasks = asked(gatherer, 1, 2, 3)
    await rest()
    tasks.append(asyncio.create_task(gatherer.ask(4, goes_first=True)))
    await rest()
    await finished(slow, gatherer)
    assert slow.calls == [[1], [4], [2], [3]]
    assert [await task for task in tasks] == [2, 4, 6, 8]


async def test_one_bad_question_fails_alone() -> None:
    slow = Slow()
    gatherer = Gatherer(slow.answer, at_most=4, queue_limit=9, lanes=2)
    tasks = asked(gatherer, 1, 2, 13, 3)
    await rest()
    await finished(slow, gatherer)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [results[0], results[1], results[3]] == [2, 4, 6]
    assert isinstance(results[2], ValueError)


async def test_who_comes_when_the_queue_is_full_is_told_so_at_once() -> None:
    slow = Slow()
    gatherer = Gatherer(slow.answer, at_most=1, queue_limit=1)
    tasks = asked(gatherer, 1, 2)
    await rest()
    with pytest.raises(Busy):
        await gatherer.ask(3)
    await finished(slow, gatherer)
    assert [await task for task in tasks] == [2, 4]


async def test_what_goes_first_has_a_place_when_the_queue_is_full() -> None:
    """It tells how an action has ended, which nobody could know later."""
    slow = Slow()
    gatherer = Gatherer(slow.answer, at_most=1, queue_limit=1)
    tasks = asked(gatherer, 1, 2)
    await rest()
    tasks.append(asyncio.create_task(gatherer.ask(3, goes_first=True)))
    await rest()
    await finished(slow, gatherer)
    assert [await task for task in tasks] == [2, 4, 6]


async def test_after_all_are_answered_nothing_is_left_running() -> None:
    slow = Slow()
    gatherer = Gatherer(slow.answer, at_most=2, queue_limit=9, lanes=2)
    tasks = asked(gatherer, 1, 2, 3)
    await rest()
    tasks[2].cancel()
    await finished(slow, gatherer)
    await gatherer.drain()
    await rest()
    assert [task.result() for task in tasks[:2]] == [2, 4]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_question_whose_caller_is_gone_is_not_asked_again_when_its_batch_fails() -> None:
    """The caller may have been told meanwhile that nothing came of it. proves: P6"""
    slow = Slow()
    gatherer = Gatherer(slow.answer, at_most=4, queue_limit=9)
    tasks = asked(gatherer, 1, 13, 2, 3)
    await rest()
    slow.let_go()
    await rest()
    tasks[2].cancel()
    await finished(slow, gatherer)
    await asyncio.wait(tasks)
    assert slow.calls == [[1], [13, 2, 3], [13], [3]]
    assert await tasks[3] == 6
    assert isinstance(tasks[1].exception(), ValueError)
