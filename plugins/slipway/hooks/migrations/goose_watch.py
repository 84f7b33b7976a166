"""Runs goose beside a session of its own that sees what goose does not tell.

No module of the worker: :mod:`slipway.hooks.migrations.goose_container` puts this text into the
toolbox's container, whose Python has psycopg2.

``goose_watch.py WANTED COMMAND...``, where WANTED is JSON:

* ``state``: print which migrations are applied and which indexes are invalid; no command is run;
* ``refuse``: names of indexes that must not be there in an invalid state; the command is not run;
* ``names``: the variables of the environment that the command is given, and nothing else of it;
* ``mark``: what lines begin with that are for the worker, each with JSON behind it.

What is found is printed as such lines. The database and where its password lies
are in ``GOOSE_DBSTRING`` and ``PGPASSFILE``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import Any

# An invalid index is in the way: nothing was run.
IN_THE_WAY = 90
# No session: nothing was looked at.
NO_SESSION = 91
_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
_mark = ""
_PAUSE = 0.25
# Seconds that a statement waits before it is told; without a limit it may wait for long.
_PATIENCE = 1.0
# Seconds until it is told again.
_AGAIN = 60.0
_OPTIONS = "-c default_transaction_read_only=on -c statement_timeout=10000 -c lock_timeout=3000"
_QUERY = 1000
_TABLE = "select to_regclass('goose_db_version') is not null"
_APPLIED = """
    select distinct on (version_id) version_id, is_applied from goose_db_version
    order by version_id, id desc
"""
# Tables like goose's that this role writes, under another name or in another schema.
_ELSEWHERE = """
    select format('%I.%I', n.nspname, c.relname) from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and has_table_privilege(c.oid, 'insert') and 3 = (
      select count(*) from pg_attribute a where a.attrelid = c.oid and not a.attisdropped
      and a.attname in ('version_id', 'is_applied', 'tstamp')
    ) order by 1
"""
# Invalid until their partitions have one each: indexes of partitioned tables, which are no 'i'.
_INVALID = """
    select n.nspname, c.relname, format('%I.%I', n.nspname, c.relname), x.indrelid::regclass::text
    from pg_index x join pg_class c on c.oid = x.indexrelid join pg_namespace n
    on n.oid = c.relnamespace where not x.indisvalid and c.relkind = 'i'
    and n.nspname not like 'pg_toast%' {building} order by 1, 2
"""
_BUILDING = """
    and not exists (select from pg_stat_progress_create_index p where p.index_relid = c.oid)
"""
_BLOCKED = """
    select b.pid, coalesce(s.usename, ''), coalesce(s.application_name, ''),
           coalesce(s.state, ''), coalesce(left(s.query, %s), ''),
           to_char(s.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
           extract(epoch from now() - s.xact_start)::float,
           (select l.relation::regclass::text from pg_locks l
            where l.pid = w.pid and not l.granted and l.relation is not null limit 1),
           coalesce(s.backend_type, '')
    from pg_stat_activity w cross join lateral unnest(pg_blocking_pids(w.pid)) b(pid)
    left join pg_stat_activity s on s.pid = b.pid
    where w.datname = current_database() and w.application_name = %s
    order by s.xact_start nulls last, b.pid
"""
_FIELDS = ("pid", "role", "application", "state", "query", "since", "seconds", "relation", "kind")


def main(wanted: dict[str, Any], command: list[str]) -> int:
    """Look, run the command while looking, look again; return the command's status."""
    global _mark
    _mark = wanted["mark"]
    session = _connected()
    if wanted.get("state"):
        if session is None:
            return NO_SESSION
        tell("applied", _applied(session))
        if _rows(session, _TABLE) == [(False,)]:
            tell("elsewhere", [name for (name,) in _rows(session, _ELSEWHERE)])
        tell("invalid", _invalid(session))
        return 0
    invalid = _invalid(session) if session else []
    tell("invalid", invalid)
    if any(one["name"] in wanted["refuse"] for one in invalid):
        return IN_THE_WAY
    environment = {name: os.environ[name] for name in wanted["names"]}
    program = shutil.which(command[0]) or command[0]  # without a PATH there, it is found here
    running = subprocess.Popen([program, *command[1:]], env=environment)  # noqa: S603 - Slipway's
    status = _watched(running, session)
    if session:
        tell("left", _invalid(session))
    return status


def tell(kind: str, found: Any) -> None:
    """Print what was found, for the worker."""
    print(_mark + json.dumps({kind: found}), flush=True)


def _connected() -> Any:
    import psycopg2

    url = os.environ["GOOSE_DBSTRING"]
    if "sslmode=verify" in url:
        # goose trusts whom the system trusts; libpq has to be told to.
        os.environ.setdefault("PGSSLROOTCERT", _AUTHORITIES)
    try:
        session = psycopg2.connect(
            url, application_name="slipway watch", options=_OPTIONS, connect_timeout=10
        )
    except psycopg2.OperationalError:
        # goose meets the same trouble, most likely, and says more about it.
        return None
    session.autocommit = True
    return session


def _rows(session: Any, sql: str, *values: Any) -> list[Any]:
    """Ask; what goes wrong is told, and nothing is asked any more."""
    import psycopg2

    if session.closed:
        return []
    cursor = session.cursor()
    try:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())
    except psycopg2.Error as error:
        tell("trouble", {"code": error.pgcode or "", "said": str(error).strip()})
        session.close()
        return []


def _applied(session: Any) -> list[int]:
    if _rows(session, _TABLE) != [(True,)]:
        return []
    return [version for version, is_applied in _rows(session, _APPLIED) if is_applied and version]


def _invalid(session: Any) -> list[dict[str, str]]:
    building = _BUILDING if session.server_version >= 120000 else ""
    rows = _rows(session, _INVALID.format(building=building))
    return [
        {"schema": schema, "name": name, "index": index, "table": table}
        for schema, name, index, table in rows
    ]


def _watched(running: subprocess.Popen[bytes], session: Any) -> int:
    """Wait for the command; who is in its way is told each time, and as news when that changes."""
    told: tuple[list[int], float] = ([], 0.0)
    began = 0.0
    while True:
        try:
            return running.wait(_PAUSE)
        except subprocess.TimeoutExpired:
            holders = _holders(session) if session else []
        now = time.monotonic()
        began = (began or now) if holders else 0.0
        pids = [one["pid"] for one in holders]
        is_news = now - began > _PATIENCE and (pids != told[0] or now - told[1] > _AGAIN)
        if holders:
            tell("waits", {"holders": holders, "news": is_news})
            told = (pids, now) if is_news else told


def _holders(session: Any) -> list[dict[str, Any]]:
    rows = _rows(session, _BLOCKED, _QUERY, os.environ.get("PGAPPNAME", "slipway"))
    return [dict(zip(_FIELDS, row, strict=True)) for row in rows]


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
