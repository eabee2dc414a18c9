"""The engine's verbs over a real file: turn, start, session, history, outcome.

proves: C3, C5, M1, M5, M7, P1, P3, P10
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fsm_engine import Engine, InvalidArgument, NotFound, RequestMismatch, Status
from fsm_engine.testing.clock import VirtualClock
from tests.support.engines import engine_of, everything, rows, said
from tests.support.flow_texts import asking

PIZZA = """
flow: pizza
title: ordering a pizza
start: {phrases: [order a pizza]}
steps:
  - {ask: size, type: "one of small, large", prompt: Which size?, private: true}
  - {ask: note, type: text, prompt: Any note?, optional: true}
  - {do: kitchen.cook, send: [size, note], save_as: ticket, undo: kitchen.stop}
  - {end: "Ticket {ticket}."}
"""
TALK = asking("a", "b", "c", flow="talk")


async def test_a_turn_answers_and_stores_all_that_it_led_to(tmp_path: Path) -> None:
    async with engine_of(tmp_path, PIZZA) as engine:
        first = await engine.turn("chat", "order a pizza", request_id="r1", metadata={"source": "test"})
        second = await engine.turn("chat", "a large one", request_id="r2")

    assert said(first) == ["Which size?"]
    assert (second.session.flow, second.session.step, second.session.turn) == ("pizza", "note", 2)
    assert second.session.slots == {"size": "large"}
    assert rows(tmp_path, "user_responses", "flow, step, slot, response, raw_text, attempt_count") == [
        ("pizza", "size", "size", '"large"', "a large one", 1)
    ]
    assert rows(tmp_path, "messages", "role, content, request_id") == [
        ("user", "order a pizza", "r1"),
        ("assistant", "Which size?", "r1"),
        ("user", "a large one", "r2"),
        ("assistant", "Any note?", "r2"),
    ]
    assert rows(tmp_path, "messages", "metadata")[0] == ('{"source":"test"}',)
    assert rows(tmp_path, "sessions", "current_flow, fsm_state, status, turn") == [("pizza", "note", "active", 2)]


async def test_start_begins_a_flow_with_some_answers(tmp_path: Path) -> None:
    async with engine_of(tmp_path, PIZZA) as engine:
        reply = await engine.start("chat", "pizza", slots={"size": "small"})

    assert said(reply) == ["Any note?"]
    assert rows(tmp_path, "user_responses", "slot, response") == [("size", '"small"')]


async def test_start_ends_a_session_that_is_running(tmp_path: Path) -> None:
    async with engine_of(tmp_path, PIZZA, TALK) as engine:
        first = await engine.start("chat", "pizza")
        second = await engine.start("chat", "talk")

        assert first.session.id != second.session.id
        stored = await engine.store.sessions.get(first.session.id)
    assert stored is not None
    assert stored.status == "cancelled"


async def test_start_names_what_it_does_not_know(tmp_path: Path) -> None:
    async with engine_of(tmp_path, PIZZA) as engine:
        with pytest.raises(NotFound, match=r"there is no flow called 'piza'\. Known: pizza\."):
            await engine.start("chat", "piza")
        with pytest.raises(InvalidArgument, match="flow 'pizza' has no slot 'sise'"):
            await engine.start("chat", "pizza", slots={"sise": "small"})

    assert rows(tmp_path, "conversations") == []


async def test_session_shows_where_a_conversation_stands(tmp_path: Path) -> None:
    async with engine_of(tmp_path, TALK) as engine:
        reply = await engine.start("chat", "talk")

        assert await engine.session("chat") == reply.session
        with pytest.raises(NotFound, match="there is no conversation 'other'"):
            await engine.session("other")


async def test_history_gives_the_last_messages_oldest_first(tmp_path: Path) -> None:
    async with engine_of(tmp_path, TALK) as engine:
        await engine.start("chat", "talk")
        await engine.turn("chat", "one")
        await engine.turn("chat", "two")

        assert [one.content for one in await engine.history("chat", 3)] == ["b?", "two", "c?"]
        assert len(await engine.history("chat")) == 5
        with pytest.raises(InvalidArgument, match="limit is 0"):
            await engine.history("chat", 0)
        with pytest.raises(NotFound):
            await engine.history("other")


async def test_a_session_that_is_over_is_followed_by_a_new_one(tmp_path: Path) -> None:
    async with engine_of(tmp_path, asking("a", flow="talk")) as engine:
        first = await engine.start("chat", "talk")
        last = await engine.turn("chat", "one")
        again = await engine.turn("chat", "hello")

    assert last.session.status is Status.COMPLETED
    assert again.session.id != first.session.id
    assert (again.session.turn, again.session.flow) == (1, None)
    assert rows(tmp_path, "conversations", "id") == [("chat",)]
    assert sorted(rows(tmp_path, "sessions", "key, status, completed_at IS NOT NULL")) == [
        (1, "completed", 1),
        (2, "active", 0),
    ]


async def test_an_action_runs_within_its_turn_and_its_messages_come_along(tmp_path: Path) -> None:
    async with engine_of(tmp_path, PIZZA) as engine:
        calls = []

        @engine.action("kitchen.cook")
        async def cook(call):  # type: ignore[no-untyped-def]
            calls.append(call)
            return {"ticket": "T1"}

        await engine.start("chat", "pizza", slots={"size": "small"})
        reply = await engine.turn("chat", "skip")

    assert said(reply) == ["Ticket T1."]
    assert reply.session.status is Status.COMPLETED
    assert (dict(calls[0].slots), calls[0].attempt) == ({"size": "small", "note": None}, 1)
    assert rows(tmp_path, "audit_log", "action, status, intent, input_data, output_data, idempotency_key") == [
        (
            "kitchen.cook",
            "success",
            "pizza",
            '{"size":"small","note":null}',
            '{"ticket":"T1"}',
            calls[0].idempotency_key,
        )
    ]
    assert rows(tmp_path, "turns", "number, caused_by") == [(1, None), (2, None), (3, 2)]


async def test_a_plain_function_can_be_an_action(tmp_path: Path) -> None:
    async with engine_of(tmp_path, PIZZA) as engine:
        engine.action("kitchen.cook")(lambda call: "T2")
        await engine.start("chat", "pizza", slots={"size": "small"})

        assert said(await engine.turn("chat", "skip")) == ["Ticket T2."]


async def test_a_second_delivery_gets_the_stored_reply_and_changes_no_row(tmp_path: Path) -> None:
    async with engine_of(tmp_path, PIZZA) as engine:
        calls = []
        engine.action("kitchen.cook")(lambda call: calls.append(call) or "T3")
        await engine.start("chat", "pizza", slots={"size": "small"})
        first = await engine.turn("chat", "skip", request_id="r1")
        before = everything(tmp_path)
        again = [await engine.turn("chat", "skip", request_id="r1") for _ in range(3)]

    assert not first.duplicate
    assert all(reply.duplicate for reply in again)
    assert {reply.messages for reply in again} == {first.messages}
    assert all((reply.session, reply.expects, reply.risk) == (first.session, first.expects, None) for reply in again)
    assert everything(tmp_path) == before
    assert len(calls) == 1


async def test_a_second_delivery_after_many_others_and_to_another_engine_is_known(tmp_path: Path) -> None:
    async with engine_of(tmp_path, asking("n", kind="whole number").replace("?", "?\n    attempts: 20", 1)) as engine:
        first = await engine.start("chat", "f", request_id="r0")
        for number in range(70):
            await engine.turn("chat", "repeat", request_id=f"r{number + 1}")
        again = await engine.start("chat", "f", request_id="r0")
    async with engine_of(tmp_path) as other:
        third = await other.start("chat", "f", request_id="r0")

    assert again.duplicate
    assert third.duplicate
    assert said(again) == said(third) == said(first)
    assert len(rows(tmp_path, "turns")) == 71


@pytest.mark.parametrize(
    "other", [{"text": "other"}, {"intent": "pizza"}, {"entities": {"a": 1}}], ids=["text", "intent", "entities"]
)
async def test_the_same_request_id_with_other_content_is_refused(tmp_path: Path, other: dict[str, object]) -> None:
    async with engine_of(tmp_path, TALK) as engine:
        await engine.start("chat", "talk")
        await engine.turn("chat", "one", request_id="r1")
        before = everything(tmp_path)
        with pytest.raises(RequestMismatch, match="request id 'r1' was used before for another message"):
            await engine.turn("chat", **{"text": "one", "request_id": "r1", **other})  # type: ignore[arg-type]

    assert everything(tmp_path) == before


async def test_a_request_id_belongs_to_its_conversation(tmp_path: Path) -> None:
    async with engine_of(tmp_path, TALK) as engine:
        await engine.start("chat 1", "talk", request_id="r1")
        reply = await engine.start("chat 2", "talk", request_id="r1")

    assert not reply.duplicate


async def test_what_differs_only_in_noise_is_the_same_delivery(tmp_path: Path) -> None:
    async with engine_of(tmp_path, TALK) as engine:
        await engine.start("chat", "talk")
        await engine.turn("chat", "café", request_id="r1")

        assert (await engine.turn("chat", "  cafe\u0301\x00\n", request_id="r1")).duplicate


async def test_outcome_tells_what_a_request_led_to(tmp_path: Path) -> None:
    async with engine_of(tmp_path, TALK) as engine:
        reply = await engine.start("chat", "talk", request_id="r1")
        outcome = await engine.outcome("chat", "r1")

        assert outcome is not None
        assert (outcome.messages, outcome.session) == (reply.messages, reply.session)
        assert await engine.outcome("chat", "r2") is None
        assert await engine.outcome("other", "r1") is None


async def test_another_users_conversation_reads_as_missing(tmp_path: Path) -> None:
    async with engine_of(tmp_path, TALK) as engine:
        await engine.start("chat", "talk", user_id="ana")
        before = everything(tmp_path)
        for call in (
            engine.turn("chat", "one", user_id="ben"),
            engine.start("chat", "talk", user_id="ben"),
            engine.session("chat", user_id="ben"),
            engine.history("chat", user_id="ben"),
        ):
            with pytest.raises(NotFound, match="there is no conversation 'chat'"):
                await call

        assert (await engine.turn("chat", "one", user_id="ana")).session.slots == {"a": "one"}
        assert [one.content for one in await engine.history("chat", 1, user_id="ana")] == ["b?"]
    assert before["sessions"] != []


async def test_a_second_delivery_by_another_user_reads_as_missing(tmp_path: Path) -> None:
    async with engine_of(tmp_path, TALK) as engine:
        await engine.start("chat", "talk", user_id="ana", request_id="r1")
        with pytest.raises(NotFound):
            await engine.start("chat", "talk", user_id="ben", request_id="r1")


async def test_a_locale_chooses_language_and_region(tmp_path: Path) -> None:
    risk = """
risk: r
detectors: [{phrases: crisis}]
levels: {low: {record: true}, medium: {resources: true}, high: {resources: true, afterwards: ask again}}
resources: {US: {name: L, contact: "988"}, GB: {name: S, contact: "116 123"}}
help_again_after: 0
"""
    flow = "flow: f\nsteps: [{ask: a, type: text, prompt: {en: a?, es: '¿a?'}}]"
    async with engine_of(tmp_path, flow, risk, "bot: b\nlanguages: [en, es]\nrisk: r") as engine:
        assert said(await engine.start("1", "f", locale="es-MX")) == ["¿a?"]
        assert said(await engine.turn("1", "repetir")) == ["¿a?"]
        assert said(await engine.start("2", "f", locale="de_DE")) == ["a?"]
        for locale in ("en-GB", "en_GB.UTF-8", "en-Latn-GB"):
            reply = await engine.turn("2", "I want to kill myself", locale=locale)
            assert any("116 123" in text for text in said(reply)), locale


async def test_what_a_bot_does_with_a_reply_does_not_reach_the_session(tmp_path: Path) -> None:
    flow = """
flow: f
steps:
  - repeat: people
    at_least: 2
    steps: [{ask: name, type: text, prompt: name?}]
  - {ask: z, type: text, prompt: "{people} z?"}
"""
    async with engine_of(tmp_path, flow) as engine:
        await engine.start("chat", "f")
        reply = await engine.turn("chat", "Ana")
        reply.session.slots["people"].clear()  # type: ignore[union-attr]
        reply = await engine.turn("chat", "Ben")
        assert said(await engine.turn("chat", "no")) == ["Ana and Ben z?"]


async def test_two_engines_over_one_file_lose_nothing(tmp_path: Path) -> None:
    flow = asking("n", kind="whole number 0..0")
    async with engine_of(tmp_path, flow) as one, engine_of(tmp_path) as two:
        await one.start("chat", "f")
        engines: list[Engine] = [one, two]
        replies = await asyncio.gather(
            *(engines[number % 2].turn("chat", "repeat", request_id=f"r{number}") for number in range(40))
        )

    assert sorted(reply.session.turn for reply in replies) == list(range(2, 42))
    assert sorted(one for (one,) in rows(tmp_path, "turns", "request_id") if one) == sorted(
        f"r{number}" for number in range(40)
    )
    assert len(rows(tmp_path, "messages")) == 81


async def test_one_delivery_to_two_engines_at_once_is_one_turn(tmp_path: Path) -> None:
    async with engine_of(tmp_path, TALK) as one, engine_of(tmp_path) as two:
        await one.start("chat", "talk")
        replies = await asyncio.gather(*(engine.turn("chat", "x", request_id="r") for engine in (one, two, one, two)))

    assert {reply.messages for reply in replies} == {replies[0].messages}
    assert sorted(reply.duplicate for reply in replies) == [False, True, True, True]
    assert len(rows(tmp_path, "turns")) == 2


async def test_turns_of_one_conversation_are_taken_in_the_order_in_which_they_were_asked_for(tmp_path: Path) -> None:
    flow = asking(*(f"s{number}" for number in range(65)))
    async with engine_of(tmp_path, flow) as engine:
        await engine.start("chat", "f")
        replies = await asyncio.gather(*(engine.turn("chat", f"answer {number}") for number in range(64)))

    assert [reply.session.turn for reply in replies] == list(range(2, 66))
    assert replies[-1].session.slots == {f"s{number}": f"answer {number}" for number in range(64)}


async def test_many_conversations_at_once_do_not_mix(tmp_path: Path) -> None:
    async with engine_of(tmp_path, TALK, hold_at_most=5) as engine:
        await asyncio.gather(*(engine.start(f"chat {number}", "talk") for number in range(30)))
        for slot in ("a", "b"):
            await asyncio.gather(*(engine.turn(f"chat {number}", f"{slot}{number}") for number in range(30)))
        views = [await engine.session(f"chat {number}") for number in range(30)]

    assert [view.slots for view in views] == [{"a": f"a{number}", "b": f"b{number}"} for number in range(30)]


async def test_a_session_survives_the_process(tmp_path: Path) -> None:
    for text, expected in (("order a pizza", "Which size?"), ("large", "Any note?")):
        async with engine_of(tmp_path, PIZZA) as engine:
            assert said(await engine.turn("chat", text)) == [expected]


async def test_a_session_that_expired_is_offered_to_go_on(tmp_path: Path) -> None:
    clock = VirtualClock()
    bot = "bot: b\nexpires: 10 minutes\ncoming_back: {say: 'We were at {flow}.'}"
    async with engine_of(tmp_path, PIZZA, bot, clock=clock) as engine:
        first = await engine.turn("chat", "order a pizza")
        await engine.turn("chat", "large")
        clock.advance(601)
        offer = await engine.turn("chat", "hello")
        assert said(offer)[0] == "We were at ordering a pizza."
        assert offer.session.id != first.session.id
        stored = await engine.store.sessions.get(first.session.id)
        assert stored is not None
        assert stored.status == "expired"

        assert said(await engine.turn("chat", "go on")) == ["Any note?"]
        assert (await engine.session("chat")).slots == {"size": "large"}


async def test_a_session_that_is_continued_keeps_its_answers_in_the_table_of_answers(tmp_path: Path) -> None:
    clock = VirtualClock()
    bot = "bot: b\nexpires: 10 minutes\ncoming_back: {say: 'We were at {flow}.'}"
    async with engine_of(tmp_path, PIZZA, bot, clock=clock) as engine:
        await engine.turn("chat", "order a pizza")
        await engine.turn("chat", "large")
        clock.advance(601)
        await engine.turn("chat", "hello")
        reply = await engine.turn("chat", "go on")
        stored = await engine.store.responses.of_session(reply.session.id)

    assert [(answer.slot, answer.response_json) for answer in stored] == [("size", '"large"')]


async def test_without_an_offer_a_session_that_expired_makes_room_for_a_new_one(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with engine_of(tmp_path, PIZZA, clock=clock) as engine:
        await engine.turn("chat", "order a pizza")
        clock.advance(1799)
        assert said(await engine.turn("chat", "repeat")) == ["Which size?"]
        clock.advance(1800)
        reply = await engine.turn("chat", "hello")

    assert (reply.session.flow, reply.session.turn) == (None, 1)


async def test_a_flow_can_expire_earlier_than_the_bot(tmp_path: Path) -> None:
    clock = VirtualClock()
    flow = PIZZA.replace("title:", "expires: 1 minute\ntitle:")
    async with engine_of(tmp_path, flow, clock=clock) as engine:
        await engine.turn("chat", "order a pizza")
        clock.advance(61)

        assert (await engine.turn("chat", "large")).session.slots == {}


@pytest.mark.parametrize("seconds", [-86400.0, -1.0, 315360000.0])
async def test_a_clock_that_jumps_loses_nothing(tmp_path: Path, seconds: float) -> None:
    clock = VirtualClock()
    async with engine_of(tmp_path, TALK, clock=clock) as engine:
        await engine.start("chat", "talk")
        await engine.turn("chat", "one", request_id="r1")
        clock.advance(seconds)
        again = await engine.turn("chat", "one", request_id="r1")
        reply = await engine.turn("chat", "two")

    assert again.duplicate
    assert reply.session.slots == ({"a": "one", "b": "two"} if seconds < 0 else {})
