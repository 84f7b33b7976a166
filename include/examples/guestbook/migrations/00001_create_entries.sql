-- +goose Up
CREATE TABLE entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    author text NOT NULL CHECK (char_length(author) BETWEEN 1 AND 80),
    message text NOT NULL CHECK (char_length(message) BETWEEN 1 AND 1000),
    written_at timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE entries;
