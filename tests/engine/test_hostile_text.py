"""What users and careless bots send: answered or politely refused, stored clean, echoed literally."""

# proves: M4

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from fsm_engine import IntentGuess
from fsm_engine.errors import InvalidArgument
from fsm_engine.understanding.text import HARD_LIMIT
from tests.engine.conftest import MakeBot
from tests.support.bots import ORDER, slots, texts

BOT = "bot: b\nmessage_limit: 100\n"
TOO_LONG = "That message is too long for me: at most 100 characters. Could you say it more briefly, or in parts?"

STORED = {
    "NUL": ("so\0up", "soup"),
    "a lone surrogate": ("soup \ud800", "soup \ufffd"),
    "a pair of surrogates": ("soup \ud83c\udf72", "soup \U0001f372"),
    "bidi controls": ("s\u202eou\u2066p", "soup"),
    "zero width": ("so\u200bup\ufeff", "soup"),
    "a terminal's colours": ("so\x1b[31mup", "so[31mup"),
    "combining characters": ("cafe\u0301", "caf\u00e9"),
    "SQL": ("'; DROP TABLE messages; --", "'; DROP TABLE messages; --"),
    "a template": ("{dish} {note!r} {0.__class__} %s ${x} {{7*7}}", "{dish} {note!r} {0.__class__} %s ${x} {{7*7}}"),
    "HTML": ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    "backslashes": (r"a\u0000b \\ \n", r"a\u0000b \\ \n"),
    "quotes": ("\"quoted\" 'twice' `thrice`", "\"quoted\" 'twice' `thrice`"),
    "line breaks": ("a\r\nb\u2028c", "a\nb\nc"),
}


@pytest.mark.parametrize("kind", STORED)
async def test_any_text_is_an_answer_stored_clean_and_echoed_literally(make_bot: MakeBot, kind: str) -> None:
    typed, kept = STORED[kind]
    bot = make_bot(ORDER, BOT)
    async with bot.open() as engine:
        await engine.start("chat", "order")
        reply = await engine.turn("chat", typed)
        said = await engine.history("chat")

    assert texts(reply) == [f"Any wish for your {kept}?"]
    assert slots(reply) == {"dish": kept}
    assert [message.content for message in said[-2:]] == [kept, f"Any wish for your {kept}?"]
    assert bot.rows("SELECT raw_text FROM user_responses") == [(kept,)]


HUGE = {
    "10 MiB": "x" * 10 * 2**20,
    "a million lines": "y\n" * 10**6,
    "a million combining marks": "e" + "\u0301" * 10**6,
    "just over the limit": "z" * 101,
    "a million lone surrogates": "\ud800" * 10**6,
}


@pytest.mark.parametrize("kind", HUGE)
async def test_what_is_too_long_is_refused_kindly_and_kept(make_bot: MakeBot, kind: str) -> None:
    bot = make_bot(ORDER, BOT)
    heard: list[str] = []
    async with bot.open(risk_hooks={"listener": heard.append}) as engine:
        await engine.start("chat", "order")
        reply = await engine.turn("chat", HUGE[kind], metadata={"source": "web"}, request_id="r1")
        again = await engine.turn("chat", HUGE[kind], request_id="r1")
        after = await engine.turn("chat", "Soup")
        message = next(message for message in await engine.history("chat") if message.role == "user")

    assert texts(reply)[-2:] == [TOO_LONG, "Which dish?"]
    assert len(reply.messages) == (2 if kind == "just over the limit" else 3)  # what nobody could read gets helplines
    assert again.messages == reply.messages
    assert slots(reply) == {}
    assert json.loads(message.metadata_json) == {"source": "web", "refused": "too_long"}
    assert 0 < len(message.content) <= HARD_LIMIT
    assert heard[0] == message.content
    assert texts(after) == ["Any wish for your Soup?"]


async def test_the_risk_stage_reads_what_the_dialogue_refuses(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOT)
    text = "blah " * 500_000 + " and so I am going to kill myself tonight"
    async with bot.open() as engine:
        await engine.start("chat", "order")
        reply = await engine.turn("chat", text)

    assert reply.risk == "high"
    assert bot.rows("SELECT count(*) > 0 FROM risk_detections WHERE severity = 'high'") == [(1,)]


@pytest.mark.parametrize("place", [0, 14_000, 16_000, 22_000, 29_000])
async def test_a_message_that_cannot_be_read_whole_is_not_cleared(make_bot: MakeBot, place: int) -> None:
    """Its middle is dropped: nobody knows what stood there."""
    bot = make_bot(ORDER, BOT)
    story = "the weather was fine and we went on. " * 900
    async with bot.open() as engine:
        await engine.start("chat", "order")
        reply = await engine.turn("chat", f"{story[:place]} I am going to kill myself tonight. {story[place:]}")

    is_read = place not in (16_000, 22_000)
    assert reply.risk == ("high" if is_read else "medium")
    found = bot.rows("SELECT severity, category, detector FROM risk_detections")
    assert ("medium", "not_cleared", "length") in found
    assert ("high" in {severity for severity, *_ in found}) == is_read


async def test_a_message_that_is_too_long_and_read_whole_is_no_risk(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER, BOT)
    async with bot.open() as engine:
        reply = await engine.turn("chat", "the weather was fine and we went on. " * 500)

    assert reply.risk is None


@pytest.mark.parametrize("text", ["", "   ", "\0", "\u200b", "\n\n"])
async def test_a_message_without_words_is_answered(make_bot: MakeBot, text: str) -> None:
    bot = make_bot(ORDER, BOT)
    async with bot.open() as engine:
        await engine.start("chat", "order")
        reply = await engine.turn("chat", text)

    assert reply.messages
    assert reply.session.step == "dish"
    assert slots(reply) == {}


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


UNSTORABLE: dict[str, Any] = {
    "a set": {"a": {1}},
    "an object": {"a": object()},
    "a huge number": {"a": 2**70},
    "a lone surrogate": {"a": "\ud800"},
    "NUL": {"a": ["x\0"]},
    "NUL in a key": {"a\0": 1},
    "numbers as keys": {1: "a"},
    "too deep": nested(2000),
    "too deep to be written again": nested(252),
    "too much": {"a": "x" * 70_000},
    "a list": [1],
    "a text": "a",
}


@pytest.mark.parametrize("what", ["metadata", "entities", "slots"])
@pytest.mark.parametrize("kind", UNSTORABLE)
async def test_what_a_bot_passes_and_nobody_can_store_is_refused(make_bot: MakeBot, kind: str, what: str) -> None:
    bot = make_bot(ORDER)
    value = UNSTORABLE[kind]
    async with bot.open() as engine:
        if what == "slots":
            call = engine.start("chat", "order", slots={"dish": value} if isinstance(value, dict) else value)
        else:
            call = engine.turn("chat", "Soup", **{what: value})
        with pytest.raises(InvalidArgument, match=what):
            await call
        assert await engine.turn("chat", "hello")

    assert bot.rows("SELECT count(*) FROM turns") == [(1,)]


NAMES = ("conversation_id", "request_id", "user_id", "locale", "intent")
BAD_IDS = [(what, bad) for what in NAMES for bad in ("x" * 256, "a\0b", "a\nb", "\ud800", "\u2028", 7, b"bytes")]
BAD_IDS += [("conversation_id", ""), ("conversation_id", None), ("request_id", ""), ("user_id", ""), ("intent", "")]


@pytest.mark.parametrize(("what", "bad"), BAD_IDS, ids=repr)
async def test_ids_that_cannot_be_stored_are_refused(make_bot: MakeBot, what: str, bad: Any) -> None:
    bot = make_bot(ORDER)
    call: dict[str, Any] = {"conversation_id": "chat", "text": "Soup", what: bad}
    async with bot.open() as engine:
        with pytest.raises(InvalidArgument, match=what):
            await engine.turn(**call)

    assert bot.rows("SELECT count(*) FROM turns") == [(0,)]


@pytest.mark.parametrize("bad", [None, 7, b"bytes", ["a"]], ids=repr)
async def test_a_message_must_be_text(make_bot: MakeBot, bad: Any) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as engine:
        with pytest.raises(InvalidArgument, match="text is a"):
            await engine.turn("chat", bad)


GUESSES: dict[str, Any] = {
    "too sure": lambda text: IntentGuess("order", 7.0),
    "not a number": lambda text: IntentGuess("order", float("nan")),
    "an unknown method": lambda text: IntentGuess("order", 1.0, "magic"),  # type: ignore[arg-type]
    "NUL": lambda text: "or\0der",
    "a lone surrogate": lambda text: "\ud800",
    "2 MB": lambda text: "x" * 2_000_000,
    "a number": lambda text: 7,
    "a list of numbers": lambda text: [7],
    "exits": lambda text: exit(1),
}


@pytest.mark.parametrize("kind", GUESSES)
async def test_an_intent_hook_that_returns_nonsense_costs_no_turn(make_bot: MakeBot, kind: str) -> None:
    bot = make_bot(ORDER)
    async with bot.open(intent_hooks=[GUESSES[kind]]) as engine:
        reply = await engine.turn("chat", "I want to order")

    assert texts(reply) == ["Which dish?"]
    assert bot.rows("SELECT method FROM intent_classifications") == [("rule_based",)]


async def test_an_intent_hook_that_never_ends_its_list_is_heard_for_a_while(make_bot: MakeBot) -> None:
    bot = make_bot(ORDER)
    async with bot.open(intent_hooks=[lambda text: itertools.repeat("order")]) as engine:
        reply = await engine.turn("chat", "hm")

    assert texts(reply) == ["Which dish?"]
