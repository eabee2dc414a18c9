"""Every message is read by every detector, on every path; a detector that fails clears nobody."""

# proves: C4, R1

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from fsm_engine import RiskFinding, RiskLevel
from fsm_engine.core.flows import Flows
from fsm_engine.engine.engine import Engine
from fsm_engine.errors import FlowError, HookError
from tests.engine.conftest import MakeBot
from tests.support.bots import ORDER, texts

POLICY = """
risk: r
version: 3
detectors:
  - phrases: crisis
  - {hook: model, time_limit: 50 ms, if_unavailable: treat as low}
levels:
  low: {record: true}
  medium: {say: That sounds hard., resources: true, afterwards: ask again}
  high: {say: I am glad you told me., resources: true, notify: safeguarding, afterwards: pause until safe}
resources:
  US: {name: Lifeline, contact: "988"}
"""
PLAIN = POLICY.replace("  - {hook: model, time_limit: 50 ms, if_unavailable: treat as low}\n", "")
BOT = "bot: b\nrisk: r\nmessage_limit: 100\n"


class Listener:
    """A hook that finds nothing and remembers what it was shown."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, text: str) -> None:
        self.heard.append(text)


async def test_every_message_is_read_whatever_it_says_and_wherever_it_is_said(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, POLICY, BOT)
    listener = Listener()
    said = [
        "hello", "I want to order", "help", "back", "Soup", "back", "what have I said?", "repeat", "x" * 101,
        "I am going to kill myself tonight", "maybe", "yes", "cancel", "no", "human", "after the end",
    ]  # fmt: skip
    async with bot.open(risk_hooks={"model": listener}) as engine:
        for number, text in enumerate(said):
            await engine.turn("chat", text, request_id=f"r{number}")
        await engine.turn("chat", said[0], request_id="r0")

    assert listener.heard == said


async def test_a_detection_is_stored_with_its_message_and_what_was_shown(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, PLAIN, BOT)
    async with bot.open() as engine:
        await engine.start("chat", "order")
        reply = await engine.turn("chat", "I am going to kill myself tonight", request_id="r1")
        (found, *others) = await engine.store.risk.of_session(reply.session.id)
        said = await engine.history("chat")
        notices = await engine.store.deliveries.of_session(reply.session.id)
        audit = await engine.store.audit.of_session(reply.session.id)

    assert reply.risk is RiskLevel.HIGH
    assert texts(reply)[0] == "I am glad you told me."
    assert "Lifeline: 988" in reply.text
    assert (found.level, found.detector_version, found.turn) == ("high", "3+3", 2)
    assert found.phrase in "I am going to kill myself tonight"
    assert (found.user_message, found.resources_shown, found.reviewed_by) == (
        "I am going to kill myself tonight",
        True,
        None,
    )
    assert {other.message_id for other in (found, *others)} == {
        next(message.id for message in said if message.role == "user")
    }
    assert [(one.kind, one.target, one.status) for one in notices] == [("notify", "safeguarding", "pending")]
    assert audit == []


async def test_a_level_without_resources_is_recorded_as_such(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, POLICY, BOT)
    async with bot.open(risk_hooks={"model": lambda text: "low"}) as engine:
        await engine.start("chat", "order")
        reply = await engine.turn("chat", "Soup")

    assert texts(reply) == ["Any wish for your Soup?"]
    assert bot.rows("SELECT severity, category, detector, resources_shown FROM risk_detections") == [
        ("low", "unspecified", "model", 0)
    ]


async def test_a_second_delivery_shows_the_same_help_and_writes_nothing(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, PLAIN, BOT)
    async with bot.open() as engine:
        reply = await engine.turn("chat", "I am going to kill myself tonight", request_id="r1")
        counted = bot.rows("SELECT count(*) FROM risk_detections")
        again = await engine.turn("chat", "I am going to kill myself tonight", request_id="r1")

    assert (again.messages, again.risk, again.duplicate) == (reply.messages, RiskLevel.HIGH, True)
    assert bot.rows("SELECT count(*) FROM risk_detections") == counted


def raises(text: str) -> None:
    raise RuntimeError(text)


async def hangs(text: str) -> None:
    await asyncio.Event().wait()


async def cancels_itself(text: str) -> None:
    raise asyncio.CancelledError


def exits(text: str) -> None:
    raise SystemExit


def endless(text: str) -> Any:
    while True:
        yield RiskFinding("low", "c", "p", "d")


HOOKS: dict[str, Callable[[str], Any]] = {
    "raises": raises,
    "hangs": hangs,
    "cancels itself": cancels_itself,
    "exits": exits,
    "never ends its list": endless,
    "a number": lambda text: 7,
    "a wrong level": lambda text: "terrible",
    "a list of nonsense": lambda text: [None],
    "an unhashable level": lambda text: RiskFinding([], "c", "p", "d"),  # type: ignore[arg-type]
    "2 MB": lambda text: "x" * 2_000_000,
    "2 MB of phrase": lambda text: RiskFinding("low", "c", "x" * 2_000_000, "d"),
    "2 MB of category": lambda text: RiskFinding("low", "x" * 2_000_000, "p", "d"),
    "too many": lambda text: [RiskFinding("low", "c", "p", "d")] * 1000,
    "no category": lambda text: RiskFinding("high", None, "p", "d"),  # type: ignore[arg-type]
    "no detector": lambda text: RiskFinding("high", "c", "p", None),  # type: ignore[arg-type]
    "a phrase that is no text": lambda text: RiskFinding("high", "c", b"p", "d"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("hook", HOOKS)
async def test_a_hook_that_fails_clears_nobody_and_costs_no_turn(make_bot: MakeBot, hook: str) -> None:
    bot = make_bot(ORDER, POLICY, BOT)
    async with bot.open(risk_hooks={"model": HOOKS[hook]}) as engine:
        await engine.start("chat", "order")
        reply = await engine.turn("chat", "Soup")

    assert texts(reply) == ["Any wish for your Soup?"]
    assert reply.risk is RiskLevel.LOW
    assert bot.rows("SELECT severity, category, trigger_phrase, detector FROM risk_detections") == [
        ("low", "not_cleared", "", "model")
    ]


SPANS = {
    "told": ((7, 11), (7, 11)),
    "all of it": ((0, 12), (0, 12)),
    "none": ((None, None), (None, None)),
    "reversed": ((5, 2), (None, None)),
    "empty": ((2, 2), (None, None)),
    "beyond the text": ((0, 13), (None, None)),
    "before the text": ((-3, 2), (None, None)),
    "half of one": ((3, None), (None, None)),
    "no numbers": (("0", "2"), (None, None)),
    "truth values": ((False, True), (None, None)),
    "fractions": ((0.0, 2.0), (None, None)),
    "too large": ((0, 2**80), (None, None)),
}


@pytest.mark.parametrize("name", SPANS)
async def test_a_span_of_a_hook_is_kept_where_it_is_one(
    make_bot: MakeBot, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    bot = make_bot(ORDER, POLICY, BOT)
    given, kept = SPANS[name]
    found = RiskFinding("high", "harm", "soup", "model", "7", *given, read_as="zuppa")  # type: ignore[arg-type]
    async with bot.open(risk_hooks={"model": lambda text: found}) as engine:
        await engine.start("chat", "order")
        reply = await engine.turn("chat", "A great soup")

    assert reply.risk is RiskLevel.HIGH
    assert bot.rows("SELECT span_start, span_end, trigger_phrase, read_as, detector_version FROM risk_detections") == [
        (*kept, "soup", "zuppa", "7")
    ]
    assert ("The finding is kept without it." in caplog.text) == (given != kept)
    assert "soup" not in caplog.text


async def test_where_the_words_stand_is_told_in_the_message_as_it_is_stored(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    typed = "  Caf\u0065\u0301,\r\n\u202eI w\u200bant\u200b to d!e \N{PENSIVE FACE}  "
    async with bot.open() as engine:
        await engine.turn("chat", typed)
        (message,) = await engine.store.messages.last("chat", role="user")
        (found,) = await engine.store.risk.of_session(message.session_id or "")

    assert message.content[found.start : found.end] == found.phrase == "want to d!e"
    assert (found.read_as, found.message_id, found.user_message) == ("want to die", message.id, message.content)


async def test_words_at_the_end_of_a_message_that_is_too_long_are_found_where_they_are_stored(
    make_bot: MakeBot,
) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        await engine.turn("chat", "lemons " * 400 + "kill myself")
        (message,) = await engine.store.messages.last("chat", role="user")
        (found,) = await engine.store.risk.of_session(message.session_id or "")

    assert (found.start, found.end) == (2800, 2811)
    assert message.content[found.start : found.end] == "kill myself"


async def test_a_phrase_that_cannot_be_stored_is_stored_clean(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, POLICY, BOT)
    found = RiskFinding("high", "harm\0", "a\0b\ud800", "d\0")
    async with bot.open(risk_hooks={"model": lambda text: found}) as engine:
        reply = await engine.turn("chat", "Soup")

    assert reply.risk is RiskLevel.HIGH
    assert bot.rows("SELECT severity, category, trigger_phrase, detector FROM risk_detections") == [
        ("high", "harm", "ab\ufffd", "d")
    ]


async def test_a_failing_hook_hides_nothing_that_another_detector_finds(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, POLICY, BOT)
    async with bot.open(risk_hooks={"model": raises, "other": lambda text: "medium"}) as engine:
        reply = await engine.turn("chat", "I am going to kill myself tonight")

    assert reply.risk is RiskLevel.HIGH
    levels = dict(bot.rows("SELECT detector, severity FROM risk_detections"))
    assert (levels["model"], levels["other"]) == ("low", "medium")
    assert "high" in levels.values()


async def test_a_hook_that_the_policy_names_must_be_registered(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, POLICY, BOT)
    with pytest.raises(FlowError) as raised:
        async with bot.open(risk_hooks={"modell": raises}):
            pass

    (problem,) = raised.value.problems
    assert (problem.code, problem.at.line) == ("unknown-hook", 5)
    assert problem.at.file.endswith("2.yaml")
    assert "'model'" in problem.message
    assert "Did you mean 'modell'?" in problem.message
    assert not bot.database.exists()


async def test_hooks_without_a_name_are_refused(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    with pytest.raises(HookError, match="pass functions, or a mapping"):
        async with bot.open(risk_hooks=[Listener()]):
            pass


async def test_without_a_policy_the_default_is_in_force(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        await engine.start("chat", "order")
        reply = await engine.turn("chat", "I am going to kill myself tonight")

    assert reply.risk is RiskLevel.HIGH
    assert "findahelpline.com" in reply.text
    assert bot.rows("SELECT count(*) > 0 FROM risk_detections") == [(1,)]


async def test_loaded_flows_are_guarded_as_well(make_bot: MakeBot) -> None:
    from fsm_engine import load_flows

    bot = make_bot(ORDER, PLAIN, BOT)
    flows = load_flows(bot.flows)
    assert isinstance(flows, Flows)
    async with Engine.open(bot.address, flows=flows, clock=bot.clock) as engine:
        reply = await engine.turn("chat", "I am going to kill myself tonight")

    assert reply.risk is RiskLevel.HIGH
