"""Statements of full-text search on SQLite, each once, by name. Parameters are numbered."""

# ruff: noqa: S608 - statements are put together from constants of this package, and from nothing else
from __future__ import annotations

from fsm_engine.storage import sql_rows as rows

CANDIDATES = 500
"""Of more matches than these, the newest are ranked: a search costs the same however many messages there are."""

KEY_OF_CONVERSATION = "SELECT key FROM conversations WHERE id = ?1 AND (?2 IS NULL OR user_id = ?2)"

# How far the index lags behind, as two message ids.
LAG = "SELECT indexed_to, (SELECT max(id) FROM messages) FROM messages_indexed"

# Both in one transaction: what was indexed in the meantime is not indexed twice.
CATCH_UP = """
INSERT INTO messages_index (rowid, content, thread, owner)
SELECT id, content, thread, owner FROM messages_to_index
WHERE id > (SELECT indexed_to FROM messages_indexed) AND id <= ?1
"""
CAUGHT_UP = """
UPDATE messages_indexed
SET indexed_to = max(indexed_to, min(?1, coalesce((SELECT max(id) FROM messages), 0))) RETURNING indexed_to
"""

# Puts parts of the index together, a number of pages at a time; a negative number begins to put all of them together,
# and positive ones go on. It changed less than two rows when there was nothing to do.
MERGE = "INSERT INTO messages_index (messages_index, rank) VALUES ('merge', ?1)"
CHANGES = "SELECT total_changes()"

# A word counts for more the oftener it occurs and the shorter the message is, as in BM25 (k1 = 1.2, b = 0.75), with 200
# characters as the usual length. Unlike BM25 nothing depends on other users' messages. Sorts the candidates only.
SEARCH = f"""
WITH found (id, hits, snippet) AS MATERIALIZED (
  SELECT rowid, length(highlight(messages_index, 0, char(1), '')) - length(highlight(messages_index, 0, '', '')),
         snippet(messages_index, 0, ?4, ?5, '…', 24)
  FROM messages_index WHERE messages_index MATCH ?1 ORDER BY rowid DESC LIMIT {CANDIDATES}
)
SELECT {rows.MESSAGE},
  f.snippet, round(f.hits * 2.2 / (f.hits + 1.2 * (0.25 + 0.75 * length(m.content) / 200.0)), 4) AS score
FROM found AS f
CROSS JOIN messages AS m ON m.id = f.id
CROSS JOIN conversations AS c ON c.key = m.conversation
LEFT JOIN sessions AS s ON s.key = m.session LEFT JOIN turns AS t ON t.session = m.session AND t.number = m.turn
WHERE (?2 IS NULL OR c.user_id = ?2)
ORDER BY score DESC, m.id DESC LIMIT ?3
"""
