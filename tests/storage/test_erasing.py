# ruff: noqa: ASYNC240 - tests run one at a time, so blocking the loop blocks nobody
"""Erased means erased: from every table, from the file and from its log. proves: M6, M7"""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from fsm_engine.errors import DatabaseUnavailable, InvalidArgument
from fsm_engine.storage import Store, erasing, open_store, sql_erasing
from fsm_engine.storage.erasing import Subject
from fsm_engine.storage.schema import schema_script
from fsm_engine.storage.sqlite import SqliteStore
from fsm_engine.storage.traces import PIECE, SHORTEST, Trace, found_in_files, needles_of, traces_left
from fsm_engine.storage.turn_rows import AnswerRow, AuditRow, ClassificationRow, DetectionRow, MessageRow
from tests.turns import at, turn

SECRET = "my brother Bartholomew hid the aquamarine ring"
DIFFERENT = "something quite different"
UNUSUAL = 'straße "Zürich"\nund 𝔣𝔯𝔞𝔨𝔱𝔲𝔯\\\t日本語のテキスト'
LONG = "".join(f"passage {number} of a letter that fills many pages; " for number in range(400))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    opened = await open_store(f"sqlite:///{path}")
    yield opened
    await opened.close()


def telling_turn(number: int, chat: str, *, user: str | None, text: str = SECRET) -> dict[str, object]:
    """Rows in every table that a turn writes, each with something of the chat's own and most with a gem."""
    gem = "moonstone" if text == DIFFERENT else "aquamarine"
    said = f"{text} {chat} {number}"
    return {
        "user_id": user,
        "title": f"title {text}"[:200],
        "state_json": f'{{"slots":{{"s":"state {chat} holds the {gem}"}},"turn":{number}}}',
        "event_json": f'{{"text":"event of {chat} {number}: {gem}"}}',
        "reply_json": f'{{"messages":["reply to {chat} {number}: {gem}"]}}',
        "messages": (
            MessageRow("user", said, f'{{"source":"from {chat}"}}'),
            MessageRow("assistant", f"You say {said}", "{}"),
        ),
        "answers": (AnswerRow("f", "s", "s", f'"answer of {chat}: {gem}"', f"raw of {chat}: {gem}", 1),),
        "detections": (DetectionRow("low", "mood", f"phrase of {chat}", "words", "1", f"risk of {chat}", False),),
        "classification": ClassificationRow(f"intent of {chat}: {gem}", "f", 1.0, "ml", None),
        "audit": (
            AuditRow(
                f"session of {chat}:{number}:act", "f", "act", "success", f'{{"s":"input of {chat}"}}', f'"from {chat}"'
            ),
        ),
    }


async def tell(store: Store, chat: str, *, user: str | None, turns: int = 3, text: str = SECRET) -> None:
    for number in range(1, turns + 1):
        await store.commit(turn(number, chat, **telling_turn(number, chat, user=user, text=text)))


def rows_beside_turns(path: Path, chat: str, user: str | None) -> None:
    """Rows of the tables that a turn does not write."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(f"""
            PRAGMA foreign_keys = ON;
            INSERT INTO timers SELECT key, 'timer of {chat}', 'f', 's', 'now', 'pending', 'now', NULL
              FROM sessions WHERE id = 'session of {chat}';
            INSERT INTO deliveries SELECT NULL, 'delivery of {chat}', key, 1, 'messages', NULL,
              '[{{"text":"pushed of {chat}"}}]', 'delivered', 1, 'now', NULL, 'now', 'now'
              FROM sessions WHERE id = 'session of {chat}';
            INSERT INTO session_summaries (session, summary_type, summary_data, generated_at)
              SELECT key, 'partial', '{{"p":"summary of {chat}"}}', 'now' FROM sessions WHERE id = 'session of {chat}';
            INSERT INTO idempotency_cache
              SELECT 'hash of {chat}', {f"'{user}'" if user else "NULL"}, '"cached of {chat}"', 'now', 'then',
                'session of {chat}:1:act', key FROM conversations WHERE id = '{chat}';
            INSERT INTO transactions (idempotency_key, audit_log_id, status, rollback_data, created_at, updated_at)
              SELECT 'transaction of {chat}', id, 'completed', '{{"undo":"rollback of {chat}"}}', 'now', 'now'
              FROM audit_log WHERE idempotency_key = 'session of {chat}:1:act';
            INSERT INTO messages_archive SELECT id, conversation, number, session, turn, user_id, role,
              'archived of {chat}', metadata, request_id, created_at, 'now' FROM messages
              WHERE conversation = (SELECT key FROM conversations WHERE id = '{chat}') AND number = 1;
        """)


def personal(path: Path, *words: str) -> list[str]:
    """Tables in which any of these words stands."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return [
            table
            for table in tables
            if any(word in repr(row) for row in connection.execute(f"SELECT * FROM {table}") for word in words)
        ]


SUBJECTS = {"a user": (Subject("ahmed"), "ahmed"), "an anonymous conversation": (Subject(None, "chat"), None)}


@pytest.mark.parametrize("whose", SUBJECTS)
async def test_nothing_of_it_is_left_in_any_table_nor_in_any_byte(store: Store, path: Path, whose: str) -> None:
    subject, user = SUBJECTS[whose]
    await tell(store, "chat", user=user)
    await tell(store, "other", user="sara", text=DIFFERENT)
    rows_beside_turns(path, "chat", user)
    texts = await store.erasing.texts(subject)
    told = personal(path, "chat")
    before = await store.erasing.counts(subject)

    erased = await store.erasing.erase(subject, now=at(9), record="record")
    assert set(told) | {"users"} >= set(sql_erasing.WHOSE) - ({"users"} if user is None else set())
    assert personal(path, "chat", "ahmed", "aquamarine", "Bartholomew") == []
    for file in path.parent.iterdir():
        for word in (b"aquamarine", b"Bartholomew", b"of chat", b"ahmed"):
            assert word not in file.read_bytes(), (file, word)
    await store.close()
    assert {"raw of chat: aquamarine", "cached of chat", "rollback of chat", "timer of chat", "pushed of chat"} <= texts
    assert traces_left(str(path), texts) == []
    assert erased == before
    assert erased.conversations == ("chat",)
    assert all(erased.deleted[table] for table in set(sql_erasing.WHOSE) - {"users", *sql_erasing.KEPT})
    assert erased.stripped == {"audit_log": 3, "transactions": 1}


AGES = {"now": "2028", "sessions_before": "2027", "messages_before": "2027"}


async def purged_of(store: Store, chats: int) -> set[str]:
    """Every text of old conversations that a purge is to remove; the audit is kept, and says other things."""
    texts: set[str] = set()
    for number in range(chats):
        chat = f"chat {number * 7919 % 1000:03}"  # in no order: that splits pages
        await tell(store, chat, user=None, turns=2)
        texts |= {text for text in await store.erasing.texts(Subject(None, chat)) if "aquamarine" in text.lower()}
    await store.messages.search("aquamarine")
    return texts


async def test_a_purge_leaves_nothing_in_the_file_or_the_log_while_others_have_it_open(
    store: Store, path: Path
) -> None:
    texts = await purged_of(store, 60)
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT count(*) FROM messages").fetchone()
        purged = await store.retention.purge(**AGES, compact=True)  # type: ignore[arg-type]
        assert Path(f"{path}-wal").stat().st_size == 0

    await store.close()
    assert (purged.sessions, purged.messages, purged.log_in_use) == (60, 240, False)
    assert len(texts) > 300
    assert traces_left(str(path), texts) == []
    assert b"quamarin" not in path.read_bytes().lower()


async def test_a_purge_tells_that_a_reader_keeps_the_log_and_the_next_one_empties_it(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "TRIES", 2)
    await purged_of(store, 3)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM messages").fetchall()
        first = await store.retention.purge(**AGES)  # type: ignore[arg-type]
    assert b"aquamarine" in Path(f"{path}-wal").read_bytes()
    second = await store.retention.purge(**AGES)  # type: ignore[arg-type]

    assert (first.sessions, first.log_in_use, second.sessions, second.log_in_use) == (3, True, 0, False)
    assert Path(f"{path}-wal").stat().st_size == 0


async def test_words_that_a_killed_purge_has_left_in_the_index_go_with_the_next(store: Store, path: Path) -> None:
    await tell(store, "chat", user="ahmed")
    await store.messages.search("aquamarine")
    assert isinstance(store, SqliteStore)
    await store._database.change(("DELETE FROM messages", ()))  # and then it was killed
    assert b"quamarin" in index_of(path)
    await store.retention.purge(now="2020", sessions_before="2019", messages_before="2019")

    assert b"quamarin" not in index_of(path)


def index_of(path: Path) -> bytes:
    """What the pages of the search index say."""
    with closing(sqlite3.connect(path)) as connection:
        numbers = connection.execute("SELECT number FROM search_parts").fetchall()
        return b"".join(
            block
            for (number,) in numbers
            for (block,) in connection.execute(f"SELECT block FROM messages_index_{number}_data")
        )


async def test_others_keep_everything(store: Store, path: Path) -> None:
    await tell(store, "other", user="sara")
    await tell(store, "nobody's", user=None)
    rows_beside_turns(path, "other", "sara")

    def kept() -> dict[str, list[tuple[object, ...]]]:
        with closing(sqlite3.connect(path)) as connection:
            return {
                table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
                for table in sql_erasing.WHOSE
            }

    before = kept()
    await tell(store, "chat", user="ahmed")
    await store.erasing.erase(Subject("ahmed"), now=at(9), record="record")

    after = kept()
    after["audit_log"] = [row for row in after["audit_log"] if not str(row[1]).startswith("erase")]
    assert after == before


async def test_what_was_done_stays_on_record_under_a_name_that_only_the_old_key_leads_to(store: Store) -> None:
    await tell(store, "chat", user="ahmed", turns=1)
    await store.erasing.erase(Subject("ahmed"), now=at(9), record="record")

    action, record = await store.audit.with_status("success")
    assert isinstance(store, SqliteStore)
    assert action.key == f"erased:{store._seal.pseudonym('session of chat:1:act')}"
    assert (action.action, action.intent, action.created_at) == ("act", "f", at(1))
    assert (action.user_id, action.session_id, action.input_json, action.output_json) == (None, None, "{}", None)
    assert (record.key, record.action, record.created_at) == ("erase:record", "erase", at(9))


async def test_a_second_time_finds_nothing_and_is_no_error(store: Store) -> None:
    await tell(store, "chat", user="ahmed")
    await store.erasing.erase(Subject("ahmed"), now=at(9), record="one")
    again = await store.erasing.erase(Subject("ahmed"), now=at(10), record="two")

    assert set(again.deleted.values()) | set(again.stripped.values()) == {0}
    assert again.conversations == ()


async def test_long_and_unusual_texts_leave_nothing_either(store: Store, path: Path) -> None:
    await tell(store, "chat", user="ahmed", text=LONG)
    await tell(store, "letters", user="ahmed", text=UNUSUAL)
    texts = await store.erasing.texts(Subject("ahmed"))
    assert any(UNUSUAL in text for text in texts)
    before = found_in_files(str(path), needles_of(texts))
    assert len(before) > 400
    await store.erasing.erase(Subject("ahmed"), now=at(9), record="record")
    await store.close()

    assert traces_left(str(path), texts) == []


async def test_a_deletion_that_is_not_an_erasure_would_be_noticed(store: Store, path: Path) -> None:
    await tell(store, "chat", user="ahmed", turns=20)
    texts = await store.erasing.texts(Subject("ahmed"))
    await store.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript("PRAGMA secure_delete = OFF; PRAGMA foreign_keys = ON; DELETE FROM users")

    traces = traces_left(str(path), texts)
    assert len(traces) > 10
    assert {trace.file for trace in traces} == {"bot.db"}
    assert all(isinstance(trace, Trace) and 0 < trace.offset < path.stat().st_size for trace in traces)


async def test_copies_that_split_pages_have_left_go_when_the_file_is_written_anew(store: Store, path: Path) -> None:
    users = [f"telegram:{number * 7919 % 1000:03}" for number in range(100)]  # in no order: that splits pages
    for number in range(1, 6):
        for user in users:
            rows = telling_turn(number, f"chat of {user}", user=user)
            answers = ",".join(f'"answer {count} of {user}"' for count in range(number * 9))
            await store.commit(turn(number, f"chat of {user}", **{**rows, "state_json": f"[{answers}]"}))
    texts: set[str] = set()
    for user in users[:50]:
        texts |= await store.erasing.texts(Subject(user))
        await store.erasing.erase(Subject(user), now=at(9), record=f"of {user}", compact=False)
    aside = path.parent / "aside"
    aside.mkdir()
    shutil.copyfile(path, aside / "bot.db")
    assert traces_left(str(aside / "bot.db"), texts) != [], "there are no copies: the test proves nothing"

    await store.erasing.erase(Subject(users[0]), now=at(9), record="the last")
    await store.close()
    assert traces_left(str(path), texts) == []


async def test_a_log_that_was_not_emptied_would_be_noticed(store: Store, path: Path) -> None:
    await tell(store, "chat", user="ahmed")
    texts = await store.erasing.texts(Subject("ahmed"))
    assert isinstance(store, SqliteStore)
    await store._database.change((sql_erasing.DELETE_USER, ("ahmed",)))
    aside = path.parent / "aside"
    aside.mkdir()
    for ending in ("", "-wal"):  # as a process leaves them that dies now
        shutil.copyfile(f"{path}{ending}", f"{aside}/bot.db{ending}")

    assert {trace.file for trace in traces_left(f"{aside}/bot.db", texts)} == {"bot.db-wal"}


async def test_texts_that_others_say_as_well_are_no_traces(store: Store, path: Path) -> None:
    await tell(store, "chat", user="ahmed")
    await tell(store, "other", user="sara")
    texts = await store.erasing.texts(Subject("ahmed"))
    await store.erasing.erase(Subject("ahmed"), now=at(9), record="record")
    await store.close()

    assert found_in_files(str(path), needles_of({SECRET})) != {}
    assert traces_left(str(path), texts) == []


async def test_a_reader_of_the_log_is_waited_for(store: Store, path: Path) -> None:
    await tell(store, "chat", user="ahmed")
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM messages").fetchall()
        call = asyncio.create_task(store.erasing.erase(Subject("ahmed"), now=at(9), record="record"))
        done, _ = await asyncio.wait([call], timeout=0.2)
        assert not done
        await store.commit(turn(1, "meanwhile"))  # nobody else waits
        other.execute("COMMIT")
        await call

    assert Path(f"{path}-wal").stat().st_size == 0


async def test_a_reader_that_stays_is_told_of_and_the_next_call_finishes(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "TRIES", 3)
    await tell(store, "chat", user="ahmed")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM messages").fetchall()
        with pytest.raises(DatabaseUnavailable, match="then erase again") as raised:
            await store.erasing.erase(Subject("ahmed"), now=at(9), record="one")
        assert raised.value.code == erasing.LOG_IN_USE
    await store.erasing.erase(Subject("ahmed"), now=at(9), record="two")

    assert Path(f"{path}-wal").stat().st_size == 0
    assert b"aquamarine" not in path.read_bytes()


async def test_a_full_text_index_forgets_as_well(store: Store, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript("""
            CREATE VIRTUAL TABLE "words ""of"" all" USING fts5 (content);
            CREATE TRIGGER words_come AFTER INSERT ON messages BEGIN
              INSERT INTO "words ""of"" all" (rowid, content) VALUES (NEW.id, NEW.content);
            END;
            CREATE TRIGGER words_go AFTER DELETE ON messages BEGIN
              DELETE FROM "words ""of"" all" WHERE rowid = OLD.id;
            END;
        """)
    await tell(store, "chat", user="ahmed")
    await tell(store, "other", user="sara", text=DIFFERENT)
    await store.erasing.erase(Subject("ahmed"), now=at(9), record="record")

    for file in path.parent.iterdir():
        for word in (b"aquamarine", b"bartholomew", b"quamarin", b"artholome"):
            assert word not in file.read_bytes().lower(), (file, word)


async def test_erasing_while_others_talk_disturbs_nobody(store: Store, path: Path) -> None:
    for chat in range(5):
        await tell(store, f"chat {chat}", user="ahmed")
    texts = await store.erasing.texts(Subject("ahmed"))

    async def talk(chat: str) -> None:
        for number in range(1, 31):
            await store.commit(turn(number, chat, user_id="sara"))

    talks = [asyncio.create_task(talk(f"other {number}")) for number in range(8)]
    await asyncio.wait(talks, return_when=asyncio.FIRST_COMPLETED, timeout=0.05)
    await store.erasing.erase(Subject("ahmed"), now=at(9), record="record")
    await asyncio.gather(*talks)
    conversations = await store.conversations.of_user("sara")
    await store.close()

    assert [one.version for one in conversations] == [30] * 8
    assert traces_left(str(path), texts) == []


@pytest.mark.parametrize("wrong", [{}, {"user_id": "a", "conversation_id": "b"}, {"user_id": "a\0"}])
def test_a_subject_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument):
        Subject(**wrong)


def test_every_table_is_known_to_be_personal_or_not() -> None:
    tables = set(re.findall(r"^CREATE TABLE (\w+)", schema_script(), re.MULTILINE))

    assert tables == set(sql_erasing.WHOSE) | set(sql_erasing.NOT_PERSONAL)


def test_needles_are_pieces_of_every_form_and_none_is_too_short() -> None:
    needles = needles_of({"yes", "Zürich", 'say "no" now', "x" * 50 + "y" * 50})

    assert b"yes" not in needles
    assert {"Zürich".encode(), b"Z\\u00fcrich", b'say "no" now', b'say \\"no\\" now'} <= needles
    assert {b"x" * PIECE, b"y" * PIECE} <= needles
    assert {len(needle) for needle in needles} <= set(range(SHORTEST, PIECE + 1))


def test_needles_that_begin_alike_or_lie_on_a_border_are_all_found(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    block = 4 * 1024 * 1024
    file.write_bytes(b"\0" * 10 + b"needle in" + b"\0" * (block - 22) + b"over the border" + b"\0" * 50 + b"needles")
    needles = {b"needle", b"needle in", b"needles", b"over the border", b"the border", b"missing"}

    found = {needle: trace.offset for needle, trace in found_in_files(str(file), needles).items()}
    assert found == {needle: file.read_bytes().find(needle) for needle in needles - {b"missing"}}
