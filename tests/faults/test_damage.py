"""Files that a disk or a person damaged: what is given out was written, or the damage is named. proves: P7"""

# proves: C5, D5

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from fsm_engine.engine.engine import Engine
from fsm_engine.errors import FsmEngineError, NotFound, SessionCorrupted, StartUpError, StorageError
from fsm_engine.model.codec import decode
from fsm_engine.model.turn import Reply
from fsm_engine.storage.sqlite import SqliteStore
from fsm_engine.testing.clock import VirtualClock
from tests.faults.figures import SEED, record, size
from tests.faults.recorded_talk import send
from tests.faults.served import Given, Judged, Known, judged, served
from tests.faults.whole_turns import halves_in, requests_in
from tests.support.bots import ORDER, Bot
from tests.support.conversations import SHIPPED, WAYS, Bank, Event

PAGE = 4096
ENDINGS = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Library:
    """Whole files to be damaged, and what they give. ``closed`` is a database alone, ``live`` one whose last turns
    stand in its log, ``stale 3`` and so on the database of ``closed`` beside an earlier log."""

    folder: Path
    known: Known
    rounds: int
    truth: dict[str, Given]

    def lay_out(self, kind: str, folder: Path) -> Path:
        """The files of this kind in another folder."""
        for ending in ENDINGS:
            (folder / f"bot.db{ending}").unlink(missing_ok=True)
            if (self.folder / f"{kind}.db{ending}").exists():
                shutil.copyfile(self.folder / f"{kind}.db{ending}", folder / f"bot.db{ending}")
        return folder / "bot.db"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return asyncio.run(_library(tmp_path_factory.mktemp("library")))


async def _library(folder: Path) -> Library:
    path = folder / "closed.db"
    chats = {
        f"chat {number}": [Event(start=flow), Event("I want to hurt myself"), Event("I am safe"), *map(Event, way)]
        for number, flow in enumerate(sorted(WAYS))
        for way in WAYS[flow][:1]
    }
    rounds = max(len(events) for events in chats.values())
    async with _open(path) as engine:
        await _hold(engine, chats, range(3))
    async with _open(path) as engine:
        for number in range(3, rounds):
            await _hold(engine, chats, range(number, number + 1))
            shutil.copyfile(f"{path}-wal", folder / f"stale {number}.db-wal")
        for ending in ("", "-wal"):
            shutil.copyfile(f"{path}{ending}", folder / f"live.db{ending}")
    for number in range(3, rounds):
        shutil.copyfile(path, folder / f"stale {number}.db")
    with closing(sqlite3.connect(path)) as connection:
        sessions = [row[0] for row in connection.execute("SELECT id FROM sessions")]
    requests = {chat: [f"r{number}" for number in range(len(events))] for chat, events in chats.items()}
    known = Known(requests, sessions, [f"user of {chat}" for chat in chats])
    async with _open(path) as engine:
        return Library(folder, known, rounds, await served(engine, known))


async def _hold(engine: Engine, chats: dict[str, list[Event]], numbers: range) -> None:
    for chat, events in chats.items():
        for number in numbers[: max(0, len(events) - numbers.start)]:
            await send(engine, chat, events[number], f"r{number}", user_id=f"user of {chat}")


def _open(path: Path) -> AbstractAsyncContextManager[Engine]:
    return Engine.open(
        f"sqlite:///{path}", flows=SHIPPED, actions=Bank().actions, clock=VirtualClock(), durability="normal"
    )


Damage = Callable[[Path, Random], None]


def flip_a_bit(path: Path, chance: Random) -> None:
    with path.open("r+b") as file:
        place = chance.randrange(path.stat().st_size)
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1 << chance.randrange(8)]))


def flip_a_bit_of_the_log(path: Path, chance: Random) -> None:
    flip_a_bit(Path(f"{path}-wal"), chance)


def zero_a_page(path: Path, chance: Random) -> None:
    with path.open("r+b") as file:
        file.seek(chance.randrange(path.stat().st_size // PAGE) * PAGE)
        file.write(bytes(PAGE))


def cut_off(path: Path, chance: Random) -> None:
    with path.open("r+b") as file:
        file.truncate(chance.randrange(path.stat().st_size))


def cut_off_the_log(path: Path, chance: Random) -> None:
    cut_off(Path(f"{path}-wal"), chance)


def put_another_page_there(path: Path, chance: Random) -> None:
    """What a disk does that writes to the wrong place."""
    pages = path.stat().st_size // PAGE
    with path.open("r+b") as file:
        file.seek(chance.randrange(1, pages) * PAGE)
        page = file.read(PAGE)
        file.seek(chance.randrange(1, pages) * PAGE)
        file.write(page)


DAMAGES: dict[str, tuple[str, Damage, int]] = {
    "a bit flipped": ("closed", flip_a_bit, 100),
    "a page zeroed": ("closed", zero_a_page, 25),
    "a page written to the wrong place": ("closed", put_another_page_there, 25),
    "the file cut off": ("closed", cut_off, 10),
}
"""Which files are damaged how, and how often in the short form."""


async def given_by(path: Path, library: Library) -> dict[str, Given] | None:
    """What a stock engine gives, None when it refuses the file with a typed error."""
    try:
        async with _open(path) as engine:
            given = await served(engine, library.known)
            await goes_on(engine)
    except StorageError:
        return None
    return given


async def goes_on(engine: Engine) -> None:
    """Takes a turn of each conversation and one of a new one; whatever stops it has a type."""
    for chat in ("chat 0", "chat 3", "another chat"):
        try:
            await engine.turn(chat, "hello", request_id="afterwards")
        except FsmEngineError:
            continue


@pytest.mark.parametrize("name", DAMAGES)
async def test_what_a_damaged_file_gives_was_written_or_the_damage_is_named(
    library: Library, tmp_path: Path, name: str
) -> None:
    kind, damage, short = DAMAGES[name]
    total, tried, harmed, closed = Judged(), size(short, 40 * short), 0, 0
    for number in range(tried):
        path = library.lay_out(kind, tmp_path)
        damage(path, Random(f"{SEED} {name} {number}"))
        given = await given_by(path, library)
        if given is None:
            closed += 1
            continue
        found = judged(library.truth, given)
        harmed += bool(found.refused or found.missing)
        total += found

    record(
        "T16",
        what=name,
        files=tried,
        not_opened=closed,
        with_refusals=harmed,
        wrong=total.wrong.total(),
        uncovered=total.uncovered.total(),
        missing=total.missing.total(),
        refused=total.refused.total(),
    )
    assert total.examples == []
    assert closed + harmed + total.uncovered.total() > 0, "nothing was felt: the test sees nothing"


@pytest.mark.parametrize("written", ["user of chat 2", "chat 2", "r4"])
async def test_an_id_that_is_damaged_in_a_row_or_an_index_leads_to_nobody_else_s_rows(
    library: Library, tmp_path: Path, written: str
) -> None:
    path = library.lay_out("closed", tmp_path)
    contents = path.read_bytes()
    places = [found.end() - 1 for found in re.finditer(re.escape(written.encode()), contents)]
    chosen = Random(SEED).sample(places, min(len(places), size(20, 1000)))
    total = Judged()
    for place in chosen:
        path = library.lay_out("closed", tmp_path)
        damaged = bytearray(contents)
        damaged[place] ^= 1  # the id of a neighbour
        path.write_bytes(damaged)
        total += judged(library.truth, await given_by(path, library) or {})

    record("T16", what=f"id {written}", files=len(chosen), wrong=total.wrong.total(), missing=total.missing.total())
    assert total.examples == []
    assert total.refused.total() + total.missing.total() > 0, "nothing was felt: the test sees nothing"


@pytest.mark.parametrize("damage", [flip_a_bit_of_the_log, cut_off_the_log])
async def test_a_damaged_log_ends_before_the_damage_and_at_a_whole_turn(
    library: Library, tmp_path: Path, damage: Damage
) -> None:
    tried, turns = size(20, 1000), []
    for number in range(tried):
        path = library.lay_out("live", tmp_path)
        damage(path, Random(f"{SEED} {number}"))
        async with _open(path) as engine:
            await goes_on(engine)
        stored = requests_in(path)
        found = [*halves_in(path, SHIPPED), *(chat for chat in library.known.requests if not in_order(stored, chat))]
        assert found == [], f"seed {SEED}, file {number}"
        turns.append(sum(map(len, stored.values())))

    record("T16", what=damage.__name__, files=tried, wrong=0, fewest_turns=min(turns), most_turns=max(turns))
    assert min(turns) < max(turns), "the log made no difference: the test sees nothing"


def in_order(stored: dict[str, list[str]], chat: str) -> bool:
    """Whether the stored requests are the first ones of the conversation."""
    requests = [request for request in stored.get(chat, []) if request != "afterwards"]
    return requests == [f"r{number}" for number in range(len(requests))]


async def test_a_stale_log_beside_a_newer_file_gives_no_session_that_its_journal_does_not_lead_to(
    library: Library, tmp_path: Path
) -> None:
    total, mixed, old = Judged(), 0, 0
    for number in range(3, library.rounds):
        path = library.lay_out(f"stale {number}", tmp_path)
        async with _open(path) as engine:
            total += judged(library.truth, await served(engine, library.known))
            for chat in library.known.requests:
                try:
                    view = await engine.session(chat)
                    journal = await engine.store.sessions.journal(view.id)
                except (StorageError, NotFound):  # what no index leads to any more reads as missing
                    mixed += 1
                    continue
                assert decode(Reply, journal[-1].reply_json).session == view
                old += len(journal) < len(library.truth[f"journal {view.id}"])  # type: ignore[arg-type]

    never_change = {"history", "journal", "outcome", "risk", "intents"}
    record("T16", what="stale log", files=library.rounds - 3, wrong=0, older_sessions=old, refused=mixed)
    assert {kind: count for kind, count in total.wrong.items() if kind in never_change} == {}
    assert old + mixed > 0, "the logs made no difference: the test sees nothing"


BY_HAND = {
    "the state": ("UPDATE sessions SET state_json = replace(state_json, '\"misses\":0', '\"misses\":1')", "session"),
    "the turn": ("UPDATE sessions SET turn = turn - 1", "session"),
    "the expiry": ("UPDATE sessions SET expires_at = '2999-01-01T00:00:00.000000Z'", "session"),
    "the step": ("UPDATE sessions SET fsm_state = 'elsewhere'", "session"),
    "the conversation": ("UPDATE sessions SET conversation = 2 WHERE conversation = 1", "stored"),
    "a journal line is gone": ("DELETE FROM turns WHERE number = 2", "journal"),
    "the last journal line is gone": (
        "DELETE FROM turns WHERE (session, number) IN (SELECT key, turn FROM sessions)",
        "session",
    ),
    "a request id": ("UPDATE turns SET request_id = request_id || '9' WHERE request_id = 'r1'", "journal"),
    "a reply": ("UPDATE turns SET reply_json = replace(reply_json, 'text', 'test')", "outcome"),
    "an answer": ("UPDATE user_responses SET response = '\"nobody said this\"'", "responses"),
    "an answer's text": ("UPDATE user_responses SET raw_text = 'nobody said this'", "responses"),
    "a finding": ("UPDATE risk_detections SET severity = 'low'", "risk"),
    "the place of a finding": ("UPDATE risk_detections SET span_end = span_end + 1", "risk"),
    "the reading of a finding": ("UPDATE risk_detections SET read_as = 'nobody said this'", "risk"),
    "what was understood": ("UPDATE intent_classifications SET confidence = 0.125", "intents"),
    "an action's input": ("UPDATE audit_log SET input_data = '{\"amount\":1}'", "audit"),
}


@pytest.mark.parametrize("what", BY_HAND)
async def test_what_somebody_changed_by_hand_is_not_given_out(library: Library, tmp_path: Path, what: str) -> None:
    path = library.lay_out("closed", tmp_path)
    statement, kind = BY_HAND[what]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute(statement).rowcount > 0

    async with _open(path) as engine:
        found = judged(library.truth, await served(engine, library.known))

    assert found.examples == []
    assert found.refused[kind] > 0


async def test_a_session_that_was_given_to_another_user_is_not_gone_on_with(library: Library, tmp_path: Path) -> None:
    path = library.lay_out("closed", tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE sessions SET user_id = 'user of chat 1' WHERE user_id = 'user of chat 0'")

    async with _open(path) as engine:
        with pytest.raises(SessionCorrupted, match="whose it is"):
            await engine.session("chat 0")


async def test_messages_that_somebody_changed_by_hand_are_not_given_out(library: Library, tmp_path: Path) -> None:
    path = library.lay_out("closed", tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER messages_are_append_only")
        connection.execute("UPDATE messages SET content = 'nobody said this' WHERE turn = 3 AND conversation = 1")

    async with _open(path) as engine:
        with pytest.raises(SessionCorrupted, match="message"):
            await engine.history("chat 0")
        assert await engine.history("chat 0", limit=1)  # one that is sound
        assert await engine.store.messages.search("nobody said this") == []
        assert await engine.history("chat 1")


async def test_turns_that_are_said_to_cause_themselves_are_damage_and_no_endless_search(
    library: Library, tmp_path: Path
) -> None:
    path = library.lay_out("closed", tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE turns SET caused_by = number WHERE request_id = 'r3'")

    async with _open(path) as engine:
        assert isinstance(engine.store, SqliteStore)
        await engine.store._database._reader.set_progress_handler(lambda: True, 1_000_000)  # ends what goes on for ever
        with pytest.raises(SessionCorrupted, match="line 4 of its journal"):
            await engine.outcome("chat 0", "r3")


async def test_a_reply_is_not_given_without_the_end_of_its_action_when_the_row_of_that_is_damaged(
    library: Library, tmp_path: Path
) -> None:
    """Both indexes lead to the row, and it says that it is another one."""
    path = library.lay_out("closed", tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        number, caused_by, event, hashed, created_at = connection.execute(
            "SELECT number, caused_by, event_json, flow_hash, created_at FROM turns WHERE session = 1 AND caused_by > 1"
        ).fetchone()
    contents = bytearray(path.read_bytes())
    row = contents.index(bytes([number]) + event.encode())
    cause = contents.index(hashed.encode() + bytes([caused_by]) + created_at.encode(), row) + len(hashed)
    contents[row], contents[cause] = 95, 48
    path.write_bytes(contents)

    async with _open(path) as engine:
        with pytest.raises(SessionCorrupted):
            await engine.outcome("chat 0", f"r{caused_by - 1}")


async def test_a_damaged_flow_source_stops_the_sessions_that_stand_in_it_and_no_others(tmp_path: Path) -> None:
    bot = Bot(tmp_path, ORDER)
    async with bot.open() as engine:
        await engine.start("old", "order")
    bot.write(ORDER.replace("version: 1", "version: 2").replace("note", "number"))
    bot.change("UPDATE flow_versions SET source = replace(source, 'Any wish', 'No wish')")

    async with bot.open() as engine:
        with pytest.raises(SessionCorrupted, match="flow 'order' version 1"):
            await engine.turn("old", "Soup")
        reply = await engine.start("new", "order")
    assert reply.text == "Which dish?"


async def test_a_schema_that_is_no_text_any_more_is_told_of(library: Library, tmp_path: Path) -> None:
    path = library.lay_out("closed", tmp_path)
    contents = path.read_bytes()
    path.write_bytes(contents.replace(b"CREATE TABLE users (", b"CREATE TABLE \xff\xfeers (", 1))

    with pytest.raises(StartUpError, match="is damaged"):
        async with _open(path):
            pass
