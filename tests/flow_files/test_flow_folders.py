"""A folder is read whole, in order, and never beyond itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fsm_engine.flow_files.folder import read_folder
from fsm_engine.model.problem import Position

SHIPPED = Path(__file__).parents[2] / "flows"
FLOW = "flow: {name}\nsteps:\n  - say: hi\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``flows`` below the working folder, so that positions are short."""
    monkeypatch.chdir(tmp_path)
    Path("flows").mkdir()
    return Path("flows")


def messages(where: object) -> list[str]:
    return [str(problem) for problem in read_folder(where)[1]]  # type: ignore[arg-type]


def test_folders_are_read_recursively_with_both_endings_and_without_hidden_files(folder: Path) -> None:
    write(folder / "a.yaml", FLOW.format(name="a"))
    write(folder / "deep" / "er" / "b.yml", FLOW.format(name="b"))
    write(folder / ".hidden.yaml", "nonsense")
    write(folder / ".git" / "c.yaml", "nonsense")
    write(folder / "notes.txt", "nonsense")

    flows, problems = read_folder(folder)

    assert (sorted(flows.flows), problems) == (["a", "b"], [])


def test_a_single_file_and_a_list_of_places_can_be_read(folder: Path) -> None:
    one = write(folder / "a.yaml", FLOW.format(name="a"))
    write(folder / "more" / "b.yaml", FLOW.format(name="b"))

    assert sorted(read_folder(str(one))[0].flows) == ["a"]
    assert sorted(read_folder([str(one), folder / "more"])[0].flows) == ["a", "b"]


def test_a_file_that_is_reached_twice_counts_once(folder: Path) -> None:
    one = write(folder / "a.yaml", FLOW.format(name="a"))

    assert read_folder([one, folder])[1] == []


def test_all_problems_of_all_files_come_in_one_run_sorted_by_place(folder: Path) -> None:
    write(folder / "b.yaml", "flow: b\nsteps:\n  - sya: hi\n  - say: @you\n")
    write(folder / "a.yaml", "flow: a\nsteps:\n  - say: hi\n    gto: x\n")

    assert messages(folder) == [
        "flows/a.yaml:4:5: error unknown-key: unknown word 'gto' in a say step; did you mean 'goto'?",
        "flows/b.yaml:3:5: error unknown-step-kind: no step begins with 'sya'; did you mean 'say'?",
        'flows/b.yaml:4:10: error needs-quotes: a text that starts with `@` needs quotes: `say: "@you"`',
    ]


def test_a_bad_file_does_not_take_the_good_ones_away(folder: Path) -> None:
    write(folder / "a.yaml", FLOW.format(name="a"))
    write(folder / "b.yaml", "flow: [")

    flows, problems = read_folder(folder)

    assert sorted(flows.flows) == ["a"]
    assert len(problems) == 1


def test_names_are_unique_per_kind(folder: Path) -> None:
    write(folder / "1.yaml", FLOW.format(name="a"))
    write(folder / "2.yaml", FLOW.format(name="a"))
    write(folder / "3.yaml", "transcript: a\nturns:\n  - user: hi\n")
    write(folder / "4.yaml", "transcript: a\nturns:\n  - user: hi\n")
    write(folder / "5.yaml", "bot: a\n")
    write(folder / "6.yaml", "bot: b\n")

    flows, _ = read_folder(folder)

    assert messages(folder) == [
        "flows/2.yaml:1:7: error duplicate-name: "
        "the flow 'a' is already defined at flows/1.yaml:1:7; give one of them another name",
        "flows/4.yaml:1:13: error duplicate-name: "
        "the transcript 'a' is already defined at flows/3.yaml:1:13; give one of them another name",
        "flows/6.yaml:1:6: error several-bots: a folder has one bot file, and there is one at flows/5.yaml:1:6",
    ]
    assert flows.flows["a"].at == Position("flows/1.yaml", 1, 7)
    assert flows.bot.name == "a"


@pytest.mark.parametrize("where", ["nowhere", "nowhere/x.yaml", "with\0nul"])
def test_a_missing_folder_is_a_problem(folder: Path, where: str) -> None:
    (problem,) = read_folder(where)[1]

    assert problem.code == "folder-missing"


def test_a_folder_without_flows_is_a_problem(folder: Path) -> None:
    write(folder / "bot.yaml", "bot: b\n")

    assert messages(folder) == [
        "flows:1:1: error no-flows: there is no flow here; a flow is a .yaml file that begins with 'flow: NAME'"
    ]
    assert [problem.code for problem in read_folder([])[1]] == ["no-flows"]


def test_a_file_that_may_not_be_read_is_a_problem(folder: Path) -> None:
    write(folder / "a.yaml", FLOW.format(name="a"))
    os.mkfifo(folder / "b.yaml")
    (folder / "c.yaml").mkdir()

    assert [message.split(": ", 2)[1] for message in messages(folder)] == ["error not-a-file"] * 2


def test_text_in_another_encoding_is_a_problem_at_its_place(folder: Path) -> None:
    (folder / "a.yaml").write_bytes("flow: a\nsteps:\n  - say: año\n".encode("cp1252"))

    assert messages(folder) == ["flows/a.yaml:3:11: error not-utf8: the file is not UTF-8 text; save it as UTF-8"]


def test_a_file_of_more_than_one_mebibyte_is_not_even_read(folder: Path) -> None:
    with (folder / "a.yaml").open("wb") as file:
        file.truncate(4 * 1024 * 1024 * 1024)

    assert messages(folder) == ["flows/a.yaml:1:1: error file-too-large: the file is larger than 1024 KiB; split it"]


def test_links_out_of_the_folder_and_into_nowhere_are_not_followed(folder: Path) -> None:
    write(folder / "a.yaml", FLOW.format(name="a"))
    outside = write(Path("outside.yaml"), FLOW.format(name="outside"))
    (folder / "b.yaml").symlink_to(outside.resolve())
    (folder / "c.yaml").symlink_to("nowhere.yaml")
    (folder / "d.yaml").symlink_to("d.yaml")
    (folder / "e").symlink_to(Path.cwd())
    (folder / "f.yaml").symlink_to("/dev/zero")

    flows, problems = read_folder(folder)

    assert sorted(flows.flows) == ["a"]
    assert [(problem.at.file, problem.code) for problem in problems] == [
        (f"flows/{name}", "bad-link") for name in ("b.yaml", "c.yaml", "d.yaml", "e", "f.yaml")
    ]


def test_links_within_the_folder_are_read_as_mounted_settings_need_it(folder: Path) -> None:
    write(folder / "..2030_01_01" / "a.yaml", FLOW.format(name="a"))
    (folder / "..data").symlink_to("..2030_01_01")
    (folder / "a.yaml").symlink_to("..data/a.yaml")

    flows, problems = read_folder(folder)

    assert (sorted(flows.flows), problems) == (["a"], [])


def test_folders_inside_each_other_have_a_greatest_depth(folder: Path) -> None:
    write(folder / "a.yaml", FLOW.format(name="a"))
    write(folder.joinpath(*["d"] * 25) / "b.yaml", FLOW.format(name="b"))

    flows, problems = read_folder(folder)

    assert sorted(flows.flows) == ["a"]
    assert [problem.code for problem in problems] == ["too-deep"]


def test_more_files_than_the_limit_are_one_problem(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsm_engine.flow_files.folder.MOST_FILES", 2)
    for name in "abcd":
        write(folder / f"{name}.yaml", FLOW.format(name=name))

    flows, problems = read_folder(folder)

    assert sorted(flows.flows) == ["a", "b"]
    assert [problem.code for problem in problems] == ["too-many-files"]


def test_loading_leaves_the_garbage_collector_as_it_was() -> None:
    """Also what a program has frozen before it forks: thawed, every child would copy it."""
    program = f"""
import gc
from fsm_engine import load_flows
for was_frozen in (False, True):
    for is_on in (True, False):
        gc.enable() if is_on else gc.disable()
        if was_frozen:
            gc.freeze()
        before = gc.get_freeze_count()
        load_flows({str(SHIPPED)!r})
        print(gc.isenabled() == is_on, before == gc.get_freeze_count(), (before > 0) == was_frozen)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True"] * 12
