"""Files made to hurt: each is read in a process of its own, so that a crash is one failure and not the end of the run.

A case passes when the reader ends within one second and 64 MiB with what the case expects: certain problems, or none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

READER = """
import json, pathlib, re, sys, time
from fsm_engine.flow_files.folder import read_folder
def peak_kib():  # getrusage would count what the parent process had before this one began
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
read_folder(sys.argv[2])
before_kib = peak_kib()
began = time.perf_counter()
folder, problems = read_folder(sys.argv[1])
seconds = time.perf_counter() - began
grown_mib = (peak_kib() - before_kib) / 1024
longest = max((len(str(problem)) for problem in problems), default=0)
codes = sorted({problem.code for problem in problems})
print(json.dumps({"seconds": seconds, "grown_mib": grown_mib, "codes": codes, "longest": longest}))
"""
MEBIBYTE = 1024 * 1024


class Case(NamedTuple):
    """What stands in the folder (bytes of one file, or a function that makes it) and the codes that come of it."""

    content: bytes | Callable[[Path], None]
    codes: set[str]


def flow(steps: str) -> bytes:
    return f"flow: f\nsteps:\n{steps}".encode()


def filled(start: str, part: str, end: str = "") -> bytes:
    """A file of just under one mebibyte."""
    room = MEBIBYTE - len(start.encode()) - len(end.encode())
    return (start + part * (room // len(part.encode())) + end).encode()


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "x.yaml")


def _endless_device(folder: Path) -> None:
    (folder / "x.yaml").symlink_to("/dev/zero")


def _folder_called_like_a_file(folder: Path) -> None:
    (folder / "x.yaml").mkdir()


def _loop_of_links(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "b").symlink_to(folder)


def _deep_folders(folder: Path) -> None:
    folder.joinpath(*["d"] * 200).mkdir(parents=True)


NAMES_OF_TROUBLE = ("__init__", "__class__", "os.system", "a b", "../x", "/etc/passwd", "x\u202ey", "ｘ", "a" * 100_000)

CASES: dict[str, Case] = {
    "object tag": Case(flow("  - say: !!python/object/apply:os.system [ls]\n"), {"tag"}),
    "object tag on a text": Case(flow("  - say: !!python/name:os.system x\n"), {"tag"}),
    "tag directive": Case(b"%TAG ! tag:yaml.org,2002:python/\n---\nflow: f\n", {"directive"}),
    "alias bomb": Case(
        b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(
            f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n".encode()
            for old, new in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        {"reference"},
    ),
    "merge bomb": Case(
        b"a: &a {x: 1}\n" + b"".join(b"b%d: &b%d {<<: [%s]}\n" % (n, n, b"*a," * 20) for n in range(20)), {"reference"}
    ),
    "cycle": Case(b"flow: &f\n  steps: *f\n", {"reference"}),
    "100,000 brackets": Case(b"[" * 100_000, {"too-deep"}),
    "100,000 braces": Case(b"{a: " * 100_000, {"too-deep"}),
    "100,000 dashes": Case(b"- " * 100_000, {"too-deep"}),
    "100,000 question marks": Case(b"? " * 100_000, {"bad-key"}),
    "brackets over many lines": Case(b"[\n" * 100_000, {"too-deep"}),
    "dashes before an error": Case(b"- " * 500_000 + b"@", {"too-deep"}),
    "dashes in a text before an error": Case(filled("a: 'x' ", "- ", "@"), {"bad-indentation"}),
    "a number of a million digits": Case(
        b"flow: f\nversion: " + b"9" * 1_000_000 + b"\n", {"missing-key", "text-too-long"}
    ),
    "a million digits as a bound": Case(
        flow(f"  - ask: a\n    type: number {'9' * 4000}..\n    prompt: a\n"), {"bad-bounds"}
    ),
    "a name of a million letters": Case(b"flow: " + b"a" * 1_000_000, {"missing-key", "text-too-long"}),
    "a key of a million letters": Case(b"a" * 1_000_000 + b": b\n", {"bad-indentation"}),
    "yaml 1.1 words": Case(
        flow("".join(f"  - say: {word}\n" for word in ("yes", "NO", "on", "~", "0x1F", "1_0", "=", ".inf"))), set()
    ),
    "NUL": Case(b"flow: f\x00\n", {"bad-character"}),
    "escaped NUL": Case(flow('  - say: "a\\0b"\n'), {"bad-character"}),
    "escaped surrogates": Case(flow('  - say: "\\uD800"\n'), {"backslash"}),
    "encoded surrogates": Case(b"flow: \xed\xa0\x80\n", {"not-utf8"}),
    "invalid UTF-8": Case(b"flow: \xff\xfe\n", {"not-utf8"}),
    "UTF-16": Case("flow: f\nsteps:\n  - say: hi\n".encode("utf-16"), {"not-utf8"}),
    "UTF-32 without mark": Case("flow: f\n".encode("utf-32-le"), {"bad-character"}),
    "line ends that editors hide": Case("flow: f\u2028steps: x\n".encode(), {"bad-character"}),
    "lone carriage returns": Case(b"flow: f\rsteps:\r  - say: hi\r", set()),
    "bidi controls in a name": Case("flow: f\u202e\u2066\nsteps:\n  - say: hi\n".encode(), {"bad-name"}),
    "names of trouble": Case(
        flow("".join(f'  - ask: "{name}"\n    type: text\n    prompt: a\n' for name in NAMES_OF_TROUBLE)),
        {"bad-name", "text-too-long"},
    ),
    "names that libraries use": Case(
        flow("".join(f"  - say: a\n    name: {name}\n" for name in ("trigger", "to_x", "is_x", "may_x", "state"))),
        set(),
    ),
    "100,000 steps": Case(flow("  - say:\n" * 100_000), {"too-many-values"}),
    "10,000 good steps": Case(flow("  - say: hi\n" * 10_000), {"too-many-items", "too-many-steps"}),
    "half a million values": Case(filled("flow: f\nsteps: [", "a,", "]"), {"too-many-values"}),
    "90,000 keys": Case("".join(f"k{n}: v\n" for n in range(90_000)).encode(), {"too-many-values"}),
    "20,000 unknown keys": Case(
        b"flow: f\n" + "".join(f"k{n}: v\n" for n in range(20_000)).encode(), {"too-many-problems", "unknown-key"}
    ),
    "the same key 20,000 times": Case(b"flow: f\n" + b"k: v\n" * 20_000, {"duplicate-key", "too-many-problems"}),
    "one mebibyte of line ends": Case(filled("flow: f\nsteps:\n  - say: hi\n", "\n"), set()),
    "one mebibyte of comment": Case(filled("flow: f\nsteps:\n  - say: hi\n", "# x\n"), set()),
    "one mebibyte of text": Case(filled("flow: f\nsteps:\n  - say: |\n", "      x\n"), {"text-too-long"}),
    "one mebibyte of tabs": Case(filled("flow: f\n", "\t"), {"tab"}),
    "one mebibyte of quotes": Case(filled("flow: f\nsteps: ", '"'), {"bad-indentation"}),
    "one mebibyte of options": Case(
        filled("flow: f\nsteps:\n  - ask: a\n    prompt: a\n    type: one of ", "a, ", "b\n"), {"text-too-long"}
    ),
    "large messages": Case(
        flow(
            "".join(
                f"  - ask: a{n}\n    type: one of a, b\n    same_as: {{{'x' * 900}: y}}\n    prompt: {'p' * 4000}\n"
                for n in range(200)
            )
        ),
        {"too-many-problems", "unknown-option"},
    ),
    "patterns that backtrack": Case(
        flow("  - ask: a\n    type: text matching (a+)+(?!b)\n    prompt: a\n"), {"bad-pattern"}
    ),
    "patterns that are large": Case(
        flow(
            "".join(
                f"  - ask: a{n}\n    type: text matching (\\pL|\\pN|x{n}){{1,400}}\n    prompt: a\n" for n in range(400)
            )
        ),
        {"bad-pattern", "too-many-problems"},
    ),
    "patterns that are nearly too large": Case(
        flow("".join(f"  - ask: a{n}\n    type: text matching [\\pL{n}]{{1,40}}\n    prompt: a\n" for n in range(90))),
        {"bad-pattern"},
    ),
    "type phrases inside each other": Case(
        flow(f"  - ask: a\n    type: {'list of ' * 600}text\n    prompt: a\n"), {"bad-type"}
    ),
    "a time zone that is a path": Case(b"bot: b\ntimezone: ../../../../etc/passwd\n", {"unknown-timezone"}),
    "a pipe": Case(_pipe, {"not-a-file"}),
    "an endless device": Case(_endless_device, {"bad-link"}),
    "a folder called like a file": Case(_folder_called_like_a_file, {"not-a-file"}),
    "a loop of links": Case(_loop_of_links, {"bad-link"}),
    "200 folders inside each other": Case(_deep_folders, {"too-deep"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_costs_little_and_gives_problems(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    hostile, harmless = tmp_path / "hostile", tmp_path / "harmless"
    hostile.mkdir()
    harmless.mkdir()
    (harmless / "ok.yaml").write_bytes(flow("  - sya: @hi\n  - ask: a\n    type: text matching a\n"))
    if isinstance(case.content, bytes):
        (hostile / "x.yaml").write_bytes(case.content)
    else:
        case.content(hostile)

    done = subprocess.run(
        [sys.executable, "-c", READER, str(hostile), str(harmless)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert set(result["codes"]) == case.codes
    assert result["seconds"] < 1
    assert result["grown_mib"] < 64
    assert result["longest"] < 2000
