"""Statements of the outbox, each once, by name."""

# ruff: noqa: S608 - statements are put together from constants, and from nothing else
from __future__ import annotations

from fsm_engine.storage import sql_rows as rows

# ?1 whether messages are taken, ?2 a JSON array of the names that are notified, ?3 the only conversation, or NULL.
_TAKEN = """
  (d.kind = 'messages' AND ?1 OR d.kind = 'notify' AND d.target IN (SELECT value FROM json_each(?2)))
  AND (?3 IS NULL OR d.session IN (
    SELECT s.key FROM conversations AS c JOIN sessions AS s ON s.conversation = c.key WHERE c.id = ?3))"""
_DELIVERIES = f"""
SELECT {rows.DELIVERY}
FROM deliveries AS d CROSS JOIN sessions AS s ON s.key = d.session
CROSS JOIN conversations AS c ON c.key = s.conversation
LEFT JOIN turns AS t ON t.session = d.session AND t.number = d.turn"""

# Marks some that are due as being handed over until ?5: ?4 is now, ?6 how many. One goes only when those before it, of
# the same session to the same address, are out of the way.
CLAIM_DELIVERIES = f"""
UPDATE deliveries SET attempts = attempts + 1, next_attempt_at = ?5
WHERE status = 'pending' AND key IN (
  SELECT d.key FROM deliveries AS d
  WHERE d.status = 'pending' AND d.next_attempt_at <= ?4 AND {_TAKEN}
    AND NOT EXISTS (
      SELECT 1 FROM deliveries AS e
      WHERE e.session = d.session AND e.status = 'pending' AND e.key < d.key AND e.kind = d.kind
        AND e.target IS d.target)
  ORDER BY d.next_attempt_at LIMIT ?6)
RETURNING key
"""
DELIVERIES_BY_KEY = f"{_DELIVERIES} WHERE d.key IN (SELECT value FROM json_each(?1)) ORDER BY d.key"
NEXT_DELIVERY = f"""
SELECT d.next_attempt_at FROM deliveries AS d
WHERE d.status = 'pending' AND d.next_attempt_at > '' AND {_TAKEN} ORDER BY d.next_attempt_at LIMIT 1
"""
# ?2: at which attempt. One that took so long that another process tries it as well tells nothing about that attempt.
DELIVERED = """
UPDATE deliveries SET status = 'delivered', delivered_at = ?3, last_error = NULL
WHERE key = ?1 AND attempts >= ?2 AND status = 'pending' RETURNING key
"""
DELIVERY_FAILED = """
UPDATE deliveries SET status = ?4, next_attempt_at = ?5, last_error = ?3
WHERE key = ?1 AND attempts = ?2 AND status = 'pending' RETURNING key
"""
# The messages of these turns (?2, a JSON array) of a session. An entry that is delivered and was never tried went with
# the reply to a second delivery: nothing else ends one without an attempt.
MESSAGES_OF_TURNS = """
SELECT turn, status, attempts FROM deliveries
WHERE session = (SELECT key FROM sessions WHERE id = ?1) AND kind = 'messages'
  AND turn IN (SELECT value FROM json_each(?2))
"""
GIVE_WITH_REPLY = """
UPDATE deliveries SET status = 'delivered', delivered_at = ?3
WHERE session = (SELECT key FROM sessions WHERE id = ?1) AND kind = 'messages'
  AND turn IN (SELECT value FROM json_each(?2)) AND status = 'pending' AND attempts = 0
RETURNING turn
"""
DELIVERIES_OF_SESSION = f"""
SELECT {rows.DELIVERY}
FROM sessions AS s CROSS JOIN deliveries AS d ON d.session = s.key
CROSS JOIN conversations AS c ON c.key = s.conversation
LEFT JOIN turns AS t ON t.session = d.session AND t.number = d.turn
WHERE s.id = ?1 AND (?2 IS NULL OR s.user_id = ?2) ORDER BY d.key
"""
DELIVERIES_WITH_STATUS = f"{_DELIVERIES} WHERE d.status = ?1 AND d.key > ?2 ORDER BY d.key LIMIT ?3"
