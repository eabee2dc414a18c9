"""Opening and closing: nothing half-made before, nothing lost after."""

# proves: P1, P6, D6

from __future__ import annotations

import asyncio

import pytest

from fsm_engine import Actions, Engine
from fsm_engine.errors import FlowError, InvalidArgument, StorageError
from tests.engine.conftest import MakeBot
from tests.support.bots import BUY, ORDER


@pytest.mark.parametrize("flow", ["flow: [", "flow: f\nsteps:\n  - {aks: a}\n", ORDER.replace("{note}", "{noot}")])
async def test_flows_with_problems_make_no_database(make_bot: MakeBot, flow: str) -> None:
    bot = make_bot(flow)
    with pytest.raises(FlowError):
        async with bot.open():
            pass

    assert not bot.database.exists()


async def test_an_action_that_is_not_registered_is_named_with_its_place(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)
    actions = Actions()
    actions.action("shop.by")(lambda call: 7)
    with pytest.raises(FlowError) as raised:
        async with bot.open(actions=actions):
            pass

    (problem,) = raised.value.problems
    assert problem.at.file.endswith("1.yaml")
    assert problem.at.line == 4
    assert "shop.buy" in problem.message
    assert problem.message.endswith("Did you mean 'shop.by'?")
    assert not bot.database.exists()


async def test_an_address_that_is_none_is_refused(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    with pytest.raises(InvalidArgument, match="is no address of a database"):
        async with Engine.open("mysql://x", flows=bot.flows):
            pass


async def test_closing_under_load_stores_what_it_answers(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        calls = [asyncio.create_task(engine.turn(f"chat {n}", "I want to order", request_id="r1")) for n in range(100)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    results = await asyncio.gather(*calls, return_exceptions=True)

    answered = {f"chat {n}" for n, result in enumerate(results) if not isinstance(result, BaseException)}
    assert answered
    assert all(isinstance(result, StorageError) for result in results if isinstance(result, BaseException))
    assert answered == {chat for (chat,) in bot.rows("SELECT id FROM conversations")}


async def test_a_closed_engine_says_so(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        await engine.turn("chat", "hello")
    for call in (engine.turn("chat", "hello"), engine.session("chat"), engine.outcome("chat", "r1")):
        with pytest.raises(StorageError, match="closed"):
            await call
