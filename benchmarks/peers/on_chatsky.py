# mypy: disallow-subclassing-any=False
"""Chatsky with its SQLite context storage: nodes and slots as its tutorials write forms, with patterns as slots."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers.account import CLOSING, INTRO, Bank, Question
from benchmarks.peers.peer import AsyncBot, Peer

FLOW = "create_account"


def script(questions: tuple[Question, ...], bank: Bank) -> dict[str, Any]:
    """Two nodes per question, one that asks and one that asks again, and one that says the end."""
    from chatsky import GLOBAL, PRE_RESPONSE, PRE_TRANSITION, RESPONSE, TRANSITIONS, BaseResponse
    from chatsky import Transition as Tr
    from chatsky import conditions as cnd
    from chatsky import processing as proc
    from chatsky import responses as rsp

    class Opened(BaseResponse):
        """What is said when the bank has opened the account."""

        async def call(self, ctx: Any) -> str:
            stored = ctx.framework_data.slot_manager
            slots = {question.slot: str(stored.get_extracted_slot(question.slot)) for question in questions}
            return CLOSING.format(**slots, account_number=bank.open_account(slots))

    nodes: dict[str, Any] = {"start": {TRANSITIONS: [Tr(dst=(FLOW, questions[0].slot))]}}
    following = [*(question.slot for question in questions[1:]), "close"]
    for question, after in zip(questions, following, strict=True):
        slot = question.slot
        understood = {
            PRE_TRANSITION: {"read": proc.Extract(slot)},
            TRANSITIONS: [Tr(dst=(FLOW, after), cnd=cnd.SlotsExtracted(slot), priority=2), Tr(dst=(FLOW, f"{slot}_2"))],
        }
        nodes[slot] = {RESPONSE: rsp.FilledTemplate(question.prompt), **understood}
        nodes[f"{slot}_2"] = {RESPONSE: question.again, **understood}
    first = questions[0]
    nodes[first.slot] |= {RESPONSE: INTRO + first.prompt, PRE_RESPONSE: {"forget": proc.UnsetAll()}}
    nodes["close"] = {RESPONSE: Opened(), TRANSITIONS: [Tr(dst=(FLOW, first.slot))]}
    return {GLOBAL: {}, FLOW: nodes}


class Chatsky:
    """A pipeline whose messenger is this program: it calls what `Pipeline.run` hands to a messenger."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self._answer = pipeline._run_pipeline  # noqa: SLF001 - there is no public way in without a loop of its own

    async def turn(self, conversation: str, text: str, delivery: str) -> str:
        from chatsky import Message

        return str((await self._answer(Message(text), conversation)).last_response.text)

    async def heard(self, conversation: str) -> list[str]:
        from chatsky import Context

        context = await Context.connected(self._pipeline.context_storage, self._pipeline.start_label, conversation)
        return [message.text for message in await context.requests.values()]

    async def pragma(self, name: str) -> object:
        async with self._pipeline.context_storage.engine.connect() as connection:
            return (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()


@asynccontextmanager
async def _opens(path: Path, questions: tuple[Question, ...], bank: Bank) -> AsyncIterator[AsyncBot]:
    from chatsky import Pipeline
    from chatsky.context_storages import context_storage_factory
    from chatsky.slots import GroupSlot, RegexpSlot

    logging.getLogger("chatsky").setLevel(logging.CRITICAL)
    slots = {question.slot: RegexpSlot(regexp=question.pattern, match_group_idx=1) for question in questions}
    storage = context_storage_factory(f"sqlite+aiosqlite:///{path}")
    pipeline = Pipeline(
        script=script(questions, bank),
        start_label=(FLOW, "start"),
        slots=GroupSlot(**slots),
        context_storage=storage,
    )
    await storage.connect()
    try:
        yield Chatsky(pipeline)
    finally:
        await storage.engine.dispose()


PEERS = (
    Peer(
        "Chatsky, SQLContextStorage",
        ("chatsky", "sqlalchemy", "aiosqlite"),
        "context and turn rows per message",
        opens_async=_opens,
    ),
)
