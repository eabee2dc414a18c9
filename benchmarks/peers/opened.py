"""A tool opened, whichever way it works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.peers.account import QUESTIONS, Bank, Question
from benchmarks.peers.peer import AsyncBot, Bot, Peer


class InThreads:
    """A tool that blocks, each call in a thread of its own."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def turn(self, conversation: str, text: str, delivery: str) -> str:
        return await asyncio.to_thread(self._bot.turn, conversation, text, delivery)

    async def heard(self, conversation: str) -> list[str]:
        return await asyncio.to_thread(self._bot.heard, conversation)

    async def pragma(self, name: str) -> object:
        return await asyncio.to_thread(self._bot.pragma, name)


@asynccontextmanager
async def opened(
    peer: Peer, path: Path, bank: Bank, questions: tuple[Question, ...] = QUESTIONS
) -> AsyncIterator[AsyncBot]:
    """The tool's bot on the database file at ``path``, to be awaited."""
    if peer.opens_async is not None:
        async with peer.opens_async(path, questions, bank) as bot:
            yield bot
        return
    assert peer.opens is not None
    with peer.opens(path, questions, bank) as blocking:
        yield InThreads(blocking)
