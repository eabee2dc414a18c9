"""The command that runs the fault tests shows and writes what they recorded, and nothing after a failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.faults import __main__ as driver
from tests.faults.__main__ import BEGIN, END, PAGE, main, read, rows, written

LINES = [
    {"test": "T10", "seed": 3, "what": "many | writers", "turns": 12345},
    {"test": "T2", "seed": 3, "what": "deaths", "lost": 0, "share": 0.25},
    {"test": "T2", "seed": 3, "name": "no words"},
]


def test_figures_are_read_in_the_order_of_the_tests(tmp_path: Path) -> None:
    place = tmp_path / "figures"
    place.write_text("".join(f"{json.dumps(line)}\n" for line in LINES))

    assert rows(read(place)) == [
        ("T2", "deaths", "lost 0, share 0.25", "3"),
        ("T2", "", "name no words", "3"),
        ("T10", "many | writers", "turns 12,345", "3"),
    ]
    assert read(tmp_path / "none") == []


def test_what_was_recorded_more_than_once_is_one_row(tmp_path: Path) -> None:
    line = {"test": "T24", "seed": 1, "what": "ends", "programs": 1, "longest_s": 0.5}
    place = tmp_path / "figures"
    place.write_text("".join(f"{json.dumps(one)}\n" for one in (line, line, {**line, "longest_s": 0.25})))

    assert rows(read(place)) == [("T24", "ends", "programs 3, longest s 0.5", "1")]


def test_the_table_takes_the_place_between_the_markers() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = written(page, LINES, is_long=True)

    assert once.startswith(f"before\n{BEGIN}\nThe long form, with Python ")
    assert once.endswith(f"| T10 | many \\| writers | turns 12,345 | 3 |\n{END}\nafter\n")
    assert "| T2 |  | name no words | 3 |" in once
    assert "old" not in once
    assert written(once, LINES, is_long=True) == once


def test_rows_of_tests_that_did_not_run_stay_where_they_belong() -> None:
    before = written(f"{BEGIN}\n{END}", LINES, is_long=True)
    after = written(before, [{"test": "T2", "seed": 4, "what": "anew"}, {"test": "T3", "seed": 4}], is_long=True)

    assert [line for line in after.splitlines() if line.startswith("| T")] == [
        "| T2 | anew |  | 4 |",
        "| T3 |  |  | 4 |",
        "| T10 | many \\| writers | turns 12,345 | 3 |",
    ]


def test_a_page_without_a_place_for_the_table_is_said() -> None:
    with pytest.raises(ValueError, match="Put them where the table goes"):
        written("no markers", LINES, is_long=True)


def test_the_page_has_a_place_for_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert written(page, LINES, is_long=True).count(BEGIN) == 1


ASKED_FOR = {"a run that passes": ("figures_are_read_in", 0), "a run without tests": ("no_test_of_this_name", 5)}


@pytest.mark.parametrize("which", ASKED_FOR)
def test_figures_are_written_only_when_all_has_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    asked_for, code = ASKED_FOR[which]
    page = tmp_path / "reliability.md"
    page.write_text(f"{BEGIN}\nold\n{END}\n")
    monkeypatch.setattr(driver, "PAGE", page)

    assert main(["--short", "--write", "--", "-q", "-p", "no:cacheprovider", "-k", asked_for]) == code
    assert ("old" in page.read_text()) == (code != 0)
