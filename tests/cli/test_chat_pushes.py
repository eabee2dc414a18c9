"""What the bot says by itself comes into an open chat, beside what is being typed. proves: S3"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from fsm_engine.cli.chat import ChatSettings, Talk
from fsm_engine.core.flows import Flows
from fsm_engine.engine.engine import Engine
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.turn import Message
from fsm_engine.testing.clock import VirtualClock
from tests.cli.conftest import COMMAND

FLOW = """\
flow: hello
start: {phrases: [begin]}
nudge: {after: 10 minutes, say: Are you still there?}
steps:
  - ask: name
    type: text 1..60
    prompt: What is your name?
  - remind: in 2 hours
    say: {text: "It is time, {name}.", options: [Done, Later]}
  - ask: wish
    type: text
    prompt: What would you like?
  - end: Good.
"""


class Lines:
    """A screen that keeps its lines."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def ask(self) -> str:
        raise EOFError

    def bot(self, message: Message, choices: Sequence[str]) -> None:
        self.shown.append(f"{message.text} {'|'.join(choices)}".strip())

    def user(self, text: str) -> None:
        self.shown.append(f"> {text}")

    def note(self, text: str) -> None:
        self.shown.append(f"-- {text[:20]}")

    @contextmanager
    def between(self) -> Iterator[None]:
        yield


@pytest.fixture
def bot(place: Path) -> Path:
    (place / "flows" / "hello.yaml").write_text(FLOW)
    (place / "flows" / "bot.yaml").write_text("bot: little\nexpires: 1 day\n")
    return place


def test_a_due_reminder_and_a_nudge_are_said_in_the_open_chat(bot: Path) -> None:
    clock, screen = VirtualClock(), Lines()
    settings = ChatSettings(bot / "flows", conversation="ana")
    opened = Engine.open_sync(f"sqlite:///{bot / 'a.db'}", flows=load_flows(bot / "flows"), clock=clock, serves="ana")
    with opened as engine:
        for conversation in ("ana", "ben"):
            engine.start(conversation, "hello")
            engine.turn(conversation, conversation)
        talk = Talk(engine, settings, screen)
        engine.deliver(talk.hear)
        clock.advance(601)
        nudged = engine.run_timers()
        clock.advance(7200)
        reminded = engine.run_timers()
        engine.run_deliveries()
        again = engine.run_timers() + engine.run_deliveries()
        others = engine.call(engine.store.timers.due("9999", limit=9))
        waiting = engine.call(engine.store.deliveries.with_status("pending"))

    assert (nudged, reminded, again) == (1, 1, 0)
    assert screen.shown == ["Are you still there?", "It is time, ana. Done|Later"]
    assert [one.conversation_id for one in others] == ["ben"]  # left to the program that reaches him
    assert waiting == []


def remind(address: str, flows: Flows, clock: VirtualClock, conversation: str, name: str) -> None:
    """A reminder falls due while nobody listens."""
    with Engine.open_sync(address, flows=flows, clock=clock) as engine:
        engine.start(conversation, "hello")
        engine.turn(conversation, name)
        clock.advance(7200)
        engine.run_timers()


def test_what_was_shown_when_the_chat_was_opened_is_not_said_again(bot: Path) -> None:
    clock, screen = VirtualClock(), Lines()
    address, flows = f"sqlite:///{bot / 'a.db'}", load_flows(bot / "flows")
    remind(address, flows, clock, "terminal", "Ana")
    with Engine.open_sync(address, flows=flows, clock=clock, serves="terminal") as engine:
        talk = Talk(engine, ChatSettings(bot / "flows", conversation="terminal"), screen)
        talk.greet(flows)
        engine.deliver(talk.hear)
        engine.run_deliveries()
        waiting = engine.call(engine.store.deliveries.with_status("pending"))

    assert [line for line in screen.shown if line.startswith("It is time")] == ["It is time, Ana."]
    assert waiting == []


def test_messages_for_others_stay_for_those_who_reach_them(bot: Path) -> None:
    clock = VirtualClock()
    address, flows = f"sqlite:///{bot / 'a.db'}", load_flows(bot / "flows")
    remind(address, flows, clock, "ben", "Ben")
    with Engine.open_sync(address, flows=flows, clock=clock, serves="ana") as engine:
        screen = Lines()
        engine.deliver(Talk(engine, ChatSettings(conversation="ana"), screen).hear)
        arrived = engine.run_deliveries()
        (waiting,) = engine.call(engine.store.deliveries.with_status("pending"))

    assert (arrived, screen.shown) == (0, [])
    assert (waiting.conversation_id, waiting.attempts) == ("ben", 0)


def remind_long_ago(bot: Path) -> None:
    """Another process takes a turn under a clock of the past, so that a reminder is due at once."""

    async def take() -> None:
        flows = load_flows(bot / "flows")
        async with Engine.open(f"sqlite:///{bot / 'fsm_engine.db'}", flows=flows, clock=VirtualClock()) as engine:
            await engine.start("terminal", "hello")
            await engine.turn("terminal", "Ana")

    asyncio.run(take())


@pytest.mark.parametrize(("more", "prompt"), [((), "you> "), (("--plain",), "you: ")])
def test_what_is_being_typed_stays_when_a_reminder_comes(
    bot: Path, environment: dict[str, str], more: tuple[str, ...], prompt: str
) -> None:
    talking = pexpect.spawn(
        sys.executable,
        [*COMMAND[1:], "chat", *more],
        cwd=str(bot),
        env=environment,
        encoding="utf-8",
        timeout=20,
        dimensions=(40, 100),
    )
    talking.expect(prompt)
    talking.send("beg")
    talking.expect("beg")
    remind_long_ago(bot)
    talking.expect("It is time, Ana")
    talking.expect(r"Done.*Later")
    talking.expect(f"{prompt}beg")
    talking.sendline("in")
    talking.expect("What is your name")
    talking.expect(prompt)
    talking.sendeof()
    talking.expect(pexpect.EOF)
    talking.close()

    assert talking.exitstatus == 0
