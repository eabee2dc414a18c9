"""Engines over real SQLite files, flows written as text, and what stands in the database."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from typing import Any

from fsm_engine import Engine
from fsm_engine.model.turn import Reply
from tests.support.flow_texts import write

TABLES = ("conversations", "sessions", "turns", "messages", "user_responses", "risk_detections", "audit_log")


@asynccontextmanager
async def engine_of(folder: Path, *texts: str, database: str = "bot.db", **options: Any) -> AsyncIterator[Engine]:
    """An engine over ``folder/bot.db``; with texts, these become its flows, else those of the last call stay."""
    if texts:
        write(folder / "flows", *texts)
    async with Engine.open(f"sqlite:///{folder / database}", flows=folder / "flows", **options) as engine:
        yield engine


def said(reply: Reply) -> list[str]:
    return [message.text for message in reply.messages]


def rows(folder: Path, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    """In the order of the table's key."""
    with closing(sqlite3.connect(folder / "bot.db")) as connection:
        return connection.execute(f"SELECT {columns} FROM {table}").fetchall()


def everything(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the tables that a turn writes."""
    return {table: rows(folder, table) for table in TABLES}


def counted_ids(prefix: str = "session") -> Callable[[datetime], str]:
    """Session ids that are the same in every run: ``session-1``, ``session-2`` …"""
    made = 0

    def new_id(now: datetime) -> str:
        nonlocal made
        made += 1
        return f"{prefix}-{made}"

    return new_id
