"""Sessions that move to newer flows, in a real database: over three versions, in two languages, beside old files."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import pytest

from fsm_engine import Engine, Reply
from fsm_engine.core.flows import Flows
from fsm_engine.engine.journal import replay
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.codec import decode, encode
from fsm_engine.model.session import SessionState, Status
from fsm_engine.storage.records import StoredTurn
from fsm_engine.testing.clock import VirtualClock
from tests.support.engines import engine_of, rows, said

# proves: P12

BOT = "bot: b\nlanguages: [en, es]\n"
FIRST = """
flow: plan
version: 1
steps:
  - {ask: name, type: person name, prompt: {en: Your name?, es: ¿Tu nombre?}}
  - {ask: goal_text, type: text 1..60, prompt: {en: What?, es: ¿Qué?}}
  - {remind: in 2 days, say: {en: "Do it: {goal_text}.", es: "Hazlo: {goal_text}."}}
  - {ask: goal_when, type: text 1..60, prompt: {en: When?, es: ¿Cuándo?}}
  - {ask: sure, type: text 1..60, prompt: {en: Sure?, es: ¿Seguro?}}
  - {confirm: ok, review: [goal_text, goal_when], prompt: {en: Right?, es: ¿Bien?}}
  - {end: {en: "{goal_text}, {goal_when}.", es: "{goal_text}, {goal_when}."}}
"""
SECOND = """
flow: plan
version: 2
migrate:
  - from: 1
    rename_slots: {goal_text: goal}
    move_steps: {goal_when: due}
steps:
  - {ask: name, type: person name, prompt: {en: Your name?, es: ¿Tu nombre?}}
  - {ask: goal, type: text 1..60, prompt: {en: What?, es: ¿Qué?}, called: {en: plan, es: plan}}
  - {remind: in 2 days, say: {en: "Do it: {goal}.", es: "Hazlo: {goal}."}, name: later}
  - {ask: due, type: date, prompt: {en: By which day?, es: ¿Para qué día?}}
  - {ask: sure, type: text 1..60, prompt: {en: Sure?, es: ¿Seguro?}}
  - {confirm: ok, review: [goal, due], prompt: {en: Right?, es: ¿Bien?}}
  - {end: {en: "{goal}, {due}.", es: "{goal}, {due}."}}
"""
THIRD = """
flow: plan
version: 3
migrate:
  - from: 1
    rename_slots: {goal_text: goal}
    move_steps: {goal_when: due}
  - from: 2
    rename_slots: {goal: wish}
    ask_again: [name]
steps:
  - {ask: name, type: person name, prompt: {en: Your whole name?, es: ¿Tu nombre completo?}}
  - {ask: wish, type: text 1..60, prompt: {en: What?, es: ¿Qué?}}
  - {remind: in 2 days, say: {en: "Do it: {wish}.", es: "Hazlo: {wish}."}, name: later}
  - {ask: due, type: date, prompt: {en: By which day?, es: ¿Para qué día?}}
  - {ask: sure, type: "whole number 0..10", prompt: {en: How sure?, es: ¿Cuánto?}}
  - {confirm: ok, review: [wish, due], prompt: {en: Right?, es: ¿Bien?}}
  - {end: {en: "{wish}, {due}.", es: "{wish}, {due}."}}
"""
VERSIONS = {1: FIRST, 2: SECOND, 3: THIRD}

ENGLISH = (
    (1, "Ann Lee", ["What?"]),
    (1, "run", ["When?"]),
    (2, "when I like", ["CHANGED", "By which day?"]),
    (2, "2026-03-20", ["Sure?"]),
    (3, "very", ["CHANGED", "How sure?"]),
    (3, "7", ["Your whole name?"]),
    (3, "Ann Mary Lee", ["Wish: run\nDue: Mar 20, 2026", "Right?"]),
    (3, "yes", ["run, Mar 20, 2026."]),
)
SPANISH = (
    (1, "Ana Ruiz", ["¿Qué?"]),
    (1, "correr", ["¿Cuándo?"]),
    (2, "cuando quiera", ["CHANGED", "¿Para qué día?"]),
    (2, "2026-03-20", ["¿Seguro?"]),
    (3, "mucho", ["CHANGED", "¿Cuánto?"]),
    (3, "7", ["¿Tu nombre completo?"]),
    (3, "Ana María Ruiz", ["Wish: correr\nDue: 20 mar 2026", "¿Bien?"]),
    (3, "sí", ["correr, 20 mar 2026."]),
)
CHANGED = {
    "en": "Some of my questions have changed since we last talked, so I need to ask a few things again.",
    "es": "Algunas de mis preguntas han cambiado desde la última vez, así que tengo que repetirte unas pocas.",
}


def write(folder: Path, version: int) -> Path:
    flows = folder / f"v{version}"
    flows.mkdir(exist_ok=True)
    (flows / "bot.yaml").write_text(BOT, encoding="utf-8")
    (flows / "plan.yaml").write_text(VERSIONS[version], encoding="utf-8")
    return flows


def opened(folder: Path, version: int, clock: VirtualClock | None = None) -> AbstractAsyncContextManager[Engine]:
    return Engine.open(f"sqlite:///{folder / 'bot.db'}", flows=write(folder, version), clock=clock or VirtualClock())


def generations(folder: Path) -> Mapping[int, Flows]:
    """The flows of every version, each with the sources of all others among them."""
    found = {version: load_flows(write(folder, version)) for version in VERSIONS}
    for flows in found.values():
        for other in found.values():
            flows.pinned.setdefault(other.compiled["plan"].flow.source_hash, other.compiled["plan"])
    return found


@pytest.mark.parametrize("language", ["en", "es"])
async def test_a_session_lives_through_three_versions_and_its_journal_replays_byte_for_byte(
    tmp_path: Path, language: str
) -> None:
    script = {"en": ENGLISH, "es": SPANISH}[language]
    states: dict[int, str] = {}
    taken_with: dict[int, int] = {1: 1}
    async with opened(tmp_path, 1) as engine:
        await engine.start("chat", "plan", locale=language)
    for version, text, expected in script:
        async with opened(tmp_path, version) as engine:  # a new process for each message
            reply = await engine.turn("chat", text, locale=language)
            stored = await engine.store.sessions.get(reply.session.id)
            journal = await engine.store.sessions.journal(reply.session.id)
        assert said(reply) == [CHANGED[language] if line == "CHANGED" else line for line in expected]
        assert stored is not None
        states[stored.turn] = stored.state_json
        taken_with[stored.turn] = version
    assert reply.session.status is Status.COMPLETED

    flows = generations(tmp_path)
    outcomes = list(replay(lambda line: flows[taken_with[line.number]], journal))
    for line, outcome in zip(journal, outcomes, strict=True):
        assert decode(Reply, line.reply_json).messages == outcome.messages
        if line.number in states:
            assert encode(outcome.state).decode() == states[line.number]
    by_version = [flows[version].compiled["plan"].flow.source_hash for version in (1, 1, 1, 2, 2, 3, 3, 3, 3)]
    assert [line.flow_hash for line in journal] == by_version


async def test_a_renamed_answer_keeps_what_was_typed_and_how_often(tmp_path: Path) -> None:
    async with opened(tmp_path, 1) as engine:
        await engine.start("chat", "plan")
        await engine.turn("chat", "I am Ann Lee")
        await engine.turn("chat", "x" * 61)
        await engine.turn("chat", " go running ")
    async with opened(tmp_path, 2) as engine:
        await engine.turn("chat", "2026-03-20")

    assert sorted(rows(tmp_path, "user_responses", "step, slot, response, raw_text, attempt_count")) == [
        ("due", "due", '"2026-03-20"', "2026-03-20", 1),
        ("goal", "goal", '"go running"', "go running", 2),
        ("name", "name", '"Ann Lee"', "I am Ann Lee", 1),
    ]


async def test_a_reminder_comes_once_under_its_new_name(tmp_path: Path) -> None:
    clock, heard = VirtualClock(), []
    async with opened(tmp_path, 1, clock) as engine:
        await engine.start("chat", "plan")
        await engine.turn("chat", "Ann Lee")
        await engine.turn("chat", "run")
    async with opened(tmp_path, 2, clock) as engine:
        engine.deliver(lambda delivery: heard.append(delivery.text))
        await engine.turn("chat", "2026-03-20")
        clock.advance(3 * 24 * 3600)
        await engine.run_timers()
        await engine.run_timers()
        await engine.run_deliveries()

    assert heard == ["Do it: run."]
    assert sorted(rows(tmp_path, "timers", "step, status")) == [("later", "fired"), ("remind 1", "cancelled")]


async def test_a_second_delivery_of_the_message_that_moved_gets_the_stored_reply(tmp_path: Path) -> None:
    async with opened(tmp_path, 1) as engine:
        await engine.start("chat", "plan")
        await engine.turn("chat", "Ann Lee")
    async with opened(tmp_path, 2) as engine:
        first = await engine.turn("chat", "run", request_id="r")
        second = await engine.turn("chat", "run", request_id="r")
    async with opened(tmp_path, 1) as engine:
        third = await engine.turn("chat", "run", request_id="r")

    assert said(first) == said(second) == said(third) == ["By which day?"]
    assert [first.duplicate, second.duplicate, third.duplicate] == [False, True, True]
    assert second.session.turn == first.session.turn == third.session.turn


async def test_a_process_with_older_files_goes_on_with_a_moved_session_and_never_moves_it_back(tmp_path: Path) -> None:
    async with opened(tmp_path, 1) as old, opened(tmp_path, 2) as new:
        for chat in ("one", "two"):
            await old.start(chat, "plan")
            await old.turn(chat, "Ann Lee")
        assert said(await new.turn("one", "run")) == ["By which day?"]
        assert said(await old.turn("one", "2026-03-20")) == ["Sure?"]
        assert said(await old.turn("one", "very")) == ["Plan: run\nDue: Mar 20, 2026", "Right?"]
        assert said(await old.turn("two", "swim")) == ["When?"]
        assert said(await old.turn("two", "soon")) == ["Sure?"]
        assert said(await old.start("three", "plan")) == ["Your name?"]
    versions = dict(rows(tmp_path, "sessions", "id, json_extract(state_json, '$.frames[0].version')"))

    assert sorted(versions.values()) == [1, 1, 2]


async def test_a_reload_moves_sessions_at_their_next_message_and_not_before(tmp_path: Path) -> None:
    async with engine_of(tmp_path, BOT, FIRST) as engine:
        await engine.start("chat", "plan")
        await engine.turn("chat", "Ann Lee")
        (tmp_path / "flows" / "2.yaml").write_text(SECOND, encoding="utf-8")
        before = rows(tmp_path, "sessions", "state_json")
        await engine.reload_flows()

        assert rows(tmp_path, "sessions", "state_json") == before
        assert said(await engine.turn("chat", "repeat")) == ["What?"]
        assert said(await engine.turn("chat", "run")) == ["By which day?"]


async def test_a_flow_that_declares_nothing_leaves_no_trace_of_moving_in_the_journal(tmp_path: Path) -> None:
    async with opened(tmp_path, 1) as engine:
        await engine.start("chat", "plan")
        reply = await engine.turn("chat", "Ann Lee")
        journal = await engine.store.sessions.journal(reply.session.id)
    async with opened(tmp_path, 2) as engine:
        await engine.turn("chat", "run")
        moved = await engine.store.sessions.journal(reply.session.id)

    assert [_moves_to(line) for line in journal] == ["[]", "[]"]
    assert len(_moves_to(moved[-1])) > 60


def _moves_to(line: StoredTurn) -> str:
    with closing(sqlite3.connect(":memory:")) as connection:
        (found,) = connection.execute("SELECT json_extract(?, '$.moves_to')", (line.event_json,)).fetchone()
    return str(found)


async def test_the_risk_stage_reads_the_message_that_would_move(tmp_path: Path) -> None:
    async with opened(tmp_path, 1) as engine:
        await engine.start("chat", "plan")
        await engine.turn("chat", "Ann Lee")
    async with opened(tmp_path, 2) as engine:
        reply = await engine.turn("chat", "I want to kill myself")
        state = decode(SessionState, (await _state(engine, reply)))

        assert reply.risk is not None
        assert state.frames[0].version == 1
        assert said(await engine.turn("chat", "run"))[-1] == "By which day?"
    assert len(rows(tmp_path, "risk_detections")) >= 1


async def _state(engine: Engine, reply: Reply) -> str:
    stored = await engine.store.sessions.get(reply.session.id)
    assert stored is not None
    return stored.state_json
