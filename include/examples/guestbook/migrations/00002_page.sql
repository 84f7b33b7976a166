-- What readers see. The service reads this view and not the table, so that a later migration
-- can change the order or add a column while older code is still running.

-- +goose Up
CREATE VIEW page AS
SELECT id, author, message, written_at
FROM entries
ORDER BY id DESC;

-- +goose Down
DROP VIEW page;
