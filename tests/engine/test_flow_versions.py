"""Flow files that change under running sessions. proves: P12"""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest

from fsm_engine import Engine, FlowError, NotFound, Status, load_flows
from tests.support.engines import engine_of, rows, said
from tests.support.flow_texts import write

FIRST = """
flow: f
version: 1
start: {phrases: [go on a trip]}
steps:
  - {ask: a, type: text, prompt: a?}
  - {ask: b, type: text, prompt: b?}
  - {ask: c, type: text, prompt: c?}
  - {end: "{a} {b} {c}."}
"""
REWORDED = FIRST.replace("b?", "b please?").replace("c?", "c please?")
SECOND = """
flow: f
version: 2
start: {phrases: [go on a trip]}
steps:
  - {ask: a, type: text, prompt: a2?}
  - {ask: z, type: text, prompt: z2?}
  - {end: New.}
"""


async def begin(folder: Path, text: str = FIRST) -> None:
    async with engine_of(folder, text) as engine:
        await engine.start("chat", "f")
        await engine.turn("chat", "1")


async def test_new_wording_is_heard_in_running_sessions(tmp_path: Path) -> None:
    await begin(tmp_path)
    async with engine_of(tmp_path, REWORDED) as engine:
        assert said(await engine.turn("chat", "repeat")) == ["b please?"]
        assert said(await engine.turn("chat", "2")) == ["c please?"]
        assert said(await engine.turn("chat", "3")) == ["1 2 3."]


async def test_a_running_session_stays_on_the_version_that_it_started_with(tmp_path: Path) -> None:
    await begin(tmp_path)
    async with engine_of(tmp_path, SECOND) as engine:
        assert said(await engine.turn("chat", "2")) == ["c?"]
        assert said(await engine.turn("chat", "3")) == ["1 2 3."]
        assert said(await engine.turn("chat", "go on a trip")) == ["a2?"]


async def test_the_version_is_kept_over_restarts_and_further_versions(tmp_path: Path) -> None:
    await begin(tmp_path)
    async with engine_of(tmp_path, SECOND) as engine:
        await engine.turn("chat", "2")
    async with engine_of(tmp_path, SECOND.replace("version: 2", "version: 3")) as engine:
        assert said(await engine.turn("chat", "3")) == ["1 2 3."]

    assert sorted(rows(tmp_path, "flow_versions", "name, version")) == [("f", 1), ("f", 2), ("f", 3)]


async def test_starting_again_takes_the_new_version(tmp_path: Path) -> None:
    await begin(tmp_path)
    async with engine_of(tmp_path, SECOND) as engine:
        await engine.turn("chat", "start over")
        assert said(await engine.turn("chat", "yes"))[-1] == "a2?"


async def test_a_session_goes_on_when_its_flow_is_gone_from_the_folder(tmp_path: Path) -> None:
    await begin(tmp_path)
    async with engine_of(tmp_path, "flow: other\nsteps: [{say: Hi.}]") as engine:
        assert said(await engine.turn("chat", "2")) == ["c?"]
        assert said(await engine.turn("chat", "back"))[-1] == "b?"
        assert said(await engine.turn("chat", "help"))[-1] == "b?"


async def test_a_flow_that_is_gone_cannot_be_started_again_and_the_user_hears_something(tmp_path: Path) -> None:
    await begin(tmp_path)
    async with engine_of(tmp_path, "flow: other\nsteps: [{say: Hi.}]") as engine:
        await engine.turn("chat", "start over")
        reply = await engine.turn("chat", "yes")

    assert reply.text != ""


CHANGES = {
    "the open question is gone": ("  - {ask: b, type: text, prompt: b?}\n", ""),
    "the open question became a text": ("ask: b, type: text, prompt: b?", "say: b., name: b"),
    "an answered question is gone": ("  - {ask: a, type: text, prompt: a?}\n", ""),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_steps_that_change_without_a_new_version_do_not_break_a_session(tmp_path: Path, what: str) -> None:
    await begin(tmp_path)
    changed = FIRST.replace(*CHANGES[what]).replace("{a} {b} {c}", "{c}")
    async with engine_of(tmp_path, changed) as engine:
        assert said(await engine.turn("chat", "repeat")) == ["b?"]
        assert said(await engine.turn("chat", "back"))[-1] == "a?"
        for text in ("9", "2", "3", "4"):
            reply = await engine.turn("chat", text)
            if reply.session.status is Status.COMPLETED:
                break

    assert reply.session.status is Status.COMPLETED


async def test_a_pending_action_whose_step_is_no_action_any_more_is_unknown_and_the_session_goes_on(
    tmp_path: Path,
) -> None:
    text = """
flow: f
steps:
  - {do: work, name: work}
  - {ask: b, type: text, prompt: b?}
"""
    async with engine_of(tmp_path, text) as engine:

        @engine.action("work")
        async def work(call: object) -> None:
            await asyncio.sleep(60)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await engine.start("chat", "f")
    changed = text.replace("do: work, name: work", "ask: work, type: text, prompt: work?")
    async with engine_of(tmp_path, changed) as engine:
        first = await engine.turn("chat", "hello")
        second = await engine.turn("chat", "hello")

    assert first.text != ""
    assert second.text != ""
    assert rows(tmp_path, "audit_log", "status") == [("unknown",)]


async def test_an_old_version_that_runs_a_flow_that_is_gone_passes_the_user_on(tmp_path: Path) -> None:
    outer = "flow: f\nsteps:\n  - {ask: a, type: text, prompt: a?}\n  - {run: g}"
    async with engine_of(tmp_path, outer, "flow: g\nsteps: [{say: Hi.}]") as engine:
        await engine.start("chat", "f")
    (tmp_path / "flows" / "2.yaml").unlink()
    async with engine_of(tmp_path, SECOND) as engine:
        reply = await engine.turn("chat", "1")

    assert "passing you on" in reply.text
    assert reply.session.status is Status.HANDED_OFF


async def test_reload_takes_new_files_and_keeps_running_sessions(tmp_path: Path) -> None:
    async with engine_of(tmp_path, FIRST) as engine:
        await engine.start("chat", "f")
        write(tmp_path / "flows", SECOND)
        await engine.reload_flows()

        assert said(await engine.turn("chat", "1")) == ["b?"]
        assert said(await engine.start("other", "f")) == ["a2?"]


async def test_reload_refuses_bad_files_and_goes_on_with_the_old_ones(tmp_path: Path) -> None:
    async with engine_of(tmp_path, FIRST) as engine:
        await engine.start("chat", "f")
        write(tmp_path / "flows", FIRST.replace("{a} {b} {c}", "{x}"))
        with pytest.raises(FlowError, match="unknown-slot"):
            await engine.reload_flows()

        assert said(await engine.turn("chat", "1")) == ["b?"]


async def test_reload_during_turns_never_leaves_a_session_without_its_flow(tmp_path: Path) -> None:
    async def slow_hook(text: str) -> None:
        await asyncio.sleep(0.002)

    async with engine_of(tmp_path, FIRST, risk_hooks=[slow_hook]) as engine:
        await asyncio.gather(*(engine.start(f"chat {number}", "f") for number in range(10)))

        async def talk(number: int) -> None:
            for text in ("1", "2", "3"):
                reply = await engine.turn(f"chat {number}", text)
            assert said(reply) == ["1 2 3."]
            assert reply.session.status is Status.COMPLETED

        async def reload() -> None:
            for version in range(2, 12):
                write(tmp_path / "flows", SECOND.replace("version: 2", f"version: {version}"))
                await engine.reload_flows()
                await asyncio.sleep(0)

        await asyncio.gather(*(talk(number) for number in range(10)), reload())


async def test_a_session_whose_flow_is_nowhere_gets_a_clear_error_and_others_go_on(tmp_path: Path) -> None:
    await begin(tmp_path)
    with closing(connect(tmp_path / "bot.db")) as connection:
        connection.execute("DELETE FROM flow_versions")
        connection.commit()
    async with engine_of(tmp_path, "flow: other\nsteps: [{ask: q, type: text, prompt: q?}]") as engine:
        with pytest.raises(NotFound, match=r"flow 'f' version 1 .* is neither in the flow files nor among the stored"):
            await engine.turn("chat", "2")
        assert said(await engine.start("chat 2", "other")) == ["q?"]


async def test_loaded_flows_can_be_shared_by_engines(tmp_path: Path) -> None:
    flows = load_flows(write(tmp_path / "flows", FIRST))
    async with (
        Engine.open(f"sqlite:///{tmp_path / 'one.db'}", flows=flows) as one,
        Engine.open(f"sqlite:///{tmp_path / 'two.db'}", flows=flows) as two,
    ):
        assert said(await one.start("chat", "f")) == said(await two.start("chat", "f")) == ["a?"]


async def test_a_list_of_files_is_a_bot_too(tmp_path: Path) -> None:
    folder = write(tmp_path / "flows", FIRST, "flow: bad\nsteps: [{say: '{x}'}]")
    async with Engine.open(f"sqlite:///{tmp_path / 'bot.db'}", flows=[folder / "1.yaml"]) as engine:
        assert said(await engine.start("chat", "f")) == ["a?"]


ROOM = "flow: room\nstart: {phrases: [book a room]}\nsteps: [{ask: nights, type: text, prompt: How many nights?}]"
TABLE = "flow: table\nstart: {phrases: [book a table]}\nsteps: [{ask: guests, type: text, prompt: How many guests?}]"


async def test_a_choice_between_flows_of_which_one_is_gone_is_still_a_choice(tmp_path: Path) -> None:
    async with engine_of(tmp_path, ROOM, TABLE) as engine:
        for text in ("mumble", "grumble", "rumble"):
            reply = await engine.turn("chat", text)
        assert reply.expects is not None
        assert reply.expects.kind == "one of"
    (tmp_path / "flows" / "2.yaml").unlink()
    async with engine_of(tmp_path, ROOM) as engine:
        assert said(await engine.turn("chat", "room")) == ["How many nights?"]


OUTER = """
flow: f
version: {version}
steps:
  - {{ask: a, type: text, prompt: a?}}
  - {{run: g}}
  - {{end: "{{{slot}}}!"}}
"""
INNER = "flow: g\nversion: {version}\nsteps: [{{ask: {slot}, type: text, prompt: q?}}]"


async def test_an_old_version_shows_answers_of_a_flow_whose_newest_version_calls_them_otherwise(tmp_path: Path) -> None:
    old, new = {"version": 1, "slot": "q"}, {"version": 2, "slot": "r"}
    async with engine_of(tmp_path, OUTER.format(**old), INNER.format(**old)) as engine:
        for chat in ("begun", "run"):
            await engine.start(chat, "f")
        await engine.turn("run", "1")
    async with engine_of(tmp_path, OUTER.format(**new), INNER.format(**new)) as engine:
        assert said(await engine.turn("run", "2")) == ["2!"]
        await engine.turn("begun", "1")
        assert said(await engine.turn("begun", "2")) == ["!"]


async def test_a_condition_of_an_old_version_holds_for_the_answers_that_it_was_written_for(tmp_path: Path) -> None:
    outer = """
flow: f
version: {version}
steps:
  - {{ask: a, type: text, prompt: a?}}
  - {{run: g}}
  - {{say: Many., when: {when}}}
  - {{ask: b, type: text, prompt: b?}}
"""
    inner = (
        "flow: g\nversion: {version}\nsteps: [{{ask: q, type: {kind}, prompt: q?}}, {{ask: p, type: text, prompt: p?}}]"
    )
    many = (outer.format(version=1, when="q > 5"), inner.format(version=1, kind="whole number"))
    async with engine_of(tmp_path, *many) as engine:
        await engine.start("chat", "f")
        await engine.turn("chat", "1")
        await engine.turn("chat", "7")
    async with engine_of(
        tmp_path, outer.format(version=2, when="q == 'x'"), inner.format(version=2, kind="text")
    ) as engine:
        assert said(await engine.turn("chat", "2")) == ["Many.", "b?"]
