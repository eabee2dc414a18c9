"""LangGraph with its SQLite savers.

With the default durability a node per question asks through `interrupt` and is resumed with the answer, as the pages on
human input show it. The row with ``durability="exit"``, which stores once per invocation, has the graph that is faster
there: one invocation per message, which the entry edge sends to the node of the stored step.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers.account import Bank, Question
from benchmarks.peers.langgraph_graphs import interrupting, invoked_per_message
from benchmarks.peers.peer import AsyncBot, Bot, Peer


def _thread(conversation: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": conversation}}


def _input(waiting: Any, text: str) -> Any:
    """A resumed node gets the text as its answer; a new or ended thread begins at the start."""
    from langgraph.types import Command

    return Command(resume=text) if waiting else {"heard": [text]}


def _reply(result: dict[str, Any]) -> str:
    asked = result.get("__interrupt__")
    return str(asked[0].value if asked else result["reply"])


class Interrupting:
    """`SqliteSaver` and the graph that interrupts itself."""

    def __init__(self, graph: Any, saver: Any) -> None:
        self._graph, self._saver = graph, saver

    def turn(self, conversation: str, text: str, delivery: str) -> str:
        thread = _thread(conversation)
        waiting = self._graph.get_state(thread).next
        return _reply(self._graph.invoke(_input(waiting, text), thread))

    def heard(self, conversation: str) -> list[str]:
        return list(self._graph.get_state(_thread(conversation)).values["heard"])

    def pragma(self, name: str) -> object:
        return self._saver.conn.execute(f"PRAGMA {name}").fetchone()[0]


class AsyncInterrupting:
    """`AsyncSqliteSaver` and the same graph."""

    def __init__(self, graph: Any, saver: Any) -> None:
        self._graph, self._saver = graph, saver

    async def turn(self, conversation: str, text: str, delivery: str) -> str:
        thread = _thread(conversation)
        waiting = (await self._graph.aget_state(thread)).next
        return _reply(await self._graph.ainvoke(_input(waiting, text), thread))

    async def heard(self, conversation: str) -> list[str]:
        return list((await self._graph.aget_state(_thread(conversation))).values["heard"])

    async def pragma(self, name: str) -> object:
        rows = await self._saver.conn.execute_fetchall(f"PRAGMA {name}")
        return next(iter(rows))[0]


class StoringAtExit(Interrupting):
    """`SqliteSaver` storing once per invocation, which is once per message."""

    def turn(self, conversation: str, text: str, delivery: str) -> str:
        return _reply(self._graph.invoke({"text": text}, _thread(conversation), durability="exit"))


@contextmanager
def _interrupting(path: Path, questions: tuple[Question, ...], bank: Bank) -> Iterator[Bot]:
    from langgraph.checkpoint.sqlite import SqliteSaver

    with SqliteSaver.from_conn_string(str(path)) as saver:
        yield Interrupting(interrupting(questions, bank).compile(checkpointer=saver), saver)


@contextmanager
def _at_exit(path: Path, questions: tuple[Question, ...], bank: Bank) -> Iterator[Bot]:
    from langgraph.checkpoint.sqlite import SqliteSaver

    with SqliteSaver.from_conn_string(str(path)) as saver:
        yield StoringAtExit(invoked_per_message(questions, bank).compile(checkpointer=saver), saver)


@asynccontextmanager
async def _async_interrupting(path: Path, questions: tuple[Question, ...], bank: Bank) -> AsyncIterator[AsyncBot]:
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    async with AsyncSqliteSaver.from_conn_string(str(path)) as saver:
        yield AsyncInterrupting(interrupting(questions, bank).compile(checkpointer=saver), saver)


NEEDS = ("langgraph", "langgraph-checkpoint-sqlite")
PEERS = (
    Peer("LangGraph, SqliteSaver", NEEDS, "checkpoint and writes per step", opens=_interrupting),
    Peer("LangGraph, AsyncSqliteSaver", NEEDS, "checkpoint and writes per step", opens_async=_async_interrupting),
    Peer('LangGraph, SqliteSaver, durability="exit"', NEEDS, "one checkpoint per message", opens=_at_exit),
)
