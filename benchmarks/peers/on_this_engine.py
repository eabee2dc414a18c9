"""This engine, measured as the others are: the shipped flow, its bank, synchronous=FULL."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import yaml

from benchmarks.dialogue import FLOWS
from benchmarks.peers.account import SLOTS, Bank, Question
from benchmarks.peers.peer import AsyncBot, Peer
from fsm_engine import ActionCall, Actions, Engine
from fsm_engine.storage.sqlite_file import SqliteSettings, connect


def _actions(bank: Bank) -> Actions:
    actions = Actions()

    @actions.action("accounts.email_is_free", idempotent=True)
    async def email_is_free(call: ActionCall) -> bool:
        return True

    @actions.action("accounts.create", undo="accounts.close", idempotent=True)
    async def create(call: ActionCall) -> dict[str, str]:
        return {"account_number": bank.open_account({})}

    @actions.action("accounts.close", idempotent=True)
    async def close(call: ActionCall) -> dict[str, str]:
        return {}

    return actions


def _flows(folder: Path, questions: tuple[Question, ...]) -> Path:
    """The shipped flows; without the questions that are not asked, a copy as version 2."""
    removed = set(SLOTS) - {question.slot for question in questions}
    if not removed:
        return FLOWS
    shutil.copytree(FLOWS, folder, dirs_exist_ok=True)
    file = folder / "create_account.yaml"
    flow: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    flow["version"] = 2
    flow["steps"] = [step for step in flow["steps"] if step.get("ask") not in removed]
    for step in flow["steps"]:
        for key in {"review", "send"} & step.keys():
            step[key] = [slot for slot in step[key] if slot not in removed]
    file.write_text(yaml.safe_dump(flow, sort_keys=False), encoding="utf-8")
    return folder


class ThisEngine:
    """One call per message."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine, self._path = engine, path

    async def turn(self, conversation: str, text: str, delivery: str) -> str:
        reply = await self._engine.turn(conversation, text, request_id=delivery)
        return "\n".join(message.text for message in reply.messages)

    async def heard(self, conversation: str) -> list[str]:
        said = await self._engine.history(conversation)
        return [message.content for message in said if message.role == "user"]

    async def pragma(self, name: str) -> object:
        """Of a connection made by the function that makes the engine's own."""
        with closing(connect(str(self._path), SqliteSettings())) as connection:
            return connection.execute(f"PRAGMA {name}").fetchone()[0]


@asynccontextmanager
async def _opens(path: Path, questions: tuple[Question, ...], bank: Bank) -> AsyncIterator[AsyncBot]:
    flows = _flows(path.with_suffix(".flows"), questions)
    async with Engine.open(f"sqlite:///{path}", flows=flows, actions=_actions(bank)) as engine:
        yield ThisEngine(engine, path)


PEERS = (Peer("this engine", ("fsm_engine",), "state, answers, messages, journal, audit", opens_async=_opens),)
