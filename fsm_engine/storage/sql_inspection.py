"""What `inspection` asks a database. Rows are read by rising key, a batch at a time: ?1 the last key, ?2 how many."""

# ruff: noqa: S608 - statements are put together from constants, and from nothing else
from __future__ import annotations

from typing import Final

from fsm_engine.storage import sql_rows as rows

FACTS: Final = {
    "conversations": "SELECT count(*) FROM conversations",
    "sessions": "SELECT count(*) FROM sessions",
    "turns": "SELECT count(*) FROM turns",
    "messages": "SELECT count(*) FROM messages",
}
OBJECTS = "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
SEARCH_PARTS = "SELECT number FROM search_parts"
HIGHEST = "SELECT coalesce(max({key}), 0) FROM {table}"

SESSIONS = f"""
SELECT s.key, (SELECT count(*) FROM turns WHERE session = s.key), (SELECT max(number) FROM turns WHERE session = s.key),
  {rows.SESSION}
FROM sessions AS s LEFT JOIN conversations AS c ON c.key = s.conversation WHERE s.key > ?1 ORDER BY s.key LIMIT ?2
"""
TURNS = f"""
SELECT t.rowid, {rows.TURN}
FROM turns AS t LEFT JOIN sessions AS s ON s.key = t.session LEFT JOIN conversations AS c ON c.key = s.conversation
WHERE t.rowid > ?1 ORDER BY t.rowid LIMIT ?2
"""
# Turns are counted through their sessions, which have an index; whether the first session is still there tells whether
# sessions were deleted by age.
CONVERSATIONS = """
SELECT c.key, c.id, c.version, c.message_count, c.last_message,
  (SELECT coalesce(sum((SELECT count(*) FROM turns WHERE session = s.key)), 0) FROM sessions AS s
   WHERE s.conversation = c.key),
  (SELECT min(s.created_at) FROM sessions AS s WHERE s.conversation = c.key) IS c.created_at,
  (SELECT count(*) FROM messages WHERE conversation = c.key),
  max(coalesce((SELECT max(number) FROM messages WHERE conversation = c.key), 0),
      coalesce((SELECT max(number) FROM messages_archive WHERE conversation = c.key), 0))
FROM conversations AS c WHERE c.key > ?1 ORDER BY c.key LIMIT ?2
"""
# A session's messages go together or the oldest first, so one that still has an earlier message should have later ones.
SILENT_TURNS = """
SELECT DISTINCT s.id
FROM conversations AS c
CROSS JOIN sessions AS s ON s.conversation = c.key
CROSS JOIN turns AS t ON t.session = s.key
WHERE c.key = ?1 AND t.event_json LIKE '%"kind":"text"%'
  AND t.number > (SELECT min(turn) FROM messages WHERE conversation = c.key AND session = s.key)
  AND t.number NOT IN (SELECT turn FROM messages WHERE conversation = c.key AND session = s.key AND turn IS NOT NULL)
  AND t.number NOT IN (
    SELECT turn FROM messages_archive WHERE conversation = c.key AND session = s.key AND turn IS NOT NULL)
"""
FLOW_HASHES = "SELECT hash FROM flow_versions"
UNFINISHED = """
SELECT a.status, s.id, a.created_at
FROM audit_log AS a LEFT JOIN sessions AS s ON s.key = a.session
WHERE a.status IN ('pending', 'unknown', 'stuck') ORDER BY a.id
"""
UNDELIVERED = """
SELECT d.status, d.kind, s.id, d.created_at
FROM deliveries AS d LEFT JOIN sessions AS s ON s.key = d.session WHERE d.status <> 'delivered' ORDER BY d.key
"""
