"""The statements of `repositories.actions`: the audit with its leases, transactions, and results to give again."""

# ruff: noqa: S608 - statements are put together from constants of this module, and from nothing else
from __future__ import annotations

from fsm_engine.storage import sql_rows as rows

# ----------------------------------------------------------------------------------------------------------------------
# Audit

_AUDITS = f"""
SELECT {rows.AUDIT} FROM audit_log AS a LEFT JOIN sessions AS s ON s.key = a.session
LEFT JOIN turns AS t ON t.session = a.session AND t.number = a.turn
"""
AUDIT_OF_SESSION = f"""
{_AUDITS}
WHERE a.session = (SELECT key FROM sessions WHERE id = ?1) AND (?2 IS NULL OR a.user_id = ?2) ORDER BY a.id
"""
AUDIT_OF_USER = f"{_AUDITS} WHERE a.user_id = ?1 ORDER BY a.id DESC LIMIT ?2"
LATEST_AUDIT = f"{_AUDITS} WHERE a.id < ?2 ORDER BY a.id DESC LIMIT ?1"
AUDIT_BY_KEY = f"{_AUDITS} WHERE a.idempotency_key = ?1 AND (?2 IS NULL OR a.user_id = ?2)"
AUDIT_WITH_STATUS = f"{_AUDITS} WHERE a.status = ?1 AND a.id > ?3 ORDER BY a.id LIMIT ?2"
UPDATE_AUDIT = """
UPDATE audit_log SET status = ?2, output_data = ?3, error_message = ?4, updated_at = ?5
WHERE idempotency_key = ?1 RETURNING id
"""

ADD_AUDIT = """
INSERT INTO audit_log (idempotency_key, user_id, session, turn, intent, action, input_data, output_data, status,
                       error_message, created_at, updated_at)
VALUES (?1, ?2, (SELECT key FROM sessions WHERE id = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)
"""

# ----------------------------------------------------------------------------------------------------------------------
# Who runs a pending action

LEASE = "SELECT status, owner, lease_until, fence FROM audit_log WHERE idempotency_key = ?1"
# One of several that try at once gets a row: the fence that it saw is gone for the others.
TAKE_OVER = """
UPDATE audit_log SET owner = ?3, lease_until = ?4, fence = fence + 1
WHERE idempotency_key = ?1 AND status = 'pending' AND fence = ?2 RETURNING fence
"""
RENEW_LEASE = """
UPDATE audit_log SET lease_until = ?3 WHERE idempotency_key = ?1 AND status = 'pending' AND fence = ?2 RETURNING id
"""
# What an engine leaves behind that was closed in good order.
RELEASE_LEASES = "UPDATE audit_log SET lease_until = NULL WHERE owner = ?1 AND status = 'pending' RETURNING id"

# ----------------------------------------------------------------------------------------------------------------------
# What actions did to the business, and results to give again

_TRANSACTION = """t.id, t.idempotency_key, a.idempotency_key, a.user_id, t.status, t.rollback_data, t.created_at,
  t.updated_at"""
ADD_TRANSACTION = """
INSERT INTO transactions (idempotency_key, audit_log_id, status, rollback_data, created_at, updated_at)
SELECT ?1, a.id, ?3, ?4, ?5, ?5 FROM audit_log AS a WHERE a.idempotency_key = ?2 RETURNING id
"""
TRANSACTION = f"""
SELECT {_TRANSACTION} FROM transactions AS t CROSS JOIN audit_log AS a ON a.id = t.audit_log_id
WHERE t.idempotency_key = ?1 AND (?2 IS NULL OR a.user_id = ?2)
"""
END_TRANSACTION = """
UPDATE transactions SET status = ?2, updated_at = ?3 WHERE idempotency_key = ?1 AND status = 'pending' RETURNING id
"""
ROLL_BACK_TRANSACTION = """
UPDATE transactions SET status = 'rolled_back', updated_at = ?2
WHERE idempotency_key = ?1 AND status = 'completed' RETURNING id
"""
ROLL_BACK_AUDIT = """
UPDATE audit_log SET status = 'rolled_back', updated_at = ?2
WHERE id = (SELECT audit_log_id FROM transactions WHERE idempotency_key = ?1 AND status = 'rolled_back')
"""
KEEP_RESULT = """
INSERT INTO idempotency_cache (key, user_id, result_data, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (key) DO UPDATE
SET user_id = excluded.user_id, result_data = excluded.result_data, created_at = excluded.created_at,
    expires_at = excluded.expires_at
WHERE idempotency_cache.expires_at <= excluded.created_at
"""
_KEPT = "c.key, c.user_id, c.result_data, c.created_at, c.expires_at, c.first_key, c.conversation"
RESULT = f"""
SELECT {_KEPT} FROM idempotency_cache AS c
WHERE key = ?1 AND expires_at > ?2 AND (?3 IS NULL OR user_id = ?3)
"""
RESULTS = f"""
SELECT json_group_array(json_array({_KEPT}))
FROM json_each(?1) AS q CROSS JOIN idempotency_cache AS c ON c.key = json_extract(q.value, '$[0]')
WHERE c.expires_at > json_extract(q.value, '$[1]')
"""
DELETE_OLD_RESULTS = """
DELETE FROM idempotency_cache
WHERE key IN (SELECT key FROM idempotency_cache WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2) RETURNING key
"""
