#!/usr/bin/python3
"""``migration-lock SECONDS COMMAND...`` runs a command while it holds the database's lock.

The lock is the one that goose's own library takes, so a service that migrates itself as it starts
waits as well. It is a session's, and this session ends with this process, however it ends. The
database and its password are in ``GOOSE_DBSTRING``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import psycopg2

# https://pkg.go.dev/github.com/pressly/goose/v3/lock#DefaultLockID
_LOCK = 5887940537704921958
_PAUSE = 0.5
_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
# One that was killed may leave the server at work on its last statement, without a lock.
_FREE = """
    select pg_try_advisory_lock(%s), (
        select count(*) from pg_stat_activity
        where datname = current_database() and application_name = %s and state = 'active'
    )
"""


def main(patience: float, command: list[str]) -> int:
    """Take the lock, run the command and return its status.

    :param patience: seconds to wait for another who migrates.
    :param command: the program and its arguments.
    """
    migrating = os.environ["PGAPPNAME"]
    session = _connected(f"{migrating} lock")
    if session and not _taken(session.cursor(), migrating, time.monotonic() + patience):
        print(f"migration-lock: another session migrates, and has for {patience:.0f} s")
        return 1
    return subprocess.run(command, check=False).returncode  # noqa: S603 - Slipway's own words


def _connected(name: str) -> Any:
    url = os.environ["GOOSE_DBSTRING"]
    if "sslmode=verify" in url:
        # goose trusts whom the system trusts; libpq has to be told to.
        os.environ.setdefault("PGSSLROOTCERT", _AUTHORITIES)
    try:
        session = psycopg2.connect(url, application_name=name)
    except psycopg2.OperationalError:
        # goose meets the same trouble, most likely, and says more about it.
        print("migration-lock: no connection, so no lock is held", flush=True)
        return None
    session.autocommit = True
    return session


def _taken(cursor: Any, migrating: str, deadline: float) -> bool:
    told = False
    while True:
        cursor.execute(_FREE, (_LOCK, migrating))
        mine, others = cursor.fetchone()
        if mine and not others:
            return True
        if time.monotonic() > deadline:
            return False
        if not told:
            print("migration-lock: waiting for another session that migrates", flush=True)
            told = True
        time.sleep(_PAUSE)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
