"""Who may run a pending action: one engine at a time, also when several meet it at once. Time here is virtual."""

# proves: A4, P5, P3

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fsm_engine import Engine
from fsm_engine.engine.action_runs import WAITING_S
from fsm_engine.engine.leases import LEASE_S, RENEW_EVERY_S
from fsm_engine.engine.owners import is_gone, new_owner
from fsm_engine.errors import VersionConflict
from fsm_engine.failpoints import counted
from fsm_engine.storage.open import open_store
from tests.engine.conftest import MakeBot
from tests.storage.full_turn import full_turn
from tests.support.bots import BUY, Bot, texts
from tests.support.machines import Machine, on_a_machine

LONG_BUY = BUY.replace("time_limit: 20 s", "time_limit: 10 minutes")
BUSY = "I am still working on it. One moment, please."
BOUGHT = ["Bought Soup: number 7."]
UNSURE = "I am not sure whether that went through. A person will check it, so please do not try it twice."


def audit(bot: Bot) -> list[tuple[Any, ...]]:
    return bot.rows("SELECT status, owner, lease_until, fence FROM audit_log")


async def start_buying(engine: Engine) -> asyncio.Task[Any]:
    await engine.start("chat", "buy", request_id="r1")
    return asyncio.create_task(engine.turn("chat", "Soup", request_id="r2"))


async def give_up(turn: asyncio.Task[Any]) -> None:
    turn.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await turn


def test_a_second_delivery_elsewhere_waits_for_the_result_however_long_it_takes(make_bot: MakeBot) -> None:
    bot = make_bot(LONG_BUY)
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 300, idempotent=False))
        two = await stack.enter_async_context(machine.engine("two", 0, idempotent=False))
        turn = await start_buying(one)
        await asyncio.sleep(1)
        seen.extend([await two.turn("chat", "Soup", request_id="r2"), await turn])

    machine = on_a_machine(bot, story)

    assert [texts(reply) for reply in seen] == [BOUGHT] * 2
    assert machine.callers == ["one"]
    assert audit(bot) == [("success", None, None, 0)]


def test_another_message_elsewhere_is_told_that_the_action_runs_and_disturbs_nothing(make_bot: MakeBot) -> None:
    bot = make_bot(LONG_BUY)
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 60, idempotent=False))
        two = await stack.enter_async_context(machine.engine("two", 0, idempotent=False))
        turn = await start_buying(one)
        await asyncio.sleep(1)
        began = machine.loop.time()
        seen.extend([texts(await two.turn("chat", word)) for word in ("hello?", "cancel")])
        assert machine.loop.time() - began == pytest.approx(2 * WAITING_S, abs=2)
        seen.append(texts(await turn))
        seen.append(texts(await two.turn("chat", "Soup", request_id="r2")))

    machine = on_a_machine(bot, story)

    assert seen == [[BUSY], [BUSY], BOUGHT, BOUGHT]
    assert machine.callers == ["one"]
    assert audit(bot) == [("success", None, None, 0)]
    assert bot.rows("SELECT number, caused_by FROM turns") == [(1, None), (2, None), (3, None), (4, None), (5, 2)]


def test_a_message_that_waits_long_enough_goes_on_after_the_result(make_bot: MakeBot) -> None:
    bot = make_bot(LONG_BUY)
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", WAITING_S - 2, idempotent=False))
        two = await stack.enter_async_context(machine.engine("two", 0))
        turn = await start_buying(one)
        await asyncio.sleep(1)
        seen.append(texts(await two.turn("chat", "cancel")))
        seen.append(texts(await turn))

    on_a_machine(bot, story)

    assert seen[1] == BOUGHT
    assert BUSY not in seen[0]


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_lease_that_is_not_renewed_runs_out_and_is_taken_over_once(make_bot: MakeBot, idempotent: bool) -> None:
    bot = make_bot(LONG_BUY)
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 1000, idempotent=idempotent))
        turn = await start_buying(one)
        await asyncio.sleep(1)
        one.database.die()  # type: ignore[attr-defined]
        began = machine.loop.time()
        async with AsyncExitStack() as others:
            engines = [
                await others.enter_async_context(machine.engine(name, 2, idempotent=idempotent))
                for name in ("two", "three", "four")
            ]
            seen.extend(await asyncio.gather(*[one.turn("chat", "Soup", request_id="r2") for one in engines]))
        seen.append(machine.loop.time() - began)
        await give_up(turn)

    machine = on_a_machine(bot, story)

    *replies, waited_s = seen
    assert len({tuple(texts(reply)) for reply in replies}) == 1
    assert waited_s == pytest.approx(LEASE_S, abs=4)
    assert texts(replies[0])[0] == (BOUGHT[0] if idempotent else UNSURE)
    assert len(machine.calls) == (2 if idempotent else 1)
    assert audit(bot) == [("success" if idempotent else "unknown", None, None, 0)]


@pytest.mark.parametrize("request_id", ["r2", None])
def test_a_result_that_comes_after_the_action_was_taken_over_is_not_stored(
    make_bot: MakeBot, request_id: str | None
) -> None:
    """The first engine is cut off from the database for a while, and comes back with its result."""
    bot = make_bot(LONG_BUY)
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 30, idempotent=False))
        two = await stack.enter_async_context(machine.engine("two", 0, idempotent=False))

        async def is_cut_off(*_: Any, **__: Any) -> bool:
            return False

        one.store.audit.renew = is_cut_off  # type: ignore[method-assign]
        await one.start("chat", "buy", request_id="r1")
        turn = asyncio.create_task(one.turn("chat", "Soup", request_id=request_id))
        await asyncio.sleep(1)
        if request_id is None:
            await two.turn("chat", "hello?")
        else:
            seen.append(texts(await two.turn("chat", "Soup", request_id=request_id)))
        reply = await turn
        assert not reply.duplicate
        seen.append(texts(reply))

    machine = on_a_machine(bot, story)

    assert machine.callers == ["one"]
    assert seen[0] == seen[-1]
    assert seen[0][0] == UNSURE
    assert len(bot.rows("SELECT 1 FROM messages WHERE role = 'user' AND content = 'Soup'")) == 1
    assert audit(bot) == [("unknown", None, None, 0)]


def test_recovery_leaves_alone_what_somebody_runs(make_bot: MakeBot) -> None:
    bot = make_bot(LONG_BUY)
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", 60))
        two = await stack.enter_async_context(machine.engine("two", 0))
        turn = await start_buying(one)
        for _ in range(5):
            await asyncio.sleep(10)
            seen.append((await two.recover(), [unfinished.next for unfinished in await two.unfinished()]))
        seen.append(texts(await turn))
        seen.append((await two.recover(), await two.unfinished()))

    machine = on_a_machine(bot, story)

    assert seen == [(0, ["running"])] * 5 + [BOUGHT, (0, [])]
    assert machine.callers == ["one"]


def test_a_clock_that_is_set_back_keeps_nobody_waiting_for_longer_than_a_lease(make_bot: MakeBot) -> None:
    bot = make_bot(LONG_BUY)
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        one = await stack.enter_async_context(machine.engine("one", None))
        turn = await start_buying(one)
        await asyncio.sleep(1)
        one.database.die()  # type: ignore[attr-defined]
        machine.is_off_by = -timedelta(minutes=20)
        two = await stack.enter_async_context(machine.engine("two", 0))
        began = machine.loop.time()
        seen.append(texts(await two.turn("chat", "Soup", request_id="r2")))
        assert machine.loop.time() - began < LEASE_S + 3
        await give_up(turn)

    machine = on_a_machine(bot, story)

    assert seen == [BOUGHT]
    assert machine.callers == ["one", "two"]


def test_a_lease_is_renewed_as_long_as_the_action_runs_and_costs_nothing_when_it_is_short(make_bot: MakeBot) -> None:
    for takes_s, renewals in ((RENEW_EVERY_S - 1, 0), (10 * RENEW_EVERY_S + 1, 10)):
        bot = make_bot(LONG_BUY)

        async def story(machine: Machine, stack: AsyncExitStack, takes_s: float = takes_s) -> None:
            one = await stack.enter_async_context(machine.engine("one", takes_s))
            await (await start_buying(one))

        with counted() as hits:
            on_a_machine(bot, story)

        assert hits["action.before-renewal"] == renewals
        bot.database.unlink()


def test_what_an_engine_leaves_that_was_closed_may_be_taken_over_at_once(make_bot: MakeBot) -> None:
    bot = make_bot(LONG_BUY)
    seen: list[Any] = []

    async def story(machine: Machine, stack: AsyncExitStack) -> None:
        async with machine.engine("one", None) as one:
            turn = await start_buying(one)
            await asyncio.sleep(1)
            await give_up(turn)
        two = await stack.enter_async_context(machine.engine("two", 0))
        began = machine.loop.time()
        seen.append(texts(await two.turn("chat", "Soup", request_id="r2")))
        assert machine.loop.time() - began < 0.1

    on_a_machine(bot, story)

    assert seen == [BOUGHT]


async def test_the_fence_is_looked_at_in_the_transaction_of_the_result(make_bot: MakeBot) -> None:
    bot = make_bot(BUY)
    store = await open_store(bot.address)
    asked = full_turn(1)
    (row,) = asked.audit
    await store.commit(asked._replace(audit=(replace(row, owner="one", lease_until="2026-01-01", fence=1),)))
    assert await store.audit.take_over(row.key, fence=1, owner="two", until="2026-01-02") == 2
    assert await store.audit.take_over(row.key, fence=1, owner="three", until="2026-01-02") is None
    done = replace(row, status="success", output_json="7", fence=1, effect="completed", cache_key="k", cache_until="9")
    report = full_turn(2)._replace(request_id=None, caused_by=1, audit=(done,))
    with pytest.raises(VersionConflict):
        await store.commit(report)
    assert await store.transactions.get(row.key) is None
    await store.commit(report._replace(audit=(replace(done, fence=2),)))
    with pytest.raises(VersionConflict):
        await store.commit(full_turn(3)._replace(audit=(replace(done, fence=2),)))
    await store.close()

    assert bot.rows("SELECT status, fence FROM audit_log WHERE idempotency_key = ?", row.key) == [("success", 0)]
    assert bot.rows("SELECT status FROM transactions") == [("completed",)]


# Whether an owner lives


def test_an_owner_is_gone_when_its_process_is() -> None:
    program = "from fsm_engine.engine.owners import new_owner; print(new_owner(), flush=True); input()"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    owner = process.stdout.readline().strip()
    assert not is_gone(owner)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(owner)  # what its parent still keeps of it is no life
    process.communicate()

    assert is_gone(owner)


def test_an_owner_of_another_machine_or_of_another_form_is_not_known_to_be_gone() -> None:
    owner = new_owner()
    name, _, place = owner.partition("@")
    machine, number, start = place.rsplit(":", 2)
    for other in (name, "", "@", "a@b", "a@b:c:d", f"{name}@another-{machine}:{number}:{start}", f"a@{machine}:x:1"):
        assert not is_gone(other)
    assert not is_gone(owner)
    assert is_gone(f"{name}@{machine}:{number}:{int(start) + 1}")
    assert new_owner() != owner
