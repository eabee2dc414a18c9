"""Archiving and purging through the engine, and sessions changed by hand. proves: M8, R5, S3, S4, C5"""

from __future__ import annotations

from fsm_engine.storage.reports import Purged
from tests.engine.conftest import MakeBot
from tests.support.bots import ORDER, texts

KEEP = """
bot: shop
coming_back: {say: "Welcome back.", offer: [continue, restart]}
keep: {sessions: 10 days, messages: 20 days}
"""
DAY = 86_400.0


async def test_a_purge_goes_by_what_the_bot_file_keeps(make_bot: MakeBot) -> None:
    bot = make_bot(KEEP, ORDER)
    async with bot.open() as engine:
        old = await engine.turn("chat", "I want to order")
        bot.clock.advance(11 * DAY)
        counted = await engine.purge(dry_run=True)
        first = await engine.purge()
        bot.clock.advance(10 * DAY)
        second = await engine.purge()

        assert (counted.sessions, first.sessions, first.messages) == (1, 1, 0)
        assert (second.sessions, second.messages, second.empty_conversations) == (0, 2, 1)
        assert await engine.store.sessions.get(old.session.id) is None


async def test_a_user_whose_session_was_purged_begins_anew_in_the_same_process(make_bot: MakeBot) -> None:
    bot = make_bot(KEEP, ORDER)
    async with bot.open() as engine:
        old = await engine.turn("chat", "I want to order")
        await engine.turn("chat", "soup")
        bot.clock.advance(11 * DAY)
        await engine.purge()
        new = await engine.turn("chat", "I want to order")

        assert texts(new) == ["Which dish?"]
        assert new.session.id != old.session.id
        assert len(await engine.history("chat")) == 6


async def test_an_archived_conversation_goes_on_when_the_user_writes(make_bot: MakeBot) -> None:
    bot = make_bot(KEEP, ORDER)
    async with bot.open() as engine:
        await engine.turn("chat", "I want to order")
        bot.clock.advance(21 * DAY)
        archived = await engine.archive(move_messages=True)
        await engine.turn("chat", "I want to order")

        conversation = await engine.store.conversations.get("chat")
        assert conversation is not None
        assert (archived.conversations, archived.messages) == (1, 2)
        assert (conversation.status, len(await engine.history("chat"))) == ("active", 3)


async def test_the_next_turn_goes_on_in_a_session_made_by_hand(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        await engine.store.conversations.create("chat", now="2026-01-01T00:00:00.000000Z", user_id="ahmed")
        made = await engine.store.sessions.create(
            "chat", session_id="by-hand", now="2026-01-01T00:00:00.000000Z", expires_at="2999-01-01T00:00:00.000000Z"
        )
        first = await engine.turn("chat", "I want to order", user_id="ahmed")
        second = await engine.turn("chat", "soup", user_id="ahmed")

        assert (first.session.id, second.session.id, second.session.turn) == (made.id, made.id, 2)
        assert texts(second) == ["Any wish for your soup?"]
        assert [one.number for one in await engine.store.sessions.journal(made.id)] == [1, 2]


async def test_a_session_completed_by_hand_is_over_for_the_engine(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        first = await engine.turn("chat", "I want to order")
        await engine.store.sessions.complete(first.session.id, now="2026-06-01T00:00:00.000000Z")
        second = await engine.turn("chat", "I want to order")

        assert second.session.id != first.session.id
        assert [one.kind for one in await engine.store.summaries.of_session(first.session.id)] == ["complete"]


async def test_a_session_that_was_expired_by_hand_is_offered_again(make_bot: MakeBot) -> None:
    bot = make_bot(KEEP, ORDER)
    async with bot.open() as engine:
        first = await engine.turn("chat", "I want to order")
        now = (await engine.store.sessions.with_status("active"))[0].last_activity
        await engine.store.sessions.expire(first.session.id, now=now)
        back = await engine.turn("chat", "hello")

        assert texts(back)[0] == "Welcome back."
        assert back.session.id != first.session.id


def test_programs_without_an_event_loop_purge_too(make_bot: MakeBot) -> None:
    from fsm_engine import Engine

    bot = make_bot(KEEP, ORDER)
    with Engine.open_sync(bot.address, flows=bot.flows, clock=bot.clock) as engine:
        engine.turn("chat", "I want to order")
        bot.clock.advance(30 * DAY)
        archived = engine.archive(dry_run=True)
        purged = engine.purge()

    assert archived.conversations == 1
    assert isinstance(purged, Purged)
    assert (purged.sessions, purged.messages) == (1, 2)
