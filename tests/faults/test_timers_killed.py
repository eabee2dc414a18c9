"""Processes that look at the clock are killed around the commit of a reminder and around its delivery.

Each reminder is fired once and reaches its user at least once, also while another process does the same.
proves: S3, P1, P2
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from fsm_engine.failpoints import VARIABLE
from tests.faults.figures import record, size
from tests.support.bots import Bot

FLOW = """
flow: goals
steps:
  - {ask: goal, type: "text 1..60", prompt: What?}
  - {remind: in 1 hour, say: "Now: {goal}."}
  - {end: Good luck.}
"""
CLOCKWORK = """
import asyncio, sys
from datetime import datetime, timedelta
from fsm_engine import Engine

flows, database, told, now = sys.argv[1:]

def deliver(delivery):
    with open(told, "a") as file:
        file.write(f"{delivery.id}\\n")

async def main():
    clock = lambda: datetime.fromisoformat(now)
    async with Engine.open(database, flows=flows, clock=clock, deliver=deliver) as engine:
        await engine.run_timers()
        await engine.run_deliveries()

asyncio.run(main())
"""


def clockwork(bot: Bot, told: Path, failpoint: str = "") -> subprocess.Popen[bytes]:
    """A process that runs what is due and hands it over; killed when it reaches the failpoint."""
    words = [sys.executable, "-c", CLOCKWORK, str(bot.flows), bot.address, str(told), bot.clock().isoformat()]
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(words, env={**os.environ, "PYTHONPATH": root, VARIABLE: failpoint})


@pytest.mark.parametrize(
    "point", ["timer.before-commit", "timer.after-commit", "delivery.before-call", "delivery.after-call"]
)
async def test_each_reminder_is_fired_once_and_reaches_its_user(tmp_path: Path, point: str) -> None:
    bot, told = Bot(tmp_path, FLOW), tmp_path / "told"
    reminders = size(12, 200)
    async with bot.open() as engine:
        for number in range(reminders):
            await engine.start(f"chat {number}", "goals")
            await engine.turn(f"chat {number}", f"goal {number}")
    bot.clock.advance(3600)
    deaths = []
    for hit in range(1, size(2, 20)):
        pair = [clockwork(bot, told, f"{point}:{hit}:kill"), clockwork(bot, told, f"{point}:{hit + 1}:kill")]
        deaths += [process.wait() for process in pair]
        bot.clock.advance(timedelta(minutes=2).total_seconds())  # claims of the dead run out
    assert clockwork(bot, told).wait() == 0

    ids = Counter(told.read_text().splitlines())
    kills = deaths.count(-signal.SIGKILL)
    assert kills >= 1
    assert set(deaths) <= {0, -signal.SIGKILL}
    assert bot.rows("SELECT status, count(*) FROM timers GROUP BY status") == [("fired", reminders)]
    assert bot.rows("SELECT status, count(*) FROM deliveries GROUP BY status") == [("delivered", reminders)]
    assert bot.rows("SELECT turn, count(*) FROM sessions GROUP BY turn") == [(3, reminders)]
    assert len(ids) == reminders
    twice = sum(ids.values()) - len(ids)
    assert twice <= kills * 16
    record("T1", what=f"clockwork killed at {point}", reminders=reminders, kills=kills, lost=0, delivered_again=twice)
