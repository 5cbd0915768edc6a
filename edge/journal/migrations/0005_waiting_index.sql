-- SQLite sees that a question for what waits needs only the rows of an index if the index names the state as it does.
DROP INDEX delivery_waiting;
CREATE INDEX delivery_waiting ON delivery (csms, state, charger, seq)
  WHERE state = 'waiting' OR state = 'parked';
