"""Statements of full-text search on SQLite, each once, by name. Parameters are numbered.

Those about one part of the index are functions of its number, as each part is a table.
"""

# ruff: noqa: S608 - statements are put together from constants of this package, and from numbers
from __future__ import annotations

from collections.abc import Sequence

from fsm_engine.storage import sql_rows as rows
from fsm_engine.storage.schema import schema_statements

CANDIDATES = 500
"""Of more matches than these, the newest are ranked: a search costs the same however many messages there are."""

KEY_OF_CONVERSATION = "SELECT key FROM conversations WHERE id = ?1 AND (?2 IS NULL OR user_id = ?2)"

# ----------------------------------------------------------------------------------------------------------------------
# The parts of the index

# Newest first; one row for 65,536 messages.
PARTS = """
SELECT number, first_id, last_id, filled_to, entries, is_stale FROM search_parts ORDER BY last_id DESC, number DESC
"""
# How far the index has come, and how far messages go, as ids.
LAG = "SELECT coalesce((SELECT max(last_id) FROM search_parts), 0), coalesce((SELECT max(id) FROM messages), 0)"
# Of at most ?3 messages from ?1 to ?2, and ?4 characters unless it is one: the last one's id, and how many they are.
# Sorts their ids.
NEXT_IDS = """
SELECT max(id), count(*)
FROM (
  SELECT id, sum(min(length(content), 10000)) OVER (ORDER BY id) AS length, row_number() OVER (ORDER BY id) AS place
  FROM (SELECT id, content FROM messages WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT ?3)
)
WHERE length <= ?4 OR place = 1
"""
NEXT_NUMBER = "SELECT seq + 1 FROM sqlite_sequence WHERE name = 'search_parts'"
ADD_PART = """
INSERT INTO search_parts (number, first_id, last_id, filled_to, entries, is_stale) VALUES (?1, ?2, ?2 - 1, ?2 - 1, 0, 0)
"""
DROP_PART = "DELETE FROM search_parts WHERE number = ?1"
# A part that no message is left of.
CLEAR_PART = """
UPDATE search_parts SET first_id = 1, last_id = 0
WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM messages WHERE id >= first_id AND id <= last_id)
"""

# The last part goes on to ?2 where it ended; not where ids above that were in it once, as those stand in it still.
_UPTO = "min(?2, coalesce((SELECT max(id) FROM messages), 0))"
_LAST = "number = ?1 AND filled_to = last_id AND last_id = (SELECT max(last_id) FROM search_parts)"
GROW = f"""
UPDATE search_parts
SET entries = entries + (SELECT count(*) FROM messages WHERE id > last_id AND id <= ?2), last_id = {_UPTO},
    filled_to = {_UPTO}
WHERE {_LAST} AND last_id < {_UPTO} RETURNING last_id
"""
# Part ?1 takes over what part ?3, which begins behind it, has up to ?2.
_MEET = """t.number = ?1 AND t.filled_to = t.last_id AND s.number = ?3
  AND s.first_id <= s.last_id AND s.first_id = t.last_id + 1"""
TAKE_OVER = f"""
UPDATE search_parts AS t
SET entries = t.entries + (SELECT count(*) FROM messages WHERE id >= s.first_id AND id <= min(?2, s.last_id)),
    last_id = min(?2, s.last_id), filled_to = min(?2, s.last_id)
FROM search_parts AS s WHERE {_MEET} RETURNING last_id
"""
# Where the statement before it changed something.
GIVE_AWAY = """
UPDATE search_parts SET first_id = iif(last_id <= ?2, 1, ?2 + 1), last_id = iif(last_id <= ?2, 0, last_id)
WHERE number = ?1 AND changes() > 0
"""


def new_part(number: int) -> list[str]:
    """Makes the table of a part, as the schema makes that of the first."""
    first = ("CREATE VIRTUAL TABLE messages_index_1 ", "INSERT INTO messages_index_1 ")
    made = [statement for statement in schema_statements() if statement.startswith(first)]
    return [statement.replace("messages_index_1", f"messages_index_{number}") for statement in made]


def index_more(number: int) -> str:
    """Indexes what `GROW` counts; before it, in the same transaction."""
    return f"""
INSERT INTO messages_index_{number} (rowid, content, thread, owner)
SELECT id, content, thread, owner FROM messages_to_index
WHERE id > (SELECT last_id FROM search_parts WHERE {_LAST}) AND id <= ?2
"""


def index_anew(number: int) -> str:
    """Indexes what `TAKE_OVER` counts; before it, in the same transaction."""
    return f"""
INSERT INTO messages_index_{number} (rowid, content, thread, owner)
SELECT id, content, thread, owner FROM messages_to_index
WHERE id >= (SELECT s.first_id FROM search_parts AS t CROSS JOIN search_parts AS s WHERE {_MEET})
  AND id <= min(?2, (SELECT last_id FROM search_parts WHERE number = ?3))
"""


def merge(number: int) -> str:
    """Puts a number of pages of a part together; it changed less than two rows when there was nothing to do."""
    return f"INSERT INTO messages_index_{number} (messages_index_{number}, rank) VALUES ('merge', ?1)"


def empty_table(number: int) -> str:
    """Takes a number of pages out of a part that holds nothing any more: dropping it whole would take long.

    Rows up to 10 say how the others hang together and hold no words; without them FTS5 does not open the table, not
    even to drop it.
    """
    pages = f"messages_index_{number}_data"
    return f"DELETE FROM {pages} WHERE id IN (SELECT id FROM {pages} WHERE id > 10 LIMIT ?1) RETURNING 1"


def drop_table(number: int) -> str:
    return f"DROP TABLE messages_index_{number}"


CHANGES = "SELECT total_changes()"

# ----------------------------------------------------------------------------------------------------------------------
# Searching


def candidates(numbers: Sequence[int]) -> str:
    """The newest messages that match ?1, in these parts, of the owner ?2: id, hits, snippet and length."""
    parts = " UNION ALL ".join(f"SELECT * FROM ({_candidates_in(number)})" for number in numbers)
    return f"SELECT * FROM ({parts}) LIMIT {CANDIDATES}"


def _candidates_in(number: int) -> str:
    part = f"messages_index_{number}"
    return f"""
SELECT rowid, length(highlight({part}, 0, char(1), '')) - length(highlight({part}, 0, '', '')),
       snippet({part}, 0, ?3, ?4, '…', 24), length(content)
FROM {part}
WHERE {part} MATCH ?1
  AND rowid >= (SELECT first_id FROM search_parts WHERE number = {number})
  AND rowid <= (SELECT last_id FROM search_parts WHERE number = {number})
  AND EXISTS (
    SELECT 1 FROM messages AS m CROSS JOIN conversations AS c ON c.key = m.conversation
    WHERE m.id = {part}.rowid AND (?2 IS NULL OR c.user_id = ?2)
  )
ORDER BY rowid DESC LIMIT {CANDIDATES}"""


# ?1 is a JSON array of ids.
FOUND = f"""
SELECT q.key, {rows.MESSAGE}
FROM json_each(?1) AS q
CROSS JOIN messages AS m ON m.id = q.value
CROSS JOIN conversations AS c ON c.key = m.conversation
LEFT JOIN sessions AS s ON s.key = m.session LEFT JOIN turns AS t ON t.session = m.session AND t.number = m.turn
WHERE ?2 IS NULL OR c.user_id = ?2
"""
