"""Callers that are gathered into one call, when that call fails. proves: P6"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from fsm_engine.errors import OperationFailed
from fsm_engine.storage.gathering import Gatherer


async def test_a_question_whose_caller_is_gone_is_not_asked_again_when_its_batch_fails() -> None:
    calls: list[list[str]] = []
    go_on = [asyncio.Event() for _ in range(3)]
    together = asyncio.Event()

    async def answer(questions: Sequence[str]) -> list[str]:
        calls.append(list(questions))
        if len(questions) > 1:
            together.set()
        await go_on[len(calls) - 1].wait()
        if len(questions) > 1:
            raise OperationFailed("the disk failed")
        return list(questions)

    gatherer = Gatherer(answer, at_most=10, queue_limit=10)
    alone, stays, leaves = (asyncio.create_task(gatherer.ask(name)) for name in ("alone", "stays", "leaves"))
    await asyncio.sleep(0)
    go_on[0].set()
    await together.wait()
    leaves.cancel()
    for event in go_on:
        event.set()

    assert await stays == "stays"
    assert await alone == "alone"
    with pytest.raises(asyncio.CancelledError):
        await leaves
    await gatherer.drain()
    assert calls == [["alone"], ["stays", "leaves"], ["stays"]]
