"""The journal of any conversation, advanced again, gives the same bytes and asks nobody."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings

from fsm_engine.engine.engine import Engine
from fsm_engine.engine.journal import replay
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.session import SessionState
from fsm_engine.model.turn import Reply, Turn, TurnKind
from fsm_engine.testing.clock import VirtualClock
from tests.support.conversations import (
    CONVERSATION,
    IDLE_LIMIT_S,
    PATIENCE_MS,
    REFUSED,
    SHIPPED,
    TAKEN,
    WAYS,
    Bank,
    Event,
    deliver,
    opened,
    whole_conversations,
)

# proves: C3, C6, M2, M5, S3

EVERY_MESSAGE = 100_000


async def check(events: list[Event]) -> None:
    clock, bank = VirtualClock(), Bank()
    async with opened(":memory:", clock, bank) as engine:
        states: dict[str, dict[int, str]] = {}
        for number, event in enumerate(events):
            clock.advance(event.wait_s)
            reply = await deliver(engine, event, number)
            stored = await engine.store.sessions.get(reply.session.id)
            assert stored is not None
            states.setdefault(stored.id, {})[stored.turn] = stored.state_json
        asked = bank.calls
        clock.advance(IDLE_LIMIT_S * 10)
        for session_id, by_turn in states.items():
            await must_replay(engine, session_id, by_turn)

        assert bank.calls == asked


async def must_replay(engine: Engine, session_id: str, states: dict[int, str]) -> None:
    """``states`` holds the state's JSON as it stood in the database after each delivery, by the turn's number."""
    journal = await engine.store.sessions.journal(session_id)
    outcomes = list(replay(SHIPPED, journal))
    history = await engine.store.messages.last(CONVERSATION, limit=EVERY_MESSAGE)
    said = [(message.turn, message.role, message.content) for message in history if message.session_id == session_id]

    assert all(outcome.needs is None for outcome in outcomes)
    assert [outcome.state.turn for outcome in outcomes] == [stored.number for stored in journal]
    assert states.keys() <= {stored.number for stored in journal}
    assert max(states) == journal[-1].number
    for number, state_json in states.items():
        assert encode(outcomes[number - 1].state).decode() == state_json
    again = []
    for stored, outcome in zip(journal, outcomes, strict=True):
        reply, turn = decode(Reply, stored.reply_json), decode(Turn, stored.event_json)
        assert reply.messages == outcome.messages
        assert reply.expects == outcome.expects
        again += [(stored.number, "user", turn.text)] if turn.kind is TurnKind.TEXT else []
        again += [(stored.number, "assistant", message.text) for message in outcome.messages]
    assert again == said
    assert decode(SessionState, states[max(states)]) == outcomes[-1].state


ACCOUNT = [Event(start="create_account"), *map(Event, WAYS["create_account"][0])]
WITH_ALL = [
    Event("I want to open an account"),
    Event("Ahmed Ali"),
    Event(TAKEN),
    Event("ahmed@example.com"),
    Event("who can see this"),
    Event("set a goal"),
    Event("walk on two days", wait_s=IDLE_LIMIT_S + 1),
    Event("continue"),
    Event("cancel"),
    Event("yes"),
    *ACCOUNT[:-1],
    Event(f"actually my email is {REFUSED}"),
    Event("yes"),
]

IN_SPANISH_AND_LATE = [Event(start="goals", locale="es"), Event("hola", wait_s=IDLE_LIMIT_S + 1), Event("sí")]


@settings(max_examples=80, deadline=PATIENCE_MS)
@given(events=whole_conversations())
@example(events=WITH_ALL)
@example(events=ACCOUNT)
@example(events=IN_SPANISH_AND_LATE)
async def test_a_replay_gives_the_same_bytes_and_asks_nobody(events: list[Event]) -> None:
    await check(events)


@pytest.mark.slow
@settings(max_examples=1_500, deadline=PATIENCE_MS)
@given(events=whole_conversations(longest=25))
async def test_a_replay_of_a_long_conversation_gives_the_same_bytes_and_asks_nobody(events: list[Event]) -> None:
    await check(events)
