"""Which indexes migrations make, and what in a file without a transaction keeps others waiting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipway.hooks.migrations.goose_file import GooseFile, Statement

_PART = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_NAME = rf"(?:{_PART}\s*\.\s*)*{_PART}"
_CREATE = re.compile(
    rf"create\s+(?:unique\s+)?index\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?"
    rf"(?!(?:on|concurrently)\s)({_NAME})\s+on\b",
    re.IGNORECASE,
)
# Postgres makes the name of table and columns.
_UNNAMED = re.compile(
    rf"create\s+(?:unique\s+)?index\s+(?:concurrently\s+)?on\s+(?:only\s+)?({_NAME})\s*"
    rf"(?:using\s+\w+\s*)?\(\s*({_PART}(?:\s*,\s*{_PART})*)\s*\)",
    re.IGNORECASE,
)
_DROP = re.compile(
    rf"drop\s+index\s+(?:concurrently\s+)?(?:if\s+exists\s+)?({_NAME}(?:\s*,\s*{_NAME})*)",
    re.IGNORECASE,
)
_REINDEX = re.compile(
    rf"reindex\s+(?:\([^)]*\)\s*)?(index|table|schema|database|system)\s+(?:concurrently\s+)?"
    rf"({_NAME})?",
    re.IGNORECASE,
)
_LAST = re.compile(rf"({_PART})\s*$")
# What takes a table from everybody else, or from those who write, until the statement is over.
_LOCKS = re.compile(
    r"alter\s+table(?!.*\bconcurrently\b)|drop\s+(?:table|index(?!\s+concurrently))|truncate|lock\b"
    r"|create\s+(?:unique\s+)?index(?!\s+concurrently)|cluster|vacuum\s*(?:\([^)]*full|full)"
    r"|reindex(?!.*\bconcurrently\b)|create\s+(?:or\s+replace\s+)?trigger|refresh\s+materialized"
    r"\s+view(?!\s+concurrently)",
    re.IGNORECASE,
)


def creates_first(files: Iterable[GooseFile]) -> frozenset[str]:
    """Name the indexes that files make, unless one of them removes or rebuilds it before.

    An index of such a name that is there and invalid is in the way: ``IF NOT EXISTS`` would let it
    pass for the real one.

    :param files: in the order in which they are run.
    :returns: names without their schema, as Postgres keeps them.
    """
    made: set[str] = set()
    cured: set[str] = set()
    for statement in (one for file in files for one in file.up):
        for found in _REINDEX.finditer(statement.plain):
            if found[1].lower() != "index":
                return frozenset(made)
            cured |= set(_names(found[2] or ""))
        for found in _DROP.finditer(statement.plain):
            cured |= set(_names(found[1]))
        made |= set(_created(statement.plain)) - cured
    return frozenset(made)


def _created(statement: str) -> Iterator[str]:
    if created := _CREATE.match(statement):
        yield from _names(created[1])
    elif unnamed := _UNNAMED.match(statement):
        parts = [*_names(unnamed[1]), *_names(unnamed[2])]
        yield "_".join([*parts, "idx"])


def locking(file: GooseFile) -> Iterator[Statement]:
    """Yield the statements of a file without a transaction that take a table from everybody else.

    Nothing limits how long they wait for it, and whoever comes meanwhile waits behind them.
    """
    if not file.transactional:
        made = " ".join(one.plain for one in file.up).lower()
        for one in file.up:
            if (found := _LOCKS.match(one.plain)) and not _is_of_new_table(one.plain, found, made):
                yield one


def _is_of_new_table(text: str, found: re.Match[str], made: str) -> bool:
    """Tell whether the first name behind the words is that of a table that the file makes."""
    rest = re.sub(r"(?i)\b(?:if\s+exists|only|on|table)\b", " ", text[found.end() :]).split()
    return bool(rest) and f"create table {rest[0].lower()}" in made.replace("if not exists ", "")


def _names(text: str) -> Iterator[str]:
    for one in re.findall(_NAME, text):
        if last := _LAST.search(one):
            part = last[1]
            yield part[1:-1].replace('""', '"') if part.startswith('"') else part.lower()
