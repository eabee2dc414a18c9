"""Columns as statements select them, in the order of the fields of the records in `records`.

Aliases: c conversations, s sessions, t turns, m messages (or their archive), a audit_log, r risk_detections,
d deliveries. Rows that are sealed end with their hash, or with that of the turn that wrote them.
"""

from __future__ import annotations

CONVERSATION = """c.id, c.key, c.user_id, c.version, c.title, c.status, c.message_count, c.created_at, c.updated_at"""
THREAD = f"{CONVERSATION}, c.last_message_at, c.archived_at"
SESSION = """s.id, s.key, c.id, s.user_id, s.turn, s.state_json, s.status, s.current_flow, s.fsm_state,
  s.current_intent, s.created_at, s.last_activity, s.expires_at, s.completed_at, s.state_hash"""
TURN = """s.id, t.number, t.request_id, t.fingerprint, t.event_json, t.reply_json, t.flow_hash, t.caused_by,
  t.created_at, c.id, t.row_hash"""
MESSAGE = """m.id, c.id, m.number, s.id, m.turn, m.user_id, m.role, m.content, m.metadata, m.request_id, m.created_at,
  t.row_hash"""
AUDIT = """a.id, a.idempotency_key, a.user_id, s.id, a.turn, a.intent, a.action, a.input_data, a.output_data, a.status,
  a.error_message, a.created_at, a.updated_at, a.private, a.repeats, a.undoes, t.row_hash"""
DETECTION = """r.id, s.id, r.turn, r.message, r.trigger_phrase, r.span_start, r.span_end, r.read_as, r.user_message,
  r.category, r.severity, r.detector, r.detector_version, r.detected_at, r.resources_shown, r.reviewed_at,
  r.reviewed_by, r.verdict, t.row_hash"""
DELIVERY = """d.key, d.id, c.id, s.id, d.turn, d.kind, d.target, d.payload, d.status, d.attempts, d.next_attempt_at,
  d.last_error, d.created_at, d.delivered_at, t.row_hash"""
