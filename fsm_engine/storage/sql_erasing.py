"""The statements that erase a user or a conversation. ?1 is the user's id, ?2 the conversation's; one is NULL."""

# ruff: noqa: S608 - statements are put together from constants of this module, and from nothing else
from __future__ import annotations

from typing import Final

_CONVERSATIONS = "SELECT key FROM conversations WHERE user_id = ?1 OR id = ?2"
_SESSIONS = f"SELECT key FROM sessions WHERE conversation IN ({_CONVERSATIONS}) OR user_id = ?1"
_AUDIT = f"SELECT id FROM audit_log WHERE session IN ({_SESSIONS}) OR user_id = ?1"
_AUDIT_KEYS = f"SELECT idempotency_key FROM audit_log WHERE id IN ({_AUDIT})"

WHOSE: Final = {
    "users": "id = ?1 AND ?2 IS NULL",
    "conversations": f"key IN ({_CONVERSATIONS})",
    "sessions": f"key IN ({_SESSIONS})",
    "user_responses": f"session IN ({_SESSIONS})",
    "messages": f"conversation IN ({_CONVERSATIONS})",
    "messages_archive": f"conversation IN ({_CONVERSATIONS})",
    "turns": f"session IN ({_SESSIONS})",
    "timers": f"session IN ({_SESSIONS})",
    "deliveries": f"session IN ({_SESSIONS})",
    "risk_detections": f"session IN ({_SESSIONS})",
    "intent_classifications": f"session IN ({_SESSIONS})",
    "session_summaries": f"session IN ({_SESSIONS})",
    "idempotency_cache": f"user_id = ?1 OR conversation IN ({_CONVERSATIONS}) OR key IN ({_AUDIT_KEYS})",
    "audit_log": f"id IN ({_AUDIT})",
    "transactions": f"audit_log_id IN ({_AUDIT})",
}
"""Which rows of each table tell of the person. Those of the last two are kept, without anything that does."""

KEPT: Final = ("audit_log", "transactions")
NOT_PERSONAL: Final = ("flow_versions", "analytics", "search_parts")

COUNTS = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table} WHERE {whose})" for table, whose in WHOSE.items())
IDS_OF_CONVERSATIONS = f"SELECT id FROM conversations WHERE {WHOSE['conversations']}"
KEYS_OF_AUDIT = f"SELECT id, idempotency_key FROM audit_log WHERE {WHOSE['audit_log']}"

# What their rows say, by table: columns of text, then columns of JSON.
_TEXTS: Final = {
    "users": (("id",), ()),
    "conversations": (("id", "title"), ()),
    "sessions": (("id",), ("state_json",)),
    "user_responses": (("raw_text",), ("response",)),
    "messages": (("content", "request_id"), ("metadata",)),
    "messages_archive": (("content", "request_id"), ("metadata",)),
    "turns": (("request_id",), ("event_json", "reply_json")),
    "timers": (("name",), ()),
    "deliveries": (("id",), ("payload",)),
    "risk_detections": (("trigger_phrase", "read_as", "user_message"), ()),
    "intent_classifications": (("user_message",), ()),
    "session_summaries": ((), ("summary_data",)),
    "idempotency_cache": (("key",), ("result_data",)),
    "audit_log": (("idempotency_key", "error_message"), ("input_data", "output_data")),
    "transactions": (("idempotency_key",), ("rollback_data",)),
}
TEXTS: Final = [
    (f"SELECT {', '.join(plain + json)} FROM {table} WHERE {WHOSE[table]}", len(plain))
    for table, (plain, json) in _TEXTS.items()
]
"""Statements, each with the number of its first columns that are plain text; the others hold JSON."""

# The order matters: what hangs on sessions is found through them.
DELETE_CACHE = f"DELETE FROM idempotency_cache WHERE {WHOSE['idempotency_cache']}"
STRIP_TRANSACTIONS = f"""
UPDATE transactions SET idempotency_key = 'erased:' || lower(hex(randomblob(16))), rollback_data = NULL
WHERE {WHOSE["transactions"]}
"""
# ?3 is a JSON object of new keys by row id; a row that came to be since it was made gets one by chance. What was not
# finished never will be: nobody can tell any more whom to ask.
STRIP_AUDIT = f"""
UPDATE audit_log
SET user_id = NULL, session = NULL, status = iif(status = 'pending', 'unknown', status),
    input_data = '{{}}', output_data = NULL, error_message = NULL, private = NULL, repeats = NULL, undoes = NULL,
    owner = NULL, lease_until = NULL,
    idempotency_key = 'erased:' || coalesce(?3 ->> ('$."' || id || '"'), lower(hex(randomblob(16))))
WHERE {WHOSE["audit_log"]}
"""
DELETE_CONVERSATIONS = f"DELETE FROM conversations WHERE {WHOSE['conversations']}"
DELETE_SESSIONS = "DELETE FROM sessions WHERE user_id = ?1"
DELETE_USER = "DELETE FROM users WHERE id = ?1"
ADD_RECORD = """
INSERT INTO audit_log (idempotency_key, action, input_data, status, created_at, updated_at)
VALUES (?1, 'erase', ?2, 'success', ?3, ?3)
"""
