"""What to do about a migration that failed, by what Postgres or goose said of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipway.hooks.migrations.goose_file import GooseFile

MARK = "-- slipway: irreversible"
# Something is there already: a table, a column, an object, a schema, a function, a key.
EXISTS = frozenset({"42P07", "42701", "42710", "42P06", "42723", "23505"})
_NO_WAY_DOWN = (
    f"write one that reverses its Up; or, where that cannot be, put `{MARK}` into the file, or "
    "`migrations: {rehearse: up}` into the project file"
)
# In place of the plain advice; the first that fits.
_HINTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(said), advice)
    for said, advice in (
        (
            r"extension \"[^\"]+\" is not available|extension control file",
            "the Postgres of the rehearsal has no such extension: name an image that has it, "
            "`migrations: {{image: ...}}`, in the project file, with the version that the "
            "environments run",
        ),
        (
            r"role \"[^\"]+\" does not exist",
            "a role that only the environments' servers have: name it in the project file, "
            "`migrations: {{roles: [...]}}`, and the rehearsal makes it beforehand",
        ),
        (
            r"cannot run inside a transaction block|cannot be executed from a function"
            r"|CONCURRENTLY cannot|invalid transaction termination",
            "write `-- +goose NO TRANSACTION` at the top of {name}, and keep nothing else in it",
        ),
        (
            r"unsafe use of new value",
            "Postgres lets a new value of an enum be used when the transaction that added it is "
            "over: use it in the next file",
        ),
        (
            r"unterminated dollar-quoted string|unterminated quoted string",
            "goose ends a statement at each line that ends with a semicolon: put `-- +goose "
            "StatementBegin` before the function or block, and `-- +goose StatementEnd` after it",
        ),
        (
            r'on line "\\ufeff',
            "{name} begins with a byte order mark, which goose takes for SQL: save it as UTF-8 "
            "without one",
        ),
        (
            r'on line "\\x(?:ff\\xfe|fe\\xff)|invalid byte sequence for encoding|invalid message',
            "{name} is not UTF-8, as the database takes it: save it as UTF-8",
        ),
        (
            r"contains multiple '\+goose' annotations",
            "a line has one annotation, and ends with a line feed: save {name} with Unix line ends",
        ),
        (
            r"unexpected state 0 on line|must start with '-- \+goose Up' annotation",
            "goose runs what stands below a line `-- +goose Up`: put one above the first statement "
            "of {name}, and `-- +goose Down` above what undoes it",
        ),
        (
            r"not supported: invalid annotation",
            "goose knows `-- +goose Up`, `Down`, `StatementBegin`, `StatementEnd`, `NO "
            "TRANSACTION`, `ENVSUB ON` and `ENVSUB OFF`, with nothing behind them in the line",
        ),
        (
            r'syntax error at or near "\\"|\\n\\\\\."|FROM STDIN',
            "psql's own commands (`\\restrict`, `\\connect`, data behind `COPY ... FROM stdin`) "
            "are no SQL: leave them out of {name}; `pg_dump --inserts` writes rows as SQL",
        ),
        (
            r"missing semicolon\?",
            "goose sends a statement at a line that ends with a semicolon: end the last one with "
            "it; around a function or block put `-- +goose StatementBegin` and `StatementEnd`",
        ),
        (
            r'relation "goose_db_version" does not exist',
            "{name} leaves another search_path behind, as pg_dump's output does, and goose does "
            "not find its table: leave `set_config('search_path', ...)` out, or end with "
            "`RESET search_path;`",
        ),
        (
            r"could not load library|must be loaded via shared_preload_libraries"
            r"|shared_preload_libraries",
            "name an image in the project file, `migrations: {{image: ...}}`, whose configuration "
            "loads the library",
        ),
    )
)


def advice(reason: str, direction: str, code: str, file: GooseFile | None, name: str) -> str:
    """Say what to do about a file that failed.

    :param reason: as goose told it.
    :param direction: ``up``, ``down``, ``up again...``.
    :param code: SQLSTATE, or empty.
    :param file: the file, where it is known.
    :param name: the file's.
    """
    for said, hint in _HINTS:
        if said.search(reason):
            return hint.format(name=name)
    if file and file.asked and '"$"' in reason:
        return f"within ENVSUB `$$` is one dollar: write `$$$$` in {name}, or end the part before"
    if direction.startswith("down"):
        return f"correct the Down of {name}: {_NO_WAY_DOWN}"
    if direction.startswith("up again"):
        return f"{_why_not_again(code, file, name)}: {_NO_WAY_DOWN}"
    return f"correct {name}, then push again"


def _why_not_again(code: str, file: GooseFile | None, name: str) -> str:
    """Blame a way down: the file went up before."""
    if file and not file.has_way_down:
        return f"the Down of {name} undoes nothing"
    if code in EXISTS:
        return f"the Down of {name} undoes only part of its Up"
    return f"the Down of {name}, or of a file above it, does not lead back to where it began"
