"""The schema goes up, down to nothing, and up again."""

from __future__ import annotations

import psycopg2
import pytest

from tests import goose

RELATIONS = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"


def test_each_migration_has_both_halves() -> None:
    assert all(set(migration) == {"Up", "Down"} for migration in goose.migrations())


def test_down_leaves_nothing_and_up_works_again(empty_url: str) -> None:
    connection = psycopg2.connect(empty_url)
    goose.up(connection)
    goose.down(connection)
    with connection.cursor() as cursor:
        cursor.execute(RELATIONS)
        assert cursor.fetchone() == (0,)
    goose.up(connection)
    connection.close()


def test_entries_survive_the_last_migration_and_its_reversal(empty_url: str) -> None:
    *earlier, last = goose.migrations()
    connection = psycopg2.connect(empty_url)
    with connection, connection.cursor() as cursor:
        for migration in earlier:
            cursor.execute(migration["Up"])
        cursor.execute("INSERT INTO entries (author, message) VALUES ('Ada', 'before')")
        cursor.execute(last["Up"])
        cursor.execute("INSERT INTO entries (author, message) VALUES ('Bob', 'after')")
        cursor.execute(last["Down"])
        cursor.execute("SELECT message FROM entries ORDER BY id DESC")
        assert cursor.fetchall() == [("after",), ("before",)]
    connection.close()


@pytest.mark.parametrize(("author", "message"), [("", "hello"), ("Ada", ""), ("A" * 81, "hello")])
def test_the_schema_itself_refuses_what_makes_no_sense(
    other: psycopg2.extensions.connection, author: str, message: str
) -> None:
    with pytest.raises(psycopg2.errors.CheckViolation), other.cursor() as cursor:
        cursor.execute("INSERT INTO entries (author, message) VALUES (%s, %s)", (author, message))
