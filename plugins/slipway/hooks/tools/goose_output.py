"""What goose writes, and what it means. Pure text; pinned by tests against the real goose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slipway.exceptions import (
    EnvironmentMisconfigured,
    MigrationFailed,
    RightMissing,
    SlipwayError,
    ToolFailed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_VERSION = re.compile(r"goose: (?:.*\bversion:? )(\d+)$")
_DONE = re.compile(r"(?:OK|EMPTY)\s+(\S+\.sql)\b")
_BROKEN = re.compile(r"goose run: ERROR (\S+\.sql): (.*)")
_SAID = re.compile(r"goose run: (.*)", re.DOTALL)
_BUSY = re.compile(r"migration-lock: (another session .*)")
_STATE = re.compile(r"SQLSTATE ([0-9A-Z]{5})")
# Lock not available, deadlock, serialization failure, statement cancelled, and the server
# shutting down or starting up: another try may find the database in another mood.
_PASSING = frozenset({"55P03", "40P01", "40001", "57014", "57P01", "57P02", "57P03", "53300"})
# Wrong password, no such role, no such database, no permission.
_NO_RIGHT = "42501"
_MISCONFIGURED = frozenset({"28P01", "28000", "3D000", _NO_RIGHT})
# What Postgres says -> the right that it asks for.
_RIGHTS = (
    (re.compile(r"create extension"), "to be a superuser, or the extension to be there before"),
    (re.compile(r"external program|pg_execute_server_program"), "pg_execute_server_program"),
    (re.compile(r"COPY to a file|pg_write_server_files"), "pg_write_server_files"),
    (re.compile(r"COPY from a file|pg_read_server_files"), "pg_read_server_files"),
    (re.compile(r"create role|alter role|drop role|CREATEROLE"), "CREATEROLE"),
    (re.compile(r"create database"), "CREATEDB"),
    (re.compile(r"REPLICATION|replication"), "REPLICATION"),
    (re.compile(r"superuser|ALTER SYSTEM|set parameter|access to library"), "to be a superuser"),
    (re.compile(r"must be (?:the )?(?:owner|member) of (.*?) \("), "to own, or be a member of, {}"),
    (re.compile(r"permission denied for (.*?) \("), "a GRANT on {}"),
)

# What Postgres says to whoever wants to write in a session that only reads.
_READ_ONLY = "25006"


def version_in(lines: Sequence[str]) -> int | None:
    """Find the database's version in what goose wrote last."""
    found = (_VERSION.search(line) for line in reversed(lines))
    return next((int(match[1]) for match in found if match), None)


def applied_in(lines: Sequence[str]) -> tuple[str, ...]:
    """List the files that goose ran, in its order."""
    return tuple(match[1] for line in lines if (match := _DONE.search(line)))


def never_migrated(lines: Sequence[str]) -> bool:
    """Say whether goose stopped because its table is not there and it was not to make it."""
    return _READ_ONLY in _STATE.findall("\n".join(lines))


def failure_in(lines: Sequence[str], direction: str, *, role: str = "") -> SlipwayError:
    """Explain why goose stopped.

    :param lines: what it wrote.
    :param direction: what it was doing: ``up``, ``down``, ``up again``.
    :param role: the database's role that it ran as.
    """
    text = "\n".join(lines)
    if busy := _BUSY.search(text):
        return ToolFailed(busy[1], advice="the task tries again; pg_stat_activity shows who it is")
    state = _STATE.search(text)
    code = state[1] if state else ""
    if broken := _BROKEN.search(text):
        msg = f"migration {broken[1]} fails on the way {direction}: {broken[2]}"
        if code in _PASSING:
            return ToolFailed(msg, advice="something else holds the table; the task tries again")
        if code == _NO_RIGHT:
            return _right_missing(msg, broken[2], role)
        return MigrationFailed(msg, advice=f"correct {broken[1]}, then push again")
    said = _SAID.search(text)
    reason = " ".join(said[1].split()) if said else (lines[-1] if lines else "it wrote nothing")
    if "failed to connect" in reason:
        # goose repeats itself.
        msg = f"goose cannot connect to the database: {reason.split('; failed to connect')[0]}"
        if code in _MISCONFIGURED:
            return EnvironmentMisconfigured(msg, advice="correct the database's Airflow connection")
        return ToolFailed(msg, advice="is the database up, and can this worker reach it?")
    if code == _NO_RIGHT:
        return _right_missing(f"goose cannot migrate {direction}: {reason}", reason, role)
    if said:
        return MigrationFailed(f"goose refuses to migrate {direction}: {reason}")
    return ToolFailed(f"goose stopped on the way {direction}: {reason}")


def _right_missing(msg: str, reason: str, role: str) -> RightMissing:
    """Name the role, the right that it lacks, and who can give it."""
    who = f"the role {role!r}" if role else "the role that migrates"
    # Goose repeats the statement before; only the server's own sentence counts.
    sentence = reason.rpartition("ERROR: ")[2]
    for said, right in _RIGHTS:
        if found := said.search(sentence):
            needs = right.format(*found.groups())
            break
    else:
        needs = "a right that it does not have"
    return RightMissing(
        f"{msg}\n{who} needs: {needs}",
        advice="in the rehearsal the role owns its database and is no superuser, as production's "
        "role should be: leave the statement to whoever runs the server, or write the migration "
        "without it; an extension that they make is named under `migrations: {extensions: [...]}`",
    )
