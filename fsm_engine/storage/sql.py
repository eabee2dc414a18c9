"""Every statement that the stores run, once, by name. Parameters are numbered; a NULL filter filters nothing."""

# ruff: noqa: S608 - statements are put together from constants of this module, and from nothing else
from __future__ import annotations

from functools import cache

from fsm_engine.storage import sql_rows as rows
from fsm_engine.storage.sql_actions import RESULTS

TURN_COLUMNS = 40


@cache
def intake(turns: int, *, looks_up: bool = False) -> str:
    """Writes whole turns, the rows of `intake_row` one after the other.

    ``looks_up``: one value more, a JSON array of [key, now]; each row that comes back tells in JSON which results are
    kept under these keys.
    """
    row = f"({', '.join('?' * TURN_COLUMNS)})"
    last = f"?{turns * TURN_COLUMNS + 1}"
    returning = f" RETURNING ({RESULTS.replace('?1', last)})" if looks_up else ""
    return f"INSERT INTO turn_intake VALUES {', '.join([row] * turns)}{returning}"


# ----------------------------------------------------------------------------------------------------------------------
# Turns

# For each of a JSON array of [conversation id, request id]: its place, the conversation, its latest session, and
# whether the request id is in the journal, and the journal's last line. An unknown conversation gives no row.
LOAD = f"""
SELECT q.key, {rows.CONVERSATION}, {rows.SESSION},
  EXISTS (SELECT 1 FROM turns WHERE conversation = c.key AND request_id = json_extract(q.value, '$[1]')),
  (SELECT max(number) FROM turns WHERE session = s.key)
FROM json_each(?1) AS q
CROSS JOIN conversations AS c ON c.id = json_extract(q.value, '$[0]')
LEFT JOIN sessions AS s ON s.key = (SELECT max(key) FROM sessions WHERE conversation = c.key)
"""

# The turn of a request and the turns that it caused, directly or by a turn that it caused. Each row begins with the
# turn after it where that one was caused by it, found past the index of causes: so one that damage hides is noticed,
# and one that is found by its cause but not by its number is a row of NULLs. UNION ends where damage makes a circle of
# causes. Sorts those few.
SEEN = f"""
WITH RECURSIVE seen (session, number) AS (
  SELECT session, number FROM turns
  WHERE conversation = (SELECT key FROM conversations WHERE id = ?1) AND request_id = ?2
  UNION
  SELECT t.session, t.number FROM seen CROSS JOIN turns AS t ON t.session = seen.session AND t.caused_by = seen.number
)
SELECT (SELECT number FROM turns WHERE session = t.session AND number = t.number + 1 AND +caused_by = t.number),
  {rows.TURN}
FROM seen
LEFT JOIN turns AS t ON t.session = seen.session AND t.number = seen.number
LEFT JOIN sessions AS s ON s.key = t.session
LEFT JOIN conversations AS c ON c.key = s.conversation
ORDER BY t.number
"""

JOURNAL = f"""
SELECT s.turn, {rows.TURN}
FROM sessions AS s CROSS JOIN conversations AS c ON c.key = s.conversation CROSS JOIN turns AS t ON t.session = s.key
WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2)
ORDER BY t.number
"""

# ----------------------------------------------------------------------------------------------------------------------
# Users

USER = "SELECT id, created_at FROM users WHERE id = ?1"
PAGE_OF_USERS = "SELECT id, created_at FROM users WHERE id > ?1 ORDER BY id LIMIT ?2"
ADD_USER = "INSERT INTO users (id, created_at) SELECT ?1, ?2 WHERE ?1 IS NOT NULL ON CONFLICT DO NOTHING"

# ----------------------------------------------------------------------------------------------------------------------
# Conversations

ADD_CONVERSATION = """
INSERT INTO conversations (id, user_id, title, version, created_at, updated_at) VALUES (?1, ?2, ?3, 1, ?4, ?4)
"""
CONVERSATION = f"SELECT {rows.THREAD} FROM conversations AS c WHERE c.id = ?1 AND (?2 IS NULL OR c.user_id = ?2)"
# Row and index, and the owners of conversation and sessions, are held against each other, so that a damaged one leads
# nobody to what is another's.
_IS_NAMED_SO = "c.key = (SELECT key FROM conversations AS same WHERE same.id = c.id)"
CONVERSATIONS_OF_USER = f"""
SELECT {rows.THREAD} FROM conversations AS c
WHERE c.user_id = ?1 AND (?2 IS NULL AND c.status <> 'deleted' OR c.status = ?2)
  AND NOT EXISTS (SELECT 1 FROM sessions WHERE conversation = c.key AND user_id <> ?1) AND {_IS_NAMED_SO}
  AND c.key < ?4
ORDER BY c.key DESC LIMIT ?3
"""
# Sorts at most four rows, one a status.
COUNT_CONVERSATIONS_OF_USER = "SELECT status, count(*) FROM conversations WHERE user_id = ?1 GROUP BY status"
CONVERSATIONS_WITH_STATUS = f"""
SELECT {rows.THREAD} FROM conversations AS c WHERE c.status = ?1 AND c.key < ?3 AND {_IS_NAMED_SO}
ORDER BY c.key DESC LIMIT ?2
"""
RENAME_CONVERSATION = """
UPDATE conversations SET title = ?3, updated_at = ?4 WHERE id = ?1 AND (?2 IS NULL OR user_id = ?2) RETURNING key
"""
SET_CONVERSATION_STATUS = """
UPDATE conversations SET status = ?3, updated_at = ?4, archived_at = iif(?3 = 'archived', ?4, NULL)
WHERE id = ?1 AND (?2 IS NULL OR user_id = ?2) RETURNING key
"""

# ----------------------------------------------------------------------------------------------------------------------
# Messages

_MESSAGES = f"""
  SELECT {rows.MESSAGE}
  FROM conversations AS c CROSS JOIN messages AS m ON m.conversation = c.key
  LEFT JOIN sessions AS s ON s.key = m.session LEFT JOIN turns AS t ON t.session = m.session AND t.number = m.turn
  WHERE c.id = ?1 AND (?2 IS NULL OR c.user_id = ?2)
    AND (?5 IS NULL OR m.role = ?5) AND (?6 IS NULL OR json_extract(m.metadata, '$.source') = ?6)"""
# Sorts the one page that it found, to turn it round.
LAST_MESSAGES = f"""
SELECT * FROM ({_MESSAGES} AND m.number < ?3
  ORDER BY m.number DESC LIMIT ?4
) ORDER BY number
"""
PAGE_OF_MESSAGES = f"{_MESSAGES} AND m.number > ?3 ORDER BY m.number LIMIT ?4"
ARCHIVED_MESSAGES = f"""
SELECT {rows.MESSAGE}
FROM conversations AS c CROSS JOIN messages_archive AS m ON m.conversation = c.key
LEFT JOIN sessions AS s ON s.key = m.session LEFT JOIN turns AS t ON t.session = m.session AND t.number = m.turn
WHERE c.id = ?1 AND (?2 IS NULL OR c.user_id = ?2) AND m.number > ?3 ORDER BY m.number LIMIT ?4
"""
# Sorts at most three rows, one a role.
COUNT_BY_ROLE = """
SELECT m.role, count(*), c.message_count
FROM conversations AS c CROSS JOIN messages AS m ON m.conversation = c.key
WHERE c.id = ?1 AND (?2 IS NULL OR c.user_id = ?2)
GROUP BY m.role
"""
COUNT_BY_CONVERSATION = """
SELECT id, message_count FROM conversations AS c WHERE c.user_id = ?1 ORDER BY c.key DESC LIMIT ?2
"""
# A place for one message more, of a session of the conversation where one is named; the intake view finds its own
# numbers from the same column.
GIVE_MESSAGE_NUMBER = """
UPDATE conversations
SET last_message = last_message + 1, message_count = message_count + 1, updated_at = ?3, last_message_at = ?3
WHERE id = ?1 AND (?2 IS NULL OR user_id = ?2)
  AND (?4 IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE id = ?4 AND conversation = conversations.key))
RETURNING last_message
"""
ADD_MESSAGE = """
INSERT INTO messages (conversation, number, session, user_id, role, content, metadata, request_id, created_at)
SELECT c.key, c.last_message, (SELECT key FROM sessions WHERE id = ?2 AND conversation = c.key), c.user_id,
       ?3, ?4, ?5, ?6, ?7
FROM conversations AS c WHERE c.id = ?1 AND changes() > 0
"""

# ----------------------------------------------------------------------------------------------------------------------
# Sessions and answers

_SESSIONS = f"SELECT {rows.SESSION} FROM sessions AS s CROSS JOIN conversations AS c ON c.key = s.conversation"
SESSION = f"{_SESSIONS} WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2)"
SESSIONS_OF_USER = f"""
{_SESSIONS}
WHERE s.user_id = ?1 AND (?2 IS NULL OR s.status = ?2) AND (c.user_id IS NULL OR c.user_id = ?1)
  AND s.key < ?4
ORDER BY s.key DESC LIMIT ?3
"""
# Sorts at most five rows, one a status.
COUNT_SESSIONS_OF_USER = "SELECT status, count(*) FROM sessions WHERE user_id = ?1 GROUP BY status"
SESSIONS_OF_CONVERSATION = f"""
SELECT {rows.SESSION} FROM conversations AS c CROSS JOIN sessions AS s ON s.conversation = c.key
WHERE c.id = ?1 AND (?2 IS NULL OR c.user_id = ?2) AND s.key > ?3 ORDER BY s.key LIMIT ?4
"""
SESSIONS_WITH_STATUS = f"{_SESSIONS} WHERE s.status = ?1 AND s.key < ?3 ORDER BY s.key DESC LIMIT ?2"
# Left to itself, SQLite takes the index by status, and sorts every active session.
SESSIONS_EXPIRED = f"""
SELECT {rows.SESSION}
FROM sessions AS s INDEXED BY sessions_by_expiry CROSS JOIN conversations AS c ON c.key = s.conversation
WHERE s.status = 'active' AND s.expires_at IS NOT NULL AND s.expires_at <= ?1 ORDER BY s.expires_at LIMIT ?2
"""
# An empty session, unless one of the conversation's is running. A turn that is being computed must be computed anew.
ADD_SESSION = """
INSERT INTO sessions (id, conversation, user_id, turn, state_json, state_hash, status, created_at, last_activity,
                      expires_at)
SELECT ?3, c.key, c.user_id, 0, ?4, ?5, 'active', ?6, ?6, ?7
FROM conversations AS c
WHERE c.id = ?1 AND (?2 IS NULL OR c.user_id = ?2)
  AND NOT EXISTS (SELECT 1 FROM sessions WHERE conversation = c.key AND status = 'active')
RETURNING key
"""
# What was read is still there: its turn and its hash. The version tells whoever holds the session that it has changed.
UPDATE_STATE = """
UPDATE sessions
SET state_json = ?4, state_hash = ?5, status = ?6, current_flow = ?7, fsm_state = ?8, last_activity = ?9,
    expires_at = iif(?6 = 'active', expires_at, NULL), completed_at = iif(?6 = 'active', NULL, ?9)
WHERE id = ?1 AND turn = ?2 AND state_json = ?3 RETURNING key
"""
# Outside a turn the seal over what lists show goes (the first 16 bytes seal the state): see `row_seals`.
EXPIRE_SESSION = """
UPDATE sessions
SET status = 'expired', expires_at = min(coalesce(expires_at, ?3), ?3), state_hash = substr(state_hash, 1, 16)
WHERE id = ?1 AND (?2 IS NULL OR user_id = ?2) AND status = 'active' RETURNING key
"""
# Sets what the engine itself would set at the next message, so that a turn under way need not be computed anew.
EXPIRE_OVERDUE = """
UPDATE sessions SET status = 'expired'
WHERE key IN (
  SELECT key FROM sessions INDEXED BY sessions_by_expiry
  WHERE status = 'active' AND expires_at IS NOT NULL AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2
) RETURNING key
"""
# Where the statement before it changed something.
RAISE_VERSION = """
UPDATE conversations SET version = version + 1
WHERE key = (SELECT conversation FROM sessions WHERE id = ?1) AND changes() > 0
"""
# Sorts the answers of one session.
RESPONSES_OF_SESSION = """
SELECT s.id, u.flow, u.step, u.slot, u.response, u.raw_text, u.attempt_count, u.created_at, u.updated_at,
  u.row_hash
FROM sessions AS s CROSS JOIN user_responses AS u ON u.session = s.key
WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2)
ORDER BY u.created_at, u.flow, u.step
"""

SAVE_RESPONSE = """
INSERT INTO user_responses (session, flow, step, slot, response, raw_text, attempt_count, created_at, updated_at,
                            row_hash)
SELECT s.key, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10 FROM sessions AS s WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2)
ON CONFLICT (session, flow, step) DO UPDATE
SET slot = excluded.slot, response = excluded.response, raw_text = excluded.raw_text,
    attempt_count = excluded.attempt_count, updated_at = excluded.updated_at, row_hash = excluded.row_hash
RETURNING session
"""

# ----------------------------------------------------------------------------------------------------------------------
# Risk, intents, flows

RISK_OF_SESSION = f"""
SELECT {rows.DETECTION} FROM sessions AS s CROSS JOIN risk_detections AS r ON r.session = s.key
LEFT JOIN turns AS t ON t.session = r.session AND t.number = r.turn
WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2) ORDER BY r.id
"""
RISK_SINCE = f"""
SELECT {rows.DETECTION} FROM risk_detections AS r CROSS JOIN sessions AS s ON s.key = r.session
LEFT JOIN turns AS t ON t.session = r.session AND t.number = r.turn
WHERE r.detected_at >= ?1 ORDER BY r.detected_at, r.id LIMIT ?2
"""
# Sorts the detections of one user.
RISK_OF_USER = f"""
SELECT {rows.DETECTION} FROM sessions AS s CROSS JOIN risk_detections AS r ON r.session = s.key
LEFT JOIN turns AS t ON t.session = r.session AND t.number = r.turn
WHERE s.user_id = ?1 ORDER BY r.id DESC
"""
RISK_TO_REVIEW = f"""
SELECT {rows.DETECTION} FROM risk_detections AS r CROSS JOIN sessions AS s ON s.key = r.session
LEFT JOIN turns AS t ON t.session = r.session AND t.number = r.turn
WHERE r.reviewed_at IS NULL AND r.id > ?1 ORDER BY r.id LIMIT ?2
"""
# Newest first, from the one before ?8.
FIND_DETECTIONS = f"""
SELECT {rows.DETECTION} FROM risk_detections AS r CROSS JOIN sessions AS s ON s.key = r.session
LEFT JOIN turns AS t ON t.session = r.session AND t.number = r.turn
WHERE (?1 IS NULL OR r.severity = ?1) AND (?2 IS NULL OR r.category = ?2) AND (?3 IS NULL OR r.detector = ?3)
  AND (?4 IS NULL OR r.verdict = ?4) AND (?5 IS NULL OR (r.reviewed_at IS NOT NULL) = ?5)
  AND (?6 IS NULL OR r.detected_at >= ?6) AND (?7 IS NULL OR r.detected_at < ?7) AND r.id < ?8
ORDER BY r.id DESC LIMIT ?9
"""
ADD_DETECTION = """
INSERT INTO risk_detections (session, turn, message, trigger_phrase, user_message, category, severity, detector,
                             detector_version, detected_at, resources_shown, span_start, span_end, read_as)
SELECT s.key, coalesce(?3, s.turn), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15
FROM sessions AS s WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2)
RETURNING id
"""
DETECTION = f"""
SELECT {rows.DETECTION} FROM risk_detections AS r CROSS JOIN sessions AS s ON s.key = r.session
LEFT JOIN turns AS t ON t.session = r.session AND t.number = r.turn
WHERE r.id = ?1
"""
# Adds the seal of a row that was written past a turn to those that its turn wrote.
ADD_SEAL = """
UPDATE turns SET row_hash = CAST(row_hash || ?3 AS BLOB)
WHERE session = (SELECT key FROM sessions WHERE id = ?1) AND number = ?2
"""
REVIEW_DETECTION = """
UPDATE risk_detections SET reviewed_at = ?3, reviewed_by = ?2, verdict = ?4 WHERE id = ?1 AND reviewed_at IS NULL
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

# ----------------------------------------------------------------------------------------------------------------------
# Summaries and timers

_SUMMARY = """y.id, s.id, y.summary_type, y.summary_data, y.generated_at"""
# Sorts the answers of one session.
WRITE_SUMMARY = """
INSERT INTO session_summaries (session, summary_type, summary_data, generated_at)
SELECT n.session, n.summary_type, n.summary_data, ?3
FROM sessions AS s CROSS JOIN summary_of_session AS n ON n.session = s.key
WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2)
RETURNING id
"""
SUMMARIES_OF_SESSION = f"""
SELECT {_SUMMARY} FROM sessions AS s CROSS JOIN session_summaries AS y ON y.session = s.key
WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2) ORDER BY y.id
"""

_TIMER = """s.id, c.id, w.name, w.flow, w.step, w.due_at, w.status, w.created_at, w.fired_at"""
_OF_TIMER = "CROSS JOIN conversations AS c ON c.key = s.conversation"
# Sorts the timers of one session.
TIMERS_OF_SESSION = f"""
SELECT {_TIMER} FROM sessions AS s CROSS JOIN timers AS w ON w.session = s.key {_OF_TIMER}
WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2) ORDER BY w.due_at, w.name
"""
TIMERS_DUE = f"""
SELECT {_TIMER} FROM timers AS w CROSS JOIN sessions AS s ON s.key = w.session {_OF_TIMER}
WHERE w.status = 'pending' AND w.due_at <= ?1 ORDER BY w.due_at LIMIT ?2
"""
NEXT_TIMER = """
SELECT due_at FROM timers WHERE status = 'pending' AND due_at > '' ORDER BY due_at LIMIT 1
"""
# Sessions that stand idle since ?2 (behind the key ?3) to ?1, whose time is not up at ?4, nudged less than ?5 times. A
# state that is no JSON is one that is damaged.
IDLE_SESSIONS = """
SELECT s.id, c.id, s.key, s.last_activity
FROM sessions AS s INDEXED BY sessions_by_last_activity CROSS JOIN conversations AS c ON c.key = s.conversation
WHERE s.last_activity <= ?1 AND (s.last_activity, s.key) > (?2, ?3) AND s.status = 'active' AND s.expires_at > ?4
  AND iif(json_valid(s.state_json), coalesce(s.state_json ->> '$.nudges', 0) < ?5, 0)
ORDER BY s.last_activity, s.key LIMIT ?6
"""
