-- A sample is found between the start and the end of its transaction: an index of its own would rewrite a page of the
-- card for each transaction that runs, at every commit.
DROP INDEX event_transaction;
CREATE INDEX event_transaction ON event (transaction_id)
  WHERE kind = 'transaction-started' OR kind = 'transaction-ended';
