"""The event loop of simulations: virtual time, seeded order, and kills that nothing survives."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import closing
from itertools import count
from random import Random
from typing import Any, TypeVar

import pytest

from fsm_engine.testing.simulation.loop import OutOfSteps, Owner, SimulatedLoop, Stuck

T = TypeVar("T")
STEPS = 10_000


def run(main: Coroutine[Any, Any, T], *, seed: int = 1, steps: int = STEPS) -> T:
    with closing(SimulatedLoop(Random(seed))) as loop:
        return loop.run(main, steps=steps)


@pytest.fixture
def loop() -> Iterator[SimulatedLoop]:
    with closing(SimulatedLoop(Random(1))) as made:
        yield made


def test_a_year_of_sleep_takes_no_real_time(loop: SimulatedLoop) -> None:
    loop.run(asyncio.sleep(365 * 86_400), steps=STEPS)

    assert loop.time() > 365 * 86_400
    assert loop.step < 10


def order_of(seed: int) -> list[int]:
    seen: list[int] = []

    async def note(number: int) -> None:
        await asyncio.sleep(0)
        seen.append(number)

    async def main() -> None:
        await asyncio.gather(*(note(number) for number in range(8)))

    run(main(), seed=seed)
    return seen


def test_the_seed_says_who_goes_first() -> None:
    orders = [order_of(seed) for seed in range(5)]

    assert orders == [order_of(seed) for seed in range(5)]
    assert len({tuple(order) for order in orders}) > 1
    assert all(sorted(order) == list(range(8)) for order in orders)


def test_functions_for_threads_run_at_a_later_step() -> None:
    async def main() -> int:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        return await asyncio.to_thread(lambda: 7)

    assert run(main()) == 7


def test_timeouts_and_cancellation_work_as_in_asyncio() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.sleep(60)
        return asyncio.get_running_loop().time()

    assert 5 <= run(main()) < 6


def test_nothing_of_a_killed_owner_runs_again(loop: SimulatedLoop) -> None:
    owner = Owner("p1")
    done: list[str] = []

    async def work() -> None:
        try:
            done.append("begun")
            await asyncio.sleep(10)
            done.append("went on")
        finally:
            await asyncio.sleep(0.1)
            done.append("cleaned up")

    async def main() -> None:
        loop.start(owner, work())
        await asyncio.sleep(1)
        loop.kill(owner)
        await asyncio.sleep(60)

    loop.run(main(), steps=STEPS)
    assert done == ["begun"]
    assert loop.errors == []


def test_a_loop_in_which_nothing_can_go_on_says_so() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Stuck):
        run(main())


def test_a_loop_that_never_rests_runs_out_of_steps() -> None:
    async def main() -> None:
        for _ in count():
            await asyncio.sleep(0)

    with pytest.raises(OutOfSteps):
        run(main(), steps=100)
