"""What a database says of itself beside a migration: what is applied, who holds a lock, and which
indexes a migration that was cut short left behind.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slipway.model.text.inert import visible

if TYPE_CHECKING:
    from collections.abc import Callable

# Characters of another session's query that are told.
_LONGEST = 120
# Whatever is between quotes in somebody's query is his data, also where the server has cut it off.
_TOKEN = re.compile(
    r"""(?P<name>"(?:[^"]|"")*(?:"|$))
    |(?P<data>[eE]'(?:\\.|''|[^'\\])*(?:'|$)|'(?:[^']|'')*(?:'|$)
        |(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?:(?P=tag)|$)|\b\d{5,}\b)
    |--[^\n]*|/\*.*?(?:\*/|$)""",
    re.DOTALL | re.VERBOSE,
)
# What the server shows in place of another role's query.
_HIDDEN = "<insufficient privilege>"


@dataclass(frozen=True, kw_only=True, slots=True)
class InvalidIndex:
    """An index that Postgres keeps up to date, and does not use.

    :param schema: its schema.
    :param name: its name alone.
    :param index: its name with the schema, quoted as SQL needs it.
    :param table: the table's.
    """

    schema: str
    name: str
    index: str
    table: str

    @property
    def said(self) -> str:
        """What is wrong, as a clause."""
        return (
            f"the index {visible(self.index)} of the table {visible(self.table)} is invalid: "
            "writes keep it up, and no query uses it"
        )

    @property
    def drop(self) -> str:
        """The statement that removes it without locking the table."""
        return f"DROP INDEX CONCURRENTLY {visible(self.index)};"

    @property
    def rebuild(self) -> str:
        """The statement that makes it valid without locking the table."""
        return f"REINDEX INDEX CONCURRENTLY {visible(self.index)};"

    @property
    def cure(self) -> str:
        """What makes it go, or makes it valid."""
        if self.name.rstrip("0123456789").endswith(("_ccnew", "_ccold")):
            return f"{self.drop} it is a copy that a REINDEX left"
        return f"{self.drop} or {self.rebuild}"


@dataclass(frozen=True, kw_only=True, slots=True)
class LockHolder:
    """Another session that a statement waits for.

    :param pid: of its server process; 0 is a prepared transaction, which has none.
    :param role: that it logged in as; empty where it is not shown.
    :param application: the name that it gave itself.
    :param state: Postgres' word: ``active``, ``idle in transaction``.
    :param query: its last statement; its data is not to be shown.
    :param since: when its transaction began, in UTC; None where it is not shown.
    :param seconds: for how long it has run.
    :param relation: the table that is waited for, if it is one.
    :param kind: of process, such as ``autovacuum worker``.
    """

    pid: int
    role: str = ""
    application: str = ""
    state: str = ""
    query: str = ""
    since: str | None = None
    seconds: float | None = None
    relation: str | None = None
    kind: str = ""

    @property
    def said(self) -> str:
        """Who it is, what it does and since when; nothing of its data."""
        of = f"the lock on {visible(self.relation)}" if self.relation else "the lock"
        if self.pid == 0:
            return f"{of} is held by a prepared transaction: pg_prepared_xacts names it"
        who = [f"pid {self.pid}"]
        who += [f"role {visible(self.role)}"] if self.role else []
        who += [f"application {visible(self.application)}"] if self.application else []
        who += [self.kind] if self.kind and self.kind != "client backend" else []
        return f"{of} is held by {', '.join(who)}{self._doing()}"

    def _doing(self) -> str:
        if self.query == _HIDDEN:
            return "; what it does is shown to members of pg_read_all_stats alone"
        since = f", in a transaction since {self.since} UTC" if self.since else ""
        since += f" ({self.seconds:.0f} s)" if self.since and self.seconds is not None else ""
        state = f", {self.state}" if self.state and self.state != "active" else ""
        last = "last query" if self.state.startswith("idle") else "query"
        query = f", {last}: {masked_query(self.query)}" if self.query else ""
        return f"{state}{since}{query}"


@dataclass(kw_only=True)
class Seen:
    """What was seen beside one run of goose.

    :param applied: numbers of the applied migrations.
    :param elsewhere: tables like goose's, where it has none of its own.
    :param before: invalid indexes when it began.
    :param left: those when it ended; None where nobody could look.
    :param holders: whom it waited for at last.
    :param trouble: SQLSTATE and words of a look that failed.
    :param mark: what lines about it begin with, which no migration can know.
    :param log: is told whom it waits for.
    """

    applied: frozenset[int] = frozenset()
    elsewhere: tuple[str, ...] = ()
    before: tuple[InvalidIndex, ...] = ()
    left: tuple[InvalidIndex, ...] | None = None
    holders: tuple[LockHolder, ...] = ()
    trouble: tuple[str, str] | None = None
    mark: str = field(default_factory=lambda: f"slipway-{secrets.token_hex(8)}: ")
    log: Callable[[str], None]

    def take(self, line: str) -> bool:
        """Read a line, if it is one of those that were not written for people."""
        if not line.startswith(self.mark):
            return False
        event: Mapping[str, Any] = json.loads(line.removeprefix(self.mark))
        for kind, found in event.items():
            self._take(kind, found)
        return True

    def _take(self, kind: str, found: Any) -> None:
        if kind == "applied":
            self.applied = frozenset(found)
        elif kind == "elsewhere":
            self.elsewhere = tuple(found)
        elif kind == "invalid":
            self.before = tuple(InvalidIndex(**one) for one in found)
        elif kind == "left":
            self.left = tuple(InvalidIndex(**one) for one in found)
        elif kind == "waits":
            self.holders = tuple(LockHolder(**one) for one in found["holders"])
            if found["news"]:
                for one in self.holders:
                    self.log(f"waits: {one.said}")
        elif kind == "trouble":
            self.trouble = (found["code"], found["said"])

    def in_the_way(self, names: Collection[str]) -> list[InvalidIndex]:
        """List the invalid indexes of these names that were there before."""
        return [one for one in self.before if one.name in names]


def masked_query(query: str) -> str:
    """Return the beginning of a query in one line, without the data in it."""
    words = " ".join(_TOKEN.sub(_without_data, query).split())
    cut = words[:_LONGEST]
    return visible(cut) + ("..." if len(words) > len(cut) else "")


def _without_data(token: re.Match[str]) -> str:
    return token["name"] or ("'***'" if token["data"] else " ")
