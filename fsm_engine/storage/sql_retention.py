"""Statements that archive and remove what is old, each once, by name.

All go through a range of keys, above ?1 and up to ?2, and change at most ?5 rows of it, so that no transaction is long.
?3 is now; ?4 the time before which things are old. A count takes the first four and tells what the changes would find.
Those of sessions take one more: the time since which detections that nobody reviewed hold their session back.
"""

# ruff: noqa: S608 - statements are put together from constants of this module, and from nothing else
from __future__ import annotations

LAST_CONVERSATION = "SELECT coalesce(max(key), 0) FROM conversations"
LAST_MESSAGE = "SELECT coalesce(max(id), 0) FROM messages"
LAST_ARCHIVED = "SELECT coalesce(max(id), 0) FROM messages_archive"
LAST_EVENT = "SELECT coalesce(max(id), 0) FROM analytics"

# ----------------------------------------------------------------------------------------------------------------------
# Archiving

_IDLE = """key > ?1 AND key <= ?2 AND status = 'active' AND ?3 >= ?4
  AND coalesce(last_message_at, updated_at) < ?4"""
COUNT_IDLE = f"SELECT count(*) FROM conversations WHERE {_IDLE}"
ARCHIVE_IDLE = f"""
UPDATE conversations SET status = 'archived', archived_at = ?3, updated_at = ?3
WHERE key IN (SELECT key FROM conversations WHERE {_IDLE} LIMIT ?5) RETURNING key
"""

_TO_MOVE = """conversations AS c CROSS JOIN messages AS m ON m.conversation = c.key
WHERE c.key > ?1 AND c.key <= ?2 AND c.status = 'archived' AND ?3 >= ?4 AND m.created_at < ?4"""
COUNT_TO_MOVE = f"SELECT count(*) FROM {_TO_MOVE}"
# Both in one transaction, and both find the same rows: they go by conversation and number.
MOVE_COPY = f"""
INSERT INTO messages_archive (conversation, number, session, turn, user_id, role, content, metadata, request_id,
                              created_at, archived_at)
SELECT m.conversation, m.number, m.session, m.turn, m.user_id, m.role, m.content, m.metadata, m.request_id,
       m.created_at, ?3
FROM {_TO_MOVE} ORDER BY c.key, m.number LIMIT ?5
"""
MOVE_DELETE = f"""
DELETE FROM messages WHERE id IN (SELECT m.id FROM {_TO_MOVE} ORDER BY c.key, m.number LIMIT ?5) RETURNING id
"""

# ----------------------------------------------------------------------------------------------------------------------
# Old sessions, the parts first, as one session may have many

# What nobody has reviewed holds its session back for a time; low ones, which are mentions, do not.
_OLD = """s.key > ?1 AND s.key <= ?2 AND s.last_activity < ?4
  AND (s.status <> 'active' OR s.expires_at <= ?3)
  AND NOT EXISTS (SELECT 1 FROM timers WHERE session = s.key AND status = 'pending')"""
_TO_REVIEW = "session = s.key AND reviewed_at IS NULL AND severity <> 'low' AND detected_at >= {hold}"
_NOT_HELD = f"{_OLD} AND NOT EXISTS (SELECT 1 FROM risk_detections WHERE {_TO_REVIEW})"
_OLD_COUNTED = _NOT_HELD.format(hold="?5")
_OLD_SESSION = _NOT_HELD.format(hold="?6")
COUNT_HELD = f"""
SELECT count(*) FROM sessions AS s
WHERE {_OLD} AND EXISTS (SELECT 1 FROM risk_detections WHERE {_TO_REVIEW.format(hold="?5")})
"""
COUNT_OLD_SESSIONS = f"SELECT count(*) FROM sessions AS s WHERE {_OLD_COUNTED}"
COUNT_UNREVIEWED = f"""
SELECT count(*) FROM sessions AS s CROSS JOIN risk_detections AS r ON r.session = s.key
WHERE {_OLD_COUNTED} AND r.reviewed_at IS NULL
"""
COUNT_UNDELIVERED = f"""
SELECT count(*) FROM sessions AS s CROSS JOIN deliveries AS d ON d.session = s.key
WHERE {_OLD_COUNTED} AND d.status = 'pending'
"""
DELETE_OLD_TURNS = f"""
DELETE FROM turns WHERE rowid IN (
  SELECT t.rowid FROM sessions AS s CROSS JOIN turns AS t ON t.session = s.key WHERE {_OLD_SESSION} LIMIT ?5
) RETURNING number
"""
DELETE_OLD_CLASSIFICATIONS = f"""
DELETE FROM intent_classifications WHERE rowid IN (
  SELECT i.rowid FROM sessions AS s CROSS JOIN intent_classifications AS i ON i.session = s.key
  WHERE {_OLD_SESSION} LIMIT ?5
) RETURNING turn
"""

_WEEK_OF = "strftime('%Y-%m-%dT00:00:00.000000Z', {}, 'weekday 0', '-6 days')"
_OLD_ANSWERS = f"""FROM sessions AS s CROSS JOIN user_responses AS u ON u.session = s.key
  WHERE {_OLD_SESSION} ORDER BY s.key, u.flow, u.step LIMIT ?5"""
# What is counted is what the next statement deletes, in the same transaction. Sorts at most ?5 rows.
COUNT_ANSWERS_IN = f"""
INSERT INTO analytics (event_type, event_data, session_count, timestamp)
SELECT 'step_answered', json_object('flow', flow, 'step', step, 'attempts', attempt_count), count(*), week
FROM (
  SELECT u.flow, u.step, u.attempt_count, {_WEEK_OF.format("s.created_at")} AS week {_OLD_ANSWERS}
) GROUP BY flow, step, attempt_count, week
"""
DELETE_OLD_ANSWERS = f"""
DELETE FROM user_responses WHERE (session, flow, step) IN (SELECT u.session, u.flow, u.step {_OLD_ANSWERS})
RETURNING step
"""
_OLD_ROWS = f"FROM sessions AS s WHERE {_OLD_SESSION} ORDER BY s.key LIMIT ?5"
# The same for where sessions ended. Sorts at most ?5 rows.
COUNT_SESSIONS_IN = f"""
INSERT INTO analytics (event_type, event_data, session_count, timestamp)
SELECT 'session_ended', json_object('flow', flow, 'step', step, 'status', status), count(*), week
FROM (
  SELECT s.current_flow AS flow, s.fsm_state AS step, iif(s.status = 'active', 'expired', s.status) AS status,
         {_WEEK_OF.format("s.created_at")} AS week {_OLD_ROWS}
) GROUP BY flow, step, status, week
"""
DELETE_OLD_SESSIONS = f"DELETE FROM sessions WHERE key IN (SELECT s.key {_OLD_ROWS}) RETURNING key"

# ----------------------------------------------------------------------------------------------------------------------
# Old messages

_OLD_MESSAGE = "id > ?1 AND id <= ?2 AND ?3 >= ?4 AND created_at < ?4"
COUNT_OLD_MESSAGES = f"SELECT count(*) FROM messages WHERE {_OLD_MESSAGE}"
DELETE_OLD_MESSAGES = f"""
DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE {_OLD_MESSAGE} LIMIT ?5) RETURNING id
"""
COUNT_OLD_ARCHIVED = f"SELECT count(*) FROM messages_archive WHERE {_OLD_MESSAGE}"
DELETE_OLD_ARCHIVED = f"""
DELETE FROM messages_archive WHERE id IN (SELECT id FROM messages_archive WHERE {_OLD_MESSAGE} LIMIT ?5) RETURNING id
"""

# ----------------------------------------------------------------------------------------------------------------------
# Conversations that were deleted, and empty ones

_DELETED = "c.key > ?1 AND c.key <= ?2 AND c.status = 'deleted' AND ?3 >= ?4 AND c.updated_at < ?4"
COUNT_DELETED = f"SELECT count(*) FROM conversations AS c WHERE {_DELETED}"
DELETE_MESSAGES_OF_DELETED = f"""
DELETE FROM messages WHERE id IN (
  SELECT m.id FROM conversations AS c CROSS JOIN messages AS m ON m.conversation = c.key WHERE {_DELETED} LIMIT ?5
) RETURNING id
"""
DELETE_ARCHIVED_OF_DELETED = f"""
DELETE FROM messages_archive WHERE id IN (
  SELECT m.id FROM conversations AS c CROSS JOIN messages_archive AS m ON m.conversation = c.key
  WHERE {_DELETED} LIMIT ?5
) RETURNING id
"""
DELETE_TURNS_OF_DELETED = f"""
DELETE FROM turns WHERE rowid IN (
  SELECT t.rowid FROM conversations AS c CROSS JOIN sessions AS s ON s.conversation = c.key
  CROSS JOIN turns AS t ON t.session = s.key WHERE {_DELETED} LIMIT ?5
) RETURNING number
"""
DELETE_SESSIONS_OF_DELETED = f"""
DELETE FROM sessions WHERE key IN (
  SELECT s.key FROM conversations AS c CROSS JOIN sessions AS s ON s.conversation = c.key WHERE {_DELETED} LIMIT ?5
) RETURNING key
"""
DELETE_DELETED = f"""
DELETE FROM conversations WHERE key IN (SELECT c.key FROM conversations AS c WHERE {_DELETED} LIMIT ?5) RETURNING key
"""
_EMPTY = """c.key > ?1 AND c.key <= ?2 AND ?3 >= ?4 AND coalesce(c.last_message_at, c.updated_at) < ?4
  AND NOT EXISTS (SELECT 1 FROM sessions WHERE conversation = c.key)
  AND NOT EXISTS (SELECT 1 FROM messages WHERE conversation = c.key)
  AND NOT EXISTS (SELECT 1 FROM messages_archive WHERE conversation = c.key)"""
COUNT_EMPTY = f"SELECT count(*) FROM conversations AS c WHERE {_EMPTY}"
DELETE_EMPTY = f"""
DELETE FROM conversations WHERE key IN (SELECT c.key FROM conversations AS c WHERE {_EMPTY} LIMIT ?5) RETURNING key
"""

# ----------------------------------------------------------------------------------------------------------------------
# Events, a row a week for those that say the same

_PAST_EVENT = "id > ?1 AND id <= ?2 AND ?3 >= ?4 AND timestamp < ?4"
COUNT_PAST_EVENTS = f"SELECT count(*) FROM analytics WHERE {_PAST_EVENT}"
# Sorts at most ?5 rows.
ROLL_UP_EVENTS = f"""
INSERT INTO analytics (event_type, event_data, session_count, timestamp)
SELECT event_type, event_data, sum(session_count), week
FROM (
  SELECT event_type, event_data, session_count, {_WEEK_OF.format("timestamp")} AS week
  FROM analytics WHERE {_PAST_EVENT} ORDER BY id LIMIT ?5
) GROUP BY event_type, event_data, week
"""
DELETE_ROLLED_UP = f"""
DELETE FROM analytics WHERE id IN (SELECT id FROM analytics WHERE {_PAST_EVENT} ORDER BY id LIMIT ?5) RETURNING id
"""
