"""What goose takes in a migration file, and people should look at before a database meets it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from slipway.hooks.migrations.index_statements import locking

if TYPE_CHECKING:
    from slipway.hooks.migrations.goose_file import GooseFile

_UNDOES = ("rollback", "abort")


def file_remarks(file: GooseFile) -> Iterator[str]:
    """Yield sentences about one file.

    :param file: as goose reads it.
    """
    if end := file.own_end:
        follows = "where a later statement fails, those before it stay"
        if end.plain.lower().startswith(_UNDOES):
            follows = "what stands before it is undone, and goose counts the file as applied"
        yield (
            f"{file.name}, line {end.line}: ends the transaction in which goose runs the file: "
            f"{follows}; leave it out, or write `-- +goose NO TRANSACTION`"
        )
    if file.sets_limits:
        yield (
            f"{file.name} sets lock_timeout or statement_timeout: the project's do not count for it"
        )
    for one in locking(file):
        yield (
            f"{file.name}, line {one.line}: waits for its table without a limit, as NO TRANSACTION "
            "has none, and everybody else waits behind it; a file of its own, in a transaction, "
            "gives up after lock_timeout"
        )
