"""Statements that failed, from what a Postgres server writes to its log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# The server's own prefix differs; what follows it does not (log_error_verbosity = verbose).
_ERROR = re.compile(r"(?:ERROR|FATAL|PANIC):\s+(?:([0-9A-Z]{5}): )?(.*)")
_PLACE = re.compile(r" at character [0-9]+$")
_STATEMENT = re.compile(r"STATEMENT:\s+(.*)")
_OTHER = re.compile(
    r"(?:LOG|WARNING|NOTICE|DETAIL|HINT|CONTEXT|LOCATION|QUERY|BACKTRACE|DEBUG\d?):\s"
)
# Syntax error or access rule violation: undefined tables, columns, functions, types; rights.
_CLASS = "42"
# Characters of a statement that are shown.
_SHOWN = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedStatement:
    """One statement that the server refused.

    :param state: SQLSTATE; empty where the server does not say.
    :param message: the server's.
    :param statement: empty where it is not logged.
    """

    state: str
    message: str
    statement: str = ""

    @property
    def names_what_is_not_there(self) -> bool:
        """It fails by what it says, not by the rows that it meets."""
        return self.state.startswith(_CLASS)

    def __str__(self) -> str:
        """Say it in one line."""
        state = f" (SQLSTATE {self.state})" if self.state else ""
        statement = " ".join(self.statement.split())[:_SHOWN]
        return f"{self.message}{state}{f', in: {statement}' if statement else ''}"


def failed_statements(log: str) -> list[FailedStatement]:
    """Read what failed, in its order.

    Lines of two sessions may be mixed, so a statement belongs to the last error before it.

    :param log: the server's.
    """
    return list(_read(log.splitlines()))


def _read(lines: list[str]) -> Iterator[FailedStatement]:
    state = message = ""
    statement: list[str] | None = None
    for line in lines:
        if line.startswith("\t"):
            if statement is not None:
                statement.append(line[1:])
            continue
        if found := _ERROR.search(line):
            if message:
                yield _failed(state, message, statement)
            state, message, statement = found[1] or "", _PLACE.sub("", found[2]), None
        elif (found := _STATEMENT.search(line)) and message:
            statement = [found[1]]
        elif _OTHER.search(line) and statement is not None:
            yield _failed(state, message, statement)
            state, message, statement = "", "", None
    if message:
        yield _failed(state, message, statement)


def _failed(state: str, message: str, statement: list[str] | None) -> FailedStatement:
    return FailedStatement(state=state, message=message, statement="\n".join(statement or []))
