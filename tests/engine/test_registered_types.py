"""A bot's own types: registered once, read in the middle of a turn, and never able to cost one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fsm_engine import (
    Actions,
    DoesNotFit,
    Engine,
    Fits,
    FlowError,
    HookError,
    ReadingContext,
    SeveralFit,
    check_flows,
    load_flows,
)
from fsm_engine.model.session import Status

# proves: A5

FLOW = """\
flow: paint
start: {phrases: [paint my house]}
steps:
  - ask: colour
    type: colour
    prompt: Which colour?
  - ask: rooms
    type: whole number 1..9
    prompt: How many rooms?
  - confirm: sure
    review: [colour, rooms]
    prompt: Right?
  - end: "{colour}, {rooms} rooms."
"""
KNOWN = {"red": "#f00", "green": "#0f0", "rojo": "#f00"}


def read_colour(text: str, context: ReadingContext) -> Any:
    found = [value for word, value in KNOWN.items() if word in text.lower()]
    if len(found) > 1:
        return SeveralFit(tuple(found))
    return Fits(found[0]) if found else DoesNotFit("unsure" if "know" in text else "no_colour")


def registry(reader: Callable[..., Any] = read_colour) -> Actions:
    actions = Actions()
    actions.type("colour")(reader)
    return actions


@asynccontextmanager
async def engine_with(folder: Path, reader: Callable[..., Any]) -> AsyncIterator[Engine]:
    (folder / "paint.yaml").write_text(FLOW, encoding="utf-8")
    database = f"sqlite:///{folder / 'bot.db'}"
    async with Engine.open(database, flows=folder, actions=registry(reader), durability="normal") as engine:
        yield engine


async def test_a_registered_type_reads_an_answer_and_stores_it(tmp_path: Path) -> None:
    async with engine_with(tmp_path, read_colour) as engine:
        await engine.turn("c", "paint my house")
        reply = await engine.turn("c", "a bright red, please")

    assert reply.session.slots == {"colour": "#f00"}
    assert reply.session.step == "rooms"


async def test_async_readers_and_plain_values_will_do(tmp_path: Path) -> None:
    async def reader(text: str, context: ReadingContext) -> dict[str, object] | None:
        await asyncio.sleep(0)
        return {"name": text, "language": context.language, "day": context.now.date().isoformat()[:2]}

    async with engine_with(tmp_path, reader) as engine:
        await engine.start("c", "paint")
        reply = await engine.turn("c", "teal")

    assert reply.session.slots["colour"] == {"name": "teal", "language": "en", "day": "20"}


async def test_what_does_not_fit_is_asked_again_with_its_reason(tmp_path: Path) -> None:
    async with engine_with(tmp_path, read_colour) as engine:
        await engine.start("c", "paint")
        unsure = await engine.turn("c", "I don't know")
        unknown = await engine.turn("c", "plaid")

    assert unsure.messages[0].text in {"That is all right, take your time.", "No hurry. Your best guess is fine."}
    assert unknown.messages[-1].text == "Which colour?"
    assert unknown.session.slots == {}


async def test_where_several_values_fit_the_user_chooses(tmp_path: Path) -> None:
    async with engine_with(tmp_path, read_colour) as engine:
        await engine.start("c", "paint")
        which = await engine.turn("c", "red or green")
        chosen = await engine.turn("c", "the second")

    assert which.messages[0].options == ("#f00", "#0f0")
    assert chosen.session.slots == {"colour": "#0f0"}


async def test_a_correction_is_read_by_the_same_reader(tmp_path: Path) -> None:
    async with engine_with(tmp_path, read_colour) as engine:
        await engine.start("c", "paint")
        await engine.turn("c", "red")
        named = await engine.turn("c", "actually my colour is green")
        meant = await engine.turn("c", "sorry, I meant red")

    assert named.session.slots == {"colour": "#0f0"}
    assert meant.session.slots == {"colour": "#f00"}
    assert meant.session.step == "rooms"


def raising(text: str, context: ReadingContext) -> None:
    raise RuntimeError(text)


def late(text: str, context: ReadingContext) -> str:
    threading.Event().wait(0.3)
    return "too late"


async def late_async(text: str, context: ReadingContext) -> str:
    await asyncio.Event().wait()
    return "never"


def ending(text: str, context: ReadingContext) -> None:
    raise SystemExit(3)


def stopping(text: str, context: ReadingContext) -> None:
    raise StopIteration


def no_json(text: str, context: ReadingContext) -> object:
    return object()


def huge(text: str, context: ReadingContext) -> str:
    return "x" * 2_000_000


def nothing(text: str, context: ReadingContext) -> None:
    return None


def no_candidates(text: str, context: ReadingContext) -> SeveralFit:
    return SeveralFit(())


def strange_reason(text: str, context: ReadingContext) -> DoesNotFit:
    return DoesNotFit("{colour.__class__}" * 1000)


@pytest.mark.parametrize(
    "reader", [raising, late, late_async, ending, stopping, no_json, huge, nothing, no_candidates, strange_reason]
)
async def test_a_reader_that_fails_costs_an_answer_and_not_the_turn(
    tmp_path: Path, reader: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("fsm_engine.actions.types.TYPE_TIME_LIMIT_S", 0.05)
    async with engine_with(tmp_path, reader) as engine:
        await engine.start("c", "paint")
        reply = await engine.turn("c", "a secret colour", request_id="r1")
        again = await engine.turn("c", "a secret colour", request_id="r1")

        assert reply.messages[-1].text == "Which colour?"
        assert (reply.session.status, reply.session.slots, reply.session.turn) == (Status.ACTIVE, {}, 2)
        assert again.messages == reply.messages
        assert again.duplicate
    assert "secret" not in caplog.text


async def test_a_second_delivery_does_not_ask_the_reader_again(tmp_path: Path) -> None:
    asked: list[str] = []

    def counting(text: str, context: ReadingContext) -> str:
        asked.append(text)
        return text

    async with engine_with(tmp_path, counting) as engine:
        await engine.start("c", "paint")
        await engine.turn("c", "teal", request_id="r1")
        await engine.turn("c", "teal", request_id="r1")

    assert asked == ["teal"]


def test_a_type_that_is_not_registered_is_a_problem_of_the_flow(tmp_path: Path) -> None:
    (tmp_path / "paint.yaml").write_text(FLOW, encoding="utf-8")
    _, problems = check_flows(tmp_path)

    assert [problem.code for problem in problems] == ["unknown-type"]
    assert "must be registered" in problems[0].message
    assert check_flows(tmp_path, types=["colour"])[1] == []


async def test_flows_that_were_loaded_with_a_type_need_it_registered_too(tmp_path: Path) -> None:
    (tmp_path / "paint.yaml").write_text(FLOW, encoding="utf-8")
    flows = load_flows(tmp_path, types=["colour"])

    with pytest.raises(FlowError, match="there is no type 'colour'"):
        async with Engine.open("sqlite:///:memory:", flows=flows):
            pass


def test_a_list_of_a_registered_type_is_refused(tmp_path: Path) -> None:
    (tmp_path / "paint.yaml").write_text(FLOW.replace("type: colour", "type: list of colour"), encoding="utf-8")

    assert "Collect it with repeat:" in check_flows(tmp_path, types=["colour"])[1][0].message


@pytest.mark.parametrize("name", ["email", "one of", "two words", "", "x" * 65, "_x"])
def test_a_name_that_is_no_name_or_is_taken_is_refused(name: str) -> None:
    with pytest.raises(HookError, match="is a type that ships, or is no name"):
        Actions().type(name)(read_colour)


def test_a_reader_that_takes_no_context_is_refused_at_once() -> None:
    with pytest.raises(HookError, match=r"def read\(text, context\)"):
        Actions().type("colour")(lambda text: text)  # type: ignore[arg-type, misc]
    with pytest.raises(HookError, match="is not a function"):
        Actions().type("colour")("red")  # type: ignore[type-var]
