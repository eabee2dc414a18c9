"""A second identical request gets the first result, and nothing is done twice."""

# proves: A2

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fsm_engine import ActionCall, Actions, HookError, InvalidArgument, Rejected
from fsm_engine.actions.registry import LONGEST_REMEMBERED
from fsm_engine.failpoints import FailpointReached, armed
from tests.engine.conftest import MakeBot
from tests.support.bots import BUY, Bot

BAD_TIMES = (timedelta(), timedelta(days=-1), timedelta.max, 5, "a day")


@pytest.mark.parametrize("remember", BAD_TIMES, ids=repr)
async def test_a_time_for_which_nothing_can_be_remembered_is_refused_before_anything_is_done(
    make_bot: MakeBot, remember: Any
) -> None:
    with pytest.raises(HookError, match=r"action 'shop\.buy': remember is"):
        Shop(remember=remember)
    with pytest.raises(InvalidArgument, match="open: remember is"):
        async with make_bot(BUY).open(remember=remember):
            pass


async def test_a_result_may_be_remembered_for_a_century(make_bot: MakeBot) -> None:
    bot, shop = make_bot(BUY), Shop(remember=LONGEST_REMEMBERED)
    async with bot.open(actions=shop.actions, remember=LONGEST_REMEMBERED) as engine:
        said = [await buy(engine, chat, "Soup", "ana") for chat in ("one", "two")]

    assert said == ["Bought Soup: number 1."] * 2


class Shop:
    """``shop.buy`` counts what it sold, and numbers it."""

    def __init__(self, **options: Any) -> None:
        self.sold: list[tuple[Any, str]] = []
        self.actions = Actions()
        self.actions.action("shop.buy", **options)(self.buy)

    def buy(self, call: ActionCall) -> int:
        self.sold.append((call.slots["dish"], call.idempotency_key))
        return len(self.sold)


async def buy(engine: Any, conversation: str, dish: str, user: str | None) -> str:
    await engine.start(conversation, "buy", user_id=user)
    return str((await engine.turn(conversation, dish, user_id=user)).text)


async def test_the_same_request_of_the_same_user_gets_the_first_result_in_any_conversation(make_bot: MakeBot) -> None:
    bot, shop = make_bot(BUY), Shop()
    async with bot.open(actions=shop.actions) as engine:
        said = [await buy(engine, chat, "Soup", "ana") for chat in ("one", "one", "two")]

    assert said == ["Bought Soup: number 1."] * 3
    assert len(shop.sold) == 1
    first = shop.sold[0][1]
    assert bot.rows("SELECT status, output_data, repeats FROM audit_log ORDER BY id") == [
        ("success", "1", None),
        ("success", "1", first),
        ("success", "1", first),
    ]
    assert bot.rows("SELECT idempotency_key, status FROM transactions") == [(first, "completed")]


@pytest.mark.parametrize(("conversation", "later_s", "sold"), [("one", 0, 1), ("two", 60, 1), ("two", 1, 2)])
async def test_a_crash_before_a_result_is_given_again_makes_no_second_effect(
    make_bot: MakeBot, conversation: str, later_s: int, sold: int
) -> None:
    bot, shop = make_bot(BUY), Shop(idempotent=True)
    async with bot.open(actions=shop.actions) as engine:
        await buy(engine, "one", "Soup", "ana")
        bot.clock.advance(later_s)
        with pytest.raises(FailpointReached), armed("action.before-result"):
            await buy(engine, conversation, "Soup", "ana")
    async with bot.open(actions=shop.actions) as engine:
        assert await engine.recover() == 1

    assert len(shop.sold) == sold  # so short after the first one, elsewhere, it may have been called
    assert [status for (status,) in bot.rows("SELECT status FROM audit_log")] == ["success"] * 2
    assert bot.rows("SELECT count(repeats) FROM audit_log") == [(2 - sold,)]


async def test_another_user_another_dish_or_somebody_unknown_elsewhere_is_another_request(make_bot: MakeBot) -> None:
    bot, shop = make_bot(BUY), Shop()
    requests = [("one", "Soup", "ana"), ("two", "Soup", "ben"), ("three", "Pie", "ana")]
    requests += [("four", "Soup", None), ("five", "Soup", None)]
    async with bot.open(actions=shop.actions) as engine:
        for conversation, dish, user in requests:
            await buy(engine, conversation, dish, user)
        assert await buy(engine, "four", "Soup", None) == "Bought Soup: number 4."

    assert len(shop.sold) == 5
    keys = [key for (key,) in bot.rows("SELECT key FROM idempotency_cache")]
    assert len(set(keys)) == 5
    assert {len(key) for key in keys} == {64}


@pytest.mark.parametrize(("hours", "sold"), [(23, 1), (25, 2)])
async def test_a_result_is_given_again_for_a_day(make_bot: MakeBot, hours: int, sold: int) -> None:
    bot, shop = make_bot(BUY), Shop()
    async with bot.open(actions=shop.actions) as engine:
        await buy(engine, "one", "Soup", "ana")
        bot.clock.advance(hours * 3600)
        said = await buy(engine, "one", "Soup", "ana")

    assert said == f"Bought Soup: number {sold}."
    assert len(shop.sold) == sold


@pytest.mark.parametrize(
    ("of_the_action", "of_the_engine", "sold"),
    [
        (None, timedelta(hours=24), 3),
        (timedelta(minutes=5), timedelta(hours=24), 2),
        ("default", timedelta(minutes=5), 2),
        ("default", None, 3),
        (timedelta(minutes=30), None, 1),
    ],
)
async def test_how_long_is_said_by_the_action_or_else_by_the_engine(
    make_bot: MakeBot, of_the_action: Any, of_the_engine: Any, sold: int
) -> None:
    bot, shop = make_bot(BUY), Shop(remember=of_the_action)
    async with bot.open(actions=shop.actions, remember=of_the_engine) as engine:
        for minutes in (1, 9, 0):
            await buy(engine, "one", "Soup", "ana")
            bot.clock.advance(minutes * 60)

    assert len(shop.sold) == sold


async def test_a_failure_is_not_given_again(make_bot: MakeBot) -> None:
    calls: list[str] = []
    actions = Actions()

    @actions.action("shop.buy")
    def refuse_first(call: ActionCall) -> int:
        calls.append(call.idempotency_key)
        if len(calls) == 1:
            raise Rejected("sold out")
        return 7

    bot = make_bot(BUY)
    async with bot.open(actions=actions) as engine:
        said = [await buy(engine, "one", "Soup", "ana") for _ in range(2)]

    assert said[1] == "Bought Soup: number 7."
    assert bot.rows("SELECT status FROM transactions ORDER BY id") == [("failed",), ("completed",)]


async def erased(make_bot: MakeBot, **whom: str) -> Bot:
    bot, shop = make_bot(BUY), Shop()
    async with bot.open(actions=shop.actions) as engine:
        await buy(engine, "one", "Soup", "ana")
        await buy(engine, "two", "Soup", None)
        await engine.erase(**whom)
    return bot


async def test_what_is_kept_for_an_erased_user_or_conversation_goes_with_them(make_bot: MakeBot) -> None:
    for whom in ({"user_id": "ana"}, {"conversation_id": "one"}):
        bot = await erased(make_bot, **whom)

        assert bot.rows("SELECT user_id FROM idempotency_cache") == [(None,)]
        assert bot.rows("SELECT count(*) FROM audit_log WHERE input_data <> '{}'") == [(1,)]
        assert bot.rows("SELECT count(*) FROM transactions WHERE rollback_data IS NOT NULL") == [(1,)]
        bot.database.unlink()


async def test_a_conversation_of_somebody_unknown_takes_its_results_with_it(make_bot: MakeBot) -> None:
    bot = await erased(make_bot, conversation_id="two")

    assert bot.rows("SELECT user_id FROM idempotency_cache") == [("ana",)]


async def test_a_replay_of_a_result_given_again_asks_nobody(make_bot: MakeBot) -> None:
    from fsm_engine.engine.journal import replay
    from fsm_engine.flow_files.load import load_flows
    from fsm_engine.model.codec import encode

    bot, shop = make_bot(BUY), Shop()
    async with bot.open(actions=shop.actions) as engine:
        await buy(engine, "one", "Soup", "ana")
        await buy(engine, "two", "Soup", "ana")
        session = await engine.session("two")
        journal = await engine.store.sessions.journal(session.id)
        stored = await engine.store.sessions.get(session.id)
    outcomes = list(replay(load_flows(bot.flows), journal))

    assert stored is not None
    assert encode(outcomes[-1].state).decode() == stored.state_json


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE idempotency_cache SET result_data = '9'",
        "UPDATE idempotency_cache SET result_data = '{'",
        "UPDATE idempotency_cache SET first_key = 'another'",
        "UPDATE audit_log SET output_data = '9'",
        "UPDATE audit_log SET input_data = '9' WHERE id = 1",
    ],
)
async def test_a_damaged_result_is_not_given_again_and_nothing_is_done(make_bot: MakeBot, damage: str) -> None:
    bot, shop = make_bot(BUY), Shop()
    async with bot.open(actions=shop.actions) as engine:
        await buy(engine, "one", "Soup", "ana")
        bot.change(damage)
        said = await buy(engine, "two", "Soup", "ana")

    assert said.startswith("I am sorry, that did not work.")
    assert len(shop.sold) == 1
    assert bot.rows("SELECT status, error_message FROM audit_log WHERE id = 2") == [("failure", "damaged")]
