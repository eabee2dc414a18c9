"""Burr with its SQLite persisters: one action per question, one step and so one stored row per message.

An application is built for every message from what the persister holds, so that a restarted program goes on. Keeping
each conversation's application in memory made messages 10 to 15 % faster in a trial, and no safer.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers.account import END, Bank, Question, answer
from benchmarks.peers.peer import AsyncBot, Bot, Peer

EMPTY = {"slots": {}, "heard": [], "step": END, "reply": ""}


def conversation_graph(questions: tuple[Question, ...], bank: Bank, *, is_async: bool = False) -> Any:
    """The steps and the ways between them, made once and shared by all conversations.

    Asynchronous applications need asynchronous actions: 0.43 hands their hooks a synchronous action's old state.
    """
    from burr.core import action, when
    from burr.core.graph import GraphBuilder

    def reading(step: str) -> Any:
        def read(state: Any, text: str) -> Any:
            taken = answer(questions, step, state["slots"], text, bank)
            slots = state["slots"] if taken.value is None else {**state["slots"], step: taken.value}
            return state.update(slots=slots, step=taken.step, reply=taken.reply).append(heard=text)

        async def read_async(state: Any, text: str) -> Any:
            return read(state, text)

        declared = action(reads=["slots", "heard"], writes=["slots", "heard", "step", "reply"])
        return declared(read_async if is_async else read)

    steps = [END, *(question.slot for question in questions)]
    following = {step: steps[(place + 1) % len(steps)] for place, step in enumerate(steps)}
    ways = [(step, following[step], when(step=following[step])) for step in steps]
    stays = [(step, step) for step in steps if step != END]
    builder = GraphBuilder().with_actions(**{step: reading(step) for step in steps})
    return builder.with_transitions(*ways, *stays).build()


def _builder(graph: Any, persister: Any, conversation: str) -> Any:
    from burr.core import ApplicationBuilder

    return (
        ApplicationBuilder()
        .with_graph(graph)
        .with_identifiers(app_id=conversation)
        .initialize_from(persister, resume_at_next_action=True, default_state=EMPTY, default_entrypoint=END)
        .with_state_persister(persister)
    )


def _reply(stepped: Any) -> str:
    _action, _result, state = stepped
    return str(state["reply"])


class BuiltPerMessage:
    """`SQLitePersister`, and an application for every message.

    Each thread has a persister and so a connection of its own: one connection shared with ``check_same_thread=False``
    ended in SystemError at 64 threads on Python 3.11. After a refused row the persister leaves its transaction open,
    which keeps everybody else out, so it is rolled back here.
    """

    def __init__(self, graph: Any, path: Path) -> None:
        self._graph, self._path = graph, path
        self._own = threading.local()
        self._all: list[Any] = []

    def turn(self, conversation: str, text: str, delivery: str) -> str:
        persister = self._persister()
        try:
            return _reply(_builder(self._graph, persister, conversation).build().step(inputs={"text": text}))
        except sqlite3.IntegrityError:
            persister.connection.rollback()
            raise

    def heard(self, conversation: str) -> list[str]:
        return list(self._persister().load(None, conversation)["state"]["heard"])

    def pragma(self, name: str) -> object:
        return self._persister().connection.execute(f"PRAGMA {name}").fetchone()[0]

    def close(self) -> None:
        for persister in self._all:
            persister.cleanup()

    def _persister(self) -> Any:
        from burr.core.persistence import SQLitePersister

        if not hasattr(self._own, "persister"):
            closed_elsewhere = {"check_same_thread": False}
            self._own.persister = SQLitePersister.from_values(str(self._path), connect_kwargs=closed_elsewhere)
            self._own.persister.initialize()
            self._all.append(self._own.persister)
        return self._own.persister


class AsyncBuiltPerMessage:
    """`AsyncSQLitePersister`, and an application for every message."""

    def __init__(self, graph: Any, persister: Any) -> None:
        self._graph, self._persister = graph, persister

    async def turn(self, conversation: str, text: str, delivery: str) -> str:
        application = await _builder(self._graph, self._persister, conversation).abuild()
        return _reply(await application.astep(inputs={"text": text}))

    async def heard(self, conversation: str) -> list[str]:
        return list((await self._persister.load(None, conversation))["state"]["heard"])

    async def pragma(self, name: str) -> object:
        rows = await self._persister.connection.execute_fetchall(f"PRAGMA {name}")
        return next(iter(rows))[0]


@contextmanager
def _opens(path: Path, questions: tuple[Question, ...], bank: Bank) -> Iterator[Bot]:
    logging.getLogger("burr").setLevel(logging.CRITICAL)
    with closing(BuiltPerMessage(conversation_graph(questions, bank), path)) as bot:
        yield bot


@asynccontextmanager
async def _opens_async(path: Path, questions: tuple[Question, ...], bank: Bank) -> AsyncIterator[AsyncBot]:
    from burr.integrations.persisters.b_aiosqlite import AsyncSQLitePersister

    logging.getLogger("burr").setLevel(logging.CRITICAL)
    async with AsyncSQLitePersister.from_values(str(path)) as persister:
        await persister.initialize()
        yield AsyncBuiltPerMessage(conversation_graph(questions, bank, is_async=True), persister)


NEEDS = ("apache-burr",)
PEERS = (
    Peer("Burr, SQLitePersister", NEEDS, "a row per message", opens=_opens),
    Peer("Burr, AsyncSQLitePersister", (*NEEDS, "aiosqlite"), "a row per message", opens_async=_opens_async),
)
