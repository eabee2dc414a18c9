"""Turns: taken once, in order, whole, by whoever asks first; nothing of another user's is ever seen."""

# proves: P1, P2, P3, P4, P6, P10

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fsm_engine import Engine
from fsm_engine.errors import InvalidArgument, NotFound, RequestMismatch
from fsm_engine.model.session import Status
from fsm_engine.testing.database_files import table_digests
from tests.engine.conftest import MakeBot
from tests.support.bots import BUY, ORDER, Bot, slots, texts
from tests.support.dying import keys_in, shop, start_counting

LONG = "flow: long\nsteps:\n" + "".join(f'  - {{ask: q{n}, type: text, prompt: "{n}?"}}\n' for n in range(70))


async def test_a_conversation_from_its_first_word_to_its_last(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        await engine.turn("chat", "I want to order", request_id="r1", metadata={"source": "web"})
        await engine.turn("chat", "Soup", request_id="r2")
        view = await engine.session("chat")
        last = await engine.turn("chat", "hot", request_id="r3")
        history = await engine.history("chat")
        two = await engine.history("chat", 2)
        outcome = await engine.outcome("chat", "r3")

    assert (view.flow, view.step, view.slots, view.status, view.turn) == (
        "order", "note", {"dish": "Soup"}, Status.ACTIVE, 2,
    )  # fmt: skip
    assert [message.content for message in history] == [
        "I want to order", "Which dish?", "Soup", "Any wish for your Soup?", "hot", "Soup: hot.",
    ]  # fmt: skip
    assert [message.content for message in two] == ["hot", "Soup: hot."]
    assert [message.request_id for message in history] == ["r1", "r1", "r2", "r2", "r3", "r3"]
    assert history[0].metadata_json == '{"source":"web"}'
    assert outcome == replace(last, duplicate=True)


@pytest.mark.parametrize("where", ["held", "evicted", "reopened"])
async def test_a_second_delivery_gets_the_stored_reply_and_changes_no_row(make_bot: MakeBot, where: str) -> None:
    bot = make_bot(BUY)
    ledger = bot.flows.parent / "ledger"
    actions = shop(ledger, idempotent=True, dies=False)
    async with bot.open(actions=actions, hold_at_most=0 if where == "evicted" else 10) as engine:
        first = await engine.start("chat", "buy", request_id="r1")
        second = await engine.turn("chat", "Soup", request_id="r2", metadata={"try": 1})
        if where != "reopened":
            before = table_digests(bot.database)
            again = [await engine.turn("chat", "Soup", request_id="r2") for _ in range(3)]
            start_again = await engine.start("chat", "buy", request_id="r1")
    if where == "reopened":
        before = table_digests(bot.database)
        async with bot.open(actions=actions) as engine:
            again = [await engine.turn("chat", "Soup", request_id="r2") for _ in range(3)]
            start_again = await engine.start("chat", "buy", request_id="r1")

    assert again == [replace(second, duplicate=True)] * 3
    assert start_again == replace(first, duplicate=True)
    assert len(keys_in(ledger)) == 1
    assert table_digests(bot.database) == before


async def test_deliveries_at_the_same_moment_make_one_turn(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)
    ledger = bot.flows.parent / "ledger"
    async with bot.open(actions=shop(ledger, idempotent=False, dies=False)) as engine:
        await engine.start("chat", "buy")
        replies = await asyncio.gather(*(engine.turn("chat", "Soup", request_id="r2") for _ in range(10)))

    assert sorted(reply.duplicate for reply in replies) == [False] + [True] * 9
    assert {reply.text for reply in replies} == {"Bought Soup: number 7."}
    assert len(keys_in(ledger)) == 1


@pytest.mark.parametrize("other", [("Bread", {}), ("Soup", {"intent": "order"}), ("Soup", {"entities": {"a": 1}})])
async def test_the_same_id_for_another_message_is_refused(
    make_bot: MakeBot, other: tuple[str, dict[str, object]]
) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        await engine.start("chat", "order")
        await engine.turn("chat", "Soup", request_id="r1")
        before = table_digests(bot.database)
        with pytest.raises(RequestMismatch, match="r1") as raised:
            await engine.turn("chat", other[0], request_id="r1", **other[1])  # type: ignore[arg-type]

    assert "Bread" not in str(raised.value)
    assert table_digests(bot.database) == before


async def test_ids_of_requests_belong_to_their_conversation(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        first = await engine.turn("chat", "I want to order", request_id="r1")
        second = await engine.turn("another chat", "I want to order", request_id="r1")
        nothing = await engine.outcome("a third chat", "r1")

    assert not second.duplicate
    assert first.session.id != second.session.id
    assert nothing is None


async def test_turns_asked_for_at_once_are_taken_in_order(make_bot: MakeBot) -> None:
    bot = make_bot(LONG)
    async with bot.open() as engine:
        await engine.start("chat", "long")
        replies = await asyncio.gather(*(engine.turn("chat", f"answer {n}", request_id=f"r{n}") for n in range(64)))

    assert [reply.text for reply in replies] == [f"{n + 1}?" for n in range(64)]
    assert slots(replies[-1]) == {f"q{n}": f"answer {n}" for n in range(64)}


async def test_two_processes_on_one_file_lose_no_turn(make_bot: MakeBot) -> None:
    bot = make_bot(LONG)
    async with bot.open(clock=None) as engine:
        await engine.start("chat", "long")
    programs = [start_counting(bot.flows.parent, name, 20) for name in ("one", "two")]
    for program in programs:
        _, err = await asyncio.to_thread(program.communicate, timeout=60)
        assert (program.returncode, err) == (0, "")

    assert bot.rows("SELECT turn FROM sessions") == [(41,)]
    answers = [text for (text,) in bot.rows("SELECT raw_text FROM user_responses ORDER BY length(step), step")]
    assert [text for text in answers if text.startswith("one")] == [f"one {n}" for n in range(20)]
    assert [text for text in answers if text.startswith("two")] == [f"two {n}" for n in range(20)]
    assert bot.rows("SELECT count(*) FROM messages WHERE role = 'user'") == [(40,)]


async def test_two_engines_that_take_turns_see_each_others(make_bot: MakeBot) -> None:
    bot = make_bot(LONG)
    async with bot.open() as one, bot.open() as two:
        await one.start("chat", "long")
        replies = [await engine.turn("chat", f"answer {n}") for n in range(5) for engine in (one, two)]

    assert [reply.text for reply in replies] == [f"{n + 1}?" for n in range(10)]


async def cancelled_after(call: asyncio.Task[object], steps: int) -> bool:
    """Lets a call go on for some steps and cancels it; whether it was still under way."""
    for _ in range(steps):
        await asyncio.sleep(0)
    was_cancelled = call.cancel()
    await asyncio.wait([call])
    return was_cancelled


@pytest.mark.parametrize("steps", range(14))
@pytest.mark.parametrize("hold_at_most", [0, 10])
async def test_a_turn_cancelled_at_any_step_is_whole_or_not_there(
    make_bot: MakeBot, steps: int, hold_at_most: int
) -> None:
    bot = make_bot(LONG)
    async with bot.open(hold_at_most=hold_at_most) as engine:
        await engine.start("chat", "long")
        waiting = asyncio.create_task(engine.turn("chat", "first", request_id="r1"))
        await cancelled_after(waiting, steps)
        outcome = await engine.outcome("chat", "r1")
        reply = await engine.turn("chat", "first", request_id="r1")
        after = await engine.turn("chat", "second", request_id="r2")

    assert reply.duplicate == (outcome is not None)
    assert (reply.text, after.text) == ("1?", "2?")
    assert slots(after) == {"q0": "first", "q1": "second"}
    assert bot.rows("SELECT turn FROM sessions") == [(3,)]


@pytest.mark.parametrize("steps", [0, 1, 2, 5])
async def test_a_cancelled_turn_in_the_middle_of_a_queue_holds_up_nobody(make_bot: MakeBot, steps: int) -> None:
    bot = make_bot(LONG)
    async with bot.open() as engine:
        await engine.start("chat", "long")
        calls = [asyncio.create_task(engine.turn("chat", f"a{n}", request_id=f"r{n}")) for n in range(6)]
        for _ in range(steps):
            await asyncio.sleep(0)
        for call in calls[1::2]:
            call.cancel()
        results = await asyncio.gather(*calls, return_exceptions=True)
        known = [await engine.outcome("chat", f"r{n}") for n in range(6)]
        last = await engine.turn("chat", "end")

    assert not any(isinstance(result, BaseException) for result in results[::2])
    stored = [f"a{n}" for n in range(6) if known[n] is not None]
    assert list(slots(last).values()) == [*stored, "end"]


async def test_an_action_that_is_cancelled_is_finished_later(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)
    ledger = bot.flows.parent / "ledger"
    actions = shop(ledger, idempotent=True, dies=False)
    async with bot.open(actions=actions) as engine:
        await engine.start("chat", "buy")
        call = asyncio.create_task(engine.turn("chat", "Soup", request_id="r2"))
        while not keys_in(ledger):  # noqa: ASYNC110 - it is written by a thread
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        reply = await engine.turn("chat", "Soup", request_id="r2")

    assert "Bought Soup: number 7." in texts(reply)
    assert len(set(keys_in(ledger))) == 1


async def test_a_flow_starts_with_slots_that_are_known(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        reply = await engine.start("chat", "order", slots={"dish": "Soup"})

    assert texts(reply) == ["Any wish for your Soup?"]
    assert slots(reply) == {"dish": "Soup"}


async def test_starting_a_flow_ends_the_session_that_runs(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        await engine.start("chat", "order")
        await engine.start("chat", "order")

    assert bot.rows("SELECT status FROM sessions ORDER BY key") == [("cancelled",), ("active",)]


async def test_flows_and_slots_that_do_not_exist_are_refused(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        with pytest.raises(NotFound, match=r"no flow called 'ordr'. Known: order"):
            await engine.start("chat", "ordr")
        with pytest.raises(InvalidArgument, match=r"no slot 'dich'. Its slots are: dish, note"):
            await engine.start("chat", "order", slots={"dich": "Soup"})

    assert bot.rows("SELECT count(*) FROM conversations") == [(0,)]


async def error_of(engine: Engine, conversation: str, user: str) -> list[str]:
    """What every look-up says to this user, without the conversation's id."""
    said = []
    for call in (
        engine.session(conversation, user_id=user),
        engine.history(conversation, user_id=user),
    ):
        with pytest.raises(NotFound) as raised:
            await call
        said.append(str(raised.value).replace(conversation, "…"))
    return said


async def test_another_users_conversation_reads_as_missing(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        await engine.turn("ahmeds chat", "I want to order", user_id="ahmed", request_id="r1")
        before = table_digests(bot.database)

        assert await error_of(engine, "ahmeds chat", "eve") == await error_of(engine, "no chat", "eve")
        with pytest.raises(NotFound):
            await engine.turn("ahmeds chat", "Soup", user_id="eve")
        with pytest.raises(NotFound):
            await engine.turn("ahmeds chat", "I want to order", user_id="eve", request_id="r1")
        with pytest.raises(NotFound):
            await engine.start("ahmeds chat", "order", user_id="eve")
        assert table_digests(bot.database) == before
        assert (await engine.session("ahmeds chat", user_id="ahmed")).step == "dish"
        assert (await engine.turn("ahmeds chat", "Soup", user_id="ahmed")).session.step == "note"


async def test_history_asks_for_one_message_or_more(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        with pytest.raises(InvalidArgument, match="at least 1"):
            await engine.history("chat", 0)


async def test_the_environment_says_where_conversations_are_kept(
    make_bot: MakeBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot: Bot = make_bot(ORDER)
    monkeypatch.setenv("DATABASE_URL", bot.address)
    async with Engine.open(flows=bot.flows) as engine:
        await engine.turn("chat", "hello")

    assert bot.rows("SELECT count(*) FROM conversations") == [(1,)]
