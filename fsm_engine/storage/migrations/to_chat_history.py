"""Revision 2, downwards: the old rows again, and a row for each message that came since."""

# ruff: noqa: S608 - statements hold names of tables and columns, quoted, and nothing else that is not written here
from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field

from fsm_engine.storage.migrations import chat_history
from fsm_engine.storage.migrations.old_rows import OddText, Value, row_of, title_of
from fsm_engine.storage.migrations.old_times import written_like
from fsm_engine.storage.migrations.work import Work
from fsm_engine.storage.schema import schema_statements
from fsm_engine.storage.sql_inspection import SEARCH_PARTS
from fsm_engine.storage.sql_search import drop_table

# A message that was an old row belongs to no turn; what a bot writes into a message's metadata cannot make it one.
_MESSAGES = """
SELECT id, conversation, role, content, metadata, created_at, turn FROM messages
UNION ALL
SELECT id, conversation, role, content, metadata, created_at, turn FROM messages_archive
"""
_OLD = f"""
SELECT m.metadata, m.content, c.key, c.id
FROM ({_MESSAGES}) AS m CROSS JOIN conversations AS c ON c.key = m.conversation
WHERE m.turn IS NULL ORDER BY m.id
"""
_ALL = f"""
SELECT m.metadata, m.content, c.key, c.id, m.role, m.created_at, m.turn IS NULL
FROM ({_MESSAGES}) AS m CROSS JOIN conversations AS c ON c.key = m.conversation ORDER BY m.id
"""
_COUNT = "SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM messages_archive)"
_BARE = """
SELECT count(*) FROM conversations AS c
WHERE c.user_id IS NOT NULL OR c.status <> 'active' OR c.archived_at IS NOT NULL
  OR c.key NOT IN (SELECT conversation FROM messages UNION ALL SELECT conversation FROM messages_archive)
"""
_TITLES = f"""
SELECT count(*) FROM conversations AS c
WHERE c.title IS NOT NULL AND c.title IS NOT (
  SELECT title_of(content) FROM ({_MESSAGES})
  WHERE conversation = c.key AND role = 'user' AND title_of(content) IS NOT NULL ORDER BY id LIMIT 1
)
"""
_TABLES = """
SELECT name, type FROM pragma_table_list
WHERE schema = 'main' AND type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
"""
_HELD = {"messages", "conversations"}
_OURS = {"search_parts"}  # what the search index is made of
_KINDS = ("view", "table")


@dataclass(slots=True)
class _Way:
    """What rows of new messages are made like. ``rowid``: the name of the table's row numbers, None without."""

    rowid: str | None
    next_id: int = 1
    last_ts: Value = None
    session_ids: dict[int, Value] = field(default_factory=dict)
    added: int = 0
    refused: int = 0
    changed_roles: int = 0


def downgrade(database: sqlite3.Connection, work: Work) -> None:
    """Makes the old table as it was, fills it, and takes the new schema away."""
    form = chat_history.kept_form(database)
    if database.execute("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'chat_history')").fetchone()[0]:
        raise work.refuse("has a 'chat_history' already. Rename it, then try again.")
    database.execute(str(next(value for kind, _, value in form if kind == "table")))
    _note_losses(database, work)
    _fill(database, work)
    _drop_search_parts(database)
    for kind in _KINDS:
        for name in _made_by_the_schema(kind):
            database.execute(f"DROP {'VIEW' if kind == 'view' else 'TABLE'} {chat_history.quoted(name)}")
    chat_history.restore_form(database, form)


def _made_by_the_schema(*kinds: str) -> list[str]:
    """The tables and views of ``schema_v2.sql``, without the search index."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
        for statement in schema_statements():
            empty.execute(statement)
        return [name for name, kind in empty.execute(_TABLES) if kind in kinds]


def _drop_search_parts(database: sqlite3.Connection) -> None:
    """The schema comes with the first one; the others are made as they are needed, and the first may be gone."""
    for (number,) in database.execute(SEARCH_PARTS).fetchall():
        database.execute(drop_table(number))


def _note_losses(database: sqlite3.Connection, work: Work) -> None:
    for table in sorted(_made_by_the_schema("table")):
        if table not in _HELD | _OURS:
            (count,) = database.execute(f"SELECT count(*) FROM {chat_history.quoted(table)}").fetchone()
            work.lose("marks of archived messages" if table == "messages_archive" else f"rows of {table}", count)
    (bare,) = database.execute(_BARE).fetchone()
    work.lose("conversations with an owner, with another status than active, or without messages", bare)
    database.create_function("title_of", 1, title_of, deterministic=True)
    (titles,) = database.execute(_TITLES).fetchone()
    work.lose("titles of conversations", titles)


def _fill(database: sqlite3.Connection, work: Work) -> None:
    (total,) = database.execute(_COUNT).fetchone()
    way = _Way(chat_history.describe(database, work).rowid)
    for metadata, content, key, conversation_id, *_ in database.execute(_OLD):
        kept = row_of(metadata, content, conversation_id)
        if kept is not None:
            _give_back(database, *kept, key, way)
            work.moved_one(total)
    for metadata, content, key, conversation_id, role, created_at, may_be_old in database.execute(_ALL):
        if not may_be_old or row_of(metadata, content, conversation_id) is None:
            _write_new(database, way, (way.session_ids.get(key, conversation_id), role, content, created_at))
            work.moved_one(total)
    work.lose("messages that the old table refuses", way.refused)
    work.lose("roles of messages of the system, which become the bot's", way.changed_roles)
    work.lose("request ids and metadata of messages", way.added)


def _give_back(
    database: sqlite3.Connection, row: dict[str, Value], rowid: int | None, conversation: int, way: _Way
) -> None:
    way.last_ts = row["ts"]
    way.session_ids.setdefault(conversation, row["session_id"])
    if isinstance(row["id"], int):
        way.next_id = max(way.next_id, row["id"] + 1)
    _insert(database, {way.rowid: rowid, **row} if way.rowid and rowid is not None else row)


def _write_new(database: sqlite3.Connection, way: _Way, message: tuple[Value, str, str, str]) -> None:
    session_id, role, content, created_at = message
    row: dict[str, Value] = {
        "id": way.next_id,
        "session_id": session_id,
        "role": "user" if role == "user" else "bot",
        "message": content,
        "ts": written_like(created_at, way.last_ts),
    }
    try:
        _insert(database, row)
    except sqlite3.IntegrityError:
        way.refused += 1
        return
    way.next_id += 1
    way.added += 1
    way.changed_roles += role == "system"


def _insert(database: sqlite3.Connection, row: dict[str, Value]) -> None:
    names = ", ".join(map(chat_history.quoted, row))
    database.execute(
        f"INSERT INTO chat_history ({names}) VALUES ({', '.join(map(_place_of, row.values()))})",
        list(_bound(row.values())),
    )


def _place_of(value: Value) -> str:
    return "CAST(? AS TEXT)" if isinstance(value, OddText) else "?"


def _bound(values: Iterable[Value]) -> Iterable[int | float | str | bytes | None]:
    return (value.raw if isinstance(value, OddText) else value for value in values)
