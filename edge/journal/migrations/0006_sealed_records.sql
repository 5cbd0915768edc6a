-- To which group a card belonged when its session began: who pays by which tariff is decided then. NULL: it was not kept.
ALTER TABLE session ADD COLUMN token_group TEXT;
CREATE INDEX session_ended ON session (ended_ms) WHERE ended_ms IS NOT NULL;

-- What a session cost, and its charge detail record, as they were made once. Nothing here is ever changed.
CREATE TABLE record (
  transaction_id INTEGER PRIMARY KEY REFERENCES session (transaction_id),
  sealed_ms      INTEGER NOT NULL,
  account        BLOB    NOT NULL CHECK (length(account) > 0),
  cdr            BLOB    NOT NULL CHECK (length(cdr) > 0)
) STRICT;
