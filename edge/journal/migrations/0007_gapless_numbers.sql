-- OCPP 2.x numbers what it tells of a transaction, without a gap: what was told to a CSMS so far.
ALTER TABLE cloud_transaction ADD COLUMN next_seq INTEGER NOT NULL DEFAULT 1 CHECK (next_seq >= 0);

-- Whether there was no link to that CSMS when it happened: it is told so, also when it is told again.
ALTER TABLE delivery ADD COLUMN is_offline INTEGER NOT NULL DEFAULT 0 CHECK (is_offline IN (0, 1));
