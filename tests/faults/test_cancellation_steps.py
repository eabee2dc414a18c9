"""T6: a turn is cancelled at every step of the event loop, alone and among neighbours. proves: P2, P6"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fsm_engine import Engine
from fsm_engine.storage import open_store
from fsm_engine.storage.sqlite import SqliteStore
from tests.faults.figures import record, size
from tests.faults.seen import HALF_TURNS, rows
from tests.faults.talking import bank_of, opened

STEPS_AT_MOST = 400
NOW = "2026-03-04T09:00:00.000000Z"
ROUNDS = size(1, 5)
COUNT_OF_TURN = """
SELECT count(*) FROM turns JOIN conversations AS c ON c.key = turns.conversation WHERE request_id = 'r1' AND c.id = ?
"""


class SteppedLoop(asyncio.SelectorEventLoop):
    """Cancels a task when it has gone round a given number of times; waiting for a thread is no step."""

    def __init__(self) -> None:
        super().__init__()
        self._victim: asyncio.Task[Any] | None = None
        self._left = 0

    def cancel_after(self, steps: int, victim: asyncio.Task[Any]) -> None:
        self._victim, self._left = victim, steps

    def _run_once(self) -> None:
        super()._run_once()
        self._left -= 1
        if self._left == 0 and self._victim is not None:
            self._victim.cancel()


@pytest.mark.parametrize("neighbours", [0, 6])
@pytest.mark.parametrize("hold_at_most", [0, 2000])
def test_a_turn_cancelled_at_any_step_holds_nothing_and_its_outcome_is_known(
    tmp_path: Path, neighbours: int, hold_at_most: int
) -> None:
    steps: list[int] = []
    stored = 0

    async def cancel_at_every_step(number: int, engine: Engine) -> int:
        """At how many steps the turn could be cancelled."""
        nonlocal stored
        for step in range(1, STEPS_AT_MOST):
            chat = f"chat {number}.{step}"
            was_cancelled = await cancelled_at(step, engine, chat, neighbours)
            stored += await must_hold_nothing(engine, tmp_path, chat)
            await must_go_on(engine, tmp_path, chat)
            if not was_cancelled:
                return step - 1
        return STEPS_AT_MOST

    async def all_rounds() -> None:
        async with opened(tmp_path, bank_of(tmp_path), hold_at_most=hold_at_most) as engine:
            steps.extend([await cancel_at_every_step(number, engine) for number in range(ROUNDS)])

    with asyncio.Runner(loop_factory=SteppedLoop) as runner:
        runner.run(all_rounds())
    cancelled = sum(steps)
    assert min(steps) > 5
    assert max(steps) < STEPS_AT_MOST
    assert 1 < stored < cancelled
    assert rows(tmp_path, HALF_TURNS) == []
    record(
        "T6",
        what=f"cancelled at every step, {neighbours} neighbours, {hold_at_most} states held",
        cancelled=cancelled,
        stored=stored - ROUNDS,
        withdrawn=cancelled + ROUNDS - stored,
        conversations_that_went_on=len(rows(tmp_path, "SELECT 1 FROM audit_log WHERE status = 'success'")),
    )


async def cancelled_at(step: int, engine: Engine, chat: str, neighbours: int) -> bool:
    """Whether the turn ``r1`` of the chat was cancelled before it was done; the others all have replies."""
    others = [f"{chat}, neighbour {number}" for number in range(neighbours)]
    await asyncio.gather(*(engine.turn(one, "I want to pay", request_id="r0") for one in (chat, *others)))
    crowd = [asyncio.create_task(engine.turn(one, "25", request_id="r1")) for one in others[::2]]
    victim = asyncio.create_task(engine.turn(chat, "25", request_id="r1"))
    crowd += [asyncio.create_task(engine.turn(one, "25", request_id="r1")) for one in others[1::2]]
    if neighbours:
        crowd.append(asyncio.create_task(engine.turn(chat, "repeat", request_id="waits behind")))
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteppedLoop)
    loop.cancel_after(step, victim)
    await asyncio.wait([victim])
    for reply in await asyncio.gather(*crowd):
        assert not reply.duplicate
    return victim.cancelled()


async def must_hold_nothing(engine: Engine, folder: Path, chat: str) -> bool:
    """Whether the cancelled turn was stored; the engine and the file say the same."""
    outcome = await engine.outcome(chat, "r1")
    (count,) = rows(folder, COUNT_OF_TURN, chat)[0]
    is_stored = bool(count)
    assert (outcome is not None) == is_stored
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert isinstance(engine.store, SqliteStore)
    database = engine.store._database
    assert not database._writer.in_transaction
    assert not database._one_transaction.locked()
    assert engine._turns._order._waiting == {}
    with closing(sqlite3.connect(folder / "bot.db", timeout=0, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        stranger.execute("ROLLBACK")
    return is_stored


async def must_go_on(engine: Engine, folder: Path, chat: str) -> None:
    """Delivered again, the turn is there once, with one effect."""
    reply = await engine.turn(chat, "25", request_id="r1")
    assert reply.session.step == "note"
    assert len(bank_of(folder).effects(chat)) == 1
    audit = await engine.store.audit.of_session(reply.session.id)
    assert [one.status for one in audit] == ["success"]


def test_a_change_of_several_statements_cancelled_at_any_step_leaves_no_transaction_open(tmp_path: Path) -> None:
    """All of its statements are carried out or none, and what is committed afterwards is there for everybody."""
    cancelled, kept = 0, 0

    async def cancel_at(step: int, store: SqliteStore) -> bool:
        nonlocal kept
        chat = f"chat {step}"
        await store.conversations.create(chat, now=NOW)
        victim = asyncio.create_task(store.messages.save_system(chat, "hello", now=NOW))
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SteppedLoop)
        loop.cancel_after(step, victim)
        await asyncio.wait([victim])
        await store.settle()
        assert not store._database._writer.in_transaction
        assert not store._database._one_transaction.locked()
        await store.conversations.create(f"after {step}", now=NOW)
        assert rows(tmp_path, "SELECT count(*) FROM conversations WHERE id = ?", f"after {step}") == [(1,)]
        counted = "SELECT message_count, (SELECT count(*) FROM messages WHERE conversation = key) FROM conversations"
        ((said, there),) = rows(tmp_path, f"{counted} WHERE id = ?", chat)
        assert said == there
        assert there or victim.cancelled()
        kept += there
        return victim.cancelled()

    async def all_steps() -> None:
        nonlocal cancelled
        store = await open_store(f"sqlite:///{tmp_path}/bot.db")
        assert isinstance(store, SqliteStore)
        while await cancel_at(cancelled + 1, store):
            cancelled += 1
            assert cancelled < STEPS_AT_MOST
        await store.close()

    with asyncio.Runner(loop_factory=SteppedLoop) as runner:
        runner.run(all_steps())
    assert cancelled > 3
    record("T6", what="a change of two statements cancelled at every step", cancelled=cancelled, done=kept)
