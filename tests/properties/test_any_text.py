"""Whatever is typed, wherever a flow stands: it is answered, and the state that it leaves can be read back."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fsm_engine.core.compile import Node
from fsm_engine.engine.engine import Engine
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.flow import Ask, Confirm, Repeat
from fsm_engine.model.session import SessionState, Status
from fsm_engine.model.turn import Reply
from fsm_engine.testing.clock import VirtualClock
from fsm_engine.testing.generate import messages
from fsm_engine.testing.typed import HOSTILE
from tests.support.conversations import (
    CONVERSATION,
    PATIENCE_MS,
    SHIPPED,
    WAYS,
    Bank,
    Event,
    beginnings,
    deliver,
    hold,
    opened,
)
from tests.support.talk import must_be_legal

# proves: C1, C3, C6, M4, A5


async def check(beginning: list[Event], texts: list[str]) -> None:
    clock = VirtualClock()
    async with opened(":memory:", clock, Bank()) as engine:
        for number, event in enumerate([*beginning, *map(Event, texts)]):
            clock.advance(event.wait_s)
            reply = await deliver(engine, event, number)

            assert reply.messages
            assert all(message.text.strip() for message in reply.messages)
            await must_be_stored_as_told(engine, reply)


async def must_be_stored_as_told(engine: Engine, reply: Reply) -> None:
    stored = await engine.store.sessions.get(reply.session.id)
    assert stored is not None
    state = decode(SessionState, stored.state_json)
    must_be_legal(SHIPPED, state)

    assert encode(state).decode() == stored.state_json
    assert (state.status, state.turn) == (reply.session.status, reply.session.turn)
    assert state.status is not Status.ACTIVE or reply.expects is not None or not state.frames
    assert await engine.session(CONVERSATION) == reply.session


@settings(max_examples=120, deadline=PATIENCE_MS)
@given(beginning=beginnings(), texts=st.lists(messages(), min_size=1, max_size=5))
@example(beginning=[Event(start="wellbeing")], texts=list(HOSTILE))
async def test_any_text_at_any_step_is_answered_and_kept(beginning: list[Event], texts: list[str]) -> None:
    await check(beginning, texts)


@pytest.mark.slow
@settings(max_examples=3_000, deadline=PATIENCE_MS)
@given(beginning=beginnings(), texts=st.lists(messages(), min_size=1, max_size=12))
async def test_any_text_at_any_step_is_answered_and_kept_in_long_conversations(
    beginning: list[Event], texts: list[str]
) -> None:
    await check(beginning, texts)


def is_question(node: Node) -> bool:
    return isinstance(node.step, (Ask, Confirm, Repeat))


async def test_the_beginnings_stand_at_every_question_of_every_flow() -> None:
    reached = set()
    for flow, ways in WAYS.items():
        for way in ways:
            replies = await hold(":memory:", [Event(start=flow), *map(Event, way)])
            reached |= {(reply.session.flow, reply.session.step) for reply in replies}

            assert replies[-1].session.status is Status.COMPLETED
            assert all(reply.session.status is Status.ACTIVE for reply in replies[:-1])
    questions = {
        (name, node.name) for name, flow in SHIPPED.compiled.items() for node in flow.nodes if is_question(node)
    }

    assert questions <= reached
    assert WAYS.keys() == SHIPPED.compiled.keys()
