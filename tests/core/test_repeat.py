"""Lists: at least, at most, another one?, records inside records, and corrections among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.flow_texts import flows_of
from tests.support.talk import Talk

PEOPLE = """
flow: f
steps:
  - {ask: me, type: text, prompt: me?}
  - repeat: people
    at_least: AT_LEAST
    at_most: 3
    ask_more: more?
    steps:
      - {ask: name, type: text, prompt: name?}
      - {ask: age, type: whole number, prompt: "age of {name}?", optional: true}
  - {ask: end, type: text, prompt: "{count(people)} of {people}. end?"}
"""


def talk_of(tmp_path: Path, flow: str = PEOPLE, at_least: int = 1, **answers: Any) -> Talk:
    talk = Talk(flows_of(tmp_path, flow.replace("AT_LEAST", str(at_least))), answers=answers)
    talk.start("f")
    return talk


def test_each_round_becomes_a_record(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7")

    assert talk.last.messages[0].text == "more?"
    talk.say_all("yes", "Ben", "skip")
    assert talk.say("no") == ["2 of Ana and Ben. end?"]
    assert talk.slots["people"] == [{"name": "Ana", "age": 7}, {"name": "Ben"}]


def test_below_at_least_nobody_is_asked_whether_there_is_another(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, at_least=2)

    assert talk.say_all("I", "Ana", "7") == ["name?"]
    assert talk.say_all("Ben", "8") == ["more?"]


def test_at_most_ends_the_list(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "A", "1", "yes", "B", "2", "yes", "C")

    assert talk.say("3") == ["3 of A, B and C. end?"]


def test_unclear_answers_to_another_one_end_the_list_at_last(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7")

    assert talk.say("perhaps")[-1] == "more?"
    assert talk.say("perhaps")[-1] == "more?"
    assert talk.say("perhaps") == ["1 of Ana. end?"]


def test_a_list_that_needs_none_can_end_with_an_empty_round(tmp_path: Path) -> None:
    flow = PEOPLE.replace("prompt: name?}", "prompt: name?, optional: true}")
    talk = talk_of(tmp_path, flow, at_least=0)
    talk.say_all("I", "skip", "skip")

    assert talk.slots["people"] == []


def test_answers_inside_a_round_are_stored_under_its_number(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana")
    first = [answer.step for answer in talk.last.answers]
    talk.say_all("7", "yes", "Ben")

    assert first == ["people[1].name"]
    assert [answer.step for answer in talk.last.answers] == ["people[2].name"]


def test_a_correction_inside_a_round_stays_in_it(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7", "yes", "Ben")
    said = talk.say("actually my name is Carl")

    assert said[-1] == "age of Carl?"
    talk.say_all("9", "no")
    assert talk.slots["people"] == [{"name": "Ana", "age": 7}, {"name": "Carl", "age": 9}]


def test_a_correction_of_an_earlier_answer_returns_into_the_round(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7", "yes", "Ben")
    said = talk.say("actually my me is you")

    assert said[-1] == "age of Ben?"
    talk.say_all("9", "no")
    assert talk.slots["people"] == [{"name": "Ana", "age": 7}, {"name": "Ben", "age": 9}]


def test_a_correction_at_another_one_returns_to_it(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7")

    assert talk.say("actually my me is you")[-1] == "more?"
    assert talk.say("no") == ["1 of Ana. end?"]


def test_a_correction_after_the_list_keeps_it(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7", "no")

    assert talk.say("actually my me is you")[-1] == "1 of Ana. end?"
    assert talk.slots["people"] == [{"name": "Ana", "age": 7}]


def test_changing_a_list_collects_it_anew(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7", "no")

    assert talk.say("change my people") == ["name?"]
    talk.say_all("Ben", "8")
    assert talk.say("no")[-1] == "1 of Ben. end?"
    assert talk.slots["people"] == [{"name": "Ben", "age": 8}]


def test_changing_a_list_in_the_middle_of_a_round_begins_it_anew(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7", "yes", "Ben")

    assert talk.say("change my people") == ["name?"]
    talk.say_all("Carl", "8", "no")
    assert talk.slots["people"] == [{"name": "Carl", "age": 8}]


def test_back_in_a_round_goes_to_its_question_before(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana")

    assert talk.say("back")[-1] == "name?"


def test_back_at_another_one_opens_the_last_item_again(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7", "yes", "Ben", "8")

    assert talk.say("back")[-1] == "name?"
    assert talk.slots["people"] == [{"name": "Ana", "age": 7}]
    talk.say_all("Carl", "9", "no")
    assert talk.slots["people"] == [{"name": "Ana", "age": 7}, {"name": "Carl", "age": 9}]


def test_back_at_another_one_stores_the_list_that_is_left(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7", "yes", "Ben", "8", "back")

    assert [(answer.step, answer.value) for answer in talk.last.answers][-1] == ("people", [{"name": "Ana", "age": 7}])


def test_back_at_the_only_item_takes_the_list_away(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7", "back")

    assert [(answer.step, answer.is_removed) for answer in talk.last.answers] == [("people", True)]
    assert talk.say("back")[-1] == "me?"


def test_back_in_the_next_round_opens_the_last_item_again(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7", "yes")

    assert talk.say("back")[-1] == "name?"
    talk.say_all("Ben", "8", "no")
    assert talk.slots["people"] == [{"name": "Ben", "age": 8}]


def test_back_after_the_list_opens_its_last_item(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7", "no")

    assert talk.say("back")[-1] == "name?"


def test_a_guard_that_turns_false_inside_the_list_takes_it_away(tmp_path: Path) -> None:
    flow = """
flow: f
steps:
  - {ask: pets, type: yes or no, prompt: pets?}
  - repeat: animals
    when: pets
    steps:
      - {ask: kind, type: text, prompt: kind?}
      - {ask: legs, type: whole number, prompt: legs?}
  - {ask: end, type: text, prompt: end?}
"""
    talk = talk_of(tmp_path, flow)
    talk.say_all("yes", "cat")

    assert talk.say("change my pets to no")[-1] == "end?"
    assert talk.state.frames[0].rounds == {}
    assert talk.say("change my pets to yes")[-1] == "kind?"


def test_a_list_that_is_collected_anew_says_and_does_all_that_its_rounds_say_and_do(tmp_path: Path) -> None:
    flow = """
flow: f
steps:
  - repeat: items
    steps:
      - {ask: item, type: text, prompt: item?}
      - {say: "Noted {item}."}
      - choose:
          - {when: length(item) > 3, say: A long one.}
      - {do: store, send: [item]}
  - {ask: end, type: text, prompt: end?}
"""
    talk = talk_of(tmp_path, flow, store=None)
    talk.say_all("long one", "no", "change my items")

    assert talk.say("other one")[:2] == ["Noted other one.", "A long one."]
    assert talk.calls == [("store", {"item": "long one"}), ("store", {"item": "other one"})]


NESTED = """
flow: f
steps:
  - repeat: families
    ask_more: another family?
    steps:
      - {ask: name, type: text, prompt: name?}
      - repeat: children
        ask_more: another child?
        steps:
          - {ask: child, type: text, prompt: "child of {name}?"}
          - {ask: age, type: whole number, prompt: age?}
  - {end: "{count(families)} families."}
"""


def test_a_list_inside_a_list_becomes_records_with_records(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, NESTED)
    talk.say_all("Ali", "Omar", "7", "yes", "Sara", "9", "no", "yes", "Haddad", "Lea")
    assert [answer.step for answer in talk.last.answers] == ["families[2].children[1].child"]
    talk.say_all("3", "no")

    assert talk.say("no") == ["2 families."]
    assert talk.slots["families"] == [
        {"name": "Ali", "children": [{"child": "Omar", "age": 7}, {"child": "Sara", "age": 9}]},
        {"name": "Haddad", "children": [{"child": "Lea", "age": 3}]},
    ]


def test_back_in_a_list_inside_a_list_stays_in_it(tmp_path: Path) -> None:
    talk = talk_of(tmp_path, NESTED)
    talk.say_all("Ali", "Omar", "7", "back")

    assert talk.say("Sara") == ["age?"]
    talk.say_all("9", "no", "no")
    assert talk.slots["families"] == [{"name": "Ali", "children": [{"child": "Sara", "age": 9}]}]


def test_a_step_that_leaves_the_list_from_inside_leaves_nothing_open(tmp_path: Path) -> None:
    flow = """
flow: f
steps:
  - repeat: items
    steps:
      - {ask: item, type: text, prompt: item?}
      - choose:
          - {when: item == "enough", goto: end}
  - {ask: more, type: text, prompt: more?}
  - {ask: end, type: text, prompt: end?}
"""
    talk = talk_of(tmp_path, flow)
    talk.say_all("a", "yes")

    assert talk.say("enough") == ["end?"]
    assert talk.say("change my items") == ["item?"]


@pytest.mark.parametrize(("words", "step"), [("that's it", "end"), ("no, that's all", "end"), ("one more", "name")])
def test_enough_and_one_more_answer_whether_there_is_another(tmp_path: Path, words: str, step: str) -> None:
    talk = talk_of(tmp_path)
    talk.say_all("I", "Ana", "7", words)

    assert talk.step == step
