"""`fsm-engine timers`: reminders and nudges for bots that have no clock of their own."""

from __future__ import annotations

import asyncio
import re
import signal
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from fsm_engine.cli.exits import Refused
from fsm_engine.cli.places import flows_folder, imported_function, must_exist, runnable_flows
from fsm_engine.cli.screen import harmless, print_json, print_table

if TYPE_CHECKING:
    from fsm_engine.core.flows import Flows
    from fsm_engine.engine.deliveries import DeliveryFunction
    from fsm_engine.engine.engine import Engine
    from fsm_engine.model.delivery import Delivery
    from fsm_engine.storage.due import StoredTimer

_EVERY = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?(s|seconds?|min|minutes?|h|hours?)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_LAST_MOMENT = "9999-12-31T23:59:59.999999Z"


def run_timers(folder: Path | None, database: str, *, deliver: str | None, every: str | None, as_json: bool) -> None:
    """Runs what is due, once or again and again, and prints how much.

    Raises:
        Refused: there is no such database or function, or the time cannot be read.
        FlowError: the flow files have problems.
    """
    every_s = None if every is None else _every_s(every)
    must_exist(database)
    flows = runnable_flows(flows_folder(folder))
    function = imported_function("--deliver", deliver) if deliver is not None else None
    turns = asyncio.run(_run(flows, database, function, every_s, as_json))
    if not as_json:
        print(f"{turns} sent")


def _every_s(text: str) -> float:
    match = _EVERY.fullmatch(text)
    seconds = float(match[1]) * _SECONDS[match[2][0]] if match else 0.0
    if seconds < 1:
        raise Refused(f"--every {text}: is no time of at least a second. Write, for example: --every '30 s'")
    return seconds


async def _run(
    flows: Flows, database: str, function: DeliveryFunction | None, every_s: float | None, as_json: bool
) -> int:
    from fsm_engine.engine.engine import Engine

    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C interrupts as it does elsewhere
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
    deliver = function or (_print_json_line if as_json else _print_line)
    names = {level.notify for level in flows.risk.policy.levels.values() if level.notify} if function else set()
    async with Engine.open(database, flows=flows, deliver=deliver, notify=dict.fromkeys(names, deliver)) as engine:
        turns = await _run_once(engine)
        while every_s is not None and not ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(every_s):
                    await ended.wait()
            if not ended.is_set():
                turns += await _run_once(engine)
    return turns


async def _run_once(engine: Engine) -> int:
    turns = await engine.run_timers()
    await engine.run_deliveries()
    return turns


def _print_line(delivery: Delivery) -> None:
    print(harmless(f"{delivery.conversation_id}: {delivery.text}"), flush=True)


def _print_json_line(delivery: Delivery) -> None:
    print(orjson.dumps(delivery).decode(), flush=True)


def list_pending(database: str, *, limit: int, as_json: bool) -> None:
    """Prints reminders that are to come. Raises `Refused` when there is no such database."""
    must_exist(database)
    found = asyncio.run(_pending(database, limit))
    if as_json:
        print_json([asdict(one) for one in found])
        return
    columns = ("due", "conversation", "session", "flow", "step")
    rows = [(one.due_at[:19], one.conversation_id, one.session_id, one.flow, one.step) for one in found]
    print_table("reminders to come", columns, rows)


async def _pending(database: str, limit: int) -> list[StoredTimer]:
    from fsm_engine.storage import open_store

    store = await open_store(database)
    try:
        return await store.timers.due(_LAST_MOMENT, limit=limit)
    finally:
        await store.close()
