"""Transcripts pass when the engine does what they say, and tell place and reason when it does not."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fsm_engine.core.flows import Flows
from fsm_engine.errors import InvalidArgument
from fsm_engine.flow_files.load import load_flows
from fsm_engine.flow_files.parse_source import parse_source
from fsm_engine.model.problem import Position
from fsm_engine.model.session import Status
from fsm_engine.model.transcript import Expected, Transcript
from fsm_engine.model.turn import Message, Reply, SessionView
from fsm_engine.testing import transcripts
from fsm_engine.testing.database_files import KilledFiles
from fsm_engine.testing.expectations import messages_mismatch
from fsm_engine.testing.transcripts import TranscriptResult, play
from tests.testing.conftest import FLOW

PATH_TO_AGE = """\
turns:
  - user: begin
  - user: Ana Lopez
"""


def transcript_of(text: str) -> Transcript:
    parsed, problems = parse_source(f"transcript: a test\n{text}", "test.yaml")
    assert problems == []
    assert isinstance(parsed, Transcript)
    return parsed


async def played(flows: Flows, tmp_path: Path, text: str) -> TranscriptResult:
    return await play(transcript_of(text), flows, database_path=tmp_path / "play.db")


async def failure_of(flows: Flows, tmp_path: Path, text: str) -> str:
    result = await played(flows, tmp_path, text)
    assert result.failure is not None, "the transcript passed"
    return str(result.failure)


@pytest.mark.parametrize("question", ["What is your name?", "Who are you?", "Your name, please?"])
async def test_any_variation_of_a_text_passes(flows: Flows, tmp_path: Path, question: str) -> None:
    result = await played(flows, tmp_path, f"turns:\n  - user: begin\n    bot: {question}\n")

    assert result.failure is None


@pytest.mark.parametrize(
    "question",
    ["How old are you, Ana Lopez?", "Ana Lopez, what is your age?", '"{name}, what is your age?"'],
)
async def test_placeholders_may_be_filled_or_as_written(flows: Flows, tmp_path: Path, question: str) -> None:
    result = await played(flows, tmp_path, f"{PATH_TO_AGE}    bot: {question}\n")

    assert result.failure is None


@pytest.mark.parametrize("text", ["Bye Ana Lopez.", "See you, Ana Lopez. Your number is 7."])
async def test_the_text_after_an_action_may_be_any_variation_too(flows: Flows, tmp_path: Path, text: str) -> None:
    given = f'actions: {{people.store: "7"}}\n{PATH_TO_AGE}  - user: "30"\n    bot: [{text!r}]\n'

    result = await played(flows, tmp_path, given)

    assert result.failure is None


@pytest.mark.parametrize("question", ["¿Cómo te llamas?", "How old are you, ?", "What is your name", "who are you?"])
async def test_other_texts_do_not_pass(flows: Flows, tmp_path: Path, question: str) -> None:
    failure = await failure_of(flows, tmp_path, f"turns:\n  - user: begin\n    bot: {question!r}\n")

    assert "the bot does not say this" in failure


async def test_a_value_of_another_person_does_not_pass(flows: Flows, tmp_path: Path) -> None:
    failure = await failure_of(flows, tmp_path, f'{PATH_TO_AGE}    bot: "Ben Stone, what is your age?"\n')

    assert "the bot does not say this" in failure


async def test_a_failure_names_the_line_what_was_said_and_what_would_have_passed(flows: Flows, tmp_path: Path) -> None:
    failure = await failure_of(flows, tmp_path, f"{PATH_TO_AGE}    bot: Hello Ana!\n")

    assert failure.startswith("test.yaml:5:10: 'a test', turn 2: the bot does not say this")
    assert "expected: Hello Ana!" in failure
    assert "How old are you, Ana Lopez?" in failure
    assert "Ana Lopez, what is your age?" in failure
    assert "user: begin" in failure


@pytest.mark.parametrize("first", ["What is your name?", "Who are you?"])
async def test_a_list_names_every_message_in_order(flows: Flows, tmp_path: Path, first: str) -> None:
    passing = await played(flows, tmp_path, f"turns:\n  - user: begin\n    bot: [{first}]\n")
    (tmp_path / "second").mkdir()
    failing = await failure_of(
        flows, tmp_path / "second", f"turns:\n  - user: begin\n    bot: [{first}, And your age?]\n"
    )

    assert passing.failure is None
    assert "the bot says 1 messages, not 2" in failing


@pytest.mark.parametrize(
    ("expected", "passes"),
    [
        ("{contains: Ana}", True),
        ("{contains: Ben}", False),
        ("{matches: '.*Ana Lopez.*\\?'}", True),
        ("{matches: Ana Lopez}", False),
    ],
)
async def test_parts_and_patterns_are_held_against_what_was_said(
    flows: Flows, tmp_path: Path, expected: str, passes: bool
) -> None:
    result = await played(flows, tmp_path, f"{PATH_TO_AGE}    bot: {expected}\n")

    assert result.passed is passes


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ("at: name", "the conversation stands at another step"),
        ("status: completed", "the status is another"),
        ("risk: high", "the risk is another"),
        ("slots: {name: Ben}", "slot 'name' has another value"),
        ("slots: {age: 3}", "slot 'age' has no value"),
    ],
)
async def test_each_unmet_expectation_fails_at_its_turn(
    flows: Flows, tmp_path: Path, expectation: str, message: str
) -> None:
    failure = await failure_of(flows, tmp_path, f"{PATH_TO_AGE}    {expectation}\n")

    assert failure.startswith("test.yaml:4:5: 'a test', turn 2: ")
    assert message in failure


async def test_met_expectations_pass(flows: Flows, tmp_path: Path) -> None:
    expected = "    at: age\n    status: active\n    risk: none\n    slots: {name: Ana Lopez}\n"

    result = await played(flows, tmp_path, PATH_TO_AGE + expected + "ends: {status: active, at: age}\n")

    assert result.failure is None
    assert result.turns == 2


async def test_the_end_is_checked(flows: Flows, tmp_path: Path) -> None:
    failure = await failure_of(flows, tmp_path, f"{PATH_TO_AGE}ends: {{status: completed}}\n")

    assert "'a test', at the end: the status is another" in failure


async def test_checks_say_yes_where_a_transcript_is_silent(flows: Flows, tmp_path: Path) -> None:
    result = await played(flows, tmp_path, f"{PATH_TO_AGE}    at: age\n")

    assert result.failure is None


async def test_actions_return_what_the_transcript_says(flows: Flows, tmp_path: Path) -> None:
    result = await played(
        flows, tmp_path, f"actions: {{people.is_known: false}}\n{PATH_TO_AGE}    bot: I do not know you.\n"
    )

    assert result.failure is None


async def test_an_action_that_no_flow_names_is_a_failure_with_the_nearest_name(flows: Flows, tmp_path: Path) -> None:
    failure = await failure_of(flows, tmp_path, f"actions: {{people.stor: 1}}\n{PATH_TO_AGE}")

    assert "no flow names an action 'people.stor'. Did you mean 'people.store'?" in failure


async def test_a_conversation_goes_on_after_a_crash(flows: Flows, tmp_path: Path) -> None:
    crash = "  - crash: true\n    at: age\n    slots: {name: Ana Lopez}\n"

    result = await played(flows, tmp_path, f"{PATH_TO_AGE}{crash}  - user: '30'\n    status: completed\n")

    assert result.failure is None


async def test_what_was_not_on_disk_at_a_crash_is_gone(
    flows: Flows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class EmptyFiles(KilledFiles):
        """Finds nothing on disk, as if no turn had ever been stored."""

        def __init__(self, path: Path) -> None:
            super().__init__(path.with_name("nothing.db"))
            self._path = path

    monkeypatch.setattr(transcripts, "KilledFiles", EmptyFiles)

    failure = await failure_of(flows, tmp_path, f"{PATH_TO_AGE}  - crash: true\n    at: age\n")

    assert "turn 3: there is no session" in failure


async def test_later_moves_the_clock(flows: Flows, tmp_path: Path) -> None:
    result = await played(flows, tmp_path, f"{PATH_TO_AGE}  - later: 31 minutes\n  - user: begin\n    at: name\n")

    assert result.failure is None


async def test_before_half_an_hour_the_session_stays(flows: Flows, tmp_path: Path) -> None:
    result = await played(
        flows, tmp_path, f"{PATH_TO_AGE}  - later: 29 minutes\n  - user: '30'\n    status: completed\n"
    )

    assert result.failure is None


async def test_a_second_delivery_gets_the_same_reply(flows: Flows, tmp_path: Path) -> None:
    text = (
        f"{PATH_TO_AGE}  - repeat: true\n    at: age\n  - crash: true\n  - repeat: true\n    bot: {{contains: Ana}}\n"
    )

    result = await played(flows, tmp_path, text)

    assert result.failure is None


async def test_a_second_delivery_that_writes_is_a_failure(
    flows: Flows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = transcripts.table_digests

    def writing(path: Path) -> object:
        found = real(path)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE conversations SET title = title || '!'")
        return found

    monkeypatch.setattr(transcripts, "table_digests", writing)

    failure = await failure_of(flows, tmp_path, f"{PATH_TO_AGE}  - repeat: true\n")

    assert "the second delivery changes the database" in failure
    assert "changes in conversations" in failure


async def test_nothing_can_be_repeated_before_the_first_message(flows: Flows, tmp_path: Path) -> None:
    failure = await failure_of(flows, tmp_path, "turns:\n  - repeat: true\n")

    assert "there is nothing to repeat" in failure


async def test_a_flow_can_be_started_without_words(flows: Flows, tmp_path: Path) -> None:
    result = await played(
        flows, tmp_path, "turns:\n  - start: hello\n    at: name\n    bot: Who are you?\n  - repeat: true\n"
    )

    assert result.failure is None


async def test_nobody_speaks_while_time_passes(flows: Flows, tmp_path: Path) -> None:
    failure = await failure_of(flows, tmp_path, f"{PATH_TO_AGE}  - later: 1 minute\n    bot: Are you there?\n")

    assert "found:    (nothing)" in failure


async def test_an_error_of_the_engine_is_a_failure_at_its_turn(flows: Flows, tmp_path: Path) -> None:
    failure = await failure_of(flows, tmp_path, "turns:\n  - user: begin\n  - start: nowhere\n")

    assert failure.startswith("test.yaml:4:5: 'a test', turn 2: the engine raised an error")
    assert "not-found: there is no flow called 'nowhere'" in failure


async def test_a_file_that_exists_is_not_played_on(flows: Flows, tmp_path: Path) -> None:
    (tmp_path / "play.db").write_text("precious")

    with pytest.raises(InvalidArgument, match="exists"):
        await played(flows, tmp_path, PATH_TO_AGE)

    assert (tmp_path / "play.db").read_text() == "precious"


async def test_variations_that_would_have_led_elsewhere_do_not_count(folder: Path, tmp_path: Path) -> None:
    """What a button is called decides what it answers to, so other names of it are another conversation."""
    (folder / "bot.yaml").write_text(
        "bot: little\nexpires: 30 minutes\ncoming_back: {say: Welcome back.}\n"
        "texts:\n  option_restart: [Begin anew, Once more]\n"
    )
    (folder / "hello.yaml").write_text(FLOW.replace("  - ask: name", "  - say: Hi.\n  - ask: name", 1))
    flows = load_flows(folder)
    text = f"{PATH_TO_AGE}  - later: 1 hour\n  - user: hi\n  - user: once more\n    bot: [Nothing like it]\n"

    for number in range(8):  # the seed differs, and with it the name that is in force
        (tmp_path / str(number)).mkdir()
        failure = await failure_of(flows, tmp_path / str(number), text)

        assert "turn 5: the bot says" in failure or "turn 5: the bot does not say" in failure


def reply(text: str, *, duplicate: bool) -> Reply:
    view = SessionView("s", "c", "hello", "name", {}, Status.ACTIVE, 1)
    return Reply((Message(text),), view, duplicate=duplicate)


@pytest.mark.parametrize(
    ("second", "after", "told"),
    [
        (reply("Hi", duplicate=False), {"turns": "1"}, "the second delivery is taken for a new message"),
        (reply("Ho", duplicate=True), {"turns": "1"}, "the second delivery is answered otherwise"),
        (reply("Hi", duplicate=True), {"turns": "2"}, "the second delivery changes the database"),
        (reply("Hi", duplicate=True), {"turns": "1"}, None),
    ],
)
def test_a_second_delivery_is_held_against_the_first(second: Reply, after: dict[str, str], told: str | None) -> None:
    at = Position("t.yaml", 1, 1)

    found = transcripts._repeat_mismatch(at, reply("Hi", duplicate=False), second, {"turns": "1"}, after)

    assert (found.what if found else None) == told


@pytest.mark.parametrize(
    ("expected", "is_list", "said", "passes"),
    [
        (({"text": "a"}, {"text": "b"}), True, ("a", "b"), True),
        (({"text": "b"}, {"text": "a"}), True, ("a", "b"), False),
        (({"text": "b"},), False, ("a", "b"), True),
        ((), True, (), True),
        ((), True, ("a",), False),
        (({"matches": "a.b"},), False, ("a\nb",), True),
        (({"matches": "A.b"},), False, ("a\nb",), False),
    ],
)
def test_lists_are_in_order_and_one_text_is_anywhere(
    expected: tuple[dict[str, str], ...], is_list: bool, said: tuple[str, ...], passes: bool
) -> None:
    at = Position("t.yaml", 1, 1)

    found = messages_mismatch([Expected(at, **one) for one in expected], is_list=is_list, at=at, said=said)

    assert (found is None) is passes
