"""Transactions against a real database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from guestbook.pool import DatabaseUnavailable, Pool
from guestbook.store import Store

INSERT = "INSERT INTO entries (author, message) VALUES ('Ada', 'half')"
COUNT = "SELECT count(*) FROM entries"


def _count(connection: Connection) -> int:
    with connection, connection.cursor() as cursor:
        cursor.execute(COUNT)
        return cursor.fetchone()[0]


def test_the_newest_entry_comes_first(store: Store) -> None:
    first, second = store.add("Ada", "one"), store.add("Bob", "two")
    assert [entry["id"] for entry in store.latest(10)] == [second["id"], first["id"]]
    assert [entry["message"] for entry in store.latest(1)] == ["two"]


def test_work_that_fails_leaves_nothing(pool: Pool, other: Connection) -> None:
    def work(cursor: Cursor) -> None:
        cursor.execute(INSERT)
        raise LookupError

    with pytest.raises(LookupError):
        pool.transaction(work)
    assert _count(other) == 0
    assert pool.transaction(lambda cursor: cursor.execute(INSERT)) is None
    assert _count(other) == 1


def test_nobody_sees_an_entry_before_it_is_committed(pool: Pool, other: Connection) -> None:
    def work(cursor: Cursor) -> tuple[int, int]:
        cursor.execute(INSERT)
        cursor.execute(COUNT)
        return cursor.fetchone()[0], _count(other)

    assert pool.transaction(work) == (1, 0)
    assert _count(other) == 1


def test_concurrent_entries_are_all_kept(store: Store) -> None:
    with ThreadPoolExecutor(16) as writers:
        added = list(writers.map(lambda n: store.add("Ada", f"message {n}"), range(100)))
    assert len({entry["id"] for entry in added}) == 100
    assert {entry["message"] for entry in store.latest(200)} == {f"message {n}" for n in range(100)}


def test_a_connection_that_the_server_closed_is_replaced(store: Store, other: Connection) -> None:
    store.add("Ada", "before")
    with other, other.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'guestbook' AND datname = current_database()"
        )
        assert cursor.rowcount == 1
    store.add("Bob", "after")
    assert [entry["message"] for entry in store.latest(10)] == ["after", "before"]


def test_a_busy_pool_says_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guestbook.pool._BUSY_TIMEOUT", 0.05)
    pool = Pool(url, 1)
    busy, done = threading.Event(), threading.Event()

    def work(_: Cursor) -> None:
        busy.set()
        done.wait(10)

    thread = threading.Thread(target=pool.transaction, args=(work,))
    thread.start()
    busy.wait(10)
    with pytest.raises(DatabaseUnavailable, match="busy"):
        Store(pool).ping()
    done.set()
    thread.join()
    Store(pool).ping()
    pool.close()


def test_an_unreachable_database_is_named_as_such() -> None:
    with pytest.raises(DatabaseUnavailable):
        Store(Pool("postgresql://nobody@127.0.0.1:1/none", 1)).ping()


def test_the_schema_version_is_what_goose_noted(store: Store, other: Connection) -> None:
    assert store.schema() == 0
    with other, other.cursor() as cursor:
        cursor.execute("CREATE TABLE goose_db_version (version_id bigint, is_applied boolean)")
        cursor.execute("INSERT INTO goose_db_version VALUES (0, true), (1, true), (2, true)")
    assert store.schema() == 2
