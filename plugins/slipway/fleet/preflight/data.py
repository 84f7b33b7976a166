"""What a release reads and writes: its parameters, their keys, its database."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from slipway.fleet.preflight.finding import Finding
from slipway.model.cloud.preflight_facts import (
    ENABLED,
    DatabaseSeen,
    KeySeen,
    Surroundings,
    Unasked,
)
from slipway.model.cloud.preflight_needs import Needs
from slipway.model.text.nearest import Owner, nearest

# How names of keys begin, in an ARN as well.
_ALIAS = "alias/"
# As the machines read them: what is no name of a variable keeps the service from starting.
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parameters(needs: Needs, seen: Surroundings) -> Iterator[Finding]:
    """Judge the parameters: those that are missing, and those that no unit can start with."""
    if isinstance(seen.parameters, Unasked) or not needs.machines:
        return
    there = Counter(one.path.rpartition("/")[2] for one in seen.parameters)
    for name in needs.parameters:
        if name not in there:
            yield Finding(
                what=f"parameter {needs.parameter_path}{name}",
                trouble="does not exist",
                nearest=nearest(name, set(there) - set(needs.parameters)),
                cure="put it into Parameter Store, or correct package.parameters",
            )
    for name, times in sorted(there.items()):
        if not _VARIABLE.fullmatch(name):
            yield Finding(
                what=f"parameter {needs.parameter_path}{name}",
                trouble="can be no environment variable, and the service would not start with it",
                cure="give it a name of letters, digits and _",
            )
        elif times > 1:
            yield Finding(
                what=f"parameter {name}",
                trouble=f"is there {times} times below {needs.parameter_path}, and the service "
                "would not start with both",
                cure="leave one of them",
            )


def encryption(needs: Needs, seen: Surroundings) -> Iterator[Finding]:
    """Judge the keys by which machines read their parameters and disks."""
    owner = Owner(project=needs.project, environment=needs.environment, others=seen.projects)
    for one in seen.keys:
        if isinstance(one, KeySeen) and one.state != ENABLED:
            state = f"is {one.state}" if one.state else "does not exist"
            cure = "enable the key, or encrypt with another one"
            if one.inherited:
                cure += ", or let the volumes not pass on: `instance: {drop: [volumes]}`"
            yield Finding(
                what=f"KMS key {one.id!r} of {one.used_by}",
                trouble=state,
                nearest=_nearest_alias(one, owner),
                cure=cure,
            )


def _nearest_alias(key: KeySeen, owner: Owner) -> str:
    """Return the name that somebody meant; a key's id is like no other's."""
    _, is_alias, name = key.id.partition(_ALIAS)
    if not is_alias:
        return ""
    others = (one for one in key.names if one.name != _ALIAS + name)
    return nearest(_ALIAS + name, owner.usable(others))


def database(_: Needs, seen: Surroundings) -> Iterator[Finding]:
    """Judge the database: that it can be reached, and that the role may apply what is pending."""
    found = seen.database
    if not isinstance(found, DatabaseSeen):
        return
    what = f"database of connection {found.connection!r}"
    if found.trouble:
        yield Finding(
            what=what,
            trouble=found.trouble,
            passing=found.passing,
            cure="correct the connection, or let this worker reach the database",
        )
    elif found.pending:
        yield from _rights(found, what)


def _rights(found: DatabaseSeen, what: str) -> Iterator[Finding]:
    role = f"the role {found.role!r}"
    if found.read_only:
        yield Finding(
            what=what,
            trouble="can only be read: it is a replica, or the role's default",
            cure="let the connection lead to the primary, as a role that may write",
        )
        return
    if not found.schema:
        cure = f"make one, or set the search_path of {role}"
        yield Finding(what=what, trouble=f"has no schema in which {role} makes tables", cure=cure)
    elif not found.may_create:
        yield Finding(
            what=what,
            trouble=f"does not let {role} make anything in schema {found.schema}",
            cure=f'GRANT CREATE ON SCHEMA {found.schema} TO "{found.role}"',
        )
    if not found.ledger:
        yield Finding(
            what=what,
            trouble=f"does not let {role} write goose's own table, goose_db_version",
            cure=f'GRANT ALL ON goose_db_version TO "{found.role}"',
        )
    for table, owner in found.foreign:
        yield Finding(
            what=f"table {table!r} of connection {found.connection!r}",
            trouble=f"belongs to {owner!r}, and a pending migration changes it as {found.role!r}",
            cure=f'GRANT "{owner}" TO "{found.role}", or make {role} its owner',
        )
