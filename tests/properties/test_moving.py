"""Whatever an author does to a flow and declares: a session that moves is one that had always been there."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fsm_engine import Engine
from fsm_engine.core.flows import Flows
from fsm_engine.core.migrating import move_session, moves_of
from fsm_engine.core.moved_frame import MovedFrame
from fsm_engine.core.version_names import names_since
from fsm_engine.engine.journal import replay
from fsm_engine.errors import FlowError
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.flow import Ask
from fsm_engine.model.session import SessionState, Status
from fsm_engine.model.turn import ActionResult, Reply
from fsm_engine.testing.clock import VirtualClock
from tests.support.edited_flows import KINDS, Version, lives
from tests.support.moves import MovingTalk

# proves: P12

LOOSE = settings(max_examples=150, deadline=None)
LONG = settings(max_examples=2_000, deadline=None)
WORDS = ("word", "7", "red", "yes", "no", "skip", "back", "change s0", "green", "99", "s1 is blue", "repeat")


def flows_of(life: Sequence[Version]) -> list[Flows]:
    """The flows of each version, each with the sources of all others."""
    found: list[Flows] = []
    with tempfile.TemporaryDirectory() as folder:
        for version in life:
            path = Path(folder) / f"{version.number}.yaml"
            path.write_text(version.text, encoding="utf-8")
            try:
                found.append(load_flows([path]))
            except FlowError as error:  # such as two guards that no longer fit together
                assume(not error.problems)
    for flows in found:
        for other in found:
            flows.pinned.setdefault(other.compiled["f"].flow.source_hash, other.compiled["f"])
    return found


def a_talk(flows: Flows) -> MovingTalk:
    works = {f"work.{name}": ActionResult(ok=True, value=1) for name in _actions(flows)}
    talk = MovingTalk(flows, answers={**works, "work.off": ActionResult(ok=True)})
    talk.start("f")
    return talk


def _actions(flows: Flows) -> set[str]:
    known = [*flows.compiled.values(), *flows.pinned.values()]
    return {name for flow in known for name in flow.index_of}


def finish(talk: MovingTalk, names: dict[str, str]) -> None:
    """Answers every question as its slot always is; ``names`` are the first names of slots."""
    for _ in range(500):
        if talk.status is not Status.ACTIVE:
            return
        assert talk.step is not None
        node = talk.flows.for_frame(talk.state.frames[-1]).node(talk.step)
        talk.say(answer_to(node.step, names))
    pytest.fail(f"stands at {talk.step}")


def answer_to(step: Any, names: dict[str, str]) -> str:
    slot = names.get(step.slot, step.slot)
    if step.optional and hash_of(slot) % 3 == 0:
        return "skip"
    return f"{KINDS['text 1..60']} {slot}"


def hash_of(slot: str) -> int:
    return sum(map(ord, slot))


def first_names(life: Sequence[Version]) -> dict[str, str]:
    """Every name that a slot ever had, with its first one."""
    found: dict[str, str] = {}
    for renamed, _, _ in life[-1].migrations:
        for old, new in renamed.items():
            found[new] = found.get(old, old)
    return found


def ends_alike(life: Sequence[Version], answered: Sequence[int]) -> None:
    """A session that answers some questions on each version ends as one that was on the last from the beginning."""
    flows, names = flows_of(life), first_names(life)
    moving, still = a_talk(flows[0]), a_talk(flows[-1])
    for number, count in enumerate(answered[: len(flows)]):
        moving.flows = flows[number]
        for _ in range(count):
            if moving.status is Status.ACTIVE:
                step = moving.flows.for_frame(moving.state.frames[-1]).node(moving.step or "").step
                moving.say(answer_to(step, names))
    was_active = moving.status is Status.ACTIVE
    moving.flows = flows[-1]
    if was_active:
        must_move_where_it_can(moving, names)
    finish(moving, names)
    finish(still, names)
    if not was_active or moving.version != life[-1].number:
        return

    wanted = still.state.frames[-1]
    kept = moving.state.frames[-1]
    assert {
        slot: value for slot, value in kept.slots.items() if slot in still.flows.compiled["f"].slots
    } == wanted.slots
    assert set(kept.skipped) == set(wanted.skipped)
    assert set(kept.trail) == set(wanted.trail)
    assert kept.step == wanted.step


def must_move_where_it_can(talk: MovingTalk, names: dict[str, str]) -> None:
    """A session whose open question is asked on the newest version too does not stay behind."""
    (move,) = moves_of(talk.flows, talk.state)
    step = talk.flows.for_frame(talk.state.frames[-1]).node(talk.step or "").step
    lives_on = {names.get(slot, slot) for slot in talk.flows.compiled["f"].asks}
    if isinstance(step, Ask) and names.get(step.slot, step.slot) in lives_on:
        assert not isinstance(move, str), move


@LOOSE
@given(life=lives(plain=True), answered=st.lists(st.integers(0, 4), min_size=3, max_size=3))
def test_a_session_that_moved_ends_as_one_that_always_was_there(life: list[Version], answered: list[int]) -> None:
    ends_alike(life, answered)


@pytest.mark.slow
@LONG
@given(life=lives(plain=True, versions=6), answered=st.lists(st.integers(0, 4), min_size=6, max_size=6))
def test_a_session_that_moved_often_ends_as_one_that_always_was_there(life: list[Version], answered: list[int]) -> None:
    ends_alike(life, answered)


def talks_on(life: Sequence[Version], said: Sequence[tuple[str, bool]]) -> None:
    """`MovingTalk` holds every turn to what holds for all turns: it is pure, and its state comes back as it is."""
    flows = flows_of(life)
    talk, number = a_talk(flows[0]), 0
    for text, is_newer in said:
        if talk.status is not Status.ACTIVE:
            return
        number = min(number + is_newer, len(flows) - 1)
        talk.flows = flows[number]
        must_lose_nothing(talk, text)


def must_lose_nothing(talk: MovingTalk, text: str) -> None:
    before, open_slots = talk.state, set(talk.state.frames[-1].slots)
    (move,) = moves_of(talk.flows, before)
    moved, _ = move_session(talk.flows, before)
    names = names_since(talk.flows.compiled["f"].flow, before.frames[0].version)
    talk.say(text)

    if isinstance(move, str) or names is None:
        assert moved == before
        return
    assert isinstance(move, MovedFrame)
    as_renamed = {names.slot(slot) for slot in open_slots}
    assert set(moved.frames[0].slots) == as_renamed
    for slot, value in before.frames[0].slots.items():
        kept = moved.frames[0].slots[names.slot(slot)]
        assert kept == value or isinstance(value, list) or names.slot(slot) in move.ask_again
        assert not isinstance(value, list) or [*map(len, kept)] == [*map(len, value)]
    assert decode(SessionState, encode(moved)) == moved
    has_moved = talk.version == move.frame.version and before.frames[0].version != talk.version
    if has_moved and not move.ask_again and not move.to_read and text in {"word", "7", "red", "yes"}:
        guarded = {node.step.slot for node in move.flow.nodes if node.when is not None and hasattr(node.step, "slot")}
        assert as_renamed - guarded <= set(talk.slots) | {slot for slot in as_renamed if slot in _inner(move)}


def _inner(move: MovedFrame) -> set[str]:
    """What a round holds until it is closed."""
    return {slot for slot, index in move.flow.asks.items() if move.flow.nodes[index].inside >= 0}


SAID = st.lists(st.tuples(st.sampled_from(WORDS), st.booleans()), min_size=1, max_size=15)


@LOOSE
@given(life=lives(), said=SAID)
def test_no_edit_and_no_message_breaks_a_session_or_loses_an_answer(
    life: list[Version], said: list[tuple[str, bool]]
) -> None:
    talks_on(life, said)


@pytest.mark.slow
@LONG
@given(life=lives(versions=5), said=SAID)
def test_no_edits_and_no_messages_break_a_session_or_lose_an_answer(
    life: list[Version], said: list[tuple[str, bool]]
) -> None:
    talks_on(life, said)


async def replays(life: Sequence[Version], said: Sequence[tuple[str, bool]]) -> None:
    """What an engine stored of a conversation over some versions comes out of its journal again, byte for byte."""
    flows, number = flows_of(life), 0
    taken_with: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "f.yaml"
        file.write_text(life[0].text, encoding="utf-8")
        async with Engine.open("sqlite:///:memory:", flows=[file], clock=VirtualClock()) as engine:
            for name in {f"work.{name}" for name in _actions(flows[0])} | {"work.off"}:
                engine.action(name)(lambda call: 1)
            reply = await engine.start("chat", "f")
            session_id = reply.session.id
            for text, is_newer in said:
                taken_with += [number] * (await _turns(engine, session_id) - len(taken_with))
                if reply.session.status is not Status.ACTIVE:
                    break
                if is_newer and number + 1 < len(flows):
                    number += 1
                    file.write_text(life[number].text, encoding="utf-8")
                    await engine.reload_flows()
                reply = await engine.turn("chat", text)
            journal = await engine.store.sessions.journal(session_id)
            stored = await engine.store.sessions.get(session_id)
    taken_with += [number] * (len(journal) - len(taken_with))
    outcomes = list(replay(lambda line: flows[taken_with[line.number - 1]], journal))

    assert stored is not None
    assert encode(outcomes[-1].state).decode() == stored.state_json
    for line, outcome in zip(journal, outcomes, strict=True):
        assert decode(Reply, line.reply_json).messages == outcome.messages


async def _turns(engine: Engine, session_id: str) -> int:
    return len(await engine.store.sessions.journal(session_id))


@settings(LOOSE, max_examples=30)
@given(life=lives(), said=SAID)
async def test_the_journal_of_a_session_that_moved_gives_the_same_bytes(
    life: list[Version], said: list[tuple[str, bool]]
) -> None:
    await replays(life, said)


@pytest.mark.slow
@settings(LONG, max_examples=1_000)
@given(life=lives(versions=5), said=SAID)
async def test_the_journal_of_a_session_that_moved_often_gives_the_same_bytes(
    life: list[Version], said: list[tuple[str, bool]]
) -> None:
    await replays(life, said)
