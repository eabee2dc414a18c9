"""Every statement that the stores run, once, by name. Parameters are numbered; a NULL filter filters nothing."""

# ruff: noqa: S608 - statements are put together from constants of this module, and from nothing else
from __future__ import annotations

from functools import cache

TURN_COLUMNS = 37


@cache
def intake(turns: int) -> str:
    """Writes whole turns, the rows of `intake_row` one after the other."""
    row = f"({', '.join('?' * TURN_COLUMNS)})"
    return f"INSERT INTO turn_intake VALUES {', '.join([row] * turns)}"


# Columns in the order of the records' fields.
_CONVERSATION = """c.id, c.key, c.user_id, c.version, c.title, c.status, c.message_count, c.created_at, c.updated_at"""
_SESSION = """s.id, s.key, c.id, s.user_id, s.turn, s.state_json, s.status, s.current_flow, s.fsm_state,
  s.current_intent, s.created_at, s.last_activity, s.expires_at, s.completed_at, s.state_hash"""
_TURN = """s.id, t.number, t.request_id, t.fingerprint, t.event_json, t.reply_json, t.flow_hash, t.caused_by,
  t.created_at, c.id, t.row_hash"""
_AUDIT = """a.id, a.idempotency_key, a.user_id, s.id, a.turn, a.intent, a.action, a.input_data, a.output_data, a.status,
  a.error_message, a.created_at, a.updated_at, t.row_hash"""
_DETECTION = """r.id, s.id, r.turn, r.message, r.trigger_phrase, r.user_message, r.category, r.severity, r.detector,
  r.detector_version, r.detected_at, r.resources_shown, r.reviewed_at, r.reviewed_by, t.row_hash"""

# ----------------------------------------------------------------------------------------------------------------------
# Turns

# For each of a JSON array of [conversation id, request id]: its place, the conversation, its latest session, and
# whether the request id is in the journal, and the journal's last line. An unknown conversation gives no row.
LOAD = f"""
SELECT q.key, {_CONVERSATION}, {_SESSION},
  EXISTS (SELECT 1 FROM turns WHERE conversation = c.key AND request_id = json_extract(q.value, '$[1]')),
  (SELECT max(number) FROM turns WHERE session = s.key)
FROM json_each(?1) AS q
CROSS JOIN conversations AS c ON c.id = json_extract(q.value, '$[0]')
LEFT JOIN sessions AS s ON s.key = (SELECT max(key) FROM sessions WHERE conversation = c.key)
"""

# The turn of a request and the turns that it caused, directly or by a turn that it caused. Each row begins with the
# turn after it where that one was caused by it, found past the index of causes: so one that damage hides is noticed.
SEEN = f"""
WITH RECURSIVE seen (session, number) AS (
  SELECT session, number FROM turns
  WHERE conversation = (SELECT key FROM conversations WHERE id = ?1) AND request_id = ?2
  UNION ALL
  SELECT t.session, t.number FROM seen CROSS JOIN turns AS t ON t.session = seen.session AND t.caused_by = seen.number
)
SELECT (SELECT number FROM turns WHERE session = t.session AND number = t.number + 1 AND +caused_by = t.number), {_TURN}
FROM seen
CROSS JOIN turns AS t ON t.session = seen.session AND t.number = seen.number
CROSS JOIN sessions AS s ON s.key = t.session
CROSS JOIN conversations AS c ON c.key = s.conversation
ORDER BY t.number
"""

JOURNAL = f"""
SELECT s.turn, {_TURN}
FROM sessions AS s CROSS JOIN conversations AS c ON c.key = s.conversation CROSS JOIN turns AS t ON t.session = s.key
WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2)
ORDER BY t.number
"""

# ----------------------------------------------------------------------------------------------------------------------
# Users

COUNT_OF_USER = """
SELECT
  (SELECT count(*) FROM conversations WHERE user_id = ?1),
  (SELECT count(*) FROM sessions AS s
   WHERE s.conversation IN (SELECT key FROM conversations WHERE user_id = ?1) OR s.user_id = ?1),
  (SELECT count(*) FROM messages WHERE conversation IN (SELECT key FROM conversations WHERE user_id = ?1)),
  (SELECT count(*) FROM user_responses WHERE session IN (
     SELECT key FROM sessions
     WHERE conversation IN (SELECT key FROM conversations WHERE user_id = ?1) OR user_id = ?1))
"""
DELETE_USER = "DELETE FROM users WHERE id = ?1"
ADD_USER = "INSERT INTO users (id, created_at) SELECT ?1, ?2 WHERE ?1 IS NOT NULL ON CONFLICT DO NOTHING"

# ----------------------------------------------------------------------------------------------------------------------
# Conversations

ADD_CONVERSATION = """
INSERT INTO conversations (id, user_id, title, version, created_at, updated_at) VALUES (?1, ?2, ?3, 1, ?4, ?4)
"""
CONVERSATION = f"SELECT {_CONVERSATION} FROM conversations AS c WHERE c.id = ?1 AND (?2 IS NULL OR c.user_id = ?2)"
# Row and index, and the owners of conversation and sessions, are held against each other, so that a damaged one leads
# nobody to what is another's.
_IS_NAMED_SO = "c.key = (SELECT key FROM conversations AS same WHERE same.id = c.id)"
CONVERSATIONS_OF_USER = f"""
SELECT {_CONVERSATION} FROM conversations AS c
WHERE c.user_id = ?1 AND (?2 IS NULL OR c.status = ?2)
  AND NOT EXISTS (SELECT 1 FROM sessions WHERE conversation = c.key AND user_id <> ?1) AND {_IS_NAMED_SO}
ORDER BY c.key DESC LIMIT ?3
"""
CONVERSATIONS_WITH_STATUS = f"""
SELECT {_CONVERSATION} FROM conversations AS c WHERE c.status = ?1 AND {_IS_NAMED_SO} ORDER BY c.key DESC LIMIT ?2
"""

# ----------------------------------------------------------------------------------------------------------------------
# Messages

LAST_MESSAGES = """
SELECT * FROM (
  SELECT m.id, c.id, m.number, s.id, m.turn, m.user_id, m.role, m.content, m.metadata, m.request_id, m.created_at,
    t.row_hash
  FROM conversations AS c CROSS JOIN messages AS m ON m.conversation = c.key
  LEFT JOIN sessions AS s ON s.key = m.session LEFT JOIN turns AS t ON t.session = m.session AND t.number = m.turn
  WHERE c.id = ?1 AND (?2 IS NULL OR c.user_id = ?2) AND m.number < ?3
  ORDER BY m.number DESC LIMIT ?4
) ORDER BY number
"""
COUNT_BY_ROLE = """
SELECT m.role, count(*), c.message_count
FROM conversations AS c CROSS JOIN messages AS m ON m.conversation = c.key
WHERE c.id = ?1 AND (?2 IS NULL OR c.user_id = ?2)
GROUP BY m.role
"""

# ----------------------------------------------------------------------------------------------------------------------
# Sessions and answers

_SESSIONS = f"SELECT {_SESSION} FROM sessions AS s CROSS JOIN conversations AS c ON c.key = s.conversation"
SESSION = f"{_SESSIONS} WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2)"
SESSIONS_OF_USER = f"""
{_SESSIONS}
WHERE s.user_id = ?1 AND (?2 IS NULL OR s.status = ?2) AND (c.user_id IS NULL OR c.user_id = ?1)
ORDER BY s.key DESC LIMIT ?3
"""
SESSIONS_WITH_STATUS = f"{_SESSIONS} WHERE s.status = ?1 ORDER BY s.key DESC LIMIT ?2"
# Left to itself, SQLite takes the index by status, and sorts every active session.
SESSIONS_EXPIRED = f"""
SELECT {_SESSION}
FROM sessions AS s INDEXED BY sessions_by_expiry CROSS JOIN conversations AS c ON c.key = s.conversation
WHERE s.status = 'active' AND s.expires_at IS NOT NULL AND s.expires_at <= ?1 ORDER BY s.expires_at LIMIT ?2
"""
RESPONSES_OF_SESSION = """
SELECT s.id, u.flow, u.step, u.slot, u.response, u.raw_text, u.attempt_count, u.created_at, u.updated_at,
  u.row_hash
FROM sessions AS s CROSS JOIN user_responses AS u ON u.session = s.key
WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2)
ORDER BY u.created_at, u.flow, u.step
"""

# ----------------------------------------------------------------------------------------------------------------------
# Audit

_AUDITS = f"""
SELECT {_AUDIT} FROM audit_log AS a LEFT JOIN sessions AS s ON s.key = a.session
LEFT JOIN turns AS t ON t.session = a.session AND t.number = a.turn
"""
AUDIT_OF_SESSION = f"""
{_AUDITS}
WHERE a.session = (SELECT key FROM sessions WHERE id = ?1) AND (?2 IS NULL OR a.user_id = ?2) ORDER BY a.id
"""
AUDIT_OF_USER = f"{_AUDITS} WHERE a.user_id = ?1 ORDER BY a.id DESC LIMIT ?2"
AUDIT_BY_KEY = f"{_AUDITS} WHERE a.idempotency_key = ?1 AND (?2 IS NULL OR a.user_id = ?2)"
AUDIT_WITH_STATUS = f"{_AUDITS} WHERE a.status = ?1 AND a.id > ?3 ORDER BY a.id LIMIT ?2"
UPDATE_AUDIT = """
UPDATE audit_log SET status = ?2, output_data = ?3, error_message = ?4, updated_at = ?5
WHERE idempotency_key = ?1 RETURNING id
"""

# ----------------------------------------------------------------------------------------------------------------------
# Risk, intents, flows

RISK_OF_SESSION = f"""
SELECT {_DETECTION} FROM sessions AS s CROSS JOIN risk_detections AS r ON r.session = s.key
LEFT JOIN turns AS t ON t.session = r.session AND t.number = r.turn
WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2) ORDER BY r.id
"""
RISK_SINCE = f"""
SELECT {_DETECTION} FROM risk_detections AS r CROSS JOIN sessions AS s ON s.key = r.session
LEFT JOIN turns AS t ON t.session = r.session AND t.number = r.turn
WHERE r.detected_at >= ?1 ORDER BY r.detected_at, r.id LIMIT ?2
"""
INTENTS_OF_SESSION = """
SELECT s.id, i.turn, i.user_message, i.classified_intent, i.confidence, i.method, i.fsm_state, i.created_at,
  t.row_hash
FROM sessions AS s CROSS JOIN intent_classifications AS i ON i.session = s.key
LEFT JOIN turns AS t ON t.session = i.session AND t.number = i.turn
WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2) ORDER BY i.turn
"""
ADD_FLOW_VERSIONS = """
INSERT INTO flow_versions (hash, name, version, source, created_at)
SELECT json_extract(value, '$.hash'), json_extract(value, '$.name'), json_extract(value, '$.version'),
       json_extract(value, '$.source'), json_extract(value, '$.created_at')
FROM json_each(?1) WHERE true
ON CONFLICT DO NOTHING
"""
FLOW_VERSION = "SELECT hash, name, version, source, created_at FROM flow_versions WHERE hash = ?1"
