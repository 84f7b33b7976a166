"""Which statements of a migration take longer the larger a table is, while others wait for it.

What is known of them was measured on empty tables (:mod:`slipway.tasks.proof.ddl_meter`): here it
gets its place in the files, words, and the way that spares others the wait.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from slipway.exceptions import HeavyMigration
from slipway.model.schema_facts import HeavyChange

_READS = "AccessExclusiveLock"
# Characters of a statement that are kept.
_SHOWN = 160
_DOWN = re.compile(r"--\s*\+goose\s+down\b", re.IGNORECASE)
# What is measured -> what it does to the table.
_EFFECTS = {
    "rewrite": "rewrites",
    "scan": "reads every row of",
    "held": "works through every row of",
    "lock": "locks",
    "new file": "rewrites or empties",
    "reindex": "builds indexes anew of",
}
# Postgres fires no event for these, so that they have to be looked up.
_SILENT = {
    "lock": re.compile(r"\block\b", re.IGNORECASE),
    "new file": re.compile(r"\b(vacuum\b.*\bfull|cluster|truncate)\b", re.IGNORECASE),
    "reindex": re.compile(r"\breindex\b", re.IGNORECASE),
}
_NO_TRANSACTION = "in a file of its own with `-- +goose NO TRANSACTION`"
_INDEX = re.compile(r"\bcreate\s+(?:unique\s+)?index\b", re.IGNORECASE)
_EACH_PARTITION = (
    "CREATE INDEX ON ONLY the partitioned table, CREATE INDEX CONCURRENTLY on each partition "
    f"({_NO_TRANSACTION}), then ALTER INDEX ... ATTACH PARTITION"
)
# The first that fits a statement counts.
_SAFER = (
    (_INDEX.pattern, f"CREATE INDEX CONCURRENTLY, {_NO_TRANSACTION}"),
    (r"\breindex\b", f"REINDEX ... CONCURRENTLY, {_NO_TRANSACTION}"),
    (
        r"\brefresh\s+materialized\b",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index of the view",
    ),
    (r"\btruncate\b", "DELETE in batches, or a new table that takes the old one's name"),
    (r"\b(vacuum|cluster)\b", "pg_repack, or a quiet hour"),
    (
        r"\bgenerated\s+always\s+as\s*\(",
        "a plain column that the service or a trigger fills, and old rows in batches",
    ),
    (r"\bexclude\b", "a new table with the constraint, filled in batches; or a quiet hour"),
    (
        r"\b(foreign\s+key|references|check)\b",
        "ADD CONSTRAINT ... NOT VALID, and VALIDATE CONSTRAINT in a later migration",
    ),
    (
        r"\b(unique|primary\s+key)\b",
        f"CREATE UNIQUE INDEX CONCURRENTLY, {_NO_TRANSACTION}; then ADD CONSTRAINT ... USING INDEX",
    ),
    (r"\bvalidate\s+constraint\b", "VALIDATE CONSTRAINT in a migration of its own"),
    (
        r"\bset\s+not\s+null\b",
        "ADD CONSTRAINT ... CHECK (... IS NOT NULL) NOT VALID; VALIDATE it in a later migration; "
        "after that SET NOT NULL reads nothing (Postgres 12 and later)",
    ),
    (
        r"\b(set\s+data\s+)?type\b",
        "a new column of the new type, which the service writes as well and which is filled in "
        "batches; the old one goes later",
    ),
    (r"\badd\b", "ADD COLUMN without the default, then SET DEFAULT, and fill old rows in batches"),
    (
        r"\battach\s+partition\b",
        "a CHECK constraint like the partition's bounds, validated before ATTACH PARTITION",
    ),
)
_SAFER_EFFECT = {
    "held": "change the table and its rows in different migrations, the rows in batches",
    "lock": "leave LOCK TABLE out, or let its transaction do nothing else",
    "reindex": f"REINDEX ... CONCURRENTLY, {_NO_TRANSACTION}",
}


class OnHeavy(StrEnum):
    """What a project wants of statements that keep others from a large table."""

    WARN = "warn"
    ASK = "ask"
    """Go on where a person approved the deployment, by a plan that names them."""
    STOP = "stop"


def heavy_changes(
    seen: Sequence[Mapping[str, Any]], names: Mapping[int, str], texts: Mapping[str, str]
) -> tuple[HeavyChange, ...]:
    """Put what was measured into words.

    :param seen: rows of :data:`slipway.tasks.proof.ddl_meter_sql.READ`.
    :param names: version number -> file name of the migrations.
    :param texts: file name -> content.
    """
    return tuple(_changes([one for one in seen if one["version"] in names], names, texts))


def _changes(
    seen: Sequence[Mapping[str, Any]], names: Mapping[int, str], texts: Mapping[str, str]
) -> Iterator[HeavyChange]:
    rewritten = {_key(one) for one in seen if one["kind"] == "rewrite"}
    renewed = {_key(one)[:2] for one in seen if one["kind"] == "new file"}
    last: dict[str, int] = {}
    told = set()
    for one in seen:
        key = _key(one)
        # A rewrite reads every row as well, and TRUNCATE takes a lock.
        doubled = one["kind"] == "scan" and key in rewritten
        doubled |= one["kind"] == "lock" and key[:2] in renewed
        if doubled or (one["kind"], *key) in told:
            continue
        told.add((one["kind"], *key))
        file = names[one["version"]]
        line = _line(texts.get(file, ""), one, last.get(file, 0))
        last[file] = max(line, last.get(file, 0))
        yield _change(one, file, line, texts.get(file, ""))


def _key(one: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    return one["version"], one["relation"], one["statement"]


def _change(one: Mapping[str, Any], file: str, line: int, text: str) -> HeavyChange:
    kind = one["kind"]
    written = one["statement"] or (text.splitlines()[line - 1] if line else "")
    statement = " ".join(_without_comments(written).split())[:_SHOWN]
    return HeavyChange(
        version=one["version"],
        file=file,
        line=line,
        table=one["relation"],
        effect=_EFFECTS[kind],
        blocks_reads=_READS in one["locks"],
        statement=statement,
        safer=_SAFER_EFFECT.get(kind) or _safer(statement, one["relation"]),
    )


def _safer(statement: str, relation: str) -> str:
    """Say what spares others the wait, of a statement and the table that it works on."""
    name = re.escape(relation.rpartition(".")[2].strip('"'))
    if _INDEX.search(statement) and not re.search(rf"\b{name}\b", statement, re.IGNORECASE):
        return _EACH_PARTITION
    return next(
        (words for pattern, words in _SAFER if re.search(pattern, statement, re.IGNORECASE)),
        "do it in several migrations, each of which is quick",
    )


def _line(text: str, one: Mapping[str, Any], after: int) -> int:
    """Find a statement's first line, counting from 1; 0 where it is not found.

    :param after: the line of the statement before it.
    """
    lines = list(_up(text))
    silent = _SILENT.get(one["kind"])
    if silent is not None:
        found = (n for n, line in lines if silent.search(_without_comments(line)))
        return next(found, 0)
    first = next(iter(_without_comments(one["statement"] or "").strip().splitlines()), "").strip()
    same = [n for n, line in lines if first and line.strip().startswith(first)]
    return next((n for n in same if n >= after), same[0] if same else 0)


def _up(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if _DOWN.search(line):
            return
        yield number, line


def _without_comments(sql: str) -> str:
    """Leave out lines that are a comment, and what follows ``--`` outside of quotes."""
    return "\n".join(
        re.sub(r"^((?:[^'\"-]|-(?!-)|'[^']*'|\"[^\"]*\")*)--.*$", r"\1", line)
        for line in sql.splitlines()
    )


def describe(change: HeavyChange, size: str = "") -> str:
    """Say what a statement does, and the way that spares others the wait.

    :param change: the statement.
    :param size: of the table where it will run, for people.
    """
    place = f"{change.file}:{change.line}" if change.line else change.file
    who = "reads or writes" if change.blocks_reads else "writes"
    table = f"{change.table} ({size})" if size else change.table
    said = f"{place} {change.effect} {table}, while nobody {who} it"
    statement = f": {change.statement}" if change.statement else ""
    return f"{said}{statement}\n    safer: {change.safer}"


def require_light(policy: OnHeavy, told: Sequence[str], *, approved: bool) -> None:
    """Stop where a project wants that.

    :param policy: the project's.
    :param told: what :func:`describe` says of statements on large tables.
    :param approved: a person said yes to a plan that names them.
    :raises HeavyMigration: before the database is touched.
    """
    if not told or policy is OnHeavy.WARN or (policy is OnHeavy.ASK and approved):
        return
    listed = "\n  ".join(told)
    msg = f"a migration would keep others from a large table:\n  {listed}"
    advice = "write it the safer way; or set migrations.heavy to warn, or heavy_from higher"
    if policy is OnHeavy.ASK:
        advice = f"{advice}; or let the environment ask a person (`approval: true`)"
    raise HeavyMigration(msg, advice=advice)
