"""What comes by itself while a transcript lets time pass: reminders and nudges, each at its time. proves: S3, C6"""

from __future__ import annotations

from pathlib import Path

import pytest

from fsm_engine.flow_files.load import load_flows
from fsm_engine.flow_files.parse_source import parse_source
from fsm_engine.model.transcript import Transcript
from fsm_engine.testing.transcripts import TranscriptResult, play
from tests.support.flow_texts import write

FLOW = """
flow: goals
start: {phrases: [begin]}
nudge: {after: 10 minutes, say: [Still there?, Hello?]}
steps:
  - {ask: goal, type: "text 1..60", prompt: What?}
  - {remind: in 2 hours, say: ["Do it now: {goal}.", "Now is the time: {goal}."]}
  - {remind: in 1 hour, say: "Half the time is over."}
  - {ask: more, type: "text 1..60", prompt: More?}
"""


async def played(folder: Path, turns: str) -> TranscriptResult:
    flows = load_flows(write(folder / "flows", FLOW))
    parsed, problems = parse_source(f"transcript: a test\nturns:\n{turns}", "test.yaml")
    assert problems == []
    assert isinstance(parsed, Transcript)
    return await play(parsed, flows, database_path=folder / "play.db")


BEGIN = "  - user: begin\n  - user: run\n"


@pytest.mark.parametrize("words", ["'Do it now: run.'", "'Now is the time: run.'", "'Do it now: {goal}.'"])
async def test_what_was_pushed_meanwhile_is_checked_in_order_in_any_wording(tmp_path: Path, words: str) -> None:
    bot = f"[Hello?, Half the time is over., {words}]"
    result = await played(tmp_path, f"{BEGIN}  - later: 3 hours\n    bot: {bot}\n  - later: 9 hours\n    bot: []\n")

    assert result.failure is None


async def test_other_words_fail_and_the_conversation_shows_what_came(tmp_path: Path) -> None:
    result = await played(tmp_path, f"{BEGIN}  - later: 3 hours\n    bot: [Half the time is over., Do it!]\n")

    assert result.failure is not None
    assert "the bot says 3 messages, not 2" in str(result.failure)
    assert "bot:  Half the time is over." in str(result.failure)


async def test_before_its_time_nothing_comes_and_a_crash_loses_nothing(tmp_path: Path) -> None:
    turns = (
        f"{BEGIN}  - later: 599 seconds\n    bot: []\n  - crash: true\n  - later: 1 second\n    bot: Still there?\n"
        "  - later: 50 minutes\n    bot: [Half the time is over.]\n"
    )
    result = await played(tmp_path, turns)

    assert result.failure is None
