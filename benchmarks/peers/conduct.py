"""What a tool does in four situations that every bot meets: each is played out and counted, on a file of its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dialogue import TEXTS
from benchmarks.peers.account import INTRO, QUESTIONS, REPLIES, Bank
from benchmarks.peers.opened import opened
from benchmarks.peers.peer import AsyncBot, Peer
from benchmarks.peers.transactions import transactions_in

PAIRS = 100
LAST_MESSAGES = 20
PHONE = 2
"""The place of the question that is taken out of the flow, and of the message that waits for it no more."""
SYNCHRONOUS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a tool stores, and what it did.

    ``lost``: messages that got a reply and are not in the conversation's stored state, of ``sent``, which arrived two
    at a time; ``refused`` ones got an error. ``duplicate``: what a second delivery of one message got.
    ``accounts_opened``: by `LAST_MESSAGES` dialogues whose last message was delivered twice at once.
    ``question_removed``: what a conversation got that waited at a question when that was taken out of the flow.
    """

    storage: str
    transactions_per_message: float
    sent: int
    lost: int
    refused: int
    duplicate: str
    accounts_opened: int
    question_removed: str


async def conduct_of(peer: Peer) -> Conduct:
    """All four situations, and how the tool stores."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(peer, Path(folder, "storing.db"), Bank()) as bot:
            transactions = await _transactions(bot, Path(folder, "storing.db"))
            storage = f"{await bot.pragma('journal_mode')}, {_synchronous(await bot.pragma('synchronous'))}"
        async with opened(peer, Path(folder, "pairs.db"), Bank()) as bot:
            lost, refused = await pairs_of(bot)
            duplicate = await _duplicate(bot)
        bank = Bank()
        async with opened(peer, Path(folder, "last.db"), bank) as bot:
            await _last_messages(bot)
        removed = await _question_removed(peer, Path(folder, "changed.db"))
    return Conduct(storage, transactions, 2 * PAIRS, lost, refused, duplicate, bank.opened, removed)


def _synchronous(level: object) -> str:
    return f"synchronous={SYNCHRONOUS.get(level, level) if isinstance(level, int) else level}"


def walk(peer: Peer) -> tuple[list[str], list[str], str]:
    """The replies to the dialogue, the messages that are stored then, and the reply to a wrong e-mail address."""

    async def walked() -> tuple[list[str], list[str], str]:
        with tempfile.TemporaryDirectory() as folder:
            async with opened(peer, Path(folder, "walk.db"), Bank()) as bot:
                replies = await play(bot, "walk", len(TEXTS))
                await play(bot, "misread", PHONE)
                return replies, await bot.heard("walk"), await bot.turn("misread", "at home", "misread")

    return asyncio.run(walked())


async def play(bot: AsyncBot, conversation: str, messages: int) -> list[str]:
    """The replies to the first messages of the dialogue."""
    return [await bot.turn(conversation, text, str(place)) for place, text in enumerate(TEXTS[:messages])]


async def _transactions(bot: AsyncBot, path: Path) -> float:
    await play(bot, "warm-up", len(TEXTS))
    before = transactions_in(path)
    await play(bot, "counted", len(TEXTS))
    return (transactions_in(path) - before) / len(TEXTS)


async def pairs_of(bot: AsyncBot, pairs: int = PAIRS) -> tuple[int, int]:
    """The second and third message at once, as from somebody who types fast; lost and refused ones of all pairs."""
    lost = refused = 0
    for number in range(pairs):
        conversation = f"pair-{number}"
        await play(bot, conversation, 1)
        pair = TEXTS[1:3]
        asked: list[Awaitable[str]] = [bot.turn(conversation, text, text) for text in pair]
        got = await asyncio.gather(*asked, return_exceptions=True)
        stored = await bot.heard(conversation)
        for text, reply in zip(pair, got, strict=True):
            refused += isinstance(reply, BaseException)
            lost += not isinstance(reply, BaseException) and text not in stored
    return lost, refused


async def _duplicate(bot: AsyncBot) -> str:
    """The e-mail address once more, under the same delivery id."""
    *_rest, first = await play(bot, "duplicate", PHONE + 1)
    again = await _reply_or_error(bot, "duplicate", TEXTS[PHONE], str(PHONE))
    if again == first and (await bot.heard("duplicate")).count(TEXTS[PHONE]) == 1:
        return "the stored reply"
    return "taken as the next answer" if again == QUESTIONS[PHONE].again else again


async def _last_messages(bot: AsyncBot) -> None:
    """The message that opens the account, delivered twice at the same moment."""
    last = len(TEXTS) - 1
    for number in range(LAST_MESSAGES):
        conversation = f"last-{number}"
        await play(bot, conversation, last)
        twice: list[Awaitable[str]] = [bot.turn(conversation, TEXTS[last], str(last)) for _ in range(2)]
        await asyncio.gather(*twice, return_exceptions=True)


async def _question_removed(peer: Peer, path: Path) -> str:
    """A conversation waits for the phone number; the program starts again with a flow that does not ask for it."""
    async with opened(peer, path, Bank()) as bot:
        await play(bot, "changed", PHONE + 1)
    fewer = tuple(question for question in QUESTIONS if question is not QUESTIONS[PHONE])
    async with opened(peer, path, Bank(), fewer) as bot:
        replies = [await _reply_or_error(bot, "changed", TEXTS[place], f"later-{place}") for place in (3, 4)]
    if replies == list(REPLIES[3:5]):
        return "goes on with the flow it began with"
    if INTRO in "".join(replies):
        return "begins anew: what was answered is asked again"
    if replies[0] == QUESTIONS[PHONE - 1].again:
        return "goes back to the question before"
    return f"{replies[0]} at every message" if len(set(replies)) == 1 else ", then ".join(replies)


async def _reply_or_error(bot: AsyncBot, conversation: str, text: str, delivery: str) -> str:
    try:
        return await bot.turn(conversation, text, delivery)
    except Exception as error:  # noqa: BLE001 - whatever a tool raises is what its bot gets
        return f"error {type(error).__name__}"
