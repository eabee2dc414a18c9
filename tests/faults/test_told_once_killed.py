"""What an action led to after its process was killed is told by `deliver` or with the second delivery, not by both.

Processes that recover, hand over and answer are killed around each of these; then the message is delivered again.
proves: P3, P5
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from fsm_engine.failpoints import VARIABLE
from tests.faults.figures import record, size
from tests.support.bots import BUY, Bot, texts

BOUGHT = "Bought Soup: number 7."
SHOP = """
import asyncio, json, sys
from datetime import datetime
from fsm_engine import Actions, Engine

flows, database, told, now, chat, does = sys.argv[1:]
actions = Actions()
actions.action("shop.buy", idempotent=True)(lambda call: 7)

def tell(id, texts):
    with open(told, "a") as file:
        file.write(json.dumps([chat, id, texts]) + "\\n")

def deliver(delivery):
    tell(delivery.id, [message.text for message in delivery.messages])

async def main():
    clock = lambda: datetime.fromisoformat(now)
    options = {"deliver": deliver} if "deliver" in does else {}
    async with Engine.open(database, flows=flows, actions=actions, clock=clock, **options) as engine:
        if "recover" in does:
            await engine.recover()
            await engine.run_deliveries()
        if "message" in does:
            reply = await engine.turn(chat, "Soup", request_id="r2")
            tell("r2", [message.text for message in reply.messages])
        if "outcome" in does:
            reply = await engine.outcome(chat, "r2")
            tell("r2", [message.text for message in reply.messages])
        await engine.run_deliveries()

asyncio.run(main())
"""
STORIES = {
    "handed over, then killed": [("recover deliver", "delivery.after-call"), ("message", "")],
    "killed before it is handed over": [("recover deliver", "delivery.before-call"), ("message deliver", "")],
    "nobody takes it, then the message again": [("recover", ""), ("message", ""), ("message deliver", "")],
    "killed before the reply is given": [("recover", ""), ("message", "turn.before-reply"), ("message deliver", "")],
    "handed over, then the message again": [("recover deliver", ""), ("message deliver", "")],
    "handed over, then the outcome": [("recover deliver", ""), ("outcome deliver", "")],
    "the outcome, then the message again": [("recover", ""), ("outcome", ""), ("message deliver", "")],
    "killed as it is recovered": [("recover deliver", "recover.after-action"), ("message deliver", "")],
}


def program(bot: Bot, chat: str, does: str, failpoint: str) -> int:
    told = bot.flows.parent / "told"
    words = [sys.executable, "-c", SHOP, str(bot.flows), bot.address, str(told), bot.clock().isoformat(), chat, does]
    armed = f"{failpoint}:1:kill" if failpoint else ""
    root = str(Path(__file__).parents[2])
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": root, VARIABLE: armed}, check=False)
    bot.clock.advance(120)  # claims and leases of the dead run out
    return done.returncode


@pytest.mark.parametrize("story", STORIES)
async def test_what_an_action_led_to_is_told_in_one_way(tmp_path: Path, story: str) -> None:
    bot = Bot(tmp_path, BUY)
    kills = 0
    for number in range(size(1, 3)):
        chat = f"chat {number}"
        async with bot.open() as engine:
            await engine.start(chat, "buy", request_id="r1")
        codes = [program(bot, chat, "message", "action.before-call")]
        codes += [program(bot, chat, does, failpoint) for does, failpoint in STORIES[story]]
        codes.append(program(bot, chat, "deliver", ""))

        assert codes[0] == -signal.SIGKILL
        assert set(codes[1:]) <= {0, -signal.SIGKILL}
        assert codes[-2:] == [0, 0]
        kills += codes.count(-signal.SIGKILL)
    lines = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    ways = Counter((chat, id_) for chat, id_, said in lines if BOUGHT in said)
    assert {chat for chat, _ in ways} == {f"chat {number}" for number in range(size(1, 3))}
    assert len(ways) == size(1, 3)
    assert bot.rows("SELECT DISTINCT status FROM deliveries") == [("delivered",)]
    record("T13", what=f"told once: {story}", kills=kills, told=len(ways), told_twice=0, untold=0)


async def test_what_deliver_gave_up_comes_with_the_message(tmp_path: Path) -> None:
    bot = Bot(tmp_path, BUY)
    async with bot.open() as engine:
        await engine.start("chat", "buy", request_id="r1")
    program(bot, "chat", "message", "action.before-call")
    program(bot, "chat", "recover", "")
    bot.change("UPDATE deliveries SET status = 'given_up', attempts = 1")
    async with bot.open() as engine:
        again = [texts(await engine.turn("chat", "Soup", request_id="r2")) for _ in range(2)]

    assert again == [[BOUGHT]] * 2


async def test_of_an_outbox_and_a_second_delivery_at_the_same_moment_one_tells_it(tmp_path: Path) -> None:
    bot = Bot(tmp_path, BUY)
    chats = [f"chat {number}" for number in range(size(6, 20))]
    heard: list[str] = []
    for chat in chats:
        async with bot.open() as engine:
            await engine.start(chat, "buy", request_id="r1")
        program(bot, chat, "message", "action.before-call")
    program(bot, chats[0], "recover", "")
    async with bot.open() as one, bot.open() as two:
        one.deliver(lambda delivery: heard.append(delivery.conversation_id))
        replies = await asyncio.gather(*(two.turn(chat, "Soup", request_id="r2") for chat in chats))
        await one.run_deliveries()

    answered = [chat for chat, reply in zip(chats, replies, strict=True) if BOUGHT in texts(reply)]
    assert sorted([*answered, *heard]) == sorted(chats)
    record("T13", what="told once, outbox and second delivery at once", by_outbox=len(heard), by_reply=len(answered))
