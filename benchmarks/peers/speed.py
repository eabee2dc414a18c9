"""Messages answered per second.

Tools that await are called by tasks, tools that block by threads, so that none pays for a bridge. Each of the
conversations at once holds dialogue after dialogue, every one under an id of its own, until the time is up.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.dialogue import TEXTS
from benchmarks.peers.account import QUESTIONS, REPLIES, Bank
from benchmarks.peers.peer import AsyncBot, Bot, Peer


@dataclass(frozen=True, slots=True)
class Speed:
    """Messages answered per second, and the 50th and 99th percentile of the wait for a reply."""

    messages_per_second: float
    p50_ms: float
    p99_ms: float


def speed_of(peer: Peer, conversations: int, seconds: float) -> Speed:
    """Of a fresh database, after one dialogue to warm up."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "peer.db")
        if peer.opens_async is not None:
            return asyncio.run(_awaited(peer, path, conversations, seconds))
        return _in_threads(peer, path, conversations, seconds)


def _messages(number: int) -> Iterator[tuple[str, str, str]]:
    """Conversation, text and delivery id, without an end."""
    for dialogue in count():
        for place, text in enumerate(TEXTS):
            yield f"c{number}-{dialogue}", text, str(place)


async def _awaited(peer: Peer, path: Path, conversations: int, seconds: float) -> Speed:
    waits: list[float] = []

    async def talk(bot: AsyncBot, number: int, until: float) -> None:
        for message in _messages(number):
            before = time.perf_counter()
            if before > until:
                return
            await bot.turn(*message)
            waits.append(time.perf_counter() - before)

    assert peer.opens_async is not None
    async with peer.opens_async(path, QUESTIONS, Bank()) as bot:
        for message, reply in zip(_messages(-1), REPLIES, strict=False):
            _must_be(reply, await bot.turn(*message))
        started = time.perf_counter()
        await asyncio.gather(*(talk(bot, number, started + seconds) for number in range(conversations)))
        return _speed(waits, time.perf_counter() - started)


def _in_threads(peer: Peer, path: Path, conversations: int, seconds: float) -> Speed:
    waits: list[float] = []

    def talk(bot: Bot, number: int, until: float) -> None:
        for message in _messages(number):
            before = time.perf_counter()
            if before > until:
                return
            bot.turn(*message)
            waits.append(time.perf_counter() - before)

    assert peer.opens is not None
    with peer.opens(path, QUESTIONS, Bank()) as bot, ThreadPoolExecutor(conversations) as threads:
        for message, reply in zip(_messages(-1), REPLIES, strict=False):
            _must_be(reply, bot.turn(*message))
        started = time.perf_counter()
        if conversations == 1:
            talk(bot, 0, started + seconds)
        else:
            for done in [threads.submit(talk, bot, number, started + seconds) for number in range(conversations)]:
                done.result()
        return _speed(waits, time.perf_counter() - started)


def _must_be(expected: str, reply: str) -> None:
    if reply != expected:
        raise AssertionError(f"the dialogue went astray: {reply!r} instead of {expected!r}")


def _speed(waits: list[float], elapsed: float) -> Speed:
    waits.sort()
    return Speed(len(waits) / elapsed, waits[len(waits) // 2] * 1e3, waits[len(waits) * 99 // 100] * 1e3)
