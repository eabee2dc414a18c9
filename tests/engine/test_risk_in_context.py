"""Words that mean little alone are heard beside what was said before, and a replay hears them alike."""

# proves: C4, P13

from __future__ import annotations

import pytest

from fsm_engine import load_flows
from fsm_engine.engine.journal import replay
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.session import SessionState
from tests.engine.conftest import MakeBot

POLICY = """
risk: r
detectors: [{phrases: crisis}]
levels:
  low: {record: true}
  medium: {say: That sounds hard., resources: true, afterwards: ask again}
  high: {say: I am glad you told me., resources: true, afterwards: ask again}
resources:
  US: {name: Lifeline, contact: "988"}
"""
BOT = "bot: b\nrisk: r\nlanguages: [en, es]\n"
TALK = "flow: talk\nsteps:\n" + "".join(
    f"  - {{ask: q{number}, type: whole number, prompt: And?}}\n" for number in range(9)
)


async def levels_of(make_bot: MakeBot, said: list[str]) -> list[str]:
    """The level of each message, said one after another in one session."""
    found = []
    async with make_bot(TALK, POLICY, BOT).open() as engine:
        await engine.start("chat", "talk")
        for text in said:
            reply = await engine.turn("chat", text)
            found.append(reply.risk.value if reply.risk else "none")
    return found


@pytest.mark.parametrize(
    ("said", "level"),
    [
        (["my life is over", "I want to end it"], "medium"),
        (["how do I close the chat", "I want to end it"], "low"),
        (["I feel so hopeless", "what's the point"], "medium"),
        (["it is for my mother", "what's the point"], "none"),
        (["quiero morirme", "ya no puedo"], "medium"),
        (["I want to hurt myself", "yes, I am safe"], "none"),
        (["I want to hurt myself", "yes"], "none"),
        (["quiero morirme", "sí, estoy a salvo"], "none"),
    ],
)
async def test_the_messages_before_decide_what_little_words_mean(
    make_bot: MakeBot, said: list[str], level: str
) -> None:
    assert (await levels_of(make_bot, said))[-1] == level


async def test_what_was_said_long_before_is_not_held_against_a_message(make_bot: MakeBot) -> None:
    said = ["I feel so hopeless", "Soup", "a big one", "without bread", "what's the point"]

    assert (await levels_of(make_bot, said))[-1] == "none"


async def test_a_process_that_starts_anew_remembers_the_messages_before(make_bot: MakeBot) -> None:
    bot = make_bot(TALK, POLICY, BOT)
    async with bot.open() as engine:
        await engine.start("chat", "talk")
        await engine.turn("chat", "I feel so hopeless")
    async with bot.open() as engine:
        reply = await engine.turn("chat", "what's the point")

    assert reply.risk is not None


async def test_the_state_keeps_no_words_of_the_messages_before_and_a_replay_gives_it_again(make_bot: MakeBot) -> None:
    bot = make_bot(TALK, POLICY, BOT)
    async with bot.open() as engine:
        await engine.start("chat", "talk")
        await engine.turn("chat", "I feel so hopeless")
        reply = await engine.turn("chat", "what's the point")
        stored = await engine.store.sessions.get(reply.session.id)
        journal = await engine.store.sessions.journal(reply.session.id)

    assert stored is not None
    assert "hopeless" not in stored.state_json
    assert decode(SessionState, stored.state_json).moods == ("distress", "distress")
    assert encode([*replay(load_flows(bot.flows), journal)][-1].state).decode() == stored.state_json
