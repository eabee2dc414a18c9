"""A flow as a `transitions` machine: which moves it allows, and that no name of an author reaches the library. proves: C2"""

# proves: C2

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from fsm_engine.core.flows import Flows
from fsm_engine.core.machine import OVER, START, Cursor
from fsm_engine.errors import FsmEngineError
from tests.support.flow_texts import asking, flows_of, problems_of
from tests.support.talk import Talk

FLOW = """
flow: f
steps:
  - {ask: a, type: text, prompt: a?}
  - {say: Noted., when: a == "x", goto: c}
  - {ask: b, type: text, prompt: b?}
  - repeat: items
    steps:
      - {ask: item, type: text, prompt: item?}
  - {ask: c, type: text, prompt: c?, give_up: goto a}
  - choose:
      - {when: c == "again", goto: b}
  - {end: Bye., when: c == "end"}
  - {ask: d, type: text, prompt: d?}
"""


@pytest.fixture
def flows(tmp_path: Path) -> Flows:
    return flows_of(tmp_path, FLOW)


def test_the_machine_holds_every_move_from_one_waiting_place_to_the_next(flows: Flows) -> None:
    assert flows.compiled["f"].machine.moves == {
        START: ("a",),
        "a": ("b", "c"),
        "b": ("items",),
        "items": ("c", "item"),
        "item": ("items",),
        "c": ("d", OVER, "b", "a"),
        "d": (OVER,),
    }


def test_a_cursor_moves_where_the_flow_allows(flows: Flows) -> None:
    cursor = Cursor(START)
    for place in ("a", "c", "d", OVER):
        flows.compiled["f"].machine.move(cursor, place)
        assert cursor.state == place


def test_any_other_move_is_refused_and_leaves_the_cursor(flows: Flows) -> None:
    cursor = Cursor("a")
    with pytest.raises(FsmEngineError, match="flow 'f': no move leads from 'a' to 'd'"):
        flows.compiled["f"].machine.move(cursor, "d")

    assert cursor.state == "a"


def test_a_place_that_the_flow_does_not_have_is_refused(flows: Flows) -> None:
    with pytest.raises(FsmEngineError, match="no move leads from 'nowhere' to 'a'"):
        flows.compiled["f"].machine.move(Cursor("nowhere"), "a")


def test_one_machine_serves_many_threads_at_once(flows: Flows) -> None:
    machine = flows.compiled["f"].machine
    failures: list[str] = []

    def run(route: tuple[str, ...]) -> None:
        for _ in range(200):
            cursor = Cursor(START)
            for place in route:
                machine.move(cursor, place)
                if cursor.state != place:
                    failures.append(place)

    routes = [("a", "b", "items", "item", "items", "c", "d", OVER), ("a", "c", "a", "c", OVER)] * 4
    threads = [threading.Thread(target=run, args=(route,)) for route in routes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


NAMES = ("to_b", "trigger", "state", "model", "answer", "may_answer", "is_a", "machine", "events", "initial", "mro")


@pytest.mark.parametrize("name", NAMES)
def test_names_of_the_librarys_own_are_ordinary_names_of_steps_and_slots(tmp_path: Path, name: str) -> None:
    talk = Talk(flows_of(tmp_path, asking(name, "z", flow=name)))

    assert talk.start(name) == [f"{name}?"]
    assert talk.say("x") == ["z?"]
    assert talk.slots == {name: "x"}


@pytest.mark.parametrize("name", ["__init__", "__class__", "os.abort", "builtins.exit", "a.b.c"])
def test_dotted_and_dunder_names_never_get_as_far_as_the_machine(tmp_path: Path, name: str) -> None:
    texts = [
        asking(name),
        f"flow: {name}\nsteps: [{{say: Hi.}}]",
        f"flow: f\nsteps: [{{say: Hi., name: '{name}'}}]",
        f"flow: f\nsteps: [{{say: Hi., when: '{name}'}}]",
        f"flow: f\nsteps: [{{say: Hi., goto: '{name}'}}]",
        f"flow: f\nsteps: [{{ask: a, type: text, prompt: a?, give_up: 'goto {name}'}}]",
    ]
    for number, text in enumerate(texts):
        assert any(" error " in one for one in problems_of(tmp_path / str(number), text)), text


def test_an_action_with_a_dotted_name_is_data_until_it_is_looked_up(tmp_path: Path) -> None:
    talk = Talk(flows_of(tmp_path, "flow: f\nsteps: [{do: os.abort, name: x}, {end: Alive.}]"), answers={"os.abort": 1})

    assert talk.start("f") == ["Alive."]
    assert talk.calls == [("os.abort", {})]
