"""Why goose stopped, and what helps: another try, another file, a right, or somebody's hand."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.exceptions import (
    EnvironmentMisconfigured,
    MigrationFailed,
    RightMissing,
    SlipwayError,
    ToolFailed,
)
from slipway.hooks.migrations import goose_hints
from slipway.hooks.migrations.postgres_rights import missing_right
from slipway.model.text.inert import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slipway.hooks.migrations.database_state import InvalidIndex, LockHolder
    from slipway.hooks.migrations.goose_file import GooseFile

_BROKEN = re.compile(r"goose run: ERROR ([^\n]+?\.sql): (.*)", re.DOTALL)
_SAID = re.compile(r"goose run: (.*)", re.DOTALL)
_BUSY = re.compile(r"migration-lock: (another session .*)")
_STATE = re.compile(r"SQLSTATE ([0-9A-Z]{5})")
_QUERY = re.compile(r'failed to execute SQL query ("(?:[^"\\]|\\.)*")')
# What is given to a role lies in a place where that role may make things.
_NEW_OWNER = re.compile(r"\bowner\s+to\s+(?:\\\")?([\w$-]+)", re.IGNORECASE)
_PLACE = re.compile(r"permission denied for (?:schema|database|tablespace)")
_LOCK = "55P03"
# Lock not available, deadlock, serialization failure, statement cancelled, and the server
# shutting down or starting up: another try may find the database in another mood.
_PASSING = frozenset({_LOCK, "40P01", "40001", "57014", "57P01", "57P02", "57P03", "53300"})
# PgBouncer, and Amazon's RDS Proxy.
_POOLER = re.compile(r"unsupported startup parameter|RDS Proxy", re.IGNORECASE)
_PAST_POOLER = (
    "let the Airflow connection{} lead to the server itself: a pooler keeps neither limits of a "
    "session nor the lock under which one migrates at a time"
)
# Wrong password, no such role, no such database, no permission.
_NO_RIGHT = "42501"
_MISCONFIGURED = frozenset({"28P01", "28000", "3D000", _NO_RIGHT})
_NO_SUPERUSER = (
    "in the rehearsal the role owns its database and is no superuser, as production's role should "
    "be: leave the statement to whoever runs the server, or write the migration without it; an "
    "extension that they make is named under `migrations: {extensions: [...]}`"
)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One run of goose that failed.

    :param lines: what it wrote.
    :param direction: what it was doing: ``up``, ``down``, ``up again``.
    :param role: the database's role that it ran as.
    :param connection: Airflow connection of the database; empty in the rehearsal.
    :param files: those that it may have run.
    :param holders: whom it waited for at last.
    :param left: indexes that are invalid now, and were not before.
    :param shared: the database is an environment's, and what was done there stays.
    """

    lines: Sequence[str]
    direction: str
    role: str = ""
    connection: str = ""
    files: Iterable[GooseFile] = ()
    holders: Sequence[LockHolder] = ()
    left: Sequence[InvalidIndex] = ()
    shared: bool = False

    def failure(self) -> SlipwayError:
        """Explain it."""
        text = "\n".join(self.lines)
        if busy := _BUSY.search(text):
            return ToolFailed(
                busy[1], advice="the task tries again; pg_stat_activity shows who it is"
            )
        # Of several the last: goose's table is not there, and then it cannot be made.
        code = (_STATE.findall(text) or [""])[-1]
        if broken := _BROKEN.search(text):
            return self._broken(broken[1], broken[2], code)
        said = _SAID.search(text)
        reason = " ".join(said[1].split()) if said else self._last_line()
        if "failed to connect" in reason:
            return self._not_connected(reason, code)
        if code == _NO_RIGHT:
            msg = f"goose cannot migrate {self.direction}: {reason}"
            return right_missing(msg, reason, self.role, self.connection)
        if said:
            return MigrationFailed(f"goose refuses to migrate {self.direction}: {reason}")
        return ToolFailed(f"goose stopped on the way {self.direction}: {reason}")

    def _last_line(self) -> str:
        return self.lines[-1] if self.lines else "it wrote nothing"

    def _not_connected(self, reason: str, code: str) -> SlipwayError:
        # goose repeats itself.
        msg = f"goose cannot connect to the database: {reason.split('; failed to connect')[0]}"
        if _POOLER.search(reason):
            whose = f" of {self.connection!r}" if self.connection else ""
            return EnvironmentMisconfigured(msg, advice=_PAST_POOLER.format(whose))
        if code in _MISCONFIGURED:
            named = f" {self.connection!r}" if self.connection else ""
            advice = f"correct the database's Airflow connection{named}"
            return EnvironmentMisconfigured(msg, advice=advice)
        return ToolFailed(msg, advice="is the database up, and can this worker reach it?")

    def _broken(self, name: str, reason: str, code: str) -> SlipwayError:
        """Explain what is wrong with a file, or with the moment that it was run in."""
        file = next((one for one in self.files if one.name == name), None)
        msg = f"migration {name} fails on the way {self.direction}: {reason}{self._seen()}"
        if self.shared and file is not None and _is_half_done(file, reason):
            msg += half_done(file, reason)
            if code != _NO_RIGHT:
                return MigrationFailed(msg, advice=after_half(file, self.left, code=code))
        if code in _PASSING:
            return ToolFailed(msg, advice=self._passing(code))
        if code == _NO_RIGHT:
            return right_missing(msg, reason, self.role, self.connection)
        advice = goose_hints.advice(reason, self.direction, code, file, name)
        return MigrationFailed(msg, advice=advice)

    def _passing(self, code: str) -> str:
        if code == _LOCK:
            return (
                "the task tries again; if it keeps failing, wait until the holder is done or end "
                "it (pg_terminate_backend), or set `migrations: {lock_timeout: ...}`"
            )
        if code == "57014":
            return "the task tries again; `migrations: {statement_timeout: ...}` allows more time"
        return "something else is at work on the same rows or tables; the task tries again"

    def _seen(self) -> str:
        seen = [one.said for one in self.holders]
        seen += [f"{one.said}; cure: {one.cure}" for one in self.left]
        return "".join(f"\n  {line}" for line in seen)


def half_done(file: GooseFile, reason: str = "") -> str:
    """Say which statements of a file without a transaction have taken effect.

    :param file: the file.
    :param reason: goose's, which holds the statement that failed.
    """
    failed = _failed_statement(file, reason)
    end = file.own_end
    how = f"ends its transaction in line {end.line}" if end else "runs without a transaction"
    if failed is None:
        return f"\n  it {how}: what it had done until then stays"
    done, line = failed
    if done == 0:
        return f"\n  it {how}, and its first statement failed (line {line})"
    which = "the statement" if done == 1 else f"the {done} statements"
    return (
        f"\n  it {how}: {which} before line {line} took effect, and goose would begin at the "
        "first one again"
    )


def _is_half_done(file: GooseFile, reason: str) -> bool:
    failed = _failed_statement(file, reason)
    return file.kept_before(failed[0] if failed else None)


def after_half(file: GooseFile, left: Sequence[InvalidIndex], *, code: str = "") -> str:
    """Say what helps where a file without a transaction was cut short: a person's hand.

    :param file: the file.
    :param left: invalid indexes that it left.
    :param code: SQLSTATE, or empty.
    """
    steps = ["the same again would not help, so nothing tries it"]
    if left:
        steps += [one.drop.rstrip(";") for one in left]
    elif code in goose_hints.EXISTS:
        steps += ["an earlier try came this far: remove what it made, if it is not what you want"]
    if len(file.up) > 1:
        steps += ["undo what took effect, or write each statement so that it may be run twice"]
    elif not left:
        steps += ["see that nothing of it is left"]
    return "; ".join([*steps, "then clear the task `migrate`, or push a corrected file"])


def right_missing(msg: str, reason: str, role: str, connection: str) -> RightMissing:
    """Name the role, the right that it lacks, and what gives it.

    :param msg: what happened.
    :param reason: goose's.
    :param role: whose right it is.
    :param connection: Airflow connection that says so; empty in the rehearsal.
    """
    # Goose repeats the statement before; only the server's own sentence counts.
    statement, _, sentence = reason.rpartition("ERROR: ")
    who = f"the role {role!r}" if role else "the role that migrates"
    who += f" of the connection {connection!r}" if connection else ""
    owner = _NEW_OWNER.search(statement.replace("\\n", " "))
    if owner and _PLACE.search(sentence):
        role, who = owner[1], f"the role {owner[1]!r}, which is to be the owner,"
    needs, cure = missing_right(sentence, role)
    cured = f"\n  cure: {cure}" if cure else ""
    if connection:
        advice = (
            "let whoever runs the server do that, then clear the task `migrate`; or write the "
            "migration without it"
        )
    else:
        advice = _NO_SUPERUSER
    return RightMissing(f"{msg}\n{who} needs: {needs}{cured}", advice=advice)


def _failed_statement(file: GooseFile, reason: str) -> tuple[int, int] | None:
    """Find how many statements came before the one that failed, and on which line that begins."""
    found = _QUERY.search(reason)
    if found is None:
        return None
    try:
        query = str(ast.literal_eval(found[1]))  # goose quotes as Python does
    except (ValueError, SyntaxError):
        return None
    words = query.split()
    for number, one in enumerate(file.up):
        # goose leaves out lines that are comments.
        text = [line for line in one.text.split("\n") if not line.startswith("--")]
        if "\n".join(text).split() == words:
            return number, one.line
    return None


def kept_elsewhere(tables: Sequence[str], role: str) -> EnvironmentMisconfigured:
    """Say that goose's table is somewhere else than this role looks.

    :param tables: those that look like it.
    :param role: whose search_path counts.
    """
    there = " and ".join(visible(one) for one in tables)
    msg = (
        f"the role {role!r} finds no table goose_db_version, but {there}, which goose made: every "
        "migration would be run again"
    )
    advice = (
        "rename it (ALTER TABLE ... RENAME TO goose_db_version), or let the role's search_path "
        "lead to its schema; if it is another project's, take the role's rights on it away, or "
        "make the project's own table beforehand with `goose version`"
    )
    return EnvironmentMisconfigured(msg, advice=advice)


def in_the_way(indexes: Sequence[InvalidIndex]) -> MigrationFailed:
    """Say that nothing was run, as a migration would find an invalid index of its own name.

    :param indexes: those.
    """
    told = "\n  ".join(one.said for one in indexes)
    msg = f"nothing was run: a migration would find an index of its own name\n  {told}"
    cure = " ".join(one.drop for one in indexes)
    advice = (
        f"{cure} then clear the task `migrate`; an earlier try of the migration left it, or "
        "somebody is building it right now"
    )
    return MigrationFailed(msg, advice=advice)
