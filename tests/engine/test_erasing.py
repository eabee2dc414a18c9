"""Erasing a user or a conversation under an engine that holds them and goes on talking."""

# proves: M6, M7

from __future__ import annotations

import asyncio

import pytest

from fsm_engine import ActionCall, Engine, InvalidArgument, NotFound
from fsm_engine.storage.erasing import Subject
from fsm_engine.storage.traces import traces_left
from tests.engine.conftest import MakeBot
from tests.support.bots import BUY, ORDER, texts

DISH = "aquamarine soup for Bartholomew"


async def test_what_the_engine_holds_goes_as_well_and_the_next_message_begins_anew(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        await engine.turn("chat", "I want to order", user_id="telegram:4242", request_id="r1")
        await engine.turn("chat", DISH, user_id="telegram:4242")
        said = await engine.store.erasing.texts(Subject("telegram:4242"))
        session = (await engine.session("chat")).id
        erased = await engine.erase(user_id="telegram:4242")

        with pytest.raises(NotFound):
            await engine.session("chat")
        assert await engine.outcome("chat", "r1") is None
        for file in bot.database.parent.glob("bot.db*"):
            assert b"aquamarine" not in file.read_bytes()
            assert session.encode() not in file.read_bytes()
        reply = await engine.turn("chat", "no wish", user_id="telegram:4242")
        assert reply.session.turn == 1
        assert not reply.session.slots
        await engine.erase(conversation_id="chat")
        assert bot.rows("SELECT id FROM users") == [("telegram:4242",)]
        assert erased.conversations == ("chat",)
        assert erased.deleted["turns"] == 2
        await engine.erase(user_id="telegram:4242")
    assert traces_left(str(bot.database), said) == []


async def test_a_turn_under_way_ends_first(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)
    async with bot.open() as engine:
        started, may_end = asyncio.Event(), asyncio.Event()

        @engine.action("shop.buy")
        async def buy(call: ActionCall) -> int:
            started.set()
            await may_end.wait()
            return 7

        await engine.start("chat", "buy")
        buying = asyncio.create_task(engine.turn("chat", DISH))
        await started.wait()
        erasing = asyncio.create_task(engine.erase(conversation_id="chat"))
        done, _ = await asyncio.wait([erasing], timeout=0.05)
        assert not done
        later = asyncio.create_task(engine.start("chat", "buy"))
        may_end.set()

        assert texts(await buying) == [f"Bought {DISH}: number 7."]
        assert (await erasing).stripped["audit_log"] == 1
        assert (await later).session.turn == 1
    assert bot.rows("SELECT version FROM conversations") == [(1,)]
    assert bot.rows("SELECT count(*) FROM messages WHERE content LIKE '%aquamarine%'") == [(0,)]


async def test_a_user_who_goes_on_talking_while_erased_loses_only_what_was_before(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    said: list[str] = []

    async def talk(engine: Engine, chat: str, user: str) -> None:
        for number in range(40):
            await engine.turn(chat, f"{user} says {number} in {chat}", user_id=user, request_id=f"{chat} {number}")
            said.append(f"{chat} {number}")

    async with bot.open() as engine:
        chats = [(f"chat {number}", "ana") for number in range(4)] + [(f"other {number}", "ben") for number in range(4)]
        talks = [asyncio.create_task(talk(engine, *chat)) for chat in chats]
        while len(said) < 100:
            await asyncio.wait(talks, timeout=0.01)
        before = set(said)
        erased = await engine.erase(user_id="ana")
        await asyncio.gather(*talks)

    stored = {request for (request,) in bot.rows("SELECT request_id FROM turns")}
    assert erased.deleted["turns"] >= len([one for one in before if one.startswith("chat")])
    assert not stored & {one for one in before if one.startswith("chat")}
    assert {one for one in said if one.startswith("other")} <= stored
    assert len(stored) == 320 - erased.deleted["turns"]
    uneven = (
        "SELECT id FROM conversations AS c WHERE version <> (SELECT count(*) FROM turns WHERE conversation = c.key)"
    )
    assert bot.rows(uneven) == []


async def test_another_process_s_engine_goes_on_with_a_new_conversation(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine, bot.open() as other:
        await engine.turn("chat", "I want to order", user_id="ana")
        await engine.turn("chat", DISH, user_id="ana")
        await other.erase(user_id="ana")

        reply = await engine.turn("chat", "I want to order", user_id="ana")
    assert (reply.text, reply.session.turn) == ("Which dish?", 1)
    assert bot.rows("SELECT count(*) FROM messages WHERE content LIKE '%aquamarine%'") == [(0,)]


def test_a_sync_program_erases_as_well(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    with Engine.open_sync(bot.address, flows=bot.flows) as engine:
        engine.turn("chat", "I want to order", user_id="ana")

        assert engine.erase(user_id="ana").deleted["messages"] == 2
    assert bot.rows("SELECT count(*) FROM conversations") == [(0,)]


@pytest.mark.parametrize("wrong", [{}, {"user_id": "a", "conversation_id": "b"}, {"user_id": ""}])
async def test_whom_to_erase_must_be_said(make_bot: MakeBot, wrong: dict[str, str]) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        with pytest.raises(InvalidArgument):
            await engine.erase(**wrong)
