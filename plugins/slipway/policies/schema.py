"""What happens when a release meets a database whose schema is ahead of it: on the way back.

The database is never migrated down. Old code lives with a newer schema as long as migrations
only expand; a project that cannot promise this stops instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from slipway.exceptions import SchemaAhead


class OnRollBack(StrEnum):
    """What a project wants when the database is ahead of the release."""

    EXPAND_ONLY = "expand_only"
    STOP = "stop"


class Rehearse(StrEnum):
    """How far migrations are rehearsed."""

    UP_DOWN_UP = "up_down_up"
    UP = "up"


def check_schema(
    policy: OnRollBack,
    *,
    database: int,
    release: int,
    version: str,
    irreversible: Sequence[str] = (),
) -> str | None:
    """Decide whether a release may run on a database.

    :param policy: the project's.
    :param database: the schema that the environment has.
    :param release: the schema that the release was written for.
    :param version: the release's version.
    :param irreversible: migrations in between that cannot be undone.
    :returns: what to say of a database that is ahead; None where it is not.
    :raises SchemaAhead: when the database is ahead, and the project says ``stop``.
    """
    if database <= release:
        return None
    ahead = f"the database has schema {database}, release {version} knows {release}"
    if policy is OnRollBack.STOP:
        msg = f"{ahead}, and the project says `on_roll_back: stop`"
        if irreversible:
            msg += f"; {cannot_be_undone(irreversible)}"
        advice = (
            "go forward with a new release; or, if the old code can live with the newer schema, "
            "set migrations.on_roll_back to expand_only"
        )
        raise SchemaAhead(msg, advice=advice)
    said = f"{ahead}: nothing is applied and nothing is undone"
    if irreversible:
        said += (
            f"; {cannot_be_undone(irreversible)}: if {version} needs what was taken away or "
            "rewritten, go forward with a new release, or restore it from a backup"
        )
    return said


def cannot_be_undone(names: Sequence[str]) -> str:
    """Say so of migrations.

    :param names: of the files, at least one.
    """
    return f"{', '.join(names)} cannot be undone"
