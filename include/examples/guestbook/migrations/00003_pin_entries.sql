-- Pinned entries come first. Expands only: the new column has a constant default, so adding it
-- rewrites no row and code that has never heard of it goes on inserting.

-- +goose Up
ALTER TABLE entries ADD COLUMN pinned boolean NOT NULL DEFAULT false;

CREATE OR REPLACE VIEW page AS
SELECT id, author, message, written_at, pinned
FROM entries
ORDER BY pinned DESC, id DESC;

-- +goose Down
-- A view can gain columns in place, but not lose them.
DROP VIEW page;

CREATE VIEW page AS
SELECT id, author, message, written_at
FROM entries
ORDER BY id DESC;

ALTER TABLE entries DROP COLUMN pinned;
