-- Everything that happened, in order, as JSON of the event.
CREATE TABLE event (
  seq            INTEGER PRIMARY KEY CHECK (seq > 0),
  charger        TEXT    NOT NULL,
  evse           INTEGER NOT NULL CHECK (evse >= 0),
  at_ms          INTEGER NOT NULL,
  stored_ms      INTEGER NOT NULL,
  transaction_id INTEGER,
  dedup          TEXT,
  body           BLOB    NOT NULL
) STRICT;

-- A repeated message finds what the first one made.
CREATE UNIQUE INDEX event_dedup ON event (charger, dedup) WHERE dedup IS NOT NULL;
CREATE INDEX event_transaction ON event (transaction_id) WHERE transaction_id IS NOT NULL;

-- A transaction: what bills, reports and the page read.
CREATE TABLE session (
  transaction_id INTEGER PRIMARY KEY CHECK (transaction_id > 0),
  charger        TEXT    NOT NULL,
  evse           INTEGER NOT NULL CHECK (evse > 0),
  token          TEXT    NOT NULL,
  started_ms     INTEGER NOT NULL,
  meter_start_wh INTEGER NOT NULL,
  ended_ms       INTEGER,
  meter_stop_wh  INTEGER,
  reason         TEXT,
  last_meter_wh  INTEGER,
  CHECK ((ended_ms IS NULL) = (meter_stop_wh IS NULL))
) STRICT;

CREATE INDEX session_open ON session (charger, evse) WHERE ended_ms IS NULL;

-- What each CSMS must still be told. No payload: it is rendered when it is sent.
CREATE TABLE delivery (
  csms       TEXT    NOT NULL,
  seq        INTEGER NOT NULL REFERENCES event (seq),
  charger    TEXT    NOT NULL,
  message_id TEXT    NOT NULL UNIQUE,
  state      TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'parked', 'confirmed')),
  attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  error      TEXT,
  PRIMARY KEY (csms, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_waiting ON delivery (csms, charger, seq) WHERE state <> 'confirmed';

-- What a CSMS calls a transaction of ours.
CREATE TABLE cloud_transaction (
  csms           TEXT    NOT NULL,
  transaction_id INTEGER NOT NULL REFERENCES session (transaction_id),
  cloud_id       TEXT    NOT NULL,
  PRIMARY KEY (csms, transaction_id)
) STRICT, WITHOUT ROWID;

-- Documents by kind and key: passports, device models, peaks.
CREATE TABLE document (
  kind TEXT NOT NULL,
  key  TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
