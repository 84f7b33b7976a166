-- +goose Up
CREATE TABLE links (
    code text PRIMARY KEY CHECK (code ~ '^[0-9A-Za-z]{4,16}$'),
    url text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2000),
    made_at timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE links;
