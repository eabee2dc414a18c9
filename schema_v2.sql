-- The SQLite schema of fsm_engine, version 2: complete, and runnable by itself into an empty database:
--     sqlite3 bot.db < schema_v2.sql
-- It is one transaction, so a database has all of it or nothing.
--
-- * Outside ids are text; inside, every conversation and session has a rising integer key, and rows that belong to one carry it.
-- * Order is by a session's own numbers, never by time. Times are UTC text: 2026-01-31T09:30:00.000000Z.
-- * Turns and messages are appended to tables with a rowid and found through their key: clustered by session (WITHOUT ROWID)
--   every turn of a batch dirtied pages of its own; measured with 50,000 sessions that was 2 to 4 times slower and 3 times as large.
-- * What every turn changes stands in as few indexes as the look-ups need; indexes of rare states are partial.
-- * Each connection must say `PRAGMA foreign_keys = ON`: deleting a user, conversation or session deletes what belongs to it.

BEGIN IMMEDIATE;

PRAGMA application_id = 1179864389;  -- 'FSME'
PRAGMA user_version = 2;

------------------------------------------------------------------------------------------------------------------------
-- Who talks, in which thread, in which run of dialogue

CREATE TABLE users (
  id         TEXT PRIMARY KEY,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
  key             INTEGER PRIMARY KEY,
  id              TEXT NOT NULL UNIQUE,
  user_id         TEXT REFERENCES users (id) ON DELETE CASCADE,
  version         INTEGER NOT NULL DEFAULT 0,  -- rises with every turn; a turn commits only on the version it was computed from
  title           TEXT CHECK (length(title) <= 200),
  status          TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived', 'closed', 'deleted')),
  message_count   INTEGER NOT NULL DEFAULT 0,  -- messages that are here now
  last_message    INTEGER NOT NULL DEFAULT 0,  -- the highest message number ever given
  created_at      TEXT NOT NULL,
  updated_at      TEXT NOT NULL,
  last_message_at TEXT,
  archived_at     TEXT
) STRICT;
CREATE INDEX conversations_of_user ON conversations (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX conversations_by_status ON conversations (status);

-- Whoever writes again has an archived, closed or deleted conversation open again.
CREATE TRIGGER conversations_reopen AFTER UPDATE OF last_message ON conversations WHEN NEW.status <> 'active' BEGIN
  UPDATE conversations SET status = 'active', archived_at = NULL WHERE key = NEW.key;
END;

CREATE TABLE sessions (
  key            INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: messages name it longer than it is there
  id             TEXT NOT NULL UNIQUE,
  conversation   INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
  user_id        TEXT REFERENCES users (id) ON DELETE CASCADE,
  turn           INTEGER NOT NULL,  -- number of the last turn, from 1
  state_json     TEXT NOT NULL,
  state_hash     BLOB NOT NULL,     -- keyed hashes over what this row says: damage is noticed when the row is read
  status         TEXT NOT NULL CHECK (status IN ('active', 'completed', 'cancelled', 'handed_off', 'expired')),
  current_flow   TEXT,
  fsm_state      TEXT,
  current_intent TEXT,
  created_at     TEXT NOT NULL,
  last_activity  TEXT NOT NULL,
  expires_at     TEXT,
  completed_at   TEXT
) STRICT;
CREATE INDEX sessions_of_conversation ON sessions (conversation);
CREATE INDEX sessions_of_user ON sessions (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_by_status ON sessions (status);
CREATE INDEX sessions_by_last_activity ON sessions (last_activity);
CREATE INDEX sessions_by_expiry ON sessions (expires_at) WHERE status = 'active' AND expires_at IS NOT NULL;

-- A process that still holds a deleted session finds its version gone, and loads anew.
CREATE TRIGGER sessions_are_missed AFTER DELETE ON sessions BEGIN
  UPDATE conversations SET version = version + 1 WHERE key = OLD.conversation;
END;

CREATE TABLE user_responses (
  session       INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
  flow          TEXT NOT NULL,
  step          TEXT NOT NULL,
  slot          TEXT NOT NULL,
  response      TEXT NOT NULL,      -- JSON of the answer as understood
  raw_text      TEXT NOT NULL,
  attempt_count INTEGER NOT NULL,
  created_at    TEXT NOT NULL,
  updated_at    TEXT NOT NULL,
  row_hash      TEXT NOT NULL,      -- keyed hash over the answer
  PRIMARY KEY (session, flow, step)
) STRICT, WITHOUT ROWID;

------------------------------------------------------------------------------------------------------------------------
-- What was said

-- A message may outlive its session: `session` is then the key of one that is gone.
CREATE TABLE messages (
  id           INTEGER PRIMARY KEY,
  conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
  number       INTEGER NOT NULL,
  session      INTEGER,
  turn         INTEGER,
  user_id      TEXT,
  role         TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
  content      TEXT NOT NULL,
  metadata     TEXT NOT NULL,
  request_id   TEXT,
  created_at   TEXT NOT NULL,
  UNIQUE (conversation, number)
) STRICT;

CREATE TRIGGER messages_are_append_only BEFORE UPDATE ON messages BEGIN
  SELECT RAISE(ABORT, 'messages are append-only');
END;

CREATE TRIGGER messages_are_counted AFTER DELETE ON messages BEGIN
  UPDATE conversations SET message_count = message_count - 1 WHERE key = OLD.conversation;
END;

-- Full-text search. Writing the index in the turn cost 9 to 18 % of it, so the index lags behind: whoever searches brings it up
-- to date first. The words of thread and owner, 'c' with the conversation's key and 'u' with the user's id in hexadecimal, let a
-- search look at the messages of one of them only. Of a longer message its first 10,000 characters are indexed.
--
-- The index is in parts, each over a range of message ids, tables of their own that are made as they are needed. FTS5 goes
-- through all entries of a word in one go when it merges: with one table for all, a merge took 0.1 s among 300,000 messages
-- and 1.6 s among ten million. A part with words of deleted messages is stale: what is left of its messages is indexed anew in
-- another part, little by little, and the part goes. Numbers are never given twice, as somebody may still be emptying a part.
CREATE TABLE search_parts (
  number    INTEGER PRIMARY KEY AUTOINCREMENT,  -- of its table, messages_index_<number>
  first_id  INTEGER NOT NULL,
  last_id   INTEGER NOT NULL,  -- below first_id: it holds nothing. Never above the highest message, whose successor comes next
  filled_to INTEGER NOT NULL,  -- the highest id ever indexed in it; where it is above last_id, nothing more comes in
  entries   INTEGER NOT NULL,  -- messages that were indexed in it
  is_stale  INTEGER NOT NULL CHECK (is_stale IN (0, 1))
) STRICT;
CREATE INDEX search_parts_by_last_id ON search_parts (last_id);

CREATE VIEW messages_to_index (id, content, thread, owner) AS
SELECT id, substr(content, 1, 10000), 'c' || conversation, 'u' || hex(user_id) FROM messages;

-- Beginnings of words of up to eight letters are words of the index as well: a search for 'acc' took 170 ms for every million
-- messages without them, and 0.2 ms with them; indexing a message takes 25 µs instead of 4, and 290 bytes instead of 60.
CREATE VIRTUAL TABLE messages_index_1 USING fts5 (
  content, thread, owner, content = 'messages_to_index', content_rowid = 'id', columnsize = 0,
  tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3 4 5 6 7 8'
);
-- What a part is made of is merged in steps of their own, between batches, and never by FTS5 in the middle of one.
INSERT INTO messages_index_1 (messages_index_1, rank) VALUES ('automerge', 0), ('crisismerge', 1999);
INSERT INTO search_parts VALUES (1, 1, 0, 0, 0, 0);

CREATE TRIGGER messages_leave_the_index AFTER DELETE ON messages BEGIN
  UPDATE search_parts SET is_stale = 1
  WHERE is_stale = 0 AND number = (
    SELECT number FROM search_parts WHERE last_id >= OLD.id AND first_id <= OLD.id ORDER BY last_id LIMIT 1
  );
  UPDATE search_parts SET last_id = coalesce((SELECT max(id) FROM messages), 0), is_stale = 1
  WHERE last_id > coalesce((SELECT max(id) FROM messages), 0);
END;

CREATE TABLE messages_archive (
  id           INTEGER PRIMARY KEY,  -- its own
  conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
  number       INTEGER NOT NULL,
  session      INTEGER,
  turn         INTEGER,
  user_id      TEXT,
  role         TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
  content      TEXT NOT NULL,
  metadata     TEXT NOT NULL,
  request_id   TEXT,
  created_at   TEXT NOT NULL,
  archived_at  TEXT NOT NULL,
  UNIQUE (conversation, number)
) STRICT;

------------------------------------------------------------------------------------------------------------------------
-- The journal: enough to replay a session byte for byte

CREATE TABLE turns (
  session      INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
  number       INTEGER NOT NULL,
  conversation INTEGER NOT NULL,
  request_id   TEXT,
  fingerprint  TEXT,
  event_json   TEXT NOT NULL,
  reply_json   TEXT NOT NULL,
  row_hash     BLOB NOT NULL,  -- keyed hashes over this line and over each message, finding and action that the turn wrote
  flow_hash    TEXT NOT NULL,
  caused_by    INTEGER,        -- number of the turn whose action this turn reports
  created_at   TEXT NOT NULL,
  PRIMARY KEY (session, number)
) STRICT;
CREATE UNIQUE INDEX turns_by_request ON turns (conversation, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX turns_by_cause ON turns (session, caused_by) WHERE caused_by IS NOT NULL;

CREATE TABLE flow_versions (
  hash       TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  version    INTEGER NOT NULL,
  source     TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

-- When something is due; what is said then stands in the session's state, under the same name.
CREATE TABLE timers (
  session    INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  flow       TEXT NOT NULL,
  step       TEXT NOT NULL,
  due_at     TEXT NOT NULL,
  status     TEXT NOT NULL CHECK (status IN ('pending', 'fired', 'cancelled')),
  created_at TEXT NOT NULL,
  fired_at   TEXT,
  PRIMARY KEY (session, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due_at) WHERE status = 'pending';

-- The outbox: what must reach somebody while nobody waits for a reply. Its row is written with the turn that it belongs to.
CREATE TABLE deliveries (
  key             INTEGER PRIMARY KEY,
  id              TEXT NOT NULL UNIQUE,  -- the same at every attempt: who receives one twice can tell
  session         INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
  turn            INTEGER NOT NULL,
  kind            TEXT NOT NULL CHECK (kind IN ('messages', 'notify')),
  target          TEXT,                  -- who is notified, by the name in the risk policy; NULL: the conversation
  payload         TEXT NOT NULL,         -- JSON of the messages, or of what was found
  status          TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'given_up')),
  attempts        INTEGER NOT NULL,
  next_attempt_at TEXT NOT NULL,         -- of one that is being handed over: when others may try
  last_error      TEXT,                  -- a code
  created_at      TEXT NOT NULL,
  delivered_at    TEXT
) STRICT;
CREATE INDEX deliveries_of_session ON deliveries (session);
CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE status = 'pending';

------------------------------------------------------------------------------------------------------------------------
-- What was found in what was said

CREATE TABLE risk_detections (
  id               INTEGER PRIMARY KEY,
  session          INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
  turn             INTEGER NOT NULL,
  message          INTEGER REFERENCES messages (id) ON DELETE SET NULL,
  trigger_phrase   TEXT NOT NULL,         -- as typed
  span_start       INTEGER,               -- where it stands in the message, in characters; NULL: not told
  span_end         INTEGER,               -- where it ends, itself not included
  read_as          TEXT,                  -- the plain words seen in it; NULL: those that were typed
  user_message     TEXT NOT NULL,
  category         TEXT NOT NULL,
  severity         TEXT NOT NULL CHECK (severity IN ('low', 'medium', 'high')),
  detector         TEXT NOT NULL,
  detector_version TEXT NOT NULL,
  detected_at      TEXT NOT NULL,
  resources_shown  INTEGER NOT NULL CHECK (resources_shown IN (0, 1)),
  reviewed_at      TEXT,
  reviewed_by      TEXT,
  verdict          TEXT CHECK (verdict IN ('true_alarm', 'false_alarm')),
  CHECK ((reviewed_at IS NULL) = (reviewed_by IS NULL) AND (reviewed_at IS NULL) = (verdict IS NULL)),
  CHECK ((span_start IS NULL) = (span_end IS NULL) AND (span_start IS NULL OR 0 <= span_start AND span_start < span_end))
) STRICT;
CREATE INDEX risk_detections_of_session ON risk_detections (session);
CREATE INDEX risk_detections_by_date ON risk_detections (detected_at);
CREATE INDEX risk_detections_of_message ON risk_detections (message) WHERE message IS NOT NULL;
CREATE INDEX risk_detections_to_review ON risk_detections (id) WHERE reviewed_at IS NULL;

CREATE TABLE intent_classifications (
  session           INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
  turn              INTEGER NOT NULL,
  user_message      TEXT NOT NULL,
  classified_intent TEXT,
  confidence        REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  method            TEXT NOT NULL CHECK (method IN ('rule_based', 'ml', 'hybrid')),
  fsm_state         TEXT,
  created_at        TEXT NOT NULL,
  PRIMARY KEY (session, turn)
) STRICT;

------------------------------------------------------------------------------------------------------------------------
-- What was done in the world. The audit outlives the session that it tells of.

CREATE TABLE audit_log (
  id              INTEGER PRIMARY KEY,
  idempotency_key TEXT NOT NULL UNIQUE,
  user_id         TEXT,
  session         INTEGER REFERENCES sessions (key) ON DELETE SET NULL,
  turn            INTEGER,
  intent          TEXT,
  action          TEXT NOT NULL,
  input_data      TEXT NOT NULL,
  output_data     TEXT,
  status          TEXT NOT NULL CHECK (status IN ('pending', 'success', 'failure', 'rolled_back', 'unknown', 'stuck')),
  error_message   TEXT,
  created_at      TEXT NOT NULL,
  updated_at      TEXT NOT NULL,
  private         TEXT,                        -- JSON array: the slots of `input_data` that people read masked
  repeats         TEXT,                        -- key of the action whose result was given again: this one was not run
  undoes          TEXT,                        -- key of the action that this one takes back
  owner           TEXT,                        -- which engine runs it, while it is pending
  lease_until     TEXT,                        -- until when nobody else may take it over
  fence           INTEGER NOT NULL DEFAULT 0   -- rises with every take-over: the result of the last holder alone counts
) STRICT;
CREATE INDEX audit_log_of_user ON audit_log (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_log_of_session ON audit_log (session) WHERE session IS NOT NULL;
CREATE INDEX audit_log_by_time ON audit_log (created_at);
CREATE INDEX audit_log_by_intent ON audit_log (intent);
CREATE INDEX audit_log_by_status ON audit_log (status);

-- A user who is deleted leaves a record that something happened, not of whom or with what.
CREATE TRIGGER audit_forgets_users AFTER DELETE ON users BEGIN
  UPDATE transactions SET rollback_data = NULL WHERE audit_log_id IN (SELECT id FROM audit_log WHERE user_id = OLD.id);
  UPDATE audit_log
  SET user_id = NULL, input_data = '{}', output_data = NULL, error_message = NULL, private = NULL WHERE user_id = OLD.id;
  DELETE FROM idempotency_cache WHERE user_id = OLD.id;
END;

CREATE TABLE idempotency_cache (
  key         TEXT PRIMARY KEY,
  user_id     TEXT,
  result_data TEXT NOT NULL,
  created_at  TEXT NOT NULL,
  expires_at  TEXT NOT NULL,
  first_key   TEXT,  -- the action whose result it is
  conversation INTEGER REFERENCES conversations (key) ON DELETE CASCADE
) STRICT;
CREATE INDEX idempotency_cache_of_user ON idempotency_cache (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX idempotency_cache_of_conversation ON idempotency_cache (conversation) WHERE conversation IS NOT NULL;
CREATE INDEX idempotency_cache_by_first ON idempotency_cache (first_key) WHERE first_key IS NOT NULL;
CREATE INDEX idempotency_cache_by_expiry ON idempotency_cache (expires_at);

CREATE TABLE transactions (
  id              INTEGER PRIMARY KEY,
  idempotency_key TEXT NOT NULL UNIQUE,
  audit_log_id    INTEGER NOT NULL REFERENCES audit_log (id) ON DELETE CASCADE,
  status          TEXT NOT NULL CHECK (status IN ('pending', 'completed', 'failed', 'rolled_back', 'stuck')),
  rollback_data   TEXT,
  created_at      TEXT NOT NULL,
  updated_at      TEXT NOT NULL
) STRICT;
CREATE INDEX transactions_of_audit ON transactions (audit_log_id);

------------------------------------------------------------------------------------------------------------------------
-- What is made of it

CREATE TABLE session_summaries (
  id           INTEGER PRIMARY KEY,
  session      INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
  summary_type TEXT NOT NULL CHECK (summary_type IN ('partial', 'complete')),
  summary_data TEXT NOT NULL,
  generated_at TEXT NOT NULL
) STRICT;
CREATE INDEX session_summaries_of_session ON session_summaries (session);

-- What a session has collected so far: what a summary of it says.
CREATE VIEW summary_of_session (session, summary_type, summary_data) AS
SELECT s.key, iif(s.status = 'completed', 'complete', 'partial'), json_object(
  'status', s.status, 'flow', s.current_flow, 'step', s.fsm_state, 'turns', s.turn,
  'started_at', s.created_at, 'last_activity', s.last_activity, 'completed_at', s.completed_at,
  'answers', json((
    SELECT json_group_array(json_object('flow', flow, 'step', step, 'slot', slot, 'value', json(response)))
    FROM (SELECT * FROM user_responses WHERE session = s.key ORDER BY created_at, flow, step)
  ))
)
FROM sessions AS s;

CREATE TABLE analytics (
  id            INTEGER PRIMARY KEY,
  event_type    TEXT NOT NULL,
  event_data    TEXT NOT NULL,
  session_count INTEGER NOT NULL DEFAULT 1,
  timestamp     TEXT NOT NULL
) STRICT;
CREATE INDEX analytics_by_type ON analytics (event_type, timestamp);

------------------------------------------------------------------------------------------------------------------------
-- The intake: one INSERT writes a whole turn, so that a lone turn is one statement (its own transaction, with the write lock
-- from the start) and a batch of turns is the same statement with more rows. These views hold nothing.
--
-- These are JSON arrays of objects, NULL when there are none:
-- messages    role, content, metadata_json               user_message: the place, from 1, of the user's among them
-- answers     flow, step, slot, response_json, raw, attempts, row_hash
-- removed     flow, step
-- detections  phrase, user_message, category, level, detector, detector_version, resources_shown
-- audit       key, intent, action, input_json, output_json, status, error; and, of an action that is about to run, private,
--             undoes, owner, lease_until, fence; of one that has ended, fence, repeats, effect (the status of its
--             transaction), rollback_json, cache_key, cache_until, undoes, undone_as (the status of what it took back)
-- deliveries  id, kind, target, payload_json
-- timers      name, flow, step, due_at, status, session_id: NULL for the session of the turn

CREATE VIEW turn_intake (
  conversation_id, base_version, user_id, title, session_id, turn, state_json, state_hash, status, flow, step, intent, now,
  expires_at, completed_at, request_id, fingerprint, event_json, reply_json, row_hash, flow_hash, caused_by,
  message_total, messages, user_message, answers, removed, detections, audit, deliveries, timers,
  heard, heard_intent, confidence, method, heard_at_step, closes_session, closes_as, drop_messages, after_session
) AS SELECT
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- The same turn once its conversation and session are known by key; `before` is the last message number before this turn.
-- What few turns have stands in `turn_extras`: a statement that finds nothing to do costs as much as one that writes a row.

CREATE VIEW turn_details (
  conversation, session, before, user_id, turn, now, request_id, fingerprint, event_json, reply_json, row_hash, flow_hash,
  caused_by, messages, user_message, answers, removed, detections, audit, deliveries, timers,
  heard, heard_intent, confidence, method, heard_at_step, completes, drop_messages
) AS SELECT
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL;

CREATE VIEW turn_extras (
  conversation, session, user_id, turn, now, user_message, removed, detections, audit, deliveries, timers, completes,
  drop_messages
) AS SELECT
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

CREATE VIEW turn_actions (conversation, session, user_id, turn, now, audit) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL;

CREATE TRIGGER turn_intake_writes INSTEAD OF INSERT ON turn_intake BEGIN
  INSERT INTO users (id, created_at)
  SELECT NEW.user_id, NEW.now WHERE NEW.turn = 1 AND NEW.user_id IS NOT NULL
  ON CONFLICT DO NOTHING;

  INSERT INTO conversations (id, user_id, title, created_at, updated_at)
  SELECT NEW.conversation_id, NEW.user_id, NEW.title, NEW.now, NEW.now WHERE NEW.base_version = 0;

  UPDATE conversations
  SET version = version + 1, message_count = message_count + NEW.message_total,
      last_message = last_message + NEW.message_total, updated_at = NEW.now,
      last_message_at = iif(NEW.message_total > 0, NEW.now, last_message_at)
  WHERE id = NEW.conversation_id AND version = NEW.base_version
    -- A conversation that was deleted and begun again can be at the same version, but not have had the same session.
    AND (NEW.after_session IS NULL
      OR EXISTS (SELECT 1 FROM sessions WHERE id = NEW.after_session AND conversation = conversations.key));
  SELECT RAISE(ABORT, 'version conflict') WHERE changes() = 0;

  UPDATE sessions
  SET status = NEW.closes_as, completed_at = iif(NEW.closes_as = 'expired', NULL, NEW.now)
  WHERE id = NEW.closes_session
    AND conversation = (SELECT key FROM conversations WHERE id = NEW.conversation_id);

  INSERT INTO sessions (id, conversation, user_id, turn, state_json, state_hash, status, current_flow, fsm_state,
                        current_intent, created_at, last_activity, expires_at, completed_at)
  SELECT NEW.session_id, key, NEW.user_id, 1, NEW.state_json, NEW.state_hash, NEW.status, NEW.flow, NEW.step,
         NEW.intent, NEW.now, NEW.now, NEW.expires_at, NEW.completed_at
  FROM conversations WHERE id = NEW.conversation_id AND NEW.turn = 1
  -- One that `sessions.create` made and that has had no turn yet.
  ON CONFLICT (id) DO UPDATE
  SET turn = 1, state_json = excluded.state_json, state_hash = excluded.state_hash, status = excluded.status,
      current_flow = excluded.current_flow, fsm_state = excluded.fsm_state, current_intent = excluded.current_intent,
      last_activity = excluded.last_activity, expires_at = excluded.expires_at, completed_at = excluded.completed_at
  WHERE turn = 0 AND conversation = excluded.conversation;

  UPDATE sessions
  SET turn = NEW.turn, state_json = NEW.state_json, state_hash = NEW.state_hash, current_flow = NEW.flow,
      fsm_state = NEW.step, current_intent = NEW.intent, last_activity = NEW.now, expires_at = NEW.expires_at,
      completed_at = NEW.completed_at
  WHERE id = NEW.session_id AND turn = NEW.turn - 1 AND NEW.turn > 1
    AND conversation = (SELECT key FROM conversations WHERE id = NEW.conversation_id);
  SELECT RAISE(ABORT, 'the conversation has no such session at the turn before') WHERE changes() = 0 AND NEW.turn > 1;
  -- Apart, because naming a column in an UPDATE rewrites its indexes even when the value stays.
  UPDATE sessions SET status = NEW.status WHERE id = NEW.session_id AND status <> NEW.status;

  INSERT INTO turn_details
  SELECT c.key, s.key, c.last_message - NEW.message_total, NEW.user_id, NEW.turn, NEW.now, NEW.request_id,
         NEW.fingerprint, NEW.event_json, NEW.reply_json, NEW.row_hash, NEW.flow_hash, NEW.caused_by,
         NEW.messages, NEW.user_message, NEW.answers, NEW.removed, NEW.detections, NEW.audit, NEW.deliveries, NEW.timers,
         NEW.heard, NEW.heard_intent, NEW.confidence, NEW.method, NEW.heard_at_step, NEW.status = 'completed',
         NEW.drop_messages
  FROM sessions AS s JOIN conversations AS c ON c.key = s.conversation WHERE s.id = NEW.session_id;
END;

CREATE TRIGGER turn_details_write INSTEAD OF INSERT ON turn_details BEGIN
  INSERT INTO turns (session, number, conversation, request_id, fingerprint, event_json, reply_json, row_hash, flow_hash,
                     caused_by, created_at)
  VALUES (NEW.session, NEW.turn, NEW.conversation, NEW.request_id, NEW.fingerprint, NEW.event_json, NEW.reply_json,
          NEW.row_hash, NEW.flow_hash, NEW.caused_by, NEW.now);

  INSERT INTO messages (conversation, number, session, turn, user_id, role, content, metadata, request_id, created_at)
  SELECT NEW.conversation, NEW.before + 1 + key, NEW.session, NEW.turn, NEW.user_id, json_extract(value, '$.role'),
         json_extract(value, '$.content'), json_extract(value, '$.metadata_json'),
         -- What an action led to belongs to the request that asked for the action.
         coalesce(NEW.request_id, (SELECT request_id FROM turns WHERE session = NEW.session AND number = NEW.caused_by)),
         NEW.now
  FROM json_each(NEW.messages);

  INSERT INTO user_responses (session, flow, step, slot, response, raw_text, attempt_count, created_at, updated_at,
                              row_hash)
  SELECT NEW.session, json_extract(value, '$.flow'), json_extract(value, '$.step'), json_extract(value, '$.slot'),
         json_extract(value, '$.response_json'), json_extract(value, '$.raw'), json_extract(value, '$.attempts'),
         NEW.now, NEW.now, json_extract(value, '$.row_hash')
  FROM json_each(NEW.answers) WHERE true
  ON CONFLICT (session, flow, step) DO UPDATE
  SET slot = excluded.slot, response = excluded.response, raw_text = excluded.raw_text,
      attempt_count = excluded.attempt_count, updated_at = excluded.updated_at, row_hash = excluded.row_hash;

  INSERT INTO intent_classifications (session, turn, user_message, classified_intent, confidence, method, fsm_state,
                                      created_at)
  SELECT NEW.session, NEW.turn, NEW.heard, NEW.heard_intent, NEW.confidence, NEW.method, NEW.heard_at_step, NEW.now
  WHERE NEW.method IS NOT NULL;

  INSERT INTO turn_extras
  SELECT NEW.conversation, NEW.session, NEW.user_id, NEW.turn, NEW.now, NEW.before + NEW.user_message, NEW.removed,
         NEW.detections, NEW.audit, NEW.deliveries, NEW.timers, NEW.completes, NEW.drop_messages
  WHERE NEW.completes OR NEW.drop_messages
    OR coalesce(NEW.removed, NEW.detections, NEW.audit, NEW.deliveries, NEW.timers) IS NOT NULL;
END;

CREATE TRIGGER turn_extras_write INSTEAD OF INSERT ON turn_extras BEGIN
  DELETE FROM user_responses
  WHERE session = NEW.session
    AND (flow, step) IN (SELECT json_extract(value, '$.flow'), json_extract(value, '$.step') FROM json_each(NEW.removed));

  INSERT INTO risk_detections (session, turn, message, trigger_phrase, span_start, span_end, read_as, user_message,
                               category, severity, detector, detector_version, resources_shown, detected_at)
  SELECT NEW.session, NEW.turn,
         (SELECT id FROM messages WHERE conversation = NEW.conversation AND number = NEW.user_message),
         json_extract(value, '$.phrase'), json_extract(value, '$.start'), json_extract(value, '$.end'),
         json_extract(value, '$.read_as'), json_extract(value, '$.user_message'), json_extract(value, '$.category'),
         json_extract(value, '$.level'), json_extract(value, '$.detector'), json_extract(value, '$.detector_version'),
         json_extract(value, '$.resources_shown'), NEW.now
  FROM json_each(NEW.detections);

  INSERT INTO turn_actions
  SELECT NEW.conversation, NEW.session, NEW.user_id, NEW.turn, NEW.now, NEW.audit WHERE NEW.audit IS NOT NULL;

  INSERT INTO deliveries (id, session, turn, kind, target, payload, status, attempts, next_attempt_at, created_at)
  SELECT json_extract(value, '$.id'), NEW.session, NEW.turn, json_extract(value, '$.kind'),
         json_extract(value, '$.target'), json_extract(value, '$.payload_json'), 'pending', 0, NEW.now, NEW.now
  FROM json_each(NEW.deliveries);

  INSERT INTO timers (session, name, flow, step, due_at, status, created_at, fired_at)
  SELECT coalesce((SELECT key FROM sessions WHERE id = json_extract(value, '$.session_id')), NEW.session),
         json_extract(value, '$.name'), json_extract(value, '$.flow'), json_extract(value, '$.step'),
         json_extract(value, '$.due_at'), json_extract(value, '$.status'), NEW.now,
         iif(json_extract(value, '$.status') = 'fired', NEW.now, NULL)
  FROM json_each(NEW.timers) WHERE true
  ON CONFLICT (session, name) DO UPDATE
  SET due_at = excluded.due_at, status = excluded.status, fired_at = excluded.fired_at;

  -- A session that is completed may still have turns that nobody sent: what it was to remind of.
  INSERT INTO session_summaries (session, summary_type, summary_data, generated_at)
  SELECT session, summary_type, summary_data, NEW.now FROM summary_of_session
  WHERE NEW.completes AND session = NEW.session
    AND NOT EXISTS (SELECT 1 FROM session_summaries WHERE session = NEW.session AND summary_type = 'complete');

  DELETE FROM messages
  WHERE NEW.drop_messages AND conversation = NEW.conversation AND session = NEW.session;
END;

CREATE TRIGGER turn_actions_write INSTEAD OF INSERT ON turn_actions BEGIN
  -- Somebody else has taken the action over, or has ended it.
  SELECT RAISE(ABORT, 'version conflict')
  FROM json_each(NEW.audit) AS e CROSS JOIN audit_log AS a ON a.idempotency_key = json_extract(e.value, '$.key')
  WHERE json_extract(e.value, '$.fence') <> a.fence OR json_extract(e.value, '$.fence') > 0 AND a.status <> 'pending';

  INSERT INTO audit_log (idempotency_key, user_id, session, turn, intent, action, input_data, output_data, status,
                         error_message, created_at, updated_at, private, repeats, undoes, owner, lease_until, fence)
  SELECT json_extract(value, '$.key'), NEW.user_id, NEW.session, NEW.turn, json_extract(value, '$.intent'),
         json_extract(value, '$.action'), json_extract(value, '$.input_json'), json_extract(value, '$.output_json'),
         json_extract(value, '$.status'), json_extract(value, '$.error'), NEW.now, NEW.now,
         json_extract(value, '$.private'), json_extract(value, '$.repeats'), json_extract(value, '$.undoes'),
         json_extract(value, '$.owner'), json_extract(value, '$.lease_until'),
         coalesce(json_extract(value, '$.fence'), 0)
  FROM json_each(NEW.audit) WHERE true
  ON CONFLICT (idempotency_key) DO UPDATE
  SET output_data = excluded.output_data, status = excluded.status, error_message = excluded.error_message,
      updated_at = excluded.updated_at, repeats = excluded.repeats, owner = NULL, lease_until = NULL, fence = 0;

  INSERT INTO transactions (idempotency_key, audit_log_id, status, rollback_data, created_at, updated_at)
  SELECT a.idempotency_key, a.id, json_extract(value, '$.effect'), json_extract(value, '$.rollback_json'), NEW.now,
         NEW.now
  FROM json_each(NEW.audit) AS e CROSS JOIN audit_log AS a ON a.idempotency_key = json_extract(e.value, '$.key')
  WHERE json_extract(value, '$.effect') IS NOT NULL;

  INSERT INTO idempotency_cache (key, user_id, result_data, created_at, expires_at, first_key, conversation)
  SELECT json_extract(value, '$.cache_key'), NEW.user_id, json_extract(value, '$.output_json'), NEW.now,
         json_extract(value, '$.cache_until'), json_extract(value, '$.key'), NEW.conversation
  FROM json_each(NEW.audit) WHERE json_extract(value, '$.cache_key') IS NOT NULL
  ON CONFLICT (key) DO UPDATE
  SET user_id = excluded.user_id, result_data = excluded.result_data, created_at = excluded.created_at,
      expires_at = excluded.expires_at, first_key = excluded.first_key, conversation = excluded.conversation
  WHERE idempotency_cache.expires_at <= excluded.created_at;

  -- What an undo took back, or could not: the same request may then be made anew. By key, and not by any other index.
  UPDATE transactions
  SET updated_at = NEW.now, status = (
    SELECT json_extract(value, '$.undone_as') FROM json_each(NEW.audit)
    WHERE json_extract(value, '$.undoes') = transactions.idempotency_key)
  WHERE +status = 'completed' AND idempotency_key IN (
    SELECT json_extract(value, '$.undoes') FROM json_each(NEW.audit)
    WHERE json_extract(value, '$.undone_as') IS NOT NULL);
  UPDATE audit_log SET status = 'rolled_back', updated_at = NEW.now
  WHERE +status = 'success' AND idempotency_key IN (
    SELECT json_extract(value, '$.undoes') FROM json_each(NEW.audit)
    WHERE json_extract(value, '$.undone_as') = 'rolled_back');
  DELETE FROM idempotency_cache WHERE first_key IN (
    SELECT json_extract(value, '$.undoes') FROM json_each(NEW.audit)
    WHERE json_extract(value, '$.undone_as') IS NOT NULL);
END;

COMMIT;

PRAGMA journal_mode = WAL;
