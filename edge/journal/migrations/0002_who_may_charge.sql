-- A station begins before it asks: a start that was refused is open until the station ends it, without current.
ALTER TABLE session ADD COLUMN is_accepted INTEGER NOT NULL DEFAULT 1 CHECK (is_accepted IN (0, 1));
