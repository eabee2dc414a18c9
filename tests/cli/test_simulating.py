"""`fsm-engine sim`."""

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_a_summary_counts_what_happened(run_here: Run) -> None:
    done = run_here("sim", "--seeds", "2", "--steps", "400")

    assert (done.code, done.err) == (0, "")
    assert "turns committed" in done.out
    assert done.out.endswith("2 sound, 0 with a violation\n")


def test_the_trace_of_one_seed_can_be_read_and_is_the_same_again(run_here: Run, place: Path) -> None:
    first = run_here("sim", "--seeds", "1", "--seed", "7", "--steps", "400", "--trace", "one.txt")
    second = run_here("sim", "--seeds", "1", "--seed", "7", "--steps", "400", "--trace", "two.txt")

    digests = [line for done in (first, second) for line in done.out.splitlines() if line.startswith("digest")]
    assert len(set(digests)) == 1
    assert (place / "one.txt").read_bytes() == (place / "two.txt").read_bytes()
    assert " p1: opens\n" in (place / "one.txt").read_text()


def test_programs_get_json(run_here: Run) -> None:
    done = run_here("sim", "--seeds", "1", "--steps", "300", "--json")

    told = json.loads(done.out)
    assert (told["sound"], told["violated"]) == (1, 0)
    assert told["seeds"][0]["figures"]["turns"] > 0


def test_a_trace_of_several_seeds_is_refused(run_here: Run) -> None:
    done = run_here("sim", "--seeds", "2", "--trace", "all.txt")

    assert done.code == 2
    assert done.err == "fsm-engine: --trace: is for one seed, and --seeds is 2. Say: --seeds 1 --seed NUMBER.\n"
