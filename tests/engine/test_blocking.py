"""The engine for programs without an event loop."""

# proves: P4

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from fsm_engine import ActionCall, Engine, SyncEngine
from fsm_engine.errors import FlowError, InvalidArgument, NotFound, StartUpError, UsageError
from tests.engine.conftest import MakeBot
from tests.support.bots import BUY, ORDER, Bot, texts


@pytest.fixture
def bot(make_bot: MakeBot) -> Bot:
    return make_bot(ORDER, BUY)


@pytest.fixture
def engine(bot: Bot) -> Iterator[SyncEngine]:
    with Engine.open_sync(bot.address, flows=bot.flows, clock=bot.clock) as engine:
        yield engine


def engine_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "fsm_engine"]


def test_every_verb_blocks_until_it_is_done(engine: SyncEngine, bot: Bot) -> None:
    @engine.action("shop.buy")
    def buy(call: ActionCall) -> int:
        return 7

    engine.start("chat", "buy", request_id="r1")
    reply = engine.turn("chat", "Soup", request_id="r2")
    engine.reload_flows()

    assert texts(reply) == ["Bought Soup: number 7."]
    assert engine.session("chat").status == "completed"
    assert [message.content for message in engine.history("chat", 1)] == ["Bought Soup: number 7."]
    outcome = engine.outcome("chat", "r2")
    assert outcome is not None
    assert outcome.messages == reply.messages
    assert engine.recover() == 0
    assert engine.call(engine.store.messages.count_by_role("chat")) == {"assistant": 2, "user": 1}


def test_plain_threads_may_share_it(engine: SyncEngine, bot: Bot) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda n: engine.turn(f"chat {n % 4}", "hello", request_id=f"r{n}"), range(40)))

    assert all(reply.messages for reply in replies)
    assert bot.rows("SELECT count(*), sum(version) FROM conversations") == [(4, 40)]


def test_an_async_function_that_calls_the_engine_it_runs_in_is_told_so_and_holds_up_nobody(engine: SyncEngine) -> None:
    """The call would wait for the event loop that it holds up itself."""
    told: list[Exception] = []

    @engine.action("shop.buy")
    async def buy(call: ActionCall) -> int:
        try:
            engine.turn("another", "hello")
        except UsageError as error:
            told.append(error)
        return 7

    engine.start("chat", "buy")

    assert texts(engine.turn("chat", "Soup")) == ["Bought Soup: number 7."]
    assert "Write it with 'def'" in str(told[0])


def test_errors_travel_to_the_caller(engine: SyncEngine) -> None:
    with pytest.raises(NotFound):
        engine.session("no chat")
    with pytest.raises(InvalidArgument):
        engine.turn("", "hello")
    with pytest.raises(NotFound):
        engine.start("chat", "no flow")
    assert engine.turn("chat", "hello").messages


def answer_and_fail(engine: SyncEngine) -> None:
    engine.turn("chat", "hello")
    raise ZeroDivisionError


def test_an_error_in_the_body_closes_the_engine(bot: Bot) -> None:
    with pytest.raises(ZeroDivisionError), Engine.open_sync(bot.address, flows=bot.flows) as engine:
        answer_and_fail(engine)

    assert engine_threads() == []
    assert bot.rows("SELECT count(*) FROM turns") == [(1,)]


def test_an_error_while_opening_leaves_no_thread(bot: Bot) -> None:
    with pytest.raises(FlowError), Engine.open_sync(bot.address, flows=bot.flows / "missing"):
        pass
    with pytest.raises(InvalidArgument), Engine.open_sync("mysql://x", flows=bot.flows):
        pass
    with pytest.raises(StartUpError), Engine.open_sync(f"sqlite:///{bot.flows}/no/bot.db", flows=bot.flows):
        pass

    assert engine_threads() == []
    assert not bot.database.exists()
