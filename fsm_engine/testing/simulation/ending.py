"""What must hold when the world is calm, all is delivered, and every process but one has gone."""

from __future__ import annotations

import asyncio

from fsm_engine.engine.journal import replay
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.session import SessionState
from fsm_engine.testing.simulation.journal_checks import Complain, JournalChecks
from fsm_engine.testing.simulation.processes import Process
from fsm_engine.testing.simulation.promises import Delivery, Promises, check_books
from fsm_engine.testing.simulation.records import Records
from fsm_engine.testing.simulation.world import World

PROBE = "probe"


async def check_ending(world: World, records: Records, journal: JournalChecks, promises: Promises) -> None:
    """Closes all processes, and asks a new one for everything that was ever said."""
    await asyncio.sleep(1)
    for process in list(world.processes):
        check_nothing_held(world, process)
        await process.close()
    last = await world.open_process()
    if last is None:
        world.complain("a calm engine opens", where="the last process", expected="an engine", found="none")
        return
    await _probe(world, last, promises)
    await _ask_again(world, last, promises)
    await _replay_all(world, last, records, journal)
    await asyncio.sleep(1)
    check_nothing_held(world, last)
    await last.close()
    journal.look()
    journal.look_at_all()
    promises.check_denied()
    check_books(records, world.bank, world.complain)
    check_timers(records, world.complain)


def check_timers(records: Records, complain: Complain) -> None:
    """What comes by itself is in the outbox, and the clock waits for just what sessions still have to remind of."""
    unmatched = records.unmatched()
    if unmatched:
        complain("what comes by itself is delivered", where="deliveries", expected="none", found=str(unmatched[:5]))
    for session_id, state_json, pending in records.timers():
        state = decode(SessionState, state_json)
        # What an expired session leaves to the one that goes on in its place stands in its last state all the same.
        if not pending <= {(one.name, one.due) for one in state.timers}:
            complain("the clock waits for what is in the state", where=session_id, expected="less", found=str(pending))


def check_nothing_held(world: World, process: Process) -> None:
    """An idle process has no task but the one that holds it open, no statement under way and no transaction."""
    held = process.held()
    if held:
        world.complain("nothing stays held", where=process.name, expected="nothing", found="; ".join(held))


async def _probe(world: World, process: Process, promises: Promises) -> None:
    """Every conversation takes one more turn, which also finishes what a dead process left behind in it."""
    users = {delivery.conversation_id: delivery.user_id for delivery in promises.deliveries.values()}
    for conversation_id, user_id in users.items():
        await world.bring_to(process, Delivery(conversation_id, PROBE, user_id, "hello"))


async def _ask_again(world: World, process: Process, promises: Promises) -> None:
    """Every acknowledged request has its reply, once more through the front door."""
    for delivery in promises.deliveries.values():
        called = await process.call(process.engine.outcome(delivery.conversation_id, delivery.request_id))
        if called.value is None:
            world.complain("acknowledged means stored", where=delivery.name, expected="its reply", found=repr(called))
        else:
            promises.acknowledge(delivery, called.value)


async def _replay_all(world: World, process: Process, records: Records, journal: JournalChecks) -> None:
    """Sessions that lived under one generation of the flows are replayed from their first turn to their last."""
    for session_id in records.session_ids():
        stored = await process.call(process.engine.store.sessions.get(session_id))
        lines = await process.call(process.engine.store.sessions.journal(session_id))
        if stored.error is not None or lines.error is not None:
            world.complain("row hashes sound", where=session_id, expected="a journal", found=f"{stored} {lines}")
            return
        flows = journal.generation_of(session_id)
        if flows is None:
            continue
        *_, last = replay(flows, lines.value)
        if encode(last.state).decode() != stored.value.state_json:
            world.complain("a replay gives the same bytes", where=session_id, expected="its state", found="another")
