"""``intents:`` of the bot file, and the cache of what was learned."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fsm_engine.errors import FlowError
from fsm_engine.flow_files import intent_cache
from fsm_engine.flow_files.load import check_flows, load_flows
from fsm_engine.model.flow import IntentSettings
from fsm_engine.model.turn import IntentGuess
from fsm_engine.understanding.intents import MAYBE, SURE
from tests.support.flow_texts import write

ORDER = """
flow: order
start: {phrases: [I want to order, order some food, bring me a meal, quiero pedir comida]}
steps:
  - {end: Done.}
"""
PHRASES = {"order": ["I want to order", "order some food", "bring me a meal", "quiero pedir comida"]}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def bot(line: str) -> str:
    return f"bot: demo\n{line}\n"


def settings_of(folder: Path, line: str) -> IntentSettings:
    write(folder, ORDER, bot(line))
    return load_flows(folder).bot.intents


def messages(folder: Path, line: str) -> list[str]:
    write(folder, ORDER, bot(line))
    return [f"{problem.code}: {problem.message}" for problem in check_flows(folder)[1]]


def cached(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").rglob("*"))[2:]


def test_without_a_word_about_it_intents_are_told_by_rules(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "flows", "languages: [en]")

    assert settings == IntentSettings("rule_based", SURE, MAYBE, 0.1)
    assert not (tmp_path / "cache").exists()


def test_a_method_stands_alone_or_with_thresholds(tmp_path: Path) -> None:
    assert settings_of(tmp_path / "flows", "intents: hybrid").method == "hybrid"
    settings = settings_of(tmp_path / "flows", "intents: {method: ml, sure: 0.9, maybe: 0.6, margin: 0}")
    assert (settings.method, settings.sure, settings.maybe, settings.margin) == ("ml", 0.9, 0.6, 0.0)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("intents: mll", "bad-value: 'intents' is one of rule_based, ml, hybrid, not 'mll'; did you mean 'ml'?"),
        ("intents: {sure: 90%}", "bad-share: 'sure' is a number from 0 to 1 such as 0.85, not '90%'"),
        ("intents: {sure: 1.1}", "bad-share: 'sure' is a number from 0 to 1 such as 0.85, not '1.1'"),
        ("intents: {sure: .nan}", "bad-share: 'sure' is a number from 0 to 1 such as 0.85, not '.nan'"),
        (
            "intents: {sure: 0.6, maybe: 0.8}",
            "thresholds-crossed: 'maybe' is 0.8 and 'sure' is 0.6; 'maybe' is the lower one",
        ),
        ("intents: {mthod: ml}", "unknown-key: unknown word 'mthod' in 'intents'; did you mean 'method'?"),
    ],
)
def test_what_cannot_be_meant_is_said_with_its_value(tmp_path: Path, line: str, problem: str) -> None:
    assert messages(tmp_path / "flows", line) == [problem]


def test_what_was_learned_is_kept_and_used_again(tmp_path: Path) -> None:
    first = intent_cache.learned(PHRASES)
    (kept,) = cached(tmp_path)
    before = kept.stat().st_mtime_ns
    again = intent_cache.learned(PHRASES)

    assert kept.stat().st_mtime_ns == before
    assert (again.weights == first.weights).all()
    assert (again.idf == first.idf).all()
    assert (again.bias == first.bias).all()
    assert (again.intents, again.vocabulary, again.temperature, again.phrases, again.negative) == (
        first.intents,
        first.vocabulary,
        first.temperature,
        first.phrases,
        first.negative,
    )


def test_nothing_that_could_run_is_read(tmp_path: Path) -> None:
    """A pickle in the place of an array is refused: reading it would run what it says."""
    intent_cache.learned(PHRASES)
    (kept,) = cached(tmp_path)
    with kept.open("wb") as file:
        np.savez(file, facts=np.array([{"a": 1}], dtype=object))

    assert intent_cache.read(kept) is None


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "bit", "other shape", "not finite"])
def test_a_damaged_file_is_learned_anew(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    first = intent_cache.learned(PHRASES)
    (kept,) = cached(tmp_path)
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    with np.load(kept) as arrays:
        parts = dict(arrays)
    if damage == "other shape":
        np.savez(kept, **{**parts, "idf": parts["idf"][1:]})
    elif damage == "not finite":
        np.savez(kept, **{**parts, "bias": parts["bias"] * np.float32("nan")})
    else:
        kept.write_bytes({"cut": bytes(content[:200]), "empty": b"", "text": b"hello", "bit": bytes(content)}[damage])

    with caplog.at_level(logging.WARNING):
        again = intent_cache.learned(PHRASES)

    assert (again.weights == first.weights).all()
    assert "learned anew" in caplog.text
    assert intent_cache.read(kept) is not None


def test_a_place_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")

    with caplog.at_level(logging.WARNING):
        table = intent_cache.learned(PHRASES)

    assert "order" in table.intents
    assert "learned at every start" in caplog.text


def test_a_bot_that_learns_understands_what_its_rules_do_not(tmp_path: Path) -> None:
    write(tmp_path / "flows", ORDER, bot("intents: ml"))
    (guess,) = load_flows(tmp_path / "flows").classifier.classify("could you bring some food")
    assert (guess.name, guess.method) == ("order", "ml")

    write(tmp_path / "flows", ORDER, bot("intents: hybrid"))
    assert load_flows(tmp_path / "flows").classifier.classify("order some food") == (IntentGuess("order", 1.0),)


def test_a_bot_without_any_phrase_has_nothing_to_learn(tmp_path: Path) -> None:
    write(tmp_path / "flows", "flow: order\nsteps:\n  - {end: Done.}\n", bot("intents: ml"))

    assert load_flows(tmp_path / "flows").classifier.classify("order") == ()


def test_more_than_can_be_learned_is_a_problem_and_not_a_wait(tmp_path: Path) -> None:
    many = [f"flow: f{n}\nstart: {{phrases: [do thing {n}]}}\nsteps:\n  - {{end: Done.}}\n" for n in range(201)]
    write(tmp_path / "flows", *many, bot("intents: ml"))

    with pytest.raises(FlowError) as error:
        load_flows(tmp_path / "flows")
    assert [problem.code for problem in error.value.problems] == ["too-many-intents"]


WITHOUT_EXTRA = """
import sys
sys.modules["sklearn"] = None
from fsm_engine import FlowError, load_flows
try:
    load_flows(sys.argv[1])
except FlowError as error:
    print(error)
"""


def test_without_the_extra_the_folder_does_not_load_and_says_what_to_install(tmp_path: Path) -> None:
    write(tmp_path / "flows", ORDER, bot("intents: ml"))
    command = [sys.executable, "-c", WITHOUT_EXTRA, str(tmp_path / "flows")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert "error missing-extra: 'intents: ml' needs scikit-learn, which is not installed." in ran.stdout
    assert "pip install 'fsm_engine[ml]'" in ran.stdout


def test_a_bot_that_goes_by_rules_loads_no_library_for_learning(tmp_path: Path) -> None:
    write(tmp_path / "flows", ORDER)
    program = (
        "import sys; from fsm_engine import load_flows; load_flows(sys.argv[1])"
        "; print({'sklearn', 'numpy', 'platformdirs'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "flows")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert ran.stdout == "set()\n"
