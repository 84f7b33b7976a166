"""The guestbook's entries, and how the database stands."""

from __future__ import annotations

from typing import Any

from psycopg2.extensions import cursor as Cursor

from guestbook.pool import Pool

Entry = dict[str, Any]


class Store:
    """Everything that is asked of the database.

    Entries are returned as the schema describes them: a migration may add to the view ``page``,
    and code that is older than the migration shows the addition too.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def latest(self, count: int) -> list[Entry]:
        """Return the first ``count`` entries of the page."""

        def work(cursor: Cursor) -> list[Entry]:
            cursor.execute("SELECT to_jsonb(page) FROM page LIMIT %s", (count,))
            return [row[0] for row in cursor]

        return self._pool.transaction(work)

    def add(self, author: str, message: str) -> Entry:
        """Write an entry and return it as stored."""

        def work(cursor: Cursor) -> Entry:
            cursor.execute(
                "INSERT INTO entries (author, message) VALUES (%s, %s) RETURNING to_jsonb(entries)",
                (author, message),
            )
            return cursor.fetchone()[0]

        return self._pool.transaction(work)

    def schema(self) -> int:
        """Return the version of the last migration; 0 for a database without any."""

        def work(cursor: Cursor) -> int:
            cursor.execute("SELECT to_regclass('goose_db_version') IS NOT NULL")
            if not cursor.fetchone()[0]:
                return 0
            cursor.execute("SELECT max(version_id) FROM goose_db_version WHERE is_applied")
            return cursor.fetchone()[0] or 0

        return self._pool.transaction(work)

    def ping(self) -> None:
        """Return when the database has answered."""
        self._pool.transaction(lambda cursor: cursor.execute("SELECT 1"))
