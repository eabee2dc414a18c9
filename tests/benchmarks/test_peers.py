"""The account dialogue on every tool that is installed; this engine and `transitions` always are."""

import asyncio
import multiprocessing
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from benchmarks.dialogue import TEXTS
from benchmarks.page import PAGE, replace_block
from benchmarks.peers.account import QUESTIONS, REPLIES, Bank, Question
from benchmarks.peers.conduct import LAST_MESSAGES, Conduct, conduct_of, pairs_of, walk
from benchmarks.peers.peer import AsyncBot, Peer
from benchmarks.peers.registry import PEERS
from benchmarks.peers.report import as_json, markdown, show
from benchmarks.peers.speed import Speed
from benchmarks.peers.transactions import transactions_in
from benchmarks.peers.trial import AT_ONCE, Run, Trial, measure

ENGINE = PEERS[0]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_installed_tool_walks_the_dialogue_to_its_end_and_every_other_is_reported(peer: Peer) -> None:
    if peer.missing:
        [trial] = measure([peer])

        assert trial.failure == f"not installed: {', '.join(peer.missing)}"
        return

    with multiprocessing.get_context("spawn").Pool(1) as process:
        replies, stored, misread = process.apply(walk, (peer,))

    assert replies == list(REPLIES)
    assert stored == list(TEXTS)
    assert misread == QUESTIONS[1].again


def test_tools_that_are_always_there_are_among_those_walked() -> None:
    installed = {peer.name for peer in PEERS if not peer.missing}

    assert installed >= {"this engine", "transitions, a pickle per conversation"}


def test_a_missing_tool_is_a_row_in_every_form_of_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    missing = Peer("Nothing", ("no-such-distribution",), "nothing")

    trials = measure([missing])
    show(trials)

    assert capsys.readouterr().out.count("not installed") == 2
    assert as_json(trials)[0]["failure"] == "not installed: no-such-distribution"
    assert markdown(trials).count("| Nothing | not installed: no-such-distribution |") == 2


def test_a_tool_that_does_not_work_here_is_a_row_and_the_next_one_is_still_measured() -> None:
    broken = Peer("Broken", ("fsm_engine",), "nothing", opens_async=_broken)
    healthy = next(peer for peer in PEERS if peer.name.startswith("transitions"))

    first, second = measure([broken, healthy], rounds=1, seconds=0.05)

    assert first.failure == "failed: RuntimeError: out of order"
    assert not second.failure
    assert set(second.runs) == set(AT_ONCE)


def test_the_report_compares_by_ratios_to_the_floor_and_only_what_was_measured_in_quiet_moments() -> None:
    quiet, busy = (900.0, 700.0), (500.0, 100.0)
    engine = Trial(ENGINE, runs={at_once: [Run(Speed(900.0, 1.0, 2.0), 950.0, 1050.0)] for at_once in AT_ONCE})
    other = Trial(PEERS[1], runs={1: [Run(Speed(400.0, 3.0, 4.0), *quiet)], 64: [Run(Speed(90.0, 3.0, 4.0), *busy)]})

    page = markdown([engine, other])

    assert "| this engine | 900 | 0.90 | 2.0 |  | 900 | 0.90 | 2.0 |  |" in page
    assert f"| {PEERS[1].name} | 400 | 0.50 | 4.0 | 1.8 | 90 (busy disk) | 0.30 | 4.0 |  |" in page


def test_runs_beside_a_slow_floor_do_not_count_where_there_are_quiet_ones() -> None:
    slow, quiet = Run(Speed(500.0, 1.0, 2.0), 100.0, 1000.0), Run(Speed(400.0, 1.0, 2.0), 1000.0, 900.0)

    assert Trial(ENGINE, runs={1: [slow, quiet]}).middle(1, best_floor=1000.0) is quiet
    assert Trial(ENGINE, runs={1: [slow]}).middle(1, best_floor=1000.0) is slow


async def test_this_engine_loses_nothing_repeats_its_reply_opens_each_account_once_and_goes_on() -> None:
    found = await conduct_of(ENGINE)

    assert found == Conduct(
        storage="wal, synchronous=FULL",
        transactions_per_message=(len(TEXTS) + 1) / len(TEXTS),
        sent=200,
        lost=0,
        refused=0,
        duplicate="the stored reply",
        accounts_opened=LAST_MESSAGES,
        question_removed="goes on with the flow it began with",
    )


async def test_a_tool_that_overwrites_is_found_out() -> None:
    assert await pairs_of(Overwriting(), 5) == (5, 0)


async def test_a_tool_that_refuses_the_second_of_two_has_lost_nothing() -> None:
    assert await pairs_of(Refusing(), 5) == (0, 5)


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_write_transactions_are_counted_in_the_file(tmp_path: Path, journal: str) -> None:
    path = tmp_path / "counted.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute("CREATE TABLE numbers (number)")
        before = transactions_in(path)
        for number in range(5):
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO numbers VALUES (?)", [(number,), (number,)])
            connection.execute("COMMIT")

        assert transactions_in(path) - before == 5


def test_a_block_of_the_page_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- peers -->\nold\n<!-- end of peers -->\nafter\n", encoding="utf-8")

    replace_block("peers", "new", page)

    assert page.read_text(encoding="utf-8") == "before\n<!-- peers -->\nnew\n<!-- end of peers -->\nafter\n"


def test_a_page_without_the_block_stays_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- peers -->\nno end\n", encoding="utf-8")

    with pytest.raises(SystemExit, match="no place for 'peers'"):
        replace_block("peers", "new", page)

    assert page.read_text(encoding="utf-8") == "before\n<!-- peers -->\nno end\n"


def test_the_page_on_performance_has_a_place_for_the_tables() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page.count("<!-- peers -->") == page.count("<!-- end of peers -->") == 1


@asynccontextmanager
async def _broken(path: Path, questions: tuple[Question, ...], bank: Bank) -> AsyncIterator[AsyncBot]:
    raise RuntimeError("out of order")
    yield Overwriting()


class Overwriting:
    """Reads what it knows, waits for something else, and writes over what was written meanwhile."""

    def __init__(self) -> None:
        self.known: dict[str, list[str]] = {}

    async def turn(self, conversation: str, text: str, delivery: str) -> str:
        read = self.known.get(conversation, [])
        await asyncio.to_thread(len, text)
        self.write(conversation, read, text)
        return "yes?"

    def write(self, conversation: str, read: list[str], text: str) -> None:
        self.known[conversation] = [*read, text]

    async def heard(self, conversation: str) -> list[str]:
        return self.known[conversation]

    async def pragma(self, name: str) -> object:
        return None


class Refusing(Overwriting):
    """The same, with a look at what was written meanwhile."""

    def write(self, conversation: str, read: list[str], text: str) -> None:
        if self.known.get(conversation, []) != read:
            raise RuntimeError("somebody else was first")
        super().write(conversation, read, text)
