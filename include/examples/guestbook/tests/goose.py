"""Enough of goose to prepare a database for tests: the migrations' two halves, in order."""

from __future__ import annotations

import re
from pathlib import Path

from psycopg2.extensions import connection as Connection

DIRECTORY = Path(__file__).parent.parent / "migrations"
_MARK = re.compile(r"^-- \+goose (Up|Down)\s*$", re.MULTILINE)


def migrations() -> list[dict[str, str]]:
    """Return each migration as ``{"Up": sql, "Down": sql}``, oldest first."""
    found = []
    for path in sorted(DIRECTORY.glob("*.sql")):
        _, *parts = _MARK.split(path.read_text(encoding="utf-8"))
        found.append(dict(zip(parts[::2], parts[1::2], strict=True)))
    return found


def up(connection: Connection) -> None:
    """Apply all migrations."""
    with connection, connection.cursor() as cursor:
        for migration in migrations():
            cursor.execute(migration["Up"])


def down(connection: Connection) -> None:
    """Undo all migrations."""
    with connection, connection.cursor() as cursor:
        for migration in reversed(migrations()):
            cursor.execute(migration["Down"])
