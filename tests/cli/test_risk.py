"""`fsm-engine risk`: what was found is listed, shown, reviewed and measured."""

# proves: R1

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fsm_engine.engine.engine import Engine
from fsm_engine.testing.clock import VirtualClock
from tests.cli.conftest import Run

WORDS = "I am going to kill myself tonight"


@pytest.fixture(autouse=True)
async def stored(place: Path) -> None:
    """Two people, one of whom is in danger, and one who talks of it."""
    url = f"sqlite:///{place / 'fsm_engine.db'}"
    async with Engine.open(url, flows=place / "flows", clock=VirtualClock()) as engine:
        for text in ("begin", WORDS, "yes", "=1+1 I hate being alive"):
            await engine.turn("ana", text)
        for text in ("begin", "I do not want to kill myself", "Ben Stone"):
            await engine.turn("ben", text)


def listed(run: Run, *options: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run("risk", "list", "--json", *options).out)
    return found


def test_detections_are_listed_newest_first(run_here: Run) -> None:
    assert [one["level"] for one in listed(run_here)] == ["low", "medium", "high"]
    assert [one["level"] for one in listed(run_here, "--level", "high")] == ["high"]
    assert listed(run_here, "--until", "1999-01-01") == []
    assert len(listed(run_here, "--limit", "2")) == 2
    assert "kill myself" in run_here("risk", "list").out


def test_an_anonymous_list_holds_no_words_and_no_ids(run_here: Run) -> None:
    plain, table = run_here("risk", "list", "--anonymous", "--json").out, run_here("risk", "list", "--anonymous").out

    assert [one["category"] for one in json.loads(plain)] == ["suicide"] * 3
    assert "kill" not in plain + table
    assert "session" not in plain


def test_a_csv_file_is_new_private_and_holds_no_formulas(run_here: Run, place: Path) -> None:
    assert run_here("risk", "list", "--csv", "risks.csv").out == "risks.csv: 3 detections.\n"
    again = run_here("risk", "list", "--csv", "risks.csv")

    with (place / "risks.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = [*csv.DictReader(file)]
    assert [row["level"] for row in rows] == ["low", "medium", "high"]
    assert rows[1]["user_message"] == "'=1+1 I hate being alive"
    assert (place / "risks.csv").stat().st_mode & 0o077 == 0
    assert [(row["phrase"], row["start"], row["end"]) for row in rows][2] == ("going to kill myself", "5", "25")
    assert (again.code, "is there already" in again.err) == (2, True)


def test_an_empty_csv_file_still_names_its_columns(run_here: Run, place: Path) -> None:
    run_here("risk", "list", "--until", "1999-01-01", "--csv", "risks.csv")
    run_here("risk", "list", "--until", "1999-01-01", "--csv", "anonymous.csv", "--anonymous")

    named = (place / "risks.csv").read_text(encoding="utf-8-sig")
    assert named.startswith("id,session_id,turn,message_id,phrase,start,end,read_as,user_message,")
    assert (place / "anonymous.csv").read_text(encoding="utf-8-sig").startswith("turn,category,level,")


def test_a_list_that_is_cut_says_so(run_here: Run) -> None:
    cut, whole = run_here("risk", "list", "--limit", "2", "--json"), run_here("risk", "list", "--limit", "3", "--json")

    assert (len(json.loads(cut.out)), cut.err) == (2, "These are the newest 2, and there are more: see --limit.\n")
    assert (len(json.loads(whole.out)), whole.err) == (3, "")


def test_a_category_that_nothing_has_is_told_beside_those_that_there_are(run_here: Run) -> None:
    assert "The shipped categories are suicide, self_harm," in run_here("risk", "list", "--category", "self-harm").err
    assert run_here("risk", "list", "--category", "self_harm").err == ""


def test_a_detection_is_shown_with_what_was_said_around_it(run_here: Run) -> None:
    shown = json.loads(run_here("risk", "show", "1", "--json").out)

    texts = [one["text"] for one in shown["messages"]]
    assert shown["level"] == "high"
    assert texts.index("begin") < texts.index(WORDS) < texts.index("yes")
    assert WORDS[shown["start"] : shown["end"]] == shown["phrase"]
    assert [one["text"] for one in shown["messages"] if one["is_detected"]] == [WORDS]
    assert (shown["conversation_id"], shown["user_id"]) == ("ana", None)


def test_the_words_in_question_are_marked_inside_the_message(run_here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run_here("risk", "show", "1").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run_here("risk", "show", "1").out

    assert plain.count("I am >>going to kill myself<< tonight") == 2
    assert "I am \x1b[1;7mgoing to kill myself\x1b[0m tonight" in coloured
    assert "To review it: fsm-engine risk review 1 --verdict true|false --by NAME\n" in plain


def test_disguised_words_are_shown_with_what_they_were_read_as(run_here: Run, place: Path) -> None:
    url = f"sqlite:///{place / 'fsm_engine.db'}"
    with Engine.open_sync(url, flows=place / "flows", clock=VirtualClock()) as engine:
        engine.turn("eve", "ok so, k1ll  m y s e l f? yes")

    (one,) = listed(run_here, "--limit", "1")
    shown = run_here("risk", "show", str(one["id"])).out
    assert (one["phrase"], one["start"], one["end"], one["read_as"]) == ("k1ll  m y s e l f", 7, 24, "kill myself")
    assert "ok so, >>k1ll  m y s e l f<<? yes" in shown
    assert "read as" in shown


def test_words_behind_what_a_detection_keeps_of_a_message_are_marked_in_the_history(run_here: Run, place: Path) -> None:
    url = f"sqlite:///{place / 'fsm_engine.db'}"
    with Engine.open_sync(url, flows=place / "flows", clock=VirtualClock()) as engine:
        engine.turn("eve", "lemons " * 200 + "kill myself")

    (one,) = listed(run_here, "--limit", "1")
    kept, _, history = run_here("risk", "show", str(one["id"])).out.partition("said around it")
    assert ">>" not in kept
    assert "lemons >>kill myself<<" in " ".join(history.replace("│", " ").split())


def test_what_a_detection_shows_when_its_messages_are_gone(run_here: Run, place: Path) -> None:
    with closing(sqlite3.connect(place / "fsm_engine.db")) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM messages")
    shown = run_here("risk", "show", "1")

    assert shown.code == 0
    assert "I am >>going to kill myself<< tonight" in shown.out
    assert json.loads(run_here("risk", "show", "1", "--json").out)["messages"] == []


def test_a_review_is_recorded_once_with_who_when_and_verdict(run_here: Run) -> None:
    first = run_here("risk", "review", "1", "--verdict", "true", "--by", "sara")
    second = run_here("risk", "review", "1", "--verdict", "false", "--by", "tom")

    assert first.out == "Detection 1: true alarm, reviewed by sara.\n"
    assert (second.code, "by sara, as true alarm. The first review stands." in second.err) == (2, True)
    (one,) = listed(run_here, "--review", "true")
    assert (one["id"], one["reviewed_by"], one["verdict"]) == (1, "sara", "true_alarm")
    assert one["reviewed_at"] is not None
    assert [one["id"] for one in listed(run_here, "--review", "none")] == [3, 2]
    assert listed(run_here, "--review", "false") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("list", "--level", "grave"), "--level grave: is not known. Choose one of low, medium, high."),
        (("list", "--review", "maybe"), "--review maybe: is not known. Choose one of none, any, true, false."),
        (("list", "--since", "soon"), "--since soon: is no date. Write it like 2026-01-31."),
        (("list", "nowhere.db"), "nowhere.db: there is no such database."),
        (("show", "1", "--database", "nowhere.db"), "nowhere.db: there is no such database."),
        (("review", "1", "--database", "nowhere.db", "--verdict", "true", "--by", "s"), "there is no such database."),
        (("show", "99"), "there is no detection 99. See: fsm-engine risk list"),
        (("review", "99", "--verdict", "true", "--by", "sara"), "there is no detection 99"),
        (("review", "1", "--verdict", "perhaps", "--by", "sara"), "--verdict perhaps: is not known."),
        (("review", "1", "--verdict", "true", "--by", " "), "--by: takes a name of 1 to 200 characters."),
        (("evaluate",), "there are no cases. Name files of labelled messages, or --from-reviews DATABASE."),
        (("evaluate", "nowhere"), "nowhere: no cases are there."),
    ],
)
def test_what_cannot_be_done_is_told(run_here: Run, words: tuple[str, ...], told: str) -> None:
    done = run_here("risk", *words)

    assert done.code == 2
    assert told in done.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a: b", "cases.yaml: is no list of cases."),
        ("- {text: [", "cases.yaml:2: is no YAML."),
        ("- {text: hi}", "case 1: lacks one of text, kind, category, level"),
        ("- {text: hi, kind: k, category: none, level: dire}", "case 1: the level 'dire' is not known."),
        ("- {text: hi, kind: k, category: dragons, level: low}", "case 1: the category 'dragons' is not known."),
        ("- {text: hi, kind: k, category: none, level: none, mood: 1}", "case 1: 'mood' is not known."),
        ("- {text: hi, kind: k, category: none, level: none, earlier: a}", "case 1: 'earlier' is a list"),
    ],
)
def test_cases_that_cannot_be_read_are_told_with_their_place(
    run_here: Run, place: Path, content: str, told: str
) -> None:
    (place / "cases.yaml").write_text(content, encoding="utf-8")
    done = run_here("risk", "evaluate", "cases.yaml")

    assert done.code == 2
    assert told in done.err


def test_verdicts_tell_how_good_the_detector_is(run_here: Run) -> None:
    run_here("risk", "review", "1", "--verdict", "true", "--by", "sara")
    run_here("risk", "review", "2", "--verdict", "false", "--by", "sara")
    parts = json.loads(run_here("risk", "evaluate", "--from-reviews", "fsm_engine.db", "--json").out)

    both = [parts["held_out"], parts["open"]]
    assert sum(part["recall_by_kind"].get("reviewed", {"count": 0})["count"] for part in both) == 1
    assert sum(part["false_alarms_by_kind"].get("reviewed", {"count": 0})["count"] for part in both) == 1


def test_a_part_without_messages_says_so(run_here: Run) -> None:
    run_here("risk", "review", "1", "--verdict", "true", "--by", "sara")
    told = run_here("risk", "evaluate", "--from-reviews", "fsm_engine.db").out

    assert told.count(": no message belongs to it.") == 1
    assert "goals" not in told


@pytest.mark.parametrize("database", ["fsm_engine.db", "sqlite:///fsm_engine.db"])
def test_a_database_is_named_by_its_file_or_its_address(run_here: Run, database: str) -> None:
    done = [
        run_here("risk", "list", database),
        run_here("risk", "show", "1", "--database", database),
        run_here("risk", "review", "1", "--database", database, "--verdict", "true", "--by", "sara"),
        run_here("risk", "evaluate", "--from-reviews", database),
    ]

    assert [one.code for one in done] == [0, 0, 0, 0]


def cases(place: Path, *rows: str) -> str:
    (place / "cases.yaml").write_text("\n".join(f"- {row}" for row in rows), encoding="utf-8")
    return "cases.yaml"


HARMLESS = "{text: the weather number %d is nice, kind: benign, category: none, level: none}"


def test_a_check_ends_with_1_when_a_goal_is_missed(run_here: Run, place: Path) -> None:
    missed = "{text: the weather number %d is nice, kind: explicit, category: suicide, level: high}"
    good = run_here("risk", "evaluate", cases(place, *(HARMLESS % number for number in range(9))), "--check")
    bad = run_here("risk", "evaluate", cases(place, *(missed % number for number in range(9))), "--check")

    assert (good.code, bad.code) == (0, 1)


def test_the_phrases_of_a_policy_are_measured(run_here: Run, place: Path) -> None:
    (place / "flows" / "risk.yaml").write_text(
        "risk: r\ndetectors: [{phrases: crisis, add: {suicide: [weather number]}}]\n"
        "levels: {low: {}, medium: {}, high: {}}\n",
        encoding="utf-8",
    )
    file = cases(place, *(HARMLESS % number for number in range(9)))
    shipped = json.loads(run_here("risk", "evaluate", file, "--json").out)
    own = json.loads(run_here("risk", "evaluate", file, "--flows", "flows", "--json").out)

    assert shipped["open"]["false_alarms_by_kind"]["benign"]["share"] == 0.0
    assert own["open"]["false_alarms_by_kind"]["benign"]["share"] == 1.0


def test_figures_are_written_between_the_marks_of_a_page(run_here: Run, place: Path) -> None:
    page = place / "page.md"
    page.write_text("above\n<!-- risk figures -->\nold\n<!-- end of risk figures -->\nbelow\n", encoding="utf-8")
    file = cases(place, *(HARMLESS % number for number in range(9)))
    run_here("risk", "evaluate", file, "--write", "page.md")
    written = page.read_text(encoding="utf-8")
    page.write_text("no marks", encoding="utf-8")
    refused = run_here("risk", "evaluate", file, "--write", "page.md")

    assert written.startswith("above\n<!-- risk figures -->\n| kind |")
    assert written.endswith("<!-- end of risk figures -->\nbelow\n")
    assert "old" not in written
    assert (refused.code, "has no place for figures" in refused.err) == (2, True)


def test_reviews_without_a_verdict_are_refused_by_the_database(place: Path) -> None:
    connection = sqlite3.connect(place / "fsm_engine.db")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE risk_detections SET reviewed_at = 'x', reviewed_by = 'sara' WHERE id = 1")
    connection.close()
