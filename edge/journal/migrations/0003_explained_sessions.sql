-- Every event says what it is, so that samples can be thinned and starts and ends cannot.
CREATE TABLE event_new (
  seq            INTEGER PRIMARY KEY CHECK (seq > 0),
  kind           TEXT    NOT NULL CHECK (kind <> ''),
  charger        TEXT    NOT NULL CHECK (charger <> ''),
  evse           INTEGER NOT NULL CHECK (evse >= 0),
  at_ms          INTEGER NOT NULL,
  stored_ms      INTEGER NOT NULL,
  transaction_id INTEGER,
  dedup          TEXT    CHECK (dedup <> ''),
  body           BLOB    NOT NULL CHECK (length(body) > 0)
) STRICT;
INSERT INTO event_new
  SELECT seq, json_extract(CAST(body AS TEXT), '$.kind'), charger, evse, at_ms, stored_ms, transaction_id, dedup, body
    FROM event;
DROP TABLE event;
ALTER TABLE event_new RENAME TO event;
CREATE UNIQUE INDEX event_dedup ON event (charger, dedup) WHERE dedup IS NOT NULL;
CREATE INDEX event_transaction ON event (transaction_id) WHERE transaction_id IS NOT NULL;

-- A transaction: what bills, reports and the page read. `flags`: words with blanks between them.
-- `told_id`: what the charger called it, where that was not our id. `told_..._ms`: the time as it was believed when it
-- was written, where a clock that was set later has mended it. `..._is_sure`: the box knew its time then.
CREATE TABLE session_new (
  transaction_id   INTEGER PRIMARY KEY CHECK (transaction_id BETWEEN 1 AND 2147483647),
  charger          TEXT    NOT NULL CHECK (charger <> ''),
  evse             INTEGER NOT NULL CHECK (evse >= 0),
  token            TEXT    NOT NULL,
  started_ms       INTEGER NOT NULL,
  meter_start_wh   INTEGER NOT NULL,
  ended_ms         INTEGER,
  meter_stop_wh    INTEGER,
  reason           TEXT,
  last_meter_wh    INTEGER,
  is_accepted      INTEGER NOT NULL DEFAULT 1 CHECK (is_accepted IN (0, 1)),
  energy_wh        INTEGER CHECK (energy_wh >= 0),
  flags            TEXT    NOT NULL DEFAULT '',
  told_id          INTEGER,
  start_is_sure    INTEGER NOT NULL DEFAULT 1 CHECK (start_is_sure IN (0, 1)),
  end_is_sure      INTEGER NOT NULL DEFAULT 1 CHECK (end_is_sure IN (0, 1)),
  told_started_ms  INTEGER,
  told_ended_ms    INTEGER,
  CHECK ((ended_ms IS NULL) = (meter_stop_wh IS NULL)),
  CHECK (ended_ms IS NOT NULL OR told_ended_ms IS NULL)
) STRICT;
INSERT INTO session_new
  SELECT transaction_id, charger, evse, token, started_ms, meter_start_wh, ended_ms, meter_stop_wh, reason, last_meter_wh,
         is_accepted,
         CASE WHEN ended_ms IS NULL THEN NULL ELSE max(0, meter_stop_wh - meter_start_wh) END,
         CASE WHEN meter_stop_wh < meter_start_wh THEN 'register-fell' ELSE '' END,
         NULL, 1, 1, NULL, NULL
    FROM session;
DROP TABLE session;
ALTER TABLE session_new RENAME TO session;
CREATE INDEX session_open ON session (charger, evse) WHERE ended_ms IS NULL;
CREATE INDEX session_charger ON session (charger, transaction_id);

-- What each CSMS must still be told. `is_as_told`: it may have heard of it before the clock was set, so it hears the same
-- again. No index on the message ids, which are random: each would rewrite a page of the card anywhere.
CREATE TABLE delivery_new (
  seq        INTEGER NOT NULL REFERENCES event (seq),
  csms       TEXT    NOT NULL CHECK (csms <> ''),
  charger    TEXT    NOT NULL CHECK (charger <> ''),
  message_id TEXT    NOT NULL CHECK (length(message_id) = 36),
  state      TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'parked', 'confirmed')),
  attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  is_as_told INTEGER NOT NULL DEFAULT 0 CHECK (is_as_told IN (0, 1)),
  error      TEXT,
  PRIMARY KEY (seq, csms)
) STRICT, WITHOUT ROWID;
INSERT INTO delivery_new
  SELECT seq, csms, charger, message_id, state, attempts, 0, error
    FROM delivery;
DROP TABLE delivery;
ALTER TABLE delivery_new RENAME TO delivery;
CREATE INDEX delivery_waiting ON delivery (csms, state, charger, seq) WHERE state <> 'confirmed';

CREATE INDEX cloud_transaction_name ON cloud_transaction (csms, cloud_id);

-- The wall clock, stretch by stretch: within one it runs on evenly. An event belongs to the last stretch that begins at or
-- before its seq. `correction_ms`: what its times were wrong by, once somebody knows.
CREATE TABLE clock_stretch (
  first_seq     INTEGER NOT NULL PRIMARY KEY CHECK (first_seq > 0),
  boot          TEXT    NOT NULL,
  wall_ms       INTEGER NOT NULL,
  mono_ms       INTEGER NOT NULL,
  is_sure       INTEGER NOT NULL CHECK (is_sure IN (0, 1)),
  ended_ms      INTEGER,
  correction_ms INTEGER
) STRICT;
