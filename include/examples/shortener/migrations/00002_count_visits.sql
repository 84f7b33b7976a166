-- Expands only: the new column has a constant default, so adding it rewrites no row, and code that
-- has never heard of it goes on inserting.

-- +goose Up
ALTER TABLE links ADD COLUMN visits bigint NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE links DROP COLUMN visits;
