"""Statements of reports, each once, by name. The funnel's go through a range of keys, above ?1 and up to ?2."""

# ruff: noqa: S608 - statements are put together from constants of this module, and from nothing else
from __future__ import annotations

ADD_EVENT = "INSERT INTO analytics (event_type, event_data, session_count, timestamp) VALUES (?1, ?2, ?3, ?4)"
_EVENT = "id, event_type, event_data, session_count, timestamp"
EVENTS_OF_TYPE = f"""
SELECT {_EVENT} FROM analytics WHERE event_type = ?1 AND timestamp >= ?2 ORDER BY timestamp, id LIMIT ?3
"""
# Weeks begin on Monday. Sorts the events of one type.
EVENTS_BY_WEEK = """
SELECT event_type, strftime('%Y-%m-%d', timestamp, 'weekday 0', '-6 days') AS week, sum(session_count)
FROM analytics WHERE event_type = ?1 AND timestamp >= ?2 GROUP BY event_type, week ORDER BY week
"""
EVENT_TYPES = """
WITH RECURSIVE types (name) AS (
  SELECT min(event_type) FROM analytics
  UNION ALL
  SELECT (SELECT min(event_type) FROM analytics WHERE event_type > types.name) FROM types WHERE types.name IS NOT NULL
)
SELECT name FROM types WHERE name IS NOT NULL
"""

LAST_SESSION = "SELECT coalesce(max(key), 0) FROM sessions"
# Sorts the answers of one range.
ANSWERS_IN_RANGE = """
SELECT u.flow, u.step, u.attempt_count, count(*)
FROM sessions AS s CROSS JOIN user_responses AS u ON u.session = s.key
WHERE s.key > ?1 AND s.key <= ?2 AND s.created_at >= ?3 AND (?4 IS NULL OR u.flow = ?4)
GROUP BY u.flow, u.step, u.attempt_count
"""
# Where sessions stand or stood last. Sorts the sessions of one range.
PLACES_IN_RANGE = """
SELECT current_flow, fsm_state, iif(status = 'active' AND expires_at <= ?5, 'expired', status) AS standing, count(*)
FROM sessions
WHERE key > ?1 AND key <= ?2 AND created_at >= ?3 AND (?4 IS NULL OR current_flow = ?4)
GROUP BY current_flow, fsm_state, standing
"""
# Sorts the sessions of one range.
WEEKS_IN_RANGE = """
SELECT strftime('%Y-%m-%d', created_at, 'weekday 0', '-6 days') AS week,
       iif(status = 'active' AND expires_at <= ?5, 'expired', status) AS standing, count(*)
FROM sessions
WHERE key > ?1 AND key <= ?2 AND created_at >= ?3 AND (?4 IS NULL OR current_flow = ?4)
GROUP BY week, standing
"""
# What was counted of sessions that are gone. Sorts as many rows as the report covers; weeks that are over hold few.
EVENTS_OF_FUNNEL = """
SELECT event_data, substr(timestamp, 1, 10) AS week, sum(session_count) FROM analytics
WHERE event_type = ?1 AND timestamp >= ?2 GROUP BY event_data, week
"""
