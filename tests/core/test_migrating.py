"""A session that moves to a newer version: what goes along, what is asked again, and when it stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine.core.migrating import move_session
from fsm_engine.model.session import Status
from fsm_engine.model.turn import ActionResult, Turn, TurnKind
from tests.support.flow_texts import flows_of
from tests.support.moves import MovingTalk, moved_to, talk_with

# proves: P12

CHANGED = "Some of my questions have changed since we last talked, so I need to ask a few things again."


def version(number: int, *steps: str, migrate: str = "", flow: str = "f") -> str:
    declared = f"migrate: [{migrate}]\n" if migrate else ""
    return f"flow: {flow}\nversion: {number}\n{declared}steps:\n" + "".join(f"  - {{{step}}}\n" for step in steps)


def ask(slot: str, kind: str = "text 1..60", more: str = "") -> str:
    return f'ask: {slot}, type: "{kind}", prompt: "{slot}?"{more}'


FROM_1 = "{from: 1}"
FIRST = version(1, ask("a"), ask("b"), ask("c"), 'end: "{a} {b} {c}."')


def test_an_answer_is_taken_by_the_question_that_was_asked_under_its_new_name(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, FIRST, "1")
    newer = version(2, ask("a"), ask("bee"), ask("c"), migrate="{from: 1, rename_slots: {b: bee}}")
    moved_to(talk, tmp_path, newer)

    assert talk.say("2") == ["c?"]
    assert talk.slots == {"a": "1", "bee": "2"}
    assert talk.version == 2


def test_renamed_answers_keep_their_values_and_the_way_back(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, FIRST, "1", "2")
    newer = version(2, ask("x"), ask("y"), ask("c"), migrate="{from: 1, rename_slots: {a: x, b: y}}")
    moved_to(talk, tmp_path, newer)
    talk.say("3 words")

    assert talk.state.frames[-1].slots == {"x": "1", "y": "2", "c": "3 words"}
    assert talk.status is Status.COMPLETED


def test_back_leads_to_renamed_questions(tmp_path: Path) -> None:
    first = version(1, ask("a"), ask("b"), ask("c"), ask("d"))
    talk = talk_with(tmp_path, first, "1", "2")
    newer = version(2, ask("x"), ask("y"), ask("c"), ask("d"), migrate="{from: 1, rename_slots: {a: x, b: y}}")
    moved_to(talk, tmp_path, newer).say("3")

    assert talk.state.frames[-1].trail == ("x", "y", "c")
    assert [talk.say("back")[-1], talk.say("back")[-1]] == ["c?", "y?"]


def test_two_slots_can_change_places(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, FIRST, "1", "2")
    moved_to(
        talk, tmp_path, FIRST.replace("version: 1", "version: 2\nmigrate: [{from: 1, rename_slots: {a: b, b: a}}]")
    )
    talk.say("3")

    assert talk.slots == {"b": "1", "a": "2", "c": "3"}


def test_names_that_only_a_later_migration_changes_are_followed_from_the_first_version(tmp_path: Path) -> None:
    both = "{from: 1}, {from: 2, rename_slots: {a: p, b: q}}"
    talk = moved_to(talk_with(tmp_path, FIRST, "1"), tmp_path, version(3, ask("p"), ask("q"), ask("c"), migrate=both))

    assert talk.say("2") == ["c?"]
    assert talk.slots == {"p": "1", "q": "2"}


def test_a_correction_that_is_under_way_comes_back_to_where_it_was(tmp_path: Path) -> None:
    steps = (ask("a"), ask("b", more=", depends_on: [a]"), ask("c"), ask("d"))
    talk = talk_with(tmp_path, version(1, *steps), "1", "2", "change a", "one")
    assert (talk.step, talk.state.frames[-1].returning_to) == ("b", "c")
    renamed = "{from: 1, rename_slots: {a: x, b: y, c: z}}"
    moved_to(
        talk, tmp_path, version(2, ask("x"), ask("y", more=", depends_on: [x]"), ask("z"), ask("d"), migrate=renamed)
    )

    assert talk.say("two") == ["z?"]
    assert talk.slots == {"x": "one", "y": "two"}


@pytest.mark.parametrize(
    "step", ["say: Hi., name: t", "do: x.y, name: t", "repeat: t, steps: [{ask: i, type: text, prompt: i?}]"]
)
def test_a_session_stays_where_it_would_move_to_a_step_at_which_it_cannot_wait(tmp_path: Path, step: str) -> None:
    newer = version(2, ask("a"), step, ask("c"), migrate="{from: 1, move_steps: {b: t}}")
    talk = moved_to(talk_with(tmp_path, FIRST, "1"), tmp_path, newer)

    assert talk.reasons() == ["it waits at 'b', and nobody can wait for the same at 't'"]
    assert talk.say("2") == ["c?"]


def test_without_a_declared_migration_a_session_stays(tmp_path: Path) -> None:
    talk = moved_to(talk_with(tmp_path, FIRST, "1"), tmp_path, version(2, ask("a"), ask("b"), ask("z")))

    assert talk.say("2") == ["c?"]
    assert talk.version == 1
    assert talk.reasons() == ["version 2 declares no migration from version 1"]


def test_each_migration_leads_to_the_next_one(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, FIRST, "1")
    both = "{from: 1, rename_slots: {a: x, b: y}}, {from: 2, rename_slots: {x: p}, move_steps: {y: q}}"
    newer = version(3, ask("p"), ask("q"), ask("c"), migrate=both)
    moved_to(talk, tmp_path, newer)

    assert talk.say("2") == ["c?"]
    assert talk.slots == {"p": "1", "q": "2"}


def test_a_step_that_is_gone_keeps_the_session_until_it_stands_where_it_can_move(tmp_path: Path) -> None:
    talk = moved_to(talk_with(tmp_path, FIRST, "1"), tmp_path, version(2, ask("a"), ask("c"), migrate=FROM_1))

    assert talk.reasons() == ["it waits at 'b', which version 2 does not have, and move_steps does not name"]
    assert talk.say("2") == ["c?"]
    assert talk.version == 1
    talk.say("3")
    assert talk.version == 2
    assert talk.slots == {"a": "1", "b": "2", "c": "3"}


def test_a_moved_step_takes_the_answer_where_its_type_reads_it(tmp_path: Path) -> None:
    newer = version(2, ask("a"), ask("due", "whole number"), ask("c"), migrate="{from: 1, move_steps: {b: due}}")
    fits = moved_to(talk_with(tmp_path / "fits", FIRST, "1"), tmp_path / "fits", newer)
    other = moved_to(talk_with(tmp_path / "other", FIRST, "1"), tmp_path / "other", newer)

    assert fits.say("12") == ["c?"]
    assert fits.slots == {"a": "1", "due": 12}
    assert other.say("soon") == [CHANGED, "due?"]
    assert other.state.frames[-1].attempts == 0
    assert other.say("soon") != [CHANGED, "due?"]


def test_an_option_that_is_gone_is_no_answer_and_no_miss(tmp_path: Path) -> None:
    first = version(1, ask("seat", "one of window, aisle, middle"), ask("c"))
    newer = version(2, ask("seat", "one of window, aisle"), ask("c"), migrate=FROM_1)
    talk = moved_to(talk_with(tmp_path, first), tmp_path, newer)

    assert talk.say("middle") == [CHANGED, "seat?"]
    assert talk.say("aisle") == ["c?"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_is_said_of_changes_is_in_the_users_language_and_the_bots_own_words(tmp_path: Path, language: str) -> None:
    own = "bot: b\nlanguages: [en, es]\ntexts: {flow_changed: {en: New questions!, es: ¡Preguntas nuevas!}}"
    shipped = "bot: b\nlanguages: [en, es]"
    said = {}
    for name, bot in (("own", own), ("shipped", shipped)):
        talk = MovingTalk(flows_of(tmp_path / name / "1", bot, FIRST))
        talk.start("f", language)
        newer = FIRST.replace("version: 1", "version: 2\nmigrate: [{from: 1}]").replace("1..60", "9..10", 1)
        said[name] = moved_to(talk, tmp_path / name, (bot, newer)).say("1")[0]

    assert said["own"] == {"en": "New questions!", "es": "¡Preguntas nuevas!"}[language]
    assert said["shipped"].startswith({"en": "Some of my questions", "es": "Algunas de mis preguntas"}[language])


def test_an_answer_that_its_question_takes_no_more_is_asked_again_after_the_open_one(tmp_path: Path) -> None:
    newer = version(2, ask("a", "whole number"), ask("b"), ask("c"), migrate=FROM_1)
    talk = moved_to(talk_with(tmp_path, FIRST, "red"), tmp_path, newer)

    assert talk.say("2") == [CHANGED, "a?"]
    assert talk.slots == {"b": "2"}
    assert talk.say("7") == ["c?"]
    assert talk.slots == {"a": 7, "b": "2"}


def test_an_answer_that_its_question_still_takes_is_read_as_its_new_type(tmp_path: Path) -> None:
    newer = version(2, ask("a", "whole number"), ask("b"), ask("c"), migrate=FROM_1)
    talk = moved_to(talk_with(tmp_path, FIRST, "12"), tmp_path, newer)

    assert talk.say("2") == ["c?"]
    assert talk.slots == {"a": 12, "b": "2"}


def test_words_for_a_day_are_not_read_on_another_day(tmp_path: Path) -> None:
    newer = version(2, ask("a", "date"), ask("b"), ask("c"), migrate=FROM_1)
    talk = moved_to(talk_with(tmp_path, FIRST, "tomorrow"), tmp_path, newer)

    assert talk.say("2") == [CHANGED, "a?"]


def test_a_new_check_asks_again_for_what_it_refuses(tmp_path: Path) -> None:
    checked = ask("a", "whole number", ", checks: [{must: a > 5, error: too few}]")
    first = FIRST.replace("text 1..60", "whole number", 1)
    newer = version(2, checked, ask("b"), ask("c"), migrate=FROM_1)

    refused = moved_to(talk_with(tmp_path / "x", first, "3"), tmp_path / "x", newer)
    passed = moved_to(talk_with(tmp_path / "y", first, "9"), tmp_path / "y", newer)

    assert refused.say("2") == [CHANGED, "a?"]
    assert passed.say("2") == ["c?"]


def test_a_new_check_that_asks_the_world_asks_it_of_old_answers(tmp_path: Path) -> None:
    checked = ask("a", more=", checks: [{call: is.free, error: taken}]")
    talk = talk_with(tmp_path, FIRST, "red", answers={"is.free": [False, True]})
    moved_to(talk, tmp_path, version(2, checked, ask("b"), ask("c"), migrate=FROM_1))

    assert talk.say("2") == [CHANGED, "a?"]
    assert talk.say("blue") == ["c?"]
    assert [slots["a"] for _, slots in talk.calls] == ["red", "blue"]


def test_ask_again_asks_for_the_answer_and_all_that_depends_on_it(tmp_path: Path) -> None:
    steps = (ask("a"), ask("b", more=", depends_on: [a]"), ask("c"), ask("d"))
    talk = talk_with(tmp_path, version(1, *steps), "1", "2")
    moved_to(talk, tmp_path, version(2, *steps, migrate="{from: 1, ask_again: [a]}"))

    assert talk.say("3") == [CHANGED, "a?"]
    assert talk.slots == {"c": "3"}
    assert talk.say("one") == ["b?"]
    assert talk.say("two") == ["d?"]


def test_what_depends_on_an_answer_that_is_asked_again_waits_for_it(tmp_path: Path) -> None:
    steps = (ask("a"), ask("b"), ask("c", more=", depends_on: [a]"))
    talk = talk_with(tmp_path, version(1, *steps), "1", "2")
    moved_to(talk, tmp_path, version(2, *steps, migrate="{from: 1, ask_again: [a]}"))

    assert talk.say("3") == [CHANGED, "a?"]
    assert talk.slots == {"b": "2"}
    assert talk.say("one") == ["c?"]
    assert talk.status is Status.ACTIVE


def test_a_question_that_is_new_and_lies_behind_is_asked(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, FIRST, "1", "2")
    moved_to(talk, tmp_path, version(2, ask("a"), ask("new"), ask("b"), ask("c"), 'end: "{new}"', migrate=FROM_1))

    assert talk.say("3") == [CHANGED, "new?"]
    assert talk.say("n") == ["n"]


def test_a_question_that_was_skipped_and_may_not_be_any_more_is_asked(tmp_path: Path) -> None:
    first = version(1, ask("a", more=", optional: true"), ask("b"), ask("c"))
    talk = talk_with(tmp_path, first, "skip")
    moved_to(talk, tmp_path, version(2, ask("a"), ask("b"), ask("c"), migrate=FROM_1))

    assert talk.say("2") == [CHANGED, "a?"]
    assert talk.state.frames[-1].skipped == ()


def test_a_skipped_question_stays_skipped_where_it_may(tmp_path: Path) -> None:
    optional = ", optional: true"
    talk = talk_with(tmp_path, version(1, ask("a", more=optional), ask("b"), ask("c")), "skip")
    newer = version(2, ask("x", more=optional), ask("b"), ask("c"), migrate="{from: 1, rename_slots: {a: x}}")
    moved_to(talk, tmp_path, newer)

    assert talk.say("2") == ["c?"]
    assert talk.state.frames[-1].skipped == ("x",)


def test_a_confirmation_counts_only_for_what_it_showed(tmp_path: Path) -> None:
    def flow(number: int, review: str, migrate: str = "") -> str:
        return version(number, ask("a"), ask("b"), f"confirm: ok, review: [{review}], prompt: ok?", migrate=migrate)

    same = moved_to(talk_with(tmp_path / "x", flow(1, "a"), "1", "2"), tmp_path / "x", flow(2, "a", FROM_1))
    more = moved_to(talk_with(tmp_path / "y", flow(1, "a"), "1", "2"), tmp_path / "y", flow(2, "a, b", FROM_1))

    same.say("yes")
    assert same.status is Status.COMPLETED
    assert more.say("yes") == [CHANGED, "A: 1\nB: 2", "ok?"]
    more.say("yes")
    assert more.status is Status.COMPLETED


def test_a_confirmation_waits_for_what_must_be_asked_again(tmp_path: Path) -> None:
    confirm = "confirm: ok, review: [a, b], prompt: ok?"
    talk = talk_with(tmp_path, version(1, ask("a"), ask("b"), confirm), "1", "2")
    moved_to(talk, tmp_path, version(2, ask("a"), ask("b"), confirm, migrate="{from: 1, ask_again: [a]}"))

    assert talk.say("yes") == [CHANGED, "a?"]
    assert talk.say("one") == ["A: one\nB: 2", "ok?"]


def test_a_question_that_does_not_apply_any_more_is_left(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, FIRST, "1")
    newer = version(2, ask("a"), ask("b", more=", when: a == 'x'"), ask("c"), migrate=FROM_1)
    moved_to(talk, tmp_path, newer)

    assert talk.say("2") == [CHANGED, "c?"]
    assert talk.slots == {"a": "1"}


def test_an_answer_goes_nowhere_where_the_step_moves_to_a_question_that_has_one(tmp_path: Path) -> None:
    talk = moved_to(
        talk_with(tmp_path, FIRST, "1"),
        tmp_path,
        version(2, ask("a"), ask("c"), migrate="{from: 1, move_steps: {b: a}}"),
    )

    assert talk.say("2") == [CHANGED, "c?"]
    assert talk.slots == {"a": "1"}


@pytest.mark.parametrize("words", ["help", "repeat", "back", "cancel"])
def test_an_anytime_word_is_still_for_the_old_version(tmp_path: Path, words: str) -> None:
    newer = version(2, ask("a"), ask("b"), ask("z"), migrate=FROM_1)
    talk = moved_to(talk_with(tmp_path, FIRST, "1"), tmp_path, newer)
    talk.say(words)

    assert talk.version == 1


def test_a_risk_is_answered_first_and_a_pause_stays(tmp_path: Path) -> None:
    risk = (
        "risk: r\ndetectors: [{phrases: crisis}]\nresources: {US: {name: A, contact: call 1}}\n"
        "levels: {high: {record: true, resources: true, afterwards: pause until safe}}"
    )
    newer = version(2, ask("a"), ask("bee"), ask("c"), migrate="{from: 1, rename_slots: {b: bee}}")
    talk = talk_with(tmp_path, (risk, FIRST), "1")
    moved_to(talk, tmp_path, (risk, newer))
    talk.warn("I want to die", "high")

    assert (talk.version, talk.pending) == (1, "safe")
    talk.say("yes, I am safe")
    assert (talk.version, talk.pending) == (1, None)
    assert talk.say("2") == ["c?"]
    assert talk.slots == {"a": "1", "bee": "2"}


def test_a_choice_between_candidates_is_ended_on_the_old_version(tmp_path: Path) -> None:
    kind = "one of north gate, south gate"
    first = version(1, ask("a", kind), ask("b"))
    newer = version(2, ask("a", "one of north gate, west gate"), ask("b"), migrate=FROM_1)
    talk = talk_with(tmp_path, first, "gate")
    assert talk.pending == "which_value"
    moved_to(talk, tmp_path, newer)

    assert talk.say("south gate") == ["b?"]
    assert talk.version == 1
    assert talk.say("2") == [CHANGED, "a?"]


DOING = (ask("a"), "do: work.on, name: work, send: [a], save_as: done, undo: work.off", ask("b"))


def test_nothing_moves_while_an_action_runs_and_the_next_message_moves(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, version(1, *DOING))
    talk._advance(Turn(TurnKind.TEXT, talk.now, text="1"))
    moved_to(
        talk,
        tmp_path,
        version(2, *DOING, migrate="{from: 1, rename_slots: {done: number}}").replace(
            "save_as: done", "save_as: number"
        ),
    )
    assert talk.reasons() == ["action 'work.on' is under way"]
    assert talk.say("hello?") == ["I am still working on it. One moment, please."]
    talk._advance(Turn(TurnKind.ACTION_RESULT, talk.now, result=ActionResult(ok=True, value=7)))
    assert (talk.version, talk.slots) == (1, {"a": "1", "done": 7})
    talk.say("2")

    assert (talk.version, talk.slots) == (2, {"a": "1", "number": 7, "b": "2"})
    assert talk.state.done[0].saves == "number"


def test_what_was_done_is_not_done_again_on_the_way_back(tmp_path: Path) -> None:
    steps = (ask("a"), ask("z"), "do: work.on, send: [z]", ask("b"), ask("c"))
    talk = talk_with(tmp_path, version(1, *steps), "1", "2", answers={"work.on": 1})
    newer = version(
        2,
        ask("a"),
        ask("z"),
        "do: work.on, name: work, send: [z]",
        ask("b"),
        ask("c"),
        migrate="{from: 1, ask_again: [a]}",
    )
    moved_to(talk, tmp_path, newer)

    assert talk.say("3") == [CHANGED, "a?"]
    assert talk.say("one") == ["c?"]
    assert len(talk.calls) == 1


def test_what_was_done_with_an_answer_that_is_asked_again_is_taken_back_first(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, version(1, *DOING), "1", answers={"work.on": [1, 2], "work.off": ActionResult(True)})
    moved_to(talk, tmp_path, version(2, *DOING, migrate="{from: 1, ask_again: [a]}"))
    said = talk.say("2")

    assert said[0] == CHANGED
    assert said[-1] == "a?"
    assert [name for name, _ in talk.calls] == ["work.on", "work.off"]
    assert talk.say("one")[-1] == "b?"
    assert [name for name, _ in talk.calls] == ["work.on", "work.off", "work.on"]


def test_steps_without_names_are_found_by_what_they_say_or_do(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, version(1, "say: One.", ask("a"), "say: Two.", ask("b"), ask("c")), "1")
    newer = version(2, "say: New.", "say: One.", ask("a"), "say: Two.", ask("b"), ask("c"), migrate=FROM_1)
    moved_to(talk, tmp_path, newer).say("2")
    visits = talk.state.frames[-1].visits

    assert {name for name in visits if name.startswith("say")} == {"say 2", "say 3"}


def test_a_session_stays_where_it_cannot_be_told_what_was_done(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, version(1, ask("a"), "do: x.y", ask("b")), "1", answers={"x.y": 1})
    newer = version(2, ask("a"), "do: x.y, name: one", "do: x.y, name: two", ask("b"), migrate=FROM_1)
    moved_to(talk, tmp_path, newer)

    assert len(talk.reasons()) == 1
    assert "cannot be told" in talk.reasons()[0]


def test_a_session_stays_where_what_was_done_would_come_after_its_place(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, version(1, ask("a"), "do: x.y", ask("b"), ask("c")), "1", answers={"x.y": 1})
    moved_to(talk, tmp_path, version(2, ask("a"), ask("b"), "do: x.y", ask("c"), migrate=FROM_1))

    assert "on the other side" in talk.reasons()[0]
    assert talk.say("2") == ["c?"]
    assert len(talk.calls) == 1


OUTER = version(1, ask("a"), "run: g", ask("b"), 'end: "{a} {q} {b}."', flow="f")
INNER = version(1, ask("p"), ask("q"), flow="g")


def test_a_flow_and_those_that_it_runs_move_together(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, (OUTER, INNER), "1", "2")
    newer_outer = OUTER.replace("version: 1", "version: 2\nmigrate: [{from: 1, rename_slots: {a: x, q: r}}]")
    newer_outer = newer_outer.replace("{ask: a,", "{ask: x,").replace("{a} {q}", "{x} {r}")
    newer_inner = version(2, ask("p"), ask("r"), flow="g", migrate="{from: 1, rename_slots: {q: r}}")
    moved_to(talk, tmp_path, (newer_outer, newer_inner))

    assert talk.say("3") == ["b?"]
    assert [frame.version for frame in talk.state.frames] == [2]
    assert talk.slots == {"x": "1", "p": "2", "r": "3"}
    assert talk.say("4") == ["1 3 4."]


def test_neither_moves_where_one_of_them_stays(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, (OUTER, INNER), "1", "2")
    newer_inner = version(2, ask("p"), ask("q"), flow="g", migrate=FROM_1)
    moved_to(talk, tmp_path, (OUTER.replace("version: 1", "version: 2"), newer_inner))

    assert talk.reasons() == [
        "version 2 declares no migration from version 1",
        "flow 'f', with which it shares its answers, stays on its version",
    ]
    assert talk.say("3") == ["b?"]


def test_what_a_flow_below_must_ask_again_is_asked_when_it_goes_on(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, (OUTER, INNER), "1", "2")
    moved_to(talk, tmp_path, (OUTER.replace("version: 1", "version: 2\nmigrate: [{from: 1, ask_again: [a]}]"), INNER))

    assert talk.say("3") == ["a?"]
    assert talk.say("one") == ["b?"]
    assert talk.say("4") == ["one 3 4."]


def test_an_interruption_stays_where_it_is_and_what_it_interrupted_moves(tmp_path: Path) -> None:
    other = "flow: g\nversion: 1\nstart: {phrases: [by the way]}\nsteps:\n" + "".join(
        f"  - {{{ask(slot)}}}\n" for slot in ("p", "q")
    )
    talk = talk_with(tmp_path, (FIRST, other), "1", "by the way")
    newer = FIRST.replace("version: 1", "version: 2\nmigrate: [{from: 1, rename_slots: {a: x}}]")
    newer = newer.replace("{ask: a,", "{ask: x,").replace("{a}", "{x}")
    moved_to(talk, tmp_path, (newer, other.replace("version: 1", "version: 2")))

    assert talk.say("2") == ["q?"]
    assert [frame.version for frame in talk.state.frames] == [2, 1]
    assert talk.say("3")[-1] == "b?"
    talk.say("4")
    assert talk.say("5") == ["1 4 5."]


def test_a_confirmation_below_an_interruption_waits_for_what_must_be_asked_again(tmp_path: Path) -> None:
    other = "flow: g\nstart: {phrases: [by the way]}\nsteps:\n" + "".join(
        f"  - {{{ask(slot)}}}\n" for slot in ("p", "q")
    )
    confirm = "confirm: ok, review: [a], prompt: ok?"
    talk = talk_with(tmp_path, (version(1, ask("a"), confirm), other), "1", "by the way")
    moved_to(talk, tmp_path, (version(2, ask("a"), confirm, migrate="{from: 1, ask_again: [a]}"), other))
    talk.say("2")

    assert talk.say("3")[-1] == "a?"
    assert talk.say("one") == ["A: one", "ok?"]


@pytest.mark.parametrize("body", ["{ask: i, type: text, prompt: i?}", "{ask: i, type: text, prompt: i?, when: has(a)}"])
def test_a_list_that_is_new_and_lies_behind_is_collected(tmp_path: Path, body: str) -> None:
    talk = talk_with(tmp_path, FIRST, "1")
    repeat = f"repeat: l, ask_more: more?, steps: [{body}, {{ask: j, type: text, prompt: j?}}]"
    moved_to(talk, tmp_path, version(2, ask("a"), repeat, ask("b"), ask("c"), migrate=FROM_1))

    assert talk.say("2") == [CHANGED, "i?"]
    assert [talk.say(text) for text in ("x", "y", "no", "2")] == [["j?"], ["more?"], ["b?"], ["c?"]]
    assert talk.slots["l"] == [{"i": "x", "j": "y"}]


PEOPLE = """
flow: f
version: {version}
{migrate}
steps:
  - {{ask: a, type: text, prompt: a?}}
  - repeat: {people}
    ask_more: more?
    steps:
      - {{ask: {person}, type: "{kind}", prompt: who?}}
      - {{ask: why, type: text, prompt: why?}}
  - {{ask: z, type: text, prompt: z?}}
"""


def people(version: int, migrate: str = "", kind: str = "text", names: str = "people person") -> str:
    many, one = names.split()
    declared = f"migrate: [{migrate}]" if migrate else ""
    return PEOPLE.format(version=version, migrate=declared, people=many, person=one, kind=kind)


@pytest.mark.parametrize("said", [["1", "Ann"], ["1", "Ann", "kind"], ["1", "Ann", "kind", "yes"]])
def test_a_list_that_is_being_collected_goes_on_under_its_new_names(tmp_path: Path, said: list[str]) -> None:
    renamed = "{from: 1, rename_slots: {people: friends, person: friend}}"
    talk = moved_to(talk_with(tmp_path, people(1), *said), tmp_path, people(2, renamed, names="friends friend"))
    rest = ["kind", "yes", "Bo", "brave", "no"][len(said) - 2 :]
    for text in rest:
        talk.say(text)

    assert talk.step == "z"
    assert talk.slots["friends"] == [{"friend": "Ann", "why": "kind"}, {"friend": "Bo", "why": "brave"}]
    assert talk.version == 2


def test_a_list_that_is_being_collected_in_another_way_keeps_its_version(tmp_path: Path) -> None:
    talk = moved_to(talk_with(tmp_path, people(1), "1", "Ann"), tmp_path, people(2, FROM_1, kind="whole number"))

    assert talk.reasons() == ["the list 'people' is being collected, and 'person' is asked for in another way"]
    talk.say("kind")
    assert talk.version == 1


def test_a_list_whose_questions_take_its_records_no_more_is_collected_anew(tmp_path: Path) -> None:
    talk = talk_with(
        tmp_path, people(1).replace("z?}", "z?}\n  - {ask: y, type: text, prompt: y?}"), "1", "Ann", "kind", "no"
    )
    newer = people(2, FROM_1, kind="whole number").replace("z?}", "z?}\n  - {ask: y, type: text, prompt: y?}")
    moved_to(talk, tmp_path, newer)

    assert talk.say("26") == [CHANGED, "who?"]
    assert talk.say("7") == ["why?"]
    assert talk.say("x") == ["more?"]
    assert talk.say("no") == ["z?"]
    assert talk.slots == {"a": "1", "people": [{"person": 7, "why": "x"}]}


def test_reminders_go_along_with_their_step(tmp_path: Path) -> None:
    first = version(1, ask("a"), ask("due", "date"), "remind: due, say: 'Do {a}.'", ask("b"), ask("c"))
    renamed = "{from: 1, rename_slots: {due: day}, move_steps: {remind 1: remind 2}}"
    early, late = "remind: in 2 days, say: Look., name: look", "remind: day, say: 'Do {a}.'"
    newer = version(2, "say: Hi.", ask("a"), ask("day", "date"), early, late, ask("b"), ask("c"), migrate=renamed)
    talk = talk_with(tmp_path, first, "1", "2026-03-10")
    (before,) = talk.state.timers
    moved_to(talk, tmp_path, newer).say("2")
    (after,) = talk.state.timers

    assert (before.step, after.step) == ("remind 1", "remind 2")
    assert (after.due, after.text) == (before.due, before.text)
    assert {(change.timer.step, change.status) for change in talk.last.timers} == {
        ("remind 1", "cancelled"),
        ("remind 2", "pending"),
    }


def test_a_reminder_whose_step_is_gone_is_dropped(tmp_path: Path) -> None:
    first = version(1, ask("a"), "remind: in 2 days, say: Look., name: look", ask("b"), ask("c"))
    talk = moved_to(talk_with(tmp_path, first, "1"), tmp_path, version(2, ask("a"), ask("b"), ask("c"), migrate=FROM_1))
    assert len(talk.state.timers) == 1
    talk.say("2")

    assert talk.state.timers == ()
    assert [change.status for change in talk.last.timers] == ["cancelled"]


def test_two_answers_under_one_name_keep_the_session(tmp_path: Path) -> None:
    newer = version(2, ask("a"), ask("c"), migrate="{from: 1, rename_slots: {b: a}}")
    talk = moved_to(talk_with(tmp_path, FIRST, "1", "2"), tmp_path, newer)

    assert talk.reasons() == ["more than one of its answers would be 'a'"]


def test_two_answers_under_one_name_are_no_hindrance_where_it_is_asked_again(tmp_path: Path) -> None:
    newer = version(2, ask("a"), ask("c"), migrate="{from: 1, rename_slots: {b: a}, ask_again: [a]}")
    talk = moved_to(talk_with(tmp_path, FIRST, "1", "2"), tmp_path, newer)

    assert talk.say("3") == [CHANGED, "a?"]
    assert talk.slots == {"c": "3"}


def test_an_answer_that_nothing_asks_for_any_more_stays(tmp_path: Path) -> None:
    talk = moved_to(talk_with(tmp_path, FIRST, "1", "2"), tmp_path, version(2, ask("c"), ask("d"), migrate=FROM_1))
    talk.say("3")

    assert talk.slots == {"a": "1", "b": "2", "c": "3"}
    assert talk.say("what have I said?")[0].count("\n") <= 1


def test_an_interrupted_session_that_comes_back_moves_after_it_has_gone_on(tmp_path: Path) -> None:
    bot = "bot: b\ncoming_back: {say: Welcome back.}"
    talk = talk_with(tmp_path, (bot, FIRST), "1")
    newer = version(2, ask("a"), ask("bee"), ask("c"), migrate="{from: 1, rename_slots: {b: bee}}")
    moved_to(talk, tmp_path, (bot, newer))
    talk.come_back("hi")
    talk.say("continue")
    assert talk.version == 1

    assert talk.say("2") == ["c?"]
    assert talk.slots == {"a": "1", "bee": "2"}


def test_a_session_is_moved_by_a_pure_function(tmp_path: Path) -> None:
    talk = talk_with(tmp_path, FIRST, "1", "2")
    newer = version(2, ask("x"), ask("b"), ask("c"), migrate="{from: 1, rename_slots: {a: x}, ask_again: [b]}")
    moved_to(talk, tmp_path, newer)
    state, (move,) = move_session(talk.flows, talk.state)

    assert state.frames[0].slots == {"x": "1", "b": "2"}
    assert not isinstance(move, str)
    assert move is not None
    assert move.renamed == {"a": "x"}
    assert move.ask_again == {"b"}
    assert state.turn == talk.state.turn
