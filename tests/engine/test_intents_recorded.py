"""Whatever tells an intent, the user's message is stored with the intent, the confidence and the method."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine import IntentGuess
from fsm_engine.engine.journal import replay
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.codec import encode
from tests.engine.conftest import MakeBot
from tests.support.bots import Bot, texts

# proves: R4

ORDER = """
flow: order
title: ordering a meal
start: {phrases: [I want to order, order some food, bring me a meal, something to eat, quiero pedir comida]}
steps:
  - {ask: dish, type: text 1..60, prompt: Which dish?}
  - {end: Bye.}
"""
BOOK = """
flow: book
title: booking a table
start: {phrases: [I want to book a table, book a table for two, reserve a table, a table for tonight, reservar mesa]}
steps:
  - {ask: time, type: time, prompt: When?}
  - {end: Bye.}
"""
RECORDED = "SELECT classified_intent, method, fsm_state FROM intent_classifications ORDER BY session, turn"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def confidence(bot: Bot) -> float:
    return float(
        bot.rows("SELECT confidence FROM intent_classifications ORDER BY session DESC, turn DESC LIMIT 1")[0][0]
    )


async def test_what_was_learned_is_recorded_as_such(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOOK, "bot: b\nintents: ml\n")
    async with bot.open() as engine:
        reply = await engine.turn("chat", "could somebody bring food")

    assert texts(reply) == ["Which dish?"]
    assert bot.rows(RECORDED) == [("order", "ml", None)]
    assert 0.5 <= confidence(bot) < 1


async def test_nothing_found_is_recorded_with_the_method_that_looked(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOOK, "bot: b\nintents: ml\n")
    async with bot.open() as engine:
        await engine.turn("chat", "the weather is fine")

    assert bot.rows(RECORDED) == [(None, "ml", None)]
    assert confidence(bot) == 0


async def test_a_hybrid_records_who_told_each_intent(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOOK, "bot: b\nintents: hybrid\n")
    async with bot.open() as engine:
        await engine.turn("one", "order some food")
        await engine.turn("two", "could somebody bring food")
        await engine.turn("three", "the weather is fine")

    assert bot.rows(RECORDED) == [
        ("order", "rule_based", None),
        ("order", "ml", None),
        (None, "hybrid", None),
    ]


async def test_what_a_bot_or_its_hook_says_is_recorded_at_its_step(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOOK)
    async with bot.open(
        intent_hooks=[lambda text: IntentGuess("book", 0.9, "hybrid") if "9" in text else None]
    ) as engine:
        await engine.turn("chat", "hm", intent="order")
        await engine.turn("chat", "soup at 9")

    assert bot.rows(RECORDED) == [("order", "ml", None), ("book", "hybrid", "dish")]


async def test_two_intents_that_cannot_be_told_apart_are_put_to_the_user(make_bot: MakeBot) -> None:
    other = (
        BOOK.replace("flow: book", "flow: cancel_table").replace("booking", "cancelling").replace("book a", "cancel a")
    )
    other = other.replace("reserve a table, a table for tonight, reservar mesa", "give back a table, free a table")
    bot = make_bot(ORDER, BOOK, other, "bot: b\nintents: {method: ml, maybe: 0.4}\n")
    async with bot.open() as engine:
        asked = await engine.turn("chat", "I want a table")
        assert asked.expects is not None
        answered = await engine.turn("chat", "booking a table")

    assert sorted(asked.expects.options) == ["booking a table", "cancelling a table"]
    assert texts(answered) == ["When?"]


ASKING = "flow: f\nsteps:\n  - {ask: n, type: number, prompt: Number?}\n  - {end: Bye.}\n"


@pytest.mark.parametrize(("sure", "is_followed"), [(0.6, True), (0.99, False)])
async def test_the_thresholds_of_the_bot_decide_what_interrupts_a_question(
    make_bot: MakeBot, sure: float, is_followed: bool
) -> None:
    bot = make_bot(BOOK, ASKING, f"bot: b\nintents: {{method: ml, sure: {sure}, maybe: 0.5}}\n")
    async with bot.open() as engine:
        await engine.start("chat", "f")
        reply = await engine.turn("chat", "could I reserve some table for tonight")

    assert (texts(reply) == ["When?"]) is is_followed


async def test_a_replay_asks_no_classifier(make_bot: MakeBot) -> None:
    """Learned anew from other phrases, the model would say something else: the journal does not ask it."""
    bot = make_bot(ORDER, BOOK, "bot: b\nintents: ml\n")
    async with bot.open() as engine:
        await engine.turn("chat", "could somebody bring food")
        (session_id, state) = bot.rows("SELECT id, state_json FROM sessions")[0]
        journal = await engine.store.sessions.journal(session_id)
    flows = load_flows(bot.flows)
    flows.classifier = load_flows(Path("flows")).classifier

    (outcome,) = replay(flows, journal)
    assert encode(outcome.state).decode() == state
