"""A bot's own functions in the place of the stages of a turn."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from fsm_engine import (
    ActionCall,
    Engine,
    HookError,
    IntentGuess,
    Message,
    Rejected,
    Stage,
    StageContext,
    StageFailure,
    Stages,
)
from fsm_engine.engine.journal import replay
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.turn import Reply, Turn
from tests.engine.conftest import MakeBot
from tests.support.bots import BUY, ORDER, Bot, slots, texts

# proves: A5

APOLOGY = "I am sorry, something went wrong on my side. Please send that again."
DISH = "Which dish?"
VISIT = """
flow: visit
start: {phrases: [I want to visit]}
steps:
  - {ask: day, type: date today.., prompt: {en: Which day?, es: ¿Qué día?}}
  - {end: {en: "{day | date long}.", es: "{day | date long}."}}
"""
TWO_LANGUAGES = "bot: demo\nlanguages: [en, es]\n"


def nothing(*arguments: Any) -> None:
    """A stage that has nothing to say."""


async def state_of(bot: Bot, conversation: str = "chat") -> dict[str, Any]:
    (row,) = bot.rows("SELECT state_json FROM sessions ORDER BY key DESC LIMIT 1")
    state = dict(json.loads(row[0]))
    del state["turn"], state["moods"]  # the risk stage heard the message whatever became of it
    return state


def user_metadata(bot: Bot) -> dict[str, Any]:
    (row,) = bot.rows("SELECT metadata FROM messages WHERE role = 'user' ORDER BY id DESC LIMIT 1")
    return dict(json.loads(row[0]))


async def must_replay(bot: Bot, engine: Engine) -> None:
    """The journal advanced again, without any stage, gives what was stored and said."""
    (session_id,) = bot.rows("SELECT id FROM sessions ORDER BY key DESC LIMIT 1")[0]
    journal = await engine.store.sessions.journal(session_id)
    outcomes = list(replay(load_flows(bot.flows), journal))

    for stored, outcome in zip(journal, outcomes, strict=True):
        assert outcome.messages == decode(Reply, stored.reply_json).messages
    (state,) = bot.rows("SELECT state_json FROM sessions ORDER BY key DESC LIMIT 1")[0]
    assert encode(outcomes[-1].state).decode() == state


async def test_what_a_classifier_says_is_followed_and_recorded_with_its_method(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    seen: list[tuple[str, StageContext]] = []

    def classify(text: str, context: StageContext) -> IntentGuess:
        seen.append((text, context))
        return IntentGuess("order", 0.9, "ml")

    async with bot.open(stages={"classify": classify}) as engine:
        reply = await engine.turn("chat", "feed me", user_id="ana", metadata={"source": "web"})
        await must_replay(bot, engine)

    assert texts(reply) == [DISH]
    text, context = seen[0]
    assert (text, context.text, context.user_id, context.metadata) == ("feed me", "feed me", "ana", {"source": "web"})
    assert bot.rows("SELECT classified_intent, confidence, method FROM intent_classifications") == [
        ("order", 0.9, "ml")
    ]


@pytest.mark.parametrize(("confidence", "is_followed"), [(0.49, False), (0.5, True)])
async def test_the_thresholds_of_the_bot_hold_for_what_a_stage_says(
    make_bot: MakeBot, confidence: float, is_followed: bool
) -> None:
    bot = make_bot(ORDER)
    guess = IntentGuess("order", confidence, "ml")
    async with bot.open(stages={"classify": lambda text, context: guess}) as engine:
        reply = await engine.turn("chat", "hm")

    assert (texts(reply) == [DISH]) is is_followed


async def test_entities_that_a_stage_extracts_answer_the_open_question(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)

    async def extract(text: str, context: StageContext) -> dict[str, str]:
        return {"dish": "pizza"} if context.session.step == "dish" else {}

    async with bot.open(stages={"extract": extract}) as engine:
        await engine.turn("chat", "I want to order")
        reply = await engine.turn("chat", "the usual")
        await must_replay(bot, engine)

    assert slots(reply) == {"dish": "pizza"}


async def test_entities_are_checked_by_a_stage_and_what_it_drops_is_not_used(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    given: list[object] = []

    def verify(entities: dict[str, Any], context: StageContext) -> dict[str, Any]:
        given.append(dict(entities))
        return {name: value for name, value in entities.items() if value != "stones"}

    async with bot.open(stages={"verify": verify}) as engine:
        await engine.turn("chat", "I want to order")
        reply = await engine.turn("chat", "soup", entities={"dish": "stones"})

    assert given == [{"dish": "stones"}]
    assert slots(reply) == {"dish": "soup"}


async def test_a_stage_may_refuse_a_message_and_the_question_stands(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)

    def validate(text: str, context: StageContext) -> str | None:
        return "Please write politely." if "rude" in text else None

    async with bot.open(stages={"validate": validate}) as engine:
        await engine.turn("chat", "I want to order")
        before = await state_of(bot)
        reply = await engine.turn("chat", "rude soup")
        after = await state_of(bot)
        await must_replay(bot, engine)
        answered = await engine.turn("chat", "soup")

    assert texts(reply) == ["Please write politely."]
    assert before == after
    assert slots(answered) == {"dish": "soup"}
    heard = bot.rows("SELECT content FROM messages WHERE role = 'user' ORDER BY id")
    assert heard == [("I want to order",), ("rude soup",), ("soup",)]


async def test_what_is_said_can_be_changed_before_it_leaves_and_is_stored_as_it_was_said(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)

    def shout(messages: tuple[Message, ...], context: StageContext) -> list[Message]:
        return [Message(message.text.upper(), message.options) for message in messages]

    async with bot.open(stages={"before_reply": shout}) as engine:
        reply = await engine.turn("chat", "I want to order", request_id="1")
        again = await engine.turn("chat", "I want to order", request_id="1")
        history = await engine.history("chat")
        await must_replay(bot, engine)

    assert texts(reply) == texts(again) == ["WHICH DISH?"]
    assert history[-1].content == "WHICH DISH?"


async def test_a_session_stage_says_where_the_user_is(make_bot: MakeBot) -> None:
    """At 23:30 in UTC it is tomorrow already in Tokyo."""
    bot = make_bot(VISIT, TWO_LANGUAGES)
    bot.clock.advance(14.5 * 3600)

    def session(context: StageContext) -> dict[str, str]:
        return {"timezone": "Asia/Tokyo", "language": "es", "region": "JP"}

    async with bot.open(stages={"session": session}) as engine:
        asked = await engine.turn("chat", "I want to visit")
        reply = await engine.turn("chat", "mañana")
        await must_replay(bot, engine)

    assert texts(asked) == ["¿Qué día?"]
    assert texts(reply) == ["6 de marzo de 2026."]


async def test_a_session_stage_may_begin_anew(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)

    def session(context: StageContext) -> dict[str, bool]:
        return {"new": context.text == "I want to order" and context.session.turn > 0}

    async with bot.open(stages={"session": session}) as engine:
        first = await engine.turn("chat", "I want to order")
        await engine.turn("chat", "soup")
        second = await engine.turn("chat", "I want to order")
        await must_replay(bot, engine)

    assert texts(second) == [DISH]
    assert second.session.id != first.session.id
    assert bot.rows("SELECT status FROM sessions ORDER BY key") == [("cancelled",), ("active",)]


async def test_a_session_that_waits_for_its_users_safety_does_not_begin_anew(make_bot: MakeBot) -> None:
    careful = """
    risk: careful
    detectors: [{phrases: crisis}]
    levels:
      high: {say: I am glad you told me., afterwards: pause until safe}
    """
    bot = make_bot(ORDER, careful)
    async with bot.open(stages={"session": lambda context: {"new": True}}) as engine:
        first = await engine.turn("chat", "I want to kill myself")
        second = await engine.turn("chat", "I want to order")

    assert first.session.id == second.session.id


async def test_an_action_runs_through_its_stage_and_is_recorded_as_ever(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)
    called: list[str] = []

    async def act(call: ActionCall, function: Callable[[ActionCall], Any]) -> Any:
        called.append(call.idempotency_key)
        return {**function(call), "seen": True}

    async with bot.open(stages={"act": act}) as engine:
        engine.action("shop.buy")(lambda call: {"number": 7})
        await engine.start("chat", "buy")
        reply = await engine.turn("chat", "soup")

    assert texts(reply) == ["Bought soup: number 7."]
    ((key, status, output),) = bot.rows("SELECT idempotency_key, status, output_data FROM audit_log")
    assert (called, status, json.loads(output)) == ([key], "success", {"number": 7, "seen": True})


async def test_an_act_stage_that_fails_is_an_action_that_failed(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)

    def act(call: ActionCall, function: Callable[[ActionCall], Any]) -> Any:
        raise Rejected("not today")

    async with bot.open(stages={"act": act}) as engine:
        engine.action("shop.buy")(lambda call: 7)
        await engine.start("chat", "buy")
        await engine.turn("chat", "soup")

    assert bot.rows("SELECT status, error_message FROM audit_log") == [("failure", "rejected")]


def raising(*arguments: Any) -> Any:
    raise RuntimeError("never shown")


async def hanging(*arguments: Any) -> Any:
    await asyncio.Event().wait()


FAILURES: dict[str, tuple[Callable[..., Any], str]] = {
    "raises": (raising, "raised (RuntimeError)"),
    "exits": (lambda *arguments: exit(1), "raised (HookError)"),
    "hangs": (hanging, "late"),
    "a number": (lambda *arguments: 7, "nonsense (int)"),
    "2 MB": (lambda *arguments: "x" * 2_000_000, "nonsense (str)"),
    "an object": (lambda *arguments: object(), "nonsense (object)"),
    "an endless list": (lambda *arguments: itertools.repeat(3), "nonsense (repeat)"),
}
BEFORE_THE_MACHINE = ["session", "validate", "classify", "extract"]
EVERYWHERE = [*BEFORE_THE_MACHINE, "verify", "before_reply"]


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("stage", EVERYWHERE)
async def test_a_stage_that_fails_ends_in_an_apology_and_changes_nothing(
    make_bot: MakeBot, stage: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    bot = make_bot(ORDER)
    function, how = FAILURES[kind]
    async with bot.open() as engine:
        await engine.turn("chat", "I want to order")
        before = await state_of(bot)
        engine.stage(stage, time_limit_s=0.05 if kind == "hangs" else 60)(function)
        with caplog.at_level(logging.WARNING):
            reply = await engine.turn("chat", "a secret dish", entities={"dish": "a secret dish"}, request_id="1")
            again = await engine.turn("chat", "a secret dish", entities={"dish": "a secret dish"}, request_id="1")
        after = await state_of(bot)
        await must_replay(bot, engine)
        engine.stage(stage)(nothing if stage != "classify" else lambda *arguments: None)
        later = await engine.turn("chat", "soup")

    assert texts(reply) == texts(again) == [APOLOGY]
    assert before == after
    failed = f"{stage}: {how}"
    (event,) = bot.rows("SELECT event_json FROM turns WHERE number = 2")[0]
    assert json.loads(event)["stages"]["failed"] == [failed]
    (metadata,) = bot.rows("SELECT metadata FROM messages WHERE role = 'user' ORDER BY id")[1]
    assert json.loads(metadata)["stages"] == {"failed": [failed]}
    assert failed in caplog.text
    assert "secret" not in caplog.text
    assert "never shown" not in caplog.text
    assert slots(later) == {"dish": "soup"}


@pytest.mark.parametrize("stage", EVERYWHERE)
async def test_risk_is_met_first_however_a_stage_fails(make_bot: MakeBot, stage: str) -> None:
    bot = make_bot(ORDER)
    async with bot.open(stages={stage: raising}) as engine:
        reply = await engine.turn("chat", "I want to kill myself", entities={"dish": "x"})

    assert reply.risk == "high"
    assert "findahelpline.com" in texts(reply)[0]
    assert bot.rows("SELECT severity FROM risk_detections") == [("high",)]


async def test_words_about_risk_are_not_shown_to_whoever_changes_what_is_said(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    shown: list[tuple[Message, ...]] = []

    def silence(messages: tuple[Message, ...], context: StageContext) -> str:
        shown.append(messages)
        return "All is well."

    async with bot.open(stages={"before_reply": silence}) as engine:
        await engine.turn("chat", "I want to order")
        reply = await engine.turn("chat", "I want to kill myself")

    assert len(shown) == 1
    assert "findahelpline.com" in "".join(texts(reply))


@pytest.mark.parametrize(
    ("locale", "bot_file", "apology"),
    [
        ("es", TWO_LANGUAGES, "Lo siento, algo ha fallado por mi parte. Por favor, envíalo otra vez."),
        ("es", TWO_LANGUAGES + "apology: {en: Oops., es: Ay.}\n", "Ay."),
        ("en", TWO_LANGUAGES + "apology: {en: Oops., es: Ay.}\n", "Oops."),
    ],
)
async def test_the_apology_is_the_bots_in_the_users_language(
    make_bot: MakeBot, locale: str, bot_file: str, apology: str
) -> None:
    bot = make_bot(ORDER, bot_file)
    async with bot.open(stages={"extract": raising}) as engine:
        reply = await engine.turn("chat", "I want to order", locale=locale)

    assert texts(reply) == [apology]


async def test_recover_says_what_the_user_is_told(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    failures: list[StageFailure] = []

    def recover(failure: StageFailure, context: StageContext) -> str:
        failures.append(failure)
        return "One moment, please try again."

    async with bot.open(stages={"extract": raising, "recover": recover}) as engine:
        reply = await engine.turn("chat", "I want to order")
        await must_replay(bot, engine)

    assert texts(reply) == ["One moment, please try again."]
    assert failures == [StageFailure("extract", "raised", "RuntimeError")]


async def test_a_recovery_that_fails_as_well_leaves_the_apology(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open(stages={"extract": raising, "recover": raising}) as engine:
        reply = await engine.turn("chat", "I want to order")

    assert texts(reply) == [APOLOGY]
    assert user_metadata(bot)["stages"]["failed"] == [
        "extract: raised (RuntimeError)",
        "recover: raised (RuntimeError)",
    ]


async def test_a_flow_that_could_not_be_begun_can_be_begun_again(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open(stages={"before_reply": raising}) as engine:
        reply = await engine.start("chat", "order")
        engine.stage("before_reply")(nothing)
        again = await engine.start("chat", "order")

    assert texts(reply) == [APOLOGY]
    assert reply.session.flow is None
    assert texts(again) == [DISH]


async def test_what_an_action_did_stands_though_its_words_could_not_be_said(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)

    def before_reply(messages: tuple[Message, ...], context: StageContext) -> None:
        if "Bought" in messages[0].text:
            raise RuntimeError

    async with bot.open(stages={"before_reply": before_reply}) as engine:
        engine.action("shop.buy")(lambda call: 7)
        await engine.start("chat", "buy")
        reply = await engine.turn("chat", "soup")
        await must_replay(bot, engine)

    assert texts(reply) == [APOLOGY]
    assert reply.session.status == "completed"
    assert bot.rows("SELECT status FROM audit_log") == [("success",)]


async def test_a_second_delivery_asks_no_stage_again(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    asked: list[str] = []

    def extract(text: str, context: StageContext) -> None:
        asked.append(text)

    async with bot.open(stages={"extract": extract}) as engine:
        first = await engine.turn("chat", "I want to order", request_id="1")
        second = await engine.turn("chat", "I want to order", request_id="1")
    async with bot.open(stages={"extract": extract}) as engine:
        third = await engine.turn("chat", "I want to order", request_id="1")

    assert texts(first) == texts(second) == texts(third)
    assert asked == ["I want to order"]


async def test_too_long_a_message_is_shown_to_no_stage_but_the_sessions(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    stages = dict.fromkeys(("validate", "classify", "extract", "verify"), raising)
    async with bot.open(stages=stages) as engine:
        reply = await engine.turn("chat", "x" * 1001)

    assert APOLOGY not in texts(reply)


async def test_without_stages_the_journal_holds_nothing_of_them(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        await engine.turn("chat", "I want to order")

    (event,) = bot.rows("SELECT event_json FROM turns")[0]
    assert decode(Turn, event).stages is None
    assert user_metadata(bot) == {}


@pytest.mark.parametrize(
    ("name", "function", "message"),
    [
        ("clasify", nothing, "stage 'clasify': there is no such stage. Did you mean 'classify'?"),
        ("classify", lambda text: None, "Write: def classify(text, context): ..."),
        ("session", lambda a, b: None, "Write: def session(context): ..."),
        ("act", lambda call, function, more: None, "Write: def act(call, function): ..."),
        ("extract", "a text", "stage 'extract': str is not a function. Write: def extract(text, context): ..."),
    ],
)
async def test_a_function_that_does_not_fit_is_refused_when_it_is_registered(
    make_bot: MakeBot, name: str, function: Any, message: str
) -> None:
    bot = make_bot(ORDER)
    with pytest.raises(HookError) as error:
        async with bot.open(stages={name: function}):
            pytest.fail("it was opened")

    assert message in str(error.value)
    assert not bot.database.exists()


@pytest.mark.parametrize("option", ["intent_hooks", "risk_hooks"])
async def test_a_hook_that_does_not_take_a_text_is_refused_when_it_is_registered(
    make_bot: MakeBot, option: str
) -> None:
    def hook() -> None:
        """Takes nothing."""

    with pytest.raises(HookError, match=r"Write: def my_hook\(text\)"):
        async with make_bot(ORDER).open(**{option: [hook]}):
            pytest.fail("it was opened")


@pytest.mark.parametrize("limit", [0, -1, 61, float("nan")])
def test_a_time_limit_that_cannot_be_meant_is_refused(limit: float) -> None:
    with pytest.raises(HookError, match="more than 0 and at most 60"):
        Stages().stage("extract", time_limit_s=limit)


def test_every_stage_has_a_signature() -> None:
    from fsm_engine.engine.stages import EXPECTED

    assert set(EXPECTED) == set(Stage)


async def test_functions_of_any_shape_that_fit_are_taken(make_bot: MakeBot) -> None:
    class Extractor:
        async def __call__(self, text: str, context: StageContext, more: int = 1) -> dict[str, str]:
            return {"dish": "pizza"}

    stages = Stages()
    stages.stage("extract")(Extractor())
    stages.stage("validate")(nothing)
    async with make_bot(ORDER).open(stages=stages) as engine:
        await engine.turn("chat", "I want to order")
        reply = await engine.turn("chat", "the usual")

    assert slots(reply) == {"dish": "pizza"}


async def test_an_intent_hook_below_the_threshold_leaves_the_word_to_the_shipped_classifier(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open(intent_hooks=[lambda text: IntentGuess("order", 0.3, "ml")]) as engine:
        await engine.turn("chat", "I want to order")

    assert bot.rows("SELECT confidence, method FROM intent_classifications") == [(1.0, "rule_based")]


async def test_the_likeliest_guess_of_a_hook_counts_wherever_it_stands(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, VISIT, TWO_LANGUAGES)
    guesses = [IntentGuess("visit", 0.6, "ml"), IntentGuess("order", 0.95, "hybrid")]
    async with bot.open(intent_hooks=[lambda text: guesses]) as engine:
        reply = await engine.turn("chat", "hm")

    assert texts(reply) == [DISH]
    assert bot.rows("SELECT classified_intent, confidence, method FROM intent_classifications") == [
        ("order", 0.95, "hybrid")
    ]


def test_stages_work_without_an_event_loop_of_ones_own(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    with Engine.open_sync(bot.address, flows=bot.flows) as engine:
        engine.stage("before_reply")(lambda messages, context: "Hello.")

        assert engine.turn("chat", "I want to order").text == "Hello."
