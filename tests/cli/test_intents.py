"""`fsm-engine intents`: labelled messages, single ones, and files that cannot be used."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

GOOD = 'text,intent,language,note\nbegin,hello,en,x\n"please, begin",hello,en,\nempieza ya,,es,\nthe cat sleeps,,en,\n'


def labelled(place: Path, content: str | bytes) -> str:
    path = place / "messages.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def test_evaluate_prints_how_well_intents_are_told(run_here: Run, place: Path) -> None:
    done = run_here("intents", "evaluate", labelled(place, GOOD))

    assert done.code == 0
    assert done.err == ""
    for words in ("rule_based", "accuracy", "precision", "recall", "(nothing)", "can the confidence be trusted?"):
        assert words in done.out


def test_evaluate_prints_json_for_programs(run_here: Run, place: Path) -> None:
    done = run_here("intents", "evaluate", labelled(place, GOOD), "--json", "--method", "rule_based")
    (method,) = json.loads(done.out)["methods"]

    assert (method["method"], method["messages"], method["accuracy"]) == ("rule_based", 4, 1.0)
    assert method["accuracy_by_language"] == {"en": 1.0, "es": 1.0}
    assert {"intent": "hello", "taken_for": "hello", "messages": 2} in method["confusion"]
    assert sum(each["messages"] for each in method["reliability"]) == 2


def test_methods_stand_side_by_side(run_here: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    methods = ["rule_based", "ml", "hybrid"]
    options = [word for method in methods for word in ("--method", method)]
    done = run_here("intents", "evaluate", labelled(place, GOOD), *options, "--json")

    assert [each["method"] for each in json.loads(done.out)["methods"]] == methods


def test_a_share_is_drawn_by_its_seed(run_here: Run, place: Path) -> None:
    path = labelled(place, "text,intent\n" + "".join(f"message {n},\n" for n in range(30)) + "begin,hello\n")
    words = ("intents", "evaluate", path, "--json", "--held-out", "0.3334")
    first, again, other = (run_here(*words, "--seed", seed).out for seed in ("1", "1", "2"))

    assert json.loads(first)["methods"][0]["messages"] == 10
    assert first == again
    assert json.loads(other)["methods"][0]["messages"] == 10


def test_an_accuracy_below_what_is_wanted_is_exit_code_1(run_here: Run, place: Path) -> None:
    path = labelled(place, "text,intent\nbegin,hello\nwhatever it is,hello\n")

    assert run_here("intents", "evaluate", path, "--at-least", "0.5").code == 0
    assert run_here("intents", "evaluate", path, "--at-least", "0.6").code == 1


def test_a_drawing_is_made(run_here: Run, place: Path) -> None:
    done = run_here("intents", "evaluate", labelled(place, GOOD), "--plot", "chart.svg")

    assert done.code == 0
    assert "share that is right" in (place / "chart.svg").read_text()
    assert (
        "chart.gif: can be a .png or an .svg file."
        in run_here("intents", "evaluate", labelled(place, GOOD), "--plot", "chart.gif").err
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty. The first line names the columns: text,intent,language"),
        ("text,language\nhi,en\n", "line 1: there is no column 'intent' among 'text', 'language'."),
        ("text;intent\nhi;hello\n", "Columns are told apart by commas."),
        ("text,intent\n", "there is no row below the header."),
        ("text,intent\nbegin\n", "line 2: has fewer values than the header has columns"),
        ("text,intent\nplease, begin,hello\n", "line 2: has more values than the header has columns"),
        ("text,intent\nbegin,hello\n  ,hello\n", "line 3: has no text"),
        ("text,intent\nbegin,helo\n", "line 2: the bot has no intent 'helo'. Did you mean 'hello'?"),
        (
            'text,intent\n"begin,hello\nmore,hello\n',
            "unexpected end of data. Look for a quote",
        ),
        (b"text,intent\nbegin,hello\n\xff\xfe,hello\n", "line 3: is not UTF-8 text. Save the file as UTF-8."),
        (b"PK\x03\x04\x00\x00text,intent\n", "there is no column 'text' among"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(
    run_here: Run, place: Path, content: str | bytes, message: str
) -> None:
    done = run_here("intents", "evaluate", labelled(place, content))

    assert done.code == 2
    assert done.out == ""
    assert message in done.err


def test_every_bad_row_is_named_at_once_and_not_too_many(run_here: Run, place: Path) -> None:
    done = run_here("intents", "evaluate", labelled(place, "text,intent\n" + "hi,unknown\n" * 50))

    assert "50 rows cannot be used." in done.err
    assert "line 2:" in done.err
    assert "line 21:" in done.err
    assert "… and 30 more" in done.err


def test_a_missing_file_and_an_unknown_method_are_refused(run_here: Run, place: Path) -> None:
    assert "no such file" in run_here("intents", "evaluate", "nowhere.csv").err
    done = run_here("intents", "evaluate", labelled(place, GOOD), "--method", "magic")
    assert (done.code, done.out) == (2, "")
    assert "--method magic: is none of rule_based, ml, hybrid." in done.err


def test_a_file_from_a_spreadsheet_with_its_mark_of_order_is_read(run_here: Run, place: Path) -> None:
    done = run_here("intents", "evaluate", labelled(place, b"\xef\xbb\xbf" + GOOD.encode().replace(b"\n", b"\r\n")))

    assert done.code == 0


def test_try_shows_what_one_message_is_taken_for(run_here: Run) -> None:
    assert "follows 'hello', also in the middle of a question" in run_here("intents", "try", "please begin").out
    assert "none of its intents" in run_here("intents", "try", "the cat sleeps").out
    told = json.loads(run_here("intents", "try", "begin", "--json").out)
    assert told["guesses"] == [{"intent": "hello", "confidence": 1.0, "method": "rule_based"}]


def test_try_says_when_the_user_would_be_asked(run_here: Run, place: Path) -> None:
    for name in ("red", "green"):
        (place / "flows" / f"{name}.yaml").write_text(
            f"flow: {name}\nstart: {{phrases: [send the blue {name} letter]}}\nsteps:\n  - {{end: Bye.}}\n"
        )
    done = run_here("intents", "try", "send the blue letter")

    assert "The bot asks which is meant: green, red." in done.out
