"""T1: processes on one file are killed by SIGKILL at random moments; what they had acknowledged is stored.

proves: P1, P2, P4, C5
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fsm_engine import Reply
from fsm_engine.testing.history import findings
from tests.faults.figures import SEED, record, size
from tests.faults.forks import Child, Forks
from tests.faults.seen import HALF_TURNS, Call, final_state, operations, rows
from tests.faults.talking import bank_of, identity, opened

WORKERS = 3
CALLS = 300
TEXTS = ("let us talk", "this", "that")


class Client:
    """Says the same few things again and again; what was not acknowledged is said again under the same request id."""

    def __init__(self, name: str, conversation: str) -> None:
        self.name = name
        self.conversation = conversation
        self.next = 0

    def calls(self) -> list[Call]:
        """What it says next."""
        return [
            {
                "client": self.name,
                "conversation": self.conversation,
                "request_id": f"{self.name}-{number}",
                "text": TEXTS[number % len(TEXTS)],
            }
            for number in range(self.next, self.next + CALLS)
        ]


class Slot:
    """One worker after the other, each with the same clients: three with conversations of their own, one in a crowd."""

    def __init__(self, number: int) -> None:
        own = [Client(f"{number}.{letter}", f"chat {number}.{letter}") for letter in "abc"]
        self.clients = {client.name: client for client in (*own, Client(f"{number}.x", "crowd"))}
        self.sent: list[Call] = []
        self.answers: list[dict[str, Any]] = []

    def start(self, forks: Forks, folder: Path) -> Child:
        worker = forks.start("work", folder)
        for client in self.clients.values():
            calls = client.calls()
            self.sent += calls
            worker.tell(calls)
        return worker

    def take_in(self, answers: Iterator[dict[str, Any]]) -> None:
        for answer in answers:
            if answer == "ready":
                continue
            self.answers.append(answer)
            if answer["outcome"] == "acknowledged":
                self.clients[answer["client"]].next += 1


async def test_a_killed_process_loses_nothing_that_it_had_acknowledged(forks: Forks, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    bank_of(tmp_path)
    slots = [Slot(number) for number in range(WORKERS)]
    workers = [slot.start(forks, tmp_path) for slot in slots]
    kills = size(15, 200)
    for kill in range(kills):
        at = kill % WORKERS
        workers[at].listen(chance.uniform(0.0, 0.12))
        workers[at].kill()
        slots[at].take_in(workers[at].hear_all())
        assert workers[at].wait() == -signal.SIGKILL
        workers[at] = slots[at].start(forks, tmp_path)
    for slot, worker in zip(slots, workers, strict=True):
        worker.kill()
        slot.take_in(worker.hear_all())

    acknowledged = [answer for slot in slots for answer in slot.answers if answer["outcome"] == "acknowledged"]
    stored = rows(tmp_path, "SELECT count(request_id) FROM turns")[0][0]
    half = rows(tmp_path, HALF_TURNS)
    lost = await not_stored_as_acknowledged(tmp_path, acknowledged)
    assert lost == []
    assert half == []
    assert rows(tmp_path, "PRAGMA integrity_check") == [("ok",)]
    must_be_sound_histories(tmp_path, slots)
    assert len(acknowledged) > 2 * kills, "the processes died before they did anything: the test proves nothing"
    record(
        "T1",
        what="SIGKILL at random moments",
        kills=kills + WORKERS,
        acknowledged=len(acknowledged),
        stored=stored,
        lost=len(lost),
        half=len(half),
    )


async def not_stored_as_acknowledged(folder: Path, acknowledged: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers whose reply is not the one that is stored."""
    async with opened(folder, bank_of(folder)) as engine:
        replies: list[Reply | None] = []
        for some in batched(acknowledged, 500):
            asked = (engine.outcome(answer["conversation"], answer["request_id"]) for answer in some)
            replies += await asyncio.gather(*asked)
    pairs = zip(acknowledged, replies, strict=True)
    return [answer for answer, reply in pairs if reply is None or identity(reply) != answer["reply"]]


def batched(answers: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    for at in range(0, len(answers), size):
        yield answers[at : at + size]


def must_be_sound_histories(folder: Path, slots: list[Slot]) -> None:
    sent, answers = defaultdict(list), defaultdict(list)
    for slot in slots:
        for call in slot.sent:
            sent[call["conversation"]].append(call)
        for answer in slot.answers:
            # These conversations have many sessions, so the number of a session's turn is not the version.
            answers[answer["conversation"]].append({**answer, "version": None})
    for conversation, calls in sent.items():
        assert findings(operations(calls, answers[conversation]), final_state(folder, conversation)) == []
