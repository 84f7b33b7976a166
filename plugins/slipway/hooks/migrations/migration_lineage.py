"""Whether a commit's migrations follow on those that a database has: goose looks at numbers alone.

A file with a number below the database's stops goose in the middle of a deployment. One that was
applied and is gone, or says something else now, does not: the database stays as the old one made
it, and only a fresh database is as the commit means it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from slipway.exceptions import MigrationFailed

if TYPE_CHECKING:
    from slipway.hooks.migrations.migration_files import MigrationFiles

# Files that a message names.
_NAMED = 5


def is_behind(new: MigrationFiles, applied: Collection[int]) -> bool:
    """Tell whether a database has all of a commit's migrations, and more: the way back."""
    return set(new.names) < set(applied)


def require_in_order(new: MigrationFiles, applied: Collection[int], where: str) -> None:
    """Make sure that goose would take the files that a database lacks.

    :param new: the commit's.
    :param applied: numbers of the database's.
    :param where: whose database it is, for the message.
    :raises MigrationFailed: naming files whose numbers come too late.
    """
    highest = max(applied, default=0)
    late = [new.names[number] for number in new.names if number < highest and number not in applied]
    if late:
        msg = (
            f"{_listed(late)} would come too late: {where} is at {highest} already, and goose "
            "applies numbers in ascending order alone"
        )
        advice = (
            f"give it a number above {highest}: another branch was deployed before this one. Where "
            "numbers are times, as `goose create` makes them, rename the file before the merge"
        )
        raise MigrationFailed(msg, advice=advice)


def require_follows(new: MigrationFiles, live: MigrationFiles, version: int, where: str) -> None:
    """Make sure that a commit's files follow on what a database was made with.

    :param new: the commit's.
    :param live: those that the database was migrated with.
    :param version: how far it has come with them.
    :param where: whose database it is, for messages.
    :raises MigrationFailed: when one comes too late, or one that was applied is gone or changed.
    """
    baseline = max((number for number, one in new.files.items() if one.baseline), default=0)
    applied = [number for number in live.names if baseline < number <= version]
    require_in_order(new, [number for number in live.names if number <= version] + [version], where)
    if gone := [number for number in applied if number not in new.names]:
        raise _gone(new, live, gone, applied, where)
    changed = [number for number in applied if _differs(new, live, number)]
    if changed:
        names = [new.names[number] for number in changed]
        msg = f"{_listed(names)} was changed after it had been applied: {where} will not see that"
        advice = (
            "restore it, and write what is to be changed into a new file; comments, blanks and the "
            "Down may change"
        )
        raise MigrationFailed(msg, advice=advice)


def _differs(new: MigrationFiles, live: MigrationFiles, number: int) -> bool:
    return not new.files[number].same_schema(live.files[number])


def _gone(
    new: MigrationFiles, live: MigrationFiles, gone: list[int], applied: list[int], where: str
) -> MigrationFailed:
    names = [live.names[number] for number in gone]
    msg = f"{_listed(names)} was applied and is gone: {where} was migrated with it"
    added = [number for number in new.names if number not in applied]
    for number in gone:
        same = [one for one in added if new.files[one].same_schema(live.files[number])]
        if same and live.files[number].up:
            msg += f"; {new.names[same[0]]} says the same under another number, and would run again"
            return MigrationFailed(msg, advice=f"give it its number {number} back")
    advice = (
        "restore it; to take back what it did, write a new file; one that stands for all before "
        "it says so with `-- slipway: baseline`"
    )
    return MigrationFailed(msg, advice=advice)


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
